"""The rule, over every combination of what can be told: never a wrong yes, never an unknown taken for a no."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consents import verdict
from consents.verdict import Answer, Reach, Reaches, Told, chains, history, together
from sandbox.definitions import EMAIL, SMS
from upstream.apsis.consents import TYPES, Consent, Suppression

TOPIC = "usercreated.topics.news-aaaaaaaaaa"
ADDRESS, OTHER = "somebody@example.com", "else@example.com"
STRANGE = "soft-opt-in"

# What the answer tells of the consent → whole, broken or unknown.
CONSENTS: dict[str, tuple[Told, str]] = {
    "opt-in": (Told((Consent(TOPIC, EMAIL, "opt-in"),)), "whole"),
    "confirmed-opt-in": (Told((Consent(TOPIC, EMAIL, "confirmed-opt-in"),)), "whole"),
    "pending-opt-in": (Told((Consent(TOPIC, EMAIL, "pending-opt-in"),)), "broken"),
    "opt-out": (Told((Consent(TOPIC, EMAIL, "opt-out"),)), "broken"),
    "a word of tomorrow": (Told((Consent(TOPIC, EMAIL, STRANGE),)), "unknown"),
    "nothing": (Told(()), "broken"),
    "nothing, and something unread": (Told((), unread=1), "unknown"),
    "nothing of the types asked for": (Told((), types=("opt-in",)), "unknown"),
    "two answers": (Told((Consent(TOPIC, EMAIL, "opt-in"), Consent(TOPIC, EMAIL, "opt-out"))), "unknown"),
    "the same twice": (Told((Consent(TOPIC, EMAIL, "opt-in"), Consent(TOPIC, EMAIL, "opt-in"))), "whole"),
    "no answer": (Told(None), "unknown"),
    "another channel's": (Told((Consent(TOPIC, SMS, "opt-in"),)), "broken"),
    "another topic's": (Told((Consent("other", EMAIL, "opt-in"),)), "broken"),
}
REACHES: dict[str, tuple[Reaches, str]] = {
    "clear": (Reaches((Reach(EMAIL, ADDRESS, ()),)), "whole"),
    "suppressed": (Reaches((Reach(EMAIL, ADDRESS, (Suppression(EMAIL, ADDRESS),)),)), "broken"),
    "not told": (Reaches((Reach(EMAIL, ADDRESS, None),)), "unknown"),
    "unread": (Reaches((Reach(EMAIL, ADDRESS, (), unread=1),)), "unknown"),
    "another address": (Reaches((Reach(EMAIL, ADDRESS, (Suppression(EMAIL, OTHER),)),)), "unknown"),
    "suppressed, and unread": (Reaches((Reach(EMAIL, ADDRESS, (Suppression(EMAIL, ADDRESS),), unread=2),)), "broken"),
    "no address known": (Reaches(), "unknown"),
    "no address there": (Reaches((), frozenset({EMAIL})), "broken"),
    "only on another channel": (Reaches((Reach(SMS, "46000000001", ()),)), "unknown"),
}


def answer(told: Told, reaches: Reaches, *, only: str | None = None) -> Answer:
    return together(chains(told, reaches, topic=TOPIC, only=only, channel=EMAIL))


@pytest.mark.seed("S3.2")
@pytest.mark.seed("S3.4")
@pytest.mark.seed("S3.5")
@pytest.mark.seed("S3.6")
@pytest.mark.seed("S3.7")
@pytest.mark.seed("S3.17")
@pytest.mark.seed("S3.19")
@pytest.mark.seed("S3.20")
@pytest.mark.parametrize(("consent", "reach"), list(product(CONSENTS, REACHES)))
def test_both_must_hold_and_one_that_is_broken_decides(consent: str, reach: str) -> None:
    (told, first), (reaches, second) = CONSENTS[consent], REACHES[reach]
    wanted = Answer.YES if (first, second) == ("whole", "whole") else Answer.UNKNOWN
    if "broken" in (first, second):
        wanted = Answer.NO
    assert answer(told, reaches) == wanted


@pytest.mark.parametrize("consent", CONSENTS)
def test_a_topic_of_another_channel_is_a_no_whatever_is_recorded(consent: str) -> None:
    told = CONSENTS[consent][0]
    assert answer(told, REACHES["clear"][0], only=SMS) == Answer.NO
    assert answer(told, REACHES["clear"][0], only=EMAIL) == answer(told, REACHES["clear"][0])


def test_the_first_broken_link_is_the_one_that_is_named() -> None:
    suppressed = REACHES["suppressed"][0]
    for told, first in ((CONSENTS["opt-out"][0], verdict.OPTED_OUT), (CONSENTS["opt-in"][0], verdict.SUPPRESSED)):
        (chain,) = chains(told, suppressed, topic=TOPIC, only=None, channel=EMAIL)
        assert chain.broken is not None
        assert chain.broken.why == first
    (whole,) = chains(CONSENTS["opt-in"][0], REACHES["clear"][0], topic=TOPIC, only=None, channel=EMAIL)
    assert whole.broken is None
    (unknown,) = chains(CONSENTS["two answers"][0], REACHES["clear"][0], topic=TOPIC, only=None, channel=EMAIL)
    assert unknown.broken is not None
    assert unknown.broken.why == verdict.TWO_ANSWERS


@pytest.mark.seed("S3.21")
def test_consent_is_on_the_profile_and_suppression_on_the_address() -> None:
    """Of two addresses of a channel one is suppressed and one is not: the same consent reaches the other."""
    both = Reaches((Reach(EMAIL, ADDRESS, (Suppression(EMAIL, ADDRESS),)), Reach(EMAIL, OTHER, ())))
    first, second = chains(CONSENTS["opt-in"][0], both, topic=TOPIC, only=None, channel=EMAIL)
    assert (first.answer, second.answer) == (Answer.NO, Answer.YES)
    assert first.consent == second.consent
    assert together([first, second]) == Answer.YES


consent = st.builds(
    Consent, st.sampled_from([TOPIC, "other"]), st.sampled_from([EMAIL, SMS]), st.sampled_from([*TYPES, STRANGE])
)
suppressed = st.builds(Suppression, st.sampled_from([EMAIL, SMS]), st.sampled_from([ADDRESS, OTHER]))


@given(
    st.one_of(st.none(), st.lists(consent, max_size=4).map(tuple)),
    st.one_of(st.none(), st.lists(suppressed, max_size=3).map(tuple)),
    st.integers(0, 1),
    st.integers(0, 1),
)
def test_there_is_no_yes_without_a_permission_and_a_clear_address(
    consents: tuple[Consent, ...] | None, told: tuple[Suppression, ...] | None, unread: int, unread_too: int
) -> None:
    about = None if told is None else tuple(one for one in told if one.channel == EMAIL)
    reaches = Reaches((Reach(EMAIL, ADDRESS, about, unread_too),))
    if answer(Told(consents, (), unread), reaches) == Answer.YES:
        types = {one.type for one in consents or () if (one.topic, one.channel) == (TOPIC, EMAIL)}
        assert types in ({"opt-in"}, {"confirmed-opt-in"})
        assert about == ()
        assert not unread_too


def test_the_history_is_what_has_a_time_newest_first() -> None:
    old, new = datetime(2024, 3, 3, tzinfo=UTC), datetime(2024, 5, 19, tzinfo=UTC)
    given_, silent = Consent(TOPIC, EMAIL, "opt-in", modified_at=old), Consent(TOPIC, SMS, "opt-in")
    events = history([given_, silent], [Suppression(SMS, "46000000001", modified_at=new)])
    assert [event.at for event in events] == [new, old]
