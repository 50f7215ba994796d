"""What the vendor is asked for each part of an import, kept with the import as it was confirmed."""

from __future__ import annotations

from typing import Any

from imports.models import Import
from upstream.apsis.imports import ConsentMapped, ImportRequest, Mapped


def to_json(asks: ImportRequest) -> dict[str, Any]:
    """Write a request as a plain dict, without its section: that is the import's own."""
    return {
        "keyspace": asks.keyspace,
        "key_field": asks.key_field,
        "attributes": [[mapped.field, mapped.version_id] for mapped in asks.attributes],
        "tags": [[mapped.field, mapped.version_id] for mapped in asks.tags],
        "consents": [
            {
                "field": consent.field,
                "topic": consent.topic,
                "channel": consent.channel,
                "type": consent.type,
                "resubscribe": consent.resubscribe,
                "address_field": consent.address_field,
            }
            for consent in asks.consents
        ],
        "update_existing": asks.update_existing,
        "clear_empty": asks.clear_empty,
    }


def of(whole: Import) -> ImportRequest:
    """Return what is asked for each part of an import."""
    kept = whole.asks
    return ImportRequest(
        section=whole.section,
        keyspace=kept["keyspace"],
        key_field=kept["key_field"],
        attributes=tuple(Mapped(*pair) for pair in kept["attributes"]),
        tags=tuple(Mapped(*pair) for pair in kept["tags"]),
        consents=tuple(ConsentMapped(**consent) for consent in kept["consents"]),
        update_existing=kept["update_existing"],
        clear_empty=kept["clear_empty"],
    )
