"""An import against the sandbox, from the request to the counted rows, and every way in which it can be refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.app import create_app
from sandbox.settings import Settings
from upstream import errors
from upstream.apsis.client import Apsis
from upstream.apsis.exports import AttributeColumn, ChannelColumn, ConsentExportRequest
from upstream.apsis.imports import (
    ConsentMapped,
    Created,
    ImportRequest,
    ImportStatus,
    Mapped,
    RowFault,
    read_created,
    read_status,
)
from upstream.apsis.moments import read_moment
from upstream.tokens import MemoryTokens

EMAIL_KEYSPACE = "com.apsis1.keyspaces.email"
EMAIL_CHANNEL = "com.apsis1.channels.email"
HOSTS = ("http://localhost:8100",)


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Sandbox:
    """The sandbox, one of its keys, and the definitions that an import names."""

    def __init__(self, client_id: str = "demo-anna", **switches: Any) -> None:
        self.clock = Clock()
        self.app = create_app(
            Settings(profiles=200, imports_per_minute=0, exports_per_second=0, **switches), self.clock
        )
        self.http = httpx.WSGITransport(app=self.app)
        self.apsis = Apsis(
            "http://127.0.0.1:8100",
            client_id,
            f"{client_id}-secret",
            tokens=MemoryTokens(),
            http=self.http,
            clock=self.clock,
            consent_version=1 if client_id == "demo-ingrid" else 2,
        )
        self.section = self.apsis.sections()[0].discriminator
        self.attributes = {a.name: a for a in self.apsis.attributes(self.section)}
        self.topics = {t.name: t for t in self.apsis.topics(self.section)}

    def version(self, name: str) -> str:
        usable = self.attributes[name].usable
        assert usable
        return usable.id

    def control(self, method: str, path: str, **body: Any) -> Any:
        with httpx.Client(transport=self.http, base_url="http://127.0.0.1:8100") as client:
            answer = client.request(method, f"/_sandbox/{path}", json=body or None)
            return answer.json() if answer.content else None

    def wanted(self, **more: Any) -> ImportRequest:
        named = {"section": self.section, "keyspace": EMAIL_KEYSPACE, "key_field": "email"}
        return ImportRequest(**{**named, **more})

    def upload(self, created: Created, data: bytes, hosts: tuple[str, ...] = HOSTS) -> None:
        self.apsis.upload_import(created, io.BytesIO(data), length=len(data), hosts=hosts)

    def run(self, wanted: ImportRequest, text: str) -> ImportStatus:
        created = self.apsis.request_import(wanted)
        self.upload(created, text.encode())
        self.clock.now += 60
        return self.apsis.import_status(self.section, created.import_id)

    def export(self, *topics: str, attributes: tuple[str, ...] = ()) -> list[dict[str, str]]:
        requested = self.apsis.request_export(
            ConsentExportRequest(
                self.section,
                topics,
                channels=(ChannelColumn("consented", EMAIL_CHANNEL),),
                attributes=tuple(AttributeColumn(name, self.version(name)) for name in attributes),
            )
        )
        self.clock.now += 60
        with self.apsis.open_export(requested.poll_url, requested.style, gzip=False) as stream:
            text = b"".join(stream.chunks()).decode()
        return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.apsis.close()


@pytest.mark.seed("S2.1")
def test_rows_are_applied_counted_and_seen_by_the_next_export(sandbox: Sandbox) -> None:
    topic = next(t for t in sandbox.topics.values() if t.channel is None)
    before = sandbox.export(topic.discriminator, attributes=("Email", "First name"))
    known = next(row for row in before if row["Email"] and not row["consented"])
    wanted = sandbox.wanted(
        attributes=(Mapped("email", sandbox.version("Email")), Mapped("first", sandbox.version("First name"))),
        consents=(ConsentMapped("news", topic.discriminator, EMAIL_CHANNEL, "opt-in", resubscribe=True),),
    )
    told = sandbox.run(
        wanted,
        f"email,first,news\nnew.person@example.com,Nya,1\n{known['Email']},Ändrad,1\n{known['Email']},Ändrad,1\nnobody,X,1\n",
    )
    assert (told.state, told.created, told.updated, told.unchanged, told.failed) == ("completed", 1, 1, 1, 1)
    assert told.faults == (RowFault(5, "email", "invalid email"),)
    after = {row["Email"]: row for row in sandbox.export(topic.discriminator, attributes=("Email", "First name"))}
    assert len(after) == len({row["Email"] for row in before}) + 1
    for address, name in (("new.person@example.com", "Nya"), (known["Email"], "Ändrad")):
        assert after[address]["First name"] == name
        assert after[address]["consented"] == address


def test_an_opt_out_is_left_alone_unless_one_says_otherwise(sandbox: Sandbox) -> None:
    topic = next(t for t in sandbox.topics.values() if t.channel is None).discriminator

    def consent(kind: str, *, resubscribe: bool = False) -> ImportStatus:
        mapped = ConsentMapped("news", topic, EMAIL_CHANNEL, kind, resubscribe)  # type: ignore[arg-type]
        return sandbox.run(sandbox.wanted(consents=(mapped,)), "email,news\nan.opted.out@example.com,1\n")

    assert consent("opt-out").created == 1
    assert consent("opt-in").unchanged == 1
    assert consent("opt-in", resubscribe=True).updated == 1


def test_an_empty_cell_erases_only_where_it_was_asked_for(sandbox: Sandbox) -> None:
    first = Mapped("first", sandbox.version("First name"))
    sandbox.run(sandbox.wanted(attributes=(first,)), "email,first\nerased@example.com,Eva\n")
    assert sandbox.run(sandbox.wanted(attributes=(first,)), "email,first\nerased@example.com,\n").unchanged == 1
    told = sandbox.run(sandbox.wanted(attributes=(first,), clear_empty=True), "email,first\nerased@example.com,\n")
    assert told.updated == 1


@pytest.mark.seed("S2.5", "S2.6")
def test_no_token_and_no_cookie_travel_with_the_file(sandbox: Sandbox) -> None:
    created = sandbox.apsis.request_import(sandbox.wanted())
    seen: list[httpx.Request] = []
    handle = sandbox.http.handle_request

    def watching(request: httpx.Request) -> httpx.Response:
        request.read()
        seen.append(request)
        return handle(request)

    sandbox.http.handle_request = watching  # type: ignore[method-assign]
    sandbox.upload(created, b"email\na@example.com\n")
    (sent,) = seen
    assert sent.url.host == "localhost"
    assert {name.lower() for name in sent.headers} == {"host", "user-agent", "accept", "content-type", "content-length"}
    for token in sandbox.control("GET", "tokens")["items"]:
        assert token not in f"{sent.url} {sent.headers}"
    fields, _, file = sent.content.partition(b'name="file"')
    assert all(f'name="{name}"'.encode() in fields for name in created.fields)
    assert file.startswith(b'; filename="import.csv"\r\nContent-Type: text/csv\r\n\r\nemail\n')


def test_a_place_that_is_not_listed_gets_not_a_byte(sandbox: Sandbox) -> None:
    sandbox.control("POST", "faults", endpoint="import", answer="foreign_url", origin="http://elsewhere.test:9")
    created = sandbox.apsis.request_import(sandbox.wanted())
    with pytest.raises(errors.ForeignURL) as refused:
        sandbox.upload(created, b"email\na@example.com\n")
    assert refused.value.meaning.word == "foreign_upload"
    assert "upload" not in sandbox.control("GET", "calls")["counts"]
    with pytest.raises(errors.ForeignURL):
        sandbox.upload(created, b"email\n", hosts=())
    # The same host in the clear, where https is listed, is another place.
    with pytest.raises(errors.ForeignURL):
        sandbox.upload(created, b"email\n", hosts=("https://elsewhere.test:9",))


def test_a_plain_look_at_the_address_uses_nothing_up(sandbox: Sandbox) -> None:
    created = sandbox.apsis.request_import(sandbox.wanted())
    with httpx.Client(transport=sandbox.http) as http:
        assert http.get(created.upload_url).status_code == 403
        refused = http.post(created.upload_url, headers={"Authorization": "Bearer x"}, data={"key": "x"})
        assert refused.status_code == 400
        assert "<Code>InvalidArgument</Code>" in refused.text
    sandbox.upload(created, b"email\na@example.com\n")
    (found,) = sandbox.control("GET", "imports")["items"]
    assert (found["status"], found["uploads"]) == ("queued", 1)


@pytest.mark.seed("S2.4")
def test_an_address_that_has_ended_says_so(sandbox: Sandbox) -> None:
    created = sandbox.apsis.request_import(sandbox.wanted())
    assert created.expires_at
    sandbox.clock.now += 3_601
    with pytest.raises(errors.UploadRefused) as refused:
        sandbox.upload(created, b"email\na@example.com\n")
    assert (refused.value.meaning.word, refused.value.status) == ("upload_refused", 403)
    assert refused.value.detail.startswith("AccessDenied: Invalid according to Policy")
    assert sandbox.apsis.import_status(sandbox.section, created.import_id).state == "waiting_for_file"


@pytest.mark.seed("S2.3")
def test_fields_that_were_altered_are_refused(sandbox: Sandbox) -> None:
    created = sandbox.apsis.request_import(sandbox.wanted())
    altered = Created(created.import_id, created.upload_url, {**created.fields, "policy": "x"}, None)
    with pytest.raises(errors.UploadRefused, match="403"):
        sandbox.upload(altered, b"email\na@example.com\n")


@pytest.mark.seed("S2.13")
def test_a_file_over_the_limit_is_too_much() -> None:
    sandbox = Sandbox(import_bytes=100)
    created = sandbox.apsis.request_import(sandbox.wanted())
    with pytest.raises(errors.TooMuch) as refused:
        sandbox.upload(created, b"email\n" + b"a@example.com\n" * 20)
    assert refused.value.meaning.word == "part_too_large"


@pytest.mark.seed("S2.15")
def test_three_at_once_and_no_more(sandbox: Sandbox) -> None:
    for _ in range(3):
        sandbox.apsis.request_import(sandbox.wanted())
    with pytest.raises(errors.Throttled):
        sandbox.apsis.request_import(sandbox.wanted())
    sandbox.clock.now += 3_600  # nobody waits for their files any more
    sandbox.apsis.request_import(sandbox.wanted())


@pytest.mark.seed("S2.11", "S2.12")
def test_the_two_refusals_are_told_apart(sandbox: Sandbox) -> None:
    with pytest.raises(errors.NotAllowed) as refused:
        sandbox.apsis.request_import(sandbox.wanted(keyspace="com.apsis1.keyspaces.export"))
    assert refused.value.meaning.word == "import_not_allowed"
    assert "manage_subscriptions" in refused.value.detail
    read_only = next(a for a in sandbox.attributes.values() if a.writable == ())
    assert read_only.usable
    with pytest.raises(errors.NotAllowed) as refused:
        sandbox.apsis.request_import(sandbox.wanted(attributes=(Mapped("points", read_only.usable.id),)))
    assert "WRITE" in refused.value.detail
    sandbox.control("POST", "faults", endpoint="import", answer="status", status=403, body={"message": "deny"}, times=2)
    with pytest.raises(errors.CredentialRefused):
        sandbox.apsis.request_import(sandbox.wanted())


@pytest.mark.seed("S2.22", "S2.23", "S2.24")
def test_a_topic_of_a_channel_needs_none_and_another_does(sandbox: Sandbox) -> None:
    own = next(t for t in sandbox.topics.values() if t.channel == EMAIL_CHANNEL)
    shared = next(t for t in sandbox.topics.values() if t.channel is None)
    sandbox.apsis.request_import(sandbox.wanted(consents=(ConsentMapped("news", own.discriminator, None, "opt-in"),)))
    with pytest.raises(errors.BadRequest) as refused:
        sandbox.apsis.request_import(
            sandbox.wanted(consents=(ConsentMapped("news", shared.discriminator, None, "opt-in"),))
        )
    assert refused.value.meaning.word == "import_refused"
    assert "channel_discriminator is required" in refused.value.detail
    with pytest.raises(errors.BadRequest, match="400"):
        sandbox.apsis.request_import(
            sandbox.wanted(consents=(ConsentMapped("news", own.discriminator, "com.apsis1.channels.sms", "opt-in"),))
        )


@pytest.mark.seed("S2.28")
def test_consent_1_asks_for_the_column_of_addresses() -> None:
    sandbox = Sandbox("demo-ingrid")
    topic = next(t for t in sandbox.topics.values() if t.channel is None).discriminator
    with pytest.raises(errors.BadRequest):
        sandbox.apsis.request_import(sandbox.wanted(consents=(ConsentMapped("n", topic, EMAIL_CHANNEL, "opt-in"),)))
    sandbox.apsis.request_import(
        sandbox.wanted(consents=(ConsentMapped("n", topic, EMAIL_CHANNEL, "opt-in", address_field="email"),))
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"name\nx\n", "lacks email"), (b"email\n\xff\xfe@example.com\n", "not UTF-8")],
)
def test_a_file_that_is_none_fails_as_a_whole(sandbox: Sandbox, data: bytes, message: str) -> None:
    created = sandbox.apsis.request_import(sandbox.wanted())
    sandbox.upload(created, data)
    sandbox.clock.now += 60
    told = sandbox.apsis.import_status(sandbox.section, created.import_id)
    assert told.state == "error"
    assert message in told.message


@pytest.mark.seed("S2.2")
def test_an_import_is_worked_on_while_one_waits(sandbox: Sandbox) -> None:
    created = sandbox.apsis.request_import(sandbox.wanted())
    states = [sandbox.apsis.import_status(sandbox.section, created.import_id).state]
    sandbox.upload(created, b"email\na@example.com\n")
    for seconds in (0.0, 1.5, 3.0):
        sandbox.clock.now += seconds
        states.append(sandbox.apsis.import_status(sandbox.section, created.import_id).state)
    assert states == ["waiting_for_file", "queued", "in_progress", "completed"]


@pytest.mark.seed("S2.10")
def test_the_status_is_asked_at_the_first_versions_path_and_the_import_at_the_seconds(sandbox: Sandbox) -> None:
    asked: list[tuple[str, str]] = []
    handle = sandbox.http.handle_request

    def watching(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        return handle(request)

    sandbox.http.handle_request = watching  # type: ignore[method-assign]
    created = sandbox.apsis.request_import(sandbox.wanted())
    sandbox.apsis.import_status(sandbox.section, created.import_id)
    below = f"/audience/sections/{sandbox.section}/imports"
    assert asked == [("POST", f"/v2{below}"), ("GET", f"{below}/{created.import_id}")]


@pytest.mark.seed("S2.19")
def test_people_known_by_their_number_get_consent_by_email(sandbox: Sandbox) -> None:
    topic = next(t for t in sandbox.topics.values() if t.channel == EMAIL_CHANNEL)
    wanted = sandbox.wanted(
        keyspace="com.apsis1.keyspaces.crm-id",
        key_field="crm",
        attributes=(Mapped("email", sandbox.version("Email")),),
        consents=(ConsentMapped("news", topic.discriminator, None, "opt-in"),),
    )
    assert sandbox.run(wanted, "crm,email,news\nC-9999999,known.by.crm@example.com,1\n").created == 1
    rows = sandbox.export(topic.discriminator, attributes=("Email",))
    assert [row["consented"] for row in rows if row["Email"] == "known.by.crm@example.com"] == [
        "known.by.crm@example.com"
    ]


@pytest.mark.seed("S2.21")
def test_somebody_under_two_keys_stays_two(sandbox: Sandbox) -> None:
    email = (Mapped("email", sandbox.version("Email")),)
    by_email = sandbox.wanted(attributes=email)
    by_number = sandbox.wanted(keyspace="com.apsis1.keyspaces.crm-id", key_field="crm", attributes=email)
    assert sandbox.run(by_email, "email\ntwice@example.com\n").created == 1
    assert sandbox.run(by_number, "crm,email\nC-9999998,twice@example.com\n").created == 1
    topic = next(iter(sandbox.topics.values())).discriminator
    assert [row["Email"] for row in sandbox.export(topic, attributes=("Email",))].count("twice@example.com") == 2


@pytest.mark.seed("S2.20", "S2.26")
def test_a_request_names_one_keyspace_and_no_consent_list() -> None:
    body = ImportRequest(
        "s",
        "k",
        "email",
        consents=(ConsentMapped("news", "t", "c", "opt-in"), ConsentMapped("sms", "u", None, "opt-out")),
    ).to_body()
    assert body["keyspace_mapping"] == {"keyspace_discriminator": "k", "field_selector": "email"}
    assert "merge" not in str(body)
    assert "consent_list_discriminator" not in str(body)


@pytest.mark.seed("S2.27")
def test_a_consent_is_on_the_profile_unless_a_column_of_addresses_is_named() -> None:
    on_profile = ConsentMapped("news", "t", "c", "opt-in")
    on_address = ConsentMapped("sms", "u", "d", "opt-in", address_field="mobile")
    body = ImportRequest("s", "k", "email", consents=(on_profile, on_address)).to_body()
    assert [group.get("address_field_selector") for group in body["consent_mappings"]] == [None, "mobile"]
    assert [group["consents"][0]["topic_discriminator"] for group in body["consent_mappings"]] == ["t", "u"]


def test_a_file_that_ends_early_is_not_sent_as_whole(sandbox: Sandbox) -> None:
    created = sandbox.apsis.request_import(sandbox.wanted())
    with pytest.raises(EOFError):
        sandbox.apsis.upload_import(created, io.BytesIO(b"email\n"), length=100, hosts=HOSTS)


def test_an_unknown_import_is_missing(sandbox: Sandbox) -> None:
    with pytest.raises(errors.Missing) as refused:
        sandbox.apsis.import_status(sandbox.section, "no-such-import")
    assert refused.value.meaning.word == "import_forgotten"


def test_nothing_private_is_told_by_what_came_back(sandbox: Sandbox) -> None:
    created = sandbox.apsis.request_import(sandbox.wanted())
    assert created.fields["policy"] not in repr(created)
    assert created.upload_url not in repr(created)


# ── Reading what came, in any spelling ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("body", [None, [], {}, {"import_id": "1"}, {"file_upload_url": "https://x.test/"}, "x"])
def test_an_answer_without_an_address_is_none(body: object) -> None:
    assert read_created(body) is None


def test_an_answer_in_a_wrapper_and_with_strangers_is_read() -> None:
    body = {"data": {"importId": 7, "uploadUrl": None, "upload_url": "https://x.test/b", "file_upload_body": {"a": 1}}}
    assert read_created(body) == Created("7", "https://x.test/b", {"a": "1"}, None)


@pytest.mark.seed("S2.7")
@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2024-05-01T09:00:00Z", 9),
        ("2024-05-01T09:00:00+02:00", 7),
        ("2024-05-01T09:00:00", 9),
        ("soon", None),
        (7, None),
    ],
)
def test_moments_are_read_as_utc(text: object, hour: int | None) -> None:
    found = read_moment(text)
    assert (found.hour if found else None) == hour


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"result": {"status": "queued"}}, ImportStatus("queued")),
        ({"status": "completed"}, ImportStatus("completed")),
        ({"result": {"status": "brand new"}}, ImportStatus("in_progress")),
        (
            {
                "result": {
                    "status": "completed",
                    "statistics": {"created": 1, "failed": True, "updated": -1},
                    "errors": 3,
                }
            },
            ImportStatus("completed", created=1),
        ),
        (
            {"result": {"status": "completed", "errors": [{"row": 3, "reason": "bad x@example.com"}, 7, {}]}},
            ImportStatus("completed", faults=(RowFault(3, "", "bad …"), RowFault(None, "", ""))),
        ),
        ({"result": {}}, None),
        ([], None),
        (None, None),
    ],
)
def test_a_status_is_read_leniently(body: object, found: ImportStatus | None) -> None:
    assert read_status(body) == found
