"""Explaining the blanks of a file: who has no consent in it is looked up as a list, by the export key."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import lanes
from accounts.models import Credential
from consents import kept
from consents.models import Checklist
from consents.verdict import Answer
from exports import actions, blanks
from exports.models import ExportRun, SavedSegment
from runs.models import Status
from tests.conftest import Vendor
from tests.consents import listed
from tests.exports.conftest import Stepper
from upstream.apsis.builtin import EXPORT_KEYSPACE


@pytest.fixture
def run(segment: SavedSegment, steps: Stepper, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> ExportRun:
    vendor.control("PATCH", "switches", locked_share=0, suppressed_share=0, calls_per_profile=0, calls_per_second=0)
    made = steps.to_the_end(actions.start(segment, by=segment.owner, now=steps.now))
    monkeypatch.setattr(lanes, "take", lambda *about, **more: 0.0)
    return ExportRun.objects.select_related("segment", "file").get(pk=made.pk)


def url(run: ExportRun) -> str:
    return f"/runs/{run.pk}/blanks/"


def choice(client: Client, run: ExportRun, **more: Any) -> dict[str, Any]:
    fields = client.get(url(run)).context["form"].fields
    return {name: fields[name].choices[0][0] for name in ("topic", "channel")} | {"many": 500} | more


def test_everybody_without_consent_is_looked_up_and_nobody_with(as_anna: Client, run: ExportRun) -> None:
    assert run.file is not None
    said = choice(as_anna, run)
    answer = as_anna.post(url(run), said)
    made = Checklist.objects.get()
    assert answer["Location"] == made.get_absolute_url()
    column = next(one for one in run.consent_spec.channels if one.id == said["channel"])
    assert made.total == run.file.row_count - run.file.counts["consented"][column.column]
    asked = {key.text for key in kept.people(made)}
    assert asked == set(blanks.keys(run, column.column))
    assert {key.keyspace for key in kept.people(made)} == {EXPORT_KEYSPACE}
    made = listed.to_the_end(made)
    assert made.status == Status.SUCCEEDED
    if len(run.consent_spec.topics) == 1:
        assert Answer.YES not in {one.answer for one in kept.found(made)}, "the export says the same"


def test_a_sample_is_as_large_as_it_may_be_and_the_same_again() -> None:
    people = [f"k{n}" for n in range(2_000)]
    some = blanks.sample(iter(people), 500, seed=7)
    assert len(some) == len(set(some)) == 500
    assert some == sorted(some, key=people.index)
    assert some == blanks.sample(iter(people), 500, seed=7) != blanks.sample(iter(people), 500, seed=8)
    assert max(map(people.index, some)) > 1_500, "from the end as well"
    assert blanks.sample(iter(people[:3]), 500, seed=7) == people[:3]


def test_the_page_says_what_it_does_and_the_run_leads_there(as_anna: Client, run: ExportRun) -> None:
    assert url(run) in as_anna.get(run.get_absolute_url()).content.decode()
    assert "Why is nothing in these cells?" in as_anna.get(url(run)).content.decode()
    assert as_anna.post(url(run), {"topic": "stolen"}).status_code == 422
    assert not Checklist.objects.exists()


def test_a_file_that_is_gone_has_no_blanks(as_anna: Client, run: ExportRun) -> None:
    said = choice(as_anna, run)
    as_anna.post(reverse("exports:run_remove", args=[run.pk]))
    assert as_anna.get(url(run)).status_code == as_anna.post(url(run), said).status_code == 404


def test_anothers_and_shared_files_are_not_asked_about(
    as_jonas: Client, client: Client, run: ExportRun, jonas_key: Credential
) -> None:
    actions.share(run, [jonas_key.owner], by=run.owner)
    assert as_jonas.get(url(run)).status_code == as_jonas.post(url(run)).status_code == 404
    assert Client().get(url(run)).status_code == 302


def test_without_a_key_one_is_asked_for(as_anna: Client, run: ExportRun) -> None:
    Credential.objects.update(sealed_secret="")
    assert "needs your key" in as_anna.get(url(run)).content.decode()


def test_a_file_whose_key_nobody_can_be_sure_of_is_not_said_to_have_no_blanks(as_anna: Client, run: ExportRun) -> None:
    said = choice(as_anna, run)
    assert run.file is not None
    run.file.header = run.file.header[1:]
    run.file.save()
    page = as_anna.post(url(run), said)
    assert page.status_code == 422
    assert "No column of this file is sure to be the export key" in page.content.decode()
    assert not Checklist.objects.exists()
