"""How many may be contacted, run by run of a saved segment: lines for an SVG, and the sentence that stands for each.

From the counts that stay when a file goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from exports import figures
from exports.models import ExportRun, SavedSegment
from runs.models import Status
from wording.amounts import count

MOST = 12  # runs
WIDTH, HEIGHT, EDGE = 240.0, 44.0, 5.0  # of a drawing in its own units; the edge leaves room for the dot at its end


@dataclass(frozen=True)
class Point:
    at: datetime
    value: int


@dataclass(frozen=True)
class Spark:
    """One line: what it counts, in a sentence and as the points of a drawing."""

    kind: str  # "all", or "consent" for a channel
    name: str
    text: str
    points: str
    end_x: float
    end_y: float
    first: str
    last: str
    width: float = WIDTH
    height: float = HEIGHT


def of(segment: SavedSegment, user: User) -> list[Spark]:
    """Return a line for all channels together, and one for each, over somebody's last runs of a segment.

    Nothing while fewer than two have brought a file. Costs one query.
    """
    found = ExportRun.objects.owned_by(user).filter(segment=segment, status=Status.SUCCEEDED, file__isnull=False)
    told = found.select_related("file").defer("sealed_poll_url", "file__header").order_by("-pk")[:MOST]
    runs = sorted(told, key=lambda run: run.as_of)
    for run in runs:
        run.segment = segment  # which knows what kind of spec it has
    return [drawn(kind, name, points) for kind, name, points in _series(runs) if len(points) > 1]


def _series(runs: Sequence[ExportRun]) -> Iterator[tuple[str, str, list[Point]]]:
    """Yield all that can be drawn: the channels are those that the newest run has."""
    known = [(run.as_of, figures.of(run)) for run in runs]
    held = [(at, found) for at, found in known if found is not None]
    if not held:
        return
    yield "all", _("Contactable"), [Point(at, found.contactable) for at, found in held]
    channels = held[-1][1].channels
    if len(channels) < 2:
        return  # it would be the same line twice
    for channel in channels:
        values = [(at, next((c.value for c in found.channels if c.name == channel.name), None)) for at, found in held]
        yield "consent", channel.name, [Point(at, value) for at, value in values if value is not None]


def drawn(kind: str, name: str, points: Sequence[Point]) -> Spark:
    """Draw a line from the lowest figure to the highest: the words beside it say how far these are apart."""
    values = [point.value for point in points]
    low, high = min(values), max(values)
    step = (WIDTH - 2 * EDGE) / (len(values) - 1)
    places = [
        (round(EDGE + number * step, 1), round(_height(value, low, high), 1)) for number, value in enumerate(values)
    ]
    return Spark(
        kind,
        name,
        _text(name, points),
        " ".join(f"{x},{y}" for x, y in places),
        *places[-1],
        first=count(values[0]),
        last=count(values[-1]),
    )


def _height(value: int, low: int, high: int) -> float:
    share = (value - low) / (high - low) if high > low else 0.5
    return HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE)


def _text(name: str, points: Sequence[Point]) -> str:
    first, last = points[0], points[-1]
    runs = ngettext("%(n)s run", "%(n)s runs", len(points)) % {"n": count(len(points))}
    told = {
        "name": name,
        "first": count(first.value),
        "last": count(last.value),
        "from": _moment(first.at, beside=last.at),
        "to": _moment(last.at, beside=first.at),
        "change": _change(first.value, last.value),
        "runs": runs,
    }
    return _("%(name)s: %(first)s on %(from)s, %(last)s on %(to)s, over %(runs)s. %(change)s") % told


def _change(first: int, last: int) -> str:
    if first == last:
        return _("As many as before.")
    n = abs(last - first)
    words = (
        ngettext("%(n)s more%(share)s.", "%(n)s more%(share)s.", n)
        if last > first
        else ngettext("%(n)s fewer%(share)s.", "%(n)s fewer%(share)s.", n)
    )
    share = 100 * n / first if first else 0.0
    said = _(", %(n)s %%") % {"n": formats.number_format(round(share, 1), 1)} if share >= 0.05 else ""
    return words % {"n": count(n), "share": said}


def _moment(at: datetime, *, beside: datetime) -> str:
    """Return a day, with the time where the other moment is of the same."""
    local, other = timezone.localtime(at), timezone.localtime(beside)
    day = formats.date_format(local, "j F" if local.year == timezone.localdate().year else "DATE_FORMAT")
    return f"{day}, {local:%H:%M}" if local.date() == other.date() else day
