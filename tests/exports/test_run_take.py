"""The press before a download: what the file is for, where one wants to say so or must."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from audit.models import Event
from audit.sentences import sentence
from exports.models import Download, ExportRun, Grant, SavedSegment
from tests.conftest import sign_in
from tests.exports import made
from tests.exports.taking import body, get, press, url
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(segment: SavedSegment) -> ExportRun:
    return made.ready(segment)


@pytest.fixture
def large(settings: Any, run: ExportRun) -> ExportRun:
    """A run whose file has more people than the desk gives out without a purpose."""
    settings.PURPOSE_ABOVE_ROWS = 999
    return run


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def take(client: Client, run: ExportRun, **words: str) -> str:
    """Take the file, and return what the audit history says of it."""
    assert press(client, run, "received", **words)["Location"] == url(run, "received")
    body(get(client, run, "received"))
    return sentence(Event.objects.filter(action="file.downloaded").latest("pk"))


def test_the_page_asks_and_lets_go(as_anna: Client, run: ExportRun) -> None:
    page = as_anna.get(url(run, take=True))
    assert page.status_code == 200
    assert "What is this file for?" in text(page)
    assert "Download without saying what for" in text(page)
    assert "it begins again" in text(page), "the content is unpacked on its way"
    assert "it goes on where it stopped" in text(as_anna.get(url(run, "received", take=True)))


def test_each_file_on_the_runs_page_asks_in_place(as_anna: Client, run: ExportRun) -> None:
    page = text(as_anna.get(run.get_absolute_url()))
    for form in ("content", "received"):
        assert f'popovertarget="take-{form}"' in page
        assert f'id="take-{form}" popover' in page
        assert page.count(f'action="{url(run, form, take=True)}"') == 3
    assert "Nobody has downloaded it yet." in page


def test_one_press_without_a_purpose_is_enough(as_anna: Client, run: ExportRun) -> None:
    assert take(as_anna, run) == f"Anna downloaded {run} as it was received, 1,000 people".replace("Anna", "anna")


def test_a_purpose_is_told_with_the_download(as_anna: Client, run: ExportRun) -> None:
    assert take(as_anna, run, preset="check").endswith(", 1,000 people, purpose “a quality check”")
    assert take(as_anna, run, said="  summer \t mailing ").endswith(", 1,000 people, purpose “summer mailing”")
    assert Grant.objects.count() == 2
    assert take(as_anna, run, preset="check").endswith("purpose “a quality check”"), "what was said last counts"


@pytest.mark.parametrize("words", [{}, {"said": "  "}])
def test_above_so_many_rows_a_purpose_is_needed(as_anna: Client, large: ExportRun, words: dict[str, str]) -> None:
    response = press(as_anna, large, **words)
    assert response.status_code == 422
    assert "Say in a few words what the file is for." in text(response)
    assert "1,000 people are in it, so this desk asks." in text(response)
    assert "without saying" not in text(response)
    assert not Grant.objects.exists()
    assert take(as_anna, large, said="summer mailing").endswith("purpose “summer mailing”")


def test_the_setting_may_ask_at_no_file_and_at_every_one(as_anna: Client, run: ExportRun, settings: Any) -> None:
    settings.PURPOSE_ABOVE_ROWS = None
    assert press(as_anna, run).status_code == 302
    settings.PURPOSE_ABOVE_ROWS = 1000
    assert press(as_anna, run, "received").status_code == 302
    settings.PURPOSE_ABOVE_ROWS = 0
    assert press(as_anna, run).status_code == 422


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ({"preset": "fun"}, "Select a valid choice"),
        ({"said": "x" * 201}, "at most 200 characters"),
        ({"said": "to maja@example.com and others"}, "without anybody’s address"),
        ({"said": "a\0b"}, "Null characters are not allowed"),
    ],
)
def test_what_is_no_purpose_is_said(as_anna: Client, run: ExportRun, words: dict[str, str], wrong: str) -> None:
    response = press(as_anna, run, **words)
    assert response.status_code == 422
    assert wrong in text(response)
    assert not Grant.objects.exists()


def test_what_was_said_last_time_is_offered(as_anna: Client, as_jonas: Client, run: ExportRun) -> None:
    press(as_anna, run, said="summer <b>mailing</b>")
    again = made.ready(run.segment)
    assert 'value="summer &lt;b&gt;mailing&lt;/b&gt;"' in text(as_anna.get(again.get_absolute_url()))
    assert 'value="summer &lt;b&gt;mailing&lt;/b&gt;"' in text(as_anna.get(url(again, take=True)))


def test_ten_presses_at_once_give_one_grant(as_anna: Client, run: ExportRun) -> None:
    cookies = as_anna.cookies

    def hand(_number: int) -> str:
        client = Client()
        client.cookies = cookies
        return str(press(client, run, "received", preset="mailing")["Location"])

    assert set(at_once(10, hand)) == {url(run, "received")}
    assert Grant.objects.count() == 1


def test_the_page_tells_who_took_it_when_and_why(as_anna: Client, anna: User, run: ExportRun) -> None:
    take(as_anna, run, said="summer mailing")
    page = text(as_anna.get(run.get_absolute_url()))
    assert "Downloaded once, by anna" in page
    row = page.partition("Downloads, newest first")[2].partition("</table>")[0]
    assert "as it was received" in row
    assert "<bdi>summer mailing</bdi>" in row
    assert "whole" in row
    press(as_anna, run, "received")
    broken = get(as_anna, run, "received")
    broken.close()
    page = text(as_anna.get(run.get_absolute_url()))
    assert "Downloaded 2 times, by anna" in page
    assert "begun" in page
    Download.objects.update(bytes_sent=3)
    assert f"3 bytes of {Download.objects.all()[0].length} bytes" in text(as_anna.get(run.get_absolute_url()))


def test_the_record_of_downloads_outlives_the_bytes(as_anna: Client, run: ExportRun) -> None:
    take(as_anna, run)
    assert run.file
    type(run.file).objects.update(expires_at=run.file.made_at)
    assert "Downloaded once, by anna" in text(as_anna.get(run.get_absolute_url()))


def test_it_takes_no_more_queries_for_more_downloads(
    as_anna: Client, anna: User, run: ExportRun, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        press(as_anna, run, "received", said=f"purpose {number}")
        body(get(as_anna, run, "received"))
    with django_assert_max_num_queries(13):
        assert "Downloaded 30 times" in text(as_anna.get(run.get_absolute_url()))


def test_nobody_in_particular_is_led_to_the_gate(client: Client, run: ExportRun) -> None:
    assert press(client, run)["Location"].startswith("/accounts/login/")


def test_anothers_file_is_not_there(as_jonas: Client, run: ExportRun) -> None:
    assert as_jonas.get(url(run, take=True)).status_code == 404
    assert press(as_jonas, run, preset="mailing").status_code == 404
    assert not Grant.objects.exists()


def test_who_has_no_right_to_files_is_refused(maria: User, run: ExportRun) -> None:
    assert press(sign_in(Client(), maria), run).status_code == 403


def test_it_is_not_put(as_anna: Client, run: ExportRun) -> None:
    assert as_anna.put(url(run, take=True)).status_code == 405
