"""What can be done about a run of events that brought no file: the vendor's cures (S1), each with one's own figure."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import remedies
from exports.models import ExportRun
from exports.remedies import Remedy

TOO_LARGE = {"export_failed", "too_much", "never_ready", "file_too_large", "windows_gone"}
MOST_WINDOWS = 64


def of(run: ExportRun) -> list[Remedy]:
    """Return what can be done, in order. Where less may help, a split by time is what the desk can do by itself."""
    if run.code not in TOO_LARGE:
        return remedies.of(run.code)
    spec = run.event_spec
    windows = more_windows(run)
    ways = [
        Remedy(
            "split",
            _("Likely to help"),
            _("Let us make %(n)s requests, each for a shorter time, and join what comes.") % {"n": windows},
        )
    ]
    if spec.segment.id:
        text = _("Take a simpler segment than “%(name)s”: one with fewer conditions.") % {"name": spec.segment.name}
    else:
        text = _("Choose a segment: you asked for everybody on the account.")
    ways.append(Remedy("edit", _("May help"), text))
    columns = len(spec.attributes) + len(spec.tags)
    text = ngettext(
        "Ask for fewer attributes and tags: you asked for %(n)s.",
        "Ask for fewer attributes and tags: you asked for %(n)s.",
        columns,
    )
    ways.append(Remedy("edit", _("May help"), text % {"n": columns}))
    text = ngettext(
        "Ask for fewer types of event: you asked for %(n)s.",
        "Ask for fewer types of event: you asked for %(n)s.",
        len(spec.events),
    )
    ways.append(Remedy("edit", _("May help"), text % {"n": len(spec.events)}))
    return [*ways, Remedy("tell", _("If it stays"), str(remedies.TELL))]


def more_windows(run: ExportRun) -> int:
    """Return in how many windows a split would ask: twice as many as the run had."""
    return min(MOST_WINDOWS, max(2, 2 * run.windows.count()))
