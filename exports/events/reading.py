"""The vendor's event export, profile by profile: JSON of any size read in the memory that one profile needs. No Django.

A window of text slides over the file, and Python's own scanner, which is C, builds one profile at a time in it. Of the
parsers that were measured (docs/benchmarks.md) it is the fastest that keeps a number exactly as it was written. What
it hides is looked for beside it: that a key stands twice, of which it keeps the last, and half a letter of UTF-16.

Shape of the file: developer.apsis.com, Request profile in segment event export (S1).
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple, NoReturn

WINDOW = 256 * 1024  # letters looked at at once: more need fresh memory pages, fewer cut more profiles in two
LONGEST_PROFILE = 128 * 1024 * 1024  # letters of one profile
DEEPEST = 100  # values within values, in an attribute or in an event's data
_HALF_A_TOKEN = 12  # letters at the window's end that may be half of something: “-Infinity”, “\uD83D\uDE0”


class Unreadable(Exception):
    """The file cannot be read to its end. `at` counts bytes from 0, `profile` counts profiles from 1, if it was in one.

    `code` is one of: file_empty, cut_short, malformed, not_utf8, not_a_number (NaN and its like), too_deep, too_long
    (one profile), more_after_end, wrong_type (`what` says of what). No text of the file's is ever in it.
    """

    def __init__(self, code: str, *, at: int, profile: int | None = None, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.at, self.profile, self.facts = code, at, profile, facts

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "at": self.at, "profile": self.profile, **self.facts}


class Number(str):
    """A number, in the very letters that the file has for it: none is rounded, however long."""

    __slots__ = ()


class Event(NamedTuple):
    """An event as it came. Times are texts of milliseconds since 1970; a source time of 0, or none, is not recorded."""

    correlation_id: str
    source_time: str
    type_id: str
    created_at: str
    data: dict[str, Any]


class Section(NamedTuple):
    """What a profile has in one section. `attributes` holds tags too, whose value is None; both are by version ID."""

    id: str
    attributes: dict[str, Any]
    events: list[Event]
    topics: dict[str, Any]


class Profile(NamedTuple):
    """A profile. `number` counts from 1; `oddities` says what was let pass in it, by name (how often)."""

    key: str
    number: int
    sections: list[Section]
    oddities: Mapping[str, int]


def profiles(chunks: Iterable[bytes]) -> Iterator[Profile]:
    """Yield the profiles of a file in its order; the file has ended well when this ends. Raises Unreadable.

    Values are str, Number, bool, None, list and dict. A key that a file has twice gives two profiles; where one stands
    twice within a profile, sections, events and attributes of both are kept, and deeper the last value counts and the
    oddity `key_twice` says so. Half a letter of UTF-16, which no file can hold, becomes the six letters of its escape.
    """
    window = _Window(chunks)
    if not window.peek():
        window.fail("file_empty")
    if window.peek() != "{":
        window.skip_empty("file")
    strangers = met = 0
    for key in window.pairs() if window.peek() == "{" else ():
        met += 1
        if key != "profiles":
            # Without the outer key the file's own keys are profiles; anything else is not ours to know.
            profile = window.profile(key, is_certain=False)
            if profile:
                yield profile
            else:
                strangers += 1
        elif window.peek() == "{":
            for inner in window.pairs():
                profile = window.profile(inner, is_certain=True)
                assert profile
                yield profile
        else:
            window.skip_empty("profiles")
    if window.peek():
        window.fail("more_after_end")
    if met and strangers == met:
        # Nothing in it is a profile or could hold one: to call that “nobody” would be a guess.
        window.fail("wrong_type", what="profiles")


# ── The window ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _NotANumber(Exception):
    """NaN, Infinity or -Infinity: Python reads them, JSON has none of them."""


def _refuse_constant(_name: str) -> NoReturn:
    raise _NotANumber


_Scan = Callable[[str, int], tuple[Any, int]]


class _Pairs(list[tuple[str, Any]]):
    """An object with every key that it has, twice where it stands twice."""


_NUMBERS: dict[str, Any] = {"parse_float": Number, "parse_int": Number, "parse_constant": _refuse_constant}
_scan: _Scan = json.JSONDecoder(**_NUMBERS).raw_decode
_scan_pairs: _Scan = json.JSONDecoder(**_NUMBERS, object_pairs_hook=_Pairs).raw_decode

_space = re.compile(r"[ \t\n\r]*").match
_SPACED_COLON = re.compile(r'"[ \t\n\r]+:')
# What a text that was cut within a value may end with, from where the scanner stumbled.
_BEGUN = re.compile(r"(?:t|tr|tru|f|fa|fal|fals|n|nu|nul|-|\.|\.?[eE][+-]?)?").fullmatch
_BEGUN_ESCAPE = re.compile(r"(?:\\?u)?[0-9a-fA-F]{0,4}").fullmatch
_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*+"|NaN|-?Infinity', re.DOTALL)


class _Window:
    """The text from where the reading stands to a little beyond. `at` is where it stands."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._pieces = _decoded(chunks)
        self._trouble: Unreadable | None = None  # of the text behind the window
        self._has_ended = False
        self._first_byte = self._bytes = 0  # at which the window begins, and ends
        self._number: int | None = None  # of the profile that is read
        self._done = 0  # profiles
        self._has_spaced_colons = self._has_escapes = False
        self._began = 0  # where the last value does
        self.text = ""
        self.at = 0
        if self.grow() and self.text.startswith("\ufeff"):
            self.at = 1

    def grow(self) -> bool:
        """Drop what was read, and hold twice as much of what was not; say whether there was more."""
        kept = self.text[self.at :]
        parts, length = [kept], len(kept)
        wanted = max(WINDOW, 2 * length)
        self._first_byte = self._bytes - len(kept.encode())
        while length < wanted and not self._has_ended:
            piece = next(self._pieces, None)
            if isinstance(piece, tuple):
                text, self._bytes = piece
                parts.append(text)
                length += len(text)
            else:
                self._trouble, self._has_ended = piece, True
        if length == len(kept) and self._trouble:
            self._trouble.profile = self._number
            raise self._trouble
        self.text, self.at = "".join(parts), 0
        self._has_spaced_colons = _SPACED_COLON.search(self.text) is not None
        self._has_escapes = "\\" in self.text and "\\u" in self.text
        return length > len(kept)

    def fail(self, code: str, at: int | None = None, **facts: Any) -> NoReturn:
        byte = self._first_byte + len(self.text[: self.at if at is None else at].encode())
        raise Unreadable(code, at=byte, profile=self._number, **facts)

    # ── Between the profiles ─────────────────────────────────────────────────────────────────────────────────────

    def peek(self) -> str:
        """Return the next letter that is no white space; nothing at the end of the file."""
        while True:
            found = _space(self.text, self.at)
            assert found is not None
            self.at = found.end()
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.grow():
                return ""

    def pairs(self) -> Iterator[str]:
        """Yield the keys of the object that stands here; before the next, its value must have been read."""
        self._pass("{")
        if self.peek() == "}":
            self.at += 1
            return
        while True:
            if self.peek() != '"':
                self._stumble()
            key: str = self._scanned(_scan)
            self.peek()
            self._pass(":")
            self.peek()
            yield key
            if self.peek() == "}":
                self.at += 1
                return
            self._pass(",")

    def _pass(self, mark: str) -> None:
        if not self.text.startswith(mark, self.at):
            self._stumble()
        self.at += 1

    def _stumble(self) -> NoReturn:
        self.fail("malformed" if self.at < len(self.text) else "cut_short")

    def skip_empty(self, what: str) -> None:
        """Pass over a value in the place of an object, if nothing is in it."""
        if self._scanned(_scan):
            self.fail("wrong_type", self._began, what=what)

    # ── One value ────────────────────────────────────────────────────────────────────────────────────────────────

    def _scanned(self, scan: _Scan) -> Any:
        """Return the value that stands here, and stand behind it."""
        while True:
            try:
                value, end = scan(self.text, self.at)
                if end < len(self.text) or self._has_ended:  # else it may be half a number
                    self._began, self.at = self.at, end
                    return value
                message, where = "", end
            except json.JSONDecodeError as error:
                message, where = error.msg, error.pos
            except _NotANumber:
                message, where = "not_a_number", -1
            except RecursionError:
                message, where = "too_deep", -1
            # Outside of the handlers, whose exceptions hold the text.
            if where < 0:
                self.fail(message, self._constant() if message == "not_a_number" else None)
            self._more(message, where)

    def _more(self, message: str, where: int) -> None:
        """Read on where the scanner has stumbled over the window's end, else say what is wrong."""
        begun = message.startswith("Unterminated")
        if not begun and len(self.text) - where > _HALF_A_TOKEN:
            self.fail("malformed", where)
        if len(self.text) - self.at > LONGEST_PROFILE:
            self.fail("too_long", most=LONGEST_PROFILE)
        where -= self.at
        if not self.grow():
            rest = self.text[where:]
            is_half = begun or (_BEGUN_ESCAPE if message.startswith("Invalid") else _BEGUN)(rest)
            self.fail(*(("cut_short", len(self.text)) if is_half else ("malformed", where)))

    def _constant(self) -> int:
        """Return where the first NaN or Infinity stands outside of a string."""
        tokens = _STRING_OR_CONSTANT.finditer(self.text, self.at)
        return next((token.start() for token in tokens if token[0][0] != '"'), self.at)

    # ── One profile ──────────────────────────────────────────────────────────────────────────────────────────────

    def profile(self, key: str, *, is_certain: bool) -> Profile | None:
        """Read the value that stands here; None if it was no profile, which may only be where that is not certain."""
        self._number = self._done + 1
        found = self._scanned(_scan)
        build = _Build()
        try:
            if not is_certain and not (found.__class__ is dict and "sections" in found):
                self._number = None
                return None
            sections = build.sections(found)
            if self._is_strange(build, found) or _has_half_letter(key):
                found = self._scanned_again()
                build = _Build()
                found = build.merged(found)
                key = build.whole(key)
                sections = build.sections(found)
        except RecursionError:
            wrong: tuple[str, dict[str, Any]] | None = ("too_deep", {})
        except _WrongType as error:
            wrong = ("wrong_type", {"what": error.what})
        else:
            wrong = None
        if wrong:
            self.fail(wrong[0], self._began, **wrong[1])
        self._done += 1
        self._number = None
        return Profile(key, self._done, sections, build.oddities)

    def _scanned_again(self) -> Any:
        """Scan the last value once more, and keep what the quick way drops."""
        self.at = self._began
        return self._scanned(_scan_pairs)

    def _is_strange(self, build: _Build, found: Any) -> bool:
        """Say whether something in the last value may have been dropped or be unsayable.

        Each key has a colon, and each list a bracket: when there are as many in the text as were met, nothing is
        hidden. A text may hold some too, and then it is only looked at more closely.
        """
        text, began, end = self.text, self._began, self.at
        colons, brackets = text.count('":', began, end), text.count("[", began, end)
        if (colons != build.keys or brackets != build.lists) and _keys(found) != colons:
            return True
        return self._has_spaced_colons or (self._has_escapes and _has_half_escape(text, began, end))


