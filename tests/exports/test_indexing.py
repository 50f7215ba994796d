"""The index of a file's people: begun by a download, made by a worker, kept longer than the file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from exports import actions, indexing, retention, rows, tasks
from exports.models import DerivedFile, ExportRun, Indexing, SavedSegment
from exports.named import Names, layout
from exports.spec import EMAIL, SMS, Choice, ColumnChoice, ConsentSpec
from exports.survey import NotAsVerified
from people import addresses, drawer, pseudonyms, sorting
from people.addresses import Address
from people.entries import DIGEST, IS_KEY, in_order, unpack
from people.models import FileIndex
from runs import shutdown
from runs.claims import claim
from runs.models import StaleRun, Status
from tests.exports import looked, made
from tests.exports.taking import body, get, press

MONTH = timedelta(days=30)
LINES = [
    "k1,maja@example.com,,Maja@Example.com,1",
    'k2,,+46 000 000 01,"olle@example.com",1',
    "k3,,,ella@example.com,0",
    "k4,no address,,,0",
]
MAJA, OLLE, ELLA = (addresses.read(f"{name}@example.com") for name in ("maja", "olle", "ella"))
NUMBER = addresses.read("+4600000001")


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = {**settings.STORAGES, "default": default}


@pytest.fixture
def run(segment: SavedSegment) -> ExportRun:
    return looked.table(segment, LINES)


def asked(run: ExportRun, by: User) -> Indexing:
    actions.index(run, by=by, now=timezone.now())
    return Indexing.objects.latest("pk")


def indexed(run: ExportRun, by: User) -> Indexing:
    """Ask for a file's index, and let a worker make it."""
    wanted = asked(run, by)
    tasks.index(pk=wanted.pk)
    wanted.refresh_from_db()
    return wanted


def holding(*who: Address, keys: tuple[str, ...] = ()) -> list[dict[str, bool]]:
    return [dict(one.consents) for one in drawer.holding(who, keys, since=timezone.now() - MONTH).held]


# ── What begins it ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_the_first_download_begins_it_and_no_other(
    as_anna: Client, anna: User, run: ExportRun, segment: SavedSegment
) -> None:
    press(as_anna, run)
    assert not Indexing.objects.exists(), "nothing was taken yet"
    body(get(as_anna, run))
    wanted = Indexing.objects.get()
    assert (wanted.owner, wanted.of_id, wanted.status) == (anna, run.file_id, Status.QUEUED)
    press(as_anna, run, "received")
    body(get(as_anna, run, "received"))
    assert Indexing.objects.get() == wanted
    tasks.index(pk=wanted.pk)
    row = FileIndex.objects.get()
    before = row.taken_at
    press(as_anna, run, purpose="once more")
    body(get(as_anna, run))
    row.refresh_from_db()
    assert row.taken_at > before
    assert Indexing.objects.count() == 1


@pytest.mark.processes  # what asks for the form knocks at the broker, and none is there
@pytest.mark.django_db(transaction=True)
def test_a_form_made_of_it_begins_it_too(as_anna: Client, anna: User, run: ExportRun) -> None:
    derived = actions.derive(run, actions.Wish("excel-csv"), by=anna)
    tasks.derive(pk=derived.pk)
    derived = DerivedFile.objects.get()
    press(as_anna, run, derived)
    body(get(as_anna, run, derived))
    assert Indexing.objects.get().of_id == run.file_id


def test_one_that_failed_is_begun_anew_by_the_next_download(run: ExportRun, anna: User) -> None:
    looked.spoil(run, b"no gzip")
    failed = indexed(run, anna)
    assert (failed.status, failed.code) == (Status.FAILED, "original_damaged")
    assert asked(run, anna) != failed


