"""The language a person reads: their own choice, else the one that is spoken already (their browser's, the desk's)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils import translation


@contextmanager
def of(person: Any) -> Iterator[str]:
    """Speak a person's language, and say which it is: on their pages, and in a mail that nobody's browser is there for.

    `person` may be somebody who is not signed in; their browser alone speaks for them.
    """
    language = getattr(person, "language", "") or translation.get_language() or ""
    with translation.override(language):
        yield language
