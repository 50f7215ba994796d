"""Where files may be sent for an account: the vendor's storage of its region, or what an admin has listed.

An address elsewhere stops an import before a byte is sent (upstream/apsis/upload.py).
"""

from __future__ import annotations

from accounts.models import VendorAccount
from upstream.apsis.imports import UPLOAD_HOSTS


def of(account: VendorAccount) -> frozenset[str]:
    """Return the origins that files of an account may be sent to."""
    listed = account.upload_hosts.split()
    return frozenset(listed or filter(None, [UPLOAD_HOSTS.get(account.region)]))