def test_two_at_once_begin_one(run: ExportRun, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first = asked(run, anna)
    # The other download has looked before the first was written.
    monkeypatch.setattr(type(Indexing.objects.wanted()), "exists", lambda self: False)
    assert asked(run, anna) == first


# ── What is in it ────────────────────────────────────────────────────────────────────────────────────────────


def test_everybody_is_found_by_key_and_address_with_their_consents(run: ExportRun, anna: User) -> None:
    assert indexed(run, anna).status == Status.SUCCEEDED
    agreed, by_sms, none = {EMAIL: True, SMS: False}, {EMAIL: False, SMS: True}, {EMAIL: False, SMS: False}
    assert holding(MAJA) == holding(keys=("k1",)) == [agreed]
    assert holding(OLLE) == holding(NUMBER) == holding(keys=("k2",)) == [by_sms]
    assert holding(ELLA) == holding(keys=("k3",)) == [none]
    assert holding(addresses.read("nobody@example.com"), keys=("k9", "maja@example.com")) == []
    row = FileIndex.objects.get()
    assert (row.run, row.file) == (run.pk, run.file_id)
    assert (row.entries, row.unread) == (8, 1)
    assert row.as_of == run.requested_at
    assert run.file is not None
    assert row.expires_at == run.file.expires_at + MONTH


def test_no_address_is_in_storage_or_in_the_log(
    run: ExportRun, anna: User, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        indexed(run, anna)
    stored = b"".join(path.read_bytes() for path in (tmp_path / "files" / "drawer").rglob("*") if path.is_file())
    assert len(stored) == 16 + 8 * 14
    for plain in ("maja", "example", "4600000001", "k1"):
        assert plain.encode() not in stored.lower()
    assert "example.com" not in caplog.text


def test_a_file_of_one_channel_is_read_by_its_own_title(run: ExportRun, segment: SavedSegment, anna: User) -> None:
    spec = segment.consent_spec
    one = ConsentSpec(
        section=spec.section, topics=spec.topics, method="single", channel=Choice(SMS, "SMS"), segments=spec.segments
    )
    header = [column.title for column in one.columns()]
    content = "\r\n".join([",".join(header), "k1,+4600000001,1", "k2,,1", ""]).encode()
    ready = looked.keep(made.ready(segment, rows=2, spec=one.to_json()), content, header=header, rows=2)
    indexed(ready, anna)
    assert holding(NUMBER) == [{SMS: True}]
    assert holding(keys=("k2",)) == [{SMS: False}]


def test_a_file_without_rows_has_an_index_of_nobody(segment: SavedSegment, anna: User) -> None:
    assert indexed(looked.table(segment, []), anna).status == Status.SUCCEEDED
    assert FileIndex.objects.get().entries == 0
    assert holding(MAJA) == []


TITLES = ("Key", "Mail", "Number", "Other", "Note")
SPEC = ConsentSpec(
    channels=(
        ColumnChoice(EMAIL, "Email", column="Mail"),
        ColumnChoice(SMS, "SMS", column="Number"),
        ColumnChoice("another", "Another", column="Other"),
    )
)
cells = st.sampled_from(
    ["", "", "maja@example.com", " Maja@EXAMPLE.com", "+46 000 000 01", "4600000001", "070000", 'a "b"', "x\ny", "å,ä"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), cells, cells, cells, cells), max_size=12), st.integers(1, 200))
def test_any_table_says_what_a_dictionary_says(table: list[tuple[str, ...]], chunk: int) -> None:
    content = b"".join(map(rows.line, [TITLES, *table]))
    pieces = rows.of(content[at : at + chunk] for at in range(0, len(content), chunk))
    assert next(pieces) == list(TITLES)
    names = Names(layout(SPEC, TITLES), lambda kind, text: pseudonyms.digest(b"key", kind, text))
    told: dict[bytes, int] = {}
    unread = 0
    for key, *said, _note in table:
        flags = sum(1 << place for place, cell in enumerate(said) if cell)
        found = [("key", key, flags | IS_KEY)]
        for cell, read in zip(said, (addresses.email, addresses.phone, addresses.read), strict=True):
            try:
                if cell:
                    address = read(cell)
                    found.append((address.kind, address.text, flags))
            except addresses.Unreadable:
                unread += 1
        for kind, text, flag in found:
            digest = pseudonyms.digest(b"key", kind, text)[:DIGEST]
            told[digest] = told.get(digest, 0) | flag
    entries = [entry for some in names.of(pieces) for entry in some]
    assert dict(unpack(b"".join(in_order(b"".join(entries))))) == told
    assert names.rows == len(table)
    assert names.unread <= unread
    assert bool(names.unread) == bool(unread)


def test_rows_of_another_width_and_missing_columns_are_refused() -> None:
    names = Names(layout(SPEC, TITLES), lambda kind, text: b"")
    for piece in (b"k,a,b,c\n", ["k", "a"]):
        with pytest.raises(NotAsVerified):
            list(names.of([piece]))
    with pytest.raises(NotAsVerified):
        layout(SPEC, ("Key", "Mail"))


# ── Whatever happens on the way ──────────────────────────────────────────────────────────────────────────────


class Killed(BaseException):
    """The process is gone: nothing of ours runs any more."""


def kill(*_: Any, **__: Any) -> None:
    raise Killed


