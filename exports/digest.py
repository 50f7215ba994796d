"""What tells two specs apart."""

import hashlib
import json
from typing import Any


def digest_of(plain: dict[str, Any]) -> str:
    """Return the SHA-256 of a value as JSON, whatever the order of its names. Hexadecimal, 64 characters."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
