"""Coming in through the company's provider, over real sockets: who is let in, and what opens nothing."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.conf import settings as django_settings
from django.test import Client
from joserfc.jwk import OctKey, RSAKey
from werkzeug import Response

from accounts.models import Credential, Session, User
from audit.models import Event
from audit.sentences import sentence
from project.logs import formatter
from tests.provider import CLIENT_ID, SECRET, Provider, serving

pytestmark = pytest.mark.processes

BEGIN, BACK, LOGIN = "/accounts/oidc/login/", "/accounts/oidc/callback/", "/accounts/login/"


def person(sub: str, email: str, **more: Any) -> dict[str, Any]:
    return {"sub": sub, "email": email, "email_verified": True, "name": "What the provider calls them", **more}


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    """A provider that knows Anna, Karin and somebody whom the desk does not."""
    people = {
        "anna": person("sub-1", "Anna@Example.com"),
        "karin": person("sub-2", "karin@example.com"),
        "eve": person("sub-3", "eve@example.com"),
    }
    with serving(Provider(people=people)) as provider:
        settings.OIDC_ISSUER, settings.OIDC_NAME = provider.issuer, "Nordlys"
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, SECRET
        yield provider


def away(client: Client, **sent: str) -> str:
    """Press the button; return where it leads to."""
    page = client.post(BEGIN, sent)
    assert page.status_code == 200, page.status_code
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.content.decode())
    assert found
    return unescape(found[1])


def at_the_door(provider: Provider, url: str, who: str) -> str:
    """Say who one is at the provider; return the address that leads back."""
    answer = httpx.post(url, data={"who": who})
    assert answer.status_code == 302, answer.text
    to = urlsplit(answer.headers["Location"])
    assert (to.netloc, to.path) == ("testserver", BACK)
    return f"{to.path}?{to.query}"


def come_in(client: Client, provider: Provider, who: str, **sent: str) -> Any:
    return client.get(at_the_door(provider, away(client, **sent), who))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def words(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


# ── It works ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_somebody_whom_an_admin_has_made_comes_in(client: Client, provider: Provider, anna: User) -> None:
    assert come_in(client, provider, "anna")["Location"] == "/"
    assert client.get("/").context["user"] == anna
    told = [sentence(event) for event in Event.objects.order_by("pk")]
    assert told == [
        "anna came in with an account at Nordlys for the first time; that account is theirs now",
        "anna signed in through Nordlys",
    ]
    (begun,) = provider.authorized
    assert begun["response_type"] == "code"
    assert begun["code_challenge_method"] == "S256"
    assert len(begun["nonce"]) >= 32
    assert sorted(begun["scope"].split()) == ["email", "openid"]


def test_the_second_time_it_is_the_account_there_that_counts(client: Client, provider: Provider, anna: User) -> None:
    come_in(client, provider, "anna")
    provider.people["anna"] |= {"email": "anna.newname@example.com", "email_verified": False}
    again = Client()
    assert come_in(again, provider, "anna")["Location"] == "/"
    assert again.get("/").context["user"] == anna
    assert Event.objects.filter(action="person.provider_linked").count() == 1


def test_nothing_of_what_the_provider_says_is_kept_but_whose_account_it_is(
    client: Client, provider: Provider, anna: User
) -> None:
    come_in(client, provider, "anna")
    (link,) = SocialAccount.objects.all()
    assert (link.user, link.provider, link.uid, link.extra_data) == (anna, provider.issuer, "sub-1", {})
    assert not SocialToken.objects.exists()
    anna.refresh_from_db()
    assert (anna.email, anna.first_name) == ("anna@example.com", "")
    assert "What the provider" not in repr([session.get_decoded() for session in Session.objects.all()])


def test_the_password_stays_as_it_was(client: Client, provider: Provider, anna: User) -> None:
    come_in(client, provider, "anna")
    anna.refresh_from_db()
    assert anna.check_password("a password for tests")


def test_one_returns_to_where_one_was_going_and_nowhere_else(client: Client, provider: Provider, anna: User) -> None:
    assert come_in(client, provider, "anna", next="/segments/")["Location"] == "/segments/"
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert come_in(Client(), provider, "anna", next=elsewhere)["Location"] == "/"


@pytest.mark.parametrize("ask", [{"process": "connect"}, {"process": "redirect", "next": "/segments/"}])
def test_it_is_always_to_sign_in_whatever_the_form_says(
    client: Client, provider: Provider, anna: User, ask: dict[str, str]
) -> None:
    come_in(client, provider, "anna", **ask)
    assert is_in(client)


def test_the_address_is_asked_of_userinfo_where_the_token_has_none(
    client: Client, provider: Provider, anna: User
) -> None:
    provider.is_email_in_token = False
    come_in(client, provider, "anna")
    assert is_in(client)
    assert "/userinfo" in provider.asked


def test_the_session_begins_anew(client: Client, provider: Provider, anna: User) -> None:
    back = at_the_door(provider, away(client), "anna")
    before = client.session.session_key
    client.get(back)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_where_the_provider_answers_is_asked_once_in_a_while(client: Client, provider: Provider, anna: User) -> None:
    for _ in range(3):
        come_in(Client(), provider, "anna")
    assert provider.asked.count("/.well-known/openid-configuration") == 1


# ── Who is not let in ────────────────────────────────────────────────────────────────────────────────────────


def test_somebody_whom_nobody_has_made_is_told_so(client: Client, provider: Provider, anna: User) -> None:
    page = come_in(client, provider, "eve")
    assert page.status_code == 403
    assert "Nobody here has your e-mail address" in words(page)
    assert not is_in(client)
    assert list(User.objects.all()) == [anna]
    (event,) = Event.objects.all()
    assert sentence(event) == "Somebody came from Nordlys and was not let in: nobody here has their e-mail address"
    assert "eve" not in repr(list(Event.objects.values()))
    # Nothing is left in the session that another page could make a sign-up of.
    assert client.get("/accounts/3rdparty/signup/")["Location"] == LOGIN
    assert (
        client.post("/accounts/3rdparty/signup/", {"username": "eve", "email": "eve@example.com"})["Location"] == LOGIN
    )
    assert User.objects.count() == 1


@pytest.mark.parametrize("verified", [False, None, "false", 0, 1, "yes"])
def test_an_address_that_the_provider_does_not_vouch_for_opens_nothing(
    client: Client, provider: Provider, anna: User, verified: Any
) -> None:
    provider.people["anna"]["email_verified"] = verified
    page = come_in(client, provider, "anna")
    assert "Nordlys does not vouch for your e-mail address" in words(page)
    assert not is_in(client)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("address", [None, "", "\u212aarin@example.com", ["karin@example.com"], "karin@example.com\0"])
def test_an_address_that_only_looks_like_one_of_ours_opens_nothing(
    client: Client, provider: Provider, karin: User, address: Any
) -> None:
    provider.people["karin"]["email"] = address
    assert come_in(client, provider, "karin").status_code == 403
    assert not is_in(client)


@pytest.mark.parametrize("came_before", [False, True])
def test_who_was_deactivated_stays_out(client: Client, provider: Provider, anna: User, came_before: bool) -> None:
    if came_before:
        come_in(Client(), provider, "anna")
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert come_in(client, provider, "anna")["Location"] == "/accounts/inactive/"
    assert not is_in(client)
    event = Event.objects.get(action="session.provider_refused")
    assert sentence(event) == "Somebody came from Nordlys and was not let in: the account of anna is closed"


def test_an_address_that_somebody_else_has_now_opens_nothing(client: Client, provider: Provider, anna: User) -> None:
    come_in(Client(), provider, "anna")
    provider.people["other"] = person("sub-9", "anna@example.com")
    page = come_in(client, provider, "other")
    assert "Another account at Nordlys came in with your e-mail address before" in words(page)
    assert not is_in(client)
    assert Event.objects.get(action="session.provider_refused").target == "anna"


def test_an_operators_account_is_not_opened_this_way(client: Client, provider: Provider, db: None) -> None:
    User.objects.create_superuser("root", "root@example.com", "a password for tests")
    provider.people["root"] = person("sub-0", "root@example.com")
    assert "An operator’s account" in words(come_in(client, provider, "root"))
    assert not is_in(client)


def test_who_is_refused_over_there_is_told_that_nothing_happened(client: Client, provider: Provider, db: None) -> None:
    page = come_in(client, provider, "nobody")
    assert page.status_code == 400
    assert "You were not signed in" in words(page)


# ── Answers that are not the provider's, or not for us ───────────────────────────────────────────────────────

OTHER = RSAKey.generate_key(2048, {"kid": "first"})


def named(amiss: dict[str, Any]) -> str:
    """Name a case by what is amiss: the same in every process, which times and keys are not."""
    return " ".join(
        f"{where} {' '.join(what) if isinstance(what, dict) else ''}".strip() for where, what in amiss.items()
    )


@pytest.mark.parametrize(
    "amiss",
    [
        {"signs_with": OTHER},
        {"header": {"kid": "another"}},
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"aud": "another-client"}},
        {"claims": {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"}},
        {"claims": {"exp": int(time.time()) - 3600}},
        {"claims": {"exp": None}},
        {"claims": {"iat": None}},
        {"claims": {"sub": None}},
        {"claims": {"sub": ""}},
        {"claims": {"sub": 7}},
        {"claims": {"sub": "sub\0-1"}},
        {"claims": {"sub": "s" * 192}},
        {"is_email_in_token": False, "userinfo": {"sub": "sub-of-somebody-else"}},
    ],
    ids=named,
)
def test_a_token_that_is_not_as_it_must_be_opens_nothing(
    client: Client, provider: Provider, anna: User, amiss: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in amiss.items():
        setattr(provider, name, value)
    page = come_in(client, provider, "anna")
    assert page.status_code == 502
    assert "Nordlys did not answer as it should" in words(page)
    assert not is_in(client)
    assert not SocialAccount.objects.exists()
    assert "A sign-in at the provider failed." in caplog.text


def test_a_token_signed_with_the_clients_secret_or_with_nothing_opens_nothing(
    client: Client, provider: Provider, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jwt

    signed = provider._signed
    for key, algorithm in ((SECRET, "HS256"), (None, "none")):

        def forged(asked: dict[str, str], key: Any = key, algorithm: str = algorithm) -> str:
            claims = jwt.decode(signed(asked), options={"verify_signature": False})
            return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "first"})

        monkeypatch.setattr(provider, "_signed", forged)
        assert come_in(Client(), provider, "anna").status_code == 502
    provider.key = OctKey.import_key(SECRET, {"kid": "first", "alg": "HS256"})  # type: ignore[assignment]
    assert come_in(client, provider, "anna").status_code == 502


@pytest.mark.parametrize("nonce", ["another", None])
def test_a_token_of_another_sign_in_opens_nothing(
    client: Client, provider: Provider, anna: User, nonce: str | None
) -> None:
    provider.claims = {"nonce": nonce}
    page = come_in(client, provider, "anna")
    assert "This sign-in took too long, or began elsewhere" in words(page)
    assert not is_in(client)


def test_an_answer_that_somebody_else_began_opens_nothing(client: Client, provider: Provider, anna: User) -> None:
    theirs = at_the_door(provider, away(Client()), "anna")
    assert "began elsewhere" in words(client.get(theirs))
    assert not is_in(client)
    mine = at_the_door(provider, away(client), "anna")
    client.get(mine)
    client.logout()
    assert "began elsewhere" in words(client.get(mine)), "an answer is good once"
    assert not is_in(client)


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x", "?code=x&state=%00", "?error=%3Cscript%3E", "?code=&state="]
)
def test_an_answer_out_of_nowhere_is_a_sentence(client: Client, provider: Provider, db: None, query: str) -> None:
    page = client.get(BACK + query)
    assert page.status_code == 400
    assert "<script>e" not in page.content.decode()


def test_a_code_is_worth_nothing_without_its_verifier(client: Client, provider: Provider, anna: User) -> None:
    url = away(client)
    challenge = parse_qs(urlsplit(url).query)["code_challenge"][0]
    back = at_the_door(provider, url.replace(challenge, "x" * 43), "anna")
    assert client.get(back).status_code == 502
    assert not is_in(client)


# ── A provider that is away, or not itself ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "configuration",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"jwks_uri": "ftp://127.0.0.1/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=named,
)
def test_a_provider_that_calls_itself_something_else_is_not_gone_to(
    client: Client, provider: Provider, configuration: dict[str, Any]
) -> None:
    provider.configuration = configuration
    page = client.post(BEGIN)
    assert page.status_code == 502
    assert "Nordlys did not answer as it should" in words(page)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys", "/userinfo"])
@pytest.mark.parametrize(
    "answer",
    [
        Response(status=500),
        Response("[]", mimetype="application/json"),
        Response("{}", mimetype="application/json"),
        Response('{"keys": [{}, 1]}', mimetype="application/json"),
        Response("<html>", mimetype="text/html"),
        Response(b"\xff\xfe", mimetype="application/json"),
        Response('{"access_token": 1, "id_token": "x.y.z"}', mimetype="application/json"),
    ],
    ids=range(7),
)
def test_whatever_it_answers_is_a_sentence(
    client: Client, provider: Provider, anna: User, path: str, answer: Response
) -> None:
    provider.is_email_in_token = False
    provider.broken = {path: answer}
    page = client.post(BEGIN) if path.startswith("/.well") else come_in(client, provider, "anna")
    assert page.status_code == 502
    assert not is_in(client)


def test_one_that_is_not_there_is_a_sentence(client: Client, db: None, settings: Any) -> None:
    settings.OIDC_ISSUER, settings.OIDC_NAME = "http://127.0.0.1:9", "Nordlys"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, SECRET
    page = client.post(BEGIN)
    assert page.status_code == 502
    assert "Nordlys did not answer" in words(page)


def test_no_secret_and_no_address_is_in_the_log(
    client: Client, provider: Provider, anna: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.people["anna"]["email"] = "anna@example.com"
    come_in(client, provider, "anna")
    come_in(Client(), provider, "eve")
    provider.broken = {"/token": Response('{"error": "eve@example.com"}', status=400, mimetype="application/json")}
    come_in(Client(), provider, "anna")
    # The provider's own lines, and those of the browser that stands in for a person, are not the desk's.
    ours = [record for record in caplog.records if not record.name.startswith(("werkzeug", "httpx", "httpcore"))]
    said = "\n".join(map(formatter().format, ours))
    assert "A sign-in at the provider failed." in said
    for secret in (SECRET, "@example.com", "?code", "state=", "sub-1", "id_token"):
        assert secret not in said


# ── The second factor ────────────────────────────────────────────────────────────────────────────────────────


def test_the_desk_asks_for_its_own_second_factor(client: Client, provider: Provider, karin: User) -> None:
    Authenticator.objects.create(user=karin, type="totp", data={"secret": "x"})
    assert come_in(client, provider, "karin")["Location"].startswith("/accounts/2fa/authenticate/")
    assert not is_in(client)
    assert not SocialAccount.objects.exists(), "who is not in has not come in"


def test_whose_group_must_have_one_is_led_to_set_it_up(
    client: Client, provider: Provider, karin: User, settings: Any
) -> None:
    settings.REQUIRE_SECOND_FACTOR = ["Admin"]
    provider.claims = {"amr": ["pwd", "mfa"]}  # which nobody has said to trust
    come_in(client, provider, "karin")
    assert client.get("/")["Location"] == "/account/second-factor/"


@pytest.mark.parametrize("claims", [{"amr": ["pwd", "mfa"]}, {"acr": "mfa"}, {"amr": "pwd", "acr": "mfa"}], ids=str)
@pytest.mark.parametrize("has_own", [False, True])
def test_the_providers_counts_where_the_settings_say_so_and_the_token_does(
    client: Client, provider: Provider, karin: User, settings: Any, claims: dict[str, Any], has_own: bool
) -> None:
    settings.REQUIRE_SECOND_FACTOR, settings.OIDC_SECOND_FACTOR = ["Admin"], ["mfa", "hwk"]
    if has_own:
        Authenticator.objects.create(user=karin, type="totp", data={"secret": "x"})
    provider.claims = claims
    assert come_in(client, provider, "karin")["Location"] == "/"
    assert client.get("/").status_code == 200
    # It counts for this session alone.
    with_password = Client()
    with_password.post(LOGIN, {"login": "karin", "password": "a password for tests"})
    assert with_password.get("/").status_code == 302


@pytest.mark.parametrize("claims", [{}, {"amr": ["pwd"]}, {"amr": "mfa"}, {"acr": "0"}], ids=str)
def test_a_token_that_does_not_say_so_proves_none(
    client: Client, provider: Provider, karin: User, settings: Any, claims: dict[str, Any]
) -> None:
    settings.REQUIRE_SECOND_FACTOR, settings.OIDC_SECOND_FACTOR = ["Admin"], ["mfa"]
    provider.claims = claims
    come_in(client, provider, "karin")
    assert client.get("/")["Location"] == "/account/second-factor/"


# ── Off, and the form ────────────────────────────────────────────────────────────────────────────────────────


def test_without_an_issuer_there_is_no_such_door(client: Client, db: None) -> None:
    assert django_settings.OIDC_ISSUER == ""
    assert client.post(BEGIN).status_code == 404
    assert client.get(BACK).status_code == 404
    assert "oidc" not in client.get(LOGIN).content.decode()


def test_a_row_in_the_database_opens_no_door(client: Client, db: None) -> None:
    SocialApp.objects.create(
        provider="openid_connect", provider_id="evil", name="Evil", client_id="x", settings={"server_url": "http://x"}
    )
    assert client.post(BEGIN).status_code == 404
    assert "Evil" not in client.get(LOGIN).content.decode()


def test_the_sign_in_page_has_a_button_that_keeps_where_one_was_going(client: Client, provider: Provider) -> None:
    page = words(client.get(f"{LOGIN}?next=/segments/"))
    assert "Use your Nordlys account" in page
    assert page.count('name="next" value="/segments/"') == 2


def test_it_is_begun_by_posting_alone_and_with_a_token(client: Client, provider: Provider, db: None) -> None:
    assert client.get(BEGIN).status_code == 405
    assert client.post(BACK).status_code == 405
    assert Client(enforce_csrf_checks=True).post(BEGIN).status_code == 403


def test_the_page_that_leads_there_lets_forms_go_nowhere_else(client: Client, provider: Provider, db: None) -> None:
    for page in (client.get(LOGIN), client.post(BEGIN)):
        assert "form-action 'self';" in page["Content-Security-Policy"] + ";"


def test_who_is_signed_in_already_is_led_on(as_anna: Client, provider: Provider) -> None:
    assert as_anna.post(BEGIN)["Location"] == "/"
    assert as_anna.post(BEGIN, {"next": "https://evil.example"})["Location"] == "/"


def test_it_is_throttled_like_the_sign_in(client: Client, provider: Provider, db: None) -> None:
    answers = [client.post(BEGIN).status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]


# ── People without a password here ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def only_company(anna: User) -> User:
    """Anna, to whom an admin gave no password."""
    anna.set_unusable_password()
    anna.save()
    return anna


def test_a_password_that_an_admin_lent_is_no_matter_to_them(client: Client, provider: Provider, anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(has_lent_password=True)
    come_in(client, provider, "anna")
    assert client.get("/").status_code == 200


def test_before_a_key_is_changed_one_shows_anew_who_one_is(
    client: Client, provider: Provider, only_company: User, annas_key: Credential
) -> None:
    url = f"/credentials/{annas_key.account_id}/"
    come_in(client, provider, "anna")
    assert "Replace your key" in words(client.get(url)), "just now is soon enough"
    with time_machine.travel(time.time() + 3600):
        assert "Show once more that it is you" in words(client.get(url))
        key = {"address": annas_key.account.base_url, "client_id": "x", "secret": "a secret"}
        assert client.post(url, key).status_code == 403
        assert Credential.objects.get().client_id == "demo-anna"
        assert come_in(client, provider, "anna", next=url, again="1")["Location"] == url
        assert "Replace your key" in words(client.get(url))
    assert provider.authorized[-1]["prompt"] == "login"


@pytest.mark.parametrize("claims", [{"auth_time": int(time.time()) - 3600}, {"auth_time": None}, {"auth_time": "now"}])
def test_an_earlier_sign_in_over_there_is_not_enough_then(
    client: Client, provider: Provider, only_company: User, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    assert "did not ask you again" in words(come_in(client, provider, "anna", again="1"))
    assert not is_in(client)


def test_nobody_gives_themself_a_password(
    client: Client, provider: Provider, only_company: User, mailoutbox: list[Any]
) -> None:
    come_in(client, provider, "anna")
    assert "None. An admin can give you one." in words(client.get("/account/"))
    new = {"password1": "quite another one, 77", "password2": "quite another one, 77"}
    assert client.post("/accounts/password/set/", new)["Location"] == "/account/"
    client.post("/accounts/password/change/", {"oldpassword": "", **new})
    Client().post("/accounts/password/reset/", {"email": "anna@example.com"})
    only_company.refresh_from_db()
    assert not only_company.has_usable_password()
    assert not mailoutbox


# ── Undoing a link ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_admin_undoes_a_link_and_the_next_account_is_theirs(
    client: Client, provider: Provider, anna: User, karin: User
) -> None:
    come_in(client, provider, "anna")
    admin = Client()
    admin.force_login(karin)
    assert "In use since" in words(admin.get(f"/admin/accounts/user/{anna.pk}/change/"))
    assert "Undo the link of anna" in words(admin.get(f"/admin/people/{anna.pk}/company-account/"))
    assert admin.post(f"/admin/people/{anna.pk}/company-account/").status_code == 302
    assert sentence(Event.objects.get(action="person.provider_unlinked")).startswith("karin undid the link of anna")
    provider.people["anna"]["sub"] = "sub-made-anew"
    anew = Client()
    come_in(anew, provider, "anna")
    assert is_in(anew)
    admin.post(f"/admin/people/{anna.pk}/company-account/")
    assert "There is no link to undo" in words(admin.get(f"/admin/people/{anna.pk}/company-account/"))


def test_a_closed_account_undoes_it_too(client: Client, provider: Provider, anna: User, karin: User) -> None:
    admin = Client()
    admin.force_login(karin)
    come_in(client, provider, "anna")
    assert SocialAccount.objects.exists()
    assert admin.post(f"/admin/people/{anna.pk}/deactivate/").status_code == 302
    assert not SocialAccount.objects.exists()


def test_a_new_issuer_begins_anew(client: Client, provider: Provider, anna: User, settings: Any) -> None:
    come_in(client, provider, "anna")
    with serving(Provider(people={"anna": person("another-sub", "anna@example.com")})) as other:
        settings.OIDC_ISSUER = other.issuer
        anew = Client()
        come_in(anew, other, "anna")
        assert is_in(anew)
    assert SocialAccount.objects.count() == 2
