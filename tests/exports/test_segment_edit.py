"""The segment editor: redrawn by the server at every change, saved as a version."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Credential, User
from audit.models import Event
from exports.draft import Choices
from exports.models import ExportRun, SavedSegment
from exports.spec import EMAIL, SMS
from tests.conftest import Vendor

NEW = reverse("exports:segment_new")
DRAFT = reverse("exports:segment_draft")
OPTIONS = reverse("exports:segment_options")


@pytest.fixture
def fields(choices: Choices) -> dict[str, Any]:
    """The fields of a whole form, as the browser sends them."""
    topics = [o.id for o in choices.options("topic").values() if not o.channel][:2]
    return {
        "name": "Autumn letter",
        "account": choices.library.credential.account_id,
        "section": choices.section,
        "section_before": choices.section,
        "time_zone": "Europe/Stockholm",
        "topic": topics,
        "channel_method": "mapped",
        "channel": [EMAIL, SMS],
        "segment": [next(iter(choices.options("segment")))],
    }


def test_works(as_anna: Client, annas_key: Credential, vendor: Vendor) -> None:
    answer = as_anna.get(NEW)
    assert answer.status_code == 200
    assert b"Pre-flight" in answer.content


def test_anonymous(client: Client, db: None) -> None:
    assert client.get(NEW).status_code == 302
    assert client.post(DRAFT).status_code == 302


def test_an_auditor_may_not(client: Client, maria: User) -> None:
    client.force_login(maria)
    assert client.get(NEW).status_code == 403
    assert client.post(DRAFT).status_code == 403
    assert client.post(OPTIONS).status_code == 403


def test_anothers_segment_is_404(as_jonas: Client, jonas_key: Credential, segment: SavedSegment) -> None:
    assert as_jonas.get(segment.get_absolute_url()).status_code == 404
    assert as_jonas.post(segment.get_absolute_url(), {"save": ""}).status_code == 404
    assert as_jonas.post(DRAFT, {"segment_pk": segment.pk}).status_code == 404


def test_wrong_method(as_anna: Client) -> None:
    assert as_anna.get(DRAFT).status_code == 405
    assert as_anna.get(OPTIONS).status_code == 405
    assert as_anna.delete(NEW).status_code == 405


def test_without_a_credential_one_is_led_to_enter_it(as_anna: Client) -> None:
    assert reverse("accounts:credential_list").encode() in as_anna.get(NEW).content


def test_saving_makes_a_version(as_anna: Client, anna: User, fields: dict[str, Any]) -> None:
    answer = as_anna.post(NEW, fields | {"save": ""})
    assert answer.status_code == 302
    segment = SavedSegment.objects.get(owner=anna)
    spec = segment.consent_spec
    assert (segment.name, segment.version_no) == ("Autumn letter", 1)
    assert [topic.id for topic in spec.topics] == fields["topic"]
    assert all(topic.name and topic.folder for topic in spec.topics)
    assert [c.column for c in spec.channels] == ["EmailConsent", "MobileConsent"]
    assert Event.objects.get(action="segment.created").actor == anna

    as_anna.post(segment.get_absolute_url(), fields | {"exclude_unsubscribed": "on", "save": ""})
    segment.refresh_from_db()
    assert (segment.version_no, segment.versions.count()) == (2, 2)
    as_anna.post(segment.get_absolute_url(), fields | {"exclude_unsubscribed": "on", "save": ""})
    segment.refresh_from_db()
    assert segment.version_no == 2, "saving what is saved already makes no version"


def test_save_and_run_leads_to_the_run(as_anna: Client, anna: User, fields: dict[str, Any]) -> None:
    answer = as_anna.post(NEW, fields | {"save_and_run": ""})
    assert answer.headers["Location"] == ExportRun.objects.get(owner=anna).get_absolute_url()


def test_save_and_run_that_cannot_run_leads_to_the_saved_segment_and_says_why(
    as_anna: Client, anna: User, fields: dict[str, Any]
) -> None:
    answer = as_anna.post(NEW, fields | {"channel": [], "save_and_run": ""})
    segment = SavedSegment.objects.get(owner=anna)
    assert answer["Location"] == segment.get_absolute_url()
    page = " ".join(as_anna.get(answer["Location"]).content.decode().split())
    assert "“Autumn letter” is saved as version 1 and was not started. No channel is chosen. Put it right" in page
    again = as_anna.post(segment.get_absolute_url(), fields | {"channel": [], "topic": [], "save_and_run": ""})
    page = " ".join(as_anna.get(again["Location"]).content.decode().split())
    assert "is saved as version 2 and was not started." in page
    assert "The pre-flight names 1 more." in page
    assert not ExportRun.objects.exists()


def test_save_and_run_of_everyone_leads_to_the_question(as_anna: Client, anna: User, fields: dict[str, Any]) -> None:
    answer = as_anna.post(NEW, fields | {"segment": [], "everyone": "on", "save_and_run": ""})
    segment = SavedSegment.objects.get(owner=anna)
    assert answer["Location"] == f"/segments/{segment.pk}/run/"
    question = as_anna.get(answer["Location"])
    assert question.status_code == 200
    assert "Yes, export everyone" in question.content.decode()
    assert not ExportRun.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_bad_name_is_said_at_its_field_and_nothing_is_lost(
    as_anna: Client, anna: User, fields: dict[str, Any], name: str
) -> None:
    answer = as_anna.post(NEW, fields | {"name": name, "save": ""})
    assert answer.status_code == 422
    assert answer.context["form"].errors["name"]
    assert [topic.id for topic in answer.context["spec"].topics] == fields["topic"]
    assert not SavedSegment.objects.filter(owner=anna).exists()


def test_nothing_is_called_wrong_before_the_first_save_and_no_redraw_takes_the_focus(
    as_anna: Client, fields: dict[str, Any]
) -> None:
    nameless = {**fields, "name": ""}
    assert "trouble" not in as_anna.post(DRAFT, nameless).content.decode()
    assert "trouble" not in as_anna.post(NEW, {**nameless, "check": ""}).content.decode()
    tried = as_anna.post(NEW, {**nameless, "save": ""}).content.decode()
    assert 'name="tried"' in tried
    assert 'class="trouble" role="alert" tabindex="-1" autofocus' in tried
    again = as_anna.post(DRAFT, {**nameless, "tried": "on"}, headers={"HX-Request": "true"}).content.decode()
    assert "Give the saved segment a name" in again, "what is still wrong stays said"
    assert 'tabindex="-1" autofocus' not in again


def test_a_name_that_is_taken_is_refused(as_anna: Client, segment: SavedSegment, fields: dict[str, Any]) -> None:
    answer = as_anna.post(NEW, fields | {"name": segment.name, "save": ""})
    assert answer.status_code == 422


def test_put_in_and_take_out_change_the_draft_and_save_nothing(
    as_anna: Client, anna: User, fields: dict[str, Any], choices: Choices
) -> None:
    tag = next(iter(choices.options("tag")))
    answer = as_anna.post(DRAFT, fields | {"put_in": f"tag:{tag}"})
    assert [c.id for c in answer.context["spec"].tags] == [tag]
    answer = as_anna.post(DRAFT, fields | {"take_out": f"topic:{fields['topic'][0]}"})
    assert [t.id for t in answer.context["spec"].topics] == fields["topic"][1:]
    assert not SavedSegment.objects.filter(owner=anna).exists()


def test_without_script_the_buttons_work_on_the_page_itself(
    as_anna: Client, anna: User, fields: dict[str, Any], choices: Choices
) -> None:
    tag = next(iter(choices.options("tag")))
    answer = as_anna.post(NEW, fields | {"put_in": f"tag:{tag}"})
    assert answer.status_code == 200
    assert b"<title>" in answer.content
    assert [c.id for c in answer.context["spec"].tags] == [tag]
    assert not SavedSegment.objects.filter(owner=anna).exists()


def test_another_section_lets_go_of_what_belonged_to_the_old_one(
    as_anna: Client, fields: dict[str, Any], choices: Choices
) -> None:
    other = next(section.id for section in choices.sections() if section.id != choices.section)
    spec = as_anna.post(DRAFT, fields | {"section": other}).context["spec"]
    assert (spec.section.id, spec.topics, spec.attributes) == (other, (), ())
    assert [c.id for c in spec.segments] == fields["segment"]


def test_a_pick_list_is_narrowed_by_every_word(as_anna: Client, fields: dict[str, Any], choices: Choices) -> None:
    name = next(iter(choices.options("attribute").values())).name
    picker = as_anna.post(OPTIONS, fields | {"kind": "attribute", "q:attribute": name.upper()}).context_data["picker"]
    assert name in [option.name for option in picker["options"]]
    picker = as_anna.post(OPTIONS, fields | {"kind": "attribute", "q:attribute": "no such thing"}).context_data[
        "picker"
    ]
    assert (picker["options"], picker["found"]) == ([], 0)


@pytest.mark.parametrize("kind", ["", "section", "<script>"])
def test_a_pick_list_of_nothing_known_is_404(as_anna: Client, fields: dict[str, Any], kind: str) -> None:
    assert as_anna.post(OPTIONS, fields | {"kind": kind}).status_code == 404


@pytest.mark.parametrize(
    "hostile",
    [
        {"topic": "<script>alert(1)</script>"},
        {"channel": ["' OR 1=1", EMAIL]},
        {"segment": ["\u202eevil", "x" * 5000]},
        {"section": "no.such.section"},
        {"account": "999999"},
        {"put_in": "nothing"},
        {"put_in": "topic:"},
        {"take_out": "topic:not.there"},
        {"channel_method": "both"},
        {"single_channel": "<b>"},
    ],
)
def test_hostile_fields_are_shown_harmlessly(as_anna: Client, fields: dict[str, Any], hostile: dict[str, Any]) -> None:
    answer = as_anna.post(DRAFT, fields | hostile)
    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content
    assert b'value="<b>"' not in answer.content


def test_what_jonas_key_cannot_see_keeps_its_name_and_blocks(
    as_jonas: Client, jonas_key: Credential, fields: dict[str, Any]
) -> None:
    answer = as_jonas.post(DRAFT, fields)
    codes = {finding.code for finding in answer.context["findings"]}
    assert "beyond_section" in codes


def test_a_vendor_that_is_away_is_said_and_the_last_lists_stay(
    as_anna: Client, fields: dict[str, Any], vendor: Vendor
) -> None:
    as_anna.get(NEW)
    vendor.fault("sections", "status", status=500, times=0)
    answer = as_anna.post(DRAFT, fields | {"refresh": "1"})
    assert answer.status_code == 200
    assert answer.context["listing"].trouble is not None
    assert answer.context["listing"].says in answer.content.decode()
    assert "by ourselves" not in answer.content.decode(), "nothing asks again here but the person"
    assert answer.context["sections"]


@pytest.mark.parametrize("section", ["../../x", "..", ".", "a/b", "nobodys", "\u202e", "%2e%2e", "x" * 10_000])
@pytest.mark.parametrize("more", [{}, {"refresh": ""}])
def test_what_is_no_section_of_the_key_is_asked_for_nowhere(
    as_anna: Client, annas_key: Credential, vendor: Vendor, fields: dict[str, Any], section: str, more: dict[str, str]
) -> None:
    as_anna.post(DRAFT, {**fields, "refresh": ""})
    before = vendor.calls()
    answer = as_anna.post(DRAFT, {**fields, "section": section, **more})
    assert answer.status_code == 200
    asked = {noun for noun, many in vendor.calls().items() if many != before.get(noun)}
    assert asked <= ({"sections", "channels", "segments", "keyspaces"} if more else set()), asked


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "-1", "²", "٣", "1.0", "x"])
def test_what_is_no_number_is_nobodys(as_anna: Client, annas_key: Credential, vendor: Vendor, number: str) -> None:
    assert as_anna.post(DRAFT, {"account": number}).status_code == 200
    assert as_anna.post(DRAFT, {"segment_pk": number}).status_code == 200
