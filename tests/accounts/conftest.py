"""A saved segment of exports: what somebody who is signed in has open."""

from tests.exports.conftest import choices, segment, spec

__all__ = ["choices", "segment", "spec"]
