import pytest

from upstream.apsis import limits
from upstream.apsis.limits import Limit

LIMITS = {name: value for name, value in vars(limits).items() if isinstance(value, Limit)}


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())
def test_every_figure_has_its_source(limit):
    assert limit.value > 0
    assert limit.per
    assert limit.source_page.startswith(("developer.apsis.com, ", "help.apsis.one, "))


def test_the_figures_that_the_lanes_are_made_of():
    lanes = {
        name: (LIMITS[name].value, LIMITS[name].per)
        for name in ("CALLS", "TOKENS", "POLLS", "EXPORTS", "EVENT_EXPORTS", "IMPORTS")
    }

    assert lanes == {
        "CALLS": (100, "second"),
        "TOKENS": (10, "minute"),
        "POLLS": (60, "minute"),
        "EXPORTS": (1, "second"),
        "EVENT_EXPORTS": (1, "minute"),
        "IMPORTS": (10, "minute"),
    }
