"""Template text to email: what a template asks for, and the subject, HTML and plain text it becomes.

Theory: everything slow happens once per template text (reading, Markdown, layout, CSS), everything per
contact is one Jinja render. Tags are taken out before Markdown and CSS see the text and put back after,
so a contact's value is never read as Markdown, HTML or Jinja: it is only ever escaped and printed.
"""

from engine.rendering.compiling import RESERVED
from engine.rendering.email import Rendered, has_unsubscribe, render, variables
from engine.rendering.messages import message_variables, render_message
from engine.rendering.places import TemplateFlaw, Variable

__all__ = [
    "RESERVED",
    "Rendered",
    "TemplateFlaw",
    "Variable",
    "has_unsubscribe",
    "message_variables",
    "render",
    "render_message",
    "variables",
]
