"""Imports: an upload that was confirmed, on its way to the vendor in parts."""

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
from imports.models.comparisons import Comparison
from imports.models.uploads import Purpose, Upload


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: models.Model) -> Self:
        """An import is its owner's alone."""
        return self.filter(owner=user)

    def unfinished(self) -> Self:
        return self.filter(finished_at=None)


class Import(models.Model):
    """A confirmed import. Where it stands is told by its parts; its numbers stay when its files are gone."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey("accounts.VendorAccount", on_delete=models.PROTECT, related_name="+")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="+")
    key_ends_in = models.CharField(max_length=4, default="")
    upload = models.OneToOneField(Upload, on_delete=models.PROTECT, related_name="became")

    name = models.CharField(max_length=200)
    purpose = models.CharField(max_length=8, choices=Purpose)
    section = models.CharField(max_length=255)
    section_name = models.CharField(max_length=255)
    keyspace = models.CharField(max_length=255)
    keyspace_name = models.CharField(max_length=255)
    length = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    headers = models.CharField(max_length=64)  # a digest of its titles: by these its columns are known again
    columns = models.JSONField()  # what became of each, by its title
    consents = models.JSONField()
    asks = models.JSONField()  # imports.asking.Asked: what the vendor is asked for each part

    # The rows of the file that did not go to the vendor.
    row_count = models.PositiveBigIntegerField()
    left_out = models.PositiveBigIntegerField()  # by choice
    rejected = models.PositiveBigIntegerField()  # by our own check
    # How its people stood before it, where that was asked.
    compared = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="+", null=True)
    folder = models.CharField(max_length=120)  # where its parts and its faulty rows lie

    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)  # counts what its page would show otherwise

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [
            models.Index(name="import_newest", fields=["owner", "-id"]),
            models.Index(name="import_same_content", fields=["owner", "sha256"]),
            models.Index(name="import_same_headers", fields=["owner", "headers", "-id"]),
            models.Index(name="import_on_the_way", fields=["owner", "id"], condition=Q(finished_at=None)),
            models.Index(name="import_kept", fields=["expires_at"], condition=Q(gone_at=None)),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("imports:import_detail", args=[self.pk])

    def are_files_kept(self, now: datetime) -> bool:
        """Say whether its faulty rows and its parts can still be had."""
        return self.gone_at is None and now < self.expires_at
