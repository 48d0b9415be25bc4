"""What is hidden from an import cannot be imported in the block, can be afterwards, and was never there for Huey."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.runtime.absent import absent

NAME = "this_is_not_used_elsewhere"


def test_it_is_absent_in_the_block_and_back_after_it(tmp_path, monkeypatch):
    (tmp_path / f"{NAME}.py").write_text("here = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    with absent(NAME), pytest.raises(ImportError):
        __import__(NAME)
    assert __import__(NAME).here
    sys.modules.pop(NAME)


def test_what_somebody_has_already_stays():
    with absent("json"):
        assert __import__("json") is sys.modules["json"]


def test_workers_on_sqlite_do_not_pay_for_the_clients_of_other_stores():
    look = "import sys, engine.runtime.wiring; print([n for n in ('psycopg', 'redis') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
