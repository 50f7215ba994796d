"""The fragment that a run's page asks for."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from exports import actions
from exports.models import ExportRun, SavedSegment
from runs.models import Status
from tests.exports import made


def live(client: Client, run: ExportRun, **shown: Any) -> Any:
    return client.get(reverse("exports:run_live", args=[run.pk]), shown, headers={"HX-Request": "true"})


def poll_address(client: Client, run: ExportRun) -> str:
    """The address that the page itself polls."""
    found = re.search(r'hx-get="([^"]+)"', client.get(run.get_absolute_url()).content.decode())
    assert found
    return found[1].replace("&amp;", "&")


def test_nothing_new_costs_nothing_to_say(as_anna: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    response = as_anna.get(poll_address(as_anna, run), headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert response.content == b""


def test_a_poll_that_finds_nothing_new_costs_two_queries(as_anna: Client, segment: SavedSegment) -> None:
    address = poll_address(as_anna, made.preparing(segment))
    with CaptureQueriesContext(connection) as queries:
        assert as_anna.get(address).status_code == 204
    who, what = (query["sql"] for query in queries)
    assert "accounts_session" in who
    assert "accounts_user" in who
    assert "exports_exportrun" in what
    assert '"facts"' not in what


def test_a_change_brings_the_fragment_and_only_that(as_anna: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    content = live(as_anna, run, shown=run.version - 1, pace=5).content.decode()
    assert "<!doctype" not in content
    assert content.count('id="run"') == 1
    for name in ("run-newest", "run-older", "run-technical", "run-outcome"):
        assert f'id="{name}" hx-swap-oob="true"' in content
    assert "<details" not in content, "what a person opened must stay open"


def test_the_pace_alone_brings_a_new_trigger(as_anna: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment, ago=100)
    response = live(as_anna, run, shown=run.version, pace=2)
    assert response.status_code == 200
    assert 'hx-trigger="every 5s"' in response.content.decode()


def test_figures_that_are_a_minute_old_are_drawn_anew(as_anna: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    old = int((timezone.now() - timedelta(seconds=61)).timestamp())
    assert live(as_anna, run, shown=run.version, pace=5, at=old).status_code == 200


def test_the_sentence_is_sent_only_when_it_is_another(as_anna: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    said = re.search(r"said=(\w+)", poll_address(as_anna, run))
    assert said
    assert "<h1>" not in live(as_anna, run, shown="x", said=said[1]).content.decode()
    content = live(as_anna, run, shown="x", said="another").content.decode()
    assert 'id="run-says" hx-swap-oob="true"' in content
    assert 'id="run-acts" class="run-acts" hx-swap-oob="true"' in content
    assert 'role="status"' not in content, "the wrapper stands on the page and is never replaced"


def test_when_it_is_over_the_page_asks_no_more(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    content = live(as_anna, run, shown=1, pace=2).content.decode()
    assert 'hx-trigger="every' not in content
    assert "data-poll" not in content
    assert "You may contact 710 of these 1,000 people." in content
    assert f"Ready · Spring newsletter, run {run.pk}" in content
    assert live(as_anna, run, shown=run.version, pace=0).status_code == 204


def test_a_fetch_moves_the_page(as_anna: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment, code="fetching", ready_at=60, facts={"bytes": 1})
    address = poll_address(as_anna, run)
    run.note("fetching", now=timezone.now(), facts={"bytes": 5_000_000, "total": None})
    assert "5.0\u00a0MB" in as_anna.get(address).content.decode()


def test_a_wish_to_stop_moves_other_open_pages(as_anna: Client, anna: User, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    address = poll_address(as_anna, run)
    actions.cancel(run, by=anna)
    content = as_anna.get(address).content.decode()
    assert "<em>Stopping</em>" in content
    assert 'hx-trigger="every 2s"' in content


def test_nobody_in_particular_is_refreshed_to_the_gate(client: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    assert live(client, run)["HX-Refresh"] == "true"
    assert client.get(reverse("exports:run_live", args=[run.pk])).status_code == 302


def test_anothers_run_is_not_there(as_jonas: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    assert live(as_jonas, run, shown=run.version, pace=5).status_code == 404


def test_who_has_no_right_to_runs_is_refused(client: Client, maria: User, segment: SavedSegment) -> None:
    client.force_login(maria)
    run = made.preparing(segment)
    assert live(client, run, shown=run.version, pace=5).status_code == 403


def test_it_is_read_only(as_anna: Client, segment: SavedSegment) -> None:
    assert as_anna.post(reverse("exports:run_live", args=[made.preparing(segment).pk])).status_code == 405


def test_nonsense_brings_the_fragment(as_anna: Client, segment: SavedSegment) -> None:
    run = made.run(segment, "asked", Status.QUEUED)
    for shown in ({}, {"shown": "-1", "pace": "x"}, {"shown": "9" * 5000}, {"said": "<script>"}, {"at": "²"}):
        response = live(as_anna, run, **shown)
        assert response.status_code == 200
        assert b"<script" not in response.content
