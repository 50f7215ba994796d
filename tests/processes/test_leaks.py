"""A whole export, with all that may go wrong on its way, and then a search for what nobody may find.

Looked through: what every process said, with everything switched on that makes them talk; every column of the database,
and its file; every key of broker and cache, and the log of every command they had; every other file of the desk.
Looked for, however it may be spelled or packed: addresses of people in the file, the vendor's secret and tokens, the
address at which a file was fetched, passwords, sessions, the link to a new password, whoever was asked for.
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
import shutil
import time
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts import vault
from accounts.definitions import Library
from accounts.models import Credential, Session, User, VendorAccount
from consents.models import Checklist
from exports import actions
from exports.draft import Choices
from exports.models import DerivedFile, ExportRun
from exports.offers import OF_EVENTS
from exports.spec import EMAIL, ColumnChoice, ConsentSpec, TopicChoice
from runs.models import Status
from tests.databases import ON_POSTGRESQL, working_on
from tests.processes import leaks
from tests.processes.conftest import PATIENCE, Desk, started, story
from tests.processes.leaks import Sought

ADDRESS = "ingrid.lindqvist+desk@nordlys.example.org"
PASSWORD = "Kråkan flög & över älven/42?"
SLIP = "my-password-in-the-field-for-the-name"
SECRET = "demo-anna-secret"
REFUSED = "a-secret-that-no-key-has/55=+"
NOBODY = "somebody.nobody-knows@customers.example.test"
UNKNOWN = "who-has-no-account@customers.example.test"
LOOKED_UP = "whom-apsis-does-not-know@customers.example.test"
NUMBER = "46000987654"
REASON = "said on the phone: no more letters, ever"
OTHER = 'new "words" <for> the same & person'

TALKATIVE = {"LOG_LEVEL": "DEBUG", "ACCESS_LOG": "1"}


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[Desk]:
    """A desk with a folder of its own, whose processes tell all they can."""
    folder = tmp_path_factory.mktemp("leaks")
    data = folder / "data"
    data.mkdir(mode=0o700)
    shutil.copy(Path(settings.DATA_DIR, "demo-keys.json"), data)
    mail = f"filemail:///{folder / 'mail'}"
    also = TALKATIVE | {"DATA_DIR": str(data), "EMAIL_URL": mail}
    with (
        started(folder, django_db_blocker, also) as desk,
        django_db_blocker.unblock(),
        working_on(desk.database),
    ):
        desk.web.start()
        desk.until_web_answers()
        yield desk


def test_a_whole_export_leaves_nothing_to_be_found(desk: Desk) -> None:
    ingrid = User.objects.create(
        username="ingrid",
        is_staff=True,
        email=ADDRESS,
        first_name="Ingrid",
        password=make_password(PASSWORD, hasher=Argon2PasswordHasher()),
    )
    ingrid.groups.set(Group.objects.filter(name__in=("Marketer", "Auditor", "Consent steward")))
    account = VendorAccount.objects.create(name="Nordlys", region="other", other_url=desk.sandbox_url)
    with httpx.Client(base_url=desk.url, timeout=20) as browser:
        _sign_in(browser)
        _enter_keys(browser, account)
        people = _bring_home(desk, browser, ingrid, account)
        members = frozenset(address.lower().encode() for row in people for address in row if "@" in address)
        assert len(members) > 1_000
        some = [*sorted(members)[:3], *sorted(members)[-3:]]
        tokens = desk.control("GET", "tokens")["items"]  # before they are taken back
        assert tokens
        _look_up(desk, browser, account, some[2].decode())
        _fail(desk, browser, ingrid, account, f"{SECRET} {tokens[-1]} {some[0].decode()}")
        _ask_for(browser, some[1].decode(), NOBODY, ADDRESS)
        session = browser.cookies["sessionid"]
        link = _forget_password(desk, browser)

    # What the desk must keep, and where: nowhere else.
    stored = frozenset({"database file", "database accounts_session.session_key"})
    owns = frozenset({"database file", "database accounts_user.email", "database account_emailaddress.email", "mail"})
    # Kept out of the address bar by lying in the session meanwhile; dead from the moment it was used.
    on_the_way = frozenset({"database file", "database accounts_session.session_data", "mail"})
    sought = [
        Sought("the secret", SECRET),
        Sought("a refused secret", REFUSED),
        Sought("a password", PASSWORD),
        Sought("the new password", OTHER),
        Sought("a password in the field for the name", SLIP),
        Sought("an address that was asked for", NOBODY),
        Sought("an address that was looked up", LOOKED_UP),
        Sought("a number that was looked up", NUMBER),
        Sought("what a person said", REASON),
        Sought("an address that has no account", UNKNOWN, frozenset({"mail"})),
        Sought("the link to a new password", link, on_the_way),
        *(Sought(f"token {n}", word) for n, word in enumerate(tokens)),
        *(Sought("where a file was fetched", url) for url in _poll_urls()),
        *(Sought("somebody's address", member.decode()) for member in some),
        Sought("a session", session, stored),
        *(Sought("a session", key, stored) for key in Session.objects.values_list("pk", flat=True)),
        Sought("the person's own address", ADDRESS, owns),
    ]
    for program in (desk.beat, desk.calls, desk.files, desk.web):
        program.terminate()  # what they say when they stop is looked through too
        program.wait(20)
    leaked = leaks.found(_places(desk), sought, members)
    assert not leaked, "\n".join(leaked)


# ── What people do ───────────────────────────────────────────────────────────────────────────────────────────


def _post(browser: httpx.Client, path: str, **fields: Any) -> httpx.Response:
    """Open a page and send its form."""
    browser.get(path)
    return browser.post(path, data=fields, headers={"X-CSRFToken": browser.cookies["csrftoken"]})


def _sign_in(browser: httpx.Client) -> None:
    """Sign in by e-mail address, after two slips: a password in the wrong field, and a wrong one."""
    gate = "/accounts/login/"
    assert _post(browser, gate, login=SLIP, password=PASSWORD).status_code == 200
    assert _post(browser, gate, login=ADDRESS, password=OTHER).status_code == 200
    assert _post(browser, gate, login=ADDRESS, password=PASSWORD).status_code == 302


def _enter_keys(browser: httpx.Client, account: VendorAccount) -> None:
    """Enter a key with a wrong secret, which is refused, and then with the right one."""
    key = {"client_id": "demo-anna", "address": account.base_url}
    page = f"/credentials/{account.pk}/"
    assert _post(browser, page, **key, secret=REFUSED).status_code == 422
    assert _post(browser, page, **key, secret=SECRET).status_code == 302


def _segment(owner: User, account: VendorAccount, name: str) -> Any:
    """Save a segment that brings addresses home."""
    library = Library(Credential.objects.get(owner=owner, account=account))
    choices = Choices(library, Choices(library, "").sections()[0].id)
    topic = next(o for o in choices.options("topic").values() if not o.channel)
    segment = next(iter(choices.options("segment").values()))
    email = next(o for o in choices.options("attribute").values() if o.discriminator == "com.apsis1.attributes.email")
    spec = ConsentSpec(
        section=next(s for s in choices.sections() if s.id == choices.section),
        topics=(TopicChoice(topic.id, topic.name, folder=topic.folder, folder_name=topic.group),),
        channels=(ColumnChoice(EMAIL, "Email", column="EmailConsent"),),
        attributes=(ColumnChoice(email.id, email.name, column="Email", discriminator=email.discriminator),),
        segments=(ColumnChoice(segment.id, segment.name, column=segment.name, discriminator=segment.id),),
        apsis_excel=True,
    )
    return actions.save_segment(by=owner, account=account, name=name, spec=spec)


def _run(browser: httpx.Client, segment: Any) -> ExportRun:
    """Press Run."""
    answer = _post(browser, f"/segments/{segment.pk}/run/")
    assert answer.status_code == 302, answer.status_code
    return ExportRun.objects.filter(segment=segment).latest("pk")


def _bring_home(desk: Desk, browser: httpx.Client, ingrid: User, account: VendorAccount) -> list[list[str]]:
    """Run a segment, watch it, download its file as it is, as it came, and in each form; return the file's rows."""
    run = desk.until_ready(_run(browser, _segment(ingrid, account, "Spring letter")))
    page = f"/runs/{run.pk}/"
    for path in (
        page,
        f"{page}live/",
        f"{page}rows/",
        "/",
        "/runs/?q=Spring",
        "/segments/",
        "/credentials/",
        "/account/",
    ):
        assert browser.get(path).status_code == 200, path
    content = _take(browser, f"{page}files/content/")
    assert len(_take(browser, f"{page}files/received/")) > 1_000
    for form in DerivedFile.Form:
        if form in OF_EVENTS:
            continue
        rows = "contactable" if form == DerivedFile.Form.CSV else "all"
        wish = {"form": form, "rows": rows, "consents": _consents(run)}
        if form != DerivedFile.Form.APSIS_EXCEL:  # which comes by itself
            assert _post(browser, f"{page}files/make/", **wish).status_code == 302
        made = DerivedFile.objects.filter(form=form).latest("pk")
        desk.until(made, lambda made: made.is_over)  # type: ignore[arg-type]
        assert made.status == Status.SUCCEEDED, (made.code, made.facts)
        assert len(_take(browser, f"{page}files/made/{made.pk}/")) > 1_000
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def _take(browser: httpx.Client, path: str) -> bytes:
    """Press Download and return the file."""
    answer = _post(browser, f"{path}take/", said="A letter")
    assert answer.headers["Location"] == path
    return browser.get(path).content


