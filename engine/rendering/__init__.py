"""Template text to email: what a template asks for, and the subject, HTML and plain text it becomes.

Theory: everything slow happens once per template text (reading, Markdown, layout, CSS), everything per
contact is one Jinja render. Tags are taken out before Markdown and CSS see the text and put back after,
so a contact's value is never read as Markdown, HTML or Jinja: it is only ever escaped and printed.
"""

from engine.rendering.anatomy import Anatomy, Link, Picture, anatomy, longest, may_be_blank, weight
from engine.rendering.compiling import POSTAL, RESERVED, UNSUBSCRIBE
from engine.rendering.email import Rendered, has_unsubscribe, render, variables
from engine.rendering.messages import message_variables, render_message
from engine.rendering.places import TemplateFlaw, Variable
from engine.rendering.requests import fill_address, fill_header, fill_json, fill_text

__all__ = [
    "POSTAL",
    "RESERVED",
    "UNSUBSCRIBE",
    "Anatomy",
    "Link",
    "Picture",
    "Rendered",
    "TemplateFlaw",
    "Variable",
    "anatomy",
    "fill_address",
    "fill_header",
    "fill_json",
    "fill_text",
    "has_unsubscribe",
    "longest",
    "may_be_blank",
    "message_variables",
    "render",
    "render_message",
    "variables",
    "weight",
]
