"""One look-up: what is asked of the vendor, side by side, and what came back. Nothing is written here.

At most one call for an address and a section, and one for the person's own attributes, which tell the addresses that
were not typed: those are asked about in a second round, when they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

from consents.gathered import Gathered
from consents.keys import Key
from consents.verdict import Reaches, Told
from upstream.apsis.client import Apsis
from upstream.apsis.consents import Address, Standing, Suppression
from upstream.errors import CredentialRefused, UpstreamError

AT_ONCE = 8  # calls side by side; the vendor takes ten a second about one person
NAMES = ("com.apsis1.attributes.firstname", "com.apsis1.attributes.lastname")


@dataclass(frozen=True, slots=True)
class Part:
    """What one section answered: how the person stands there, or why that is not known."""

    section: str
    told: Told
    error: UpstreamError | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """All that a look-up brought. `name` is the person's own, empty where it is not told."""

    key: Key
    parts: tuple[Part, ...]
    reaches: Reaches
    name: str = field(default="", repr=False)
    calls: int = 0

    @property
    def suppressions(self) -> list[Suppression]:
        """Every suppression of an address that was asked about."""
        return [one for reach in self.reaches.known for one in reach.suppressions or () if one.address == reach.text]


def ask(
    client: Apsis, key: Key, sections: Sequence[str], *, types: Sequence[str] = (), also: Address | None = None
) -> Found:
    """Ask how somebody stands in some sections, and about each of their addresses. `also` was typed beside the key.

    Raises CredentialRefused, and whatever signing in raises; other errors stand in the parts.
    """
    asker, first = _Asker(client, key, types), sections[0]
    # Every section is asked once; the address that was typed goes along with the first.
    beside = [also, *[None] * (len(sections) - 1)]
    *stands, values = asker.all([*map(asker.standing, sections, beside), asker.values(first)])
    own = None if isinstance(values, UpstreamError) else values
    gathered = Gathered(key, own)
    for stood, address in zip(stands, beside, strict=True):
        gathered.hear(stood, address)
    if also:
        gathered.add(also)
    if missing := gathered.not_asked():
        more = asker.all([asker.standing(first, address) for address in missing])
        for stood, address in zip(more, missing, strict=True):
            gathered.hear(stood, address)
    return Found(
        key,
        tuple(_part(section, stood, types) for section, stood in zip(sections, stands, strict=True)),
        gathered.told(),
        name=" ".join(own[name].strip() for name in NAMES if own.get(name)) if own else "",
        calls=len(stands) + 1 + len(missing),
    )


class _Asker:
    """Ask several questions side by side; an answer is a value or the error that came instead."""

    def __init__(self, client: Apsis, key: Key, types: Sequence[str]) -> None:
        self._client, self._key, self._types = client.twin(), key, types

    def standing(self, section: str, also: Address | None) -> Callable[[Apsis], Standing]:
        key, types = self._key, self._types
        return lambda client: client.consents(section, key.keyspace, key.text, types=types, also=also)

    def values(self, section: str) -> Callable[[Apsis], dict[str, str]]:
        key = self._key
        return lambda client: client.values(section, key.keyspace, key.text)

    def all(self, questions: Sequence[Callable[[Apsis], Any]]) -> list[Any]:
        """Return the answers in order. Raises CredentialRefused: then nothing else is worth showing."""
        with ThreadPoolExecutor(min(len(questions), AT_ONCE)) as pool:
            answers = list(pool.map(self._one, questions))
        for answer in answers:
            if isinstance(answer, CredentialRefused):
                raise answer
        return answers

    def _one(self, question: Callable[[Apsis], Any]) -> Any:
        try:
            return question(self._client.twin())
        except UpstreamError as error:
            return error
        finally:
            connections.close_all()  # of this thread: a token may have been renewed in it


def _part(section: str, stood: Standing | UpstreamError, types: Sequence[str]) -> Part:
    if isinstance(stood, UpstreamError):
        return Part(section, Told(None, types), stood)
    return Part(section, Told(stood.consents, types, stood.unread))
