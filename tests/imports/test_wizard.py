"""The wizard, step by step: each an address that works, keeps what was said, and goes on only where it may."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Credential, User
from audit.models import Event
from imports import actions, columns, converting, receiving, retention, trail
from imports.draft import KEY, Draft, Place
from imports.models import Check, Conversion, Import, ImportPart, Upload
from imports.parse.rows import REASON_TITLES
from runs import steps
from runs.claims import claim
from runs.models import Status
from tests.conftest import Vendor, sign_in
from tests.imports import made

pytestmark = pytest.mark.usefixtures("vendor")

EIGHT = [
    (delimiter, encoding)
    for delimiter in (",", ";", "\t", "|")
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252")
]
PEOPLE = [["E-post", "Mobil", "Förnamn", "Nyhetsbrev"], ["asa@example.com", "+46 000 000 001", "Åsa", "ja"]]


@pytest.fixture
def browser(client: Client, anna: User) -> Client:
    return sign_in(client, anna)


@pytest.fixture
def upload(annas_key: Credential) -> Upload:
    return made.draft(annas_key).upload


def url(upload: Upload, step: str) -> str:
    return reverse(f"imports:upload_{step}", args=[upload.pk])


def begun(browser: Client, key: Credential, **more: Any) -> Upload:
    """Begin an import as its page would."""
    page = browser.get(reverse("imports:upload_new"))
    form = page.context["form"]
    said = {
        "purpose": "people",
        "account": str(key.account_id),
        "section": form.fields["section"].choices[0][0],
        "keyspace": form.fields["keyspace"].choices[0][0],
        "save": "1",
    }
    answer = browser.post(reverse("imports:upload_new"), said | more)
    assert answer.status_code == 302, answer.context["form"].errors
    return Upload.objects.order_by("-pk")[0]


def send(browser: Client, upload: Upload, data: bytes, name: str = "people.csv") -> Any:
    return browser.post(url(upload, "file"), {"file": SimpleUploadedFile(name, data)})


def text(answer: Any) -> str:
    return answer.content.decode()


# ── All the way ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_goes_all_the_way(browser: Client, anna: User, annas_key: Credential) -> None:
    upload = begun(browser, annas_key)
    data = "\n".join(";".join(row) for row in [*PEOPLE, ["bo@@example.com", "46000000002", "Bo", "nej"]])
    assert send(browser, upload, data.encode("cp1252")).url == url(upload, "reading")
    page = browser.get(url(upload, "reading"))
    assert "Åsa" in text(page)
    said = {"encoding": "cp1252", "delimiter": "semicolon", "quote": '"', "header_row": "1", "save": "1"}
    assert browser.post(url(upload, "reading"), said).url == url(upload, "columns")

    page = browser.get(url(upload, "columns"))
    seen = {column.title: column for column, _place, _typed in page.context["rows"]}
    assert seen["E-post"].to == "key"
    assert seen["Mobil"].by == "name"
    assert seen["Nyhetsbrev"].to == "out"
    answer = browser.post(url(upload, "columns"), {f"to-{c.index}": c.to for c in seen.values()} | {"empty": "leave"})
    assert answer.url == url(upload, "consents")

    page = browser.get(url(upload, "consents"))
    topic = next(topic for topic in page.context["topics"] if topic.channel is None)
    channel = page.context["channels"][0]
    rule = {"topic-0": topic.discriminator, "channel-0": channel.discriminator, "type-0": "opt-in", "column-0": "3"}
    assert browser.post(url(upload, "consents"), rule | {"save": "1"}).url == url(upload, "check")

    assert "Reading every row" in text(browser.get(url(upload, "check")))
    upload.refresh_from_db()
    made.checked(Draft(upload, _library(annas_key)))
    page = browser.get(url(upload, "check"))
    assert [(fault.field, fault.count, fault.choice) for fault in page.context["faults"]] == [
        ("E-post", 1, "leave_out"),
        ("Mobil", 1, "mend"),
    ]
    assert "All 2 rows are read." in text(page)
    page = browser.get(url(upload, "confirm"))
    assert "Send 1 row" in text(page)
    assert page.context["sentence"] == (
        f"Send 1 rows in 1 part to {upload.section_name}, known by Email; give consent to “{topic.name}” by "
        f"{channel.name} to those whose Nyhetsbrev says so (not to people who have opted out of it); leave out 1 row."
    )
    answer = browser.post(url(upload, "confirm"))
    whole = Import.objects.get()
    assert answer.url == whole.get_absolute_url()
    assert (whole.row_count, whole.rejected, whole.left_out) == (2, 1, 0)
    assert whole.asks["consents"][0]["field"] == "Nyhetsbrev"
    assert not whole.asks["consents"][0]["resubscribe"]
    part = ImportPart.objects.get()
    assert (part.row_count, part.number) == (1, 1)
    # The draft's own addresses lead to what it has become, and pressing twice sends once.
    for step in ("file", "columns", "confirm"):
        assert browser.get(url(upload, step)).url == whole.get_absolute_url()
    assert browser.post(url(upload, "confirm")).url == whole.get_absolute_url()
    assert Import.objects.count() == 1


def _library(key: Credential) -> Any:
    from accounts.definitions import Library

    return Library(key)


@pytest.mark.parametrize(("delimiter", "encoding"), EIGHT)
def test_every_spelling_gives_the_same_preview(
    browser: Client, annas_key: Credential, delimiter: str, encoding: str
) -> None:
    upload = begun(browser, annas_key)
    data = "\r\n".join(delimiter.join(row) for row in PEOPLE).encode(encoding)
    send(browser, upload, data)
    page = browser.get(url(upload, "reading"))
    assert page.context["titles"] == PEOPLE[0]
    assert page.context["first"] == [(2, PEOPLE[1])]
    assert page.context["accented"] == "Förnamn · Åsa"


def test_the_rows_follow_what_is_chosen_and_nothing_is_saved(browser: Client, upload: Upload) -> None:
    before = Upload.objects.get(pk=upload.pk).reading
    said = {"encoding": "utf-8", "delimiter": "comma", "quote": '"', "header_row": "0"}
    answer = browser.post(url(upload, "rows"), said)
    assert "Column A" in text(answer)
    assert Upload.objects.get(pk=upload.pk).reading == before


def test_a_wrong_encoding_is_told_with_its_line(browser: Client, annas_key: Credential) -> None:
    upload = begun(browser, annas_key)
    send(browser, upload, "email;namn\na@example.com;Åsa\n".encode("cp1252"))
    said = {"encoding": "utf-8", "delimiter": "semicolon", "quote": '"', "header_row": "1"}
    answer = browser.post(url(upload, "reading"), said | {"save": "1"})
    assert answer.status_code == 422
    assert "Line 2 cannot be read as utf-8" in text(answer)
    assert not Upload.objects.get(pk=upload.pk).is_read


# ── The file ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_file_stays_at_the_file(browser: Client, annas_key: Credential) -> None:
    upload = begun(browser, annas_key)
    assert send(browser, upload, b"").url == url(upload, "file")
    assert "The file is empty" in text(browser.get(url(upload, "file")))
    assert browser.get(url(upload, "columns")).url == url(upload, "file")


def workbook(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def opened(upload: Upload) -> Conversion:
    """Let a worker open a spreadsheet."""
    found = upload.conversions.get(finished_at=None)
    mine = claim(Conversion.objects.select_related("upload"), found.pk, queue="files", now=timezone.now())
    assert mine
    converting.make(mine, timezone.now)
    mine.refresh_from_db()
    return mine


def test_a_spreadsheet_is_opened_sheet_by_sheet_and_goes_on_like_a_text(browser: Client, annas_key: Credential) -> None:
    upload = begun(browser, annas_key)
    people = [["email", "mobile", "born"], ["asa@example.com", 46000000001, date(1990, 1, 31)], [], ["b@example.com"]]
    data = workbook(("Notes", [["nothing", "here"], ["at", "all"]]), ("People", people))
    assert send(browser, upload, data, "people.xlsx").url == url(upload, "reading")
    page = browser.get(url(upload, "reading"))
    assert "Opening the spreadsheet." in text(page)
    live = url(upload, "sheet_live")
    assert browser.get(live).status_code == 204
    assert opened(upload).code == "converted"
    assert browser.get(live)["HX-Refresh"] == "true"
    # The first sheet is a guess; another is a choice away.
    page = browser.get(url(upload, "reading"))
    assert list(page.context["form"].fields) == ["sheet", "header_row"]
    answer = browser.post(url(upload, "reading"), {"sheet": "People", "header_row": "1", "save": "1"})
    assert answer.url == url(upload, "reading")
    opened(upload)
    page = browser.get(url(upload, "reading"))
    assert page.context["titles"] == people[0]
    assert page.context["first"] == [
        (2, ["asa@example.com", "46000000001", "1990-01-31"]),
        (4, ["b@example.com", "", ""]),
    ]
    answer = browser.post(url(upload, "reading"), {"sheet": "People", "header_row": "1", "save": "1"})
    assert answer.url == url(upload, "columns")
    to = {column.title: column.to for column, *_ in browser.get(answer.url).context["rows"]}
    assert to["email"] == "key"


@pytest.mark.parametrize("data", [b"PK\x03\x04 no workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no old one"])
def test_a_spreadsheet_that_cannot_be_opened_says_why(browser: Client, annas_key: Credential, data: bytes) -> None:
    upload = begun(browser, annas_key)
    send(browser, upload, data, "people.xlsx")
    assert opened(upload).status == Status.FAILED
    page = browser.get(url(upload, "reading"))
    assert "The spreadsheet cannot be opened" in text(page)
    assert "Choose another file" in text(page)
    assert browser.get(url(upload, "columns")).url == url(upload, "reading")


def test_a_file_with_a_header_alone_says_so(browser: Client, annas_key: Credential) -> None:
    upload = begun(browser, annas_key)
    send(browser, upload, b"email;name\n")
    assert "a header and no rows" in text(browser.get(url(upload, "reading")))


def piece(browser: Client, upload: Upload, data: bytes, at: int, length: int, name: str = "stor%20fil.csv") -> Any:
    return browser.post(
        url(upload, "piece"),
        data,
        content_type="application/octet-stream",
        headers={"X-File-Name": name, "X-File-Length": str(length), "X-File-At": str(at)},
    )


def test_a_file_comes_in_pieces_and_goes_on_where_it_stopped(browser: Client, annas_key: Credential) -> None:
    upload = begun(browser, annas_key)
    data = b"email\n" + b"a@example.com\n" * 10
    assert piece(browser, upload, data[:50], 0, len(data)).json() == {"received": 50}
    # The same piece again, and one from the beginning: what is here already says how to go on.
    again = piece(browser, upload, data[:50], 0, len(data))
    assert (again.status_code, again.json()) == (409, {"received": 50})
    assert piece(browser, upload, data[80:], 80, len(data)).status_code == 409
    last = piece(browser, upload, data[50:], 50, len(data))
    assert last.json() == {"received": len(data), "next": url(upload, "reading")}
    upload.refresh_from_db()
    assert (upload.name, upload.length, upload.is_whole) == ("stor fil.csv", len(data), True)
    from django.core.files.storage import default_storage

    with default_storage.open(upload.storage_name) as file:
        assert file.read() == data
    assert default_storage.listdir(f"{upload.folder}/pieces")[1] == []


def test_another_file_begins_anew(browser: Client, upload: Upload) -> None:
    old = Upload.objects.get(pk=upload.pk)
    piece(browser, upload, b"email\n", 0, 20, name="other.csv")
    upload.refresh_from_db()
    assert (upload.name, upload.received, upload.is_whole) == ("other.csv", 6, False)
    from django.core.files.storage import default_storage

    assert not default_storage.exists(old.storage_name)


def test_a_file_over_the_limit_is_refused_before_it_is_taken(
    browser: Client, settings: Any, annas_key: Credential
) -> None:
    settings.IMPORT_MAX_BYTES = 10
    upload = begun(browser, annas_key)
    answer = piece(browser, upload, b"email\n", 0, 11)
    assert answer.status_code == 413
    assert "larger than 10 bytes" in answer.json()["error"]
    assert send(browser, upload, b"email\na@example.com\n").status_code == 422
    upload.refresh_from_db()
    assert not upload.received


@pytest.mark.parametrize(
    "headers", [{}, {"X-File-Name": "a"}, {"X-File-Name": "a", "X-File-Length": "x", "X-File-At": "0"}]
)
def test_what_is_no_piece_is_refused(browser: Client, upload: Upload, headers: dict[str, str]) -> None:
    answer = browser.post(url(upload, "piece"), b"x", content_type="application/octet-stream", headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("written", "name"), [("..%2F..%2Fetc%2Fpasswd", "passwd"), ("C%3A%5Ctmp%5Ca.csv", "a.csv"), ("%00", "file")]
)
def test_a_file_is_called_by_its_last_name(written: str, name: str) -> None:
    assert receiving.file_name(written) == name


# ── Columns and consents ─────────────────────────────────────────────────────────────────────────────────────


def test_two_columns_for_one_place_are_named(browser: Client, upload: Upload) -> None:
    answer = browser.post(url(upload, "columns"), {"to-0": "key", "to-1": "key", "to-2": "out", "to-3": "out"})
    assert answer.status_code == 422
    assert "2 columns go to Email: email, mobile. Leave all but one out." in text(answer)


def test_without_a_key_it_does_not_go_on(browser: Client, upload: Upload) -> None:
    answer = browser.post(url(upload, "columns"), {"to-0": "out"})
    assert "No column says who it is. Choose the one with: Email." in text(answer)
    assert browser.get(url(upload, "check")).url == url(upload, "columns")


def test_what_cannot_be_written_is_not_offered_and_says_why(browser: Client, upload: Upload) -> None:
    page = browser.get(url(upload, "columns"))
    named = dict(page.context["draft"].not_offered)
    assert "your key may not write it through Email" in named.values()
    offered = {place.name for _name, places in page.context["groups"] for place in places}
    assert not offered & set(named) - {"Email"}
    answer = browser.post(url(upload, "columns"), {"to-0": "key", "to-1": "attribute:no-such-version"})
    assert answer.status_code == 422
    assert "mobile: what you chose is gone from APSIS, or your key may not write it now." in text(answer)
    assert Upload.objects.get(pk=upload.pk).columns["1"] == "out"


def test_of_very_many_attributes_the_names_are_typed(
    browser: Client, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "MOST_LISTED", 3)
    page = text(browser.get(url(upload, "columns")))
    assert page.count("<datalist") == 1
    assert 'name="to-0" value="Who it is: Email"' in page
    said = {"to-0": "who it is: email", "to-1": " Mobile ", "to-2": "", "to-3": "Shoe seize"}
    answer = browser.post(url(upload, "columns"), said)
    assert answer.status_code == 422
    title = Draft(upload, _library(upload.credential)).titles[3]
    assert f"{title}: nothing you may write is called “Shoe seize”." in text(answer)
    assert 'value="Shoe seize"' in text(answer), "what was typed is not lost"
    assert browser.post(url(upload, "columns"), said | {"to-3": ""}).url == url(upload, "consents")
    upload.refresh_from_db()
    assert [Draft(upload, _library(upload.credential)).places[upload.columns[at]].name for at in "01"] == [
        "Email", "Mobile",
    ]  # fmt: skip
    assert (upload.columns["2"], upload.columns["3"]) == ("out", "out")


def test_short_rows_go_with_empty_cells_where_that_is_chosen(browser: Client, annas_key: Credential) -> None:
    drawn = made.draft(annas_key, "email,first name,shoe\na@example.com,Åsa,38\nb@example.com,Bo\n")
    made.checked(drawn)
    page = browser.get(url(drawn.upload, "check"))
    assert "Take the missing last cells for empty" in text(page)
    (fault,) = page.context["faults"]
    assert (fault.id, fault.choice) == (":too_few_cells", "leave_out")
    browser.post(url(drawn.upload, "check"), {"choice::too_few_cells": "mend"})
    drawn.upload.refresh_from_db()
    made.checked(Draft(drawn.upload, drawn.library))
    page = browser.get(url(drawn.upload, "check"))
    assert page.context["going"] == "2"
    assert [fault.choice for fault in page.context["faults"]] == ["mend"]


def test_any_earlier_import_is_a_template(browser: Client, annas_key: Credential, jonas_key: Credential) -> None:
    earlier = made.draft(annas_key, "email,shirt,extra\na@example.com,M,1\n")
    place = next(place.id for place in earlier.places.values() if place.name == "Ort")
    actions.place(earlier.upload, {"0": "key", "1": place, "2": "out"}, erase=False)
    whole = made.confirmed(Draft(earlier.upload, earlier.library))
    drawn = made.draft(annas_key, "email,shirt\nb@example.com,L\n")
    actions.read_as(drawn.upload, drawn.reading)
    page = browser.post(url(drawn.upload, "columns"), {"follow": "1", "earlier": whole.pk}, follow=True)
    assert {column.title: (column.to, column.by) for column, *_ in page.context["rows"]} == {
        "email": ("key", "remembered"),
        "shirt": (place, "remembered"),
    }
    assert "Titles are known from “people.csv”" in text(page)
    theirs = made.confirmed(made.draft(jonas_key, "email\nc@example.com\n"))
    page = browser.post(url(drawn.upload, "columns"), {"follow": "1", "earlier": theirs.pk}, follow=True)
    assert page.context["draft"].remembered == whole, "another's import is no template"
    assert theirs not in page.context["earlier"]


def test_names_that_two_places_share_are_told_apart(upload: Upload, annas_key: Credential) -> None:
    draft = Draft(upload, _library(annas_key))
    one, two = (Place(f"tag:{n}", "News", "tag", "flag", f"com.example.tags.{n}") for n in (1, 2))
    draft.__dict__["places"] = {KEY: draft.places[KEY], one.id: one, two.id: two}
    called = columns.labels(draft)
    assert list(called.values()) == ["Who it is: Email", "News (com.example.tags.1)", "News (com.example.tags.2)"]


def test_columns_are_remembered_by_their_titles(browser: Client, annas_key: Credential, upload: Upload) -> None:
    first = made.draft(annas_key)
    actions.place(first.upload, {str(c.index): c.to for c in first.columns} | {"1": "out"}, erase=False)
    made.confirmed(Draft(first.upload, first.library))
    second = made.draft(annas_key)
    actions.place(second.upload, {}, erase=False)
    found = {c.title: (c.to, c.by) for c in Draft(second.upload, second.library).columns}
    assert found["mobile"] == ("out", "remembered")
    assert found["email"] == ("key", "remembered")


def test_the_columns_of_reasons_are_never_taken_for_ones_own(annas_key: Credential) -> None:
    table = "email;" + ";".join(REASON_TITLES) + "\na@example.com;2;email: Missing\n"
    assert [column.to for column in made.draft(annas_key, table).columns] == ["key", "out", "out"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"topic-0": ""}, "Rule 1 names no subscription"),
        ({"topic-0": "no.such.topic"}, "Rule 1 names no subscription"),
        ({"topic-0": "shared", "channel-0": ""}, "is for every channel"),
        ({"topic-0": "own", "topic-1": "own"}, "Two rules are about the same"),
    ],
)
def test_a_rule_that_is_not_whole_is_named(browser: Client, upload: Upload, rule: dict[str, str], said: str) -> None:
    topics = browser.get(url(upload, "consents")).context["topics"]
    known = {
        "shared": next(t.discriminator for t in topics if t.channel is None),
        "own": next(t.discriminator for t in topics if t.channel is not None),
    }
    rule = {name: known.get(value, value) for name, value in rule.items()}
    answer = browser.post(url(upload, "consents"), rule | {"save": "1"})
    assert answer.status_code == 422
    assert said in text(answer)


@pytest.mark.seed("S2.25")
def test_the_channel_of_a_topic_of_one_is_a_fact(browser: Client, upload: Upload) -> None:
    topics = browser.get(url(upload, "consents")).context["topics"]
    own = next(t for t in topics if t.channel is not None)
    other = next(c for c in browser.get(url(upload, "consents")).context["channels"] if c.discriminator != own.channel)
    rule = {"topic-0": own.discriminator, "channel-0": other.discriminator}
    answer = browser.post(url(upload, "consents"), rule)
    assert "the only one of this subscription" in text(answer)
    assert 'name="channel-0"' not in text(answer)
    browser.post(url(upload, "consents"), rule | {"save": "1"})
    assert Upload.objects.get(pk=upload.pk).consents[0]["channel"] == own.channel


def test_rules_are_put_in_and_taken_out(browser: Client, upload: Upload) -> None:
    answer = browser.post(url(upload, "consents"), {"put_in": "1"})
    assert len(answer.context["rules"]) == 1
    answer = browser.post(url(upload, "consents"), {"topic-0": "", "topic-1": "", "take_out": "0"})
    assert len(answer.context["rules"]) == 1


def test_consents_alone_need_a_rule_and_take_no_columns(browser: Client, annas_key: Credential) -> None:
    upload = begun(browser, annas_key, purpose="consents")
    send(browser, upload, b"email;first name\na@example.com;Eva\n")
    said = {"encoding": "utf-8", "delimiter": "semicolon", "quote": '"', "header_row": "1", "save": "1"}
    browser.post(url(upload, "reading"), said)
    page = browser.get(url(upload, "columns"))
    assert [name for name, _places in page.context["groups"]] == ["Who it is"]
    browser.post(url(upload, "columns"), {"to-0": "key"})
    answer = browser.post(url(upload, "consents"), {"save": "1"})
    assert "needs at least one rule" in text(answer)


# ── The check ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_decision_is_checked_anew_and_the_old_check_stopped(browser: Client, annas_key: Credential) -> None:
    drawn = made.draft(annas_key, "email\na@example.com\nA@example.com\nb@@example.com\n")
    made.checked(drawn)
    page = browser.get(url(drawn.upload, "check"))
    assert page.context["repeated"] == 2
    assert "No row can go as it stands" in text(page)
    answer = browser.post(url(drawn.upload, "check"), {"duplicates": "last", "choice:email:not_an_address": "blank"})
    assert answer.url == url(drawn.upload, "check")
    drawn.upload.refresh_from_db()
    drawn = Draft(drawn.upload, drawn.library)
    found = made.checked(drawn)
    assert (found.findings["good"], found.findings["repeated"], found.findings["faulty"]) == (1, 1, 1)
    # What was decided the first time is known again when it is decided again.
    browser.post(url(drawn.upload, "check"), {"duplicates": ""})
    drawn.upload.refresh_from_db()
    assert Check.objects.count() == 2
    browser.get(url(drawn.upload, "check"))
    assert Check.objects.count() == 3


def test_the_check_answers_a_poll_with_nothing_while_nothing_moves(browser: Client, upload: Upload) -> None:
    found = browser.get(url(upload, "check")).context["made"]
    shown = f"{found.pk}-{found.version}"
    assert browser.get(url(upload, "check_live"), {"shown": shown}).status_code == 204
    assert browser.get(url(upload, "check_live"), {"shown": "1-99"}).status_code == 200


def test_a_check_that_broke_is_begun_anew_by_whoever_looks_and_by_no_poll(browser: Client, upload: Upload) -> None:
    assert browser.get(url(upload, "check_live")).status_code == 404
    found = browser.get(url(upload, "check")).context["made"]
    steps.break_off(found, "check-1-c1")
    for _ in range(2):
        assert "Quote check-1-c1 to whoever runs this desk" in text(browser.get(url(upload, "check_live")))
    assert Check.objects.count() == 1
    assert "Reading every row" in text(browser.get(url(upload, "check")))
    assert Check.objects.count() == 2


@pytest.mark.processes  # commits knock at the broker, and none is there
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_the_faulty_rows_are_handed_out_as_they_came(
    transactional_db: None, browser: Client, annas_key: Credential
) -> None:
    drawn = made.draft(annas_key, "email;first name;sko\na@@example.com;Åsa;38\nb@example.com;Bo;39\n")
    made.checked(drawn)
    answer = browser.get(url(drawn.upload, "rejects"))
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert body.splitlines() == [
        f"email;first name;sko;{';'.join(REASON_TITLES)}",
        "a@@example.com;Åsa;38;2;email: Not an e-mail address",
    ]
    assert answer["Content-Disposition"] == 'attachment; filename="people_rejected.csv"'
    assert answer["Cache-Control"] == "private, no-store"
    assert Event.objects.filter(action="import.rejects_downloaded").count() == 1


def test_nothing_is_confirmed_that_was_not_checked_as_it_stands(
    browser: Client, anna: User, annas_key: Credential
) -> None:
    drawn = made.draft(annas_key)
    found = made.checked(drawn)
    actions.decide(drawn.upload, duplicates="first", choices={})
    with pytest.raises(actions.NotReady):
        actions.confirm(Draft(drawn.upload, drawn.library), found, by=anna)
    assert browser.post(url(drawn.upload, "confirm")).url == url(drawn.upload, "check")
    assert not Import.objects.exists()


def test_an_empty_cell_that_erases_is_counted(browser: Client, annas_key: Credential) -> None:
    drawn = made.draft(annas_key, "email;first name\na@example.com;\nb@example.com;\nc@example.com;Cia\n", erase=True)
    made.checked(drawn)
    for step in ("check", "confirm"):
        assert browser.get(url(drawn.upload, step)).context["erased"] == [("first name", "2")]
    assert drawn.request().clear_empty


# ── Whose it is, and how long ────────────────────────────────────────────────────────────────────────────────


def test_a_draft_is_its_owners_alone(client: Client, jonas: User, upload: Upload) -> None:
    sign_in(client, jonas)
    for word, _name in trail.STEPS:
        assert client.get(url(upload, word)).status_code == 404
    assert client.post(url(upload, "discard")).status_code == 404
    assert Upload.objects.filter(pk=upload.pk, gone_at=None).first() is not None


def test_a_discarded_draft_is_gone_with_its_file(
    browser: Client, upload: Upload, django_capture_on_commit_callbacks: Any
) -> None:
    from django.core.files.storage import default_storage

    with django_capture_on_commit_callbacks(execute=True):
        browser.post(url(upload, "discard"))
    assert not default_storage.exists(upload.folder)
    assert not default_storage.exists(upload.storage_name)
    answer = browser.get(url(upload, "columns"))
    assert answer.status_code == 410
    assert "This draft is gone." in text(answer)


def test_a_draft_lasts_a_day_and_its_file_no_longer(browser: Client, upload: Upload) -> None:
    from django.core.files.storage import default_storage

    retention.sweep(now=timezone.now() + timedelta(hours=23))
    assert default_storage.exists(upload.storage_name)
    retention.sweep(now=timezone.now() + timedelta(hours=25))
    assert not default_storage.exists(upload.storage_name)
    assert browser.get(url(upload, "file")).status_code == 410


def test_what_a_vendor_that_is_away_told_last_is_shown(browser: Client, vendor: Vendor, annas_key: Credential) -> None:
    upload = begun(browser, annas_key)
    vendor.fault("*", "status", status=503, body="", times=0)
    answer = browser.post(reverse("imports:upload_new"), {"refresh": "1"})
    assert "APSIS could not be asked just now" in text(answer)
    assert browser.get(url(upload, "purpose")).status_code == 200


def test_without_a_key_it_leads_to_the_credentials(client: Client, jonas: User) -> None:
    sign_in(client, jonas)
    assert "An import needs your key." in text(client.get(reverse("imports:upload_new")))
