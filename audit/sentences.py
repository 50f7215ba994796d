"""The audit history as a person reads it: one sentence for each event, made when it is read.

An event without a sentence here is shown by its bare words, so that nothing is ever left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from audit.words import CONSENTS, purpose_name

if TYPE_CHECKING:
    from audit.models import Event

SENTENCES: Mapping[str, Any] = {
    "access.denied": lazy("%(actor)s was refused %(target)s: it is not theirs"),
    "access.forbidden": lazy("%(actor)s was refused the page %(target)s"),
    "account.added": lazy("%(actor)s added the vendor account %(target)s"),
    "account.changed": lazy("%(actor)s changed the vendor account %(target)s: %(fields)s"),
    "account.moved": lazy(
        "%(actor)s moved the vendor account %(target)s from %(before)s to %(after)s; "
        "credentials erased: %(credentials)s"
    ),
    "account.sections_forgotten": lazy("%(actor)s let the desk learn the sections of %(target)s anew"),
    "audit.exported": lazy("%(actor)s exported the audit history: %(filters)s"),
    "audit.person_sought": lazy("%(actor)s searched the audit history for one person"),
    "credential.added": lazy("%(actor)s added a credential, %(target)s"),
    "credential.changed": lazy("%(actor)s replaced a credential, %(target)s"),
    "credential.erased": lazy("A credential of %(owner)s, %(target)s, was erased by what %(actor)s did"),
    "credential.rejected": lazy(
        "%(actor)s entered a credential for %(target)s; it was refused or of another account, so it was not kept"
    ),
    "credential.tested": lazy("%(actor)s tested a credential, %(target)s: %(state)s"),
    "desk.drained": lazy("%(actor)s let the desk start nothing new; runs held back: %(held)s%(reason)s"),
    "desk.opened": lazy("%(actor)s let the desk start runs again; runs let go: %(released)s"),
    "file.downloaded": lazy("%(actor)s downloaded %(target)s %(form)s, %(amount)s%(purpose)s"),
    "file.derived": lazy("%(actor)s had another form of the file of %(target)s made (%(form)s, %(rows)s rows)"),
    "file.values_looked_at": lazy("%(actor)s looked at what stands in the events of %(target)s"),
    "file.looked_at": lazy("%(actor)s looked at the first %(rows)s rows of the file of %(target)s"),
    "file.surveyed": lazy("%(actor)s had it counted what stands in the columns of the file of %(target)s"),
    "file.excel_fetched": lazy("%(target)s brought APSIS’s own Excel file home as well (%(bytes)s bytes)"),
    "file.removed": lazy("%(actor)s removed the file of %(target)s (%(bytes)s bytes)"),
    "consent.looked_up": lazy("%(actor)s looked one person up at %(target)s"),
    "consent.change_asked": lazy("%(actor)s is about to change a consent at %(target)s to %(type)s: %(consent)s"),
    "consent.changed": lazy(
        "%(actor)s changed a consent at %(target)s from %(before)s to %(type)s: %(consent)s (%(outcome)s)"
    ),
    "list.started": lazy("%(actor)s had %(people)s people looked up at %(account)s: %(topic)s, %(channel)s"),
    "list.finished": lazy("%(target)s of %(people)s people was asked about"),
    "list.looked_at": lazy("%(actor)s looked at the people of %(target)s"),
    "list.downloaded": lazy("%(actor)s downloaded %(target)s (%(people)s people)"),
    "list.removed": lazy("%(actor)s removed the people of %(target)s"),
    "import.cancel_asked": lazy("%(actor)s asked to stop the import %(target)s; parts stopped: %(parts)s"),
    "import.confirmed": lazy("%(actor)s confirmed the import %(target)s: rows sent %(rows)s, parts %(parts)s"),
    "import.finished": lazy("The import %(target)s is over; parts %(parts)s, counted by the vendor %(counted)s"),
    "import.part_failed": lazy("Part %(part)s of the import %(target)s failed (%(code)s)"),
    "import.part_sent_again": lazy("%(actor)s sent part %(part)s of the import %(target)s again"),
    "import.rejects_downloaded": lazy("%(actor)s downloaded the rejected rows of %(target)s (%(bytes)s bytes)"),
    "import.restore_downloaded": lazy(
        "%(actor)s downloaded the restore file of %(target)s: consents it turned round %(rows)s"
    ),
    "import.stopped": lazy("The import %(target)s was stopped by what %(actor)s did (%(code)s); parts %(parts)s"),
    "upload.discarded": lazy("%(actor)s discarded the draft of an import, %(target)s"),
    "upload.looked_at": lazy("%(actor)s looked at the first %(rows)s rows of %(target)s, a file to import"),
    "upload.received": lazy("%(actor)s sent %(target)s, a file to import (%(bytes)s bytes)"),
    "person.activated": lazy("%(actor)s let %(target)s in again"),
    "person.added": lazy("%(actor)s added %(target)s"),
    "person.deactivated": lazy(
        "%(actor)s closed the account of %(target)s; sessions ended: %(sessions)s, "
        "credentials erased: %(credentials)s, runs stopped: %(runs)s, saved segments handed over: %(segments)s"
    ),
    "person.changed": lazy("%(actor)s changed %(target)s: %(fields)s"),
    "person.password_lent": lazy(
        "%(actor)s gave %(target)s a new password; sessions ended: %(sessions)s, credentials erased: %(credentials)s, "
        "runs stopped: %(runs)s"
    ),
    "person.password_taken": lazy(
        "%(actor)s took the password of %(target)s away; sessions ended: %(sessions)s, "
        "credentials erased: %(credentials)s, runs stopped: %(runs)s"
    ),
    "person.address_changed": lazy(
        "%(actor)s changed the e-mail address of %(target)s; sessions ended: %(sessions)s, "
        "credentials erased: %(credentials)s, runs stopped: %(runs)s"
    ),
    "person.factors_reset": lazy("%(actor)s took away the second factor of %(target)s"),
    "person.email_changed": lazy("%(actor)s changed their e-mail address"),
    "person.password_changed": lazy("%(actor)s changed their password"),
    "person.password_reset": lazy("%(actor)s chose a new password, by the link in an e-mail"),
    "person.password_set": lazy("%(actor)s set a password"),
    "person.provider_linked": lazy(
        "%(actor)s came in with an account at %(through)s for the first time; that account is theirs now"
    ),
    "person.provider_unlinked": lazy("%(actor)s undid the link of %(target)s to an account at the company’s provider"),
    "person.two_factor_added": lazy("%(actor)s added a second factor to their sign-in"),
    "person.two_factor_removed": lazy("%(actor)s took a second factor off their sign-in"),
    "person.two_factor_reset": lazy("%(actor)s made new recovery codes"),
    "run.cancel_asked": lazy("%(actor)s asked to cancel %(target)s"),
    "run.cancelled": lazy("%(target)s was cancelled for %(actor)s"),
    "run.compared": lazy("%(actor)s had run %(older)s and %(target)s compared and who changed written down (%(rows)s)"),
    "run.failed": lazy("%(target)s failed"),
    "run.hastened": lazy("%(actor)s let the desk try %(target)s again at once"),
    "run.shared": lazy("%(actor)s shared %(target)s with %(colleagues)s"),
    "run.unshared": lazy("%(actor)s no longer shares %(target)s with %(colleagues)s"),
    "run.started": lazy("%(actor)s started %(target)s, from version %(version)s"),
    "run.stopped": lazy("%(target)s was stopped, for what %(actor)s did erased its key"),
    "run.succeeded": lazy("%(target)s brought a file home (%(rows)s rows)"),
    "segment.changed": lazy("%(actor)s saved version %(version)s of %(target)s"),
    "segment.created": lazy("%(actor)s saved the new segment %(target)s"),
    "segment.handed_over": lazy("%(actor)s handed %(target)s from %(giver)s to %(heir)s"),
    "segment.restored": lazy("%(actor)s restored version %(restored)s of %(target)s as version %(version)s"),
    "session.name_unknown": lazy("Somebody tried to sign in with a name that nobody has"),
    "session.sign_in_failed": lazy("Somebody tried to sign in as %(target)s and failed"),
    "session.provider_refused": lazy("Somebody came from %(through)s and was not let in: %(because)s"),
    "session.signed_in": lazy("%(actor)s signed in%(by_way)s"),
    "session.signed_out": lazy("%(actor)s signed out"),
    "session.throttled": lazy("Somebody was held back after too many tries to sign in"),
}


# How a file was taken; a form that is not here is called by its bare word.
FORMS: Mapping[str, Any] = {
    "content": lazy("as CSV"),
    "received": lazy("as it was received"),
    "csv": lazy("as CSV"),
    "workbook": lazy("as Excel"),
    "excel": lazy("as Excel"),
    "excel-csv": lazy("as CSV for Excel"),
    "readable": lazy("as a readable workbook"),
    "json": lazy("as JSON"),
    "json-received": lazy("as it was received"),
    "events-csv": lazy("as CSV, the events"),
    "people-csv": lazy("as CSV, the people"),
    "events-excel": lazy("as CSV for Excel, the events"),
    "people-excel": lazy("as CSV for Excel, the people"),
    "apsis-xlsx": lazy("as APSIS’s own Excel file"),
    "changes": lazy("as CSV, the people who changed since an earlier run"),
    "contactable-csv": lazy("as CSV, contactable only"),
    "contactable-workbook": lazy("as Excel, contactable only"),
    "contactable-excel-csv": lazy("as CSV for Excel, contactable only"),
}
# Facts that are words of the desk: fields of a form, the state of a credential, a group.
WORDS = {"fields", "group", "state"}
RUN = re.compile(r"(.*), run (\d+)", re.DOTALL)  # as `ExportRun` writes itself into the history
# Why the desk let nobody in whom the company's provider vouched for.
BECAUSE: Mapping[str, Any] = {
    "closed": lazy("the account of %(target)s is closed"),
    "operator": lazy("the account of %(target)s is an operator’s"),
    "taken": lazy("%(target)s came in with another account there before"),
    "unconfirmed": lazy("their e-mail address is not confirmed there"),
    "unknown": lazy("nobody here has their e-mail address"),
}


class _Facts(dict[str, Any]):
    """Facts by name; one that an event does not tell is an ellipsis, for a sentence must not fail to be said."""

    def __missing__(self, name: str) -> str:
        return "…"


def sentence(event: Event) -> str:
    """Return what happened, as one sentence."""
    return _told(event, actor=event.actor_name, target=target_name(event), clean=str)


def marked_sentence(event: Event, *, about: str) -> SafeString:
    """Return what happened as HTML: who did it stands out, and the thing leads to `about`, where there is one."""
    actor = format_html("<b><bdi>{}</bdi></b>", event.actor_name)
    target = format_html("<bdi>{}</bdi>", target_name(event))
    if about and event.target:
        target = format_html('<a href="{}">{}</a>', about, target)
    return mark_safe(_told(event, actor=actor, target=target, clean=escape))  # noqa: S308 - every part is escaped


def _told(event: Event, *, actor: str, target: str, clean: Callable[[str], str]) -> str:
    """Put an event's facts into its sentence; `clean` makes every part, our own words too, fit to be shown."""
    facts = _Facts({name: clean(str(readable(name, value))) for name, value in event.told_facts.items()})
    facts |= {"actor": actor, "target": target}
    if event.action in SENTENCES:
        facts |= {name: clean(words) for name, words in _phrases(event).items()}
        return clean(str(SENTENCES[event.action])) % facts
    told = ", ".join(f"{clean(name)} {facts[name]}" for name in event.told_facts)
    bare = clean(_("%(actor)s: %(action)s, %(target)s")) % {**facts, "action": clean(event.action)}
    return f"{bare} ({told})" if told else bare


