"""What the vendor takes for a value of each type, what is wrong with one it does not, and how that can be mended.

Sources: help.apsis.one, "File Import Checklist & Supported Data Formats"; developer.apsis.com, "Request profile import
(version 2)". The dates are checked more narrowly than the vendor would take them: what it takes and turns into another
day is a fault here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

from imports.parse.countries import CODES

LONGEST_TEXT = 1000  # characters (upstream.apsis.limits.TEXT_ATTRIBUTE)
MOST_KNOWN = 50_000  # values of a column that are remembered as good

# A fault: what is wrong, and the value as it could be sent, None where nobody can know.
Fault = tuple[str, str | None]

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SPACES = re.compile(r"[\s\u00a0\u200b\ufeff]+")


@dataclass(frozen=True)
class Checker:
    """The rules of one type. `look` gives the fault of a value that is not empty, None for a good one.

    `whole` is a regular expression of good values, which a whole column is matched by at once; without it, good values
    are remembered: dates, countries and their like come again and again.
    """

    look: Callable[[str], Fault | None]
    whole: re.Pattern[str] | None = None
    longest: int = 0  # characters of a good value, where the expression does not say it
    has_lines: bool = False  # a good value may be of several lines

    def are_good(self, values: Sequence[str], known: set[str]) -> bool:
        """Say whether all of a column's values are good. False may only mean that one has to look at each."""
        if self.longest and max(map(len, values)) > self.longest:
            return False
        if self.whole is not None:
            lines = "\n".join(values) + "\n"
            is_each_one_line = self.has_lines or lines.count("\n") == len(values)
            return is_each_one_line and self.whole.fullmatch(lines) is not None
        if known.issuperset(values):
            return True
        unknown = set(values) - known
        if any(value and self.look(value) for value in unknown):
            return False
        if len(known) + len(unknown) > MOST_KNOWN:
            known.clear()
        known |= unknown
        return True


def _of(pattern: str) -> re.Pattern[str]:
    """Return a pattern for a column of values, each on a line; empty ones are good here. Nothing is tried twice."""
    return re.compile(rf"(?:(?:{pattern})?+\n)*+")


# ── Addresses and numbers ────────────────────────────────────────────────────────────────────────────────────

_EMAIL = (
    r"[\w!#$%&'*+/=?^`{|}~\-]++(?:\.[\w!#$%&'*+/=?^`{|}~\-]++)*+"
    r"@(?:[^\W_](?:[\w\-]*[^\W_])?\.)+[^\W\d_]{2,63}"
)
_ONE_EMAIL = re.compile(_EMAIL)
# Most addresses: narrower than what is good, and decided in one go from left to right.
_PLAIN_EMAIL = (
    r"(?=[^@\n]{1,64}@)[A-Za-z0-9_+\-]++(?:\.[A-Za-z0-9_+\-]++)*+"
    r"@(?:[A-Za-z0-9]++(?:-++[A-Za-z0-9]++)*+\.)++[A-Za-z]{2,63}+"
)
LONGEST_EMAIL = 254


def email(value: str) -> Fault | None:
    """Look at an e-mail address."""
    bare = _SPACES.sub("", value)
    lower = bare.removeprefix("mailto:")
    if not _is_email(lower):
        return "not_an_address", None
    return None if lower == value else ("spaces", lower)


def _is_email(value: str) -> bool:
    local, _, _host = value.rpartition("@")
    return len(value) <= LONGEST_EMAIL and 0 < len(local) <= 64 and _ONE_EMAIL.fullmatch(value) is not None


_MSISDN = re.compile(r"[1-9][0-9]{6,14}")
_GROUPING = re.compile(r"[\s\u00a0().\-/\u2010-\u2015]")


def mobile(value: str) -> Fault | None:
    """Look at a phone number: MSISDN, which is digits alone with the country's code first."""
    if _MSISDN.fullmatch(value):
        return None
    # A zero in brackets behind the country's code is for those who dial without the code.
    bare = _GROUPING.sub("", value[:1] + value[1:].replace("(0)", ""))
    number = bare.removeprefix("+") if bare.startswith("+") else bare.removeprefix("00")
    if not number.isascii() or not number.isdigit():
        return "not_a_number_of_a_phone", None
    if number.startswith("0"):
        return "leading_zero", None
    if number != bare:
        return ("starts_with_plus", number) if _MSISDN.fullmatch(number) else ("wrong_length", None)
    return ("spaces", bare) if _MSISDN.fullmatch(bare) else ("wrong_length", None)


