"""The walk over every address: docs/roles.md says what each role gets, and this asks for it.

An address that the table does not name fails the walk, so a new one cannot come in unseen.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import Credential, User, VendorAccount
from audit.models import Event
from consents.keys import Key
from exports import actions
from exports.models import ExportRun, SavedSegment
from exports.offers import Wish
from exports.tasks import derive
from imports import actions as imports
from tests.conftest import key
from tests.consents import listed
from tests.exports import drifted
from tests.exports.conftest import Stepper
from tests.imports import made
from upstream.apsis.builtin import EMAIL_KEYSPACE

TABLE = Path(__file__).resolve().parents[2] / "docs" / "roles.md"
ROLES = ("anonymous", "marketer", "auditor", "admin")
NOT_ASKED = "·"
REFUSALS = ("gate", "403", "404", "405", "422")
WITHOUT_NUMBERS = (
    "segment_list",
    "segment_rows",
    "segment_new",
    "segment_draft",
    "segment_options",
    "run_list",
    "run_rows",
    "import_list",
    "at_home",
    "upload_new",
    "look_up",
    "recent_forget",
    "consent_change",
    "list_index",
    "list_new",
)


@dataclass(frozen=True)
class Row:
    """One line of the table: an address asked one way, and what each role gets."""

    name: str
    method: str
    whose: str
    answers: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.name} ({self.whose})"


def rows() -> Iterator[Row]:
    """Read the tables of the document: every line of seven cells whose second is a method."""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if len(cells) == 7 and cells[1] in ("GET", "POST"):
            yield Row(cells[0], cells[1], cells[2], dict(zip(ROLES, cells[3:], strict=True)))


def names(resolver: Any = None, namespace: str = "") -> Iterator[str]:
    """Yield the name of every address of the desk, its libraries' included."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from names(pattern, namespace + (f"{pattern.namespace}:" if pattern.namespace else ""))
        elif pattern.name:  # Django's admin has a few that only redirect and cannot be reversed
            yield namespace + pattern.name


def test_the_table_names_every_address_and_no_other() -> None:
    listed = {row.name for row in rows()}
    assert set(names()) - listed == set(), "addresses that docs/roles.md does not name"
    assert listed - set(names()) == set(), "addresses of docs/roles.md that are no more"


def test_every_address_is_asked_by_reading_and_by_writing() -> None:
    for name in names():
        asked = {row.method for row in rows() if row.name == name}
        assert {"GET", "POST"} <= asked, name


def test_what_belongs_to_somebody_is_asked_for_by_its_owner_and_by_another() -> None:
    for name in names():
        whose = {row.whose for row in rows() if row.name == name}
        assert whose in ({"–"}, {"own", "other's"}, {"own", "shared", "other's"}), name
        assert ("shared" in whose) == is_of_run(name), name
        if name.startswith(("exports:", "imports:", "consents:", "accounts:")) and re.search(
            r"/1/", address(name, Numbers())
        ):
            assert {"own", "other's"} <= whose, name


def is_of_run(name: str) -> bool:
    """Say whether an address speaks of an export run, or of two, which may be shared."""
    section, _, rest = name.partition(":")
    is_run = section == "exports" and rest.startswith(("run_", "derived_", "drift_"))
    return is_run and rest not in ("run_create", "drift_create", *WITHOUT_NUMBERS)


# ── The walk ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Numbers:
    """The keys of the rows that addresses speak of."""

    segment: int = 1
    run: int = 1
    derived: int = 1
    drift: int = 1
    upload: int = 1
    imported: int = 1
    listed: int = 1
    key_account: int = 1
    account: int = 1
    person: int = 1
    event: int = 1
    group: int = 1
    address: int = 1
    factor: int = 1


def address(name: str, of: Numbers) -> str:
    section, _, rest = name.partition(":")
    arguments: dict[str, Any] = {}
    if section == "exports" and rest not in WITHOUT_NUMBERS:
        arguments = {"pk": of.run if is_of_run(name) else of.segment}
        arguments |= {"pk": of.drift} if rest.startswith("drift_") and rest != "drift_create" else {}
        arguments |= {"number": 1} if rest == "segment_restore" else {}
        arguments |= {"form": "content"} if rest in ("run_download", "run_take") else {}
        arguments |= {"derived": of.derived} if rest in ("derived_download", "derived_take") else {}
    elif section == "imports" and rest not in WITHOUT_NUMBERS:
        arguments = {"pk": of.upload if rest.startswith("upload_") else of.imported}
        arguments |= {"number": 1} if rest == "part_again" else {}
    elif section == "consents" and rest not in WITHOUT_NUMBERS:
        arguments = {"pk": of.listed}
    elif section == "accounts" and rest != "credential_list":
        arguments = {"account_pk": of.key_account}
    elif section == "admin":
        arguments = _of_admin(rest, of)
    else:
        arguments = {
            "account_confirm_email": {"key": "nobodys"},
            "account_move": {"pk": of.account},
            "person_deactivate": {"pk": of.person},
            "person_activate": {"pk": of.person},
            "person_factors": {"pk": of.person},
            "person_unlink": {"pk": of.person},
            "person_password": {"pk": of.person},
            "person_address": {"pk": of.person},
            "run_blanks": {"pk": of.run},
            "desk_run_call": {"pk": of.run},
            "desk_run_hasten": {"pk": of.run},
            "desk_run_cancel": {"pk": of.run},
            "desk_run_remove": {"pk": of.run},
            "mfa_remove_webauthn": {"pk": of.factor},
            "mfa_edit_webauthn": {"pk": of.factor},
            "account_reset_password_from_key": {"uidb36": "1", "key": "nobodys-key"},
        }.get(name, {})
    return reverse(name, kwargs=arguments)