def _consents(run: ExportRun) -> list[str]:
    assert run.file is not None
    return [title for title in run.file.header if "Email" in title and title != "Email"]


def _fail(desk: Desk, browser: httpx.Client, ingrid: User, account: VendorAccount, echo: str) -> None:
    """Let the vendor answer with what must not be told again, in every place where it answers; every run fails."""
    problem = {"status": 400, "title": echo, "detail": f"wrong: {echo}", "errors": [{"message": echo}]}
    headers = {"Content-Type": "application/problem+json", "X-Said": echo, "WWW-Authenticate": echo}
    says = {"answer": "status", "body": problem, "headers": headers}
    troubles: dict[str, list[dict[str, Any]]] = {
        "refused": [{"endpoint": "consent_export", "status": 400, **says}],
        "not allowed": [{"endpoint": "consent_export", "status": 403, **says, "times": 0}],
        "broken answer": [{"endpoint": "consent_export", "answer": "status", "status": 202, "body": f"<p>{echo}"}],
        "led astray": [{"endpoint": "consent_export", "answer": "redirect", "location": f"http://x.test/?{echo}"}],
        "a file from elsewhere": [
            {"endpoint": "consent_export", "answer": "foreign_url", "origin": f"http://{SECRET}.example.test:9"}
        ],
        "gone": [{"endpoint": "poll", "status": 410, **says, "times": 0}],
        "not a file": [{"endpoint": "download", "answer": "status", "status": 200, "body": echo, "times": 0}],
        "ragged": [{"endpoint": "download", "answer": "ragged", "times": 0}],
        "flipped": [{"endpoint": "download", "answer": "flip", "times": 0}],
        "key refused": [
            {"endpoint": "consent_export", "answer": "expire_tokens"},
            {"endpoint": "token", "status": 401, **says, "times": 0},
        ],
    }
    for name, faults in troubles.items():
        segment = _segment(ingrid, account, name)
        for fault in faults:
            desk.control("POST", "faults", **fault)
        run = _run(browser, segment)
        _to_its_end(desk, run)
        assert run.status == Status.FAILED, f"{name}: {story(run)}"
        assert browser.get(run.get_absolute_url()).status_code == 200
        desk.control("DELETE", "faults")


