"""Saved segments, the runs of them, and the files that runs bring home."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Credential, VendorAccount
from exports.spec import ConsentSpec
from runs.models import IS_UNFINISHED, UNFINISHED, Run, RunLine, RunQuerySet, Status


class SavedSegmentQuerySet(models.QuerySet["SavedSegment"]):
    def visible_to(self, user: models.Model) -> SavedSegmentQuerySet:
        """A saved segment is its owner's alone."""
        return self.filter(owner=user)


class SavedSegment(models.Model):
    """A named definition: whom to export, and which columns. Every save makes a version."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_segments")
    account = models.ForeignKey(VendorAccount, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=120)
    spec = models.JSONField()  # of the newest version
    version_no = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = SavedSegmentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("saved segment")
        verbose_name_plural = _("saved segments")
        constraints = [models.UniqueConstraint(name="one_name_per_owner", fields=["owner", "name"])]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("exports:segment_edit", args=[self.pk])

    @cached_property
    def consent_spec(self) -> ConsentSpec:
        return ConsentSpec.from_json(self.spec)


class SegmentVersion(models.Model):
    """What a saved segment asked for, at one time. Never changed; restoring an old one makes a new one."""

    segment = models.ForeignKey(SavedSegment, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    spec = models.JSONField()
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(name="one_version_per_number", fields=["segment", "number"])]

    @cached_property
    def consent_spec(self) -> ConsentSpec:
        return ConsentSpec.from_json(self.spec)


class ExportFile(models.Model):
    """What the vendor sent, kept as it came, with what was found in it. Its bytes may be gone; its record stays."""

    storage_name = models.CharField(max_length=120, unique=True)
    encoding = models.CharField(max_length=8, blank=True)  # "gzip", or as it is
    media_type = models.CharField(max_length=100)
    received_length = models.PositiveBigIntegerField()
    received_sha256 = models.CharField(max_length=64)
    content_length = models.PositiveBigIntegerField()
    content_sha256 = models.CharField(max_length=64)
    row_count = models.PositiveBigIntegerField()
    header = models.JSONField()  # the titles, in the file's own order
    counts = models.JSONField()  # exports.contents.Counts
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # From `removed_at` on nobody can have it; at `gone_at` its bytes were gone (exports/retention.py).
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(name="exportfile_kept", fields=["expires_at"], condition=Q(gone_at=None))]

    def is_kept(self, now: datetime) -> bool:
        """Say whether it can be had, by its row."""
        return self.removed_at is None and now < self.expires_at


class ExportRunQuerySet(RunQuerySet["ExportRun"]):
    """Whose run is whose. Whatever is for a person begins with one of the first three."""

    def visible_to(self, user: models.Model) -> ExportRunQuerySet:
        """One's own, and those that a colleague has shared. For one run; a list asks for both apart."""
        return self.filter(Q(owner=user.pk) | Q(pk__in=RunShare.objects.filter(person=user.pk).values("run")))

    def owned_by(self, user: models.Model) -> ExportRunQuerySet:
        """One's own: what may be stopped, removed and shared, and all that a list reads from the owner's index."""
        return self.filter(owner=user.pk)

    def shared_with(self, user: models.Model) -> ExportRunQuerySet:
        """Other people's, to be read. In order of the run's number from the index of shares."""
        return self.filter(shares__person=user.pk)

    def listed(self) -> ExportRunQuerySet:
        """Read what a line of a list says of a run, and leave the long columns where they are."""
        long = ("spec", "sealed_poll_url", "segment__spec", "file__header")
        return self.select_related("segment", "file__removed_by").defer(*long)


