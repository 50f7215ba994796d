"""The first sheet of a workbook: what the file is, how it was made, and what each column means."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from exports import figures
from exports.figures import FileColumn
from exports.models import DerivedFile, ExportRun
from wording.amounts import count

KINDS = {
    "key": lazy("Key"),
    "consent": lazy("Consent"),
    "attribute": lazy("Attribute"),
    "tag": lazy("Tag"),
    "segment": lazy("Segment"),
    "": lazy("Unknown"),
}


def lines(derived: DerivedFile) -> list[list[str]]:
    """Return the sheet line by line: what, its value, and a sentence."""
    run = derived.of.run
    found = figures.of(run)
    assert found is not None
    at = timezone.localtime(run.requested_at or derived.of.made_at)
    return [
        ["Consent Desk", "", _("A file of people. Keep it as long as you need it, and no longer.")],
        [_("Saved segment"), run.segment.name, _("version %(n)s") % {"n": run.version_no}],
        [_("Export run"), str(run.pk), _("asked for by %(who)s at APSIS") % {"who": run.owner}],
        [_("Data as of"), f"{at:%Y-%m-%d %H:%M}", str(at.tzinfo)],
        [_("Rows in the file"), count(found.rows), _("everyone whom APSIS sent")],
        [_("May be contacted"), count(found.contactable), _("on at least one channel: a consent column is filled")],
        *_chosen(derived),
        [
            _("How it was made"),
            "",
            _(
                "Every cell is text, as APSIS sent it, so no zero, date or long number was changed, and nothing is a "
                "formula. A cell of more than 32,767 characters is cut: Excel holds no more."
            ),
        ],
        [_("SHA-256 of the original"), derived.of.content_sha256, _("of the CSV that this was made from")],
        [""],
        [_("Column"), _("What it is"), _("What it means")],
        *([column.title, str(KINDS[column.kind]), meaning(run, column)] for column in found.columns),
    ]


def _chosen(derived: DerivedFile) -> list[list[str]]:
    if not derived.choice:
        return []
    consents, segments = (", ".join(derived.choice.get(name, ())) for name in ("consents", "segments"))
    said = _("rows with something in: %(consents)s") % {"consents": consents}
    if segments:
        said += " " + _("and a 1 in: %(segments)s") % {"segments": segments}
    return [[_("Contactable only"), "", said]]


def meaning(run: ExportRun, column: FileColumn) -> str:
    """Say what a column of a run's file means to somebody who is about to write to these people."""
    match column.kind:
        case "consent":
            topics = ", ".join(topic.name for topic in run.consent_spec.topics)
            return _(
                "Consent by %(channel)s to any of: %(topics)s. An address here means yes; a blank means that the "
                "person may not be contacted so."
            ) % {"channel": column.name, "topics": topics}
        case "attribute" if column.is_address:
            return _("The attribute %(name)s. An address here is no consent.") % {"name": column.name}
        case "attribute":
            return _("The attribute %(name)s. It has nothing to do with consent.") % {"name": column.name}
        case "tag":
            return _("The tag %(name)s.") % {"name": column.name}
        case "segment":
            return _("1 if the person is in the segment %(name)s, 0 if not.") % {"name": column.name}
        case "key":
            return _("Which person this is at APSIS. It stays the same from export to export.")
    return _("Nobody asked for this column; APSIS sent it all the same.")