def _to_its_end(desk: Desk, run: ExportRun) -> None:
    """Let all that a run waits for come at once, again and again, until it is over."""
    until = time.monotonic() + 2 * PATIENCE
    while run.due_at:
        assert time.monotonic() < until, f"{story(run)}\n{desk.tails()}"
        if run.lease_until is None and run.due_at > timezone.now() + timedelta(seconds=1):  # nobody takes it meanwhile
            desk.later(run, 3_600)
            desk.nudge(run)
        time.sleep(0.2)
        run.refresh_from_db()


def _ask_for(browser: httpx.Client, *addresses: str) -> None:
    """Look in the audit history for people by their addresses, and for the address as a word."""
    for address in addresses:
        answer = _post(browser, "/admin/audit/event/person/", address=address)
        assert answer.status_code == 302
        assert browser.get(answer.headers["Location"]).status_code == 200
    assert _post(browser, "/admin/audit/event/person/", address=f"{NOBODY} and more").status_code == 422
    assert browser.get("/admin/audit/event/").status_code == 200


def _look_up(desk: Desk, browser: httpx.Client, account: VendorAccount, member: str) -> None:
    """Look people up, by what is known and by what is not, with a vendor that repeats what it was asked; change one."""
    page = "/look-up/"
    sections = re.findall(r'name="sections" value="([^"]+)"', browser.get(page).text)
    assert sections
    said = {"account": account.pk, "sections": sections, "keyspace": ""}
    for typed in (member, LOOKED_UP, NUMBER):
        answer = _post(browser, page, typed=typed, also=NUMBER, **said)
        assert answer.status_code == 200
        assert answer.url.path == page
        assert not answer.url.query
    assert _post(browser, page, typed=f"{LOOKED_UP} {NUMBER}", **said).status_code == 422
    _look_up_a_list(desk, browser, account, sections[0], [member, LOOKED_UP, NUMBER])
    echo = {"status": 400, "title": LOOKED_UP, "detail": f"wrong: {LOOKED_UP} {NUMBER}"}
    for endpoint in ("consents", "values", "consent_change"):
        desk.control("POST", "faults", endpoint=endpoint, answer="status", status=400, body=echo, times=9)
    assert _post(browser, page, typed=LOOKED_UP, **said).status_code == 200
    topic = Library(Credential.objects.get(account=account)).read("topics", sections[0]).items[0].discriminator
    asked = {"keyspace": "com.apsis1.keyspaces.email", "key": LOOKED_UP, "section": sections[0], "topic": topic}
    asked |= {"channel": EMAIL, "type": "opt-out", "shown": "nothing", "confirm": "1", "reason": REASON}
    browser.get(page)
    answer = browser.post(
        f"{page}change/", data={"account": account.pk, **asked}, headers={"X-CSRFToken": browser.cookies["csrftoken"]}
    )
    assert answer.status_code == 200
    desk.control("DELETE", "faults")
    assert "APSIS did not change it." in answer.text


