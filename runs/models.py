"""What every run has, whatever it does at a vendor: statuses, due times, claims, lines of log.

The row is the truth. A process that works on a run holds a *claim*: a number, counted up at every claim. Whatever it
writes says `WHERE id AND status AND claim_no`, so one whose lease has ended can change nothing (docs/run-states.md).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _


class StaleRun(Exception):
    """Another process has claimed this run, or it is over: what we were about to write is not ours to write."""


class Status(models.TextChoices):
    """The five words that decide. Everything finer only reports."""

    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("working")
    SUCCEEDED = "succeeded", _("ready")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


UNFINISHED = (Status.QUEUED, Status.RUNNING)
# The same for the database, by a constraint below. SQLite uses a partial index only where the query says its condition
# word for word, and a list of statuses reaches it as parameters.
IS_UNFINISHED = Q(due_at__isnull=False)
MOVES: dict[str, set[str]] = {
    Status.QUEUED: {Status.RUNNING, Status.FAILED, Status.CANCELLED},
    Status.RUNNING: {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED},
    Status.SUCCEEDED: set(),
    Status.FAILED: set(),
    Status.CANCELLED: set(),
}


R = TypeVar("R", bound="Run", covariant=True)


class RunQuerySet(models.QuerySet[R]):
    def visible_to(self, user: models.Model) -> Self:
        """A run is its owner's alone."""
        return self.filter(owner=user)

    def unfinished(self) -> Self:
        return self.filter(IS_UNFINISHED)

    def due(self, now: datetime) -> Self:
        """Runs whose next step may be taken now: due, and claimed by nobody or by a process whose lease has ended."""
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        return self.unfinished().filter(free, due_at__lte=now)


class Run(models.Model):
    """One execution, taken step by step by whichever worker is free."""

    # Set by each concrete run: the Celery task that takes one step, and the lane its requests go on, by name.
    task: ClassVar[str]
    lane: ClassVar[str]

    # Every index that is for a person's lists begins with the owner; one of the owner alone would only tempt a planner.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    # Nor one of the account alone: all that is asked by account is about its line, which has one.
    account = models.ForeignKey("accounts.VendorAccount", on_delete=models.PROTECT, related_name="+", db_index=False)
    turn = models.PositiveIntegerField(default=0)  # its round in the account's line (runs/line.py)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    code = models.CharField(max_length=32, default="asked")
    facts = models.JSONField(default=dict)  # what the sentence of `code` needs to know
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()  # when status or code last became another
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    claim_no = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)  # counts what a page would show otherwise
    cancel_asked_at = models.DateTimeField(null=True)
    cancel_asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_finished_iff_over",
                condition=Q(status__in=UNFINISHED, finished_at=None) | ~Q(status__in=UNFINISHED) & ~Q(finished_at=None),
            ),
            models.CheckConstraint(
                name="%(class)s_due_iff_unfinished",
                condition=Q(status__in=UNFINISHED) & ~Q(due_at=None) | ~Q(status__in=UNFINISHED) & Q(due_at=None),
            ),
        ]
        indexes = [
            models.Index(name="%(class)s_due", fields=["due_at"], condition=IS_UNFINISHED),
            models.Index(name="%(class)s_on_the_way", fields=["owner", "id"], condition=IS_UNFINISHED),
        ]

    @property
    def is_over(self) -> bool:
        return self.status not in UNFINISHED

    @property
    def queue(self) -> str:
        """The queue of the next step: `calls` for one vendor call, `files` for a long one."""
        return "calls"

    @classmethod
    def on_files(cls) -> Q:
        """Which runs have `files` for their queue: the same rule, for the database."""
        return Q(pk__in=())

    @classmethod
    def unasked(cls) -> Q:
        """Which unfinished runs have asked nothing of the vendor that it counts: they need a place in line first."""
        return Q(pk__in=())

    @classmethod
    def at_vendor(cls) -> Q:
        """Which unfinished runs the vendor has its hands full with."""
        return Q(pk__in=())

    # ── What only the holder of the claim may do ─────────────────────────────────────────────────────────────

    def move(self, to: Status, code: str, *, now: datetime, facts: dict[str, Any] | None = None, **fields: Any) -> None:
        """Go to another status. A finished run is due no more and held by nobody. Raises StaleRun."""
        if to not in MOVES[self.status]:
            raise ValueError(f"a run cannot go from {self.status} to {to}")
        if to in UNFINISHED:
            fields.setdefault("due_at", self.due_at)
        else:
            fields.update(finished_at=now, due_at=None, lease_until=None)
        if to == Status.RUNNING:
            fields.setdefault("started_at", self.started_at or now)
        self._write(now, status=to, code=code, facts=facts or {}, **fields)

    def wait(
        self, code: str, *, now: datetime, until: datetime, facts: dict[str, Any] | None = None, **fields: Any
    ) -> None:
        """Stay in this status, let go of the claim, and be due again at `until`. Raises StaleRun."""
        # Whoever pressed Cancel during this step is not kept waiting for the next.
        due_at = Case(When(cancel_asked_at=None, then=Value(until)), default=Value(now))
        self._write(now, code=code, facts=facts or {}, due_at=due_at, lease_until=None, **fields)
        self.due_at = until

    def note(
        self, code: str | None = None, *, now: datetime, facts: dict[str, Any] | None = None, **fields: Any
    ) -> None:
        """Write something down and keep the claim. Raises StaleRun."""
        if code is not None:
            fields.update(code=code, facts=facts or {})
        self._write(now, **fields)

    def renew(self, code: str, *, now: datetime, facts: dict[str, Any] | None = None) -> None:
        """Hold the claim for one lease more, during a long step. Raises StaleRun when it is ours no longer."""
        self.note(code, now=now, facts=facts, lease_until=now + timedelta(seconds=settings.RUN_LEASE))

    def _write(self, now: datetime, **fields: Any) -> None:
        if fields.get("code", self.code) != self.code or fields.get("status", self.status) != self.status:
            fields["changed_at"] = now
        mine = type(self)._default_manager.filter(pk=self.pk, status=self.status, claim_no=self.claim_no)
        if not mine.update(version=F("version") + 1, **fields):
            raise StaleRun(f"{self._meta.label} {self.pk}: claim {self.claim_no} has ended")
        for name, value in fields.items():
            setattr(self, name, value)
        self.version += 1


