"""Where copies of somebody's data are: told by whoever keeps files, which this app does not know (settings)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from consents import keys
from consents.asking import Found
from upstream.apsis.builtin import EXPORT_KEYSPACE


def of(found: Found, *, to: User, now: datetime) -> Any:
    """Return in which downloaded files somebody is: `sentence`, `limits` and `files` (exports/whereabouts.py)."""
    addresses = [keys.address(keys.keyspace_of(one.channel), one.text) for one in found.reaches.known]
    export_keys = [found.key.text] if found.key.keyspace == EXPORT_KEYSPACE else []
    return import_string(settings.COPIES_OF)([one for one in addresses if one], export_keys, to=to, now=now)