def _look_up_a_list(desk: Desk, browser: httpx.Client, account: VendorAccount, section: str, people: list[str]) -> None:
    """Have people looked up in the background, look at what was found, and take it home."""
    library = Library(Credential.objects.get(account=account))
    topic = next(one for one in library.read("topics", section).items if one.channel is None)
    said = {"account": account.pk, "section": section, "topic": topic.discriminator, "channel": EMAIL, "keyspace": ""}
    page = "/look-up/lists/new/"
    assert _post(browser, page, people="\n".join([*people, f"{LOOKED_UP} x"]), **said).status_code == 422
    answer = _post(browser, page, people="\n".join(people), **said)
    assert answer.status_code == 302
    made = Checklist.objects.latest("pk")
    desk.until(made, lambda made: made.is_over)  # type: ignore[arg-type]
    assert made.status == Status.SUCCEEDED, (made.code, made.facts)
    shown = browser.get(made.get_absolute_url())
    assert LOOKED_UP in shown.text
    token = {"X-CSRFToken": browser.cookies["csrftoken"]}
    assert len(browser.post(f"{made.get_absolute_url()}workbook/", headers=token).content) > 1_000


def _forget_password(desk: Desk, browser: httpx.Client) -> str:
    """Sign out, have a link to a new password sent, and choose one; return what of the link opens the account."""
    _post(browser, "/accounts/logout/")
    assert _post(browser, "/accounts/password/reset/", email=UNKNOWN).status_code == 302
    assert _post(browser, "/accounts/password/reset/", email=ADDRESS).status_code == 302
    mails = "".join(path.read_text() for path in (desk.folder / "mail").iterdir())
    found = re.search(r"/accounts/password/reset/key/(\S+?)/?\s", mails)
    assert found
    browser.follow_redirects = True
    page = browser.get(f"/accounts/password/reset/key/{found[1]}/")
    answer = _post(browser, page.url.path, password1=OTHER, password2=OTHER)
    assert answer.status_code == 200
    assert Argon2PasswordHasher().verify(OTHER, User.objects.get(username="ingrid").password)
    return found[1].partition("-")[2]


