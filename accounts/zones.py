"""The time zones that a person can be in."""

from collections.abc import Sequence
from functools import lru_cache
from zoneinfo import available_timezones

Group = tuple[str, Sequence[tuple[str, str]]]

# The rest of the database is old names, and offsets that know no summer time.
_REGIONS = {
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
}  # fmt: skip


@lru_cache(maxsize=1)
def grouped() -> list[Group]:
    """Return the zones by region, Europe first, each with its name as a person would write it."""
    by_region: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        region, _, place = name.partition("/")
        if region in _REGIONS:
            by_region.setdefault(region, []).append((name, place.replace("_", " ").replace("/", ", ")))
    regions = sorted(by_region, key=lambda region: (region != "Europe", region))
    return [*((region, by_region[region]) for region in regions), ("UTC", [("UTC", "UTC")])]
