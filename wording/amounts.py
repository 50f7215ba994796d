"""How the desk says how much: figures, sizes, and checksums that somebody compares by eye."""

from __future__ import annotations

from django.utils import formats
from django.utils.html import format_html
from django.utils.translation import ngettext


def count(value: float | None) -> str:
    """A figure with the separators of the language: 12,345."""
    return "" if value is None else formats.number_format(value, force_grouping=True)


def size(value: float | None) -> str:
    """A number of bytes in decimal units: “1.3 MB”."""
    if value is None:
        return ""
    if value < 1000:
        return ngettext("%(n)s byte", "%(n)s bytes", int(value)) % {"n": int(value)}
    amount = float(value)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            break
    places = 1 if amount < 99.95 else 0  # Django cuts places off, it does not round
    return f"{formats.number_format(round(amount, places), places, force_grouping=True)}\u00a0{unit}"


def digest(value: str | None) -> str:
    """The first eight characters of a checksum, in two groups; the whole one is the tooltip."""
    if not value:
        return ""
    return format_html('<span class="mono nowrap" title="{}">{} {} …</span>', value, value[:4], value[4:8])
