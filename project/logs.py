"""Structured log lines, one shape for web, worker and beat."""

import logging

import structlog

FACTS = {"run", "claim", "reference", "why", "status_code", "queue", "path"}


def formatter() -> logging.Formatter:
    """Return the formatter of every handler: time, level, logger, sentence, then key=value pairs."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Named, because Django adds the whole request to its records, query string included.
        structlog.stdlib.ExtraAdder(allow=FACTS),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "logger", "event"], drop_missing=True, bool_as_flag=False
            ),
        ],
    )
