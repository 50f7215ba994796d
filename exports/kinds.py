"""The kinds of saved segments, and what each asks for."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from exports.events.spec import EventSpec
from exports.spec import ConsentSpec

Spec = ConsentSpec | EventSpec


class Kind(models.TextChoices):
    """What a saved segment brings home. It never becomes another."""

    CONSENTS = "consents", _("Consents")
    EVENTS = "events", _("Events")


SPECS: dict[str, type[ConsentSpec] | type[EventSpec]] = {Kind.CONSENTS: ConsentSpec, Kind.EVENTS: EventSpec}


def kind_of(spec: Spec) -> Kind:
    return Kind.EVENTS if isinstance(spec, EventSpec) else Kind.CONSENTS


def read(kind: str, data: dict[str, Any]) -> Spec:
    """Read what a saved segment or a run asks for, as its row has it."""
    return SPECS[kind].from_json(data)
