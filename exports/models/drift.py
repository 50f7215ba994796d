"""What changed between two runs of one saved segment."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from exports.models.runs import ExportRun
from runs.models import FileStep, RunQuerySet, Status


class DriftQuerySet(RunQuerySet["Drift"]):
    def visible_to(self, user: models.Model) -> DriftQuerySet:
        """It tells of two files, so it is for whoever may have both."""
        seen = ExportRun.objects.visible_to(user)
        return self.filter(older__in=seen, newer__in=seen)

    def touching(self, run: ExportRun) -> DriftQuerySet:
        """Those that have a run for one of their two."""
        return self.filter(Q(older=run) | Q(newer=run))

    def wanted(self) -> DriftQuerySet:
        """Those that are there or on their way: one that failed may be asked for again."""
        return self.exclude(status__in=(Status.FAILED, Status.CANCELLED))


class Drift(FileStep):
    """Two runs compared, once: how many gained or lost consent, came and left, and who, as a file.

    The people's file goes when one of the two originals goes. The counts stay.
    """

    task = "exports.tasks.compare"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    older = models.ForeignKey(ExportRun, on_delete=models.PROTECT, related_name="+")
    newer = models.ForeignKey(ExportRun, on_delete=models.PROTECT, related_name="+")
    # What the vendor calls the attribute that the rows were joined by; empty for the export key.
    joined_on = models.CharField(max_length=200, blank=True)
    counts = models.JSONField(default=dict)  # exports.drift.Counts, its channels in the order of exports.pair
    storage_name = models.CharField(max_length=120, blank=True)
    length = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    row_count = models.PositiveBigIntegerField(default=0)

    objects = DriftQuerySet.as_manager()

    class Meta(FileStep.Meta):
        ordering = ["pk"]
        default_permissions = ()
        verbose_name = _("comparison of runs")
        verbose_name_plural = _("comparisons of runs")
        constraints = [
            *FileStep.Meta.constraints,
            models.UniqueConstraint(
                name="two_runs_are_compared_once",
                fields=["older", "newer", "joined_on"],
                condition=~Q(status__in=(Status.FAILED, Status.CANCELLED)),
            ),
        ]

    def __str__(self) -> str:
        return _("%(older)s and %(newer)s") % {"older": self.older, "newer": self.newer.pk}

    def get_absolute_url(self) -> str:
        return reverse("exports:drift_detail", args=[self.pk])

    def is_kept(self, now: datetime) -> bool:
        """Say whether its people can be had, by the rows of the two originals."""
        files = (self.older.file, self.newer.file)
        return all(file is not None and file.is_kept(now) for file in files)