@pytest.mark.parametrize("at", ["_whole", "_keep", "lapses.renew"])
def test_a_worker_that_died_is_followed_by_another(
    run: ExportRun, anna: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    wanted = asked(run, anna)
    dead = claim(Indexing.objects.all(), wanted.pk, queue="files", now=timezone.now())
    assert dead is not None
    with monkeypatch.context() as patched:
        patched.setattr(f"exports.indexing.{at}", kill)
        with pytest.raises(Killed):
            indexing.make(dead, timezone.now)
    tasks.index(pk=wanted.pk)
    wanted.refresh_from_db()
    assert wanted.status == Status.RUNNING, "its lease has not ended"
    Indexing.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.index(pk=wanted.pk)
    wanted.refresh_from_db()
    assert (wanted.status, wanted.claim_no) == (Status.SUCCEEDED, 2)
    assert holding(MAJA) == [{EMAIL: True, SMS: False}]
    stored = [path for path in (tmp_path / "files" / "drawer").rglob("*") if path.is_file()]
    assert [str(path.relative_to(tmp_path / "files")) for path in stored] == [FileIndex.objects.get().storage_name]


def test_one_that_wakes_up_late_changes_nothing(run: ExportRun, anna: User, tmp_path: Path) -> None:
    wanted = asked(run, anna)
    late = claim(Indexing.objects.all(), wanted.pk, queue="files", now=timezone.now())
    assert late is not None
    Indexing.objects.filter(pk=wanted.pk).update(claim_no=7, status=Status.RUNNING, lease_until=timezone.now())
    late.status = Status.RUNNING
    with pytest.raises(StaleRun):
        indexing.make(late, timezone.now)
    assert not FileIndex.objects.exists()
    assert not [path for path in (tmp_path / "files" / "drawer").rglob("*") if path.is_file()]


def test_a_worker_that_stops_hands_it_on(run: ExportRun, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(shutdown, "is_near", lambda: True)
        patched.setattr("runs.nudges.send", lambda run: True)
        half = indexed(run, anna)
    assert (half.status, half.lease_until) == (Status.RUNNING, None)
    tasks.index(pk=half.pk)
    half.refresh_from_db()
    assert half.status == Status.SUCCEEDED


@pytest.mark.parametrize(
    ("stored", "code"),
    [
        (None, "original_gone"),
        (b"no gzip", "original_damaged"),
        (looked.packed(b"a,b,c,d,e\n1,2,3,4,5\n"), "original_damaged"),  # whole, with fewer rows
        (looked.packed(b"a,b\n" + b"1,2\n" * 4), "original_damaged"),  # with fewer columns
    ],
)
def test_a_file_that_is_not_the_verified_one_has_no_index(
    run: ExportRun, anna: User, tmp_path: Path, stored: bytes | None, code: str
) -> None:
    looked.spoil(run, stored)
    failed = indexed(run, anna)
    assert (failed.status, failed.code) == (Status.FAILED, code)
    assert not FileIndex.objects.exists()
    assert not list((tmp_path / "files" / "drawer").rglob("*"))


def test_what_is_not_read_back_as_it_was_written_is_thrown_away(
    run: ExportRun, anna: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exports.deriving.read_back", lambda name, beat: (1, "another"))
    failed = indexed(run, anna)
    assert (failed.status, failed.code) == (Status.FAILED, "index_damaged")
    assert not list((tmp_path / "files" / "drawer").rglob("*"))


def test_a_disk_that_is_full_fails_with_a_word(run: ExportRun, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Any, entries: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sorting.Sorter, "add", full)
    failed = indexed(run, anna)
    assert (failed.status, failed.code) == (Status.FAILED, "no_room")


# ── How long it stays ────────────────────────────────────────────────────────────────────────────────────────


def test_it_outlives_a_file_that_somebody_removes(run: ExportRun, anna: User, settings: Any) -> None:
    settings.INDEX_KEPT_DAYS = 20
    indexed(run, anna)
    now = timezone.now() + timedelta(days=2)
    retention.remove(run, by=anna, now=now)
    assert FileIndex.objects.get().expires_at == now + timedelta(days=20)
    assert holding(MAJA) == [{EMAIL: True, SMS: False}]


def test_a_file_that_goes_while_it_is_read_has_none(
    run: ExportRun, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = indexing._write

    def removed_meanwhile(*words: Any) -> int:
        retention.remove(run, by=anna)
        return written(*words)

    monkeypatch.setattr(indexing, "_write", removed_meanwhile)
    failed = indexed(run, anna)
    assert (failed.status, failed.code) == (Status.FAILED, "original_gone")
    assert not FileIndex.objects.exists()


def test_the_clock_sweeps_it(run: ExportRun, anna: User, tmp_path: Path) -> None:
    indexed(run, anna)
    FileIndex.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    assert not FileIndex.objects.exists()
    assert not list((tmp_path / "files" / "drawer").rglob("*")), "nor is there an empty folder"
    assert default_storage.exists(run.file.storage_name)  # type: ignore[union-attr]