class VendorRun(Run):
    """A run that asks something of the vendor which the vendor counts, and then asks what has become of it."""

    # Which request of its own this is; `asked_at` is the intention: written before the request is sent.
    attempt = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    is_asked_twice = models.BooleanField(default=False)
    requested_at = models.DateTimeField(null=True)  # the last time
    poll_count = models.PositiveIntegerField(default=0)
    trouble_count = models.PositiveSmallIntegerField(default=0)  # passing troubles in a row

    lines: Any  # the manager of its lines: each kind of run has a table of its own

    class Meta(Run.Meta):
        abstract = True

    @property
    def request_lane(self) -> str:
        """The lane that its requests are counted on by the minute; `lane` is about how many the vendor has at once."""
        return self.lane

    def add_line(
        self, code: str, *, now: datetime, level: str = "info", took_ms: int | None = None, **facts: Any
    ) -> None:
        """Write a line of log for the owner."""
        self.lines.create(
            at=now, level=level, code=code, facts=facts, attempt=self.attempt, claim_no=self.claim_no, took_ms=took_ms
        )


class FileStep(Run):
    """A long step over a file that is there: without the vendor's lanes, on the queue of those who work with files."""

    lane = ""

    class Meta(Run.Meta):
        abstract = True

    @property
    def queue(self) -> str:
        return "files"

    @classmethod
    def on_files(cls) -> Q:
        return ~Q(pk__in=())


class RunLine(models.Model):
    """One hop of a run, as its owner may read it: a code and the facts its sentence needs."""

    class Level(models.TextChoices):
        INFO = "info", _("information")
        WARN = "warn", _("worth knowing")
        BAD = "bad", _("trouble")

    at = models.DateTimeField()
    level = models.CharField(max_length=4, choices=Level, default=Level.INFO)
    code = models.CharField(max_length=32)
    facts = models.JSONField(default=dict)
    attempt = models.PositiveSmallIntegerField(default=0)
    claim_no = models.PositiveIntegerField(default=0)
    took_ms = models.PositiveIntegerField(null=True)

    class Meta:
        abstract = True
        ordering = ["-at", "-pk"]


class Presence(models.Model):
    """A process of the desk in one of its roles, as it last said that it lives (runs/presence.py)."""

    role = models.CharField(max_length=40)  # the queues it serves, "beat", or "tick" for whoever took that last
    host = models.CharField(max_length=120)
    pid = models.PositiveIntegerField()
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["role", "host", "pid"]
        constraints = [models.UniqueConstraint(name="one_presence_per_role", fields=["role", "host", "pid"])]


class Drain(models.Model):
    """“Finish, start nothing”: while this row is there, no run asks anything new of a vendor (runs/drain.py)."""

    since = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions = ()
        permissions = [("operate_desk", "Can watch the desk at work and steer it")]
        constraints = [models.CheckConstraint(name="one_drain", condition=Q(pk=1))]
