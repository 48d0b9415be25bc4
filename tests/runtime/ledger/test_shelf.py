"""The small tables: mirror pages, templates, workers, notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from engine.model import TemplateText
from engine.runtime.ledger import CachedTemplate, MirrorRecord, Worker


def test_a_page_is_found_by_contact_and_by_page(ledger, noon):
    page = MirrorRecord(contact_id="c1", page_id="p1", shown={"name": "Ada", "score": None}, seen_at=noon)
    newer = replace(page, page_id="p2", shown={"name": "Ada L."})
    with ledger.write() as tx:
        tx.put_mirrored([page])
        assert tx.mirrored(["c1", "c2"]) == {"c1": page}
        tx.put_mirrored([newer])
        assert tx.mirrored_pages(["p1", "p2"]) == {"p2": newer}


def test_templates_are_kept_replaced_and_dropped(ledger, noon):
    one = TemplateText(name="email_1", subject="Hi", body="# Hi ✨", format="markdown", preheader="x", active=False)
    two = TemplateText(name="email_2", subject="Hi", body="<p>", format="html", origin="a page")
    with ledger.write() as tx:
        tx.put_templates([one, two], noon - timedelta(days=1))
        tx.put_templates([replace(one, subject="Hello")], noon)
        tx.drop_templates(["email_2"])
        assert tx.templates() == {"email_1": CachedTemplate(replace(one, subject="Hello"), noon)}


def test_signs_of_life_are_kept_for_each_process(ledger, noon):
    minute = timedelta(minutes=1)
    with ledger.write() as tx:
        first, second = tx.hire("w1", "worker", noon), tx.hire("w2", "serve", noon)
        tx.beat(first, noon + minute)
        assert first != second
        assert tx.workers_seen_since(noon + minute) == [Worker(first, "w1", "worker", noon, noon + minute)]
        assert [worker.id for worker in tx.workers_seen_since(noon)] == ["w1", "w2"]
        assert tx.forget_workers(noon + minute).workers == 1


def test_a_note_is_kept_replaced_and_forgotten(ledger):
    with ledger.write() as tx:
        assert tx.note("mirror_since") is None
        tx.put_note("mirror_since", "2025-11-12T12:00:00Z")
        tx.put_note("mirror_since", "later")
        assert tx.note("mirror_since") == "later"
        tx.put_note("mirror_since", None)
        assert tx.note("mirror_since") is None


def test_who_keeps_a_note_first_decides_for_all(ledger):
    with ledger.write() as tx:
        assert tx.first_note("secret", "one") == "one"
    with ledger.write() as tx:
        assert tx.first_note("secret", "two") == "one"
        assert tx.note("secret") == "one"