class _WrongType(Exception):
    """Something that is not what it must be, and that holds something."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def _keys(value: Any, depth: int = 0) -> int:
    """Return how many keys a value has, all in all. Raises RecursionError when it is too deep."""
    if depth > DEEPEST:
        raise RecursionError
    if value.__class__ is dict:
        return len(value) + sum(_keys(one, depth + 1) for one in value.values() if one.__class__ in _HOLDERS)
    if value.__class__ is list:
        return sum(_keys(one, depth + 1) for one in value if one.__class__ in _HOLDERS)
    return 0


_HOLDERS = frozenset((dict, list))
_TEXTS = frozenset((str, Number))
_parts_of_event = itemgetter("correlationId", "sourceEventTime", "typeId", "createdAt", "data")
_SECTION_KEYS = frozenset(("attributes", "events", "topics"))
# What Event._make does, but without a call of Python's own.
_event: Callable[[tuple[Any, ...]], Event] = partial(tuple.__new__, Event)


class _Build:
    """Turn what the scanner found into sections, counting keys and lists on the way."""

    def __init__(self) -> None:
        self.oddities: Counter[str] = Counter()
        self.keys = self.lists = 0

    def sections(self, profile: Any) -> list[Section]:
        profile = self._object(profile, "profile")
        self.keys += len(profile)
        self._unknown(len(profile) - ("sections" in profile))
        sections = self._object(profile.get("sections", {}), "sections")
        self.keys += len(sections)
        return [self._section(name, one) for name, one in sections.items()]

    def _section(self, name: str, section: Any) -> Section:
        section = self._object(section, "section")
        self.keys += len(section)
        if len(section) > 2:
            self._unknown(len(section.keys() - _SECTION_KEYS))
        attributes = self._object(section.get("attributes", {}), "attributes")
        self.keys += len(attributes)
        values = {id: self._value(one) for id, one in attributes.items()}
        topics = self._object(section.get("topics", {}), "topics")
        self.keys += len(topics)
        return Section(name, values, self._events(section.get("events")), {id: _state(topics[id]) for id in topics})

    def _value(self, attribute: Any) -> Any:
        """Return an attribute's value; what stands there without an object round it is taken for the value."""
        if attribute.__class__ is dict:
            self.keys += len(attribute)
            if len(attribute) == 1 and "value" in attribute:
                return attribute["value"]
            self._unknown(len(attribute) - ("value" in attribute))
            return attribute.get("value")
        self.oddities["attribute_bare"] += 1
        return attribute

    def _events(self, events: Any) -> list[Event]:
        if events.__class__ is not list:
            if events:
                raise _WrongType("events")
            return []
        self.lists += 1
        made = self._even_events(events)
        return self._odd_events(events) if made is None else made

    def _even_events(self, events: list[Any]) -> list[Event] | None:
        """Make all events at once, in C, as long as each is what it should be."""
        try:
            parts = list(map(_parts_of_event, events))
        except (KeyError, TypeError):
            return None
        if not parts:
            return []
        *texts, data = zip(*parts, strict=True)
        is_even = {*map(len, events)} == {5} and {*map(type, data)} == {dict}
        if not is_even or not all(_TEXTS.issuperset(map(type, column)) for column in texts):
            return None
        self.keys += 5 * len(events) + sum(map(len, data))
        return list(map(_event, parts))

    def _odd_events(self, events: list[Any]) -> list[Event]:
        made = []
        for one in events:
            if one.__class__ is dict:
                made.append(self._odd_event(one))
            elif one:
                raise _WrongType("event")
            else:
                self.oddities["event_empty"] += 1
        return made

    def _odd_event(self, event: dict[str, Any]) -> Event:
        """Make an event of one that lacks something, or has more, or something of another type."""
        self.keys += len(event)
        self._unknown(len(event.keys() - {"correlationId", "sourceEventTime", "typeId", "createdAt", "data"}))
        data = event.get("data")
        if data.__class__ is dict:
            self.keys += len(data)
        else:
            if data is not None:
                self.oddities["data_bare"] += 1
            data = {} if data is None else {"data": data}
        names = ("correlationId", "sourceEventTime", "typeId", "createdAt")
        return _event((*(self._text(event.get(name), name) for name in names), data))

    def _text(self, value: Any, name: str) -> str:
        if value.__class__ in _TEXTS:
            return str(value)
        self.oddities[f"{name}_missing" if value is None else f"{name}_strange"] += 1
        return "" if value is None else said(value)

    def _object(self, value: Any, what: str) -> dict[str, Any]:
        if value.__class__ is dict:
            return value
        if value:
            raise _WrongType(what)
        self.oddities[f"{what}_empty"] += 1
        self.lists += value == []
        return {}

    def _unknown(self, many: int) -> None:
        if many:
            self.oddities["unknown_keys"] += many

    # ── The slow way ─────────────────────────────────────────────────────────────────────────────────────────────

    def merged(self, value: Any, depth: int = 0) -> Any:
        """Return a value with a dict for each object, and whole letters only."""
        if depth > DEEPEST:
            raise RecursionError
        if value.__class__ is str:
            return self.whole(value)
        if value.__class__ is list:
            return [self.merged(one, depth + 1) for one in value]
        if value.__class__ is not _Pairs:
            return value
        found: dict[str, Any] = {}
        for key, one in value:
            key, one = self.whole(key), self.merged(one, depth + 1)
            found[key] = self._both(found[key], one, depth) if key in found else one
        return found

    def _both(self, first: Any, second: Any, depth: int) -> Any:
        """Return what two values of one key come to: together down to lists of events, the last one below."""
        if depth <= _DEEPEST_MERGE:
            if isinstance(first, dict) and isinstance(second, dict):
                both = dict(first)
                for key, one in second.items():
                    both[key] = self._both(first[key], one, depth + 1) if key in first else one
                return both
            if isinstance(first, list) and isinstance(second, list):
                return [*first, *second]
            if not first or not second:
                return first or second
        self.oddities["key_twice"] += 1
        return second

    def whole(self, text: str) -> str:
        """Return a text in which half a letter of UTF-16 stands as its escape."""
        if not _has_half_letter(text):
            return text
        self.oddities["half_letter"] += len(_HALF_LETTER.findall(text))
        return _HALF_LETTER.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


