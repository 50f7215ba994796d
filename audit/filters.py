"""What the address of the audit history asks for: read, said in words, and written into addresses again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import formats, timezone
from django.utils.dateparse import parse_date
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from audit import index, words
from audit.actions import DESK, PSEUDONYM
from audit.models import Event
from audit.search import FEWEST_LETTERS, Asked

LONGEST = 120  # letters of a search
LONGEST_SUBJECT = 20 * 74  # letters: pseudonyms of one person under twenty keys
FILTERS = ("view", "person", "action", "thing", "subject", "period", "from", "to", "q")
PERIODS: Mapping[str, tuple[Any, int]] = {
    "today": (lazy("Today"), 1),
    "7": (lazy("7 days"), 7),
    "30": (lazy("30 days"), 30),
}
BIGGEST = 2**63 - 1


@dataclass
class Filters:
    """The filters of an address. What cannot be understood is left out, and `ignored` says so in sentences."""

    given: dict[str, str]
    asked: Asked = field(default_factory=Asked)
    said: dict[str, str] = field(default_factory=dict)  # filter → what it is, in words
    ignored: list[str] = field(default_factory=list)
    before: int | None = None
    after: int | None = None
    person: str = ""

    @property
    def in_words(self) -> str:
        """All filters in words, for the event that tells of an export. An address that was searched for is not kept."""
        kept = {**self.said}
        if "@" in kept.get("q", ""):
            kept["q"] = _("a search for an address")
        return "; ".join(kept.values()) or _("all of it")

    @property
    def seems_address(self) -> bool:
        """Whether somebody searches for an address, which no line holds, and which this way stands in a link."""
        return "@" in self.given["q"]

    @cached_property
    def is_narrowed(self) -> bool:
        return bool(self.said)

    def query(self, **changed: str) -> str:
        """Return the query of these filters with some of them changed; from its first page."""
        asked = {name: self.given.get(name, "") for name in FILTERS if name in self.said} | changed
        return urlencode({name: value for name, value in asked.items() if value})


def read(given: Mapping[str, str], *, now: datetime) -> Filters:
    """Read the filters of an address."""
    filters = Filters({name: _given(given, name) for name in FILTERS})
    actions = _actions(filters)
    since, until = _period(filters, timezone.localtime(now))
    filters.asked = Asked(
        actor=_person(filters),
        actions=actions,
        thing=_thing(filters),
        since=since,
        until=until,
        text=_text(filters),
        subjects=_subjects(filters),
    )
    filters.before, filters.after = _place(filters, given, "before"), _place(filters, given, "after")
    if filters.after is not None:
        filters.before = None
    return filters


def _given(given: Mapping[str, str], name: str) -> str:
    return str(given.get(name, "")).replace("\0", "").strip()[: LONGEST_SUBJECT if name == "subject" else LONGEST]


def _actions(filters: Filters) -> tuple[str, ...]:
    view, action = filters.given["view"], filters.given["action"]
    if view and view not in words.VIEWS:
        filters.ignored.append(_("There is no view called “%(view)s”, so it was left out.") % {"view": view})
    elif view:
        filters.said["view"] = str(words.VIEWS[view][0])
    if action and action not in words.ACTIONS:
        filters.ignored.append(_("Nothing is called “%(action)s”, so it was left out.") % {"action": action})
    elif action:
        filters.said["action"] = words.action_name(action)
    of_view = words.VIEWS[view][1] if "view" in filters.said else ()
    if "action" not in filters.said:
        return of_view
    # Both: what they have in common, which may be nothing.
    return (action,) if not of_view or action in of_view else ("none",)


def _person(filters: Filters) -> int | None:
    given = filters.given["person"]
    if not given:
        return None
    if given == "0":
        filters.said["person"] = filters.person = DESK
        return 0
    pk = _number(given)
    person = get_user_model()._default_manager.filter(pk=pk).first() if pk else None
    if person is None:
        filters.ignored.append(_("The address asks for a person who is not here, so that was left out."))
        return None
    filters.said["person"] = filters.person = str(person)
    return person.pk


def _thing(filters: Filters) -> str:
    given = filters.given["thing"]
    kind, _colon, number = given.partition(":")
    if given and (kind not in words.KINDS or (_colon and not _number(number)) or len(given) > index.LONGEST_KEY):
        filters.ignored.append(_("The address asks for a thing that the desk does not have, so that was left out."))
        return ""
    if given:
        filters.said["thing"] = words.thing_name(given)
    return given


def _subjects(filters: Filters) -> tuple[str, ...]:
    """Return the pseudonyms of one person, as `about_person` wrote them into the address."""
    given = filters.given["subject"]
    found = tuple(given.split(".")) if given else ()
    if not all(map(PSEUDONYM.fullmatch, found)):
        filters.ignored.append(_("The address asks for somebody in a way that the desk does not know, so that was left "
                                 "out. Search for the person again."))  # fmt: skip
        return ()
    if found:
        filters.said["subject"] = _("about one person")
    return found


def _period(filters: Filters, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the two ends of the time that is asked for: whole days of the reader's own clock."""
    given, first, last = filters.given["period"], _day(filters, "from"), _day(filters, "to")
    if given and given not in PERIODS:
        filters.ignored.append(_("There is no period called “%(given)s”, so it was left out.") % {"given": given})
    elif given and not (first or last):
        filters.said["period"] = str(PERIODS[given][0])
        return _midnight(now.date() - timedelta(days=PERIODS[given][1] - 1)), None
    if first and last and first > last:
        filters.ignored.append(_("The first day came after the last, so they were taken the other way round."))
        first, last = last, first
        filters.given |= {"from": first.isoformat(), "to": last.isoformat()}
    if first:
        filters.said["from"] = _("from %(day)s") % {"day": formats.date_format(first, "DATE_FORMAT")}
    if last:
        filters.said["to"] = _("to %(day)s") % {"day": formats.date_format(last, "DATE_FORMAT")}
    return _midnight(first) if first else None, _midnight(last + timedelta(days=1)) if last else None


