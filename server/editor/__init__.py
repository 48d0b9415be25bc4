"""What an editor asks while somebody writes: text and place in, answers out. ``protocol`` alone knows how it is asked.

Half-typed text is the rule here, so nothing needs text that can be read: ``cursor`` tells from the lines alone where in
the language one is, the schema says which role a value plays there, and names come from the last text that could be
read. A new word of the schema is completed and explained without a line of code.
"""
