"""The name of a process, by which others on its machine can tell that it is over.

A process id alone says little: it is given again, and every container has its own. Together with the boot of the
machine, the namespace of the ids, and the moment at which it began, it says all. Only Linux tells these; elsewhere
nobody is sure.
"""

from __future__ import annotations

import os
import socket
from hashlib import blake2b
from pathlib import Path

_PROC = Path("/proc")
_OVER = ("Z", "X")


def name_of_this() -> str:
    """A name that no other process has or will have."""
    pid = os.getpid()
    return f"{socket.gethostname()} {pid} {_world() or '-'} {_began(pid) or '-'} {os.urandom(4).hex()}"


def is_over(name: str) -> bool:
    """Whether the process of this name is surely over: it ran in this very world, and is not there any more."""
    parts = name.rsplit(" ", 4)
    if len(parts) != 5 or not parts[1].isdigit() or "-" in parts[2:4]:
        return False
    _, pid, world, began, _ = parts
    return world == _world() and _began(int(pid)) != began


def _world() -> str:
    """Which boot of which machine, and which namespace of process ids; empty where nobody knows."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        space = os.stat(_PROC / "self/ns/pid").st_ino
    except OSError:
        return ""
    return blake2b(f"{boot} {space}".encode(), digest_size=6).hexdigest()


def _began(pid: int) -> str:
    """When a process began, in ticks of its machine; empty when there is none, or only its remains."""
    try:
        told = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if told[0] in _OVER else told[19]
