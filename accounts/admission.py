"""What is done about people: who is let in, how, and as what; and what an admin takes away with it."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import actions, groups, provider_links, sessions
from accounts.models import User
from audit import actions as audit

# Why a key is no more, for its owner.
ADMITTED = gettext_noop(
    "An admin changed how you sign in here, and for a moment knew how to. So your keys were erased with it. "
    "Enter your key again."
)
LEFT = gettext_noop("Your account was closed for a while, and your keys were erased with it. Enter your key again.")


@transaction.atomic
def deactivate(person: User, *, by: User, now: datetime | None = None) -> tuple[int, int]:
    """Close a person's account: no way in, no session, no key. Return how many sessions ended and keys were erased.

    What crosses the apps is added in `project.actions`. Raises ValueError for oneself and for an operator's account.
    """
    now = now or timezone.now()
    _check_colleague(person, by)
    User.objects.filter(pk=person.pk).update(is_active=False)
    person.is_active = False
    ended = sessions.end(person)
    unlink_provider(person, by=by, now=now)
    erased = actions.erase_credentials(person.credentials.all(), LEFT, by=by, now=now)
    return ended, len(erased)


@transaction.atomic
def invite(*, username: str, name: str, email: str, group: Group, by: User | None, now: datetime | None = None) -> User:
    """Make a person of one group, who has no password until they set one. Raises ValidationError for what is not so."""
    first, _space, last = name.strip().partition(" ")
    person = User(username=username, first_name=first, last_name=last, email=email)
    person.set_unusable_password()
    person.full_clean()
    person.save()
    person.groups.set([group])
    follow_groups(person)
    audit.record("person.added", by=by, target=person, now=now, group=group.name)
    return person


@transaction.atomic
def link_provider(person: User, *, issuer: str, subject: str, name: str, now: datetime | None = None) -> None:
    """Remember the account at the company's provider that a person came in through; once, the first time."""
    User.objects.select_for_update().get(pk=person.pk)
    if not provider_links.of(person).filter(provider=issuer).exists():
        SocialAccount.objects.create(user=person, provider=issuer, uid=subject, extra_data={})
        audit.record("person.provider_linked", by=person, target=person, now=now, through=name)


@transaction.atomic
def unlink_provider(person: User, *, by: User, now: datetime | None = None) -> None:
    """Forget through which account somebody came in: the next one that has their address is theirs."""
    links = provider_links.of(person)
    if links.exists():
        links.delete()
        audit.record("person.provider_unlinked", by=by, target=person, now=now)


@transaction.atomic
def lend_password(person: User, password: str | None, *, by: User, now: datetime | None = None) -> tuple[int, int]:
    """Give a person a password that an admin chose, or None for none; they choose their own when they come in.

    As long as the admin knows it, they could be this person. So what opens others' data goes: sessions and keys. Return
    how many ended and were erased. Raises ValueError for oneself and for an operator's account.
    """
    _check_colleague(person, by)
    person.set_password(password)
    person.has_lent_password = password is not None
    person.save(update_fields=["password", "has_lent_password"])
    return _shut_out(person, by=by, now=now)


@transaction.atomic
def change_address(person: User, address: str, *, by: User, now: datetime | None = None) -> tuple[int, int]:
    """Give a person another e-mail address; with what goes as for a password, since a link sent there sets one.

    Return how many sessions ended and keys were erased. Raises ValueError as `lend_password` does.
    """
    _check_colleague(person, by)
    person.email = address
    person.save(update_fields=["email"])
    unlink_provider(person, by=by, now=now)
    return _shut_out(person, by=by, now=now)


def _shut_out(person: User, *, by: User, now: datetime | None) -> tuple[int, int]:
    ended = sessions.end(person)
    return ended, len(actions.erase_credentials(person.credentials.all(), ADMITTED, by=by, now=now))


def _check_colleague(person: User, by: User) -> None:
    if person.pk == by.pk or person.is_superuser:
        raise ValueError("an admin does this for colleagues: not for themself, and not to an operator")


@transaction.atomic
def activate(person: User, *, by: User, now: datetime | None = None) -> None:
    """Open a closed account again: the person signs in as before, and enters their keys anew."""
    if User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
        person.is_active = True
        audit.record("person.activated", by=by, target=person, now=now)


@transaction.atomic
def follow_groups(person: User) -> None:
    """Let a person into the admin site as long as they are in a group that works there; an operator always is."""
    is_staff = person.is_superuser or person.groups.filter(name__in=groups.STAFF).exists()
    User.objects.filter(pk=person.pk).update(is_staff=is_staff)
    person.is_staff = is_staff


# What a person chooses → its name in the audit history
_PREFERENCES = {
    "language": "language",
    "time_zone": "time zone",
    "has_shortcuts": "keyboard shortcuts",
    "has_notices": "mails",
}


@transaction.atomic
def set_preferences(
    person: User, *, language: str, time_zone: str, has_shortcuts: bool, has_notices: bool | None = None
) -> None:
    """Let the desk work for a person as they like: its language and time zone, single-key shortcuts, mails about runs.

    None leaves a choice as it is, where this desk does not offer it.
    """
    kept = User.objects.get(pk=person.pk)
    chosen = {"language": language, "time_zone": time_zone, "has_shortcuts": has_shortcuts}
    if has_notices is not None:
        chosen["has_notices"] = has_notices
    changed = [_PREFERENCES[name] for name, value in chosen.items() if value != getattr(kept, name)]
    if not changed:
        return
    User.objects.filter(pk=person.pk).update(**chosen)
    audit.record("person.changed", by=person, target=person, fields=changed)


@transaction.atomic
def reset_factors(person: User, *, by: User, now: datetime | None = None) -> None:
    """Take away every second factor of somebody who lost theirs, and end their sessions."""
    factors = Authenticator.objects.filter(user=person)
    audit.record("person.factors_reset", by=by, target=person, now=now, factors=factors.count())
    factors.delete()
    sessions.end(person)