_DEEPEST_MERGE = 2  # of keys: sections (0), a section (1), its attributes, events and topics (2)
_HALF_LETTER = re.compile("[\ud800-\udfff]")
_ESCAPES = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def _has_half_letter(text: str) -> bool:
    return not text.isascii() and _HALF_LETTER.search(text) is not None


def _has_half_escape(text: str, began: int, end: int) -> bool:
    """Say whether a surrogate is written without its other half before or behind it."""
    high_ends = -1  # where the last high half ended
    for found in _ESCAPES.finditer(text, began, end):
        code = int(found[1] or "0", 16)
        if high_ends >= 0:
            if not (0xDC00 <= code <= 0xDFFF and found.start() == high_ends):
                return True
            high_ends = -1
        elif 0xDC00 <= code <= 0xDFFF:
            return True
        elif 0xD800 <= code <= 0xDBFF:
            high_ends = found.end()
    return high_ends >= 0


def _state(topic: Any) -> Any:
    """Return a topic's state: what stands there, or the only thing in an object."""
    return next(iter(topic.values())) if topic.__class__ is dict and len(topic) == 1 else topic


def said(value: Any, depth: int = 0) -> str:
    """Return a value as JSON, each number in its own letters."""
    if value.__class__ is str:
        return _quoted(value)
    if value.__class__ is Number:
        return str(value)
    if value.__class__ is dict:
        return "{" + ", ".join(f"{_quoted(key)}: {said(one)}" for key, one in value.items()) + "}"
    if value.__class__ is list:
        return "[" + ", ".join(map(said, value)) + "]"
    return _CONSTANTS[value]


_quoted = json.encoder.encode_basestring
_CONSTANTS = {None: "null", True: "true", False: "false"}


def _decoded(chunks: Iterable[bytes]) -> Iterator[tuple[str, int] | Unreadable]:
    """Yield the text in pieces, each with the byte at which it ends; at last why there is no more, if it broke off."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    taken = 0
    for chunk in chunks:
        for at in range(0, len(chunk), WINDOW):
            piece = chunk[at : at + WINDOW]
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(piece)
            except UnicodeDecodeError as error:
                start = taken - held + error.start
                yield error.object[: error.start].decode(), start
                yield Unreadable("not_utf8", at=start)
                return
            taken += len(piece)
            if text:
                yield text, taken - len(decoder.getstate()[0])
    if held := len(decoder.getstate()[0]):
        yield Unreadable("cut_short", at=taken - held)