def _phrases(event: Event) -> dict[str, str]:
    """Return the parts of a sentence that depend on which facts there are."""
    if event.action == "session.signed_in":
        through = event.facts.get("through")
        return {"by_way": _(" through %(through)s") % {"through": through} if through else ""}
    if event.action == "session.provider_refused":
        why = str(event.facts.get("why", "…"))
        return {"because": str(BECAUSE.get(why, why)) % {"target": target_name(event)}}
    if event.action == "desk.drained":
        reason = event.facts.get("reason")
        return {"reason": _(", reason “%(reason)s”") % {"reason": reason} if reason else ""}
    if event.action != "file.downloaded":
        return {}
    form = str(event.facts.get("form", "content"))
    purpose = event.facts.get("purpose")
    return {
        "form": str(FORMS.get(form, form)),
        "amount": _amount(event.facts),
        "purpose": _(", purpose “%(purpose)s”") % {"purpose": purpose_name(purpose)} if purpose else "",
    }


def _amount(facts: Mapping[str, Any]) -> str:
    """Say how much was downloaded: a list of people, or rows."""
    what = "people" if "people" in facts else "rows"
    many, shown = facts.get(what), readable(what, facts.get(what, "…"))
    if what == "people":
        return ngettext("%(n)s person", "%(n)s people", many if isinstance(many, int) else 2) % {"n": shown}
    return ngettext("%(n)s row", "%(n)s rows", many if isinstance(many, int) else 2) % {"n": shown}


def target_name(event: Event) -> str:
    """Return what an event is about as it was called then; a run, which has no name, in the reader's words."""
    run = RUN.fullmatch(event.target) if event.target_key.startswith("exports.exportrun:") else None
    if run:
        return _("%(name)s, run %(n)s") % {"name": run[1], "n": run[2]}
    return gettext(event.target) if event.target and event.action.startswith("audit.") else event.target


def readable(name: str, value: Any) -> Any:
    """Return a fact as a person reads it: lists with commas, figures with separators, our own words in theirs."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, list):
        return ", ".join(str(readable(name, each)) for each in value)
    if name in ("before", "type", "outcome") and value in CONSENTS:
        return str(CONSENTS[value])
    if isinstance(value, str) and value and name in WORDS:
        small = value[0].lower() + value[1:]  # as a model calls a field that a form calls with a capital
        return next((gettext(word) for word in (value, small) if gettext(word) != word), value)
    return intcomma(value) if isinstance(value, int) else value
