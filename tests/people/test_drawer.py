"""In which downloaded files somebody is: by any of their addresses, under any key; what cannot tell is counted."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from people import addresses, drawer, keeping
from people.models import FileIndex
from tests.people import files

OLD, NEW = "an old key of thirty-two letters", "a new key of thirty-two letters!"
MAJA, OLLE = addresses.read("maja@example.com"), addresses.read("+46 000 000 01")
MONTH = timedelta(days=30)

pytestmark = pytest.mark.django_db


def holding(*who: addresses.Address, keys: tuple[str, ...] = ()) -> drawer.Drawer:
    return drawer.holding(who, keys, since=timezone.now() - MONTH)


def test_each_file_says_its_own() -> None:
    files.keep({("email", "maja@example.com"): 1}, file=1)
    files.keep({("email", "maja@example.com"): 0, ("phone", "4600000001"): 2}, file=2)
    files.keep({("phone", "4600000001"): 2}, file=3)
    assert {one.file: one.consents for one in holding(MAJA).held} == {
        1: {"email": True, "sms": False},
        2: {"email": False, "sms": False},
    }
    assert [one.run for one in holding(MAJA).held] == [1002, 1001], "newest first"


def test_several_addresses_and_a_key_are_one_person() -> None:
    files.keep({("email", "maja@example.com"): 1, ("key", "k-1"): 0, ("phone", "4600000001"): 2}, file=1)
    files.keep({("key", "k-1"): 0}, file=2)
    found = {one.file: one.consents for one in holding(MAJA, OLLE, keys=("k-1",)).held}
    assert found == {1: {"email": True, "sms": True}, 2: {"email": False, "sms": False}}


def test_a_number_a_key_and_an_address_that_read_alike_are_three() -> None:
    files.keep({("phone", "4600000001"): 1}, file=1)
    assert holding(keys=("4600000001",)).held == []


def test_what_was_downloaded_before_is_not_asked() -> None:
    files.keep({("email", "maja@example.com"): 1}, file=1, taken_ago=31 * 86_400)
    assert holding(MAJA).held == []
    keeping.taken(1, now=timezone.now())
    assert [one.file for one in holding(MAJA).held] == [1]


def test_each_file_is_asked_with_the_key_it_was_made_with(settings: Any) -> None:
    settings.INDEX_KEYS = [OLD]
    files.keep({("email", "maja@example.com"): 1}, file=1)
    settings.INDEX_KEYS = [NEW, OLD]
    files.keep({("email", "maja@example.com"): 1}, file=2)
    assert len(set(FileIndex.objects.values_list("key_id", flat=True))) == 2
    assert [one.file for one in holding(MAJA).held] == [2, 1]
    settings.INDEX_KEYS = [NEW]
    without = holding(MAJA)
    assert ([one.file for one in without.held], without.unread) == ([2], 1)


def test_files_that_cannot_be_read_are_counted_and_nothing_else_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    for number in (1, 2, 3):
        files.keep({("email", "maja@example.com"): 1}, file=number)
    gone, spoilt = FileIndex.objects.order_by("file")[:2]
    default_storage.delete(gone.storage_name)
    default_storage.delete(spoilt.storage_name)
    with default_storage.open(spoilt.storage_name, "wb") as file:
        file.write(b"no index")
    with caplog.at_level(logging.WARNING):
        found = holding(MAJA)
    assert ([one.file for one in found.held], found.unread) == ([3], 2)
    assert caplog.text.count("index not read") == 2
    assert "maja" not in caplog.text


def test_nothing_readable_is_stored() -> None:
    row = files.keep({("email", "maja@example.com"): 1, ("key", "k-1"): 0})
    stored = Path(default_storage.path(row.storage_name)).read_bytes()
    assert b"maja" not in stored
    assert b"k-1" not in stored
    assert len(stored) == 16 + 2 * 14


# ── Their time ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sweep_takes_those_whose_days_are_over(settings: Any) -> None:
    settings.INDEX_KEPT_DAYS = 10
    row, other = files.keep({("email", "maja@example.com"): 1}, file=1), files.keep({}, file=2)
    now = timezone.now()
    keeping.file_gone(1, now=now)
    row.refresh_from_db()
    assert row.expires_at == now + timedelta(days=10)
    keeping.file_gone(1, now=now + timedelta(days=5))
    row.refresh_from_db()
    assert row.expires_at == now + timedelta(days=10), "it goes once"
    assert keeping.sweep(now=now + timedelta(days=9)) == 0
    assert default_storage.exists(row.storage_name)
    assert keeping.sweep(now=now + timedelta(days=11)) == 1
    assert not default_storage.exists(row.storage_name)
    assert [one.pk for one in FileIndex.objects.all()] == [other.pk]


def test_one_that_resists_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    row = files.keep({})
    path = Path(default_storage.path(row.storage_name))
    path.unlink()
    (path / "in-the-way").mkdir(parents=True)
    assert keeping.sweep(now=timezone.now() + 2 * MONTH) == 0
    assert "index not deleted" in caplog.text
    (path / "in-the-way").rmdir()
    assert keeping.sweep(now=timezone.now() + 2 * MONTH) == 1


# ── Beside a dictionary ──────────────────────────────────────────────────────────────────────────────────────

people = st.sampled_from(
    [("email", f"p{n}@example.com") for n in range(4)] + [("phone", f"4600000{n}") for n in (1, 2)]
)


class BesideADictionary(TestCase):
    @settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.dictionaries(people, st.integers(0, 3)), max_size=5), st.lists(people, min_size=1, max_size=3))
    def test_any_files_and_anybody(self, said: list[dict[tuple[str, str], int]], sought: list[tuple[str, str]]) -> None:
        for number, those in enumerate(said):
            files.keep(those, file=number)
        wanted = {}
        for number, those in enumerate(said):
            flags = [those[one] for one in sought if one in those]
            if flags:
                together = reduce(or_, flags)
                wanted[number] = {"email": bool(together & 1), "sms": bool(together & 2)}
        found = holding(*(addresses.read(text) for _kind, text in sought))
        assert {one.file: dict(one.consents) for one in found.held} == wanted
