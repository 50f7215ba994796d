"""An import of too many people to ask about one by one is compared with one's newest export of the subscription."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Credential, User
from exports import actions as exports
from exports import consented
from exports.models import ExportFile, ExportRun, SavedSegment
from exports.spec import ColumnChoice
from imports import actions, outlook, tasks
from imports.consequences import AGAINST, NOT_THERE, SAME, UNKNOWN
from imports.draft import Draft
from imports.models import Check, Comparison, Source, Upload
from runs import shutdown
from runs.models import Status
from sandbox.definitions import EMAIL, SMS
from tests.conftest import sign_in
from tests.exports.conftest import Stepper
from tests.imports import made


@pytest.fixture(autouse=True)
def _many(settings: Any) -> None:
    settings.IMPORT_COMPARED_ROWS = 3


@pytest.fixture
def run(segment: SavedSegment, steps: Stepper, anna: User) -> ExportRun:
    """Anna's export of who has consented to the topic by e-mail, from everyone."""
    return exported(segment, steps, anna)


def exported(segment: SavedSegment, steps: Stepper, by: User, *, topics: int = 1) -> ExportRun:
    known = {topic.id: topic for topic in segment.consent_spec.topics}
    first = known.get(made.TOPIC.discriminator) or next(iter(known.values()))
    chosen = (
        type(first)(made.TOPIC.discriminator, made.TOPIC.name, folder=first.folder, folder_name=first.folder_name),
        *[one for one in known.values() if one.id != made.TOPIC.discriminator][: topics - 1],
    )
    spec = replace(
        segment.consent_spec,
        topics=chosen,
        channels=(ColumnChoice(EMAIL, "Email", column="MayMail"),),
        segments=(),
        everyone=True,
    )
    saved = exports.save_segment(by=by, account=segment.account, name=f"All {timezone.now()}", spec=spec)
    found = steps.to_the_end(exports.start(saved, by=by, now=steps.now))
    assert found.status == Status.SUCCEEDED, (found.code, found.facts)
    return ExportRun.objects.get(pk=found.pk)


def drawn(key: Credential, *rules: Any) -> tuple[Draft, Check]:
    keys = [*made.people("opt-in", 3), *made.people("opt-out", 2), *made.people("", 2), "new.one@example.com"]
    draft = made.draft(key, made.table(keys), consents=rules or (made.rule(),))
    return draft, made.checked(draft)


def compared(draft: Draft, check: Check) -> Comparison:
    found = actions.compare(draft, check)
    assert found is not None
    assert found.source == Source.EXPORT
    tasks.compare(pk=found.pk)
    found.refresh_from_db()
    return found


def test_who_has_consented_is_told_by_the_export(run: ExportRun, annas_key: Credential) -> None:
    found = compared(*drawn(annas_key, made.rule(), made.rule(type="opt-out", channel=SMS)))
    assert found.status == Status.SUCCEEDED
    assert found.counts == [{SAME: 3, NOT_THERE: 5}, {UNKNOWN: 8}]
    assert found.facts["told"][0]["run"] == run.pk
    assert found.facts["told"][1] is None, "nothing tells about SMS"


def test_whose_consent_an_opt_out_would_take_is_known(run: ExportRun, annas_key: Credential) -> None:
    rule = made.rule(type="opt-out")
    draft, check = drawn(annas_key, rule)
    found = compared(draft, check)
    assert found.counts == [{AGAINST: 3, NOT_THERE: 5}]
    assert outlook.against(found, draft.consents) == [3]
    whole = actions.confirm(draft, check, by=annas_key.owner)
    assert whole.compared == found


def test_of_an_opt_in_it_does_not_tell_who_has_opted_out(run: ExportRun, annas_key: Credential, anna: User) -> None:
    draft, check = drawn(annas_key, made.rule(resubscribe=True))
    found = compared(draft, check)
    assert outlook.against(found, draft.consents) == [None]
    browser = sign_in(Client(), anna)
    page = " ".join(browser.get(reverse("imports:upload_confirm", args=[draft.upload.pk])).content.decode().split())
    assert "have it already" in page
    assert "which does not tell who has opted out" in page
    assert f"by your run {run.pk}, whose file came" in page
    assert "(also to people who have opted out of it)" in page
    assert "are subscribed again: up to 5" in page


def test_without_such_an_export_nothing_is_known(
    segment: SavedSegment, steps: Stepper, annas_key: Credential, anna: User
) -> None:
    draft, check = drawn(annas_key)
    assert actions.compare(draft, check) is None
    page = sign_in(Client(), anna).get(reverse("imports:upload_confirm", args=[draft.upload.pk])).content.decode()
    assert "there is none" in page


def test_several_topics_in_one_file_tell_of_none(
    segment: SavedSegment, steps: Stepper, annas_key: Credential, anna: User
) -> None:
    exported(segment, steps, anna, topics=2)
    assert actions.compare(*drawn(annas_key)) is None


def test_another_persons_export_tells_nothing(run: ExportRun, jonas_key: Credential) -> None:
    draft = made.draft(jonas_key, made.table(made.people("opt-in", 4)), consents=(made.rule(),))
    assert actions.compare(draft, made.checked(draft)) is None


def test_a_file_that_is_gone_tells_nothing(run: ExportRun, annas_key: Credential) -> None:
    ExportFile.objects.update(removed_at=timezone.now())
    assert actions.compare(*drawn(annas_key)) is None


def test_a_file_that_goes_meanwhile_ends_it_with_a_sentence(run: ExportRun, annas_key: Credential) -> None:
    draft, check = drawn(annas_key)
    assert run.file is not None
    default_storage.delete(run.file.storage_name)
    found = compared(draft, check)
    assert (found.status, found.code) == (Status.FAILED, "file_gone")
    told = outlook.of(found, draft.consents)
    assert told is not None
    assert told.trouble


def test_of_people_without_an_address_nothing_is_known(run: ExportRun, annas_key: Credential) -> None:
    draft, check = drawn(annas_key)
    found = actions.compare(draft, check)
    assert found is not None
    Upload.objects.update(keyspace="com.apsis1.keyspaces.crm-id")  # its keys are no addresses
    tasks.compare(pk=found.pk)
    found.refresh_from_db()
    assert found.counts == [{UNKNOWN: 8}]


def test_a_worker_that_stops_hands_it_on(
    run: ExportRun, annas_key: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, check = drawn(annas_key)
    monkeypatch.setattr(shutdown, "is_near", lambda: True)
    found = compared(draft, check)
    assert found.status == Status.RUNNING
    monkeypatch.setattr(shutdown, "is_near", lambda: False)
    tasks.compare(pk=found.pk)
    found.refresh_from_db()
    assert found.counts == [{SAME: 3, NOT_THERE: 5}]


def test_a_single_channel_names_its_column_itself(run: ExportRun, annas_key: Credential, anna: User) -> None:
    known = consented.newest(
        anna, annas_key.account, run.consent_spec.section.id, made.TOPIC.discriminator, EMAIL, now=timezone.now()
    )
    assert known is not None
    assert set(made.people("opt-in", 3)) <= set(known.addresses())
    none = consented.newest(anna, annas_key.account, "elsewhere", made.TOPIC.discriminator, EMAIL, now=timezone.now())
    assert none is None
