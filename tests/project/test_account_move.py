"""Moving a vendor account: the keys for the old address are erased, and nothing of them reaches the new one."""

from __future__ import annotations

import httpx
import pytest
from django.test import Client

from accounts import clients
from accounts.definitions import Library
from accounts.models import Credential, User, VendorAccount
from audit.models import Event
from exports import actions, runner, tasks
from exports.models import ExportRun, SavedSegment
from project import actions as crossing
from runs.claims import claim
from runs.models import StaleRun, Status
from tests.conftest import Vendor, key
from tests.exports.conftest import Stepper

NEW = "https://elsewhere.example"


@pytest.fixture
def as_karin(karin: User) -> Client:
    client = Client()
    client.force_login(karin)
    return client


@pytest.fixture
def url(account: VendorAccount) -> str:
    return f"/admin/vendor-accounts/{account.pk}/move/"


@pytest.fixture
def wanted() -> dict[str, str]:
    return {"region": "other", "other_url": NEW}


@pytest.fixture
def preparing(segment: SavedSegment, steps: Stepper) -> ExportRun:
    """A run of Anna's that the vendor is at work on."""
    run = actions.start(segment, by=segment.owner, now=steps.now)
    return steps.to_the_end(run, until=lambda run: run.sealed_poll_url)


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_cost_stands_on_the_page_before_anything_happens(
    as_karin: Client, url: str, wanted: dict[str, str], preparing: ExportRun, jonas_key: Credential
) -> None:
    assert as_karin.get(url).status_code == 200
    response = as_karin.post(url, wanted)
    assert response.status_code == 409
    words = " ".join(response.content.decode().split())
    assert "2 people’s keys are erased," in words
    assert "1 run is stopped." in words
    assert VendorAccount.objects.get().base_url == "http://127.0.0.1:8100"
    assert Credential.objects.kept().count() == 2


def test_it_is_done_once_confirmed_and_audited(
    as_karin: Client, url: str, wanted: dict[str, str], preparing: ExportRun, annas_key: Credential, anna: User
) -> None:
    told = Event.objects.count()
    assert as_karin.post(url, {**wanted, "confirmed": NEW}).status_code == 302
    account = VendorAccount.objects.get()
    assert (account.base_url, account.sections) == (NEW, [])
    annas_key.refresh_from_db()
    kept = (annas_key.client_id, annas_key.sealed_secret, annas_key.sealed_token, annas_key.last_four)
    assert kept == ("", "", "", "")
    assert not Credential.objects.visible_to(anna).exists()
    assert not annas_key.definitions.exists()
    preparing.refresh_from_db()
    assert (preparing.status, preparing.code, preparing.sealed_poll_url) == (Status.FAILED, "account_moved", "")
    events = list(Event.objects.order_by("pk")[told:].values_list("action", flat=True))
    assert events == ["run.stopped", "credential.erased", "account.moved"]
    moved = Event.objects.get(action="account.moved")
    assert moved.facts == {"before": "http://127.0.0.1:8100", "after": NEW, "credentials": 1}


def test_what_was_confirmed_for_one_address_does_not_hold_for_another(
    as_karin: Client, url: str, wanted: dict[str, str], annas_key: Credential
) -> None:
    assert as_karin.post(url, {**wanted, "confirmed": "https://third.example"}).status_code == 409
    assert Credential.objects.kept().exists()


def test_without_keys_there_is_nothing_to_ask(as_karin: Client, url: str, wanted: dict[str, str]) -> None:
    assert as_karin.post(url, wanted).status_code == 302
    assert VendorAccount.objects.get().base_url == NEW


def test_the_same_address_costs_nothing(as_karin: Client, url: str, annas_key: Credential) -> None:
    assert as_karin.post(url, {"region": "other", "other_url": "http://127.0.0.1:8100/"}).status_code == 302
    assert Credential.objects.kept().exists()
    assert not Event.objects.filter(action="account.moved").exists()


@pytest.mark.parametrize("bad", ["", "http://plain.example", "https://10.0.0.5", "https://a.example/path"])
def test_a_bad_address_is_said_at_its_field(as_karin: Client, url: str, annas_key: Credential, bad: str) -> None:
    response = as_karin.post(url, {"region": "other", "other_url": bad, "confirmed": bad})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["other_url"]
    assert Credential.objects.kept().exists()


def test_only_an_admin_moves_it(
    client: Client, as_jonas: Client, maria: User, url: str, wanted: dict[str, str], annas_key: Credential
) -> None:
    assert client.post(url, wanted)["Location"].startswith("/accounts/login/")
    assert as_jonas.post(url, {**wanted, "confirmed": NEW}).status_code == 403
    client.force_login(maria)
    assert client.post(url, {**wanted, "confirmed": NEW}).status_code == 403
    assert VendorAccount.objects.get().base_url != NEW


def test_wrong_method_and_an_account_that_is_not_there(as_karin: Client, url: str) -> None:
    assert as_karin.put(url).status_code == 405
    assert as_karin.get("/admin/vendor-accounts/4711/move/").status_code == 404


