"""Who is in a file, drawn: who agreed by which channel, by both or by neither, and who is in which segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports.figures import Figures, Share
from wording.amounts import count

LEAST = 0.6  # of a bar 100 wide: what is there at all is seen
OPEN = 8  # bars of segments; the others are folded


@dataclass(frozen=True)
class Part:
    """A part of a bar 100 wide. `css` says what it counts."""

    css: str
    name: str
    value: int
    x: float = 0.0
    width: float = 0.0


@dataclass(frozen=True)
class Bar:
    """So many of all rows, and in words what the others are. `kind` is the provenance of the column."""

    kind: str
    share: Share
    rest: str


@dataclass(frozen=True)
class Drawing:
    """What a file holds, as bars; `text` says the first of them in a sentence.

    `overlap` parts all people by two channels; it is empty where there are fewer, or more: the counts do not tell then.
    """

    text: str
    overlap: Sequence[Part]
    channels: Sequence[Bar]
    segments: Sequence[Bar]
    more_segments: Sequence[Bar]


def of(figures: Figures | None) -> Drawing | None:
    """Return the drawing of a file's figures; None for a file without rows."""
    if figures is None or not figures.rows:
        return None
    overlap = _overlap(figures)
    segments = [Bar("segment", share, _not_in(share)) for share in figures.segments]
    return Drawing(
        _text(figures, overlap),
        overlap,
        [Bar("consent", share, _blank(share)) for share in figures.channels],
        segments[:OPEN],
        segments[OPEN:],
    )


def _overlap(figures: Figures) -> Sequence[Part]:
    both = figures.both
    if both is None:
        return ()
    first, second = figures.channels
    return scaled(
        Part("one", _("%(channel)s alone") % {"channel": first.name}, first.value - both),
        Part("both", _("both"), both),
        Part("other", _("%(channel)s alone") % {"channel": second.name}, second.value - both),
        Part("none", _("neither"), figures.silent),
    )


def scaled(*parts: Part) -> Sequence[Part]:
    """Lay parts beside one another on a bar 100 wide, each as wide as its share; what is nobody is left out."""
    some = [part for part in parts if part.value > 0]
    total = sum(part.value for part in some)
    wide = [max(LEAST, 100 * part.value / total) for part in some]
    laid, x = [], 0.0
    for part, width in zip(some, wide, strict=True):
        width *= 100 / sum(wide)  # those that were made wide enough to be seen take it from all
        laid.append(Part(part.css, part.name, part.value, round(x, 2), round(width, 2)))
        x += width
    return laid


def _text(figures: Figures, overlap: Sequence[Part]) -> str:
    people = ngettext("Of %(n)s person in the file", "Of %(n)s people in the file", figures.rows)
    words = people % {"n": count(figures.rows)}
    if not overlap:
        may = _("%(n)s may be contacted on at least one channel") % {"n": count(figures.contactable)}
        return _("%(people)s, %(may)s.") % {"people": words, "may": may}
    parts = ", ".join(f"{count(part.value)} {part.name}" for part in overlap)
    return _("%(people)s, who may be contacted how: %(parts)s.") % {"people": words, "parts": parts}


def _blank(share: Share) -> str:
    n = share.of - share.value
    return ngettext("%(n)s is blank: no consent", "%(n)s are blank: no consent", n) % {"n": count(n)}


def _not_in(share: Share) -> str:
    n = share.of - share.value
    return ngettext("%(n)s is no member", "%(n)s are no members", n) % {"n": count(n)}
