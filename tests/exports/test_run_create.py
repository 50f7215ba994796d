"""A press on Run: what stands before it, and that ten presses make one run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from accounts.models import Credential, User, VendorAccount
from audit.models import Event
from exports import actions
from exports.models import ExportRun, SavedSegment
from exports.spec import ConsentSpec
from tests.conftest import Vendor, key
from tests.threads import at_once


def url(segment: SavedSegment) -> str:
    return f"/segments/{segment.pk}/run/"


def words(response: object) -> str:
    return " ".join(response.content.decode().split())  # type: ignore[attr-defined]


def save(segment: SavedSegment, spec: ConsentSpec) -> SavedSegment:
    owner = User.objects.get(pk=segment.owner_id)
    return actions.save_segment(by=owner, account=segment.account, name=segment.name, spec=spec, segment=segment)


def test_a_run_starts_and_its_page_comes(as_anna: Client, segment: SavedSegment) -> None:
    response = as_anna.post(url(segment))
    run = ExportRun.objects.get()
    segment.refresh_from_db()
    assert response["Location"] == f"/runs/{run.pk}/"
    assert (run.status, run.version_no, run.spec) == ("queued", 1, segment.spec)
    assert Event.objects.filter(action="run.started").count() == 1


def test_anonymous_is_sent_to_sign_in(client: Client, segment: SavedSegment) -> None:
    assert client.post(url(segment))["Location"].startswith("/accounts/login/")
    assert not ExportRun.objects.exists()


def test_anothers_segment_and_one_that_is_gone_are_404(as_jonas: Client, segment: SavedSegment) -> None:
    assert as_jonas.post(url(segment)).status_code == 404
    assert as_jonas.post("/segments/4711/run/").status_code == 404
    assert not ExportRun.objects.exists()


def test_wrong_method(as_anna: Client, segment: SavedSegment) -> None:
    assert as_anna.put(url(segment)).status_code == 405


def test_to_look_at_its_address_starts_nothing(as_anna: Client, segment: SavedSegment) -> None:
    assert as_anna.get(url(segment))["Location"] == segment.get_absolute_url()
    save(segment, replace(segment.consent_spec, channels=()))
    response = as_anna.get(url(segment))
    assert response.status_code == 200
    assert "No channel is chosen." in words(response)
    assert not ExportRun.objects.exists()


def test_without_a_key_nothing_starts(as_anna: Client, segment: SavedSegment) -> None:
    Credential.objects.all().delete()
    response = as_anna.post(url(segment))
    assert response.status_code == 409
    assert "You have no credential for this account." in words(response)
    assert f"/credentials/{segment.account_id}/" in words(response)
    assert not ExportRun.objects.exists()


def test_with_a_refused_key_nothing_starts(as_anna: Client, segment: SavedSegment, annas_key: Credential) -> None:
    Credential.objects.filter(pk=annas_key.pk).update(state="refused")
    response = as_anna.post(url(segment))
    assert response.status_code == 409
    assert "APSIS refused your credential." in words(response)


def test_a_key_found_refused_while_the_lists_are_read_is_said_too(
    as_anna: Client, segment: SavedSegment, annas_key: Credential, vendor: Vendor
) -> None:
    annas_key.definitions.all().delete()
    vendor.control("DELETE", "keys/demo-anna")
    response = as_anna.post(url(segment))
    assert response.status_code == 409
    assert "APSIS refused your credential." in words(response)
    assert not ExportRun.objects.exists()


def test_what_the_key_cannot_serve_is_said_before(
    as_anna: Client, segment: SavedSegment, anna: User, account: VendorAccount
) -> None:
    key(anna, account, "demo-jonas")  # sees another section alone
    response = as_anna.post(url(segment))
    assert response.status_code == 409
    page = words(response)
    assert "Your key does not see this section" in page
    assert f"/segments/{segment.pk}/#field-section" in page
    assert not ExportRun.objects.exists()


def test_what_the_spec_lacks_is_said_with_its_cure(as_anna: Client, segment: SavedSegment) -> None:
    save(segment, replace(segment.consent_spec, channels=(), segments=()))
    response = as_anna.post(url(segment), {"confirmed": "everyone"})
    assert response.status_code == 409
    page = words(response)
    assert "Spring newsletter was not started." in page
    assert "2 things stand in its way." in page
    assert "No channel is chosen." in page
    assert f"/segments/{segment.pk}/#field-channel" in page
    assert "Nothing was sent to APSIS." in page


def test_a_vendor_that_cannot_be_asked_does_not_stop_a_run(
    as_anna: Client, segment: SavedSegment, annas_key: Credential, vendor: Vendor
) -> None:
    annas_key.definitions.all().delete()
    for endpoint in ("sections", "segments", "topics", "attributes", "tags"):
        vendor.fault(endpoint, "status", status=503, times=0)
    assert as_anna.post(url(segment)).status_code == 302


def test_everyone_is_asked_about_once_more(as_anna: Client, segment: SavedSegment) -> None:
    save(segment, replace(segment.consent_spec, segments=(), everyone=True))
    response = as_anna.post(url(segment))
    assert response.status_code == 409
    page = words(response)
    assert "This exports every profile on Nordlys Handel." in page
    assert "Yes, export everyone" in page
    assert "Choose a segment" in page
    assert not ExportRun.objects.exists()
    assert as_anna.post(url(segment), {"confirmed": "yes"}).status_code == 409
    assert as_anna.post(url(segment), {"confirmed": "everyone"})["Location"] == f"/runs/{ExportRun.objects.get().pk}/"


def test_a_second_press_leads_to_the_run_that_is_on_its_way(as_anna: Client, segment: SavedSegment) -> None:
    first, second = as_anna.post(url(segment)), as_anna.post(url(segment))
    assert first["Location"] == second["Location"]
    assert ExportRun.objects.count() == 1
    assert Event.objects.filter(action="run.started").count() == 1


@pytest.mark.processes  # each commit knocks at the broker, and none is there
@pytest.mark.django_db(transaction=True)
def test_ten_presses_at_once_make_one_run_and_lead_to_it(segment: SavedSegment, anna: User) -> None:
    def press(_number: int) -> str:
        client = Client()
        client.force_login(anna)
        return str(client.post(url(segment))["Location"])

    places = at_once(10, press)
    run = ExportRun.objects.get()
    assert set(places) == {f"/runs/{run.pk}/"}
    assert Event.objects.filter(action="run.started").count() == 1
