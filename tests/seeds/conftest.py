"""Runs of all that the seed describes, and who the invented people really are."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import stamina

from accounts import clients, vault
from accounts.definitions import Library
from accounts.models import Credential, User
from exports import actions, files
from exports.draft import Choices, Option
from exports.models import ExportRun, SavedSegment
from exports.spec import EMAIL, SMS, ColumnChoice, ConsentSpec, TopicChoice
from sandbox.audience import COLUMNS, draws, export_key
from sandbox.columns import member_of
from sandbox.consent_export import consents_to, opted_out
from sandbox.definitions import accounts_for
from tests.conftest import Vendor
from tests.exports.clockwork import Turner, turning

SEED, PROFILES = 1, 2_000
CHANNELS = {EMAIL: "email", SMS: "mobile"}


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    """Let no attempt within a step wait for the next."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def vendor(vendor: Vendor) -> Vendor:
    """The vendor with people enough for several blocks: rows after the first are counted in another, faster way."""
    vendor.control("PATCH", "switches", profiles=PROFILES)
    return vendor


@pytest.fixture
def steps(vendor: Vendor) -> Iterator[Turner]:
    with turning(vendor) as turner:
        yield turner


# ── The wire, with an ear on it ──────────────────────────────────────────────────────────────────────────────


class Ear(httpx.BaseTransport):
    """Hears what the desk sends and what comes back.

    `deaf_to` are headers that never reach the vendor; `at_piece` is called before each piece of a body is handed over.
    """

    def __init__(self, wire: httpx.BaseTransport) -> None:
        self.wire = wire
        self.heard: list[tuple[httpx.Request, httpx.Response]] = []
        self.deaf_to: set[str] = set()
        self.at_piece: Callable[[], None] | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        for name in self.deaf_to:
            request.headers.pop(name, None)
        response = self.wire.handle_request(request)
        if self.at_piece:
            response.stream = _Pieces(response.stream, self.at_piece)
        self.heard.append((asked, response))
        return response

    def sent(self, path: str) -> list[httpx.Request]:
        """Return the requests whose path holds this, oldest first."""
        return [request for request, _ in self.heard if path in request.url.path]


class _Pieces(httpx.SyncByteStream):
    def __init__(self, stream: Any, at_piece: Callable[[], None]) -> None:
        self.stream, self.at_piece = stream, at_piece

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.stream:
            self.at_piece()
            yield piece

    def close(self) -> None:
        self.stream.close()


@pytest.fixture
def ear(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Ear:
    ear = Ear(vendor.transport)
    monkeypatch.setattr(clients, "wire", lambda account: ear)
    return ear


# ── The people ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Person:
    """What the vendor knows of somebody, whatever an export says."""

    number: int
    email: str
    mobile: str

    def address(self, channel: str) -> str:
        return {EMAIL: self.email, SMS: self.mobile}[channel]


class People:
    """The invented audience, by export key, asked without any export."""

    def __init__(self, vendor: Vendor) -> None:
        account = accounts_for(vendor.app.world.settings)["Nordlys Handel"]
        section = account.sections[0]
        self._topics = section.topic_of
        self._segments = account.segment_of
        draw = draws(SEED)
        self.by_key = {
            export_key(number, draw(number)): Person(
                number, COLUMNS["email"](number, draw(number)), COLUMNS["mobile"](number, draw(number))
            )
            for number in range(PROFILES)
        }

    def consented(self, person: Person, spec: ConsentSpec, channel: str) -> bool:
        """Say whether somebody consented to at least one of a spec's topics through a channel."""
        return any(consents_to(self._topics[topic.id], channel, SEED)(person.number) for topic in spec.topics)

    def unsubscribed_from_all(
        self, person: Person, spec: ConsentSpec, channels: tuple[str, ...] = (EMAIL, SMS)
    ) -> bool:
        return all(
            opted_out(self._topics[topic.id], channel, SEED)(person.number)
            for topic in spec.topics
            for channel in channels
        )

    def is_member(self, person: Person, segment: str) -> bool:
        return member_of(self._segments[segment], SEED)(person.number)


@pytest.fixture
def people(vendor: Vendor) -> People:
    return People(vendor)


# ── Specs and files ──────────────────────────────────────────────────────────────────────────────────────────


class Wishes:
    """Makes specs over the vendor's lists, by name."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices

    def option(self, kind: str, name: str) -> Option:
        return next(option for option in self.choices.options(kind).values() if option.name == name)

    def columns(self, kind: str, **titles: str) -> tuple[ColumnChoice, ...]:
        """Return columns of a kind: title=name."""
        found = [(title, self.option(kind, name)) for title, name in titles.items()]
        return tuple(ColumnChoice(o.id, o.name, column=title, discriminator=o.discriminator) for title, o in found)

    def topics(self, *names: str) -> tuple[TopicChoice, ...]:
        return tuple(TopicChoice(o.id, o.name, folder=o.folder) for o in (self.option("topic", name) for name in names))

    def everyone(self, **changes: Any) -> ConsentSpec:
        """Return a spec over all people: two subscriptions, both channels with their usual titles."""
        plain = ConsentSpec(
            section=next(s for s in self.choices.sections() if s.id == self.choices.section),
            topics=self.topics("Erbjudanden", "Medlemstilbud"),
            channels=(
                ColumnChoice(EMAIL, "Email", column="EmailConsent"),
                ColumnChoice(SMS, "SMS", column="MobileConsent"),
            ),
            everyone=True,
        )
        return replace(plain, **changes)


@pytest.fixture
def wish(vendor: Vendor, annas_key: Credential) -> Wishes:
    """What Anna can wish for, in the first section."""
    library = Library(annas_key)
    return Wishes(Choices(library, Choices(library, "").sections()[0].id))


@dataclass(frozen=True)
class Brought:
    """A finished run and the rows of its file."""

    run: ExportRun
    header: list[str]
    rows: list[dict[str, str]]


@pytest.fixture
def run_of(anna: User, annas_key: Credential, steps: Turner) -> Callable[[ConsentSpec], ExportRun]:
    """Start a run of a spec, as a press on Run does."""

    def start(spec: ConsentSpec) -> ExportRun:
        name = f"Segment {SavedSegment.objects.count()}"
        saved = actions.save_segment(by=anna, account=annas_key.account, name=name, spec=spec, now=steps.now)
        return actions.start(saved, by=anna, now=steps.now)

    return start


@pytest.fixture
def bring(run_of: Callable[[ConsentSpec], ExportRun], steps: Turner) -> Callable[[ConsentSpec], Brought]:
    """Take a spec from the press on Run to a file in hand."""

    def to_the_end(spec: ConsentSpec) -> Brought:
        return read(steps.to_the_end(run_of(spec)))

    return to_the_end


def read(run: ExportRun) -> Brought:
    assert run.code == "ready", (run.code, run.facts)  # and not empty: a loop over its rows says something
    text = b"".join(files.stream(run, "content")).decode()
    reader = csv.DictReader(io.StringIO(text, newline=""))
    return Brought(run, list(reader.fieldnames or ()), list(reader))


@contextmanager
def opened(run: ExportRun, **how: Any) -> Iterator[Any]:
    """Open a run's poll URL with the desk's own client."""
    with (
        clients.client_for(run.credential_id) as client,
        client.open_export(vault.unseal(run.sealed_poll_url), run.poll_style, **how) as stream,
    ):
        yield stream
