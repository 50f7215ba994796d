import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.rules import read

MEMBERS = {
    "a": lambda number: bool(number & 1),
    "b": lambda number: bool(number & 2),
    "c": lambda number: bool(number & 4),
}
RULES = st.recursive(
    st.sampled_from("abc"),
    lambda inner: st.one_of(
        inner.map(lambda text: f"!({text})"),
        st.tuples(inner, st.sampled_from("&|"), inner).map(lambda parts: f"({' '.join(parts)})"),
    ),
    max_leaves=12,
)


@given(RULES)
def test_rules_mean_what_they_mean_in_python(rule):
    python = rule.replace("!", " not ").replace("&", " and ").replace("|", " or ")
    for number in range(8):
        names = {name: asks(number) for name, asks in MEMBERS.items()}
        assert read(rule, MEMBERS)(number) == bool(eval(python, {}, names))


def test_and_binds_tighter_than_or():
    assert [number for number in range(4) if read("a | b & a", MEMBERS)(number)] == [1, 3]


@pytest.mark.parametrize("rule", ["", "  ", "a b", "a &", "& a", "(a", "a)", "d", "!", "!" * 201])
def test_nonsense_is_refused(rule):
    with pytest.raises(ValueError, match=r"."):
        read(rule, MEMBERS)
