"""Looking through the whole chain: does every event still say what it said, in its place, and is none gone?

One pass in the order of the chain, in flat memory. What is found is told in sentences; `docs/audit.md` explains them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import sealing, seals
from audit.models import Event

AT_ONCE = 2000
PATIENCE = timedelta(minutes=5)  # longer than this, nothing waits for its seal while the tick runs
NAMED = 20  # events without a seal that are named one by one
LOOKED_BACK = 1000  # broken seals that are remembered, to tell a line out of place from the one that stood after it


@dataclass
class Checked:
    """How far a check has come, and whether something was found that must not be."""

    lines: int = 0
    is_whole: bool = True
    last: Event | None = None
    broken: deque[str] = field(default_factory=lambda: deque(maxlen=LOOKED_BACK))


def findings(checked: Checked, *, now: datetime) -> Iterator[str]:
    """Yield a sentence for everything that is not as it was sealed; `checked` counts and concludes."""
    # What is remembered of the end is read first: the desk goes on sealing while its history is looked through.
    keys, heads, sealed = seals.keys(), sealing.told_heads(), sealing.head_seq()
    for event in Event.objects.exclude(seq=None).order_by("seq").iterator(chunk_size=AT_ONCE):
        for finding in (*_gap(event, checked), *_content(event, keys), *_place(event, keys, checked)):
            checked.is_whole = False
            yield finding
        told = heads.pop(event.seq or 0, None)
        if told and told[1] != event.seal:
            checked.is_whole = False
            yield _(
                "Line %(n)s has another seal than the one told at %(at)s: from there on, history was made anew."
            ) % {
                "n": event.seq,
                "at": told[0],
            }
        checked.lines, checked.last = checked.lines + 1, event
    for finding in _end(checked, heads, sealed):
        checked.is_whole = False
        yield finding
    yield from _waiting(checked, now)


def _gap(event: Event, checked: Checked) -> Iterator[str]:
    before = checked.last.seq if checked.last else 0
    assert event.seq is not None
    assert before is not None
    missing = event.seq - before - 1
    if missing > 0:
        yield ngettext("Line %(first)s was deleted.", "Lines %(first)s to %(last)s were deleted.", missing) % {
            "first": before + 1,
            "last": event.seq - 1,
        }
    elif missing < 0:
        yield _("There are two lines %(n)s.") % {"n": event.seq}


def _content(event: Event, keys: dict[str, bytes]) -> Iterator[str]:
    if event.key_id not in keys:
        yield _(
            "Line %(n)s was sealed by the key %(key)s, which AUDIT_KEYS does not hold, so it cannot be checked."
        ) % {
            "n": event.seq,
            "key": event.key_id or "?",
        }
    elif seals.stamp(event, keys[event.key_id]) != event.stamp:
        yield _("Line %(n)s was edited: event %(pk)s does not say what it said when it was sealed.") % {
            "n": event.seq,
            "pk": event.pk,
        }


def _place(event: Event, keys: dict[str, bytes], checked: Checked) -> Iterator[str]:
    """Judge the place of an event by the seal of the one before; after a gap there is none to judge it by."""
    before = checked.last
    if event.key_id not in keys or (event.seq or 0) != (before.seq or 0 if before else 0) + 1:
        return
    key, seq = keys[event.key_id], event.seq or 0
    if seals.seal(seq, event.stamp, before.seal if before else "", key) == event.seal:
        return
    # Where two lines changed places, the seal that this one was made after is the one of a line just found.
    was_after_broken = any(seals.seal(seq, event.stamp, seal, key) == event.seal for seal in checked.broken)
    checked.broken.append(event.seal)
    if not was_after_broken:
        yield _("Line %(n)s is out of its place: event %(pk)s was not sealed there, or its seal was changed.") % {
            "n": seq,
            "pk": event.pk,
        }


def _end(checked: Checked, heads: dict[int, tuple[str, str]], sealed: int) -> Iterator[str]:
    """Judge the end of the chain by what the desk and the file outside the database remember of it."""
    last = checked.last.seq or 0 if checked.last else 0
    if sealed > last:
        yield _("The end was cut off: %(sealed)s lines were sealed, and the last one here is %(last)s.") % {
            "sealed": sealed,
            "last": last,
        }
    elif (noted := sealing.head_seq()) < last:
        yield _(
            "The desk's own note of the end was changed: it says %(noted)s, and there are lines up to %(last)s."
        ) % {
            "noted": noted,
            "last": last,
        }
    beyond = [seq for seq in heads if seq > last]
    if beyond:
        yield _("The end was cut off: line %(told)s was told at %(at)s, and the last one here is %(last)s.") % {
            "told": max(beyond),
            "at": heads[max(beyond)][0],
            "last": last,
        }


def _waiting(checked: Checked, now: datetime) -> Iterator[str]:
    """Name what has no seal: usual for a second, told after minutes, and never right for what once had one."""
    for event in Event.objects.unsealed().exclude(stamp="").order_by("pk")[:AT_ONCE]:
        checked.is_whole = False
        yield _("Event %(pk)s was taken out of the chain: it bears a seal, and has no place.") % {"pk": event.pk}
    waiting = Event.objects.unsealed().order_by("pk")
    many, first = waiting.count(), waiting.first()
    if first is None:
        return
    told = {
        "n": many,
        "since": first.at.isoformat(timespec="seconds"),
        "events": ", ".join(map(str, waiting.values_list("pk", flat=True)[:NAMED])) + (" …" if many > NAMED else ""),
    }
    if now - first.at > PATIENCE:
        late = "%(n)s event has waited for its seal since %(since)s: %(events)s. Does the tick run?"
        lates = "%(n)s events wait for their seal, the first since %(since)s: %(events)s. Does the tick run?"
        yield ngettext(late, lates, many) % told
    else:
        new = "%(n)s event is not sealed yet: %(events)s."
        yield ngettext(new, "%(n)s events are not sealed yet: %(events)s.", many) % told
