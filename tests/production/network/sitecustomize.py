"""The test's network, loaded by every Python it starts: the vendor's name leads to a sandbox behind TLS.

The desk's own settings and code are as they are anywhere else.
"""

from __future__ import annotations

import os
import ssl
from typing import Any

import httpcore

from upstream import network

VENDOR = ("api.apsis.one", 443)


def _connect(self: Any, host: str, port: int, *how: Any, **more: Any) -> httpcore.NetworkStream:
    if (host, port) != VENDOR:
        raise AssertionError(f"the desk wanted to speak to {host}:{port}")
    return httpcore.SyncBackend.connect_tcp(self, "127.0.0.1", int(os.environ["VENDOR_PORT"]), *how, **more)


network.OutwardBackend.connect_tcp = _connect  # type: ignore[method-assign]
# The certificate is checked, and so is the name on it: only who signs for it is the test's.
network._certificates = lambda: ssl.create_default_context(cafile=os.environ["VENDOR_CA"])  # type: ignore[assignment]
