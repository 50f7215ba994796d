"""What actions and kinds of things are called where somebody chooses among them, and the mark each is drawn with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

# One line an action, in the order of a list to choose from. An action that is not here is called by its bare word.
ACTIONS: Mapping[str, Any] = {
    "file.downloaded": lazy("File downloaded"),
    "file.looked_at": lazy("File looked at"),
    "file.values_looked_at": lazy("Fields of events looked at"),
    "file.surveyed": lazy("Columns of a file counted"),
    "file.excel_fetched": lazy("APSIS’s own Excel file fetched"),
    "file.derived": lazy("Form of a file made"),
    "file.removed": lazy("File removed"),
    "run.started": lazy("Run started"),
    "run.succeeded": lazy("Run succeeded"),
    "run.failed": lazy("Run failed"),
    "run.hastened": lazy("Run hastened"),
    "run.shared": lazy("Run shared"),
    "run.compared": lazy("Runs compared"),
    "run.unshared": lazy("Sharing ended"),
    "run.cancel_asked": lazy("Cancelling asked for"),
    "run.cancelled": lazy("Run cancelled"),
    "run.stopped": lazy("Run stopped with its key"),
    "upload.received": lazy("File for an import received"),
    "upload.looked_at": lazy("File for an import looked at"),
    "upload.discarded": lazy("Draft of an import discarded"),
    "import.confirmed": lazy("Import confirmed"),
    "import.finished": lazy("Import finished"),
    "import.part_failed": lazy("Part of an import failed"),
    "import.part_sent_again": lazy("Part of an import sent again"),
    "import.cancel_asked": lazy("Stopping an import asked for"),
    "import.stopped": lazy("Import stopped with its key"),
    "import.rejects_downloaded": lazy("Rejected rows downloaded"),
    "import.restore_downloaded": lazy("Restore file downloaded"),
    "segment.created": lazy("Segment saved, new"),
    "segment.changed": lazy("Segment changed"),
    "segment.restored": lazy("Segment restored"),
    "segment.handed_over": lazy("Segment handed over"),
    "credential.added": lazy("Credential added"),
    "credential.changed": lazy("Credential replaced"),
    "credential.rejected": lazy("Credential not accepted"),
    "credential.tested": lazy("Credential tested"),
    "credential.erased": lazy("Credential erased"),
    "account.added": lazy("Vendor account added"),
    "account.changed": lazy("Vendor account changed"),
    "account.moved": lazy("Vendor account moved"),
    "account.sections_forgotten": lazy("Sections forgotten"),
    "person.added": lazy("Person added"),
    "person.changed": lazy("Person changed"),
    "person.deactivated": lazy("Person deactivated"),
    "person.activated": lazy("Person let in again"),
    "person.password_lent": lazy("Password given by an admin"),
    "person.password_taken": lazy("Password taken away"),
    "person.address_changed": lazy("E-mail address changed by an admin"),
    "person.factors_reset": lazy("Second factor taken away"),
    "person.email_changed": lazy("E-mail address changed"),
    "person.password_changed": lazy("Password changed"),
    "person.password_reset": lazy("Password reset"),
    "person.password_set": lazy("Password set"),
    "person.provider_linked": lazy("Company account used for the first time"),
    "person.provider_unlinked": lazy("Link to a company account undone"),
    "person.two_factor_added": lazy("Second factor added"),
    "person.two_factor_removed": lazy("Second factor removed"),
    "person.two_factor_reset": lazy("Recovery codes made"),
    "session.signed_in": lazy("Signed in"),
    "session.signed_out": lazy("Signed out"),
    "session.sign_in_failed": lazy("Sign-in failed"),
    "session.name_unknown": lazy("Sign-in with an unknown name"),
    "session.provider_refused": lazy("Sign-in through the company refused"),
    "session.throttled": lazy("Sign-in held back"),
    "access.denied": lazy("Another’s thing refused"),
    "access.forbidden": lazy("Page refused"),
    "consent.looked_up": lazy("Person looked up"),
    "consent.change_asked": lazy("Consent about to be changed"),
    "consent.changed": lazy("Consent changed"),
    "list.started": lazy("List looked up"),
    "list.finished": lazy("List asked about"),
    "list.looked_at": lazy("List looked at"),
    "list.downloaded": lazy("List downloaded"),
    "list.removed": lazy("People of a list removed"),
    "desk.drained": lazy("Desk drained"),
    "desk.opened": lazy("Desk opened again"),
    "audit.exported": lazy("Audit history exported"),
    "audit.person_sought": lazy("Audit history searched for a person"),
}

KINDS: Mapping[str, Any] = {
    "exports.exportrun": lazy("Export runs"),
    "exports.savedsegment": lazy("Saved segments"),
    "imports.import": lazy("Imports"),
    "consents.checklist": lazy("Lists of people"),
    "imports.upload": lazy("Drafts of imports"),
    "accounts.credential": lazy("Credentials"),
    "accounts.vendoraccount": lazy("Vendor accounts"),
    "accounts.user": lazy("People"),
    "audit.event": lazy("The audit history itself"),
}
ONE: Mapping[str, Any] = {
    "exports.exportrun": lazy("run %(n)s"),
    "exports.savedsegment": lazy("saved segment %(n)s"),
    "accounts.credential": lazy("credential %(n)s"),
    "accounts.vendoraccount": lazy("vendor account %(n)s"),
    "accounts.user": lazy("person %(n)s"),
}

# What else an event tells, by its name in the facts.
FACTS: Mapping[str, Any] = {
    "after": lazy("After"),
    "before": lazy("Before"),
    "account": lazy("Vendor account"),
    "answered": lazy("Answered"),
    "bytes": lazy("Bytes"),
    "channel": lazy("Channel"),
    "code": lazy("Reason"),
    "colleagues": lazy("Colleagues"),
    "consent": lazy("Consent"),
    "credentials": lazy("Credentials erased"),
    "fields": lazy("Fields"),
    "filters": lazy("Filters"),
    "form": lazy("Form"),
    "giver": lazy("From"),
    "heir": lazy("To"),
    "held": lazy("Runs held back"),
    "keyspace": lazy("Looked up by"),
    "method": lazy("Asked by"),
    "outcome": lazy("What came of it"),
    "owner": lazy("Owner"),
    "people": lazy("People"),
    "purpose": lazy("Purpose"),
    "reason": lazy("Their reason"),
    "released": lazy("Runs let go"),
    "restored": lazy("Version restored"),
    "rows": lazy("Rows"),
    "runs": lazy("Runs stopped"),
    "sections": lazy("Sections"),
    "segments": lazy("Saved segments handed over"),
    "sessions": lazy("Sessions ended"),
    "state": lazy("State"),
    "through": lazy("Through"),
    "topic": lazy("Subscription"),
    "type": lazy("Type"),
    "up_to": lazy("Up to event"),
    "version": lazy("Version"),
}

# How a consent stood and what became of it, by the words in the facts.
CONSENTS: Mapping[str, Any] = {
    "opt-in": pgettext_lazy("audit", "opt-in"),
    "opt-out": pgettext_lazy("audit", "opt-out"),
    "given": pgettext_lazy("audit", "opt-in"),
    "confirmed": pgettext_lazy("audit", "confirmed opt-in"),
    "opted_out": pgettext_lazy("audit", "opt-out"),
    "waiting": pgettext_lazy("audit", "waiting for confirmation"),
    "nothing": pgettext_lazy("audit", "nothing recorded"),
    "unknown": pgettext_lazy("audit", "not known"),
    "created": pgettext_lazy("audit", "written down"),
    "changed": pgettext_lazy("audit", "changed"),
    "already": pgettext_lazy("audit", "it was so already"),
    "lost": pgettext_lazy("audit", "the answer was lost"),
    "refused": pgettext_lazy("audit", "refused"),
}

# What a file was taken for, where it was said by a button: its word in the facts → what the button says.
PURPOSES: Mapping[str, Any] = {
    "mailing": lazy("a mailing"),
    "analysis": lazy("an analysis"),
    "check": lazy("a quality check"),
}

SIGN_INS = tuple(word for word in ACTIONS if word.startswith("session."))
LOOK_UPS = tuple(word for word in ACTIONS if word.startswith(("consent.", "list.")))
DENIED = ("access.denied", "access.forbidden")
SECURITY = (
    *(word for word in ACTIONS if word.startswith(("person.", "credential.", "account."))),
    *("session.sign_in_failed", "session.name_unknown", "session.provider_refused", "session.throttled"),
    *DENIED,
    *("audit.exported", "audit.person_sought"),
)
# The word in the address → what it is called, and its actions
VIEWS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "downloads": (pgettext_lazy("audit", "Downloads"), ("file.downloaded", "audit.exported")),
    "look-ups": (pgettext_lazy("audit", "Look-ups"), LOOK_UPS),
    "sign-ins": (pgettext_lazy("audit", "Sign-ins"), SIGN_INS),
    "security": (pgettext_lazy("audit", "Security"), SECURITY),
    "denied": (pgettext_lazy("audit", "Refused"), DENIED),
}

MARKS: Mapping[str, str] = {
    "access": "lock",
    "account": "key",
    "audit": "audit",
    "consent": "look-up",
    "credential": "key",
    "desk": "admin",
    "file": "download",
    "import": "imports",
    "list": "look-up",
    "person": "person",
    "run": "runs",
    "segment": "segments",
    "session": "person",
    "upload": "imports",
}
# What did not go through, or broke: told in the colour of refusals.
REFUSED = {*DENIED, "credential.rejected", *(word for word in SECURITY if word.startswith("session."))}


def action_name(word: str) -> str:
    """Return what an action is called."""
    return str(ACTIONS.get(word, word))


def purpose_name(word: str) -> str:
    """Return a purpose as it was said."""
    return str(PURPOSES.get(word, word))


def told(name: str, value: Any) -> Any:
    """Return a fact by its name as it was said."""
    return purpose_name(value) if name == "purpose" else value


def mark(word: str) -> str:
    """Return the name of the icon that an action is drawn with."""
    return MARKS.get(word.partition(".")[0], "audit")


def thing_name(key: str) -> str:
    """Return what a kind of thing, or one thing, is called by its key; the bare key where the desk has no word."""
    kind, _, number = key.partition(":")
    if not number:
        return str(KINDS.get(kind, kind))
    return str(ONE[kind]) % {"n": number} if kind in ONE else key
