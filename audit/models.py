"""The audit history: who did what with whose data, appended and never changed."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class EventQuerySet(models.QuerySet["Event"]):
    def update(self, **kwargs: object) -> NoReturn:
        raise TypeError("the audit history is append-only")

    def delete(self) -> NoReturn:
        raise TypeError("the audit history is append-only")


class Event(models.Model):
    """One thing that one person did. Actor and target are kept as text, so that they outlive their rows."""

    at = models.DateTimeField(db_index=True)
    action = models.CharField(max_length=64)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_constraint=False)
    actor_name = models.CharField(max_length=200)
    target = models.CharField(max_length=200)
    target_key = models.CharField(max_length=64, blank=True, db_index=True)
    facts = models.JSONField(default=dict)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("event")
        verbose_name_plural = _("audit history")

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("the audit history is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("the audit history is append-only")
