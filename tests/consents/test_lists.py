"""Lists of people: read from what was pasted, asked about slice by slice, and told in numbers that add up."""

from __future__ import annotations

import errno
import io
import json
import re
from datetime import timedelta
from typing import Any, cast

import openpyxl
import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts import lanes, vault
from accounts.models import Credential, User
from audit.models import Event
from consents import checking, kept, list_actions, outcomes, pasted, retention, tasks, verdict
from consents.keys import Key
from consents.models import Checklist
from consents.verdict import Answer
from runs import nudges
from runs.claims import claim
from runs.models import StaleRun, Status
from tests.conftest import Vendor
from tests.consents import listed
from tests.consents.people import SECTION, Person, people, stands
from tests.consents.test_keys import ALL
from upstream.apsis.builtin import CRM_KEYSPACE, EMAIL_CHANNEL, EMAIL_KEYSPACE, EXPORT_KEYSPACE, SMS_CHANNEL
from upstream.apsis.client import Apsis

NEW, URL = "/look-up/lists/new/", "/look-up/lists/"


@pytest.fixture(autouse=True)
def _nobody_is_locked(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor.control("PATCH", "switches", locked_share=0, suppressed_share=0, calls_per_profile=0, calls_per_second=0)
    monkeypatch.setattr(lanes, "take", lambda *about, **more: 0.0)


@pytest.fixture
def credential(annas_key: Credential) -> Credential:
    return annas_key


@pytest.fixture
def known(vendor: Vendor) -> list[Person]:
    return list(people(vendor))[:20]


def by_mail(known: list[Person]) -> list[Key]:
    return [Key(EMAIL_KEYSPACE, person.email) for person in known]


# ── What was pasted ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_column_with_header_blanks_and_doubles() -> None:
    read = pasted.read('E-post\r\n A@example.com \r\n\r\nb@example.com;x;y\r\n"a@example.com"\r\n\r\n', ALL)
    assert [key.text for key in read.people] == ["a@example.com", "b@example.com"]
    assert (read.has_header, read.blanks, read.doubles, read.faults) == (True, 1, 1, [])


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a@example.com\nb@example.com", False),
        ("Mail\na@example.com\nb@example.com", True),
        ("export_key\nac7d8f20-fb8e-4a42-b322-1f3a5c7e9b4d\n", True),
        ("Åsa\n", False),  # of one alone nobody can tell
        ("export_key\nac7d8f20-fb8e-4a42-b322-1f3a5c7e9b4d\nbc7d8f20-fb8e-4a42-b322-1f3a5c7e9b4d", True),
        ("crm\nC-0000013\nC-0000020", True),
        ("C-0000013\nC-0000020", False),
    ],
)
def test_a_header_is_told_from_a_person(text: str, header: bool) -> None:
    assert pasted.read(text, ALL).has_header is header


def test_a_line_that_is_no_key_is_named_by_its_number() -> None:
    read = pasted.read("a@example.com\n\nb @example.com\n070 123 45 67\n", ALL)
    assert [(fault.line, fault.why) for fault in read.faults] == [(3, "email"), (4, "national")]


def test_more_than_a_list_has_is_refused() -> None:
    with pytest.raises(pasted.TooMany) as caught:
        pasted.read("\n".join(f"p{n}@example.com" for n in range(pasted.MOST + 1)), ALL)
    assert caught.value.people == pasted.MOST + 1
    assert len(pasted.read("\n".join(f"p{n}@example.com" for n in range(pasted.MOST)), ALL).people) == pasted.MOST


