"""Mails that people get about their runs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


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
