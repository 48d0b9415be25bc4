"""A small file of its own with its templates, and the environment in which children run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from engine.runtime.settings import SETTINGS

ROOT = Path(__file__).parents[2]
FILE = """\
version: 1
timezone: America/Toronto
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email}
  first_name: {type: text, default: there}
  reds: {type: whole number, min: 0, max: 8}
  customer: {type: checkbox}
  segment: {type: segment}
segments:
  - HOT: reds >= 2
  - COLD: otherwise
triggers:
  quiz:
    requires: [email, reds]
    accepts: [first_name]
    then:
      - start: welcome
  bought:
    requires: [email, customer]
sequences:
  welcome:
    stop_when: customer = true
    steps:
      - email: hello
      - wait: 24 hours
        testing: 1 second
      - email: {HOT: hot, COLD: cold}
        id: second
      - wait: 1 day
        testing: 1 second
      - email: hello
        id: nudge
        when: segment = HOT
"""
TEMPLATES = {
    "hello": "---\nsubject: Hello {{ first_name }}\n---\nGood day, {{ first_name }}.\n",
    "hot": "---\nsubject: You have {{ reds }} reds\n---\nCall us.\n",
    "cold": "---\nsubject: All is well\n---\nNothing to do.\n",
}

Run = Callable[..., Result]
Child = Callable[..., subprocess.CompletedProcess[str]]


def environment(**more: str) -> dict[str, str]:
    """The environment of a child: none of our settings but these."""
    ours = {setting.name for setting in SETTINGS}
    kept = {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("COV_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **more}
