"""Who is known to have consented, from what the desk has by another way: the settings name who tells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from imports.consequences import Question
from imports.models import Upload


class Known(Protocol):
    """Those who had consented to a topic over a channel at a time, by their addresses; `run` is what told."""

    @property
    def run(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    def addresses(self) -> Iterator[str]: ...


def newest(upload: Upload, question: Question, *, now: datetime) -> Known | None:
    """Return what its owner has that tells of a consent of an upload; None where nothing does."""
    told = import_string(settings.KNOWN_CONSENTS)(
        upload.owner, upload.account, upload.section, question.topic, question.channel, now=now
    )
    return cast("Known | None", told)
