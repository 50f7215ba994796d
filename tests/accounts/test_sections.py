"""Whose a key is, told by the sections it opens."""

from __future__ import annotations

import pytest

from accounts import actions, clients, sections
from accounts.models import Credential, User, VendorAccount
from tests.conftest import Vendor, key


@pytest.mark.parametrize(
    ("seen", "known", "belongs"),
    [
        (["a"], ["a"], True),
        (["a", "b"], ["b", "c"], True),
        (["a"], ["b"], False),
        (["a"], [], True),
        ([], ["a"], True),
        ([sections.BUILT_IN], ["a"], True),  # every account has it
        ([sections.BUILT_IN, "a"], ["b"], False),
    ],
)
def test_two_keys_that_share_no_section_are_of_two_accounts(seen: list[str], known: list[str], belongs: bool) -> None:
    assert sections.belongs(seen, known) is belongs


def test_what_is_learnt_adds_up() -> None:
    assert sections.learnt(["b", sections.BUILT_IN], ["a"]) == ["a", "b"]


def test_the_first_key_that_works_tells_and_a_narrower_one_fits(
    vendor: Vendor, annas_key: Credential, jonas_key: Credential, account: VendorAccount
) -> None:
    actions.test_credential(annas_key, by=annas_key.owner)
    account.refresh_from_db()
    known = account.sections
    assert len(known) == 2
    assert sections.BUILT_IN not in known
    assert actions.test_credential(jonas_key, by=jonas_key.owner).state == Credential.State.WORKING
    account.refresh_from_db()
    assert account.sections == known


def test_a_key_of_another_account_is_refused_when_it_is_tested(
    vendor: Vendor, annas_key: Credential, jonas: User, account: VendorAccount
) -> None:
    actions.test_credential(annas_key, by=annas_key.owner)
    foreign = actions.test_credential(key(jonas, account, "demo-ingrid"), by=jonas)
    assert foreign.state == Credential.State.REFUSED
    assert foreign.test_message.startswith("This key belongs to another APSIS account")
    assert foreign.sealed_token == ""
    before = VendorAccount.objects.get().sections
    # Once the desk may learn anew, the same key is as good as any.
    actions.forget_sections(account, by=jonas)
    assert actions.test_credential(foreign, by=jonas).state == Credential.State.WORKING
    assert VendorAccount.objects.get().sections != before


def test_a_vendor_that_does_not_tell_its_sections_refuses_nobody(
    vendor: Vendor, annas_key: Credential, account: VendorAccount
) -> None:
    vendor.fault("sections", "status", status=500, times=0)
    assert actions.test_credential(annas_key, by=annas_key.owner).state == Credential.State.WORKING
    account.refresh_from_db()
    assert account.sections == []


def test_a_key_erased_during_its_test_stays_erased(
    vendor: Vendor, annas_key: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = actions.ask_vendor

    def ask_while_it_goes(client: object) -> actions.Verdict:
        actions.erase_credentials(Credential.objects.all(), actions.MOVED, by=annas_key.owner)
        return ask(client)  # type: ignore[arg-type]

    monkeypatch.setattr(actions, "ask_vendor", ask_while_it_goes)
    with pytest.raises(clients.KeyErased):
        actions.test_credential(annas_key, by=annas_key.owner)
    annas_key.refresh_from_db()
    assert annas_key.is_erased
    assert annas_key.state == Credential.State.UNTESTED
    assert annas_key.sealed_token == ""
