"""Export runs: one execution of a saved segment each, the log of it, and with whom it is shared."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Credential
from exports.kinds import Kind
from exports.models.asking import Asking
from exports.models.files import ExportFile
from exports.models.segments import SavedSegment
from runs.models import IS_UNFINISHED, UNFINISHED, RunLine, RunQuerySet, Status, VendorRun


class ExportRunQuerySet(RunQuerySet["ExportRun"]):
    """Whose run is whose. Whatever is for a person begins with one of the first three."""

    def visible_to(self, user: models.Model) -> ExportRunQuerySet:
        """One's own, and those that a colleague has shared. For one run; a list asks for both apart."""
        return self.filter(Q(owner=user.pk) | Q(pk__in=RunShare.objects.filter(person=user.pk).values("run")))

    def owned_by(self, user: models.Model) -> ExportRunQuerySet:
        """One's own: what may be stopped, removed and shared, and all that a list reads from the owner's index."""
        return self.filter(owner=user.pk)

    def shared_with(self, user: models.Model, *, since: datetime | None = None) -> ExportRunQuerySet:
        """Other people's, to be read; those that were shared since then. In order of the run's number."""
        return self.filter(shares__person=user.pk, **({"shares__shared_at__gte": since} if since else {}))

    def listed(self) -> ExportRunQuerySet:
        """Read what a line of a list says of a run, and leave the long columns where they are."""
        return self.brief().select_related("segment").defer("segment__spec")

    def brief(self) -> ExportRunQuerySet:
        """Read the same for those whose segments are at hand."""
        return self.select_related("file__removed_by").defer("spec", "sealed_poll_url", "file__header")


class ExportRun(Asking, VendorRun):
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

    sealed_poll_url = models.TextField(blank=True, editable=False)
    poll_style = models.CharField(max_length=4, blank=True)
    poll_ends_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    file = models.OneToOneField(ExportFile, on_delete=models.PROTECT, null=True, related_name="run")
    # From when on its owner is to be mailed that it is over; None once that is done, or needs no doing (letters.py).
    tell_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)  # when its owner first had its page before them after it was over

    objects = ExportRunQuerySet.as_manager()

    class Meta(VendorRun.Meta):
        ordering = ["-pk"]
        indexes = [
            *VendorRun.Meta.indexes,
            models.Index(name="exportrun_line", fields=["account", "turn", "id"], condition=IS_UNFINISHED),
            # A list is counted, filtered and paged from one of these alone, in its own order, however long its rows:
            # a planner has nothing to guess, and any choice it makes is a good one.
            models.Index(name="exportrun_newest", fields=["owner", "-id", "status", "segment", "finished_at"]),
            models.Index(name="exportrun_by_segment", fields=["owner", "segment", "-id", "status"]),
            models.Index(name="exportrun_counted", fields=["owner", "status", "segment"]),
            models.Index(name="exportrun_state", fields=["status", "-id"]),
            # What ended lately: Home counts it, and draws two weeks of it.
            models.Index(name="exportrun_ended", fields=["owner", "finished_at", "status"]),
            models.Index(name="exportrun_to_tell", fields=["tell_at"], condition=Q(tell_at__isnull=False)),
        ]
        verbose_name = _("export run")
        verbose_name_plural = _("export runs")
        permissions = [("download_exportrun", "Can download the files of export runs")]
        constraints = [
            *VendorRun.Meta.constraints,
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
    def as_of(self) -> datetime:
        """When its data is of, as far as that is known: when the vendor was asked for it."""
        return self.requested_at or self.created_at

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

    @property
    def request_lane(self) -> str:
        return "event_exports" if self.segment.kind == Kind.EVENTS else self.lane

    @property
    def spec_kind(self) -> str:
        return self.segment.kind

    def move(self, to: Status, code: str, *, now: datetime, facts: dict[str, Any] | None = None, **fields: Any) -> None:
        """Go to another status. That a run is over is news for its owner, unless they cancelled it themselves."""
        is_own_doing = to == Status.CANCELLED and self.cancel_asked_by_id == self.owner_id
        if settings.NOTICES and to not in UNFINISHED and not is_own_doing:
            fields["tell_at"] = now + timedelta(seconds=settings.NOTICE_AFTER)
        super().move(to, code, now=now, facts=facts, **fields)


class ExportLine(RunLine):
    """One hop of an export run."""

    run = models.ForeignKey(ExportRun, on_delete=models.CASCADE, related_name="lines")

    class Meta(RunLine.Meta):
        indexes = [models.Index(fields=["run", "-at"])]


class RunShare(models.Model):
    """A colleague may see a run that brought its file, and take that. It goes when the owner takes it back."""

    run = models.ForeignKey(ExportRun, on_delete=models.CASCADE, related_name="shares")
    # The run's own, which never changes: a search by its name looks at no run.
    segment = models.ForeignKey(SavedSegment, on_delete=models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    shared_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="one_share_per_person", fields=["person", "run"])]
