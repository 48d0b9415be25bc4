"""Files that are made to hurt: each reads small and would grow, recurse, or take for ever.

As a program, ``python -m tests.hostile FOLDER`` checks each of them in a process of its own, under limits that the
kernel keeps, and prints what came of it as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, str | bytes | None]

MEGABYTE = 999_000
MEMORY = 100_000_000
"""Bytes that a process may take beside what it has when it begins."""
SECONDS = 4
"""Processor time after which the kernel ends it: four times what is promised, as a slow and loaded machine counts."""
MAIN = "sequences.yaml"

HEAD = """\
version: 1
email: {from: you@example.com}
contact: {email: {type: email}}
triggers: {signup: {requires: [email], then: [{start: a}]}}
"""
STEPS = f"{HEAD}sequences:\n  a:\n    steps:\n"
MORE = 'include: "*.yaml"\n'


def full(unit: str, size: int = MEGABYTE) -> str:
    """A piece as often as fits."""
    return unit * (size // len(unit))


def counted(unit: str, size: int = MEGABYTE) -> str:
    """A piece as often as fits, with another number in place of each #."""
    return "".join(unit.replace("#", str(number)) for number in range(size // (len(unit) + 4)))


def laughs(first: str, each: str) -> str:
    """Ten of the one above on each line."""
    lines = [f"a0: &a0 {first}\n"]
    for level in range(1, 12):
        inner = each.replace("*", f"*a{level - 1}")
        lines.append(f"a{level}: &a{level} {inner}\n")
    return "".join(lines)


def files() -> Mapping[str, Files]:
    """Every case by name, as the files of a folder."""
    return {**{name: {MAIN: text} for name, text in _alone().items()}, **_together()}


def _alone() -> Mapping[str, str | bytes]:
    return {**_aliases(), **_deep(), **_wide(), **_lines(), **_bytes(), **_language()}


def _aliases() -> Mapping[str, str]:
    keys = ", ".join(f"k{number}: 1" for number in range(1000))
    return {
        "laughs": laughs("[x, x, x]", f"[{', '.join(['*'] * 10)}]"),
        "laughs-of-mappings": laughs("{x: 1}", "{" + ", ".join(f"k{number}: *" for number in range(10)) + "}"),
        "merge-of-many": f"a: &a {{{keys}}}\nb:\n  <<: [{', '.join(['*a'] * 20_000)}]\n",
        "merge-of-nothing": f"a: &a {{}}\nb:\n  <<: [{', '.join(['*a'] * 200_000)}]\n",
        "merge-in-many": f"a: &a {{{keys}}}\n" + counted("b#: {<<: *a}\n"),
        "merge-in-a-chain": "a0: &a0 {x: 1}\n"
        + "".join(f"a{number}: &a{number} {{<<: *a{number - 1}, k{number}: 1}}\n" for number in range(1, 20_000)),
        "merge-here": f"a: {{{full('<<: {}, ')}}}\n",
        "itself": "a: &a [*a]\n",
        "aliases-of-nothing": f"a: [{full('*x,')}]\n",
        "anchors": f"a: [{counted('&a# 1,')}]\n",
        "anchor-without-end": f"a: &{full('x')} 1\n",
    }


def _deep() -> Mapping[str, str]:
    return {
        **{f"deep-{index}": full(unit) for index, unit in enumerate(("[", "{", "- ", "? ", "a: {", "[{"))},
        "deep-lines": "".join(f"{' ' * depth}a:\n" for depth in range(1400)),
        "deep-branches": STEPS + "    - " + "{choose: [{otherwise: [" * 40 + "{email: x}" + "]}]}" * 40 + "\n",
    }


def _wide() -> Mapping[str, str]:
    inside = {"lists": "[],", "mappings": "{},", "numbers": "1,", "braces": "{{x}},", "tags": "!x 1,", "tabs": "1,\t"}
    lines = {"items": "- 1\n", "keys": "k#: 1\n", "same": "a: 1\n", "list-keys": "[1]: 2\n", "odd": "? [1]\n: 2\n"}
    return {
        **{f"wide-{name}": f"a: [{full(unit)}]\n" for name, unit in inside.items()},
        **{f"long-{name}": counted(unit) for name, unit in lines.items()},
        "keys-without-values": f"a: {{{full('a,')}}}\n",
        "keys-with-their-values": f"a: {{{counted('k#:1,')}}}\n",
    }


def _lines() -> Mapping[str, str]:
    """A line, or a text, of a megabyte."""
    signs = "!*&%`\"'#:-@|>?\t \n"
    long = {f"only-{ord(sign)}": sign * MEGABYTE for sign in signs}
    pairs = (
        "- {{ ",
        "a: {{ ",
        "a: ",
        "- - a",
        "---\n",
        "--- {}\n",
        "%a b\n",
        "a: |\n",
        "a: b #\n",
        'a: "x\n',
        "a: 'x\n",
    )
    return {
        **long,
        **{f"again-{index}": full(pair) for index, pair in enumerate(pairs)},
        "key-without-end": f"{full('k')}: 1\n",
        "quoted-key-without-end": f'? "{full("k")}"\n: 1\n',
        "text-without-end": f"a: '{full('x')}'\n",
        "quote-without-end": f'a: "{full("x ")}\n',
        "escapes": f'a: "{full(chr(92) + "x41")}"\n',
        "spaces": f"a:{' ' * MEGABYTE}1\n",
        "folded": f"a: >\n{full('  x' + chr(10))}",
        "only-returns": full("a: 1\r"),
    }


def _bytes() -> Mapping[str, bytes]:
    return {
        "zeros": b"\0" * MEGABYTE,
        "no-characters": b"\xff" * MEGABYTE,
        "other-encoding": ("version: 1\n" * 40_000).encode("utf-16"),
        "marks": b"\xef\xbb\xbf" * (MEGABYTE // 3),
        "pasted-spaces": ("a:\n" + "\u00a0 b: 1\n" * 90_000).encode(),
        "too-large": b"#" * 200_000_000,
    }


def _language() -> Mapping[str, str]:
    """What YAML reads, and the language must not take long over."""
    begin = "version: 1\nemail: {from: you@example.com}\ncontact:\n  email: {type: email}\n"
    steps = {
        "empty": "      - {}\n",
        "unknown": "      - emial: x#\n",
        "same": "      - email: x\n",
        "waits": "      - wait: # dais\n",
        "starts": "      - start: nobody#\n",
        "conditions": f"      - {{email: x, when: '{'(' * 450}'}}\n",
    }
    return {
        **{f"steps-{name}": STEPS + counted(unit) for name, unit in steps.items()},
        "fields": begin + counted("  f#: {tipe: text}\n"),
        "choices-mixed": f"{begin}  x: {{type: choice, choices: [1, {counted('c#, ', 700_000)}{{}}]}}\n",
        "choices-same": f"{begin}  x: {{type: choice, choices: [{full('c, ', 200_000)}]}}\n",
        "requires": f"{begin}triggers:\n a:\n  requires: [{counted('emial#, ', 700_000)}]\n",
        "segments": f"{HEAD}segments:\n{counted('  - S#: age > #' + chr(10))}",
        "names": f"{HEAD}sequences:\n{counted(chr(32) + chr(39) + 'a b #' + chr(39) + ': {steps: []}' + chr(10))}",
        "open-brackets": f"{HEAD}sequences: {{a: {{stop_when: '{'(' * MEGABYTE}', steps: [{{email: x}}]}}}}\n",
        "a-long-wait": f"{STEPS}      - wait: '{full('1 day ')}'\n      - email: x\n",
        "braces-in-a-message": f"{STEPS}      - alert: '{full('{{ ')}'\n",
        "fields-in-a-message": f"{STEPS}      - alert: '{full('{{ x }}')}'\n",
        "a-long-zone": f"timezone: {full('a/')}\n{STEPS}      - email: x\n",
        "a-long-template": f"{STEPS}      - email: '{full('../')}'\n",
    }


def _together() -> Mapping[str, Files]:
    used = counted("  s#: {use: b.yaml}\n", 500_000)
    bomb = "blueprints:\n  a#: {steps: &a [" + "x," * 900 + "]}\n  b#: {steps: [" + "*a," * 90 + "]}\n"
    return {
        "include-itself": {MAIN: MORE + STEPS, "b.yaml": f"include: {MAIN}\n", "c.yaml": "include: b.yaml\n"},
        "include-many": {MAIN: MORE + HEAD, **{f"x{number}.yaml": "sequences: {}\n" for number in range(500)}},
        "include-much": {MAIN: MORE + HEAD, **{f"x{number}.yaml": "#" * 900_000 for number in range(9)}},
        "include-bombs": {MAIN: MORE + HEAD, **{f"x{n}.yaml": bomb.replace("#", str(n)) for n in range(50)}},
        "include-names": {MAIN: f"include: [{counted('a#.yaml,')}]\n{HEAD}"},
        "include-stars": {MAIN: f"include: ['{'*a' * 5000}*.yaml']\n{HEAD}", f"{'a' * 200}.yaml": ""},
        "include-a-pipe": {MAIN: f"include: pipe.yaml\n{HEAD}", "pipe.yaml": None},
        "use-much": {
            MAIN: f"{HEAD}sequences:\n{used}",
            "b.yaml": "blueprint: {}\nsteps:\n" + counted("- {email: e#}\n", 200_000),
        },
        "use-text": {
            MAIN: f"{HEAD}sequences:\n  a: {{use: b.yaml, with: {{x: '{full('y', 900_000)}'}}}}\n",
            "b.yaml": f"blueprint: {{inputs: {{x: {{type: text}}}}}}\nsteps:\n  - alert: '{full('<x>', 900_000)}'\n",
        },
        "use-nothing": {MAIN: f"{HEAD}sequences:\n{used.replace('b.yaml', 'nobody')}"},
        "use-inputs": {
            MAIN: f"{HEAD}sequences: {{a: {{use: b.yaml, with: {{{counted('x#: 1, ', 600_000)}}}}}}}\n",
            "b.yaml": "blueprint: {}\nsteps: [{email: x}]\n",
        },
    }


def write(folder: Path, case: Files) -> Path:
    """Write the files of a case; its main file."""
    folder.mkdir()
    for name, text in case.items():
        if text is None:
            os.mkfifo(folder / name)
        else:
            (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder / MAIN


# -- Under limits ---------------------------------------------------------------------------------


def limited(seconds: int = SECONDS, memory: int = MEMORY) -> None:
    """From now on, the kernel gives this process so much more memory and time and no more."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    room = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    spent = int(time.process_time()) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (spent, spent))


def _rules(main: Path) -> list[str]:
    from engine.language.checking import read_and_check
    from engine.language.folder import content
    from engine.language.report import as_text
    from tests.playbooks import AnyTemplate

    raw = content(main)
    _, problems = read_and_check(raw, str(main), AnyTemplate())
    as_text(problems, {str(main): raw.decode(errors="replace")}, str(main))
    return sorted({one.rule for one in problems if one.severity == "error"})


def _tried(main: Path, out: Path) -> None:
    """In a child: what is wrong with a file, written to another."""
    limited()
    try:
        out.write_text(json.dumps(_rules(main)), encoding="utf-8")
    except BaseException as error:
        out.write_text(json.dumps([f"raised {type(error).__name__}"]), encoding="utf-8")
    finally:
        os._exit(0)


def _told(case: Files) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        main, out = write(Path(folder) / "case", case), Path(folder) / "out"
        child = os.fork()
        if child == 0:
            _tried(main, out)
        _, status = os.waitpid(child, 0)
        found: list[str] = (
            json.loads(out.read_text(encoding="utf-8")) if out.exists() else [f"ended by status {status}"]
        )
        return found


def main() -> None:
    """Try each case, or those that are named."""
    with tempfile.TemporaryDirectory() as folder:
        _rules(write(Path(folder) / "warm", {MAIN: STEPS + "      - email: x\n"}))
    wanted = sys.argv[1:]
    print(json.dumps({name: _told(case) for name, case in files().items() if not wanted or name in wanted}))


if __name__ == "__main__":
    main()
