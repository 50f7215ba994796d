"""Pressing Download, as a page does, and what comes of it."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from exports.models import DerivedFile, ExportRun


def url(run: ExportRun, what: str | DerivedFile = "content", *, take: bool = False) -> str:
    """Return the address of a file of a run, or of the press before it."""
    kind, key = ("derived", what.pk) if isinstance(what, DerivedFile) else ("run", what)
    return reverse(f"exports:{kind}_{'take' if take else 'download'}", args=[run.pk, key])


def press(client: Client, run: ExportRun, what: str | DerivedFile = "content", **words: str) -> Any:
    """Press Download, with a purpose or without."""
    return client.post(url(run, what, take=True), words)


def get(client: Client, run: ExportRun, what: str | DerivedFile = "content", **headers: str) -> Any:
    """Ask for the bytes; headers by their names with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(url(run, what), headers=named)


def body(response: Any) -> bytes:
    """Read an answer to its end, as the server does."""
    try:
        return b"".join(response.streaming_content)
    finally:
        response.close()