def test_a_file_of_excel_is_read_too() -> None:
    assert pasted.decoded("\ufeffåsa@example.com".encode()) == "åsa@example.com"
    assert pasted.decoded("åsa@example.com".encode("cp1252")) == "åsa@example.com"


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_everybody_stands_as_the_vendor_says(credential: Credential, vendor: Vendor, known: list[Person]) -> None:
    made = listed.to_the_end(listed.started(credential, [*by_mail(known), Key(EMAIL_KEYSPACE, "nobody@example.com")]))
    assert (made.status, made.done) == (Status.SUCCEEDED, 21)
    found = list(kept.found(made))
    for person, one in zip(known, found, strict=False):
        type = stands(vendor, person).get((made.topic, EMAIL_CHANNEL))
        assert one.answer == (Answer.YES if type == "opt-in" else Answer.NO)
        assert one.why == {"opt-in": "", "opt-out": verdict.OPTED_OUT, None: verdict.NOTHING}[type]
    assert (found[-1].answer, found[-1].why) == (Answer.NO, outcomes.NOBODY)
    assert sum(made.counts.values()) == 21
    assert made.counts == {word: sum(one.word == word for one in found) for word in made.counts}


@pytest.mark.parametrize("keyspace", [EXPORT_KEYSPACE, CRM_KEYSPACE])
def test_who_is_known_by_no_address_is_asked_about_by_the_profiles(
    credential: Credential, vendor: Vendor, known: list[Person], keyspace: str
) -> None:
    vendor.control("PATCH", "switches", suppressed_share=1)
    text = {EXPORT_KEYSPACE: "{0.export_key}", CRM_KEYSPACE: "C-{0.number:07}"}[keyspace]
    made = listed.to_the_end(
        listed.started(credential, [Key(keyspace, text.format(person)) for person in known], channel=SMS_CHANNEL)
    )
    found = list(kept.found(made))
    assert [one.address for one in found] == [person.mobile for person in known]
    assert "yes" not in {one.answer for one in found}
    assert verdict.SUPPRESSED in {one.why for one in found}


def test_where_the_address_is_not_told_nobody_is_a_yes(
    credential: Credential, vendor: Vendor, known: list[Person]
) -> None:
    made = listed.started(credential, [Key(EXPORT_KEYSPACE, person.export_key) for person in known])
    vendor.fault("values", "status", status=403, body={"title": "Forbidden", "status": 403}, times=99)
    made = listed.to_the_end(made)
    vendor.control("DELETE", "faults")
    answers = {(one.answer, one.why) for one in kept.found(made)}
    assert Answer.YES not in {answer for answer, _why in answers}
    assert (Answer.UNKNOWN, verdict.ADDRESS_UNKNOWN) in answers


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"status": 410}, outcomes.LOCKED),
        ({"status": 400}, outcomes.UNREADABLE),
        ({"status": 200, "body": "x"}, outcomes.UNREADABLE),
    ],
)
def test_one_that_cannot_be_told_stops_nobody_else(
    credential: Credential, vendor: Vendor, known: list[Person], fault: dict[str, Any], why: str
) -> None:
    made = listed.started(credential, by_mail(known))
    vendor.fault("consents", "status", **fault, times=1)
    made = listed.to_the_end(made)
    assert made.status == Status.SUCCEEDED
    assert [one.answer for one in kept.found(made) if one.why == why] == [Answer.UNKNOWN]


def test_a_slice_is_a_step_and_the_next_goes_on_behind_it(
    credential: Credential, vendor: Vendor, known: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "SLICE", 8)
    made = listed.step(listed.started(credential, by_mail(known)))
    assert (made.status, made.done, len(made.slices)) == (Status.RUNNING, 8, 1)
    asked = vendor.calls()["consents"]
    made = listed.to_the_end(made)
    assert (made.status, made.done, len(made.slices)) == (Status.SUCCEEDED, 20, 3)
    assert vendor.calls()["consents"] == asked + 12, "nobody is asked about twice"
    assert [one.key for one in kept.found(made)] == by_mail(known)


def test_a_worker_that_died_within_a_slice_costs_that_slice_alone(
    credential: Credential, known: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "SLICE", 8)
    made = listed.step(listed.started(credential, by_mail(known)))
    with monkeypatch.context() as within:
        within.setattr(checking, "_asked", _dies)
        with pytest.raises(SystemExit):
            listed.step(made)
    later = timezone.now() + timedelta(seconds=settings.RUN_LEASE + 1)
    made = listed.step(Checklist.objects.get(pk=made.pk), at=later)
    made = made if made.is_over else listed.to_the_end(made)
    assert [one.key for one in kept.found(made)] == by_mail(known), "everybody once, in their order"
    assert sum(made.counts.values()) == 20