def test_the_owner_reads_what_happened_and_what_to_do(
    as_karin: Client, url: str, wanted: dict[str, str], preparing: ExportRun, as_anna: Client
) -> None:
    as_anna.force_login(preparing.owner)
    as_karin.post(url, {**wanted, "confirmed": NEW})
    page = as_anna.get(preparing.get_absolute_url()).content.decode()
    assert "The vendor account moved to another address" in page
    assert "Enter your key for this account." in page
    listed = as_anna.get("/credentials/").content.decode()
    assert "An admin moved this account to another address" in listed
    assert "Add yours" in listed


# ── What is under way at that moment ─────────────────────────────────────────────────────────────────────────


def test_a_worker_in_the_middle_of_a_step_writes_nothing_more(
    preparing: ExportRun, account: VendorAccount, karin: User, steps: Stepper, vendor: Vendor
) -> None:
    preparing.refresh_from_db()
    steps.forward(60)
    held = claim(ExportRun.objects.all(), preparing.pk, queue="calls", now=steps.now)
    assert held is not None
    with clients.client_for(held.credential_id) as client:
        crossing.move_account(account, region="other", other_url=NEW, by=karin)
        with pytest.raises(StaleRun):
            runner.advance(held, client, clock=steps.clock)
    preparing.refresh_from_db()
    assert (preparing.status, preparing.code, preparing.sealed_poll_url) == (Status.FAILED, "account_moved", "")
    assert claim(ExportRun.objects.all(), preparing.pk, queue="calls", now=steps.now) is None


class Wire(httpx.BaseTransport):
    """Passes everything on to the sandbox, and keeps whom it was for."""

    def __init__(self, vendor: Vendor) -> None:
        self.inner, self.hosts, self.secrets = vendor.transport, [], []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.hosts.append(request.url.host)
        self.secrets.append(request.headers.get("Authorization", "") + request.read().decode())
        return self.inner.handle_request(request)


def test_a_client_made_before_never_speaks_to_the_new_address_nor_with_the_new_key(
    annas_key: Credential,
    account: VendorAccount,
    karin: User,
    anna: User,
    vendor: Vendor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire = Wire(vendor)
    monkeypatch.setattr(clients, "wire", lambda account: wire)
    with clients.client_for(annas_key.pk) as old:
        old.sections()
        crossing.move_account(account, region="other", other_url=NEW, by=karin)
        new_key = key(anna, account, "demo-sofia")
        with clients.client_for(new_key.pk) as new:
            new.sections()
        fresh = wire.secrets[-1]
        assert wire.hosts[-1] == "elsewhere.example"
        wire.hosts.clear()
        wire.secrets.clear()
        old.sections()
    assert set(wire.hosts) == {"127.0.0.1"}
    assert fresh not in wire.secrets  # the new key's token stays with the new address
    assert not any("demo-sofia" in text for text in wire.secrets)


def test_a_credential_in_memory_does_not_pair_the_old_key_with_the_new_address(
    annas_key: Credential, account: VendorAccount, karin: User
) -> None:
    held = Credential.objects.get(pk=annas_key.pk)  # its account not read yet
    crossing.move_account(account, region="other", other_url=NEW, by=karin)
    assert held.sealed_secret
    with pytest.raises(clients.KeyErased):
        clients.client_for(held.pk)


def test_a_run_started_in_the_very_moment_ends_with_a_sentence(
    segment: SavedSegment, account: VendorAccount, karin: User
) -> None:
    crossing.move_account(account, region="other", other_url=NEW, by=karin)
    # As `actions.start` does when it found the key a moment before it went.
    credential = Credential.objects.get(owner=segment.owner)
    run = actions._create_run(segment, credential, segment.consent_spec, by=segment.owner, now=segment.created_at)
    tasks.advance(pk=run.pk, queue="calls")
    run.refresh_from_db()
    assert (run.status, run.code) == (Status.FAILED, "key_erased")


def test_a_list_that_arrives_after_the_key_went_is_not_kept(
    annas_key: Credential, account: VendorAccount, karin: User, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(vendor)
    monkeypatch.setattr(clients, "wire", lambda account: wire)
    send = wire.inner.handle_request

    class Late(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("sections"):
                crossing.move_account(account, region="other", other_url=NEW, by=karin)
            return send(request)

    wire.inner = Late()
    Library(annas_key).read("sections")
    assert not annas_key.definitions.exists()


def test_a_new_key_brings_the_person_back(
    as_karin: Client, url: str, wanted: dict[str, str], annas_key: Credential, anna: User, account: VendorAccount
) -> None:
    as_karin.post(url, {**wanted, "confirmed": NEW})
    account.refresh_from_db()
    again = key(anna, account, "demo-sofia")
    assert again.pk == annas_key.pk
    assert list(Credential.objects.visible_to(anna)) == [again]
    assert again.test_message == ""
