"""Which account at the company's provider is whose: one each, told apart by issuer and subject."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from django.db.models import QuerySet

from accounts.models import User


def of(person: User) -> QuerySet[SocialAccount]:
    """Return the links of a person, those to former providers too."""
    return SocialAccount.objects.filter(user=person)


def has_one(person: User, issuer: str) -> bool:
    """Say whether a person has come in through an account of this provider."""
    return of(person).filter(provider=issuer).exists()


def person_with(address: str) -> User | None:
    """Return the person who has an e-mail address, in whatever case; None for nobody, and for more than one.

    Letters are compared as ASCII has them: the database finds `K` (the Kelvin sign) where k was meant, and so would we.
    """
    if not address.isprintable():
        return None  # nobody's, and not every database takes it
    found = [
        person
        for person in User.objects.filter(email__iexact=address)
        if person.email.encode().lower() == address.encode().lower()
    ]
    return found[0] if len(found) == 1 else None
