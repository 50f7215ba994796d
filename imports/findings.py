"""What a check found, in words: faults by column and kind, days as they will be stored, what would be sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from imports import faults, files
from imports.draft import Consent, Draft
from imports.models import Check
from imports.parse.checking import Findings
from imports.parse.plan import BLANK, LEAVE_OUT, MEND
from imports.parse.values import LOSSLESS
from wording.amounts import count
from wording.names import isolated


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one column, as the page shows it; `choices` are what can become of it."""

    id: str
    field: str
    words: faults.Words
    count: int
    choice: str
    choices: list[tuple[str, str]]

    @property
    def goes(self) -> bool:
        """Whether its rows go, mended or with an empty cell."""
        return self.choice in (MEND, BLANK)


@dataclass(frozen=True)
class Example:
    """A faulty cell: the row as Excel shows it, the value, and what would be sent."""

    row: int
    value: str
    mended: str | None


def checked(draft: Draft, made: Check, *, wanted: str) -> dict[str, Any]:
    """Return what the page of a finished check shows; `wanted` is the fault whose rows are looked at."""
    findings = Findings.from_json(made.findings)
    told = _told(made)
    found = [_fault(draft, fault) for fault in findings.faults if fault.kind != "repeated"]
    found.sort(key=lambda fault: -fault.count)
    shown = next((fault for fault in found if fault.id == wanted), found[0] if found else None)
    repeated = next((fault.count for fault in findings.faults if fault.kind == "repeated"), 0)
    examples = told["examples"].get(shown.id, []) if shown else []
    return {
        "findings": findings,
        "faults": found,
        "shown": shown,
        "examples": [Example(*example) for example in examples],
        "repeated": repeated,
        "duplicates": draft.upload.decisions.get("duplicates", ""),
        "pairs": list(told["pairs"].items()),
        "going": count(findings.good),
        "erased": erased(draft, findings),
    }


def _fault(draft: Draft, fault: Any) -> Fault:
    fault_id = f"{fault.field}:{fault.kind}"
    words = faults.FAULTS[fault.kind]
    is_key = draft.key_column is not None and fault.field == draft.key_column.title
    choices = []
    if fault.field:
        if fault.is_mendable:
            choices.append((MEND, str(words.mending)))
        choices.append((LEAVE_OUT, faults.rows_left_out()))
        if not is_key and fault.kind != "missing":
            choices.append((BLANK, _("Send the cell empty")))
    elif fault.is_mendable:
        choices = [(LEAVE_OUT, faults.rows_left_out()), (MEND, str(words.mending))]
    chosen = draft.upload.decisions.get("choices", {}).get(
        fault_id, MEND if fault.kind in LOSSLESS and fault.is_mendable else LEAVE_OUT
    )
    return Fault(fault_id, fault.field, words, fault.count, chosen, choices)


def _told(made: Check) -> dict[str, Any]:
    """Read the examples that lie beside the parts; none where they are gone."""
    try:
        with default_storage.open(files.examples_in(made.folder)) as file:
            kept: Mapping[str, Any] = json.load(file)
    except FileNotFoundError:
        return {"examples": {}, "pairs": {}}
    return {
        "examples": {f"{field}:{kind}": examples for field, kind, examples in kept["examples"]},
        "pairs": {field: pairs for field, pairs in kept["pairs"].items() if pairs},
    }


def trouble(made: Check, draft: Draft) -> str:
    """Return why a check ended without finding anything."""
    return faults.ended(made.code, made.facts, draft.reading.encoding)


def erased(draft: Draft, findings: Findings) -> list[tuple[str, str]]:
    """Return by column how many values empty cells would erase at the vendor; nothing where they are left alone."""
    if not draft.erases:
        return []
    placed = {column.title for column in draft.columns if column.to.startswith("attribute:")}
    return [(field, count(many)) for field, many in findings.empties.items() if many and field in placed]


def sentence(draft: Draft, made: Check, findings: Findings, against: Sequence[int | None]) -> str:
    """Return what would happen in one sentence that can be read aloud.

    `against` says for each consent how many have said the contrary, where that is known.
    """
    parts = len(made.parts)
    said = [
        ngettext(
            "Send %(rows)s rows in %(parts)s part to %(section)s, known by %(keyspace)s",
            "Send %(rows)s rows in %(parts)s parts to %(section)s, known by %(keyspace)s",
            parts,
        )
        % {
            "rows": count(findings.good),
            "parts": count(parts),
            "section": isolated(draft.upload.section_name),
            "keyspace": isolated(draft.upload.keyspace_name),
        }
    ]
    said += [_given(draft, consent, many) for consent, many in zip(draft.consents, against, strict=True)]
    out = findings.faulty + findings.repeated
    if out:
        said.append(ngettext("leave out %(n)s row", "leave out %(n)s rows", out) % {"n": count(out)})
    return "; ".join(said) + "."


def _given(draft: Draft, consent: Consent, against: int | None) -> str:
    facts = {
        "topic": isolated(consent.topic_name),
        "channel": consent.channel_name,
        "column": "" if consent.column is None else isolated(draft.titles[consent.column]),
    }
    if consent.type == "opt-out":
        if consent.column is None:
            return _("take consent to “%(topic)s” by %(channel)s from all of them") % facts
        return _("take consent to “%(topic)s” by %(channel)s from those whose %(column)s says so") % facts
    if consent.column is None:
        given = _("give consent to “%(topic)s” by %(channel)s to all of them") % facts
    else:
        given = _("give consent to “%(topic)s” by %(channel)s to those whose %(column)s says so") % facts
    return f"{given} {_those_against(consent, against)}"


def _those_against(consent: Consent, many: int | None) -> str:
    if many is None and consent.resubscribe:
        return _("(also to people who have opted out of it)")
    if many is None:
        return _("(not to people who have opted out of it)")
    if consent.resubscribe:
        said = ngettext(
            "(also to the %(n)s who has opted out of it)", "(also to the %(n)s who have opted out of it)", many
        )
    else:
        said = ngettext(
            "(not to the %(n)s who has opted out of it)", "(not to the %(n)s who have opted out of it)", many
        )
    return said % {"n": count(many)}
