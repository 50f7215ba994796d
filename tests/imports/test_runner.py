"""The steps of a part: asked for, uploaded, counted; and everything that can come between."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.storage import default_storage

from accounts.models import Credential, LearntLimit, User, VendorAccount
from audit.models import Event
from imports import actions, files, report, sentences
from imports.models import Import, ImportPart
from imports.upheavals import stop_imports
from runs import shutdown
from runs.models import StaleRun, Status
from tests.conftest import Vendor
from tests.imports import made
from tests.imports.conftest import Stepper

MANY = "email;mobile\n" + "".join(f"p{n}@example.com;46000{n:06}\n" for n in range(600))


@pytest.fixture
def whole(annas_key: Credential) -> Import:
    return made.confirmed(made.draft(annas_key))


@pytest.fixture
def part(whole: Import) -> ImportPart:
    return whole.parts.get()


def to(steps: Stepper, part: ImportPart, code: str) -> ImportPart:
    return steps.to_the_end(part, until=lambda part: part.code == code)


def codes(part: ImportPart) -> list[str]:
    return list(part.lines.order_by("pk").values_list("code", flat=True))


def failed(part: ImportPart, code: str) -> ImportPart:
    assert (part.status, part.code) == (Status.FAILED, code)
    word, means = sentences.state(part)
    assert word
    assert "%(" not in word + means
    return part


@pytest.mark.seed("S2.17")
def test_a_part_goes_through(steps: Stepper, whole: Import, part: ImportPart) -> None:
    part = steps.to_the_end(part)
    assert (part.status, part.code) == (Status.SUCCEEDED, "counted")
    assert (part.created, part.updated, part.unchanged, part.failed) == (2, 0, 0, 0)
    assert codes(part)[:2] == ["requested", "uploaded"]
    assert codes(part)[-1] == "counted"
    assert part.sealed_slot == ""
    whole.refresh_from_db()
    assert whole.finished_at == part.finished_at
    told = report.of(whole, [part])
    assert (told.created, told.unknown, told.sum, told.rows) == (2, 0, 2, 2)
    assert [found["uploads"] for found in steps.imports()] == [1]
    said = list(Event.objects.order_by("pk").values_list("action", flat=True))
    assert said[-2:] == ["import.confirmed", "import.finished"]


@pytest.mark.seed("S2.18")
def test_the_vendors_rejected_rows_come_back_to_the_rows_of_the_file(
    steps: Stepper, vendor: Vendor, annas_key: Credential
) -> None:
    vendor.control("PATCH", "switches", imports_refuse_every=2)
    text = "email;mobile\na@@example.com;\n\nb@example.com;\nc@example.com;46000000003\nd@example.com;\n"
    whole = made.confirmed(made.draft(annas_key, text))
    part = steps.to_the_end(whole.parts.get())
    assert (part.created, part.failed, part.code) == (2, 1, "counted_with_faults")
    # The second of its rows is the fifth of the file: one was faulty, and one blank.
    assert part.faults == [[5, "email", "refused on request"]]
    told = report.of(whole, [part])
    assert (told.rejected_here, told.rejected_there, told.created) == (1, 1, 2)
    assert told.sum == told.rows == 4


@pytest.mark.seed("S2.14")
def test_a_large_file_goes_in_parts_three_at_a_time(steps: Stepper, settings: Any, annas_key: Credential) -> None:
    settings.IMPORT_PART_BYTES = 4_000
    whole = made.confirmed(made.draft(annas_key, MANY))
    parts = list(whole.parts.all())
    assert len(parts) == 5
    for part in parts[:3]:
        to(steps, part, "to_upload")
    fourth = steps.step(parts[3])
    assert fourth.code == "waiting_in_line"
    assert steps.vendor.calls()["import"] == len(steps.imports()) == 3, "nobody had to be refused"
    whole = steps.all_to_the_end(whole)
    assert whole.finished_at
    told = report.of(whole, list(whole.parts.all()))
    assert (told.created, told.sum) == (600, 600)
    assert [found["uploads"] for found in steps.imports()] == [1] * 5


def test_the_width_is_learnt_down_and_never_above_what_is_printed(
    steps: Stepper, vendor: Vendor, account: VendorAccount, part: ImportPart
) -> None:
    vendor.fault("import", "status", status=429, body={"message": "Too Many Requests"})
    part = steps.step(part)
    assert part.code == "waiting_in_line"
    assert LearntLimit.objects.get(account=account, name="imports").refused == 2
    assert steps.to_the_end(part).status == Status.SUCCEEDED


# ── Lost answers ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_request_whose_answer_was_lost_is_asked_once_more(steps: Stepper, vendor: Vendor, part: ImportPart) -> None:
    vendor.fault("import", "drop", when="after")
    part = steps.step(part)
    assert part.code == "answer_lost"
    asked_at = steps.now
    part = steps.to_the_end(part)
    assert part.status == Status.SUCCEEDED
    assert part.is_asked_twice
    assert (part.requested_at - asked_at).total_seconds() >= 120  # type: ignore[operator]
    assert [found["uploads"] for found in steps.imports()] == [0, 1]


def test_twice_without_an_answer_ends_it_with_nothing_sent(steps: Stepper, vendor: Vendor, part: ImportPart) -> None:
    vendor.fault("import", "drop", when="after", times=2)
    failed(steps.to_the_end(part), "answer_lost_twice")
    assert [found["uploads"] for found in steps.imports()] == [0, 0]


def test_a_process_that_dies_while_asking_leaves_an_intention(steps: Stepper, part: ImportPart) -> None:
    claimed = steps.claim(part)
    from runs import asking

    asking.intend(claimed, now=steps.now)
    steps.forward(61)  # its lease ends
    part = steps.step(part)
    assert part.code == "answer_lost"
    assert steps.to_the_end(part).status == Status.SUCCEEDED
    assert len(steps.imports()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_upload_that_broke_off_is_looked_at_before_it_is_sent_again(
    steps: Stepper, vendor: Vendor, part: ImportPart, when: str
) -> None:
    part = to(steps, part, "to_upload")
    vendor.fault("upload", "drop", when=when)
    part = steps.step(part)
    assert (part.code, part.queue) == ("trouble", "calls")
    part = steps.to_the_end(part)
    assert part.status == Status.SUCCEEDED
    assert [found["uploads"] for found in steps.imports()] == [1]
    assert ("not_received" in codes(part)) == (when == "before")


def test_a_process_that_dies_while_sending_sends_nothing_twice(
    steps: Stepper, vendor: Vendor, part: ImportPart
) -> None:
    part = to(steps, part, "to_upload")
    claimed = steps.claim(part)
    claimed.note("uploading", now=steps.now, sending_at=steps.now)
    steps.forward(61)
    part.refresh_from_db()
    assert part.queue == "calls"
    part = steps.to_the_end(part)
    assert part.status == Status.SUCCEEDED
    assert [found["uploads"] for found in steps.imports()] == [1]


def test_a_worker_that_stops_hands_the_upload_on(
    steps: Stepper, part: ImportPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = to(steps, part, "to_upload")
    monkeypatch.setattr(shutdown, "is_near", lambda: True)
    part = steps.step(part)
    assert part.code == "unsure"
    monkeypatch.undo()
    # The fixture's own patches went with it: the wire is the sandbox's again by hand.
    assert part.sending_at
    assert part.uploaded_at is None


def test_an_old_claim_changes_nothing(steps: Stepper, part: ImportPart) -> None:
    stale = steps.claim(part)
    steps.forward(61)
    steps.to_the_end(part)
    with pytest.raises(StaleRun):
        steps.advance(stale)
    assert len(steps.imports()) == 1


# ── Addresses ────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_address_that_has_ended_is_asked_for_anew(steps: Stepper, part: ImportPart) -> None:
    part = to(steps, part, "to_upload")
    steps.forward(3_590)  # so little is left of it that nothing is begun
    part = steps.step(part)
    assert part.code == "waiting_in_line"
    assert "address_expired" in codes(part)
    part = steps.to_the_end(part)
    assert part.status == Status.SUCCEEDED
    assert [found["uploads"] for found in steps.imports()] == [0, 1]


def test_an_address_that_refuses_is_exchanged_three_times_at_most(
    steps: Stepper, vendor: Vendor, part: ImportPart
) -> None:
    vendor.fault("upload", "status", status=403, body="<Error><Code>AccessDenied</Code></Error>", times=0)
    failed(steps.to_the_end(part), "no_address_held")
    assert [found["uploads"] for found in steps.imports()] == [0, 0, 0]


def test_a_place_off_the_list_gets_not_a_byte(steps: Stepper, vendor: Vendor, part: ImportPart) -> None:
    vendor.fault("import", "foreign_url", origin="http://elsewhere.test:9")
    part = failed(steps.to_the_end(part), "foreign_upload")
    assert "upload" not in vendor.calls()
    assert "not on this account’s list" in sentences.state(part)[1]


# ── What the vendor says ─────────────────────────────────────────────────────────────────────────────────────


def test_an_import_that_fails_as_a_whole_says_so(
    steps: Stepper, vendor: Vendor, whole: Import, part: ImportPart
) -> None:
    vendor.fault("import", "fail")
    part = failed(steps.to_the_end(part), "refused_whole")
    assert part.facts["detail"] == "The import could not be processed"
    whole.refresh_from_db()
    assert whole.finished_at
    assert report.of(whole, [part]).unknown == 2


def test_one_that_stays_where_it_is_is_given_up_after_a_day(steps: Stepper, vendor: Vendor, part: ImportPart) -> None:
    vendor.control("PATCH", "switches", imports_stay="in_progress")
    part = to(steps, part, "processing")
    steps.forward(86_400)
    failed(steps.to_the_end(part), "never_counted")


def test_one_that_never_sees_its_file_is_asked_for_anew(steps: Stepper, vendor: Vendor, part: ImportPart) -> None:
    part = to(steps, part, "uploaded")
    vendor.control("PATCH", "switches", imports_stay="waiting_for_file")
    steps.forward(3_600)
    part = steps.step(part)
    vendor.control("DELETE", "switches")
    assert "address_expired" in codes(part)


def test_a_key_that_may_not_import_is_told_so(steps: Stepper, vendor: Vendor, part: ImportPart) -> None:
    problem = {"title": "Forbidden", "status": 403, "detail": "manage_subscriptions is not true"}
    vendor.fault("import", "status", status=403, body=problem)
    part = failed(steps.to_the_end(part), "import_not_allowed")
    assert "manage subscriptions" in sentences.state(part)[1]


def test_trouble_is_waited_out_for_a_while(steps: Stepper, vendor: Vendor, part: ImportPart) -> None:
    vendor.fault("import", "status", status=500, body="", times=3)
    assert steps.to_the_end(part).status == Status.SUCCEEDED


def test_a_file_that_is_gone_ends_the_part(steps: Stepper, part: ImportPart) -> None:
    part = to(steps, part, "to_upload")
    default_storage.delete(files.part(part))
    failed(steps.to_the_end(part), "file_gone")


# ── What people do ───────────────────────────────────────────────────────────────────────────────────────────


def test_stopping_says_what_the_vendor_has_already(
    steps: Stepper, settings: Any, anna: User, annas_key: Credential
) -> None:
    settings.IMPORT_PART_BYTES = 8_000
    whole = made.confirmed(made.draft(annas_key, MANY))
    first, *others = whole.parts.all()
    to(steps, first, "uploaded")
    assert actions.cancel(whole, by=anna, now=steps.now) == len(others)
    for part in others:
        assert steps.step(part).status == Status.CANCELLED
    whole = steps.all_to_the_end(whole)
    told = report.of(whole, list(whole.parts.all()))
    assert told.created == first.row_count
    assert told.left_out == 600 - first.row_count
    assert told.sum == 600
    assert [found["uploads"] for found in steps.imports()] == [1]
    assert actions.cancel(whole, by=anna) == 0


def test_stopped_in_the_middle_of_sending_it_is_looked_at_first(
    steps: Stepper, vendor: Vendor, whole: Import, part: ImportPart, anna: User
) -> None:
    part = to(steps, part, "to_upload")
    vendor.fault("upload", "drop", when="before")
    part = steps.step(part)
    # What may be with the vendor cannot be promised to be stopped.
    assert actions.cancel(whole, by=anna, now=steps.now) == 0
    assert steps.to_the_end(part).status == Status.SUCCEEDED


def test_one_part_alone_is_sent_again(
    steps: Stepper, vendor: Vendor, whole: Import, part: ImportPart, anna: User
) -> None:
    vendor.fault("import", "status", status=400, body={"title": "Bad Request", "status": 400})
    part = failed(steps.to_the_end(part), "import_refused")
    again = actions.send_again(part, by=anna, now=steps.now)
    whole.refresh_from_db()
    assert whole.finished_at is None
    assert steps.to_the_end(again).status == Status.SUCCEEDED
    part.refresh_from_db()
    told = report.of(whole, [part, ImportPart.objects.get(pk=again.pk)])
    assert (told.created, told.sum) == (2, 2)
    for over in (part, ImportPart.objects.get(pk=again.pk)):
        with pytest.raises(actions.NotAgain):
            actions.send_again(over, by=anna)


def test_whoever_erases_a_key_stops_its_imports(
    steps: Stepper, whole: Import, part: ImportPart, anna: User, karin: User
) -> None:
    stale = steps.claim(part)
    assert stop_imports(Import.objects.visible_to(anna), "person_left", by=karin, now=steps.now) == 1
    part.refresh_from_db()
    failed(part, "person_left")
    with pytest.raises(StaleRun):
        steps.advance(stale)
    whole.refresh_from_db()
    assert whole.finished_at == steps.now


def test_nothing_private_stands_in_the_rows(steps: Stepper, part: ImportPart) -> None:
    part = to(steps, part, "to_upload")
    kept = f"{part.__dict__} {part.of.__dict__} {part.of.upload.__dict__}"
    assert "example.com" not in kept
    assert "localhost" not in kept, "where the file goes is sealed"
