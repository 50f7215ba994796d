"""The home page: what needs a person, what is on its way, what is ready."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import Credential, User, VendorAccount
from audit import actions as audit
from exports.models import ExportFile, ExportRun
from tests.exports.test_segment_list import run_of, save


def words(client: Client) -> str:
    response = client.get("/")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_it_says_in_one_sentence_how_things_stand(as_anna: Client, annas_key: Credential) -> None:
    run_of(save(annas_key, "Failing"), annas_key, "failed")
    run_of(save(annas_key, "Moving"), annas_key, "running")
    for name in ("One", "Two"):
        run_of(save(annas_key, name), annas_key, "succeeded")
    page = words(as_anna)
    assert 'One thing needs you. <span class="soft">One is on its way. Two are ready.</span>' in page
    assert "<title>One thing needs you · Home · Consent Desk</title>" in page
    for block in ("Needs you", "Working now", "Ready for you"):
        assert f"<h2>{block}</h2>" in page
    assert "Coming up" not in page


def test_anonymous_is_sent_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/")["Location"] == "/accounts/login/?next=/"


def test_anothers_runs_are_not_there(as_jonas: Client, annas_key: Credential) -> None:
    run_of(save(annas_key, "Failing"), annas_key, "failed")
    page = words(as_jonas)
    assert "Failing" not in page
    assert "No runs yet." in page


def test_only_reading(as_anna: Client) -> None:
    assert as_anna.post("/").status_code == 405


def test_first_use_is_one_sentence_and_one_button(as_anna: Client, annas_key: Credential) -> None:
    page = words(as_anna)
    assert "No runs yet." in page
    assert "New segment" in page
    assert page.count("btn-1") == 1


def test_first_use_without_a_key_begins_with_the_key(as_anna: Client) -> None:
    page = words(as_anna)
    assert "Add your key" in page
    assert page.count("btn-1") == 1


def test_what_was_downloaded_is_ready_no_more(as_anna: Client, annas_key: Credential, anna: User, jonas: User) -> None:
    run = run_of(save(annas_key, "Spring"), annas_key, "succeeded")
    audit.record("file.downloaded", by=jonas, target=run)
    assert "Ready for you" in words(as_anna)
    audit.record("file.downloaded", by=anna, target=run)
    page = words(as_anna)
    assert "Ready for you" not in page
    assert "Nothing needs you." in page
    assert "<title>Home · Consent Desk</title>" in page


def test_a_file_that_is_gone_is_ready_no_more(as_anna: Client, annas_key: Credential) -> None:
    run_of(save(annas_key, "Spring"), annas_key, "succeeded")
    ExportFile.objects.update(expires_at=timezone.now())
    assert "Ready for you" not in words(as_anna)


def test_a_failure_is_settled_by_a_later_run_or_by_time(as_anna: Client, annas_key: Credential) -> None:
    segment = save(annas_key, "Spring")
    failed = run_of(segment, annas_key, "failed")
    assert "Needs you" in words(as_anna)
    later = run_of(segment, annas_key, "cancelled")
    assert "Needs you" not in words(as_anna)
    later.delete()
    ExportRun.objects.filter(pk=failed.pk).update(finished_at=timezone.now() - timedelta(days=15))
    assert "Needs you" not in words(as_anna)


def test_a_refused_key_needs_its_owner(as_anna: Client, annas_key: Credential) -> None:
    save(annas_key, "Spring")
    Credential.objects.update(state="refused", tested_at=timezone.now())
    page = words(as_anna)
    assert "Your credential for Nordlys Handel" in page
    assert "1 saved segment waits for it." in page
    assert f"/credentials/{annas_key.account_id}/" in page


def test_a_missing_key_needs_its_owner_where_something_waits(as_anna: Client, annas_key: Credential) -> None:
    save(annas_key, "Spring")
    VendorAccount.objects.create(name="Fjordsport", region="eu")
    assert "Needs you" not in words(as_anna)
    Credential.objects.all().delete()
    page = words(as_anna)
    assert "No credential" in page
    assert "Fjordsport" not in page


def test_an_auditor_and_an_admin_find_what_is_theirs(client: Client, maria: User, karin: User) -> None:
    client.force_login(maria)
    page = words(client)
    assert 'href="/admin/audit/event/"' in page
    assert "/admin/accounts/" not in page
    client.force_login(karin)
    page = words(client)
    for place in ("audit/event", "accounts/user", "accounts/vendoraccount"):
        assert f'href="/admin/{place}/"' in page


def test_somebody_in_no_group_is_told_whom_to_ask(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("eve", "eve@example.com"))
    page = words(client)
    assert "an admin can add you to one" in page
    assert "/admin/" not in page


def test_it_needs_no_more_queries_with_more_runs_and_counts_them_all(
    as_anna: Client, annas_key: Credential, django_assert_max_num_queries: Any
) -> None:
    def fill(first: int, last: int) -> None:
        for number in range(first, last):
            for status in ("failed", "running", "succeeded"):
                run_of(save(annas_key, f"{status} {number}"), annas_key, status)

    fill(0, 3)
    with django_assert_max_num_queries(30) as few:
        words(as_anna)
    fill(3, 30)
    with django_assert_max_num_queries(len(few.captured_queries)):
        page = words(as_anna)
    assert "30 things need you." in page
    assert "10 of 30 shown" in page
