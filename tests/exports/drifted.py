"""Two ready runs of one saved segment, and their comparison, as tests want them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from exports import actions
from exports.models import Drift, ExportRun, SavedSegment
from exports.tasks import compare
from tests.exports import looked

# Key, consent by e-mail, consent by SMS, the attribute Email, the segment.
OLDER = [
    "k1,maja@example.com,46000000001,maja@example.com,1",
    "k2,olle@example.com,,olle@example.com,1",
    "k3,,46000000003,,0",
    "k4,siv@example.com,,siv@example.com,1",
    "k5,a@example.com,,a@example.com,1",
    "k5,b@example.com,,b@example.com,1",
]
NEWER = [
    "k1,,46000000001,maja@example.com,1",  # lost e-mail
    'k2,"olle.new@example.com",,olle@example.com,1',  # has another address
    "k3,tove@example.com,,tove@example.com,0",  # gained e-mail, lost SMS
    "k6,=1+1@example.com,46000000006,,1",  # came with both; k4 is gone
    ",nobody@example.com,,,1",  # has no key
]
CHANGES = [
    ["lost consent", "Email", "k1", "maja@example.com", ""],
    ["address changed", "Email", "k2", "olle@example.com", "olle.new@example.com"],
    ["gained consent", "Email", "k3", "", "tove@example.com"],
    ["lost consent", "SMS", "k3", "46000000003", ""],
    ["left", "Email", "k4", "siv@example.com", ""],
    ["came", "Email", "k6", "", "'=1+1@example.com"],
    ["came", "SMS", "k6", "", "46000000006"],
]


def pair(
    segment: SavedSegment, older: list[str] = OLDER, newer: list[str] = NEWER, *, days: int = 7
) -> tuple[ExportRun, ExportRun]:
    """Make two ready runs, the first so many days older than the second."""
    runs = looked.table(segment, older, is_packed=False), looked.table(segment, newer)
    for run, age in zip(runs, (days, 0), strict=True):
        ExportRun.objects.filter(pk=run.pk).update(requested_at=timezone.now() - timedelta(days=age))
    first, second = (ExportRun.objects.select_related("file", "segment").get(pk=run.pk) for run in runs)
    return first, second


def compared(runs: tuple[ExportRun, ExportRun], by: User, joined_on: str = "") -> Drift:
    """Have two runs compared, as a worker does it."""
    made = actions.compare(*runs, by=by, joined_on=joined_on)
    compare(pk=made.pk)
    return Drift.objects.get(pk=made.pk)
