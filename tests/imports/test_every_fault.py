"""A file with every kind of fault, from its check to a report whose numbers sum; then its rejected rows again."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.storage import default_storage

from accounts.models import Credential
from imports import faults, files, report
from imports.draft import Draft
from imports.models import Import
from imports.parse.checking import Findings
from tests.imports import faulty, made
from tests.imports.conftest import Stepper

pytestmark = pytest.mark.usefixtures("vendor")


def given() -> Any:
    return made.rule(column=faulty.TITLES.index("Nyhetsbrev?"))


def summed(steps: Stepper, whole: Import) -> report.Report:
    steps.all_to_the_end(whole)
    told = report.of(whole, list(whole.parts.filter(replaced_at=None)))
    assert told.sum == told.rows
    return told


def test_there_are_fifty_and_every_kind_that_we_know_is_among_them() -> None:
    assert len(faulty.KINDS) >= 50
    of_numbers = {
        "thousands",
        "decimal_comma",
        "not_a_number",
        "not_whole",
    }  # which the sandbox's shop keeps for itself
    assert set(faults.FAULTS) - of_numbers <= {kind for _title, kind in faulty.KINDS}


def test_a_file_with_all_of_them_comes_to_a_report_that_sums(steps: Stepper, annas_key: Credential) -> None:
    steps.vendor.control("PATCH", "switches", imports_refuse_every=40)
    drawn = made.draft(annas_key, faulty.table(200, every=100), consents=(given(),))
    check = made.checked(drawn)
    findings = Findings.from_json(check.findings)
    assert {(fault.field, fault.kind) for fault in findings.faults} == faulty.KINDS
    assert findings.faulty > 60
    assert findings.mended >= 20
    whole = made.confirmed(drawn)
    told = summed(steps, whole)
    assert told.rows == findings.rows
    assert told.rejected_here == findings.faulty
    assert told.rejected_there > 0
    assert told.created > 200

    # Its rejected rows, put right in a spreadsheet, go in without anything being said anew.
    with default_storage.open(files.rejects_in(whole.folder)) as file:
        rejects = file.read().decode()
    assert rejects.count("\r\n") or rejects.count("\n") >= findings.faulty
    steps.vendor.control("PATCH", "switches", imports_refuse_every=0)
    again = made.draft(annas_key, faulty.corrected(rejects), consents=(given(),))
    assert again.remembered == whole or _same_places(again, drawn)
    second = summed(steps, made.confirmed(again))
    assert (second.rejected_here, second.rejected_there) == (0, 0)
    assert second.created == findings.faulty


def _same_places(one: Draft, other: Draft) -> bool:
    places = [{column.title: column.to for column in draft.columns} for draft in (one, other)]
    return all(places[0][title] == places[1][title] for title in faulty.TITLES)
