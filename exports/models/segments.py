"""Saved segments: what somebody wants exported, and every version of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import VendorAccount
from exports.kinds import Kind
from exports.models.asking import Asking


class SavedSegmentQuerySet(models.QuerySet["SavedSegment"]):
    def visible_to(self, user: models.Model) -> SavedSegmentQuerySet:
        """A saved segment is its owner's alone."""
        return self.filter(owner=user)


class SavedSegment(Asking, models.Model):
    """A named definition: whom to export, and which columns. Every save makes a version."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_segments")
    account = models.ForeignKey(VendorAccount, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.CONSENTS, editable=False)
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
        # Not to be searched with. It has PostgreSQL learn how often words stand in names, by which it plans searches.
        indexes = [models.Index(Upper("name"), name="savedsegment_words")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("exports:segment_edit", args=[self.pk])

    @property
    def spec_kind(self) -> str:
        return self.kind


class SegmentVersion(Asking, models.Model):
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

    @property
    def spec_kind(self) -> str:
        return self.segment.kind
