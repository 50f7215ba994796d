"""The addresses of somebody, and what is told of each: those on the profile, the key if it is one, those typed."""

from __future__ import annotations

from collections.abc import Mapping

from consents import keys
from consents.keys import Key
from consents.verdict import Reach, Reaches
from upstream.apsis.builtin import ADDRESS_OF
from upstream.apsis.consents import Address, Standing, Suppression
from upstream.errors import UpstreamError


class Gathered:
    """What is known so far. `values` are the profile's attributes, None where they are not told."""

    def __init__(self, key: Key, values: Mapping[str, str] | None) -> None:
        self._known: dict[Address, Reach | None] = {}
        self._is_told = values is not None
        self._key = Address(key.channel, key.text) if key.channel else None
        if self._key:
            self.add(self._key)
        for channel, attribute in ADDRESS_OF.items():
            if value := (values or {}).get(attribute, "").strip():
                self.add(Address(channel, keys.on_channel(channel, value)))

    def add(self, address: Address) -> None:
        """Take an address; what is known of it stays."""
        self._known.setdefault(address, None)

    def not_asked(self) -> list[Address]:
        """Return the addresses beside the key of which nothing is known yet."""
        return [address for address, reach in self._known.items() if reach is None and address != self._key]

    def hear(self, stood: Standing | UpstreamError, beside: Address | None) -> None:
        """Take what an answer says of the key, and of the address that was asked about beside it."""
        if isinstance(stood, UpstreamError):
            return
        for address in (self._key, beside):
            if address is not None:
                heard = _reach(address, stood, apart=beside if address == self._key else self._key)
                self._known[address] = both(self._known.get(address), heard)

    def told(self) -> Reaches:
        """Return all of them."""
        known = tuple(reach or Reach(address.channel, address.address) for address, reach in self._known.items())
        return Reaches(known, frozenset(ADDRESS_OF) if self._is_told else frozenset())


def _reach(address: Address, stood: Standing, *, apart: Address | None) -> Reach:
    if stood.suppressions is None:
        return Reach(address.channel, address.address, None, stood.unread)
    told = [
        Suppression(one.channel, keys.on_channel(one.channel, one.address), one.reason, one.modified_at)
        for one in stood.suppressions
    ]
    # One of another address is about that one, where it was asked about in the same breath.
    about = tuple(
        one
        for one in told
        if one.channel == address.channel
        and not (apart and (one.channel, one.address) == (apart.channel, apart.address))
    )
    return Reach(address.channel, address.address, about, stood.unread)


def both(known: Reach | None, heard: Reach) -> Reach:
    """Return what two answers say of one address: a suppression that one of them tells of is there."""
    if known is None or known.suppressions is None:
        return heard
    if heard.suppressions is None:
        return known
    told = (*known.suppressions, *(one for one in heard.suppressions if one not in known.suppressions))
    return Reach(known.channel, known.text, told, max(known.unread, heard.unread))
