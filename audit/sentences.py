"""The audit history as a person reads it: one sentence for each event, made when it is read.

An event without a sentence here is shown by its bare words, so that nothing is ever left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

if TYPE_CHECKING:
    from audit.models import Event

SENTENCES: Mapping[str, Any] = {
    "account.added": lazy("%(actor)s added the vendor account %(target)s"),
    "account.changed": lazy("%(actor)s changed the vendor account %(target)s: %(fields)s"),
    "account.moved": lazy(
        "%(actor)s moved the vendor account %(target)s from %(before)s to %(after)s; "
        "credentials erased: %(credentials)s"
    ),
    "account.sections_forgotten": lazy("%(actor)s let the desk learn the sections of %(target)s anew"),
    "credential.added": lazy("%(actor)s added a credential, %(target)s"),
    "credential.changed": lazy("%(actor)s replaced a credential, %(target)s"),
    "credential.erased": lazy("A credential of %(owner)s, %(target)s, was erased by what %(actor)s did"),
    "credential.rejected": lazy(
        "%(actor)s entered a credential for %(target)s; it was refused or of another account, so it was not kept"
    ),
    "credential.tested": lazy("%(actor)s tested a credential, %(target)s: %(state)s"),
    "file.downloaded": lazy("%(actor)s downloaded the file of %(target)s (%(rows)s rows)"),
    "person.activated": lazy("%(actor)s let %(target)s in again"),
    "person.added": lazy("%(actor)s added %(target)s"),
    "person.deactivated": lazy(
        "%(actor)s closed the account of %(target)s; sessions ended: %(sessions)s, "
        "credentials erased: %(credentials)s, runs stopped: %(runs)s, saved segments handed over: %(segments)s"
    ),
    "person.changed": lazy("%(actor)s changed %(target)s: %(fields)s"),
    "person.factors_reset": lazy("%(actor)s took away the second factor of %(target)s"),
    "run.cancel_asked": lazy("%(actor)s asked to cancel %(target)s"),
    "run.cancelled": lazy("%(target)s was cancelled for %(actor)s"),
    "run.failed": lazy("%(target)s failed"),
    "run.started": lazy("%(actor)s started %(target)s, from version %(version)s"),
    "run.stopped": lazy("%(target)s was stopped, for what %(actor)s did erased its key"),
    "run.succeeded": lazy("%(target)s brought a file home (%(rows)s rows)"),
    "segment.changed": lazy("%(actor)s saved version %(version)s of %(target)s"),
    "segment.created": lazy("%(actor)s saved the new segment %(target)s"),
    "segment.handed_over": lazy("%(actor)s handed %(target)s from %(giver)s to %(heir)s"),
    "segment.restored": lazy("%(actor)s restored version %(restored)s of %(target)s as version %(version)s"),
}


class _Facts(dict[str, Any]):
    """Facts by name; one that an event does not tell is an ellipsis, for a sentence must not fail to be said."""

    def __missing__(self, name: str) -> str:
        return "…"


def sentence(event: Event) -> str:
    """Return what happened, as one sentence."""
    facts = _Facts({name: _readable(value) for name, value in event.facts.items()})
    facts |= {"actor": event.actor_name, "target": event.target}
    if event.action in SENTENCES:
        return str(SENTENCES[event.action]) % facts
    told = ", ".join(f"{name} {_readable(value)}" for name, value in event.facts.items())
    bare = _("%(actor)s: %(action)s, %(target)s") % {**facts, "action": event.action}
    return f"{bare} ({told})" if told else bare


def _readable(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return intcomma(value) if isinstance(value, int) else value
