"""The audit history: who did what with whose data, appended and never changed."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

SUBJECTS = "subjects"  # the fact that holds the pseudonyms of those an event is about


class EventQuerySet(models.QuerySet["Event"]):
    def update(self, **kwargs: object) -> NoReturn:
        raise TypeError("the audit history is append-only")

    def delete(self) -> NoReturn:
        raise TypeError("the audit history is append-only")

    def unsealed(self) -> "EventQuerySet":
        """What was committed and has no place in the chain yet: a second's worth, where the tick runs."""
        return self.filter(seq=None)


class Event(models.Model):
    """One thing that one person did. Actor and target are kept as text, so that they outlive their rows.

    It is written unsealed. `audit/sealing.py`, and nothing else, gives it its place: `seq`, counted without gaps;
    `stamp`, which vouches for what the row says; `seal`, which vouches for the stamp, the place, and the seal before.
    """

    at = models.DateTimeField(db_index=True)
    action = models.CharField(max_length=64)
    # Should somebody's row go after all, what was sealed must not change with it.
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, null=True, db_constraint=False)
    actor_name = models.CharField(max_length=200)
    target = models.CharField(max_length=200)
    target_key = models.CharField(max_length=64, blank=True, db_index=True)
    facts = models.JSONField(default=dict)

    seq = models.BigIntegerField(null=True, editable=False, unique=True)
    stamp = models.CharField(max_length=64, editable=False, blank=True)
    seal = models.CharField(max_length=64, editable=False, blank=True)
    key_id = models.CharField(max_length=8, editable=False, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("event")
        verbose_name_plural = _("audit history")
        indexes = [models.Index(name="audit_unsealed", fields=["id"], condition=Q(seq=None))]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target}"

    @property
    def subjects(self) -> list[str]:
        """The pseudonyms of those whose data it is about. They are a fact like others, so the seal covers them."""
        return list(self.facts.get(SUBJECTS, []))

    @property
    def told_facts(self) -> dict[str, Any]:
        """What else it tells, to a person: whom it is about is no word to read or to search for."""
        return {name: value for name, value in self.facts.items() if name != SUBJECTS}

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("the audit history is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("the audit history is append-only")


class Head(models.Model):
    """The end of the chain: one row, whose lock makes its holder the only one who seals."""

    seq = models.BigIntegerField(default=0)
    seal = models.CharField(max_length=64, blank=True)
    told_at = models.DateTimeField(null=True)  # when the head was last written to the file outside the database


class Block(models.Model):
    """Consecutive events that are indexed (audit/index.py), and the times between which they happened."""

    number = models.BigIntegerField(primary_key=True)
    first_at = models.DateTimeField(null=True)  # null for a block of numbers that no event got
    last_at = models.DateTimeField(null=True)


class Posting(models.Model):
    """Which events of a block hold a term: made from the events, and at any time anew (audit/index.py)."""

    pk = models.CompositePrimaryKey("term", "block")
    term = models.CharField(max_length=80)
    block = models.BigIntegerField(db_index=True)
    places = models.BinaryField()
