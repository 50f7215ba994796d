"""Event exports for tests: one that is as the vendor's page says, and strategies for those that are not."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from exports.events.names import EventType, Field, Names

NAMES = Names(
    sections={"4711": "Webshop", "4712": "Club"},
    attributes={
        "1852749": Field("Email", "attribute", "4711"),
        "1852750": Field("City", "attribute", "4711"),
        "1852751": Field("Email", "attribute", "4712"),
        "90311": Field("Regular", "tag", "4711"),
    },
    events={
        "99120": EventType("com.example.click", "Clicked", ("url", "letter")),
        "99121": EventType("com.example.click", "Clicked", ("url", "letter", "position")),
        "99130": EventType("com.example.buy", "Bought", ("amount", "Section")),
    },
    topics={"7": "Spring news"},
)
AT = 1_777_638_600_000  # 2026-05-01 12:30 UTC


def event(n: int = 1, **other: Any) -> dict[str, Any]:
    """Return a click."""
    return {
        "correlationId": f"c-{n}",
        "sourceEventTime": AT + n * 1000,
        "typeId": "99120",
        "createdAt": AT + n * 1000 + 250,
        "data": {"url": "https://www.example.com/spring", "letter": "May"},
    } | other


def section(*events: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """Return a section with events; attributes by ID, with `a` before it."""
    return {
        "attributes": {id.removeprefix("a"): {"value": value} for id, value in attributes.items()},
        "events": list(events),
    }


def written(*profiles: Any, outer: bool = True, **how: Any) -> bytes:
    """Write (key, value of the profile) as JSON."""
    how = {"ensure_ascii": False} | how
    _comma, colon = how.get("separators", (", ", ": "))
    body = "{" + ",".join(f"{json.dumps(key, **how)}{colon}{json.dumps(value, **how)}" for key, value in profiles) + "}"
    return (f'{{"profiles"{colon}{body}}}' if outer else body).encode("utf-8")


def person(*events: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """Return a profile with one section."""
    return {"sections": {"4711": section(*events, **attributes)}}


TEXTS = st.one_of(
    st.sampled_from(
        ['":', '[{"a":1}]', "\\ud800", "=1+1", "a,b", "two\nlines", "\x00", "Åsa 🙂", "", " ", "0", "yes", ";"]
    ),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=8),
)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -0.0, 10**25, 1e300, 2**63]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=4,
)
TIMES = st.one_of(st.just(0), st.integers(AT - 10**10, AT + 10**10), st.integers(-(10**12), 10**17))
EVENTS = st.fixed_dictionaries(
    {
        "correlationId": st.one_of(st.sampled_from(["c-1", "c-2"]), TEXTS),
        "sourceEventTime": TIMES,
        "typeId": st.sampled_from(["99120", "99121", "99130", "5"]),
        "createdAt": TIMES,
        "data": st.dictionaries(st.one_of(st.sampled_from(["url", "letter", "amount"]), TEXTS), VALUES, max_size=4),
    }
)
SECTIONS = st.fixed_dictionaries(
    {
        "attributes": st.dictionaries(
            st.sampled_from(["1852749", "1852750", "90311", "8"]),
            st.fixed_dictionaries({"value": VALUES}),
            max_size=3,
        ),
        "events": st.lists(EVENTS, max_size=4),
    }
)
PROFILES = st.dictionaries(
    st.text("abc0Å", min_size=1, max_size=4),
    st.fixed_dictionaries({"sections": st.dictionaries(st.sampled_from(["4711", "4712", "x"]), SECTIONS, max_size=2)}),
    max_size=4,
)
