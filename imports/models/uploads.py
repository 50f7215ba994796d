"""Uploads: a file that somebody is about to import, and what they have said of it so far."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Credential


class Purpose(models.TextChoices):
    """What an import is for."""

    PEOPLE = "people", _("Add and update people")
    CONSENTS = "consents", _("Consents only")


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, user: models.Model) -> Self:
        """A draft is its owner's alone."""
        return self.filter(owner=user)

    def open(self, now: datetime) -> Self:
        """Those that can still become an import."""
        return self.filter(confirmed_at=None, gone_at=None, expires_at__gt=now)


class Upload(models.Model):
    """A file on its way through the wizard. It is kept for a day, and what is said at each step with it.

    Nothing of what stands in the file is in this row but its name.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey("accounts.VendorAccount", on_delete=models.PROTECT, related_name="+")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="+")

    # What for.
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.PEOPLE)
    section = models.CharField(max_length=255)
    section_name = models.CharField(max_length=255)
    keyspace = models.CharField(max_length=255)
    keyspace_name = models.CharField(max_length=255)

    # The file: `length` is what its sender says it will be, `received` what is here; whole where it has its digest.
    name = models.CharField(max_length=200, blank=True)
    length = models.PositiveBigIntegerField(default=0)
    received = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    storage_name = models.CharField(max_length=120, blank=True)
    is_spreadsheet = models.BooleanField(default=False)

    # Of a spreadsheet: its sheets, the text that one of them was written as, and what was remarkable about that.
    sheets = models.JSONField(default=list)
    table_name = models.CharField(max_length=120, blank=True)
    remarks = models.JSONField(default=dict)

    # How it is read (imports.parse.reading.Reading), and what becomes of its columns, rows and people (imports.draft).
    reading = models.JSONField(null=True)
    is_read = models.BooleanField(default=False)  # its owner has looked at how
    columns = models.JSONField(default=dict)
    consents = models.JSONField(default=list)
    is_consented = models.BooleanField(default=False)  # its owner has said which consents, none included
    decisions = models.JSONField(default=dict)

    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)  # when its bytes were deleted

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        indexes = [
            models.Index(name="upload_open", fields=["owner", "-id"], condition=Q(confirmed_at=None, gone_at=None)),
            models.Index(name="upload_kept", fields=["expires_at"], condition=Q(gone_at=None)),
        ]

    def __str__(self) -> str:
        return self.name or str(_("an upload"))

    def get_absolute_url(self) -> str:
        return reverse("imports:upload_file", args=[self.pk])

    @property
    def is_whole(self) -> bool:
        return bool(self.sha256)

    @property
    def table(self) -> str:
        """The name of the text that its rows are read from."""
        return self.table_name or self.storage_name

    @property
    def folder(self) -> str:
        """Where in storage its files lie."""
        return f"imports/{self.uuid}"
