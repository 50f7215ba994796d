"""The saved segment and the stepper of the tests of exports, for pages that compose what several apps know."""

from tests.exports.conftest import choices, segment, spec, steps

__all__ = ["choices", "segment", "spec", "steps"]