def _poll_urls() -> list[str]:
    sealed = ExportRun.objects.exclude(sealed_poll_url="").values_list("sealed_poll_url", flat=True)
    return [vault.unseal(one) for one in sealed][:3]


# ── What is looked through ───────────────────────────────────────────────────────────────────────────────────


def _places(desk: Desk) -> Iterator[tuple[str, bytes]]:
    """Yield all that the desk has said and kept; not the vendor's log, and not the files that people came for."""
    logs = [program for program in desk.programs if program is not desk.sandbox and program.log.exists()]
    assert {"web", "calls", "files", "beat", "broker"} <= {program.name for program in logs}
    for program in logs:
        yield f"what {program.name} said", program.log.read_bytes()
    assert b"/credentials/" in desk.web.log.read_bytes(), "every request was logged"
    yield from leaks.rows()
    if not ON_POSTGRESQL:
        for path in sorted(desk.folder.glob("*.sqlite3*")):
            yield "database file", path.read_bytes()
    yield from leaks.keys(desk.broker_client)
    kept = list(leaks.files(desk.folder / "appendonlydir", name="Redis"))
    assert any(b"exports.tasks.advance" in data for _name, data in kept), (
        "every message is there, also those taken long ago"
    )
    yield from kept
    for path in (desk.folder / "mail").iterdir():
        yield "mail", path.read_bytes()
    yield from leaks.files(desk.folder / "data", name="file", but=("files/exports", "files/derived"))


# ── The search itself ────────────────────────────────────────────────────────────────────────────────────────

WORD = "kalle.änka+1@example.test"


def _packed(text: str) -> dict[str, bytes]:
    raw = text.encode()
    return {
        "as it is": raw,
        "in capitals": text.upper().encode(),
        "in JSON": json.dumps({"of": text}).encode(),
        "in a URL": str(httpx.URL("http://x.test/", params={"q": text})).encode(),
        "in UTF-16": text.encode("utf-16"),
        "in hex": raw.hex().encode(),
        "packed": gzip.compress((raw + b" ") * 3),
        "in a message": base64.b64encode(json.dumps([[], {"of": text}]).encode()),
        "in a session": base64.urlsafe_b64encode(zlib.compress(json.dumps({"a": text}).encode() * 9)),
    }


@pytest.mark.parametrize("way", _packed(""))
@pytest.mark.parametrize("before", ["", "1", "22", "333"])
def test_whatever_is_there_is_found(way: str, before: str) -> None:
    data = b"something else \x00\xff" + _packed(before + WORD)[way] + b" and more"
    assert leaks.found([("here", data)], [Sought("a word", WORD)], frozenset())
    assert leaks.found([("here", data)], [Sought("a word", WORD, frozenset({"here"}))], frozenset()) == []
    assert leaks.found([("here", data)], [Sought("another", "kalle.anka@example.test")], frozenset()) == []


@pytest.mark.parametrize("way", ["as it is", "in capitals", "packed"])
def test_so_is_any_member(way: str) -> None:
    data = _packed("maja.berg@example.test")[way]
    assert leaks.found([("here", data)], [], frozenset({b"maja.berg@example.test"})) == ["somebody's address in here"]
    assert leaks.found([("here", data)], [], frozenset({b"aja.berg@example.test"})) == []
