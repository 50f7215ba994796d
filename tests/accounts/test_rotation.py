"""Changing keys beside the running desk: nothing is lost, nobody is signed out, and an old key is really not needed."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import rotation, vault
from accounts.models import Credential, User
from accounts.second_factor import SealedFactors
from tests.conftest import Vendor, sign_in

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


def rotate(*words: str) -> str:
    out = StringIO()
    call_command("rotate_vault", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def under_old(settings: Any) -> Any:
    """Settings whose vault has the old key alone; the test adds the new one."""
    settings.VAULT_KEYS = [OLD]
    return settings


def test_the_registry_finds_every_sealed_column() -> None:
    found = {f"{model._meta.label}.{name}" for model, name in rotation.columns()}
    assert found == {
        "accounts.Credential.sealed_secret",
        "accounts.Credential.sealed_token",
        "exports.ExportRun.sealed_poll_url",
        "imports.ImportPart.sealed_slot",
    }, "look whether the new column holds plain text, then name it here"


def test_whatever_the_vault_seals_lies_in_a_column_that_says_so() -> None:
    texts = re.compile(r"secret|token|poll_url|password|key", re.IGNORECASE)
    ours = [model for model in apps.get_models() if model.__module__.split(".")[0] in ("accounts", "exports", "runs")]
    named = {
        f"{model.__name__}.{column.name}"
        for model in ours
        for column in model._meta.concrete_fields
        if texts.search(column.name) and not column.name.startswith("sealed_")
    }
    # Read one by one: a hash, a mark, times, four letters that are shown on purpose, what a session is found by.
    assert named == {
        "User.password",
        "User.has_lent_password",
        "Credential.token_expires_at",
        "Credential.token_taken_until",
        "ExportRun.key_ends_in",
        "Session.session_key",
    }


def test_after_a_rotation_the_old_key_is_not_needed(under_old: Any, annas_key: Credential, vendor: Vendor) -> None:
    from accounts import clients

    with clients.client_for(annas_key.pk) as client:
        client.sections()
    assert Credential.objects.get().sealed_token
    under_old.VAULT_KEYS = [NEW, OLD]
    assert "1 to seal anew" in rotate("--check")
    assert not vault.is_fresh(Credential.objects.get().sealed_secret)
    said = rotate()
    assert "accounts.Credential.sealed_secret: 1 sealed anew, 0 fresh" in said
    assert "accounts.Credential.sealed_token: 1 sealed anew" in said
    assert "the others may be taken out" in said
    under_old.VAULT_KEYS = [NEW]
    kept = Credential.objects.get()
    assert vault.unseal(kept.sealed_secret) == "demo-anna-secret"
    with clients.client_for(kept.pk) as client:
        client.sections()
    assert vendor.calls()["token"] == 1  # the token was sealed anew with it
    assert "under the only key there is" in rotate("--check")


def test_the_second_factors_come_along(under_old: Any, anna: User) -> None:
    seal = SealedFactors()
    Authenticator.objects.create(user=anna, type="totp", data={"secret": seal.encrypt("ABC")})
    codes = {"seed": seal.encrypt("def"), "used_mask": 5, "migrated_codes": [seal.encrypt("1"), seal.encrypt("2")]}
    Authenticator.objects.create(user=anna, type="recovery_codes", data=codes)
    Authenticator.objects.create(user=anna, type="webauthn", data={"name": "Phone"})
    under_old.VAULT_KEYS = [NEW, OLD]
    assert "mfa.Authenticator: 4 to seal anew" in rotate("--check")
    assert "mfa.Authenticator: 4 sealed anew" in rotate()
    under_old.VAULT_KEYS = [NEW]
    app, spare, passkey = Authenticator.objects.order_by("pk")
    assert seal.decrypt(app.data["secret"]) == "ABC"
    assert (seal.decrypt(spare.data["seed"]), spare.data["used_mask"]) == ("def", 5)
    assert [seal.decrypt(code) for code in spare.data["migrated_codes"]] == ["1", "2"]
    assert passkey.data == {"name": "Phone"}


def test_a_pass_that_was_stopped_is_begun_again(
    under_old: Any, annas_key: Credential, jonas_key: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_old.VAULT_KEYS = [NEW, OLD]
    monkeypatch.setattr(rotation, "BATCH", 1)
    seal, sealed = vault.seal, []

    def seal_once(text: str) -> str:
        if sealed:
            raise KeyboardInterrupt
        sealed.append(text)
        return seal(text)

    monkeypatch.setattr(vault, "seal", seal_once)
    with pytest.raises(KeyboardInterrupt):
        rotate()
    monkeypatch.setattr(vault, "seal", seal)
    assert "sealed_secret: 1 sealed anew, 1 fresh" in rotate()


def test_a_key_that_is_replaced_meanwhile_is_not_overwritten(
    under_old: Any, annas_key: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_old.VAULT_KEYS = [NEW, OLD]
    unseal = vault.unseal

    def unseal_while_it_changes(sealed: str) -> str:
        text = unseal(sealed)
        Credential.objects.update(sealed_secret=vault.seal("entered-meanwhile"))
        return text

    monkeypatch.setattr(vault, "unseal", unseal_while_it_changes)
    assert "sealed_secret: 0 sealed anew, 0 fresh, 1 changed meanwhile" in rotate()
    assert unseal(Credential.objects.get().sealed_secret) == "entered-meanwhile"


def test_what_no_key_opens_is_named_and_no_key_is_given_up(under_old: Any, annas_key: Credential) -> None:
    under_old.VAULT_KEYS = [NEW]
    before = Credential.objects.get().sealed_secret
    for words in ([], ["--check"]):
        with pytest.raises(CommandError, match=rf"accounts.Credential.sealed_secret {annas_key.pk}\b.*no key out"):
            rotate(*words)
    assert Credential.objects.get().sealed_secret == before


# ── New keys ─────────────────────────────────────────────────────────────────────────────────────────────────


def make(which: str) -> dict[str, str]:
    out = StringIO()
    call_command("make_keys", which, stdout=out)
    return dict(line.split("=", 1) for line in out.getvalue().splitlines())


def test_a_new_vault_key_stands_before_the_present_ones(under_old: Any) -> None:
    sealed = vault.seal("kept")
    new, old = make("vault")["VAULT_KEYS"].split(",")
    assert old == OLD
    under_old.VAULT_KEYS = [new, old]
    assert vault.unseal(sealed) == "kept"


def test_sessions_survive_a_new_django_key(anna: User, settings: Any) -> None:
    client = sign_in(Client(), anna)
    lines = make("django")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = (
        lines["SECRET_KEY"],
        lines["SECRET_KEY_FALLBACKS"].split(","),
    )
    assert client.get("/").status_code == 200
    # Used once, it is signed anew, and the old key is not needed any more.
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get("/").status_code == 200


def test_without_the_old_key_everybody_signs_in_again(anna: User, settings: Any) -> None:
    client = sign_in(Client(), anna)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key altogether, and long enough", []
    assert client.get("/")["Location"].startswith("/accounts/login/")
