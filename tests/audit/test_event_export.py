"""Taking the audit history along: everything the filters select, guarded, counted, and itself written down."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User, VendorAccount
from audit import actions as audit
from audit import export, sealing
from audit.models import Event
from tests.audit.conftest import URL

EXPORT = f"{URL}export/"


def taken(client: Client, **filters: str) -> list[list[str]]:
    """Export, and read the file as a spreadsheet would: the lines, then the last one that counts them."""
    answer = client.post(EXPORT, filters)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-history-')
    assert "no-store" in answer["Cache-Control"]
    sent = answer.getvalue()
    assert sent.startswith(b"\xef\xbb\xbf")
    text = sent.decode("utf-8-sig")
    head, *lines, last = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert head[:5] == ["Number", "Time", "Who", "Action", "What happened"]
    assert last == ["End of the file", str(len(lines))]
    return lines


def test_it_holds_every_line_and_is_itself_written_down(reader: Client, anna: User, account: VendorAccount) -> None:
    for number in range(export.AT_ONCE + 30):  # several pieces
        audit.record("run.started", by=anna, target=account, version=number)
    newest = Event.objects.order_by("-pk")[0]
    sealing.seal(now=timezone.now())
    lines = taken(reader)
    assert len(lines) == export.AT_ONCE + 30
    assert lines[-1][0] == "1"
    assert lines[0][4] == f"anna started Nordlys Handel, from version {export.AT_ONCE + 29}"
    told = Event.objects.get(action="audit.exported")
    assert told.facts == {"filters": "all of it", "up_to": newest.pk}


def test_it_holds_what_the_filters_select_and_says_which(as_maria: Client, anna: User, account: VendorAccount) -> None:
    audit.record("run.started", by=anna, target=account)
    audit.record("file.downloaded", by=anna, target=account, rows=48310, form="excel", purpose="summer mailing")
    (line,) = taken(as_maria, view="downloads", person=str(anna.pk), q="summer")
    assert line[4] == "anna downloaded Nordlys Handel as Excel, 48,310 rows, purpose “summer mailing”"
    told = Event.objects.get(action="audit.exported")
    assert told.facts["filters"] == "Downloads; anna; “summer”"


def test_an_address_that_was_searched_for_is_not_kept(as_maria: Client, event: Event) -> None:
    assert taken(as_maria, q="somebody@example.com") == []
    assert Event.objects.get(action="audit.exported").facts["filters"] == "a search for an address"


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_name_does_not_become_a_formula(as_maria: Client, anna: User, account: VendorAccount, name: str) -> None:
    account.name = name
    audit.record("run.started", by=anna, target=account)
    (line,) = taken(as_maria)
    assert line[5] == f"'{name}"


def test_hostile_names_stay_in_their_cells(as_maria: Client, anna: User, account: VendorAccount) -> None:
    account.name = 'one\r\ntwo;"three"\u202e'
    audit.record("run.started", by=anna, target=account)
    (line,) = taken(as_maria)
    assert line[5] == account.name


def test_it_is_written_down_before_the_first_byte(as_maria: Client, event: Event) -> None:
    answer = as_maria.post(EXPORT)
    assert Event.objects.filter(action="audit.exported").exists()
    answer.close()


def test_what_happens_meanwhile_is_not_in_it(
    as_maria: Client, event: Event, anna: User, account: VendorAccount
) -> None:
    answer = as_maria.post(EXPORT)
    audit.record("run.failed", by=None, target=account)
    assert "failed" not in answer.getvalue().decode()


def test_times_are_the_readers_own(as_maria: Client, maria: User, event: Event) -> None:
    User.objects.filter(pk=maria.pk).update(time_zone="Asia/Tokyo")
    (line,) = taken(as_maria)
    assert line[1].endswith("+09:00")


def test_anonymous_and_marketers_stay_out(client: Client, as_jonas: Client, event: Event) -> None:
    assert client.post(EXPORT)["Location"].startswith("/accounts/login/")
    assert as_jonas.post(EXPORT, follow=True).status_code == 403
    assert not Event.objects.filter(action="audit.exported").exists()


def test_it_is_asked_for_by_posting_alone(as_maria: Client, event: Event) -> None:
    assert as_maria.get(EXPORT).status_code == 405
    assert not Event.objects.filter(action="audit.exported").exists()


def test_bad_filters_are_left_out(as_maria: Client, event: Event) -> None:
    assert len(taken(as_maria, person="nobody", **{"from": "x", "view": "moon", "thing": "moon:1"})) == 1


def test_memory_and_connections_stay_flat(
    as_maria: Client, anna: User, account: VendorAccount, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        audit.record("run.started", by=anna, target=account, version=number)
    with django_assert_max_num_queries(20):
        taken(as_maria)
