"""What is known of one person in a section: the values of their attributes.

Source: developer.apsis.com, "Keyspaces", says that attributes are read through a keyspace, and no copy of the hub shows
how. Inferred: the path of "Set attributes", asked with GET, and a list of what stands there. So whoever asks must be
able to do without an answer.
"""

from upstream.apsis import names
from upstream.transport import Request, Transport


def attributes(transport: Transport, token: str, section: str, keyspace: str, key: str) -> dict[str, str]:
    """Return a person's values by the discriminators of the attributes; only texts and numbers. Raises any
    UpstreamError; ValueError where the key cannot be part of an address.
    """
    url = transport.url("audience", "keyspaces", keyspace, "profiles", key, "sections", section, "attributes")
    asked = Request("GET", url, call="profiles.attributes", lane="calls")
    answer = transport.ask(asked, token)
    listed = names.items(names.unwrap(answer.body))
    if listed is None:
        raise transport.broken(asked, status=answer.status, reason="no attributes")
    found = {}
    for item in listed:
        if isinstance(item, dict):
            discriminator, value = names.handle(names.pick(item, *names.DISCRIMINATOR)), item.get("value")
            if discriminator and isinstance(value, str | int | float) and not isinstance(value, bool):
                found[discriminator] = str(value)
    return found
