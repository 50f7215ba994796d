"""The second factor: set up, asked for, sealed, required of some, and taken away when it is lost."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.test import Client, RequestFactory

from accounts import second_factor, vault
from accounts.models import User
from audit.models import Event
from tests.conftest import sign_in

ADD, REMOVE = "/accounts/2fa/totp/activate/", "/accounts/2fa/totp/deactivate/"
LOGIN = "/accounts/login/"
ANNA = {"login": "anna", "password": "a password for tests"}


def code(secret: str) -> str:
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))


def add_app(client: Client) -> str:
    """Set up an authenticator app through its page, and return its secret."""
    secret = str(client.get(ADD).context["form"].secret)
    response = client.post(ADD, {"code": code(secret)})
    assert response["Location"] == "/accounts/2fa/recovery-codes/", response.content.decode()
    return secret


# ── Setting it up ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_app_is_added_with_its_codes_and_lies_sealed(as_anna: Client, anna: User) -> None:
    page = as_anna.get(ADD).content.decode()
    assert '<svg class="qr"' in page
    assert "data:image" not in page
    assert "style=" not in page
    secret = add_app(as_anna)
    app = Authenticator.objects.get(user=anna, type=Authenticator.Type.TOTP)
    assert secret not in str(app.data)
    assert vault.unseal(app.data["secret"]) == secret
    codes = Authenticator.objects.get(user=anna, type=Authenticator.Type.RECOVERY_CODES)
    assert vault.unseal(codes.data["seed"])
    shown = as_anna.get("/accounts/2fa/recovery-codes/").content.decode()
    assert len(re.findall(r"<li>\d{8}</li>", shown)) == 10
    assert "You sign in with two factors." in as_anna.get("/account/").content.decode()


def test_the_field_of_a_wrong_code_is_called_one_thing(as_anna: Client) -> None:
    page = as_anna.post(ADD, {"code": "000000"}).content.decode()
    assert "<b>Code from the app:</b>" in page
    assert "Authenticator code" not in page


def test_a_wrong_code_adds_nothing(as_anna: Client) -> None:
    response = as_anna.post(ADD, {"code": "000000"})
    assert response.status_code == 200
    assert "This code is not right" in response.content.decode()
    assert not Authenticator.objects.exists()


def test_it_is_set_up_only_by_who_showed_their_password_lately(client: Client, anna: User, settings: Any) -> None:
    sign_in(client, anna, ago=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT + 1)
    for url in (ADD, "/accounts/2fa/webauthn/add/", "/accounts/2fa/recovery-codes/generate/"):
        assert client.get(url)["Location"].startswith("/accounts/reauthenticate/")
    response = client.post(f"/accounts/reauthenticate/?next={ADD}", {"password": ANNA["password"], "next": ADD})
    assert response["Location"] == ADD
    assert client.get(ADD).status_code == 200


def test_an_app_is_removed_and_its_codes_with_it(as_anna: Client) -> None:
    add_app(as_anna)
    assert as_anna.get(REMOVE).status_code == 200
    assert as_anna.post(REMOVE)["Location"] == "/accounts/2fa/"
    assert not Authenticator.objects.exists()


def test_a_passkey_is_offered_by_name_and_without_inline_script(as_anna: Client) -> None:
    page = as_anna.get("/accounts/2fa/webauthn/add/").content.decode()
    assert 'data-passkey="make"' in page
    assert "passkey.js" in page
    for tag in re.findall(r"<script[^>]*>", page):
        assert "nonce=" in tag or 'type="application/json"' in tag


def test_a_passkey_is_proposed_a_name_that_none_has_yet(as_anna: Client, anna: User) -> None:
    assert 'value="Passkey"' in as_anna.get("/accounts/2fa/webauthn/add/").content.decode()
    for name in ("Passkey", "Passkey 2", "Passkey 3"):
        assert second_factor.SealedFactors().generate_authenticator_name(anna, Authenticator.Type.WEBAUTHN) == name
        Authenticator.objects.create(user=anna, type=Authenticator.Type.WEBAUTHN, data={"name": name})
    Authenticator.objects.filter(data__name="Passkey 2").delete()
    assert second_factor.SealedFactors().generate_authenticator_name(anna, Authenticator.Type.WEBAUTHN) == "Passkey 2"


def test_anothers_passkey_is_404(as_anna: Client, jonas: User) -> None:
    other = Authenticator.objects.create(user=jonas, type=Authenticator.Type.WEBAUTHN, data={"name": "Phone"})
    for verb in ("edit", "remove"):
        assert as_anna.post(f"/accounts/2fa/webauthn/keys/{other.pk}/{verb}/").status_code == 404
    assert Authenticator.objects.filter(pk=other.pk).exists()


# ── Signing in with it ───────────────────────────────────────────────────────────────────────────────────────


def test_the_password_alone_no_longer_opens_the_account(as_anna: Client, anna: User) -> None:
    secret = add_app(as_anna)
    door = Client()
    assert door.post(LOGIN, ANNA)["Location"].startswith("/accounts/2fa/authenticate/")
    assert door.get("/")["Location"].startswith(LOGIN)
    assert door.get("/accounts/2fa/authenticate/").status_code == 200
    wrong = door.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "This did not open the door" in wrong.content.decode()
    # The code that set the app up is spent; the next one opens.
    with time_machine.travel(time.time() + 31):
        assert door.post("/accounts/2fa/authenticate/", {"code": code(secret)})["Location"] == "/"
    assert door.get("/").status_code == 200


def test_a_recovery_code_opens_it_once(as_anna: Client, anna: User) -> None:
    add_app(as_anna)
    spare = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()[0]
    for opens in (True, False):
        door = Client()
        door.post(LOGIN, ANNA)
        door.post("/accounts/2fa/authenticate/", {"code": spare})
        assert (door.get("/").status_code == 200) is opens


# ── Who must have one ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def required(settings: Any) -> None:
    settings.REQUIRE_SECOND_FACTOR = ["Admin", "Auditor"]


@pytest.mark.parametrize("url", ["/", "/admin/", "/admin/accounts/user/", "/account/", "/nowhere/", "/admin/login/"])
@pytest.mark.parametrize("name", ["karin", "maria"])
def test_nothing_opens_before_it_is_set_up(required: None, request: Any, name: str, url: str) -> None:
    client = sign_in(Client(), request.getfixturevalue(name))
    for send in (client.get, client.post):
        assert send(url)["Location"] == "/account/second-factor/"
    assert client.get(url, HTTP_HX_REQUEST="true")["HX-Refresh"] == "true"


def test_the_way_to_one_is_open_and_so_is_the_way_out(required: None, karin: User) -> None:
    client = sign_in(Client(), karin)
    page = client.get("/account/second-factor/").content.decode()
    assert ADD in page
    assert "/accounts/2fa/webauthn/add/" in page
    for url in (ADD, "/accounts/2fa/webauthn/add/", "/accounts/logout/", "/healthz"):
        assert client.get(url).status_code == 200, url
    add_app(client)
    assert client.get("/admin/").status_code == 200
    assert client.get("/account/second-factor/")["Location"] == "/account/"


def test_recovery_codes_alone_are_no_second_factor(required: None, karin: User) -> None:
    Authenticator.objects.create(user=karin, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert sign_in(Client(), karin).get("/admin/").status_code == 302


def test_others_choose_for_themselves(required: None, as_anna: Client, client: Client) -> None:
    assert as_anna.get("/").status_code == 200
    assert as_anna.get("/account/second-factor/")["Location"] == "/account/"
    assert Client().get(LOGIN).status_code == 200


# ── Losing it ────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_admin_takes_a_lost_one_away(as_anna: Client, anna: User, karin: User) -> None:
    admin, url = sign_in(Client(), karin), f"/admin/people/{anna.pk}/second-factor/"
    assert "has no second factor" in admin.get(url).content.decode()
    add_app(as_anna)
    assert f'href="{url}"' in admin.get(f"/admin/accounts/user/{anna.pk}/change/").content.decode()
    assert admin.get(url).status_code == 200
    assert Authenticator.objects.exists()
    assert admin.post(url).status_code == 302
    assert not Authenticator.objects.exists()
    assert as_anna.get("/")["Location"].startswith(LOGIN)
    event = Event.objects.get(action="person.factors_reset")
    assert (event.actor_name, event.facts) == ("karin", {"factors": 2})


def test_nobody_else_does_nor_an_admin_their_own(as_jonas: Client, anna: User, karin: User, maria: User) -> None:
    url = f"/admin/people/{anna.pk}/second-factor/"
    assert Client().post(url)["Location"].startswith(LOGIN)
    assert as_jonas.post(url).status_code == 403
    assert sign_in(Client(), maria).post(url).status_code == 403
    admin = sign_in(Client(), karin)
    assert admin.post(f"/admin/people/{karin.pk}/second-factor/").status_code == 403
    assert admin.post("/admin/people/4711/second-factor/").status_code == 404
    assert admin.put(url).status_code == 405


def test_the_code_is_drawn_without_anything_the_policy_forbids() -> None:
    drawn = second_factor.SealedFactors().build_totp_svg("otpauth://totp/anna?secret=ABC")
    assert drawn.startswith('<svg class="qr"')
    assert "style" not in drawn
    assert "href" not in drawn


@pytest.mark.parametrize(
    ("host", "is_name"), [("localhost:8000", True), ("desk.example.com", True), ("127.0.0.1:8000", False)]
)
def test_passkeys_need_a_name(host: str, is_name: bool, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert second_factor.is_name(RequestFactory().get("/", HTTP_HOST=host)) is is_name
