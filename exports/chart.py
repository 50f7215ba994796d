"""Columns over days: numbers for the attributes of an SVG, and the sentence that stands for it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import formats

from wording.amounts import count

LEFT, TOP, BASE, LABELS = 44.0, 10.0, 104.0, 122.0  # the scale's end, the highest bar, the ground, what stands under it
SUFFIXES = ((1_000_000, "M"), (1_000, "k"))


@dataclass(frozen=True)
class Bar:
    """A part of a column. `css` says what it counts."""

    css: str
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    x: float
    width: float
    bars: tuple[Bar, ...]
    says: str
    label: str
    label_x: float
    anchor: str


@dataclass(frozen=True)
class Chart:
    """A drawing in its own units. `top` and `middle` are what the lines of the scale stand for."""

    text: str
    columns: tuple[Column, ...]
    top: str
    middle: str
    width: float
    height: float = 132.0
    left: float = LEFT
    top_y: float = TOP
    middle_y: float = (TOP + BASE) / 2
    base_y: float = BASE
    label_y: float = LABELS


@dataclass(frozen=True)
class Grid:
    """Where columns stand: `many` of them, with a gap between two, up to a figure."""

    width: float
    many: int
    highest: int
    gap: float = 4.0

    def column(self, number: int, parts: Iterable[tuple[str, int]], *, says: str, label: str) -> Column:
        """Return the column of a place, its parts one upon the other."""
        step = (self.width - LEFT) / self.many
        x = LEFT + number * step + self.gap / 2
        bars, y = [], BASE
        for css, n in parts:
            if not n:
                continue
            height = max(1.5, (BASE - TOP) * n / self.highest)  # however few, they are seen
            y -= height
            bars.append(Bar(css, round(y, 1), round(height, 1)))
        is_last = number == self.many - 1 and number > 0
        return Column(
            round(x, 1),
            round(step - self.gap, 1),
            tuple(bars),
            says,
            label,
            round(self.width if is_last else x if number == 0 else x + (step - self.gap) / 2, 1),
            "end" if is_last else "start" if number == 0 else "middle",
        )

    def chart(self, text: str, columns: Iterable[Column]) -> Chart:
        """Return the drawing of these columns."""
        middle = short(self.highest // 2) if self.highest % 2 == 0 else ""
        return Chart(text, tuple(columns), short(self.highest), middle, self.width)


def nice(value: int, *, least: int = 2) -> int:
    """Return the next figure that a scale may end at: 2, 4, 6, 10, 20, 40, 60, 100 …"""
    value = max(value, least)
    power = 10 ** math.floor(math.log10(value))
    found = next(step * power for step in (1, 2, 4, 6, 10) if step * power >= value)
    return int(found)


def short(value: int) -> str:
    """Return a figure of the scale: 20, 400, 20 k, 1 M."""
    for size, suffix in SUFFIXES:
        if value >= size and value * 10 % size == 0:
            return f"{formats.number_format(value / size, 0 if value % size == 0 else 1)}\u00a0{suffix}"
    return count(value)
