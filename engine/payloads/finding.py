"""Following a path into a payload: what stands there, what is missing on the way, and where to put an example."""

from __future__ import annotations

from typing import Any

from engine.model import Part, PayloadPath, Where


def find(path: PayloadPath, payload: object) -> Any:
    """What stands at the end of a path, or else of its other way; None where nothing does."""
    return find_with(path, payload)[1]


def find_with(path: PayloadPath, payload: object) -> tuple[PayloadPath, Any]:
    """What stands there, and the way that led to it; the first way where none does."""
    way: PayloadPath | None = path
    while way is not None:
        found = _follow(way.parts, payload)
        if found is not None:
            return way, found
        way = way.otherwise
    return path, None


def _follow(parts: tuple[Part, ...], payload: object) -> Any:
    here: Any = payload
    for part in parts:
        here = step(part, here)
        if here is None:
            return None
    return here


def step(part: Part, here: Any) -> Any:
    """One part of the way; None where it does not go on."""
    if isinstance(part, str):
        return here.get(part) if isinstance(here, dict) else None
    if not isinstance(here, list):
        return None
    if isinstance(part, int):
        return here[part] if part < len(here) else None
    return next((item for item in here if _says(item, part)), None)


def _says(item: Any, where: Where) -> bool:
    for key in where.keys:
        item = item.get(key) if isinstance(item, dict) else None
    return bool(item == where.text)


def pointer_of(parts: tuple[Part, ...], payload: object) -> str:
    """The JSON Pointer of the value; of the nearest thing around it that has a place, where an item is not there."""
    told = ""
    here: Any = payload
    for part in parts:
        inner = step(part, here)
        if not isinstance(part, Where):
            told += f"/{_escaped(str(part))}"
        elif inner is None:
            return told
        else:
            told += f"/{next(place for place, item in enumerate(here) if item is inner)}"
        here = inner
    return told


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def break_in(path: PayloadPath, payload: object) -> tuple[str, Any, Part] | None:
    """Where the way ends too early: the part so far, what stands there, and what it has not; None where it does not."""
    here: Any = payload
    for index, part in enumerate(path.parts):
        inner = step(part, here)
        if inner is None:
            if isinstance(here, dict) and part in here and part is path.parts[-1]:
                return None  # it is there, and empty
            return spelled(path.parts[:index]), here, part
        here = inner
    return None


def spelled(parts: tuple[Part, ...]) -> str:
    """Parts as a path is written."""
    told = "".join(f".{part}" if isinstance(part, str) else f"[{_inside(part)}]" for part in parts)
    return told.removeprefix(".")


def _inside(part: int | Where) -> str:
    return str(part) if isinstance(part, int) else f"{'.'.join(part.keys)}={part.text}"


def put(parts: tuple[Part, ...], payload: dict[str, Any], value: Any) -> None:
    """Put an example's value where these parts lead, making the way."""
    here: Any = payload
    for part, after in zip(parts, (*parts[1:], None), strict=True):
        new = value if after is None else {} if isinstance(after, str) else []
        here = _made(here, part, new)


def _made(here: Any, part: Part, new: Any) -> Any:
    if isinstance(part, str):
        return here.setdefault(part, new)
    if isinstance(part, int):
        here.extend({} for _ in range(part + 1 - len(here)))
        here[part] = here[part] or new
        return here[part]
    found = step(part, here)
    if found is None:
        found = {}
        for key in reversed(part.keys):
            found = {key: found or part.text}
        here.append(found)
    return found
