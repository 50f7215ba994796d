"""What a column of a file can be for the vendor, in the vendor's types."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as lazy

EMAIL_KEYSPACE, MOBILE_KEYSPACE = "com.apsis1.keyspaces.email", "com.apsis1.keyspaces.mobile"
EMAIL_CHANNEL, SMS_CHANNEL = "com.apsis1.channels.email", "com.apsis1.channels.sms"

# What a keyspace's keys are written like, and which attribute holds the same (developer.apsis.com, Keyspaces).
KEY_TYPES = {EMAIL_KEYSPACE: "email", MOBILE_KEYSPACE: "mobile"}
ATTRIBUTE_OF = {
    EMAIL_KEYSPACE: "com.apsis1.attributes.email",
    MOBILE_KEYSPACE: "com.apsis1.attributes.mobile",
    "com.apsis1.keyspaces.crm-id": "com.apsis1.attributes.crmid",
}
# The attribute whose address a consent is on, with Consent 1.0.
ADDRESS_OF = {
    EMAIL_CHANNEL: "com.apsis1.attributes.email",
    SMS_CHANNEL: "com.apsis1.attributes.mobile",
}

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
