"""``use:`` and ``with:``: each blueprint written out where it is used, with the inputs that are given there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from engine.errors import MOST_PROBLEMS
from engine.language.blueprints import STEPS, USE, Blueprint, filled, find, grown, is_missing
from engine.language.composing import MAX_EXPANDED
from engine.language.document import Document, Entries, Items, Node, Pairs, Scalar, entries, items
from engine.language.including import Files
from engine.language.inputs import Names, flaw_of
from engine.language.reading import MAX_BYTES
from engine.language.spelling import closest
from engine.language.vocabulary import vocabulary

WITH, NOTE = "with", "note"
_LISTS = ("steps", "then", "otherwise")


def expand(root: Entries, files: Files) -> Entries:
    """The file with every blueprint written out where it is used."""
    if not any(USE in text for text in files.texts.values()):
        return root
    uses, pairs = _Uses(root, files), dict(root.pairs)
    changes: dict[str, Callable[[str, Node], Node]] = {
        "sequences": uses.sequence,
        "triggers": lambda _, node: uses.inside(node),
    }
    for word, change in changes.items():
        if word in pairs and isinstance(pairs[word][1], Entries):
            pairs[word] = pairs[word][0], _each(pairs[word][1], change)
    return entries(root, pairs)


def _each(section: Node, change: Callable[[str, Node], Node]) -> Node:
    assert isinstance(section, Entries), "asked a line above"  # noqa: S101 - for the type checker
    return entries(section, {name: (key, change(name, value)) for name, (key, value) in section.pairs.items()})


@dataclass(slots=True)
class _Uses:
    """The uses in one file; each blueprint is read once."""

    tree: Entries
    files: Files
    known: dict[str, Blueprint | None] = field(default_factory=dict)
    named: Names | None = None
    stubs: int = 0

    @property
    def _enough(self) -> bool:
        """Whether nobody will look at the rest: a part is missing, or there are more problems than anybody reads."""
        return not self.files.whole or len(self.files.problems) >= MOST_PROBLEMS

    # -- Where blueprints are used ------------------------------------------------------------------

    def sequence(self, name: str, node: Node) -> Node:
        """A sequence; what stands beside ``use:`` wins over what the blueprint says."""
        if self._enough:
            return node
        if not isinstance(node, Entries) or USE not in node.pairs:
            return self.inside(node)
        beside = {word: pair for word, pair in node.pairs.items() if word not in (USE, WITH)}
        if STEPS in beside:
            message = '"steps" stands beside "use": the steps of this sequence are those of its blueprint'
            self.files.tell(beside.pop(STEPS)[0], "misplaced-key", message, "keep one of the two")
        body = self._written_out(node, f'as sequence "{name}"') or items(node, [self._stub(node)])
        inner = body.pairs if isinstance(body, Entries) else {STEPS: (node.pairs[USE][0], body)}
        return entries(node, {**inner, **beside})

    def inside(self, node: Node) -> Node:
        """A sequence, a trigger or a branch with the blocks of steps in it written out."""
        if not isinstance(node, Entries) or self._enough:
            return node
        pairs = {word: (key, self._lists(word, value)) for word, (key, value) in node.pairs.items()}
        return entries(node, pairs) if any(pairs[word][1] is not node.pairs[word][1] for word in pairs) else node

    def _lists(self, word: str, node: Node) -> Node:
        if not isinstance(node, Items) or word not in (*_LISTS, "choose"):
            return node
        changed = [new for child in node.children for new in self._step(child)]
        same = len(changed) == len(node.children) and all(map(lambda one, new: one is new, node.children, changed))
        return node if same else items(node, changed)

    def _step(self, node: Node) -> Iterator[Node]:
        if not isinstance(node, Entries) or USE not in node.pairs:
            yield self.inside(node)
            return
        for word in node.pairs:
            if word not in (USE, WITH, NOTE):
                message = f'"{word}" cannot stand beside "use": a blueprint is several steps'
                self.files.tell(node.pairs[word][0], "misplaced-key", message, "write it at a step of the blueprint")
        body = self._written_out(node, "as steps")
        if isinstance(body, Items):
            yield from body.children
            return
        if body is not None:
            message = f'"{node.data[USE]}" is a whole sequence, and here steps are needed'
            hint = "use it under sequences: and start it here:  - start: NAME"
            self.files.tell(node.pairs[USE][1], "missing-blueprint", message, hint)
        yield self._stub(node)

    def _stub(self, node: Entries) -> Node:
        """In place of a use that is wrong: a step of which nothing can be said, so that the rest is checked."""
        self.stubs += 1
        key = node.pairs[USE][0]
        words = {"alert": "-", "id": f"use {self.stubs}"}
        return entries(node, {word: (_beside(key, word), _beside(key, text)) for word, text in words.items()})

    # -- One use ------------------------------------------------------------------------------------

    def _written_out(self, node: Entries, where: str) -> Node | None:
        """The body with its inputs filled in; None when something about this use is wrong, which is told."""
        asked = node.pairs[USE][1]
        blueprint = self._blueprint(asked)
        values = self._values(blueprint, node) if blueprint else None
        if blueprint is None or values is None or not self._affords(blueprint, values, asked):
            return None
        place = asked.span
        home = blueprint.body.home.used(f"used at {place.file}:{place.line}:{place.column}, {where}")
        return filled(blueprint.body, values, home)

    def _blueprint(self, asked: Node) -> Blueprint | None:
        section = self.tree.pairs["blueprints"][1] if "blueprints" in self.tree.pairs else None
        name = str(asked.data)
        if name not in self.known:
            if is_missing(asked, section, self.files):
                return None
            self.known[name] = find(name, asked, section, self.files, self._names())
        return self.known[name]

    def _affords(self, blueprint: Blueprint, values: Mapping[str, Node], asked: Node) -> bool:
        """Whether the file is not too large with this use written out; the first that is too much is told."""
        shared = self.files.shared
        if shared.expanded > MAX_EXPANDED or shared.characters > MAX_BYTES:
            return False
        shared.expanded += blueprint.body.size
        shared.characters += grown(blueprint.body, values)
        if shared.expanded <= MAX_EXPANDED and shared.characters <= MAX_BYTES:
            return True
        what = f"{MAX_EXPANDED:,} values" if shared.expanded > MAX_EXPANDED else f"{MAX_BYTES:,} characters"
        message = f"with this blueprint written out, more than {what} are repeated"
        self.files.tell(asked, "alias-bomb", message, "use blueprints and aliases less often")
        self.files.whole = False
        return False

    def _values(self, blueprint: Blueprint, node: Entries) -> Mapping[str, Node] | None:
        """The value of each input; None when one is missing, unknown or wrong."""
        key, given = node.pairs.get(WITH, node.pairs[USE])
        if WITH in node.pairs and not isinstance(given, Entries):
            hint = "for example  with: {pause: 2 days}"
            self.files.tell(key, "wrong-type", '"with" must be lines of  input: value', hint)
            return None
        pairs: Pairs = given.pairs if isinstance(given, Entries) else {}
        before = len(self.files.problems)
        for name, (word, value) in pairs.items():
            self._check(blueprint, name, word, value)
        for one in blueprint.inputs.values():
            if one.name not in pairs and one.default is None:
                meaning = f" ({one.description})" if one.description else ""
                message = f'"{blueprint.name}" needs the input "{one.name}"{meaning}'
                self.files.tell(key, "missing-input", message, f"add under with:  {one.name}: {one.example}")
        if len(self.files.problems) > before:
            return None
        defaults = {one.name: one.default for one in blueprint.inputs.values() if one.default is not None}
        return {**defaults, **{name: value for name, (_, value) in pairs.items()}}

    def _check(self, blueprint: Blueprint, name: str, key: Scalar, value: Node) -> None:
        if name not in blueprint.inputs:
            near = closest(name, blueprint.inputs)
            there_are = f"its inputs are {', '.join(blueprint.inputs)}" if blueprint.inputs else "it has none"
            hint = f'did you mean "{near}"?' if near else there_are
            self.files.tell(key, "unknown-input", f'"{blueprint.name}" has no input "{name}"', hint)
        elif flaw := flaw_of(blueprint.inputs[name], value, self._names()):
            self.files.tell(value if value.end > value.start else key, flaw.rule, flaw.message, flaw.hint)

    def _names(self) -> Names:
        if self.named is None:
            document = Document(self.files.file, "", self.tree, self.tree.home)
            self.named = Names(vocabulary(document), self.tree.data)
        return self.named


def _beside(key: Scalar, text: str) -> Scalar:
    return Scalar(key.start, key.end, text, home=key.home)
