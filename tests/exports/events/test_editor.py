"""The editor of a saved segment of events."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Credential, User
from exports.draft import Choices
from exports.events.draft import EMAIL
from exports.models import ExportRun, SavedSegment
from tests.conftest import Vendor

NEW = reverse("exports:segment_new")
DRAFT = reverse("exports:segment_draft")
OPTIONS = reverse("exports:segment_options")


@pytest.fixture
def fields(choices: Choices) -> dict[str, Any]:
    """The fields of a whole form, as the browser sends them."""
    email = next(o for o in choices.options("attribute").values() if o.discriminator == EMAIL)
    return {
        "of": "events",
        "name": "Clicks",
        "account": choices.library.credential.account_id,
        "section": choices.section,
        "section_before": choices.section,
        "time_zone": "Europe/Stockholm",
        "segment": [next(iter(choices.options("segment")))],
        "event": list(choices.options("event"))[:2],
        "attribute": [email.id],
        "period": "last_week",
        "period_days": "7",
    }


def page(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def test_works(as_anna: Client, annas_key: Credential, vendor: Vendor) -> None:
    text = page(as_anna.get(f"{NEW}?of=events"))
    assert "A new saved segment of events" in text
    assert 'name="of" value="events"' in text


def test_it_is_saved_and_run(as_anna: Client, fields: dict[str, Any]) -> None:
    answer = as_anna.post(NEW, fields | {"save_and_run": ""})
    run = ExportRun.objects.get()
    assert answer.headers["Location"] == run.get_absolute_url()
    spec = run.event_spec
    assert (spec.period.kind, len(spec.events), spec.attributes[0].discriminator) == ("last_week", 2, EMAIL)
    assert all(event.versions for event in spec.events)
    assert spec.sections[0].number
    assert run.windows.count() == 1


def test_it_is_shown_as_it_was_saved(as_anna: Client, event_segment: SavedSegment) -> None:
    text = page(as_anna.get(event_segment.get_absolute_url()))
    for choice in (*event_segment.event_spec.events, *event_segment.event_spec.tags, event_segment.event_spec.segment):
        assert choice.name in text
    assert "30" in text


def test_nothing_but_a_kind_changes_what_is_drawn(as_anna: Client, annas_key: Credential, vendor: Vendor) -> None:
    for of in ("", "consents", "nothing", "\0"):
        assert "Subscriptions" in page(as_anna.get(NEW, {"of": of}))


def test_the_segment_that_is_put_in_last_replaces_the_other(
    as_anna: Client, fields: dict[str, Any], choices: Choices
) -> None:
    second = list(choices.options("segment").values())[1]
    text = page(as_anna.post(DRAFT, fields | {"put_in": f"segment:{second.id}"}))
    assert text.count('name="segment" value=') == 1
    assert f'name="segment" value="{second.id}"' in text


def test_cures(as_anna: Client, fields: dict[str, Any]) -> None:
    empty = fields | {"attribute": []}
    assert "so the file would be empty" in page(as_anna.post(DRAFT, empty))
    assert "so the file would be empty" not in page(as_anna.post(DRAFT, empty | {"add_email": "on"}))
    long = fields | {"period": "dates", "period_start": "2026-01-01", "period_end": "2026-06-30"}
    assert "longer than the three months" in page(as_anna.post(DRAFT, long))
    assert "requests, one after another, joined" in page(as_anna.post(DRAFT, long | {"is_split": "on"}))
    shorter = page(as_anna.post(DRAFT, long | {"end_at_limit": "on"}))
    assert 'value="2026-03-31"' in shorter
    assert "longer than the three months" not in shorter


def test_another_section_takes_what_belonged_to_the_one_before(
    as_anna: Client, fields: dict[str, Any], choices: Choices
) -> None:
    other = next(section for section in choices.sections() if section.id != choices.section)
    text = page(as_anna.post(DRAFT, fields | {"section": other.id}))
    assert 'name="event" value=' not in text
    assert 'name="segment" value=' in text


def test_everybody_is_asked_about_twice(as_anna: Client, fields: dict[str, Any]) -> None:
    answer = as_anna.post(NEW, fields | {"segment": [], "everyone": "on", "save_and_run": ""}, follow=True)
    assert not ExportRun.objects.exists()
    assert "everyone" in page(answer)
    segment = SavedSegment.objects.get()
    as_anna.post(reverse("exports:run_create", args=[segment.pk]), {"confirmed": "everyone"})
    assert ExportRun.objects.get().event_spec.segment.id == ""


def test_what_blocks_is_not_started(as_anna: Client, fields: dict[str, Any]) -> None:
    as_anna.post(NEW, fields | {"period": "dates", "save_and_run": ""})
    segment = SavedSegment.objects.get()
    answer = as_anna.post(reverse("exports:run_create", args=[segment.pk]))
    assert answer.status_code == 409
    assert "The dates name no time" in page(answer)
    assert not ExportRun.objects.exists()


@pytest.mark.parametrize(
    "strange",
    [
        {"period": "never"},
        {"period": "days", "period_days": "9" * 400},
        {"period": "days", "period_days": "-3"},
        {"period": "days", "period_days": "²"},
        {"period": "dates", "period_start": "\0", "period_end": "9999-99-99"},
        {"period": "dates", "period_start": "9999-12-31", "period_end": "9999-12-31"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": "\0"},
        {"event": ["no-such-event", "\0", "<script>"]},
        {"section": "nowhere"},
    ],
)
def test_strange_input_is_met_with_a_page(as_anna: Client, fields: dict[str, Any], strange: dict[str, Any]) -> None:
    answer = as_anna.post(DRAFT, fields | strange)
    assert answer.status_code == 200
    assert "<script>" not in page(answer).split("pick.js")[0][-1:]


def test_options_are_found_by_their_words(as_anna: Client, fields: dict[str, Any], choices: Choices) -> None:
    name = next(iter(choices.options("event").values())).name
    text = page(as_anna.post(OPTIONS, fields | {"event": [], "kind": "event", "q:event": name}))
    assert name in text
    assert as_anna.post(OPTIONS, fields | {"kind": "topic"}).status_code == 404


def test_history_says_what_changed(as_anna: Client, event_segment: SavedSegment, fields: dict[str, Any]) -> None:
    as_anna.post(event_segment.get_absolute_url(), fields | {"name": event_segment.name, "save": ""})
    text = page(as_anna.get(reverse("exports:segment_history", args=[event_segment.pk])))
    assert "took out event" in text.lower()
    assert "the last 30 days became last week" in text


def test_a_copy_is_of_the_same_kind(as_anna: Client, event_segment: SavedSegment) -> None:
    as_anna.post(reverse("exports:segment_duplicate", args=[event_segment.pk]))
    copy = SavedSegment.objects.latest("pk")
    assert copy.asks == event_segment.asks


def test_anothers_is_404(as_jonas: Client, jonas_key: Credential, event_segment: SavedSegment) -> None:
    assert as_jonas.get(event_segment.get_absolute_url()).status_code == 404
    assert as_jonas.post(DRAFT, {"segment_pk": event_segment.pk, "of": "events"}).status_code == 404


def test_an_auditor_may_not(client: Client, maria: User) -> None:
    client.force_login(maria)
    assert client.get(f"{NEW}?of=events").status_code == 403