def _day(filters: Filters, name: str) -> date | None:
    given = filters.given[name]
    try:
        day = parse_date(given)
    except ValueError:
        day = None
    if given and (day is None or not 1970 <= day.year <= 2999):
        filters.ignored.append(
            _("“%(day)s” is not a day, so it was left out. Days are written as 2026-06-02.") % {"day": given}
        )
        return None
    return day


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _text(filters: Filters) -> str:
    given = filters.given["q"]
    if not given:
        return ""
    if len(index.fold(given)) < FEWEST_LETTERS:
        filters.ignored.append(_("One letter finds nearly everything, so the search was left out. Type two or more."))
        return ""
    filters.said["q"] = f"“{given}”"
    return given


def _place(filters: Filters, given: Mapping[str, str], name: str) -> int | None:
    words_given = str(given.get(name, ""))
    if not words_given:
        return None
    place = _number(words_given)
    if place is None:
        filters.ignored.append(_("The address asks for a page that is not there, so this is the newest one."))
    return place


def _number(text: str) -> int | None:
    """Return a whole number that the database can hold, else None."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    return number if number is not None and number <= BIGGEST else None


def people() -> list[tuple[str, str]]:
    """Return everybody who can have done something, the desk itself first, as (value, name)."""
    everybody = get_user_model()._default_manager.order_by("first_name", "last_name", "username")
    return [("0", DESK), *((str(person.pk), str(person)) for person in everybody)]


def about_person(pseudonyms: Iterable[str]) -> str:
    """Return the query for everything about one person, by their pseudonyms under each key."""
    return urlencode({"subject": ".".join(pseudonyms)})


def about(event: Event) -> str:
    """Return the query for everything about an event's thing; empty where it has none that can be asked for."""
    return urlencode({"thing": event.target_key}) if event.target_key.partition(":")[0] in words.KINDS else ""
