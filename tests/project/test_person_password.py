"""A password that an admin chooses: what it costs its owner, what it does not open, and that it is only lent."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts import sessions
from accounts.models import Credential, User
from audit.models import Event
from audit.sentences import sentence
from exports import actions
from exports.models import ExportRun, SavedSegment
from project import actions as project
from runs.models import Status
from tests.exports.conftest import Stepper

LOGIN, CHANGE = "/accounts/login/", "/accounts/password/change/"
GIVEN = {"password1": "given by an admin 1", "password2": "given by an admin 1"}
OWN = {"oldpassword": GIVEN["password1"], "password1": "nobody else knows 2", "password2": "nobody else knows 2"}


@pytest.fixture
def as_karin(karin: User) -> Client:
    client = Client()
    client.force_login(karin)
    return client


@pytest.fixture
def url(anna: User) -> str:
    return f"/admin/people/{anna.pk}/password/"


@pytest.fixture
def run(segment: SavedSegment, steps: Stepper) -> ExportRun:
    return actions.start(segment, by=segment.owner, now=steps.now)


def words(response: Any) -> str:
    return " ".join(response.content.decode().split())


# ── What happens ─────────────────────────────────────────────────────────────────────────────────────────────


def test_everything_that_the_admin_could_use_is_gone_at_once(
    as_karin: Client, as_anna: Client, url: str, anna: User, run: ExportRun
) -> None:
    page = words(as_karin.get(url))
    for said in ("1 open session ends.", "1 key is erased.", "1 unfinished run is stopped."):
        assert said in page
    assert as_karin.post(url, GIVEN)["Location"] == f"/admin/accounts/user/{anna.pk}/change/"
    anna.refresh_from_db()
    run.refresh_from_db()
    assert anna.check_password(GIVEN["password1"])
    assert list(sessions.of(anna)) == []
    assert as_anna.get("/")["Location"].startswith(LOGIN)
    assert not Credential.objects.kept().exists()
    assert (run.status, run.code) == (Status.FAILED, "admission_changed")
    event = Event.objects.get(action="person.password_lent")
    assert (event.actor_name, event.target) == ("karin", "anna")
    assert event.facts == {"sessions": 1, "credentials": 1, "runs": 1}
    assert sentence(event).startswith("karin gave anna a new password; sessions ended: 1")
    assert GIVEN["password1"] not in repr(list(Event.objects.values()))


def test_its_owner_reads_why_and_others_lose_nothing(
    as_karin: Client, as_jonas: Client, jonas_key: Credential, url: str, annas_key: Credential
) -> None:
    as_karin.post(url, GIVEN)
    assert as_jonas.get("/").status_code == 200
    assert Credential.objects.kept().get() == jonas_key
    client = Client()
    client.post(LOGIN, {"login": "anna", "password": GIVEN["password1"]})
    client.post(CHANGE, OWN)
    assert "An admin changed how you sign in here" in words(client.get("/credentials/"))


def test_a_bad_password_changes_nothing(as_karin: Client, as_anna: Client, url: str, annas_key: Credential) -> None:
    for bad in ({}, {"password1": "short", "password2": "short"}, {**GIVEN, "password2": "another word 1"}):
        assert as_karin.post(url, bad).status_code == 422
    assert as_anna.get("/").status_code == 200
    assert Credential.objects.kept().exists()
    assert as_karin.post(url, {"none": "on"}).status_code == 422, "without the company's sign-in there is no other way"


def test_none_at_all_where_the_company_has_a_sign_in(as_karin: Client, url: str, anna: User, settings: Any) -> None:
    settings.OIDC_ISSUER, settings.OIDC_NAME = "https://login.example.com", "Nordlys"
    assert "they come in with their Nordlys account alone" in words(as_karin.get(url))
    assert as_karin.post(url, {}).status_code == 422
    assert as_karin.post(url, {"none": "on"}).status_code == 302
    anna.refresh_from_db()
    assert not anna.has_usable_password()
    assert not anna.has_lent_password
    assert Event.objects.get(action="person.password_taken").actor_name == "karin"


# ── It is lent ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def as_lent(as_karin: Client, url: str) -> Client:
    """Whoever came in with the password that the admin chose: Anna, or the admin."""
    as_karin.post(url, GIVEN)
    client = Client()
    client.post(LOGIN, {"login": "anna", "password": GIVEN["password1"]})
    return client


def test_it_opens_nothing_but_the_way_to_ones_own(as_lent: Client) -> None:
    for address in ("/", "/segments/", "/runs/1/", "/credentials/", "/account/", "/admin/", "/nothing/"):
        assert as_lent.get(address)["Location"] == CHANGE
    assert as_lent.post("/segments/new/", {}).status_code == 302
    assert as_lent.get("/segments/rows/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert as_lent.get("/healthz").status_code == 200
    assert "An admin chose your present password" in words(as_lent.get(CHANGE))


def test_one_chooses_ones_own_and_the_desk_opens(as_lent: Client, anna: User) -> None:
    assert as_lent.post(CHANGE, OWN)["Location"] == "/account/"
    assert as_lent.get("/").status_code == 200
    anna.refresh_from_db()
    assert not anna.has_lent_password
    again = Client()
    assert again.post(LOGIN, {"login": "anna", "password": GIVEN["password1"]}).status_code == 200
    assert again.post(LOGIN, {"login": "anna", "password": OWN["password1"]})["Location"] == "/"
    assert again.get("/").status_code == 200


def test_the_one_that_was_given_is_not_ones_own(as_lent: Client, anna: User) -> None:
    page = as_lent.post(CHANGE, {"oldpassword": GIVEN["password1"], **GIVEN})
    assert "The admin who gave you this one knows it." in words(page)
    anna.refresh_from_db()
    assert anna.has_lent_password


def test_before_a_second_factor_is_set_up_the_password_is_ones_own(
    as_karin: Client, maria: User, settings: Any
) -> None:
    settings.REQUIRE_SECOND_FACTOR = ["Auditor"]
    as_karin.post(f"/admin/people/{maria.pk}/password/", GIVEN)
    client = Client()
    client.post(LOGIN, {"login": "maria", "password": GIVEN["password1"]})
    assert client.get("/")["Location"] == CHANGE
    assert client.get("/account/second-factor/")["Location"] == CHANGE
    assert client.get(CHANGE).status_code == 200
    client.post(CHANGE, OWN)
    assert client.get("/")["Location"] == "/account/second-factor/"


def test_the_first_password_is_lent_too(as_karin: Client) -> None:
    entered = {"username": "siv", "email": "siv@example.com", "usable_password": "true", **GIVEN}
    assert as_karin.post("/admin/accounts/user/add/", entered).status_code == 302
    assert User.objects.get(username="siv").has_lent_password
    entered |= {"username": "tove", "email": "tove@example.com", "usable_password": "false"}
    as_karin.post("/admin/accounts/user/add/", {**entered, "password1": "", "password2": ""})
    assert not User.objects.get(username="tove").has_lent_password


def test_a_link_in_an_email_makes_it_ones_own(anna: User, client: Client, mailoutbox: list[Any]) -> None:
    User.objects.filter(pk=anna.pk).update(has_lent_password=True)
    client.post("/accounts/password/reset/", {"email": "anna@example.com"})
    link = next(word for word in mailoutbox[0].body.split() if "/password/reset/key/" in word)
    page = client.get(link.removeprefix("http://testserver"), follow=True)
    client.post(page.redirect_chain[-1][0], {"password1": OWN["password1"], "password2": OWN["password1"]})
    anna.refresh_from_db()
    assert anna.check_password(OWN["password1"])
    assert not anna.has_lent_password


# ── Whose ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ones_own_is_changed_like_everybodys(as_karin: Client, karin: User) -> None:
    assert as_karin.get(f"/admin/accounts/user/{karin.pk}/password/")["Location"] == CHANGE
    assert as_karin.post(f"/admin/people/{karin.pk}/password/", GIVEN).status_code == 403
    karin.refresh_from_db()
    assert karin.check_password("a password for tests")


def test_the_admin_sites_own_page_leads_here_and_does_nothing(as_karin: Client, anna: User, url: str) -> None:
    entered = {"usable_password": "true", "set-password": "", **GIVEN}
    for answer in (as_karin.get(f"/admin/accounts/user/{anna.pk}/password/"),
                   as_karin.post(f"/admin/accounts/user/{anna.pk}/password/", entered)):  # fmt: skip
        assert answer["Location"] == url
    anna.refresh_from_db()
    assert anna.check_password("a password for tests")
    assert as_karin.get("/admin/accounts/user/4711/password/").status_code == 404
    assert as_karin.get("/admin/accounts/user/x/password/").status_code == 404


def test_an_operators_stays_out_of_reach(as_karin: Client, karin: User, db: None) -> None:
    root = User.objects.create_superuser("root", "root@example.com", "a password for tests")
    for page in ("password", "address", "company-account", "second-factor", "deactivate"):
        assert as_karin.post(f"/admin/people/{root.pk}/{page}/", {**GIVEN, "email": "k@example.com"}).status_code == 403
    for change in (project.lend_password, project.change_address):
        for person in (root, karin):
            with pytest.raises(ValueError, match="not for themself"):
                change(person, "given by an admin 1", by=karin)
    root.refresh_from_db()
    assert (root.email, root.check_password("a password for tests")) == ("root@example.com", True)


@pytest.mark.parametrize("which", ["password", "address", "company-account"])
def test_nobody_else_may(as_anna: Client, maria: User, jonas: User, which: str) -> None:
    url = f"/admin/people/{jonas.pk}/{which}/"
    auditor = Client()
    auditor.force_login(maria)
    for ask in (Client.get, Client.post):
        assert ask(Client(), url)["Location"].startswith(LOGIN)
        assert ask(as_anna, url).status_code == 403
        assert ask(auditor, url).status_code == 403
