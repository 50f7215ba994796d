"""The list of imports and the page of one: its seven numbers, its parts, what is rejected, what can be done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Credential, User
from imports import retention
from imports.models import Import, ImportPart
from runs.models import Status
from tests.conftest import sign_in
from tests.imports import made

pytestmark = pytest.mark.usefixtures("vendor")


@pytest.fixture
def browser(client: Client, anna: User) -> Client:
    return sign_in(client, anna)


@pytest.fixture
def whole(annas_key: Credential) -> Import:
    return made.confirmed(made.draft(annas_key, "email\na@example.com\nb@example.com\nc@@example.com\n"))


def text(answer: Any) -> str:
    return answer.content.decode()


def test_the_page_sums_to_the_rows_of_the_file(browser: Client, whole: Import) -> None:
    page = browser.get(whole.get_absolute_url())
    told = page.context["report"]
    assert [fate.count for fate in told.fates] == [0, 1, 2, 0, 0, 0, 0]
    assert told.sum == told.rows == 3
    assert "the rows of your file" in text(page)
    assert sum(float(width) for _fate, _x, width in page.context["bar"]) == pytest.approx(100, abs=0.1)


def test_a_poll_is_answered_with_nothing_while_nothing_moves(
    browser: Client, whole: Import, django_assert_max_num_queries: Any
) -> None:
    shown = browser.get(whole.get_absolute_url()).context["shown"]
    live = reverse("imports:import_live", args=[whole.pk])
    with django_assert_max_num_queries(5):
        assert browser.get(live, {"shown": shown}).status_code == 204
    ImportPart.objects.update(version=7)
    answer = browser.get(live, {"shown": shown})
    assert answer.status_code == 200
    assert "hx-swap-oob" in text(answer)


def test_the_list_needs_no_more_queries_for_more_imports(
    browser: Client, annas_key: Credential, whole: Import, django_assert_max_num_queries: Any
) -> None:
    browser.get(reverse("imports:import_list"))
    with django_assert_max_num_queries(30) as few:
        browser.get(reverse("imports:import_list"))
    made.confirmed(made.draft(annas_key))
    made.confirmed(made.draft(annas_key))
    made.draft(annas_key)
    with django_assert_max_num_queries(len(few)):
        page = browser.get(reverse("imports:import_list"))
    assert len(page.context["rows"]) == 3


def test_the_first_use_says_what_an_import_is(browser: Client) -> None:
    assert "No imports yet." in text(browser.get(reverse("imports:import_list")))


def test_stopping_is_said_in_numbers(browser: Client, whole: Import) -> None:
    answer = browser.post(reverse("imports:import_cancel", args=[whole.pk]), follow=True)
    assert "1 part is stopped before it is sent." in text(answer)
    answer = browser.post(reverse("imports:import_cancel", args=[whole.pk]), follow=True)
    assert "nothing could be stopped" in text(answer)


def test_a_part_that_failed_can_be_sent_again(browser: Client, whole: Import) -> None:
    part = whole.parts.get()
    now = timezone.now()
    again = reverse("imports:part_again", args=[whole.pk, 1])
    assert "cannot be sent again" in text(browser.post(again, follow=True))
    ImportPart.objects.filter(pk=part.pk).update(
        status=Status.FAILED, code="no_address_held", finished_at=now, due_at=None
    )
    Import.objects.filter(pk=whole.pk).update(finished_at=now)
    assert "Send part 1 again" in text(browser.get(whole.get_absolute_url()))
    browser.post(again)
    assert whole.parts.filter(replaced_at=None, status=Status.QUEUED).count() == 1
    whole.refresh_from_db()
    assert whole.finished_at is None


def test_an_import_is_its_owners_alone(client: Client, jonas: User, karin: User, whole: Import) -> None:
    for person, status in ((jonas, 404), (karin, 403)):
        sign_in(client, person)
        for name in ("import_detail", "import_live", "import_rejects"):
            assert client.get(reverse(f"imports:{name}", args=[whole.pk])).status_code == status
        assert client.post(reverse("imports:import_cancel", args=[whole.pk])).status_code == status
    assert whole.parts.get().cancel_asked_at is None


@pytest.mark.processes  # commits knock at the broker, and none is there
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_the_files_go_in_time_and_the_numbers_stay(transactional_db: None, browser: Client, whole: Import) -> None:
    now = timezone.now()
    ImportPart.objects.update(
        status=Status.SUCCEEDED,
        code="counted",
        created=2,
        updated=0,
        unchanged=0,
        failed=0,
        finished_at=now,
        due_at=None,
    )
    Import.objects.update(finished_at=now)
    retention.sweep(now=now + timedelta(days=6))
    assert browser.get(reverse("imports:import_rejects", args=[whole.pk])).status_code == 200
    retention.sweep(now=now + timedelta(days=8))
    assert browser.get(reverse("imports:import_rejects", args=[whole.pk])).status_code == 404
    page = browser.get(whole.get_absolute_url())
    assert page.context["report"].created == 2
    assert "Rejected rows (CSV)" not in text(page)


def test_one_on_its_way_keeps_its_files_however_long_it_takes(whole: Import) -> None:
    retention.sweep(now=timezone.now() + timedelta(days=30))
    whole.refresh_from_db()
    assert whole.gone_at is None


# ── On Home ──────────────────────────────────────────────────────────────────────────────────────────────────


def at_home(browser: Client) -> list[tuple[str, str]]:
    shown = browser.get(reverse("home")).context.get("imports")
    return [(line.state, line.name) for line in shown.lines] if shown else []


def test_home_shows_what_is_on_its_way_and_what_came_of_it(browser: Client, whole: Import) -> None:
    page = text(browser.get(reverse("home")))
    assert "Sending 2 rows in 1 part:" in page
    assert reverse("imports:at_home") in page
    Import.objects.update(finished_at=timezone.now())
    over = {"finished_at": timezone.now(), "due_at": None}
    ImportPart.objects.update(status=Status.SUCCEEDED, created=1, updated=0, unchanged=0, failed=1, **over)
    assert at_home(browser) == [("remarks", "people.csv")]
    assert reverse("imports:at_home") not in text(browser.get(reverse("home"))), "nothing moves any more"
    ImportPart.objects.update(status=Status.FAILED)
    assert at_home(browser) == [("failed", "people.csv")]
    Import.objects.update(finished_at=timezone.now() - timedelta(days=2))
    assert at_home(browser) == [("failed", "people.csv")], "what did not get through is not forgotten after a day"
    ImportPart.objects.update(status=Status.CANCELLED)
    assert at_home(browser) == []


def test_home_shows_drafts_that_have_a_file(browser: Client, annas_key: Credential, jonas: User) -> None:
    made.draft(annas_key)
    assert at_home(browser) == [("waiting", "people.csv")]
    assert at_home(sign_in(Client(), jonas)) == []


def test_a_poll_of_home_is_answered_with_nothing_while_nothing_moves(
    browser: Client, whole: Import, django_assert_max_num_queries: Any
) -> None:
    mark = browser.get(reverse("home")).context["imports"].mark
    with django_assert_max_num_queries(4):
        assert browser.get(reverse("imports:at_home"), {"shown": mark}).status_code == 204
    ImportPart.objects.update(version=9)
    assert "people.csv" in text(browser.get(reverse("imports:at_home"), {"shown": mark}))