class ExportRun(Run):
    """One execution of a saved segment, with its own copy of what it asks for."""

    task = "exports.tasks.advance"
    lane = "exports"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    segment = models.ForeignKey(SavedSegment, on_delete=models.PROTECT, related_name="runs")
    version_no = models.PositiveIntegerField()
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="+")
    key_ends_in = models.CharField(max_length=4, default="")  # the key of that day; it may have been replaced since
    spec = models.JSONField()
    spec_digest = models.CharField(max_length=64)

    # What the vendor was asked, and what it said. `asked_at` is the intention: written before the request is sent.
    attempt = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    is_asked_twice = models.BooleanField(default=False)
    requested_at = models.DateTimeField(null=True)
    sealed_poll_url = models.TextField(blank=True, editable=False)
    poll_style = models.CharField(max_length=4, blank=True)
    poll_ends_at = models.DateTimeField(null=True)
    poll_count = models.PositiveIntegerField(default=0)
    ready_at = models.DateTimeField(null=True)
    trouble_count = models.PositiveSmallIntegerField(default=0)  # passing troubles in a row
    file = models.OneToOneField(ExportFile, on_delete=models.PROTECT, null=True, related_name="run")
    # From when on its owner is to be mailed that it is over; None once that is done, or needs no doing (letters.py).
    tell_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)  # when its owner first had its page before them after it was over

    objects = ExportRunQuerySet.as_manager()

    class Meta(Run.Meta):
        ordering = ["-pk"]
        indexes = [
            *Run.Meta.indexes,
            models.Index(name="exportrun_line", fields=["account", "turn", "id"], condition=IS_UNFINISHED),
            # A list is counted, filtered and paged from one of these alone, in its own order, however long its rows:
            # a planner has nothing to guess, and any choice it makes is a good one.
            models.Index(name="exportrun_newest", fields=["owner", "-id", "status", "segment", "finished_at"]),
            models.Index(name="exportrun_by_segment", fields=["owner", "segment", "-id", "status"]),
            models.Index(name="exportrun_state", fields=["status", "-id"]),
            # What ended lately: Home counts it, and draws two weeks of it.
            models.Index(name="exportrun_ended", fields=["owner", "finished_at", "status"]),
            models.Index(name="exportrun_to_tell", fields=["tell_at"], condition=Q(tell_at__isnull=False)),
        ]
        verbose_name = _("export run")
        verbose_name_plural = _("export runs")
        permissions = [("download_exportrun", "Can download the files of export runs")]
        constraints = [
            *Run.Meta.constraints,
            models.CheckConstraint(
                name="file_only_when_succeeded", condition=Q(file=None) | Q(status=Status.SUCCEEDED)
            ),
            # Ten identical clicks make one run: the other nine lose here.
            models.UniqueConstraint(
                name="one_unfinished_run_per_spec",
                fields=["owner", "segment", "spec_digest"],
                condition=IS_UNFINISHED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.segment.name}, run {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("exports:run_detail", args=[self.pk])

    @property
    def queue(self) -> str:
        # To cancel takes no time, so it does not stand behind other people's downloads.
        return "files" if self.ready_at and not self.cancel_asked_at else "calls"

    @classmethod
    def on_files(cls) -> Q:
        return Q(ready_at__isnull=False, cancel_asked_at=None)

    @classmethod
    def unasked(cls) -> Q:
        return IS_UNFINISHED & Q(asked_at=None, sealed_poll_url="", cancel_asked_at=None)

    @classmethod
    def at_vendor(cls) -> Q:
        # A question without an answer counts: the vendor may have begun.
        return IS_UNFINISHED & Q(asked_at__isnull=False, ready_at=None)

    @property
    def may_be_hastened(self) -> bool:
        """Whether its next question may be put earlier than planned.

        Not one that the vendor may be answering already, nor one that the vendor itself has put off.
        """
        is_in_the_dark = self.asked_at is not None and not self.sealed_poll_url
        return not self.is_over and not is_in_the_dark and not self.facts.get("is_put_off")

    @cached_property
    def consent_spec(self) -> ConsentSpec:
        return ConsentSpec.from_json(self.spec)

    def move(self, to: Status, code: str, *, now: datetime, facts: dict[str, Any] | None = None, **fields: Any) -> None:
        """Go to another status. That a run is over is news for its owner, unless they cancelled it themselves."""
        is_own_doing = to == Status.CANCELLED and self.cancel_asked_by_id == self.owner_id
        if settings.NOTICES and to not in UNFINISHED and not is_own_doing:
            fields["tell_at"] = now + timedelta(seconds=settings.NOTICE_AFTER)
        super().move(to, code, now=now, facts=facts, **fields)

    def add_line(
        self, code: str, *, now: Any, level: str = RunLine.Level.INFO, took_ms: int | None = None, **facts: Any
    ) -> None:
        """Write a line of log for the owner."""
        self.lines.create(
            at=now, level=level, code=code, facts=facts, attempt=self.attempt, claim_no=self.claim_no, took_ms=took_ms
        )


class RunShare(models.Model):
    """A colleague may see a run of somebody else's, and take its files. It goes when the owner takes it back."""

    run = models.ForeignKey(ExportRun, on_delete=models.CASCADE, related_name="shares")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    shared_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="one_share_per_person", fields=["person", "run"])]


class DerivedFileQuerySet(RunQuerySet["DerivedFile"]):
    def visible_to(self, user: models.Model) -> DerivedFileQuerySet:
        """What was made of a file is for whoever may have the file."""
        return self.filter(of__run__in=ExportRun.objects.visible_to(user))

    def wanted(self) -> DerivedFileQuerySet:
        """Those that are there or on their way: one that failed may be asked for again."""
        return self.exclude(status__in=(Status.FAILED, Status.CANCELLED))


