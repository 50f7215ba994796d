"""What the vendor sent."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q


class ExportFile(models.Model):
    """What the vendor sent, kept as it came, with what was found in it. Its bytes may be gone; its record stays."""

    storage_name = models.CharField(max_length=120, blank=True)  # of events: empty, their windows have them
    encoding = models.CharField(max_length=8, blank=True)  # "gzip", or as it is
    media_type = models.CharField(max_length=100)
    received_length = models.PositiveBigIntegerField()  # of events: of all windows together, and no digest of them
    received_sha256 = models.CharField(max_length=64)
    content_length = models.PositiveBigIntegerField()
    content_sha256 = models.CharField(max_length=64)
    row_count = models.PositiveBigIntegerField()  # of events: the profiles
    header = models.JSONField()  # the titles, in the file's own order
    counts = models.JSONField()  # exports.contents.Counts; of events nothing (EventFigures)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # From `removed_at` on nobody can have it; at `gone_at` its bytes were gone (exports/retention.py).
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_file_per_storage_name", fields=["storage_name"], condition=~Q(storage_name="")
            )
        ]
        indexes = [models.Index(name="exportfile_kept", fields=["expires_at"], condition=Q(gone_at=None))]

    def is_kept(self, now: datetime) -> bool:
        """Say whether it can be had, by its row."""
        return self.removed_at is None and now < self.expires_at
