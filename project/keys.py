"""What every key of the environment must be before anything starts: long enough, and used for one thing alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from django.core.exceptions import ImproperlyConfigured

SHORTEST = 32  # letters; what `manage.py make_keys` prints has more


def check(**named: Sequence[str]) -> None:
    """Raise ImproperlyConfigured, which names the variable and never a key."""
    for name, keys in named.items():
        if not keys or any(len(key) < SHORTEST for key in keys):
            raise ImproperlyConfigured(
                f"{name} holds no key, or one of fewer than {SHORTEST} letters. `python manage.py make_keys` prints "
                "good ones (docs/keys.md)."
            )
    for (name, keys), (other, others) in combinations(named.items(), 2):
        if set(keys) & set(others):
            raise ImproperlyConfigured(
                f"{name} and {other} share a key. Each needs keys of its own, so that each can change without the "
                "other (docs/keys.md)."
            )
