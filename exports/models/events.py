"""What an event export is made of, and what was counted in it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from exports.events.period import Window
from exports.models.files import ExportFile
from exports.models.runs import ExportRun


class EventWindow(models.Model):
    """From one moment to another, asked for and fetched by itself, and kept as it came.

    The windows of a run follow one another. What is named `content_…` is of the JSON, unpacked; lengths in bytes.
    """

    run = models.ForeignKey(ExportRun, on_delete=models.CASCADE, related_name="windows")
    number = models.PositiveSmallIntegerField()  # from 1
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    requested_at = models.DateTimeField(null=True)
    # From here on: once it is here and verified.
    fetched_at = models.DateTimeField(null=True)
    storage_name = models.CharField(max_length=120, blank=True)
    encoding = models.CharField(max_length=8, blank=True)  # "gzip", or as it is
    received_length = models.PositiveBigIntegerField(default=0)
    received_sha256 = models.CharField(max_length=64, blank=True)
    content_length = models.PositiveBigIntegerField(default=0)
    content_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(name="one_window_per_number", fields=["run", "number"]),
            models.CheckConstraint(name="fetched_is_stored", condition=Q(fetched_at=None) | ~Q(storage_name="")),
        ]

    @property
    def window(self) -> Window:
        return Window(self.start_at, self.end_at)

    def __str__(self) -> str:
        return f"{self.run}, window {self.number}"


class EventFigures(models.Model):
    """What all windows of a run hold together, in figures. They outlive the bytes."""

    file = models.OneToOneField(ExportFile, on_delete=models.CASCADE, related_name="event_figures")
    found = models.JSONField()  # exports.events.found.Found

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.file.run)
