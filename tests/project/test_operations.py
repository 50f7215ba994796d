"""The operations page: what it shows of the desk, to whom, and what it never shows of a run."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import lanes, limits
from accounts.models import Credential, User, VendorAccount
from audit import actions as audit
from audit import sealing
from exports.models import ExportFile, ExportRun, Letter, SavedSegment
from project import actions as desk
from runs import presence
from runs.models import Presence, Status
from tests.conftest import key
from tests.exports import made
from tests.imports import made as imported

URL, LIVE = "/admin/operations/", "/admin/operations/live/"
QUEUED = {"status": Status.QUEUED}
POLLED = {"started_at": 1, "asked_at": 2, "requested_at": 3, "sealed_poll_url": "a-sealed-link", "attempt": 1}


def words(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split()))


@pytest.fixture(autouse=True)
def own_heads(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_HEADS = str(tmp_path / "audit-heads.log")


@pytest.fixture
def sealed(segment: SavedSegment) -> None:
    """All that was told so far has its seal."""
    sealing.seal(now=timezone.now())


# ── To whom ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_for_admins_and_the_way_to_it_too(as_karin: Client, as_anna: Client, maria: User, staffed: None) -> None:
    client = Client()
    assert client.get(URL)["Location"] == f"/accounts/login/?next={URL}"
    for url in (URL, LIVE):
        assert as_karin.get(url).status_code == 200
        assert as_anna.get(url).status_code == 403
    for page in ("/", "/admin/"):
        assert f'href="{URL}"' in as_karin.get(page).content.decode()
    client.force_login(maria)
    assert client.get(URL).status_code == 403
    for page in ("/", "/admin/"):
        assert URL not in client.get(page).content.decode()


def test_only_reading(as_karin: Client) -> None:
    assert as_karin.post(URL).status_code == 405
    assert as_karin.post(LIVE).status_code == 405


# ── Nothing yet, and nothing wrong ───────────────────────────────────────────────────────────────────────────


def test_first_use_shows_kinds_of_nothing(as_karin: Client, staffed: None) -> None:
    page = words(as_karin.get(URL))
    assert "Everything runs. No run is on its way." in page
    assert "Needs you" not in page
    assert "What people start stands here until it has ended." in page
    assert "There is no vendor account yet. Add one" in page
    assert "No file is kept, so none has to go." in page


def test_it_shows_where_runs_are_and_the_oldest_of_each_stage(
    as_karin: Client, segment: SavedSegment, staffed: None, sealed: None
) -> None:
    old = made.run(segment, "preparing", **POLLED, ago=7200)
    made.run(segment, "preparing", **POLLED, ago=60)
    waiting = made.run(segment, "waiting_in_line", **QUEUED, ago=30)
    page = words(as_karin.get(URL))
    assert "Everything runs. 3 runs are on their way, 1 of them in line." in page
    assert f"Preparing at APSIS 2 Spring newsletter, run {old.pk} anna" in page
    assert f"In line at APSIS 1 Spring newsletter, run {waiting.pk} anna" in page


def test_it_shows_each_account_with_its_lanes_its_line_and_what_it_has_taught(
    as_karin: Client, segment: SavedSegment, staffed: None, jonas: User
) -> None:
    now = timezone.now()
    key(jonas, segment.account, "demo-jonas")
    lanes.hold(segment.account, "exports", seconds=300, now=now.timestamp())
    for _ in range(18):
        lanes.take(segment.account, "polls", now=now.timestamp())
    limits.crowded(segment.account, "exports", 3, now=now)
    made.run(segment, "preparing", **POLLED)
    waiting = [made.run(segment, "waiting_in_line", **QUEUED, turn=number) for number in range(7)]
    page = words(as_karin.get(URL))
    assert re.search(
        r"Nordlys Handel 0 of 1 1 a second held until \d\d:\d\d:\d\d 1 of 1 1 a minute 10 of 10 10 a minute "
        r"5 of 5 5 × 16 a second 4\d of 60 60 a minute \d+ of 10",
        page,
    )
    assert re.search(r"10 a minute 1 3 learnt 7", page)
    assert "In line for Nordlys Handel" in page
    assert f"Next Spring newsletter , run {waiting[0].pk}, anna" in page
    assert f"Number 5 Spring newsletter , run {waiting[4].pk}, anna" in page
    assert f"run {waiting[5].pk}, anna" not in page.partition("In line for")[2]
    assert "and 2 more" in page


def test_it_shows_who_works_and_who_went_without_a_word(as_karin: Client, staffed: None) -> None:
    now = timezone.now()
    Presence.objects.create(role="files", host="host-b", pid=7, since=now - timedelta(hours=2), seen_at=now)
    Presence.objects.create(role="files", host="host-b", pid=8, since=now, seen_at=now)
    gone = now - timedelta(minutes=20)
    Presence.objects.create(role="calls", host="host-c", pid=9, since=gone, seen_at=gone)
    page = words(as_karin.get(URL))
    assert "files Long steps: fetching and verifying files host-b 2 at work" in page
    assert re.search(
        r"calls Short steps: one question to a vendor each host-c 1 without a word since .*\d\d:\d\d", page
    )
    assert "Queue calls 0 messages wait for a worker" in page
    assert "taken within the last minute" in page


def test_it_shows_the_files_and_which_go_next(as_karin: Client, segment: SavedSegment, staffed: None) -> None:
    later = made.ready(segment, kept=timedelta(days=9))
    next_one = made.ready(segment, kept=timedelta(hours=5))
    page = words(as_karin.get(URL))
    assert re.search(r"Room [\d.]+.[GT]B free of", page)
    size = sum(file.received_length for file in ExportFile.objects.all())
    assert f"Kept 2 files, {size} bytes" in page
    assert page.index(f"run {next_one.pk}, anna") < page.index(f"run {later.pk}, anna")


# ── What is wrong ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("calls", "No worker serves the queue “calls”. Nothing is asked of any vendor."),
        ("files", "No worker serves the queue “files”. Files that are ready are not fetched."),
        (presence.BEAT, "Beat is not there. Runs that wait are not called."),
    ],
)
def test_a_role_that_nobody_fills(as_karin: Client, staffed: None, role: str, said: str) -> None:
    Presence.objects.filter(role=role).update(seen_at=timezone.now() - timedelta(minutes=2))
    page = words(as_karin.get(URL))
    assert "One thing needs you." in page
    assert said in page


def test_one_worker_for_both_queues_is_enough(as_karin: Client, staffed: None) -> None:
    Presence.objects.filter(role="files").delete()
    Presence.objects.filter(role="calls").update(role="calls,files")
    assert "Everything runs." in words(as_karin.get(URL))


def test_a_tick_that_is_late(as_karin: Client, staffed: None) -> None:
    Presence.objects.filter(role=presence.TICK).update(seen_at=timezone.now() - timedelta(minutes=14))
    page = words(as_karin.get(URL))
    assert "The tick was last taken 14 min" in page
    assert "look at the broker between them" in page


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_broker_that_is_away(as_karin: Client, staffed: None, tmp_path: Path) -> None:
    from project.celery import app

    app.conf.broker_read_url = f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0"
    page = words(as_karin.get(URL))
    assert "The broker does not answer. No worker can be called." in page
    assert "Broker does not answer" in page
    assert str(tmp_path) not in page


def test_an_audit_history_that_is_not_sealed(as_karin: Client, anna: User, staffed: None) -> None:
    audit.record("run.started", by=anna, target="something", now=timezone.now() - timedelta(minutes=6), version=1)
    page = words(as_karin.get(URL))
    assert "The audit history is not being sealed." in page
    sealing.seal(now=timezone.now())
    assert "The audit history is not being sealed." not in words(as_karin.get(URL))


def test_a_mail_server_that_takes_no_mail(as_karin: Client, anna: User, staffed: None) -> None:
    now = timezone.now()
    letter = Letter.objects.create(person=anna, runs=[], made_at=now, due_at=now, tries=1)
    assert "takes no mail" not in words(as_karin.get(URL))
    Letter.objects.filter(pk=letter.pk).update(made_at=now - timedelta(minutes=11))
    page = words(as_karin.get(URL))
    assert "The mail server takes no mail: 1 letter waits." in page
    assert "anna@" not in page


def test_bytes_that_resist(as_karin: Client, segment: SavedSegment, staffed: None) -> None:
    made.ready(segment)
    ExportFile.objects.update(removed_at=timezone.now() - timedelta(minutes=6))
    assert "The bytes of 1 removed file could not be deleted." in words(as_karin.get(URL))


def test_stuck_runs_have_a_reason_and_one_act(as_karin: Client, segment: SavedSegment, staffed: None) -> None:
    now = datetime.now(tz=UTC)
    dead = made.run(segment, "preparing", **POLLED, lease_until=now - timedelta(minutes=5))
    troubled = made.run(segment, "trouble", **POLLED, trouble_count=7)
    lost = made.run(segment, "answer_lost", **(POLLED | {"sealed_poll_url": "", "requested_at": None}))
    html = as_karin.get(URL).content.decode()
    page = words(as_karin.get(URL))
    assert "Three things need you." in page
    assert "A worker began a step and never ended it." in page
    assert f'formaction="/admin/operations/runs/{dead.pk}/call/"' in html
    assert f'formaction="/admin/operations/runs/{troubled.pk}/hasten/"' in html
    assert f'href="/admin/operations/runs/{lost.pk}/cancel/"' in html


def test_of_many_stuck_runs_the_worst_are_shown_and_all_are_counted(
    as_karin: Client, segment: SavedSegment, staffed: None
) -> None:
    for _ in range(23):
        made.run(segment, "preparing", **POLLED, due_at=timezone.now() - timedelta(minutes=5))
    page = words(as_karin.get(URL))
    assert "23 things need you." in page
    assert page.count("no worker took it") == 20
    assert "3 more are stuck" in page


# ── What is never shown, and what it costs ───────────────────────────────────────────────────────────────────


def test_nothing_of_what_was_asked_or_came_is_shown(as_karin: Client, segment: SavedSegment, staffed: None) -> None:
    """Every state at once; then the pages are searched for what only the owner reads."""
    said = {"say": "APSIS One has trouble of its own.", "detail": "a detail of the vendor", "status": 503}
    made.run(segment, "trouble", **POLLED, trouble_count=7, facts=said)
    made.run(segment, "waiting_in_line", **QUEUED)
    made.ready(segment, rows=4711)
    made.failed(segment)
    secrets = [topic.name for topic in segment.consent_spec.topics]
    secrets += [column.title for column in segment.consent_spec.columns() if column.title]
    secrets += ["a-sealed-link", "a detail of the vendor", "no luck", "4,711", "4711", "3,344", "maja@example.com"]
    for url in (URL, LIVE, "/admin/operations/runs/"):
        html = as_karin.get(url).content.decode()
        assert "Spring newsletter" in html
        for secret in secrets:
            assert secret not in html, f"{secret} on {url}"


def test_parts_of_imports_are_on_the_way_too_and_what_their_file_is_called_is_not_told(
    as_karin: Client, vendor: Any, staffed: None, annas_key: Credential, karin: User
) -> None:
    whole = imported.confirmed(imported.draft(annas_key))
    page = words(as_karin.get(URL))
    assert f"import {whole.pk}, part 1" in page
    assert "Import: Waiting to start" in page
    assert "1 run is on its way" in page
    assert whole.name not in page
    desk.begin_drain(by=karin, reason="An upgrade")
    assert "What was begun is finished." in words(as_karin.get(URL)), "it waits, and is not to be finished"


def test_it_takes_no_more_queries_with_more_of_everything(
    as_karin: Client, segment: SavedSegment, staffed: None, django_assert_max_num_queries: Any
) -> None:
    def fill(first: int, last: int) -> None:
        for number in range(first, last):
            account = VendorAccount.objects.create(name=f"Account {number}", region="eu")
            for code, fields in (("preparing", POLLED), ("waiting_in_line", QUEUED), ("trouble", POLLED)):
                run = made.run(segment, code, **fields, trouble_count=9, due_at=timezone.now() - timedelta(minutes=9))
                ExportRun.objects.filter(pk=run.pk).update(account=account)
            made.ready(segment)

    fill(0, 3)
    with django_assert_max_num_queries(33) as few:
        as_karin.get(URL)
    fill(3, 15)
    Credential.objects.update(state="refused")
    with django_assert_max_num_queries(len(few.captured_queries)):
        page = words(as_karin.get(URL))
    assert "Account 14" in page


def test_accounts_are_paged_the_busiest_first(as_karin: Client, segment: SavedSegment, staffed: None) -> None:
    for number in range(24):
        VendorAccount.objects.create(name=f"Idle {number:02}", region="eu")
    busy = VendorAccount.objects.get(name="Idle 23")
    run = made.run(segment, "preparing", **POLLED)
    ExportRun.objects.filter(pk=run.pk).update(account=busy)
    first, second = (words(as_karin.get(f"{URL}?page={number}")) for number in (1, 2))
    assert "Idle 23 1 of 1" in first
    assert "1 to 20 of 25" in first
    assert "Idle 23" not in second
    assert "21 to 25 of 25" in second
    assert words(as_karin.get(f"{URL}?page=nonsense")) == first


# ── The fragment ─────────────────────────────────────────────────────────────────────────────────────────────


def address(html: str) -> str:
    found = re.search(r'hx-get="([^"]+)"', html)
    assert found, html[:500]
    return unescape(found[1])


def test_an_open_page_asks_for_itself_and_hears_nothing_while_nothing_changes(
    as_karin: Client, segment: SavedSegment, staffed: None, sealed: None, time_machine: Any
) -> None:
    made.run(segment, "preparing", **POLLED)
    time_machine.move_to(timezone.now(), tick=False)
    page = as_karin.get(URL).content.decode()
    assert address(page).startswith(LIVE)
    assert as_karin.get(address(page)).status_code == 204
    assert as_karin.get(address(page)).status_code == 204, "though the form's token is another each time"


def test_what_changes_is_sent_and_what_does_not_is_not(
    as_karin: Client, segment: SavedSegment, staffed: None, sealed: None
) -> None:
    page = as_karin.get(URL).content.decode()
    made.run(segment, "preparing", **POLLED)
    sent = as_karin.get(address(page)).content.decode()
    assert "Spring newsletter" in sent
    assert 'id="ops-says" hx-swap-oob="true"' in sent, "the sentence is another"
    assert "ops-drain" not in sent, "what somebody may be typing in stays"
    made.run(segment, "preparing", **POLLED)
    ExportRun.objects.order_by("pk")[0].delete()
    again = as_karin.get(address(sent))
    if again.status_code == 200:
        assert "ops-says" not in again.content.decode(), "the same sentence is not said twice"


def test_a_drain_that_somebody_else_begins_turns_an_open_page(as_karin: Client, staffed: None, karin: User) -> None:
    page = as_karin.get(URL).content.decode()
    desk.begin_drain(by=karin, reason="An upgrade")
    sent = as_karin.get(address(page)).content.decode()
    assert 'id="ops-drained" hx-swap-oob="true"' in sent
    assert "Start runs again" in sent
    assert 'id="drain-begin"' not in sent
    assert 'name="csrfmiddlewaretoken"' in sent


def test_the_page_reads_without_a_script(as_karin: Client, staffed: None) -> None:
    html = as_karin.get(URL).content.decode()
    assert "style=" not in html
    assert "onclick" not in html
    assert html.count("<h1") == 1
