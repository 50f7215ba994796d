"""The restore file of an import: whose consents it turned round, and how they stood before.

The vendor has no undo. The file goes in as an import of its own, a column for each consent that was changed; who had
said nothing before is not in it, since nothing can put somebody back to having said nothing.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from imports.consequences import AGAINST
from imports.draft import Consent
from imports.models import Import
from upstream.apsis.consents import OPT_OUT


def turned(whole: Import) -> dict[int, Consent]:
    """Return the consents of an import that can turn somebody's word round, by their place."""
    consents = [Consent(**kept) for kept in whole.consents]
    return {place: one for place, one in enumerate(consents) if one.type == OPT_OUT or one.resubscribe}


def people(whole: Import) -> int:
    """Return how many times somebody's word was turned round, as far as it was known."""
    if whole.compared is None:
        return 0
    return sum(whole.compared.counts[place].get(AGAINST, 0) for place in turned(whole))


def rows(whole: Import) -> Iterator[bytes]:
    """Yield the file: CSV in UTF-8 with a mark. Raises FileNotFoundError where what it is made of is gone."""
    assert whole.compared is not None
    places = turned(whole)
    yield b"\xef\xbb\xbf" + _line([whole.asks["key_field"], *(_title(consent) for consent in places.values())])
    for name in whole.compared.slices:
        with default_storage.open(name) as file:
            kept: list[tuple[str, list[int]]] = json.load(file)
        for key, against in kept:
            cells = ["1" if place in against else "0" for place in places]
            if "1" in cells:
                yield _line([key, *cells])


def _title(consent: Consent) -> str:
    facts = {"topic": consent.topic_name, "channel": consent.channel_name}
    # The contrary of what the import said.
    if consent.type == OPT_OUT:
        return _("%(topic)s by %(channel)s: opt-in") % facts
    return _("%(topic)s by %(channel)s: opt-out") % facts


def _line(cells: list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