def _dies(*about: Any) -> Any:
    raise SystemExit


def test_trouble_that_passes_waits_and_goes_on(
    credential: Credential, vendor: Vendor, known: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upstream.transport.ATTEMPTS", 1)
    made = listed.started(credential, by_mail(known))
    vendor.fault("consents", "status", status=503, times=1)
    made = listed.step(made)
    assert (made.status, made.code, made.done) == (Status.RUNNING, "trouble", 0)
    made = listed.to_the_end(made)
    assert (made.status, made.done) == (Status.SUCCEEDED, 20)


def test_trouble_that_does_not_pass_ends_it_with_a_sentence(
    as_anna: Client, credential: Credential, vendor: Vendor, known: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upstream.transport.ATTEMPTS", 1)
    made = listed.started(credential, by_mail(known))
    vendor.fault("consents", "status", status=503, times=0)
    made = listed.to_the_end(made)
    vendor.control("DELETE", "faults")
    assert (made.status, made.code) == (Status.FAILED, "not_asked")
    page = as_anna.get(made.get_absolute_url()).content.decode()
    assert "This list was not asked about to its end." in page
    assert "APSIS One has trouble of its own." in page


@pytest.mark.django_db(transaction=True)  # a token is renewed in a thread
def test_a_refused_key_ends_it(
    credential: Credential, vendor: Vendor, known: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudges, "send", lambda *runs: True)
    made = listed.started(credential, by_mail(known))
    vendor.fault("consents", "status", status=401, times=0)
    made = listed.to_the_end(made)
    vendor.control("DELETE", "faults")
    assert (made.status, made.code) == (Status.FAILED, "not_asked")
    credential.refresh_from_db()
    assert credential.state == Credential.State.REFUSED


def test_whoever_stops_it_keeps_what_was_found(
    credential: Credential, anna: User, known: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "SLICE", 8)
    made = listed.step(listed.started(credential, by_mail(known)))
    list_actions.cancel(made, by=anna)
    monkeypatch.setattr("runs.heartbeat.Heartbeat.__call__", lambda beat, stage, length: beat.stop_if_asked())
    made = listed.to_the_end(made)
    assert made.status == Status.CANCELLED
    assert made.done == len(list(kept.found(made))) >= 8


def test_a_stale_worker_changes_nothing(credential: Credential, known: list[Person]) -> None:
    made = listed.started(credential, by_mail(known))
    stale = Checklist.objects.select_related("credential", "owner", "account").get(pk=made.pk)
    listed.to_the_end(made)
    with pytest.raises(StaleRun):
        stale.move(Status.RUNNING, "asking", now=timezone.now())


def test_the_account_is_asked_no_faster_than_its_lane(
    credential: Credential, known: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = listed.started(credential, by_mail(known))
    waits, taken = iter([0.2, 0.1, 0.0, 0.0]), []
    monkeypatch.setattr(lanes, "take", lambda account, name, now: taken.append(name) or next(waits))
    slept: list[float] = []
    claimed = Checklist.objects.select_related("account").get(pk=made.pk)
    checking._wait_for_slot(claimed, slept.append)
    assert slept == [0.2, 0.1]
    assert set(taken) == {"lists"}
    batches = list(checking._batches(claimed, by_mail(known)))
    assert [len(batch) for batch in batches] == [16, 4]
    by_id = [Key(CRM_KEYSPACE, f"C-{n}") for n in range(20)]
    assert [len(batch) for batch in checking._batches(claimed, by_id)] == [8, 8, 4], "two calls each"


# ── Nothing in plain sight ───────────────────────────────────────────────────────────────────────────────────


def test_who_they_are_lies_sealed_and_goes_in_time(credential: Credential, anna: User, known: list[Person]) -> None:
    made = listed.to_the_end(listed.started(credential, by_mail(known)))
    written = json.dumps(list(Event.objects.values_list("facts", "target")))
    row = str(Checklist.objects.values().get(pk=made.pk))
    pieces = b""
    for name in default_storage.listdir(made.folder)[1]:
        with default_storage.open(f"{made.folder}/{name}") as file:
            pieces += file.read()
    assert pieces
    for person in known:
        assert person.email not in written + row
        assert person.email.encode() not in pieces
    retention.sweep(now=made.expires_at - timedelta(seconds=1))
    assert list(kept.found(made))
    retention.sweep(now=made.expires_at)
    made.refresh_from_db()
    assert made.gone_at
    assert default_storage.listdir(made.folder)[1] == []
    assert sum(made.counts.values()) == 20, "the numbers stay"


def test_people_whom_no_key_of_the_vault_opens_any_more_are_not_here(
    as_anna: Client, credential: Credential, known: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = listed.to_the_end(listed.started(credential, by_mail(known)))
    waiting = listed.started(credential, by_mail(known))
    monkeypatch.setattr(kept.vault, "unseal", _opens_nothing)
    page = as_anna.get(made.get_absolute_url())
    assert page.status_code == 200
    assert "Who was asked about is not here any more." in page.content.decode()
    assert as_anna.post(f"{made.get_absolute_url()}workbook/").status_code == 404
    claimed = claim(Checklist.objects.select_related("owner"), waiting.pk, queue="files", now=waiting.due_at)
    assert claimed is not None
    checking.make(claimed, cast(Apsis, None), timezone.now)
    assert (claimed.status, claimed.code) == (Status.FAILED, "people_gone")


def _opens_nothing(sealed: str) -> str:
    raise vault.CannotOpen


def test_a_full_disk_keeps_no_list_and_says_so(
    as_anna: Client, credential: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "keep_people", _is_full)
    page = as_anna.post(NEW, said(credential, "a@example.com"))
    assert page.status_code == 422
    assert "This desk’s disk is full" in page.content.decode()
    assert not Checklist.objects.exists()


def test_a_disk_that_fills_ends_a_list_with_a_sentence(
    as_anna: Client, credential: Credential, known: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = listed.started(credential, by_mail(known))
    with monkeypatch.context() as within:
        within.setattr(kept, "keep_found", _is_full)
        tasks.check(pk=made.pk)
    made.refresh_from_db()
    assert (made.status, made.code, made.done) == (Status.FAILED, "no_room", 0)
    assert "disk was full" in as_anna.get(made.get_absolute_url()).content.decode()


def _is_full(*about: Any) -> Any:
    raise OSError(errno.ENOSPC, "no room")


# ── The pages ────────────────────────────────────────────────────────────────────────────────────────────────


def said(credential: Credential, text: str, **more: Any) -> dict[str, Any]:
    about = listed.question(credential)
    return {
        "people": text,
        "account": credential.account_id,
        "section": SECTION,
        "topic": about.topic.discriminator,
        "channel": EMAIL_CHANNEL,
        "keyspace": "",
    } | more


def test_from_the_page_to_the_workbook(as_anna: Client, credential: Credential, known: list[Person]) -> None:
    assert "No lists yet." in as_anna.get(URL).content.decode()
    text = "E-post\n" + "\n".join(person.email for person in known) + "\n\n" + known[0].email
    answer = as_anna.post(NEW, said(credential, text))
    made = Checklist.objects.get()
    assert answer["Location"] == made.get_absolute_url()
    page = as_anna.get(made.get_absolute_url()).content.decode()
    assert "20 people are asked about. Left out: the header, 1 blank line, 1 double." in page
    assert "Asking whether they may get e-mail about" in page
    live = as_anna.get(f"{made.get_absolute_url()}live/", {"shown": made.version})
    assert live.status_code == 204
    made = listed.to_the_end(made)
    assert as_anna.get(f"{made.get_absolute_url()}live/", {"shown": 0}).status_code == 200  # shows people, too
    page = as_anna.get(made.get_absolute_url()).content.decode()
    yes = made.counts["yes"]
    assert f"{yes} of 20 people may get e-mail about" in page
    assert all(person.email in page for person in known)
    some = next(word for word in made.counts if word.startswith("no:"))
    only = as_anna.get(made.get_absolute_url(), {"outcome": some}).content.decode()
    assert len(re.findall(r"<td><bdi>", only)) == made.counts[some]
    file = as_anna.post(f"{made.get_absolute_url()}workbook/")
    assert file["Content-Disposition"].startswith("attachment")
    sheet = openpyxl.load_workbook(io.BytesIO(file.content))["Rows"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[0] for row in rows[1:]] == [person.email for person in known]
    assert [row[1] for row in rows[1:]].count("yes") == yes
    assert [event.action for event in Event.objects.filter(action__startswith="list.").order_by("pk")] == [
        "list.started", "list.finished", *["list.looked_at"] * 3, "list.downloaded",
    ]  # fmt: skip


def test_a_file_can_be_sent(as_anna: Client, credential: Credential, known: list[Person]) -> None:
    file = SimpleUploadedFile("people.csv", "\n".join(person.mobile for person in known).encode())
    assert as_anna.post(NEW, said(credential, "", file=file)).status_code == 302
    assert Checklist.objects.get().total == 20


def test_lines_that_cannot_be_read_are_named_and_can_be_left_out(as_anna: Client, credential: Credential) -> None:
    text = "a@example.com\nb @example.com\n070 000 00 01"
    page = as_anna.post(NEW, said(credential, text))
    assert page.status_code == 422
    assert "2 lines cannot be read." in page.content.decode()
    assert "Line 2: This does not read as an e-mail address" in page.content.decode()
    assert "Leave out the lines that cannot be read" in page.content.decode()
    assert as_anna.post(NEW, said(credential, text, leave_out="on")).status_code == 302
    assert Checklist.objects.get().total == 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"people": ""}, "Paste somebody, or choose a file."),
        ({"people": "\n".join(f"p{n}@example.com" for n in range(5_001))}, "These are 5,001 people; a list has 5,000"),
        ({"topic": "usercreated.topics.stolen"}, "Select a valid choice"),
        ({"section": "com.apsis1.sections.stolen"}, "Select a valid choice"),
        ({"channel": ""}, "Choose one."),
    ],
)
def test_what_is_wrong_is_said(as_anna: Client, credential: Credential, wrong: dict[str, str], says: str) -> None:
    page = as_anna.post(NEW, said(credential, "a@example.com") | wrong)
    assert page.status_code == 422
    assert says in page.content.decode()
    assert not Checklist.objects.exists()


def test_anothers_list_is_not_there(
    as_jonas: Client, client: Client, credential: Credential, known: list[Person], maria: User
) -> None:
    made = listed.to_the_end(listed.started(credential, by_mail(known)))
    url = made.get_absolute_url()
    assert as_jonas.get(url).status_code == as_jonas.get(f"{url}live/").status_code == 404
    for act in ("workbook", "cancel", "remove"):
        assert as_jonas.post(f"{url}{act}/").status_code == 404
        assert as_jonas.get(f"{url}{act}/").status_code == 405
    assert as_jonas.get(URL).context["rows"] == []
    stranger = Client()
    assert stranger.get(url).status_code == 302
    stranger.force_login(maria)
    assert stranger.get(url).status_code == stranger.get(URL).status_code == 403
    made.refresh_from_db()
    assert made.gone_at is None


def test_its_people_can_be_removed_at_once(as_anna: Client, credential: Credential, known: list[Person]) -> None:
    made = listed.started(credential, by_mail(known))
    as_anna.post(f"{made.get_absolute_url()}remove/")
    made.refresh_from_db()
    assert made.gone_at is None, "not while it is on its way"
    made = listed.to_the_end(made)
    as_anna.post(f"{made.get_absolute_url()}remove/")
    page = as_anna.get(made.get_absolute_url()).content.decode()
    assert "The numbers stay." in page
    assert known[0].email not in page
    assert as_anna.post(f"{made.get_absolute_url()}workbook/").status_code == 404


def test_lists_take_as_many_queries_however_many_they_are(
    as_anna: Client, credential: Credential, known: list[Person], django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        listed.started(credential, by_mail(known[:1]))
    with django_assert_max_num_queries(8):
        assert len(as_anna.get(URL).context["rows"]) == 12
