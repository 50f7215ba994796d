"""What a column of a file can be for the vendor, in the vendor's types."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as lazy

from upstream.apsis.builtin import EMAIL_KEYSPACE, MOBILE_KEYSPACE

# What a keyspace's keys are written like.
KEY_TYPES = {EMAIL_KEYSPACE: "email", MOBILE_KEYSPACE: "mobile"}

# The types that a check knows rules for; whatever the vendor adds is checked as text.
TYPES = {
    "text": lazy("text"),
    "number": lazy("whole number"),
    "decimal": lazy("decimal number"),
    "boolean": lazy("yes or no"),
    "date": lazy("date"),
    "timestamp": lazy("date and time"),
    "email": lazy("e-mail address"),
    "mobile": lazy("phone number"),
    "location": lazy("country"),
}


def checked(word: str | None) -> str:
    """Return the type whose rules an attribute is checked by."""
    return word if word in TYPES else "text"
