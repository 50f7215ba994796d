"""The sandbox as a vendor that never compresses: python -m tests.bench.plain --port 8100.

The desk always asks for gzip; without this, only the compressed half of its path could be measured.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import sandbox.__main__ as served
from sandbox.app import create_app
from sandbox.settings import Settings


def deaf_app(settings: Settings) -> Any:
    """Return the sandbox, which does not hear what encodings a client would take."""
    app = create_app(settings)

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        return app(environ, start_response)

    return answer


if __name__ == "__main__":
    served.create_app = deaf_app
    sys.exit(served.main())
