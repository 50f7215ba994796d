"""Letters: the mails that tell people what became of their runs (docs/decisions/0013).

A run that ends says so in its own row (`tell_at`), in the same transaction. A step that beat calls *gathers* what a
person is to be told into one row, a letter, and *delivers* letters one after the other. Each of the two is written down
before anything leaves the desk: whoever dies in between loses nothing. A mail server that is away delays letters and
nothing else.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q

from accounts import database
from accounts.models import User
from exports import letter_words
from exports.models import ExportRun, Letter
from runs.heartbeat import Clock

log = logging.getLogger(__name__)

AT_ONCE = 50  # letters in one step
MOST_RUNS = 500  # in one letter; the rest goes with the next
LEASE = timedelta(seconds=60)  # far longer than one mail may take (EMAIL_TIMEOUT)
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 900.0  # seconds until a mail server that took none is asked again
GIVE_UP = timedelta(days=2)  # after so long it is no news

Outcome = Letter.Outcome


def seen(run: ExportRun, *, by: User, now: datetime) -> None:
    """Note who has a run's page before them: once its owner has seen that it is over, nobody need tell them."""
    if run.is_over and run.seen_at is None and run.owner_id == by.pk:
        ExportRun.objects.filter(pk=run.pk).update(seen_at=now, tell_at=None)


def gather(*, now: datetime) -> int:
    """Write a letter for everybody who is to be told something and was told nothing lately; return how many."""
    told = ExportRun.objects.filter(owner=OuterRef("pk"), tell_at__isnull=False, tell_at__lte=now)
    # A moment that lies ahead was written by a clock that has been set back since.
    lately = Q(over_at__gt=now - timedelta(seconds=settings.NOTICE_PAUSE), over_at__lte=now, outcome=Outcome.SENT)
    held = Letter.objects.filter(lately | Q(due_at__isnull=False), person=OuterRef("pk"))
    people = User.objects.filter(Exists(told), ~Exists(held))
    return sum(_write(person, now=now) for person in people[:AT_ONCE])


def _write(person: User, *, now: datetime) -> bool:
    """Put all that a person is to be told into one letter. Return False where another process has just done that."""
    waiting = ExportRun.objects.filter(owner=person, tell_at__isnull=False)
    try:
        with transaction.atomic():
            runs = list(waiting.order_by("pk").values_list("pk", flat=True)[:MOST_RUNS])
            if not runs:
                return False
            Letter.objects.create(person=person, runs=runs, made_at=now, due_at=now)
            waiting.filter(pk__in=runs).update(tell_at=None)
    except IntegrityError:  # one letter at a time
        return False
    return True


def deliver(clock: Clock) -> int:
    """Send the letters that are due; return how many went. Where one process is at it, another leaves it to that."""
    now = clock()
    if Letter.objects.filter(due_at__isnull=False, lease_until__gt=now, lease_until__lte=now + LEASE).exists():
        return 0
    sent = 0
    for _ in range(AT_ONCE):
        letter = _claim(now=clock())
        if letter is None or not (went := _send(letter, clock)):
            break
        sent += went is Outcome.SENT
    return sent


def _claim(*, now: datetime) -> Letter | None:
    free = Q(lease_until=None) | Q(lease_until__lte=now) | Q(lease_until__gt=now + LEASE)
    due = Letter.objects.filter(free, due_at__isnull=False, due_at__lte=now)
    letter = due.select_related("person").order_by("due_at", "pk").first()
    if letter is None:
        return None
    mine = {"claim_no": F("claim_no") + 1, "tries": F("tries") + 1, "lease_until": now + LEASE}
    if not due.filter(pk=letter.pk, claim_no=letter.claim_no).update(**mine):
        return None
    letter.claim_no, letter.tries = letter.claim_no + 1, letter.tries + 1
    return letter


def _send(letter: Letter, clock: Clock) -> Outcome | None:
    """Send one letter, and write down what became of it. Return None where the mail server takes none now."""
    person = letter.person
    if not (settings.NOTICES and person.is_active and person.has_notices):
        return _end(letter, Outcome.UNWANTED, now=clock())
    mail = letter_words.mail(letter)
    database.let_go()  # a mail server that hangs must not hold a connection
    try:
        mail.send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
        # The text of the error holds the address.
        log.warning("letter refused", extra={"letter": letter.pk, "why": type(error).__name__})
        if _is_final(error):
            return _end(letter, Outcome.REFUSED, now=clock())
        _put_off(letter, now=clock(), everybody=False)
        return None
    except OSError as error:  # what SMTP says is one, too
        log.warning("mail server away", extra={"letter": letter.pk, "why": type(error).__name__})
        _put_off(letter, now=clock(), everybody=True)
        return None
    # Until this is written down, nobody knows that it went: without it, it would be sent a second time.
    return database.outlast(lambda: _end(letter, Outcome.SENT, now=clock()), seconds=LEASE.total_seconds() / 2)


def _is_final(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError) -> bool:
    """Say whether the mail server will never take this letter: 5xx, where 4xx means later (RFC 5321, 4.2.1)."""
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= 500
    return all(code >= 500 for code, _why in error.recipients.values())


def _end(letter: Letter, outcome: Outcome, *, now: datetime) -> Outcome:
    ours = Letter.objects.filter(pk=letter.pk, claim_no=letter.claim_no)
    ours.update(due_at=None, lease_until=None, over_at=now, outcome=outcome)
    return outcome


def _put_off(letter: Letter, *, now: datetime, everybody: bool) -> None:
    """Try a letter again later, and all others with it where the mail server itself is the trouble."""
    if now - letter.made_at >= GIVE_UP:
        log.error("letter given up", extra={"letter": letter.pk})
        _end(letter, Outcome.GIVEN_UP, now=now)  # it is due no more, so what follows passes it by
    until = now + timedelta(seconds=min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(letter.tries - 1, 10)))
    Letter.objects.filter(pk=letter.pk, claim_no=letter.claim_no, due_at__isnull=False).update(
        due_at=until, lease_until=None
    )
    if everybody:
        Letter.objects.filter(due_at__isnull=False, due_at__lt=until, lease_until=None).update(due_at=until)
