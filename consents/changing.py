"""What a change of a consent came to, in words: what happened, what it means, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as lazy

# Outcome → kind of note, what happened, what it means.
WORDS: Mapping[str, tuple[str, Any, Any]] = {
    "created": (
        "ok",
        lazy("APSIS has written it down."),
        lazy("There was no consent before; now there is. Runs that begin from now on see it."),
    ),
    "changed": (
        "ok",
        lazy("APSIS has changed it."),
        lazy("There was a consent before, and it says the new thing now. Runs that begin from now on see it."),
    ),
    "already": (
        "info",
        lazy("It was so already."),
        lazy("APSIS has changed nothing: the consent says this. Somebody else may have changed it before you."),
    ),
    "lost": (
        "warn",
        lazy("We do not know whether APSIS received this."),
        lazy(
            "The connection broke before the answer. Nothing was sent a second time. Look the person up again: what "
            "stands there then is what holds."
        ),
    ),
    "refused": ("bad", lazy("APSIS did not change it."), ""),
}
