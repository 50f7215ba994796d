"""The list of one's runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from exports import actions
from exports.models import SavedSegment
from runs.models import Status
from tests.exports import made

URL = "/runs/"


def html(client: Client, **query: object) -> str:
    response = client.get(URL, query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def winter(anna: User, segment: SavedSegment) -> SavedSegment:
    return actions.save_segment(by=anna, account=segment.account, name="Winter sale", spec=segment.consent_spec)


def test_runs_are_listed_newest_first_with_their_outcome(as_anna: Client, segment: SavedSegment) -> None:
    ready, broken, going = made.ready(segment), made.failed(segment), made.preparing(segment)
    page = html(as_anna)
    places = [page.index(run.get_absolute_url()) for run in (going, broken, ready)]
    assert places == sorted(places)
    assert "1 run is on its way." in page
    assert "1 ready, 1 failed." in page
    assert "You may contact 710 of these 1,000 people." in page
    assert "APSIS One could not make this file." in page


def test_search_and_filters_stand_in_the_address(as_anna: Client, segment: SavedSegment, winter: SavedSegment) -> None:
    spring, sale, broken = made.ready(segment), made.ready(winter), made.failed(winter)

    def shown(**query: str) -> set[int]:
        page = html(as_anna, **query).partition("<tbody>")[2]
        return {run.pk for run in (spring, sale, broken) if f'href="{run.get_absolute_url()}"' in page}

    assert shown() == {spring.pk, sale.pk, broken.pk}
    assert shown(q="WINTER") == {sale.pk, broken.pk}
    assert shown(state="failed") == {broken.pk}
    assert shown(q="winter", state="ready") == {sale.pk}
    assert shown(state="cancelled") == set()
    page = html(as_anna, q="winter", state="ready")
    assert 'href="?q=winter"' in page, "a filter that is on leads back"
    assert 'href="?q=winter&amp;state=failed"' in page, "another filter keeps the search"
    assert '<input type="hidden" name="state" value="ready">' in page, "a search keeps the filter"


def test_every_state_has_its_filter(as_anna: Client, segment: SavedSegment) -> None:
    made.ready(segment)
    made.failed(segment)
    made.preparing(segment)
    made.run(segment, "cancelled", Status.CANCELLED)
    page = html(as_anna)
    for state in ("working", "ready", "failed", "cancelled"):
        assert f'href="?state={state}"' in page
        assert "<tbody>" in html(as_anna, state=state)


def test_a_removed_file_is_said_to_be_removed(as_anna: Client, segment: SavedSegment) -> None:
    made.ready(segment, kept=timedelta(days=-1))
    assert "Removed" in html(as_anna)


def test_more_runs_cost_no_more_queries(as_anna: Client, segment: SavedSegment) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            html(as_anna)
        return len(queries)

    for _ in range(3):
        made.ready(segment)
    few = cost()
    for _ in range(9):
        made.ready(segment)
        made.failed(segment)
        made.preparing(segment)
    assert cost() == few


def test_a_long_list_has_pages(as_anna: Client, segment: SavedSegment) -> None:
    for _ in range(26):
        made.run(segment, "cancelled", Status.CANCELLED)
    assert "<b>1 to 25</b> of 26" in html(as_anna, state="cancelled")
    assert "<b>26 to 26</b> of 26" in html(as_anna, state="cancelled", page="2")
    assert 'href="?state=cancelled&amp;page=2"' in html(as_anna, state="cancelled")


def test_before_the_first_run(as_anna: Client) -> None:
    page = html(as_anna)
    assert "No runs yet." in page
    assert "<table" not in page


def test_filtered_to_nothing_names_the_filters(as_anna: Client, segment: SavedSegment) -> None:
    made.ready(segment)
    page = html(as_anna, q="no <b>such</b>", state="failed")
    assert "No run is here under these filters" in page
    assert "no &lt;b&gt;such" in page
    assert "Clear filters" in page
    assert "1 ready, 0 failed." in page, "the sentence is about all of one's runs"


def test_nobody_in_particular_is_led_to_the_gate(client: Client, db: None) -> None:
    assert client.get(URL).status_code == 302


def test_anothers_runs_are_not_listed(as_jonas: Client, segment: SavedSegment) -> None:
    made.ready(segment)
    assert "No runs yet." in html(as_jonas)
    assert "Spring newsletter" not in html(as_jonas, q="spring")


def test_who_has_no_right_to_runs_is_refused(client: Client, maria: User) -> None:
    client.force_login(maria)
    assert client.get(URL).status_code == 403


def test_it_is_read_only(as_anna: Client) -> None:
    assert as_anna.post(reverse("exports:run_list")).status_code == 405


@pytest.mark.parametrize(
    "query",
    [{"state": "nonsense"}, {"page": "nonsense"}, {"page": "-4"}, {"page": "999"}, {"q": "x" * 5000}, {"q": "\x00%_'"}],
)
def test_nonsense_is_met_with_a_page(as_anna: Client, segment: SavedSegment, query: dict[str, str]) -> None:
    made.ready(segment)
    assert "<h1>" in html(as_anna, **query)


def test_typing_brings_the_list_alone_and_the_address_follows(as_anna: Client, segment: SavedSegment) -> None:
    for _ in range(26):
        made.run(segment, "cancelled", Status.CANCELLED)
    page = html(as_anna)
    assert 'hx-get="/runs/rows/"' in page
    answer = as_anna.get("/runs/rows/", {"q": "spring", "state": "cancelled"}, headers={"HX-Request": "true"})
    assert answer["HX-Replace-Url"] == "/runs/?q=spring&state=cancelled"
    part = " ".join(answer.content.decode().split())
    assert "<html" not in part
    assert "26 runs found." in part
    assert 'href="?q=spring&amp;state=cancelled&amp;page=2"' in part
    assert as_anna.get("/runs/rows/")["HX-Replace-Url"] == "/runs/"
    nothing = as_anna.get("/runs/rows/", {"q": "winter"}).content.decode()
    assert "0 runs found." in nothing
    assert "No run is here under these filters" in nothing


def test_anothers_runs_are_not_in_it(as_jonas: Client, segment: SavedSegment) -> None:
    made.ready(segment)
    assert "Spring" not in as_jonas.get("/runs/rows/").content.decode()
