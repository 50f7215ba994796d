"""Structured log lines, one shape for web, worker and beat: `key=value`, or a line of JSON each."""

import logging
import re

import structlog
from django.core.exceptions import ImproperlyConfigured

FACTS = {
    "run",
    "derived", "claim", "reference", "why", "status_code", "queue", "path", "method", "bytes", "ms", "part",
}  # fmt: skip
SHAPES = ("logfmt", "json")

# Addresses of allauth's that hold a secret: who has read the log must not be able to choose somebody's password.
_SECRET = re.compile(r"(/accounts/(?:password/reset/key|confirm-email)/)[^\s\"']+")
# What would begin a line of its own, or turn a terminal upside down.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def formatter(shape: str = "logfmt") -> logging.Formatter:
    """Return the formatter of every handler: time, level, logger, sentence, then facts. Raises ImproperlyConfigured."""
    if shape not in SHAPES:
        raise ImproperlyConfigured(f"LOG_FORMAT is {shape!r}, and it is one of: {', '.join(SHAPES)}.")
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Named, because Django adds the whole request to its records, query string included.
        structlog.stdlib.ExtraAdder(allow=FACTS),
    ]
    rendered: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if shape == "json"
        else structlog.processors.LogfmtRenderer(
            key_order=["timestamp", "level", "logger", "event"], drop_missing=True, bool_as_flag=False
        )
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _keep_secrets,
            rendered,
        ],
    )


def shown_path(path: str) -> str:
    """Return a path as a log may hold it."""
    return _CONTROL.sub("?", path)


def _keep_secrets(logger: object, method: str, told: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Take secrets out of whatever a line tells: Django names the address that it found nothing at, or broke at."""
    return {name: _SECRET.sub(r"\1…", value) if isinstance(value, str) else value for name, value in told.items()}
