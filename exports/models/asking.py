"""What saved segments, their versions and their runs have in common: each says what it asks for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from exports.events.spec import EventSpec
from exports.kinds import Spec, read
from exports.spec import ConsentSpec


class Asking:
    """A row with a `spec`, the JSON of what it asks for, and the kind of that."""

    spec: Any

    @property
    def spec_kind(self) -> str:
        raise NotImplementedError

    @cached_property
    def asks(self) -> Spec:
        """What it asks for."""
        return read(self.spec_kind, self.spec)

    @property
    def consent_spec(self) -> ConsentSpec:
        """The same, where it is known to be an export of consents."""
        assert isinstance(self.asks, ConsentSpec)
        return self.asks

    @property
    def event_spec(self) -> EventSpec:
        """The same, where it is known to be an export of events."""
        assert isinstance(self.asks, EventSpec)
        return self.asks
