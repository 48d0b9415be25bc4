"""What a template may contain: prints, if, one level of for, three filters; and which fields it needs.

A sandbox does not stop ``{{ "a" * 10 ** 9 }}``, so nothing is run that is not on this list. The same walk
tells for every name whether it is guarded: whether the template copes when the value is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache
from math import isfinite

from jinja2 import Environment, TemplateSyntaxError, nodes

from engine.rendering.jargon import plainly
from engine.rendering.places import TemplateFlaw, Variable, excerpt_of, first_places
from engine.rendering.values import DATE_FORMATS, FILTERS, TESTS

_PARSER = Environment(autoescape=True)
_BRACE = re.compile(r"[{}]|%\}|#\}")
_MAX_DEPTH = 40
_MAX_LENGTH = 300_000
_MAX_TAGS = 1_000
_JINJAS_OWN = frozenset({"caller", "loop", "self", "super", "varargs", "kwargs"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source asks for; ``lists`` are the names that are looped over."""

    variables: tuple[Variable, ...]
    lists: frozenset[str]


def read(source: str, first_line: int = 1) -> Reading:
    """Check a source against the list and collect its names. Raises ``TemplateFlaw``."""
    walk = _Walk(source, first_line)
    if len(source) > _MAX_LENGTH or source.count("{{") + source.count("{%") > _MAX_TAGS:
        message = f"this is too long: a template has at most {_MAX_LENGTH:,} characters and {_MAX_TAGS:,} tags"
        raise TemplateFlaw(message, first_line, "")
    if any("\ud800" <= character <= "\udfff" for character in source):
        raise TemplateFlaw("there is half a character (a lone surrogate) in this text", first_line, "")
    try:
        tree = _tree(source)
    except TemplateSyntaxError as error:
        raise walk.flaw(f"this is not understood: {walk.plainly(error)}", error.lineno, "{") from None
    except RecursionError:
        raise walk.flaw("this is nested too deeply", 1, "{") from None
    if _too_deep(tree):
        raise walk.flaw("this is nested too deeply", 1, "{")
    walk.body(tree.body, _Scope())
    return Reading(first_places(walk.uses), frozenset(walk.lists))


def parsed(source: str) -> list[nodes.Node]:
    """The statements of a source that ``read`` has found good, or that was made of such. Raises Jinja's errors."""
    return _tree(source).body


@lru_cache(maxsize=64)
def _tree(source: str) -> nodes.Template:
    """Checks ask for the same text several times, one after the other; nobody changes what they get."""
    return _PARSER.parse(source)


