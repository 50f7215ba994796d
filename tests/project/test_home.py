"""The home page: what needs a person, what is on its way, what is ready."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts.models import Credential, User, VendorAccount
from audit import actions as audit
from exports import actions
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


# ── What happened meanwhile, and what happens now ────────────────────────────────────────────────────────────────


def ended(client: Client) -> str:
    found = re.search(r'id="ended">\s*(.*?)\s*<a', words(client))
    return found[1].strip() if found else ""


def test_it_says_once_what_ended_since_one_last_looked(as_anna: Client, annas_key: Credential, anna: User) -> None:
    segment = save(annas_key, "Spring")
    run_of(segment, annas_key, "failed")
    assert ended(as_anna) == "", "who was never here was not away either"
    run_of(segment, annas_key, "succeeded")
    run_of(segment, annas_key, "failed")
    seen = run_of(segment, annas_key, "failed")
    as_anna.get(f"/runs/{seen.pk}/")
    own = run_of(segment, annas_key, "cancelled")
    ExportRun.objects.filter(pk=own.pk).update(cancel_asked_by=anna)
    run_of(segment, annas_key, "running")
    assert ended(as_anna) == "2 runs ended while you were away."
    assert ended(as_anna) == ""


def poll(client: Client) -> tuple[str, Any]:
    """Return where the page polls, and what comes back from there."""
    found = re.search(r'hx-get="(/live/[^"]*)"', words(client))
    assert found
    url = unescape(found[1])
    return url, client.get(url, headers={"HX-Request": "true"})


def test_it_polls_while_something_is_on_its_way_and_is_told_what_changed(
    as_anna: Client, annas_key: Credential
) -> None:
    run = run_of(save(annas_key, "Spring"), annas_key, "running")
    url, answer = poll(as_anna)
    assert answer.status_code == 204
    ExportRun.objects.filter(pk=run.pk).update(version=F("version") + 1)
    answer = as_anna.get(url)
    assert answer.status_code == 200
    page = " ".join(answer.content.decode().split())
    assert 'id="home"' in page
    assert "hx-get=" in page
    assert "home-said" not in page, "the sentence is the same, and was heard"
    gone = {"status": "failed", "due_at": None, "finished_at": timezone.now(), "code": "never_ready"}
    ExportRun.objects.filter(pk=run.pk).update(**gone)
    page = " ".join(as_anna.get(url).content.decode().split())
    assert "home-said" in page
    assert 'data-title="One thing needs you · Home"' in page
    assert 'id="rail-runs"' in page
    assert "hx-get=" not in page, "nothing is on its way any more"
    assert "while you were away" not in page
    assert ended(as_anna) == "", "it was seen to end here"


def test_nothing_on_its_way_is_not_asked_about(as_anna: Client, annas_key: Credential) -> None:
    run_of(save(annas_key, "Spring"), annas_key, "failed")
    assert "hx-get" not in words(as_anna)


def test_a_poll_that_brings_nothing_costs_two_queries(
    as_anna: Client, annas_key: Credential, django_assert_max_num_queries: Any
) -> None:
    run_of(save(annas_key, "Spring"), annas_key, "running")
    url, _answer = poll(as_anna)
    with django_assert_max_num_queries(2):
        assert as_anna.get(url).status_code == 204


@pytest.mark.parametrize("query", ["", "?shown=x&ended=-1", "?ended=99999999999999999999&said=%00"])
def test_a_poll_of_anything_is_answered_with_what_is_so(as_anna: Client, annas_key: Credential, query: str) -> None:
    run_of(save(annas_key, "Spring"), annas_key, "running")
    assert as_anna.get(f"/live/{query}").status_code == 200


def test_titles_of_lists_say_what_is_on_its_way(as_anna: Client, annas_key: Credential) -> None:
    segment = save(annas_key, "Spring")
    assert "<title>Runs · Consent Desk</title>" in as_anna.get("/runs/").content.decode()
    run_of(segment, annas_key, "running")
    for url, name in (("/runs/", "Runs"), ("/segments/", "Saved segments")):
        page = " ".join(as_anna.get(url).content.decode().split())
        assert f"<title>1 on its way · {name} · Consent Desk</title>" in page


def test_it_needs_no_more_queries_with_more_runs_and_counts_them_all(
    as_anna: Client, annas_key: Credential, django_assert_max_num_queries: Any
) -> None:
    def fill(first: int, last: int) -> None:
        for number in range(first, last):
            for status in ("failed", "running", "succeeded"):
                run_of(save(annas_key, f"{status} {number}"), annas_key, status)

    fill(0, 6)  # more of each than are shown, so that all are counted
    words(as_anna)  # what ended since is counted from the second time on
    with django_assert_max_num_queries(30) as few:
        words(as_anna)
    most = len(few.captured_queries)
    fill(6, 30)
    words(as_anna)  # which notes that they were told what ended
    with django_assert_max_num_queries(most):
        page = words(as_anna)
    assert "30 things need you." in page
    assert "5 of 30 shown" in page


def test_what_a_colleague_shares_stands_there_until_it_is_taken(
    as_anna: Client, as_jonas: Client, annas_key: Credential, anna: User, jonas: User
) -> None:
    run = run_of(save(annas_key, "Spring"), annas_key, "succeeded")
    actions.share(run, [jonas], by=anna)
    page = words(as_jonas)
    assert "<h2>Shared with you</h2>" in page
    assert f"{anna} shared" in page
    assert "<h2>Ready for you</h2>" not in page
    assert "<h2>Shared with you</h2>" not in words(as_anna)
    audit.record("file.downloaded", by=jonas, target=run, form="content", people=3)
    assert "<h2>Shared with you</h2>" not in words(as_jonas)


def test_looking_again_at_once_writes_nothing(as_anna: Client, anna: User, annas_key: Credential) -> None:
    words(as_anna)
    anna.refresh_from_db()
    first = anna.home_seen_at
    words(as_anna)
    anna.refresh_from_db()
    assert anna.home_seen_at == first
    User.objects.filter(pk=anna.pk).update(home_seen_at=F("home_seen_at") - timedelta(minutes=2))
    words(as_anna)
    anna.refresh_from_db()
    assert anna.home_seen_at is not None
    assert first is not None
    assert anna.home_seen_at > first
