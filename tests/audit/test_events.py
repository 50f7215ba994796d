"""The audit history: appended, never changed, told in sentences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import transaction

from accounts.models import User, VendorAccount
from audit import actions as audit
from audit import index
from audit.models import Event
from audit.sentences import SENTENCES, sentence

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def event(anna: User, account: VendorAccount) -> Event:
    return audit.record("run.started", by=anna, target=account, version=3)


def test_an_event_keeps_names_as_text(event: Event, anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(username="renamed")
    event.refresh_from_db()
    assert (event.actor_name, event.target) == ("anna", "Nordlys Handel")
    assert event.target_key == f"accounts.vendoraccount:{event.target_key.rpartition(':')[2]}"


def test_it_cannot_be_changed_or_deleted(event: Event) -> None:
    event.action = "run.never_started"
    for change in (
        event.save,
        event.delete,
        Event.objects.all().delete,
        lambda: Event.objects.update(action="x"),
        lambda: Event.objects.bulk_update([event], ["action"]),
        lambda: Event.objects.update_or_create(pk=event.pk, defaults={"action": "x"}),
    ):
        with pytest.raises(TypeError, match="append-only"), transaction.atomic():
            change()
    assert Event.objects.get().action == "run.started"


def test_it_stands_or_falls_with_the_change_that_it_tells_of(anna: User, account: VendorAccount) -> None:
    with transaction.atomic():
        audit.record("run.started", by=anna, target=account)
        transaction.set_rollback(True)
    assert not Event.objects.exists()


@pytest.mark.parametrize("subject", ["maja@example.com", "46000000001", "", "0" * 73, "0" * 8 + "-" + "g" * 64])
def test_whom_it_is_about_is_a_pseudonym_and_never_an_address(anna: User, subject: str) -> None:
    with pytest.raises(ValueError, match="never an address") as refused:
        audit.record("run.started", by=anna, target=anna, subjects=[subject])
    assert not subject or subject not in str(refused.value)
    assert not Event.objects.exists()


def test_whom_it_is_about_is_no_word_to_read(anna: User, account: VendorAccount) -> None:
    told = audit.record("moon.seen", by=None, target=account, subjects=["0" * 8 + "-" + "1" * 64])
    assert sentence(told) == "Consent Desk: moon.seen, Nordlys Handel"
    assert not [term for term in index.terms(told) if term.startswith('"') and term[1:].isdigit()]


def test_an_event_is_a_sentence(event: Event) -> None:
    assert sentence(event) == "anna started Nordlys Handel, from version 3"


def test_numbers_are_readable_and_what_is_missing_does_not_break_it(anna: User, account: VendorAccount) -> None:
    told = audit.record("file.downloaded", by=anna, target=account, rows=48310)
    assert "48,310 rows" in sentence(told)
    silent = audit.record("file.downloaded", by=anna, target=account)
    assert "…" in sentence(silent)


def test_an_event_without_a_sentence_is_told_in_bare_words(anna: User, account: VendorAccount) -> None:
    told = audit.record("moon.seen", by=None, target=account, phase="full")
    assert sentence(told) == "Consent Desk: moon.seen, Nordlys Handel (phase full)"


def test_hostile_names_stay_text(anna: User) -> None:
    account = VendorAccount.objects.create(name="%(secret)s %s <b>", region="eu")
    told = audit.record("run.started", by=anna, target=account, version=1)
    assert sentence(told) == "anna started %(secret)s %s <b>, from version 1"


def test_every_action_that_the_house_records_has_a_sentence() -> None:
    written = set()
    for path in [p for app in ("accounts", "people", "exports", "runs", "project") for p in (ROOT / app).rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        for call in re.findall(r"audit\.record\((.*?)[,)]", text, re.DOTALL):
            written |= set(re.findall(r'"([a-z]+\.[a-z_]+)"', call))
    assert written, "no recording was found: does this test still read the code rightly?"
    assert written <= set(SENTENCES)
