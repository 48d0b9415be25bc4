"""A whole story: a backup under load, a day's work lost with the disk, a restore; and nobody gets an email twice."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.example import FILE, TEMPLATES
from tests.e2e.product import Product, eventually
from tests.standins.resend import Resend
from tests.standins.server import StandIn

pytestmark = pytest.mark.timeout(240)
PEOPLE = [f"ada{number}@example.com" for number in range(8)]
HOT = {"reds": 3, "first_name": "Ada"}


def folder_with_example(folder: Path) -> Path:
    """Three emails with different subjects, a second apart."""
    text = FILE.replace("24 hours", "1 second").replace("1 day", "1 second")
    text = text.replace("- email: hello\n        id: nudge", "- email: last\n        id: nudge")
    (folder / "sequences.yaml").write_text(text, encoding="utf-8")
    (folder / "templates").mkdir()
    templates = {**TEMPLATES, "last": "---\nsubject: The last one\n---\nGood bye.\n"}
    for name, body in templates.items():
        unsubscribe = "\n[unsubscribe]({{ unsubscribe_url }})\n"
        (folder / "templates" / f"{name}.md").write_text(body + unsubscribe, encoding="utf-8")
    return folder


def busos(product: Product, *words: str, status: int = 0) -> str:
    command = [sys.executable, "-m", "server.cli", *words]
    done = subprocess.run(
        command, cwd=product.folder, env=product.environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def sent(resend: Resend) -> Counter[tuple[str, str]]:
    """How often each person got each email."""
    return Counter((str(one["to"]), str(one["subject"])) for one in list(resend.accepted))


def test_a_restored_backup_sends_nothing_twice(tmp_path: Path) -> None:
    resend = Resend(rate=0)
    with StandIn(resend) as mail:
        product = Product(
            folder_with_example(tmp_path),
            TESTING_MODE="false",
            RESEND_API_KEY="re_for_a_stand_in",
            RESEND_API_URL=mail.url,
        )
        with product.running():
            for email in PEOPLE:
                product.post("quiz", {"email": email, **HOT})
            eventually(lambda: len(resend.accepted), lambda count: count >= len(PEOPLE), product.log)
            crowd, ended = [], threading.Event()

            def arrive() -> None:
                while not ended.is_set():
                    crowd.append(f"crowd{len(crowd)}@example.com")
                    assert product.post("quiz", {"email": crowd[-1], **HOT})[0] == 202

            visitors = threading.Thread(target=arrive)
            visitors.start()
            try:
                assert "; checked" in busos(product, "backup", "monday.db")
                copied = busos(product, "ledger", "copy", "--while-running", "busos.db", "copy.db")
                assert "the same on both sides" in copied
            finally:
                ended.set()
                visitors.join()
            everybody = 3 * len([*PEOPLE, *crowd])
            eventually(lambda: len(resend.accepted), lambda count: count == everybody, product.log, 120)
            assert "is in use: stop busos" in busos(product, "restore", "monday.db", status=2)
        resend.answers.clear()  # more than a day goes by: the provider has forgotten its keys
        assert set(sent(resend).values()) == {1}
        product.environ["BUSOS_DATABASE_URL"] = "sqlite:///copy.db"
        assert "kept by every row" in busos(product, "ledger", "check")
        assert "is a copy, taken at" in busos(product, "worker", status=2)
        del product.environ["BUSOS_DATABASE_URL"]

        said = busos(product, "restore", "monday.db")
        assert "Paused:" in said
        assert "busos runs resume --sequence welcome --step" in said
        with product.running():
            product.post("quiz", {"email": "new@example.com", **HOT})
            eventually(lambda: len(resend.accepted), lambda count: count == everybody + 3, product.log)
            assert "paused by" not in busos(product, "runs", "show", "new@example.com")
            assert "due while the restored backup did not know" in busos(product, "runs", "show", PEOPLE[0])
            busos(product, "runs", "stop", "--sequence", "welcome", "--yes")
        assert set(sent(resend).values()) == {1}
        assert len(resend.accepted) == everybody + 3
        assert resend.violations == []