def _too_deep(tree: nodes.Node) -> bool:
    level = [tree]
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in node.iter_child_nodes()]
    return bool(level)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What holds where the walk is: names known to have a value, names of the loop."""

    known: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    in_loop: bool = False

    def knowing(self, names: frozenset[str]) -> _Scope:
        return replace(self, known=self.known | names)


_NONE: frozenset[str] = frozenset()
_Implied = tuple[frozenset[str], frozenset[str]]
"""The names that have a value when a test is true, and when it is false."""

_REFUSED: tuple[tuple[tuple[type[nodes.Node], ...], str], ...] = (
    ((nodes.Getattr, nodes.Getitem), "a field has no parts: write the name of the field alone"),
    ((nodes.Call,), "a template cannot call anything"),
    ((nodes.BinExpr, nodes.UnaryExpr), "a template cannot calculate, and a field's name has underscores, not hyphens"),
    ((nodes.Concat,), "write the parts after each other, each in its own {{ }}"),
)


@dataclass(slots=True)
class _Walk:
    source: str
    first_line: int
    uses: list[Variable] = field(default_factory=list)
    lists: set[str] = field(default_factory=set)

    def flaw(self, message: str, line: int, needle: str) -> TemplateFlaw:
        return TemplateFlaw(message, line + self.first_line - 1, excerpt_of(self.source, line, needle))

    def plainly(self, error: TemplateSyntaxError) -> str:
        lines = self.source.splitlines() or [""]
        return plainly(error.message or "", lines[min(error.lineno, len(lines)) - 1])

    def refused(self, node: nodes.Node) -> TemplateFlaw:
        for types, why in _REFUSED:
            if isinstance(node, types):
                return self.flaw(why, node.lineno, "{")
        return self.flaw(
            f"{type(node).__name__.lower()} is not for templates: they can print fields, "
            "use if, and use for over a list",
            node.lineno,
            "{",
        )

    # -- statements

    def body(self, statements: Iterable[nodes.Node], scope: _Scope) -> None:
        for node in statements:
            match node:
                case nodes.Output():
                    self.output(node, scope)
                case nodes.If():
                    self.branches(node, scope)
                case nodes.For():
                    self.loop(node, scope)
                case _:
                    raise self.refused(node)

    def output(self, node: nodes.Output, scope: _Scope) -> None:
        for part in node.nodes:
            match part:
                case nodes.TemplateData():
                    if "{{" in part.data or "{%" in part.data or "{#" in part.data:
                        raise self.flaw("raw braces would be sent: leave out {% raw %}", part.lineno, "{")
                case nodes.Const():
                    raise self.flaw("this prints no field: write the text itself", part.lineno, "{")
                case _:
                    self.value(part, scope)

    def branches(self, node: nodes.If, scope: _Scope) -> None:
        for branch in (node, *node.elif_):
            true, false = self.test(branch.test, scope)
            self.body(branch.body, scope.knowing(true))
            scope = scope.knowing(false)
        self.body(node.else_, scope)

    def loop(self, node: nodes.For, scope: _Scope) -> None:
        target = node.target
        if scope.in_loop:
            raise self.flaw("a for inside a for is not for templates", node.lineno, "for")
        if not isinstance(node.iter, nodes.Name) or not isinstance(target, nodes.Name):
            raise self.flaw("a for goes over a list field: {% for item in interests %}", node.lineno, "for")
        if node.test or node.recursive:
            raise self.flaw("put the condition of a for inside it, as an if", node.lineno, "for")
        self.value(node.iter, scope)
        self.lists.add(node.iter.name)
        self.body(node.body, replace(scope, items=frozenset({target.name}), in_loop=True))
        self.body(node.else_, scope)

    # -- expressions

    def value(self, node: nodes.Node, scope: _Scope) -> None:
        """An expression whose value is needed."""
        match node:
            case nodes.Name():
                self.use(node, scope, guarded=node.name in scope.known)
            case nodes.Const() | nodes.Neg(node=nodes.Const()):
                self.constant(node)
            case nodes.Filter():
                self.filtered(node, scope)
            case nodes.CondExpr():
                self.choice(node, scope)
            case _:
                raise self.refused(node)

    def use(self, node: nodes.Name, scope: _Scope, *, guarded: bool) -> None:
        if node.name in _JINJAS_OWN:
            raise self.flaw(f"{node.name} cannot be printed or tested: it is a word of Jinja's own", node.lineno, "{")
        if node.name not in scope.items:
            excerpt = excerpt_of(self.source, node.lineno, node.name)
            self.uses.append(Variable(node.name, node.lineno + self.first_line - 1, excerpt, guarded))

    def constant(self, node: nodes.Node) -> None:
        value = getattr(node, "value", None)
        if isinstance(value, str) and _BRACE.search(value):
            raise self.flaw("quoted text in a tag cannot contain braces", node.lineno, "{")
        if isinstance(value, float) and not isfinite(value):
            raise self.flaw("this number is too large", node.lineno, "{")

    def choice(self, node: nodes.CondExpr, scope: _Scope) -> None:
        if node.expr2 is None:
            raise self.flaw("say what to print otherwise: {{ a if b else c }}", node.lineno, "if")
        true, false = self.test(node.test, scope)
        self.value(node.expr1, scope.knowing(true))
        self.value(node.expr2, scope.knowing(false))

    def filtered(self, node: nodes.Filter, scope: _Scope) -> None:
        if node.name not in FILTERS:
            raise self.flaw(_no_such("filter", node.name, FILTERS), node.lineno, node.name)
        if node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise self.flaw(f"write {_USAGE[node.name]}", node.lineno, node.name)
        if not _fits(node.name, [getattr(argument, "value", None) for argument in node.args]):
            raise self.flaw(f"write {_USAGE[node.name]}", node.lineno, node.name)
        for argument in node.args:
            self.constant(argument)
        if isinstance(node.node, nodes.Filter) and node.node.name == "default":
            raise self.flaw("put default last: {{ signup_date|date|default('soon') }}", node.lineno, "default")
        if node.name == "default":
            self.value(node.node, scope.knowing(frozenset(n.name for n in _names(node.node))))
        else:
            self.value(node.node, scope)

    def test(self, node: nodes.Node, scope: _Scope) -> _Implied:
        """An expression that is true or false; says which names must have a value then."""
        match node:
            case nodes.Name():
                self.use(node, scope, guarded=True)
                return frozenset({node.name}), _NONE
            case nodes.Not():
                true, false = self.test(node.node, scope)
                return false, true
            case nodes.And() | nodes.Or():
                return self.both(node, scope)
            case nodes.Compare():
                self.comparison(node, scope)
                return _NONE, _NONE
            case nodes.Test():
                return self.is_known(node, scope)
            case _:
                raise self.refused(node)

    def both(self, node: nodes.And | nodes.Or, scope: _Scope) -> _Implied:
        left = self.test(node.left, scope)
        if isinstance(node, nodes.And):
            right = self.test(node.right, scope.knowing(left[0]))
            return left[0] | right[0], left[1] & right[1]
        right = self.test(node.right, scope.knowing(left[1]))
        return left[0] & right[0], left[1] | right[1]

    def comparison(self, node: nodes.Compare, scope: _Scope) -> None:
        for operand in (node.expr, *(other.expr for other in node.ops)):
            parts = operand.items if isinstance(operand, nodes.List | nodes.Tuple) else [operand]
            for part in parts:
                self.value(part, scope)

    def is_known(self, node: nodes.Test, scope: _Scope) -> _Implied:
        if node.name not in TESTS:
            raise self.flaw(_no_such("test", node.name, TESTS), node.lineno, node.name)
        if not isinstance(node.node, nodes.Name):
            raise self.flaw(f"write {{% if first_name is {node.name} %}}", node.lineno, node.name)
        self.use(node.node, scope, guarded=True)
        names = frozenset({node.node.name})
        return (names, _NONE) if node.name in {"known", "defined"} else (_NONE, names)


_USAGE = {
    "date": "|date, or |date('" + "'), |date('".join(DATE_FORMATS) + "')",
    "default": "|default('some text'), with the text to print while the value is unknown",
    "number": "|number, or |number(2) for two decimal places",
}


def _fits(name: str, arguments: list[object]) -> bool:
    """Whether a filter is used with constants that it takes."""
    match name, arguments:
        case ("date" | "number", []):
            return True
        case "date", [style]:
            return style in DATE_FORMATS
        case "number", [int(places)]:
            return 0 <= places <= 6
        case "default", [str(text)]:
            return bool(text.strip())
        case "default", [int() | float()]:
            return True
        case _:
            return False


def _names(node: nodes.Node) -> list[nodes.Name]:
    return [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))


def _no_such(what: str, name: str, there_are: Iterable[str]) -> str:
    near = get_close_matches(name, there_are, 1)
    guess = f'did you mean "{near[0]}"?' if near else "there are: " + ", ".join(sorted(there_are))
    return f'there is no {what} called "{name}"; {guess}'
