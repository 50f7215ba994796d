"""Letters: who is mailed what about a run that is over, how often, and what happens when somebody dies in between."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import translation
from django.utils.formats import date_format

from accounts.models import User
from exports import actions, endings, letters
from exports.models import ExportRun, Letter, SavedSegment
from runs.models import Status
from tests.exports import made
from tests.exports.conftest import Stepper

NOW = datetime(2026, 6, 2, 12, 3, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)

pytestmark = pytest.mark.django_db


class Post(EmailBackend):
    """A mail server whose answers a test chooses: errors are raised before it takes the mail, deaths after."""

    before: ClassVar[list[BaseException]] = []
    after: ClassVar[list[BaseException]] = []

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        if self.before:
            raise self.before.pop(0)
        taken = super().send_messages(messages)
        if self.after:
            raise self.after.pop(0)
        return int(taken)


class Killed(BaseException):
    """The process is gone: nothing that it would have done next is done."""


@pytest.fixture
def post(settings: Any) -> type[Post]:
    settings.EMAIL_BACKEND = f"{__name__}.Post"
    Post.before, Post.after = [], []
    return Post


def end(segment: SavedSegment, code: str = "never_ready", *, now: datetime = NOW) -> ExportRun:
    """Let a run fail at a moment."""
    run = made.preparing(segment)
    endings.give_up(run, code, now=now)
    return run


def work(now: datetime) -> int:
    """Do what the step that beat calls does; return how many letters went."""
    letters.gather(now=now)
    return letters.deliver(lambda: now)


# ── What is told ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_that_is_ready_is_told_with_a_link_and_no_figure(segment: SavedSegment, steps: Stepper) -> None:
    run = steps.to_the_end(actions.start(segment, by=segment.owner, now=steps.now))
    assert run.status == Status.SUCCEEDED
    assert work(steps.now) == 0, "whoever looks at the page needs no mail"
    assert work(steps.now + timedelta(minutes=1)) == 1
    (sent,) = mail.outbox
    assert sent.to == ["anna@example.com"]
    assert sent.subject == "Consent Desk: “Spring newsletter” is ready"
    assert f"http://127.0.0.1:8000/runs/{run.pk}/" in sent.body
    assert "http://127.0.0.1:8000/account/" in sent.body
    assert "Its file is kept until" in sent.body
    assert sent.message()["Auto-Submitted"] == "auto-generated"
    assert run.file is not None
    secrets = [f"{run.file.row_count}", "@example", *run.file.header, *run.consent_spec.to_json()["section"].values()]
    words = sent.body.replace(f"run {run.pk}", "").replace(f"/runs/{run.pk}/", "").replace(":8000", "")
    assert [secret for secret in secrets if secret and secret in words] == []


def test_a_run_that_failed_is_told_and_nothing_of_the_vendors_answer(segment: SavedSegment) -> None:
    run = made.preparing(segment)
    endings.give_up(run, "column_missing", now=NOW, columns=["maja@example.com"])
    assert work(LATER) == 1
    (sent,) = mail.outbox
    assert sent.subject == "Consent Desk: “Spring newsletter” failed"
    assert "without a file" in sent.body
    assert "maja" not in sent.body


def test_times_are_those_of_where_the_person_works_and_words_those_of_their_language(
    segment: SavedSegment, anna: User
) -> None:
    User.objects.filter(pk=anna.pk).update(time_zone="America/New_York", language="sv")
    end(segment, now=datetime(2026, 6, 2, 23, 30, tzinfo=UTC))
    with translation.override("en"):
        work(datetime(2026, 6, 3, 4, 0, tzinfo=UTC))
    assert "19:30" in mail.outbox[0].body
    with translation.override("sv"):
        assert f"2 {date_format(date(2026, 6, 2), 'F')}, 19:30" in mail.outbox[0].body


def test_a_newline_in_a_name_adds_no_header(segment: SavedSegment) -> None:
    SavedSegment.objects.filter(pk=segment.pk).update(name="Spring\nBcc: eve@example.org")
    end(segment)
    assert work(LATER) == 1
    assert "Bcc" not in mail.outbox[0].message()
    assert mail.outbox[0].recipients() == ["anna@example.com"]


# ── Who is not told ──────────────────────────────────────────────────────────────────────────────────────────────


def test_whoever_cancelled_it_themself_is_not_told(segment: SavedSegment, karin: User) -> None:
    for by in (segment.owner, karin):
        run = made.preparing(segment)
        actions.cancel(run, by=by, now=NOW)
        endings.cancel(run, now=NOW)
        assert work(LATER) == (by == karin)
    assert mail.outbox[0].subject == "Consent Desk: “Spring newsletter” was cancelled"
    assert "not by you" in mail.outbox[0].body


def test_whoever_saw_the_end_is_not_told_and_a_colleague_sees_it_for_nobody(
    segment: SavedSegment, as_anna: Client, jonas: User
) -> None:
    run = end(segment)
    letters.seen(run, by=jonas, now=NOW)
    run.refresh_from_db()
    assert run.tell_at
    assert as_anna.get(f"/runs/{run.pk}/live/?shown=0").status_code == 200
    assert work(LATER) == 0
    assert not Letter.objects.exists()


def test_a_run_on_its_way_is_told_to_nobody(segment: SavedSegment, as_anna: Client) -> None:
    run = made.preparing(segment)
    as_anna.get(f"/runs/{run.pk}/")
    assert work(LATER) == 0
    endings.give_up(run, "never_ready", now=NOW)
    assert work(LATER) == 1, "having watched it before is not having seen the end"


def test_ones_own_choice_and_the_desks_switch_it_off(
    segment: SavedSegment, anna: User, as_anna: Client, settings: Any
) -> None:
    end(segment)
    assert "A mail when a run of yours is over" in as_anna.get("/account/").content.decode()
    as_anna.post("/account/", {"time_zone": anna.time_zone, "has_shortcuts": "on"})
    assert work(LATER) == 0
    assert Letter.objects.get().outcome == "unwanted"
    settings.NOTICES = False
    assert "A mail when" not in as_anna.get("/account/").content.decode()
    as_anna.post("/account/", {"time_zone": anna.time_zone, "has_shortcuts": "on"})
    assert end(segment).tell_at is None


def test_nobody_is_mailed_who_has_left(segment: SavedSegment, anna: User) -> None:
    end(segment)
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert work(LATER) == 0
    assert mail.outbox == []


# ── How often ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_ends_within_ten_minutes_goes_together(segment: SavedSegment, anna: User) -> None:
    end(segment)
    assert work(LATER) == 1
    for second in range(25):
        end(segment, now=LATER + timedelta(seconds=second))
    made.ready(segment, tell_at=LATER)
    assert work(LATER + timedelta(minutes=9)) == 0
    assert work(LATER + timedelta(minutes=10, seconds=1)) == 1
    sent = mail.outbox[1]
    assert sent.subject == "Consent Desk: 26 runs are over: 25 failed, 1 ready"
    assert sent.body.count("/runs/") == 21
    assert "6 more stand among your runs:" in sent.body
    assert sent.body.index("Failed;") < sent.body.index("/runs/")
    assert work(LATER + timedelta(hours=1)) == 0


def test_everybody_has_a_letter_of_their_own(segment: SavedSegment, jonas: User, jonas_key: object) -> None:
    theirs = actions.save_segment(by=jonas, account=segment.account, name="Autumn", spec=segment.consent_spec)
    end(segment)
    end(theirs)
    assert work(LATER) == 2
    told = {sent.to[0]: sent.subject for sent in mail.outbox}
    assert "Spring" in told["anna@example.com"]
    assert "Autumn" in told["jonas@example.com"]
    assert len({sent.message()["Message-ID"] for sent in mail.outbox}) == 2


# ── What dies, and what is away ──────────────────────────────────────────────────────────────────────────────────


def test_a_mail_server_that_is_away_delays_every_letter_and_stops_no_run(
    segment: SavedSegment, jonas: User, jonas_key: object, post: type[Post], caplog: pytest.LogCaptureFixture
) -> None:
    theirs = actions.save_segment(by=jonas, account=segment.account, name="Autumn", spec=segment.consent_spec)
    run = end(segment)
    end(theirs)
    post.before = [ConnectionRefusedError()]
    assert work(LATER) == 0
    assert post.before == [], "it was asked once, and not once for each letter"
    run.refresh_from_db()
    assert run.status == Status.FAILED
    assert work(LATER + timedelta(seconds=29)) == 0
    assert work(LATER + timedelta(seconds=31)) == 2
    assert "mail server away" in caplog.text
    assert "example.com" not in caplog.text


def test_pauses_grow_and_end_with_the_news(segment: SavedSegment, post: type[Post]) -> None:
    end(segment)
    now, tries = LATER, 0
    while Letter.objects.filter(due_at__isnull=False).exists() or not tries:
        post.before = [ConnectionRefusedError()]
        work(now)
        tries += not post.before
        now += timedelta(seconds=letters.LONGEST_PAUSE)
    assert Letter.objects.get().outcome == "given_up"
    assert now - LATER > timedelta(days=2)
    assert tries > 100


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (smtplib.SMTPRecipientsRefused({"anna@example.com": (550, b"nobody here")}), "refused"),
        (smtplib.SMTPDataError(554, b"anna@example.com is spam"), "refused"),
        (smtplib.SMTPRecipientsRefused({"anna@example.com": (451, b"later")}), ""),
    ],
)
def test_a_letter_that_is_refused_for_good_is_not_sent_again(
    segment: SavedSegment, post: type[Post], error: OSError, outcome: str, caplog: pytest.LogCaptureFixture
) -> None:
    end(segment)
    post.before = [error]
    assert work(LATER) == 0
    assert Letter.objects.get().outcome == outcome
    assert work(LATER + timedelta(hours=1)) == (not outcome)
    assert "example.com" not in caplog.text


def test_a_kill_before_the_mail_server_has_it_loses_nothing_and_sends_it_once(
    segment: SavedSegment, post: type[Post]
) -> None:
    end(segment)
    letters.gather(now=LATER)  # and here the first one died
    post.before = [Killed()]
    with pytest.raises(Killed):
        letters.deliver(lambda: LATER)
    assert work(LATER + timedelta(seconds=5)) == 0, "perhaps it lives"
    assert work(LATER + letters.LEASE) == 1
    assert work(LATER + timedelta(hours=1)) == 0
    assert len(mail.outbox) == 1


def test_a_kill_between_the_mail_server_and_the_row_sends_a_copy_that_can_be_told(
    segment: SavedSegment, post: type[Post]
) -> None:
    end(segment)
    post.after = [Killed()]
    with pytest.raises(Killed):
        work(LATER)
    assert work(LATER + letters.LEASE) == 1
    first, second = (sent.message()["Message-ID"] for sent in mail.outbox)
    assert first == second


def test_whoever_lost_the_claim_writes_nothing(segment: SavedSegment) -> None:
    end(segment)
    letters.gather(now=LATER)
    slow = letters._claim(now=LATER)
    assert slow
    assert letters.deliver(lambda: LATER + letters.LEASE) == 1
    letters._put_off(slow, now=LATER, everybody=True)
    assert Letter.objects.get().outcome == "sent"


def test_two_processes_write_one_letter(segment: SavedSegment, anna: User) -> None:
    end(segment)
    assert letters._write(anna, now=LATER)
    end(segment)
    assert not letters._write(anna, now=LATER)
    assert ExportRun.objects.filter(tell_at__isnull=False).count() == 1