# ── Numbers ──────────────────────────────────────────────────────────────────────────────────────────────────

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_COMMA = re.compile(r"-?[0-9]{1,18},[0-9]{1,18}")
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(?:[ \u00a0\u202f'][0-9]{3})+(?:[.,][0-9]{1,18})?")


def number(value: str) -> Fault | None:
    """Look at a whole number."""
    if _WHOLE.fullmatch(value):
        return None
    found = decimal(value)
    if found is None or (found[1] is not None and _DECIMAL.fullmatch(found[1])):
        plain = value if found is None else str(found[1])
        whole, _, rest = plain.partition(".")
        if rest.strip("0"):
            return "not_whole", None
        return (found[0] if found else "not_whole"), whole
    return found


def decimal(value: str) -> Fault | None:
    """Look at a number that may have decimals, which a point parts off."""
    if _DECIMAL.fullmatch(value):
        return None
    bare = value.strip().replace("\u2212", "-")
    if _DECIMAL.fullmatch(bare):
        return "spaces", bare
    if _COMMA.fullmatch(bare):
        return "decimal_comma", bare.replace(",", ".")
    if _THOUSANDS.fullmatch(bare):
        return "thousands", re.sub(r"[ \u00a0\u202f']", "", bare).replace(",", ".")
    return "not_a_number", None


# ── Words ────────────────────────────────────────────────────────────────────────────────────────────────────

_YES = frozenset(["yes", "ja", "kyllä", "kylla", "y", "j", "x", "1", "true", "sant", "sann", "sand", "tosi", "on"])
_NO = frozenset(["no", "nej", "nei", "ei", "n", "0", "false", "falskt", "usann", "falsk", "epätosi", "off"])


def boolean(value: str) -> Fault | None:
    """Look at a yes or no, which is `true` or `false`."""
    return _yes_or_no(value, "true", "false")


def flag(value: str) -> Fault | None:
    """Look at a cell that gives a consent or a tag, or does not: 1 or 0."""
    return _yes_or_no(value, "1", "0")


def _yes_or_no(value: str, yes: str, no: str) -> Fault | None:
    if value in (yes, no):
        return None
    word = value.strip().casefold()
    if word in _YES or word in _NO:
        return "yes_or_no", yes if word in _YES else no
    return "not_a_boolean", None


def text(value: str) -> Fault | None:
    """Look at a text."""
    if _CONTROLS.search(value):
        return "control_characters", _CONTROLS.sub("", value)[:LONGEST_TEXT]
    if value.startswith("#") and value in _ERRORS:
        return "formula_error", ""
    return ("too_long", value[:LONGEST_TEXT]) if len(value) > LONGEST_TEXT else None


_ERRORS = frozenset(["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"])


def location(value: str) -> Fault | None:
    """Look at a country: two capital letters of ISO 3166-1."""
    if value in CODES:
        return None
    upper = value.strip().upper()
    return ("lower_case", upper) if upper in CODES else ("not_a_country", None)


# ── Days and moments ─────────────────────────────────────────────────────────────────────────────────────────

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_ISO_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?")
_DAY_FIRST = re.compile(r"(\d{1,2})[./\-](\d{1,2})[./\-](\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})[./](\d{1,2})[./](\d{1,2})")
_UNIX = re.compile(r"-?[0-9]{1,10}")
_MILLISECONDS = re.compile(r"[0-9]{13}")


def day(value: str) -> Fault | None:
    """Look at a date: year, month, day with hyphens. All digits are a trap: the vendor takes them for seconds."""
    if iso := _ISO.fullmatch(value):
        return None if _date(*iso.groups()) else ("no_such_day", None)
    bare = value.strip()
    if bare.isascii() and bare.isdigit():
        written = _date(bare[:4], bare[4:6], bare[6:]) if len(bare) == 8 else None
        return "all_digits", written
    return _spelt_otherwise(bare)


def _spelt_otherwise(bare: str) -> Fault:
    if iso := _ISO.fullmatch(bare):
        written = _date(*iso.groups())
        return ("spaces", written) if written else ("no_such_day", None)
    if moment := _ISO_MOMENT.fullmatch(bare):
        written = _date(*moment.group(1).split("-"))
        return ("with_time", written) if written else ("no_such_day", None)
    if year_first := _YEAR_FIRST.fullmatch(bare):
        written = _date(*year_first.groups())
        return ("other_signs", written) if written else ("no_such_day", None)
    if day_first := _DAY_FIRST.fullmatch(bare):
        first, second, year = day_first.groups()
        # With points it is a day first wherever our users are; with slashes only where it can be nothing else.
        if "/" in bare and int(first) <= 12 and int(second) <= 12 and first != second:
            return "ambiguous", None
        written = _date(year, second, first)
        return ("day_first", written) if written else ("no_such_day", None)
    return "not_a_date", None


def _date(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def timestamp(value: str) -> Fault | None:
    """Look at a moment: Unix seconds. The vendor cuts any other form to midnight UTC."""
    if _UNIX.fullmatch(value):
        return None
    bare = value.strip()
    if _UNIX.fullmatch(bare):
        return "spaces", bare
    if _MILLISECONDS.fullmatch(bare):
        return "milliseconds", bare[:-3]
    if moment := _ISO_MOMENT.fullmatch(bare):
        when, zone = f"{moment.group(1)}T{moment.group(2)}", moment.group(3)
        try:
            seconds = datetime.fromisoformat(when + ("+00:00" if zone in (None, "Z") else zone)).timestamp()
        except ValueError:
            return "no_such_day", None
        return ("time_would_be_cut" if zone else "time_without_zone"), str(int(seconds)) if zone else None
    found = day(bare)
    written = bare if found is None else found[1]
    if written is None:
        return found[0] if found else "not_a_date", None
    return "a_day_alone", str(int(datetime.fromisoformat(f"{written}T00:00:00+00:00").timestamp()))


def stored(kind: str, value: str) -> str:
    """Return how the vendor will store a value of a date or a moment, by its own rules; as it is where none is known.

    Source: help.apsis.one, "Supported Data Formats": zone and time of a date are dropped; a moment is Unix seconds, and
    whatever is written otherwise is cut to midnight UTC.
    """
    if kind == "date":
        return _stored_day(value)
    if kind == "timestamp":
        if _UNIX.fullmatch(value):
            return _shown(int(value))
        found = _stored_day(value)
        return f"{found} 00:00 UTC" if _ISO.fullmatch(found) else found
    return value


def _stored_day(value: str) -> str:
    bare = value.strip()
    if bare.isascii() and bare.isdigit():
        return _shown(int(bare))[:10]
    if iso := _ISO.match(bare):
        return iso.group(0)
    try:
        return parsedate_to_datetime(bare).date().isoformat()
    except (ValueError, TypeError, IndexError):
        return bare


def _shown(seconds: int) -> str:
    try:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds):%Y-%m-%d %H:%M} UTC"
    except OverflowError:
        return str(seconds)


# What is mended without being asked: the same value, written as the vendor writes it. All else is somebody's decision.
LOSSLESS = frozenset(
    [
        "spaces",
        "starts_with_plus",
        "thousands",
        "decimal_comma",
        "yes_or_no",
        "lower_case",
        "other_signs",
        "all_digits",
        "day_first",
    ]
)

CHECKERS: Mapping[str, Checker] = {
    "email": Checker(email, _of(_PLAIN_EMAIL), LONGEST_EMAIL),
    "mobile": Checker(mobile, _of(r"[1-9][0-9]{6,14}")),
    "number": Checker(number, _of(r"-?[0-9]{1,18}")),
    "decimal": Checker(decimal, _of(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")),
    "boolean": Checker(boolean),
    "flag": Checker(flag),
    # What may be no text is rare: controls anywhere, and the errors of formulas, which begin with a hash.
    "text": Checker(
        text, re.compile(r"(?:(?!#)[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\n]*+\n)*+"), LONGEST_TEXT, has_lines=True
    ),
    "location": Checker(location),
    "date": Checker(day),
    "timestamp": Checker(timestamp, _of(r"-?[0-9]{1,10}")),
}
