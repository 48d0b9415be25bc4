"""What Jinja says about a text it cannot read, said again for the person who wrote the text."""

from __future__ import annotations

import re

_CURLY = "“”„‘’«»"
_LOST = ("else", "elif", "endif", "endfor")
_ELIF = ("elseif", "elsif", "elsif:", "elif:")


def plainly(message: str, text: str) -> str:
    """A sentence for one of Jinja's; ``text`` is the line that it is about."""
    tag = re.search(r"unknown tag '([^']*)'", message)
    if tag:
        return _tag(tag[1], message, text)
    return _character(message, text) or _comparison(message, text) or _rest(message)


def _tag(name: str, message: str, text: str) -> str:
    if name in _ELIF or (name == "else" and re.search(r"\{%-?\s*else\s+if", text)):
        return "write {% elif … %}, and it stands between {% if %} and {% endif %}"
    if name in _LOST:
        return f"no {{% {'for' if name == 'endfor' else 'if'} %}} is open here for {{% {name} %}} to belong to"
    if name.startswith("end"):
        opened = re.search(r"closed is '(\w+)'", message)
        return f"write {{% end{opened[1] if opened else 'if'} %}}, as one word"
    return f"there is no {{% {name} %}}: a template knows if, elif, else, endif, for and endfor"


def _character(message: str, text: str) -> str:
    if "{{{" in text or "}}}" in text:
        return "a field stands between two braces on each side, not three: {{ first_name }}"
    found = re.search(r"unexpected char '(.)'|unexpected char \"(.)\"", message)
    sign = (found[1] or found[2]) if found else ""
    if sign and sign in _CURLY:
        return f"{sign} is no quote here: use straight quotes"
    if sign and sign in "\"'":
        return f"a text that begins with {sign} must end with it"
    if sign == "&" or "||" in text:
        return f'write "{"and" if sign == "&" else "or"}"'
    return f'"{sign}" means nothing between braces' if sign else ""


def _comparison(message: str, text: str) -> str:
    """A statement or a print that goes on where it should end."""
    got = re.search(r"expected token 'end of (print|statement).*', got '(.*)'", message)
    if got is None:
        return ""
    match got[1], got[2]:
        case _, "=":
            return "write >=" if "=>" in text else "write == to compare"
        case "statement", "if":
            return "write {% elif … %} for {% else if … %}"
        case "print", ":":
            return 'a filter takes its value in brackets: {{ first_name | default("there") }}'
        case _, word if re.fullmatch(r"\w+", word):
            return "the name of a field is one word, with underscores: {{ first_name }}"
    return ""


def _rest(message: str) -> str:
    if opened := re.search(r"closed is '(\w+)'", message):
        return f"{{% {opened[1]} %}} is never closed: write {{% end{opened[1]} %}} where it ends"
    if "expected ')'" in message:
        return 'a ")" is missing'
    if "Expected an expression" in message:
        return "nothing stands between these braces"
    if "'in'" in message:
        return "write {% for item in interests %}"
    if "unexpected end" in message or "'end of template'" in message or "unexpected '}'" in message:
        return "the braces are not closed: a field is written {{ first_name }}"
    if "end of comment" in message:
        return "a remark ends with #}"
    return "look at the quotes, brackets and words between these braces"
