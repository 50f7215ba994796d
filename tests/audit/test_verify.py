"""audit_verify: what is whole is called whole, and every kind of tampering is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from audit import actions as audit
from audit import sealing
from audit.models import Event, Head

Tamper = Callable[..., None]


def verify() -> tuple[int, list[str]]:
    """Run the command; return its exit code and the sentences it said, without the last."""
    out, code = StringIO(), 0
    try:
        call_command("audit_verify", stdout=out, stderr=out)
    except SystemExit as end:
        code = int(end.code or 0)
    *said, last = out.getvalue().splitlines()
    assert last.endswith("The audit history is not whole." if code else "The audit history is whole.")
    return code, said


def test_what_nobody_touched_is_whole(chain: list[Event]) -> None:
    assert verify() == (0, [])


def test_no_event_at_all_is_whole(db: None) -> None:
    assert verify() == (0, [])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "run.never_started"),
        ("actor_id", 4711),
        ("actor_name", "somebody else"),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("target", "something else"),
        ("target_key", "exports.exportrun:1"),
        ("facts", '{"version": 99}'),
        ("stamp", "0" * 64),
    ],
)
def test_an_edited_line_is_named(chain: list[Event], tamper: Tamper, column: str, value: object) -> None:
    tamper(f"UPDATE audit_event SET {column} = %s WHERE seq = 4", value)
    code, said = verify()
    assert code == 1
    assert said[0] == f"Line 4 was edited: event {chain[3].pk} does not say what it said when it was sealed."
    assert all("Line 4 " in sentence for sentence in said)


@pytest.mark.parametrize("facts", [{}, {"subjects": ["0" * 8 + "-" + "2" * 64]}])
def test_whom_a_line_is_about_is_sealed_too(db: None, tamper: Tamper, anna: User, facts: dict[str, Any]) -> None:
    audit.record("run.started", by=anna, target=anna, subjects=["0" * 8 + "-" + "1" * 64])
    sealing.seal(now=timezone.now())
    assert verify() == (0, [])
    tamper("UPDATE audit_event SET facts = %s WHERE seq = 1", json.dumps(facts))
    assert verify()[1][0].startswith("Line 1 was edited")


def test_a_new_key_seals_on_and_what_the_old_one_sealed_stays_whole(
    chain: list[Event], tamper: Tamper, anna: User, settings: Any
) -> None:
    out = StringIO()
    call_command("make_keys", "audit", stdout=out)
    settings.AUDIT_KEYS = out.getvalue().strip().partition("=")[2].split(",")
    audit.record("run.started", by=anna, target=anna)
    sealing.seal(now=timezone.now())
    keys = [event.key_id for event in Event.objects.order_by("seq")]
    assert len(set(keys)) == 2
    assert keys[9] != keys[10]
    assert verify() == (0, [])
    tamper("UPDATE audit_event SET actor_name = 'nobody' WHERE seq IN (4, 11)")
    assert [sentence[:12] for sentence in verify()[1]] == ["Line 4 was e", "Line 11 was "]
    settings.AUDIT_KEYS = settings.AUDIT_KEYS[:1]
    assert "which AUDIT_KEYS does not hold" in verify()[1][0]


def test_two_edited_lines_are_named_both(chain: list[Event], tamper: Tamper) -> None:
    tamper("UPDATE audit_event SET actor_name = 'nobody' WHERE seq IN (4, 5)")
    assert [sentence[:18] for sentence in verify()[1]] == ["Line 4 was edited:", "Line 5 was edited:"]


def test_a_deleted_line_is_named(chain: list[Event], tamper: Tamper) -> None:
    tamper("DELETE FROM audit_event WHERE seq = 4")
    assert verify() == (1, ["Line 4 was deleted."])


def test_deleted_lines_are_named_and_what_follows_them_is_still_judged(chain: list[Event], tamper: Tamper) -> None:
    tamper("DELETE FROM audit_event WHERE seq IN (4, 5, 6)")
    tamper("UPDATE audit_event SET actor_name = 'nobody' WHERE seq = 7")
    code, said = verify()
    assert code == 1
    assert said[0] == "Lines 4 to 6 were deleted."
    assert said[1].startswith("Line 7 was edited")


def test_the_first_line_can_be_missed(chain: list[Event], tamper: Tamper) -> None:
    tamper("DELETE FROM audit_event WHERE seq = 1")
    assert verify() == (1, ["Line 1 was deleted."])


def test_a_gap_that_was_closed_by_counting_anew_is_named(chain: list[Event], tamper: Tamper) -> None:
    tamper("DELETE FROM audit_event WHERE seq = 4")
    for seq in range(5, 11):
        tamper("UPDATE audit_event SET seq = %s WHERE seq = %s", seq - 1, seq)
    code, said = verify()
    assert code == 1
    assert said[0].startswith("Line 4 is out of its place")
    assert any("The end was cut off" in sentence for sentence in said)


@pytest.mark.parametrize("with_seals", [False, True])
def test_lines_that_changed_places_are_named_and_no_other(chain: list[Event], tamper: Tamper, with_seals: bool) -> None:
    fourth, fifth = chain[3], chain[4]
    tamper("UPDATE audit_event SET seq = 4000 WHERE seq = 4")
    tamper("UPDATE audit_event SET seq = 4 WHERE seq = 5")
    tamper("UPDATE audit_event SET seq = 5 WHERE seq = 4000")
    if with_seals:  # each place keeps the seal that it had
        tamper("UPDATE audit_event SET seal = %s WHERE id = %s", fourth.seal, fifth.pk)
        tamper("UPDATE audit_event SET seal = %s WHERE id = %s", fifth.seal, fourth.pk)
    code, said = verify()
    assert code == 1
    assert [sentence.partition(":")[0] for sentence in said] == [
        "Line 4 is out of its place",
        "Line 5 is out of its place",
    ]


def test_a_changed_seal_is_named_and_what_follows_it_is_not(chain: list[Event], tamper: Tamper) -> None:
    tamper("UPDATE audit_event SET seal = %s WHERE seq = 4", "0" * 64)
    code, said = verify()
    assert code == 1
    assert said[0].startswith("Line 4 is out of its place")
    assert not any("Line 4" not in sentence and "Line 5" not in sentence for sentence in said)


def test_a_cut_end_is_named_by_the_desks_own_note(chain: list[Event], tamper: Tamper, heads: Path) -> None:
    heads.unlink()
    tamper("DELETE FROM audit_event WHERE seq > 7")
    assert verify() == (1, ["The end was cut off: 10 lines were sealed, and the last one here is 7."])


def test_a_cut_end_is_named_by_the_file_when_the_note_was_changed_too(chain: list[Event], tamper: Tamper) -> None:
    tamper("DELETE FROM audit_event WHERE seq > 7")
    Head.objects.update(seq=7, seal=chain[6].seal)
    code, (said,) = verify()
    assert code == 1
    assert said.startswith("The end was cut off: line 10 was told at ")


def test_a_history_that_was_emptied_is_named(chain: list[Event], tamper: Tamper) -> None:
    tamper("DELETE FROM audit_event")
    Head.objects.all().delete()
    code, (said,) = verify()
    assert code == 1
    assert "the last one here is 0" in said


def test_history_made_anew_with_the_key_is_named_by_the_file(
    chain: list[Event], tamper: Tamper, anna: User, heads: Path
) -> None:
    told = heads.read_text()
    tamper("UPDATE audit_event SET seq = NULL, stamp = '', seal = '', key_id = ''")
    tamper("UPDATE audit_event SET actor_name = 'nobody' WHERE id = %s", chain[0].pk)
    Head.objects.all().delete()
    sealing.seal(now=timezone.now())
    heads.write_text(told)
    code, (said,) = verify()
    assert code == 1
    assert said.startswith("Line 10 has another seal than the one told at ")


def test_a_note_of_the_end_that_was_set_back_is_named(chain: list[Event]) -> None:
    Head.objects.update(seq=3)
    code, (said,) = verify()
    assert code == 1
    assert said == "The desk's own note of the end was changed: it says 3, and there are lines up to 10."


def test_a_line_taken_out_of_the_chain_is_named(chain: list[Event], tamper: Tamper) -> None:
    tamper("UPDATE audit_event SET seq = NULL WHERE seq = 4")
    code, said = verify()
    assert code == 1
    assert said[0] == "Line 4 was deleted."
    assert said[1].startswith(f"Event {chain[3].pk} was taken out of the chain")


def test_an_invented_line_is_named(chain: list[Event]) -> None:
    invented = {"seq": 11, "stamp": "0" * 64, "seal": "0" * 64, "key_id": chain[0].key_id}
    Event.objects.create(at=timezone.now(), action="run.started", actor_name="x", target="y", **invented)
    code, said = verify()
    assert code == 1
    assert said[0].startswith("Line 11 was edited")


def test_a_key_that_is_gone_is_named_and_nothing_is_called_whole(chain: list[Event], settings: Any) -> None:
    settings.AUDIT_KEYS = ["another key"]
    code, said = verify()
    assert code == 1
    assert len(said) == 10
    assert "which AUDIT_KEYS does not hold" in said[0]


def test_what_waits_for_its_seal_is_told_and_is_no_tampering(chain: list[Event], anna: User) -> None:
    fresh = audit.record("run.started", by=anna, target=anna)
    assert verify() == (0, [f"1 event is not sealed yet: {fresh.pk}."])


def test_what_waits_too_long_is_told_with_the_question_to_ask(chain: list[Event], anna: User) -> None:
    old = audit.record("run.started", by=anna, target=anna, now=timezone.now() - timedelta(minutes=6))
    audit.record("run.started", by=anna, target=anna)
    code, (said,) = verify()
    assert code == 0
    assert said.startswith("2 events wait for their seal, the first since ")
    assert f": {old.pk}, " in said
    assert said.endswith("Does the tick run?")


def test_names_of_every_kind_are_sealed_as_they_are(anna: User, db: None) -> None:
    anna.first_name, anna.last_name = "<script>=cmd\n", "\u202eÅse 🛒"
    audit.record("run.started", by=anna, target="=1+1\t\0'\"; DROP", facts_of=["é", "e\u0301"], share=0.1, big=10**20)
    sealing.seal(now=timezone.now())
    assert verify() == (0, [])
