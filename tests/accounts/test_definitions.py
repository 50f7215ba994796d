"""The vendor's lists as one credential sees them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from accounts.definitions import FRESH, Library
from accounts.models import Credential, Definitions
from tests.conftest import Vendor

NOW = datetime(2026, 6, 2, 14, 3, tzinfo=UTC)


def test_a_list_is_asked_for_once_while_it_is_fresh(vendor: Vendor, annas_key: Credential) -> None:
    first = Library(annas_key, now=NOW).read("sections")
    again = Library(annas_key, now=NOW + FRESH - timedelta(seconds=1)).read("sections")
    assert list(again.items) == list(first.items) != []
    assert again.read_at == NOW
    assert vendor.calls()["sections"] == 1


def test_an_old_list_is_asked_for_anew(vendor: Vendor, annas_key: Credential) -> None:
    Library(annas_key, now=NOW).read("sections")
    later = NOW + FRESH
    assert Library(annas_key, now=later).read("sections").read_at == later
    assert vendor.calls()["sections"] == 2
    assert Definitions.objects.count() == 1


def test_refresh_asks_whatever_the_age(vendor: Vendor, annas_key: Credential) -> None:
    library = Library(annas_key, now=NOW)
    section = library.read("sections").items[0].discriminator
    library.read("topics", section)
    library.refresh(section)
    assert vendor.calls()["sections"] == 2
    assert vendor.calls()["topics"] == 2


def test_within_a_request_a_list_is_read_once(
    vendor: Vendor, annas_key: Credential, django_assert_num_queries: object
) -> None:
    library = Library(annas_key, now=NOW)
    library.read("segments")
    with django_assert_num_queries(0):  # type: ignore[operator]
        library.read("segments")


def test_when_the_vendor_is_down_the_last_known_list_stays_with_its_age(vendor: Vendor, annas_key: Credential) -> None:
    known = Library(annas_key, now=NOW).read("sections")
    vendor.fault("sections", "status", status=500, times=0)
    later = Library(annas_key, now=NOW + timedelta(days=2)).read("sections")
    assert list(later.items) == list(known.items)
    assert later.read_at == NOW
    assert later.trouble is not None
    assert later.trouble.transient


def test_a_vendor_that_is_away_is_waited_for_once_a_request(vendor: Vendor, annas_key: Credential) -> None:
    Library(annas_key, now=NOW).refresh("")
    asked = vendor.calls()
    vendor.fault("sections", "status", status=500, times=0)
    later = Library(annas_key, now=NOW + timedelta(days=2))
    later.refresh("")
    assert vendor.calls()["sections"] > asked["sections"]
    assert {kind: vendor.calls()[kind] for kind in ("channels", "segments", "keyspaces")} == {
        kind: asked[kind] for kind in ("channels", "segments", "keyspaces")
    }
    listing = later.read("segments")
    assert listing.items
    assert "this is what it said last. Press “Read again” in a minute." in listing.says
    vendor.control("DELETE", "faults")
    assert Library(annas_key, now=NOW + timedelta(days=2)).read("segments").says == ""


def test_when_nothing_was_ever_known_the_list_is_empty_and_says_why(vendor: Vendor, annas_key: Credential) -> None:
    vendor.fault("segments", "status", status=500, times=0)
    listing = Library(annas_key, now=NOW).read("segments")
    assert (list(listing.items), listing.read_at) == ([], None)
    assert listing.trouble is not None
    assert listing.says == "APSIS could not be asked just now. Press “Read again” in a minute."


def test_each_credential_has_lists_of_its_own(vendor: Vendor, annas_key: Credential, jonas_key: Credential) -> None:
    annas = {item.discriminator for item in Library(annas_key).read("sections").items}
    jonas = {item.discriminator for item in Library(jonas_key).read("sections").items}
    assert jonas < annas
