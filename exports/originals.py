"""The file itself as a run's page lists it: what the vendor sent, as content and as it came, with what proves it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import asking, files
from exports.asking import Ask
from exports.files import Copy
from exports.kinds import Kind
from exports.models import EventWindow, ExportFile, ExportRun
from wording.amounts import count


@dataclass(frozen=True)
class Original:
    """A line of the list. `ask` is what stands before a download; None when its bytes are gone."""

    name: str
    purpose: str
    holds: str
    length: int
    sha256: str
    of: str  # what the digest is of
    ask: Ask | None


def of(run: ExportRun, *, has_bytes: bool, last: str = "") -> list[Original]:
    """Return the originals of a run's file; as it came stands apart only where it came packed."""
    assert run.file is not None
    is_of_events = run.segment.kind == Kind.EVENTS
    windows = {f"-{window.number}": window for window in run.windows.all()} if is_of_events else {}
    return [
        _original(run, copy, has_bytes=has_bytes, last=last, window=window if len(windows) > 1 else None)
        for key, copy in files.copies(run).items()
        for window in [windows.get(key.removeprefix("content").removeprefix("received"))]
        if key.startswith("content") or (window or run.file).encoding
    ]


def _original(run: ExportRun, copy: Copy, *, has_bytes: bool, last: str, window: EventWindow | None) -> Original:
    name, as_received = files.called(copy), copy.key.startswith("received")
    ask = asking.of(run, copy, name=name, last=last) if has_bytes else None
    if window:
        name = _("%(name)s, request %(n)s: %(dates)s") % {"name": name, "n": window.number, "dates": _dates(window)}
    if as_received:
        purpose = _("The gzip stream as it came, for proof.")
        return Original(name, purpose, _("as it came"), copy.length, copy.sha256, _("of the bytes as received"), ask)
    # Of one of several windows only the whole is counted.
    holds = "" if window else _holds(run)
    return Original(name, _purpose(copy), holds, copy.length, copy.sha256, _("of the content"), ask)


def _purpose(copy: Copy) -> str:
    if copy.form == "json":
        return _("What APSIS sent, unpacked and otherwise untouched: for programs.")
    return _("What APSIS sent, unpacked and otherwise untouched: UTF‑8, commas.")


def _holds(run: ExportRun) -> str:
    file: ExportFile | None = run.file
    assert file is not None
    if file.header:
        return ngettext("%(n)s row", "%(n)s rows", file.row_count) % {"n": count(file.row_count)}
    return ngettext("%(n)s person", "%(n)s people", file.row_count) % {"n": count(file.row_count)}


def _dates(window: EventWindow) -> str:
    zone = window.run.event_spec.zone
    first, after = (timezone.localtime(at, zone) for at in (window.start_at, window.end_at))
    return f"{first:%Y-%m-%d %H:%M} – {after:%Y-%m-%d %H:%M}"