class DerivedFile(Run):
    """A form of a file, made from it once, when somebody first asked for it. It goes when its original goes.

    One of them is not made but fetched beside it, where the saved segment says so: the vendor's own workbook.
    """

    class Form(models.TextChoices):
        WORKBOOK = "workbook", _("Excel workbook")
        EXCEL_CSV = "excel-csv", _("CSV for Excel")
        CSV = "csv", _("CSV")  # of some rows: of all it would be the original
        APSIS_EXCEL = "apsis-xlsx", _("APSIS’s own Excel file")  # fetched, not made (exports/apsis_excel.py)

    task = "exports.tasks.derive"
    lane = ""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    of = models.ForeignKey(ExportFile, on_delete=models.PROTECT, related_name="derived")
    form = models.CharField(max_length=12, choices=Form)
    choice = models.JSONField(default=dict)  # of rows: exports.selection.Contactable, or empty for all
    choice_digest = models.CharField(max_length=64)
    storage_name = models.CharField(max_length=120, blank=True)
    length = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    row_count = models.PositiveBigIntegerField(default=0)
    remarks = models.JSONField(default=dict)  # what the page must say of it: cells cut or guarded, sheets

    objects = DerivedFileQuerySet.as_manager()

    class Meta(Run.Meta):
        ordering = ["pk"]
        constraints = [
            *Run.Meta.constraints,
            models.UniqueConstraint(
                name="each_form_is_made_once",
                fields=["of", "form", "choice_digest"],
                condition=~Q(status__in=(Status.FAILED, Status.CANCELLED)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_form_display()} of {self.of.run}"

    @property
    def queue(self) -> str:
        return "files"

    @classmethod
    def on_files(cls) -> Q:
        return ~Q(pk__in=())


class Grant(models.Model):
    """Leave to take one form of a file: one person's, in one session, for one purpose, while the file is kept."""

    file = models.ForeignKey(ExportFile, on_delete=models.PROTECT, related_name="grants")
    copy = models.CharField(max_length=32)  # which of its forms: exports.files.Copy.key
    form = models.CharField(max_length=32)  # what the audit history calls that
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    session = models.CharField(max_length=64)  # a keyed hash of the session's key
    purpose = models.CharField(max_length=200, blank=True)
    given_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            # Ten identical clicks give one grant.
            models.UniqueConstraint(name="one_grant_per_purpose", fields=["session", "file", "copy", "purpose"])
        ]


class Download(models.Model):
    """A form of a file on its way to somebody. What a browser resumes is still the same download."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="downloads")
    began_at = models.DateTimeField()
    has_beginning = models.BooleanField()  # whether the first byte was asked for
    length = models.PositiveBigIntegerField()
    bytes_sent = models.PositiveBigIntegerField(default=0)  # of all its parts together

    class Meta:
        default_permissions = ()
        ordering = ["-pk"]


class SurveyQuerySet(RunQuerySet["Survey"]):
    def visible_to(self, user: models.Model) -> SurveyQuerySet:
        """What was counted in a file is for whoever may see its run."""
        return self.filter(of__run__in=ExportRun.objects.visible_to(user))

    def wanted(self) -> SurveyQuerySet:
        """Those that are there or on their way: one that failed may be asked for again."""
        return self.exclude(status__in=(Status.FAILED, Status.CANCELLED))


class Survey(Run):
    """What stands in each column of a file, in figures: counted once, when first asked for. It outlives the file."""

    task = "exports.tasks.survey"
    lane = ""

    of = models.ForeignKey(ExportFile, on_delete=models.PROTECT, related_name="surveys")
    columns = models.JSONField(default=list)  # exports.survey.Figures of each, in the file's order

    objects = SurveyQuerySet.as_manager()

    class Meta(Run.Meta):
        ordering = ["pk"]
        constraints = [
            *Run.Meta.constraints,
            models.UniqueConstraint(
                name="each_file_is_surveyed_once",
                fields=["of"],
                condition=~Q(status__in=(Status.FAILED, Status.CANCELLED)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.of.run}"

    @property
    def queue(self) -> str:
        return "files"

    @classmethod
    def on_files(cls) -> Q:
        return ~Q(pk__in=())


class ExportLine(RunLine):
    """One hop of an export run."""

    run = models.ForeignKey(ExportRun, on_delete=models.CASCADE, related_name="lines")

    class Meta(RunLine.Meta):
        indexes = [models.Index(fields=["run", "-at"])]


class Letter(models.Model):
    """One mail to one person about runs that are over: written down before it is sent (exports/letters.py)."""

    class Outcome(models.TextChoices):
        SENT = "sent", _("sent")
        UNWANTED = "unwanted", _("not wanted any more")
        REFUSED = "refused", _("refused by the mail server")
        GIVEN_UP = "given_up", _("given up")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # its Message-ID, at every try the same
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    runs = models.JSONField()  # their keys
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    claim_no = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    over_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(name="one_letter_at_a_time", fields=["person"], condition=Q(due_at__isnull=False)),
            models.CheckConstraint(
                name="letter_due_iff_not_over",
                condition=Q(due_at=None) & ~Q(over_at=None) | ~Q(due_at=None) & Q(over_at=None),
            ),
        ]
        indexes = [
            models.Index(name="letter_due", fields=["due_at"], condition=Q(due_at__isnull=False)),
            models.Index(name="letter_last", fields=["person", "over_at"]),
        ]

    def __str__(self) -> str:
        return f"letter {self.pk}"
