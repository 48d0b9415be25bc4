"""Which templates a step sends, and to which segment."""

from __future__ import annotations

from collections.abc import Iterator

from engine.language.document import Path
from engine.language.schema import Place
from engine.language.vocabulary import as_dict


def templates_of(step: Place) -> Iterator[tuple[str, Place]]:
    """The templates of a step by segment, which is empty where there is one for everybody; none of another step."""
    email = step.value.get("email")
    here: Path = (*step.path, "email")
    if isinstance(email, str):
        yield "", Place(here, email)
    for segment, name in as_dict(email).items():
        if isinstance(name, str):
            yield segment, Place((*here, segment), name)
