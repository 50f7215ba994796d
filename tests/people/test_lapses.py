"""Whose consent later files do not show any more: by the newest that tells, channel by channel, and nobody by guess."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from people import lapses
from people.models import FileIndex
from tests.people import files

OLD, NEW = "an old key of thirty-two letters", "a new key of thirty-two letters!"
EMAIL, SMS = 1, 2
START = timezone.now() - timedelta(days=3)

pytestmark = pytest.mark.django_db


def kept(number: int, said: Mapping[str, int], **fields: Any) -> FileIndex:
    """Keep a file of {export key: flags}, as of an hour of that number; an address beside each counts for nobody."""
    entries = {("key", key): flags for key, flags in said.items()}
    entries |= {("email", f"{key}@example.com"): flags for key, flags in said.items()}
    return files.keep(entries, file=number, as_of=START + timedelta(hours=number), **fields)


def quiet() -> None:
    pass


def lapsed(row: FileIndex) -> dict[str, int]:
    row.refresh_from_db()
    return row.lapsed


def test_who_has_no_consent_any_more_is_counted_once() -> None:
    first = kept(1, {"a": EMAIL, "b": EMAIL | SMS, "c": EMAIL, "d": 0, "e": EMAIL})
    second = kept(2, {"a": 0, "b": EMAIL, "c": EMAIL, "d": 0, "f": 0})
    lapses.renew(second, quiet)
    assert lapsed(first) == {"email": 1, "sms": 1}
    assert first.lapsed_as_of == second.as_of
    assert (lapsed(second), second.lapsed_as_of) == ({}, None)


def test_the_newest_that_tells_of_somebody_counts() -> None:
    first = kept(1, {"a": EMAIL, "b": EMAIL})
    third = kept(3, {"a": EMAIL})
    second = kept(2, {"a": 0, "b": 0})  # read later, and older
    for row in (third, second):
        lapses.renew(row, quiet)
    assert lapsed(first) == {"email": 1}
    assert lapsed(second) == {}
    assert first.lapsed_as_of == third.as_of


def test_a_file_of_another_order_or_fewer_channels_tells_of_those_it_has() -> None:
    first = kept(1, {"a": EMAIL | SMS, "b": EMAIL | SMS})
    kept(2, {"a": 0, "b": 0}, channels=("email",))
    newest = kept(3, {"a": 0, "b": 1}, channels=("sms", "other"))
    lapses.renew(newest, quiet)
    assert lapsed(first) == {"email": 2, "sms": 1}


def test_other_subscriptions_and_other_keys_tell_nothing(settings: Any) -> None:
    settings.INDEX_KEYS = [OLD]
    first = kept(1, {"a": EMAIL})
    lapses.renew(kept(2, {"a": 0}, subject="b"), quiet)
    settings.INDEX_KEYS = [NEW, OLD]
    lapses.renew(kept(3, {"a": 0}), quiet)
    assert lapsed(first) == {}


@pytest.mark.parametrize("stored", [None, b"no index", b"cut short"])
def test_one_that_is_gone_or_damaged_tells_nothing_and_holds_nobody_up(stored: bytes | None) -> None:
    first, second = kept(1, {"a": EMAIL, "b": EMAIL}), kept(2, {"a": 0, "b": 0})
    with default_storage.open(second.storage_name) as file:
        whole = file.read()
    default_storage.delete(second.storage_name)
    if stored:
        with default_storage.open(second.storage_name, "wb") as file:
            file.write(whole[:30] if stored == b"cut short" else stored)
    lapses.renew(kept(3, {"b": 0}), quiet)
    assert lapsed(first) == {"email": 1}


def test_one_that_is_swept_while_it_is_reckoned_is_not_written() -> None:
    first, second = kept(1, {"a": EMAIL}), kept(2, {"a": 0})
    lapses.renew(second, lambda: FileIndex.objects.filter(pk=second.pk).delete() and None)
    assert lapsed(first) == {"email": 1}
    assert FileIndex.objects.get() == first


def test_who_has_read_less_does_not_have_the_last_word() -> None:
    """Another step writes while this one reckons: this one reads again, and finds what the other could not know."""
    first, second = kept(1, {"a": EMAIL}), kept(2, {"a": 0})
    asked = []

    def other_writes() -> None:
        if not asked:
            FileIndex.objects.filter(pk=first.pk).update(lapsed={"email": 9}, lapsed_no=F("lapsed_no") + 1)
        asked.append(1)

    lapses.renew(second, other_writes)
    assert lapsed(first) == {"email": 1}
    assert first.lapsed_no == 2


class Enough(Exception):
    pass


def test_it_can_be_stopped_and_repeated() -> None:
    first, second = kept(1, {"a": EMAIL}), kept(2, {"a": 0})

    def stop() -> None:
        raise Enough

    with pytest.raises(Enough):
        lapses.renew(second, stop)
    for _ in range(2):
        lapses.renew(second, quiet)
        assert lapsed(first) == {"email": 1}


tables = st.lists(st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 3)), min_size=1, max_size=4)


class BesideADictionary(TestCase):
    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(tables, st.integers(1, 5))
    def test_any_files_in_slices_of_any_length(self, tables: list[dict[str, int]], slice_: int) -> None:
        rows = [kept(number, said) for number, said in enumerate(tables)]
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(lapses, "SLICE", slice_)
            lapses.renew(rows[0], quiet)
        for number, row in enumerate(rows):
            newest: dict[str, int] = {}
            for said in tables[number + 1 :]:
                newest |= said
            wanted = {}
            for channel, bit in (("email", EMAIL), ("sms", SMS)):
                had = [key for key, flags in tables[number].items() if flags & bit]
                if n := sum(key in newest and not newest[key] & bit for key in had):
                    wanted[channel] = n
            assert lapsed(row) == wanted
