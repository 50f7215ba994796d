"""The switch on the operations page: pressed, pressed twice, pressed wrongly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from exports.models import ExportRun, SavedSegment
from runs import drain, line
from runs.models import Drain, Status
from tests.exports import made
from tests.project.test_operations import URL, words

BEGIN, END = "/admin/operations/drain/", "/admin/operations/drain/end/"


def test_it_is_pressed_and_taken_back(as_karin: Client, karin: User, staffed: None) -> None:
    answer = as_karin.post(BEGIN, {"reason": " New disk at three "})
    assert (answer.status_code, answer["Location"]) == (302, URL)
    on = drain.current()
    assert on is not None
    assert (on.by, on.reason) == (karin, "New disk at three")
    page = words(as_karin.get(URL))
    assert "Drained: nothing new starts. What was begun is finished." in page
    assert "karin drained the desk" in page
    assert "Reason: New disk at three" in page
    assert "Drain the desk" not in page

    assert as_karin.post(END)["Location"] == URL
    assert drain.current() is None
    assert "Everything runs." in words(as_karin.get(URL))
    assert list(Event.objects.filter(action__startswith="desk.").order_by("pk").values_list("action", "actor")) == [
        ("desk.drained", karin.pk),
        ("desk.opened", karin.pk),
    ]


def test_one_that_was_forgotten_needs_somebody(
    as_karin: Client, karin: User, segment: SavedSegment, staffed: None
) -> None:
    run = made.run(segment, line.HELD, Status.QUEUED)
    as_karin.post(BEGIN)
    assert "The desk has started nothing" not in words(as_karin.get(URL)), "work on the desk takes a while"
    Drain.objects.update(since=timezone.now() - timedelta(hours=26))
    page = words(as_karin.get(URL))
    assert "One thing needs you." in page
    assert "The desk has started nothing for 1 day 2 h, and 1 run waits for it." in page.replace("\u00a0", " ")
    ExportRun.objects.filter(pk=run.pk).delete()
    assert "The desk has started nothing" not in words(as_karin.get(URL)), "nobody waits"


def test_a_second_press_changes_nothing_and_says_so(as_karin: Client, staffed: None) -> None:
    as_karin.post(BEGIN, {"reason": "The first"})
    page = words(as_karin.post(BEGIN, {"reason": "The second"}, follow=True))
    assert "The desk was drained already, so nothing has changed." in page
    assert "Reason: The first" in page
    as_karin.post(END)
    assert "The desk starts runs already, so nothing has changed." in words(as_karin.post(END, follow=True))
    assert Event.objects.filter(action__startswith="desk.").count() == 2


def test_a_reason_is_optional_and_bounded(as_karin: Client, staffed: None) -> None:
    answer = as_karin.post(BEGIN, {"reason": "x" * 201})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Say it in 200 characters." in html
    assert 'aria-invalid="true"' in html
    assert not drain.is_on()
    as_karin.post(BEGIN)
    assert drain.is_on()


def test_hostile_words_stay_words(as_karin: Client, staffed: None) -> None:
    as_karin.post(BEGIN, {"reason": "<script>alert(1)</script> %(who)s"})
    html = as_karin.get(URL).content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; %(who)s" in html


@pytest.mark.parametrize("url", [BEGIN, END])
def test_it_is_an_admins_alone_and_a_form_s(url: str, as_anna: Client, karin: User, maria: User, db: None) -> None:
    assert Client().post(url)["Location"].startswith("/accounts/login/")
    assert as_anna.post(url).status_code == 403
    auditor = Client()
    auditor.force_login(maria)
    assert auditor.post(url).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(karin)
    assert strict.post(url).status_code == 403
    assert strict.get(url).status_code == 405
    assert not drain.is_on()
