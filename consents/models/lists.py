"""Lists of people that are looked up one after another, in the background."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Credential
from runs.models import FileStep, RunQuerySet


class Checklist(FileStep):
    """Up to some thousand people, and for each whether one channel may be used for one subscription.

    The people and what was found lie in storage, sealed (consents/kept.py); the row holds numbers alone. `done` people
    are asked about, and each of `slices` names a piece with what was found.
    """

    task = "consents.tasks.check"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="+")
    section = models.CharField(max_length=200)
    section_name = models.CharField(max_length=200)
    topic = models.CharField(max_length=200)
    topic_name = models.CharField(max_length=200)
    own_channel = models.CharField(max_length=200, blank=True)  # the topic's, if it has one
    channel = models.CharField(max_length=200)
    channel_name = models.CharField(max_length=200)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)  # people by what was found (consents/outcomes.py)
    slices = models.JSONField(default=list)
    trouble_count = models.PositiveSmallIntegerField(default=0)  # passing troubles in a row
    expires_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    objects: RunQuerySet[Checklist] = RunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(FileStep.Meta):
        ordering = ["-pk"]
        default_permissions = ()
        verbose_name = _("list of people")
        verbose_name_plural = _("lists of people")
        indexes = [
            *FileStep.Meta.indexes,
            models.Index(name="checklist_newest", fields=["owner", "-id"]),
            models.Index(name="checklist_kept", fields=["expires_at"], condition=models.Q(gone_at=None)),
        ]

    def __str__(self) -> str:
        return _("list %(number)s") % {"number": self.pk}

    def get_absolute_url(self) -> str:
        return reverse("consents:list_detail", args=[self.pk])

    @property
    def folder(self) -> str:
        """Where in storage its people lie."""
        return f"lists/{self.uuid}"

    def is_kept(self, now: datetime) -> bool:
        """Say whether its people are still here."""
        return self.gone_at is None and now < self.expires_at
