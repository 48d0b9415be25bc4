"""Proofs about conditions: what they can say of any contact that the file allows.

Theory. Contacts are far too many to try one by one, but the tests of a file tell only few of them apart.
For each field its values are put into groups that no test can tell apart (``axes``), one value stands for
each, and ``engine.evaluate`` itself answers for that one. A question about every contact is then a walk over
groups, one field after the other, that stops as soon as the answer is decided (``interview``). What is known
at a fork decides by Kleene's logic, so a walk visits only the forks that matter.

Sound: where contacts cannot be told apart exactly (a text beside another field's text, moments on both
sides of today) every combination is taken for possible, also some that are not. So "never" is always true,
and what is possible may be missed. A walk that gets too long gives up and says so.
"""
