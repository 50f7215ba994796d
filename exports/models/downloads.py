"""Who may take a file, and who took it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from exports.models.files import ExportFile


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
