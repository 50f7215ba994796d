"""Who came in and went, and what guards their door. From allauth's signals: it does these things, not we.

Only people whom the desk knows are named. What was typed is never kept: passwords end up in the field for the name.
"""

from __future__ import annotations

from typing import Any

from allauth.account import signals
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.db import models
from django.db.models import Q
from django.dispatch import Signal

from audit import actions, denials

OWN: dict[str, Signal] = {
    "session.signed_in": signals.user_logged_in,
    "session.signed_out": user_logged_out,
    "person.password_changed": signals.password_changed,
    "person.password_set": signals.password_set,
    "person.password_reset": signals.password_reset,
    "person.email_changed": signals.email_changed,
}
SECOND_FACTOR = {
    "person.two_factor_added": "authenticator_added",
    "person.two_factor_removed": "authenticator_removed",
    "person.two_factor_reset": "authenticator_reset",
}


def listen() -> None:
    """Have these things recorded from now on."""
    for action, signal in OWN.items():
        signal.connect(_recorder(action), weak=False, dispatch_uid=f"audit {action}")
    user_login_failed.connect(_failed, dispatch_uid="audit session.sign_in_failed")
    if apps.is_installed("allauth.mfa"):
        from allauth.mfa import signals as second

        for action, name in SECOND_FACTOR.items():
            getattr(second, name).connect(_recorder(action), weak=False, dispatch_uid=f"audit {action}")


def named(credentials: dict[str, Any]) -> models.Model | None:
    """Return the person whose name or address was typed, if there is one."""
    typed = [str(credentials[field]) for field in ("username", "email", "login") if credentials.get(field)]
    known = Q(pk__in=[])
    for words in typed:
        known |= Q(username__iexact=words) | Q(email__iexact=words)
    return get_user_model()._default_manager.filter(known).first() if typed else None


def _recorder(action: str) -> Any:
    def receiver(sender: object, user: Any = None, **kwargs: Any) -> None:
        if user is not None:  # a session that had ended already is signed out of, too
            come = kwargs.get("sociallogin")
            # Whoever came through the company's provider did not show their password here.
            facts: dict[str, Any] = {}
            if come and action == "session.signed_in":
                facts["through"] = str(come.provider.name)
            actions.record(action, by=user, target=user, **facts)

    return receiver


def _failed(sender: object, credentials: dict[str, Any], **kwargs: object) -> None:
    person = named(credentials)
    if person is None:
        denials.attempted("session.name_unknown", by=None, target="")
    else:
        denials.attempted("session.sign_in_failed", by=None, target=person)
