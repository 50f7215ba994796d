"""The web's own log: gunicorn's lines in the shape of all others, and one for each answer, where that is wished for.

An answer's line holds the path and never the query string, in which people type; nor an address of theirs.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from project import logs


class WebLog(Logger):  # type: ignore[misc]  # gunicorn says no types
    """Gunicorn's logger with our formatter, and facts in place of a line in Apache's format."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        shape = os.environ.get("LOG_FORMAT", "logfmt")
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(logs.formatter(shape))

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Write down that a request was answered."""
        if not self.access_log_enabled:
            return
        # WSGI hands the bytes of a path over as Latin-1.
        path = str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode("utf-8", "replace")
        facts = {
            "method": environ.get("REQUEST_METHOD"),
            "path": logs.shown_path(path),
            "status_code": int(str(resp.status).split(maxsplit=1)[0]),
            "bytes": resp.sent,
            "ms": round(request_time.total_seconds() * 1000),
        }
        self.access_log.info("answered", extra=facts)