def _of_admin(name: str, of: Numbers) -> dict[str, Any]:
    if name == "app_list":
        return {"app_label": "audit"}
    if name == "view_on_site":
        return {"content_type_id": 1, "object_id": 1}
    if name == "auth_user_password_change":
        return {"id": of.person}
    found = re.fullmatch(r"(\w+)_(?:change|delete|history)", name)
    of_model = {
        "accounts_user": of.person,
        "accounts_vendoraccount": of.account,
        "audit_event": of.event,
        "auth_group": of.group,
        "account_emailaddress": of.address,
        "mfa_authenticator": of.factor,
    }
    return {"object_id": of_model[found[1]]} if found and found[1] in of_model else {}


@pytest.fixture
def desk(
    transactional_db: None,
    anna: User,
    jonas: User,
    maria: User,
    karin: User,
    segment: SavedSegment,
    steps: Stepper,
    annas_key: Credential,
) -> tuple[Numbers, dict[str, User]]:
    """Anna's segment, run and key, and a key of Jonas's own, so that only ownership stands between him and hers."""
    two = drifted.pair(segment)
    key(jonas, segment.account, "demo-jonas")
    hers = VendorAccount.objects.create(name="Hers alone", region="eu")
    key(anna, hers, "demo-anna")
    actions.save_segment(by=anna, account=segment.account, name="Renamed", spec=segment.consent_spec, segment=segment)
    run = steps.to_the_end(actions.start(segment, by=anna, now=steps.now))
    derived = actions.derive(ExportRun.objects.get(pk=run.pk), Wish("workbook"), by=anna)
    derive(pk=derived.pk)
    drift = drifted.compared(two, anna)
    drawn, compared = made.compared(annas_key, made.people("opt-out"), made.rule(resubscribe=True))
    whole = imports.confirm(drawn, compared.of, by=anna)
    drawn = made.draft(annas_key, consents=(made.rule(),))
    imports.compare(drawn, made.checked(drawn))
    frida = User.objects.create_user("frida", "frida@example.com")
    frida.groups.add(Group.objects.get(name="Marketer"))
    for shared in (run, *two):
        actions.share(shared, [frida], by=anna)
    siv = User.objects.create_user("siv", "siv@example.com")  # who asks for nothing, and has what nobody may look at
    numbers = Numbers(
        segment=segment.pk,
        run=run.pk,
        derived=derived.pk,
        drift=drift.pk,
        upload=drawn.upload.pk,
        imported=whole.pk,
        listed=listed.to_the_end(listed.started(annas_key, [Key(EMAIL_KEYSPACE, "nobody@example.com")])).pk,
        key_account=hers.pk,
        account=hers.pk,
        person=jonas.pk,
        event=Event.objects.order_by("pk")[0].pk,
        group=Group.objects.order_by("pk")[0].pk,
        address=EmailAddress.objects.create(user=jonas, email=jonas.email).pk,
        factor=Authenticator.objects.create(user=siv, type=Authenticator.Type.TOTP, data={}).pk,
    )
    return numbers, {"own": anna, "–": anna, "shared": frida, "other's": jonas, "auditor": maria, "admin": karin}


@pytest.mark.timeout(600)  # some seven hundred questions
@pytest.mark.processes  # commits knock at the broker, and none is there
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_everybody_gets_what_the_table_says(desk: tuple[Numbers, dict[str, User]]) -> None:
    numbers, people = desk
    wrong = []
    told = done()
    for row in rows():
        for role, expected in row.answers.items():
            if expected == NOT_ASKED:
                continue
            person = None if role == "anonymous" else people[row.whose if role == "marketer" else role]
            if (got := _answer(row, person, numbers)) != expected:
                wrong.append(f"{row}: {role} got {got}, the table says {expected}")
            before, told = told, done()
            if expected in REFUSALS and told != before:
                wrong.append(f"{row}: {role} was refused, and something happened all the same")
    assert not wrong, "\n".join(wrong)
    gc.collect()  # the broker's library leaves sockets open, and no other test shall be told of them


def done() -> int:
    """Count what was done; that somebody was refused, or left, is written down too, and changes nothing."""
    return Event.objects.exclude(action__regex=r"^(access|session)\.").count()


def _answer(row: Row, person: User | None, numbers: Numbers) -> str:
    client = Client(raise_request_exception=False)
    if person:
        client.force_login(person)
    # What a form would send, where it names a row of somebody's.
    data = {"kind": "tag"} if row.name == "exports:segment_options" else {}
    if row.whose != "–" and row.name in ("exports:segment_draft", "exports:segment_options"):
        data["segment_pk"] = str(numbers.segment)
    send = {"GET": client.get, "POST": client.post}[row.method]
    response = send(address(row.name, numbers), data)
    if response.status_code == 302:
        return "gate" if response["Location"].startswith(("/accounts/login/", "/admin/login/")) else "led on"
    if response.status_code == 200 and response.get("Content-Disposition", "").startswith("attachment"):
        assert response.getvalue()
        return "file"
    return str(response.status_code)
