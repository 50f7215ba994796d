"""The demo's own keys: made once, kept in the data directory, readable by its owner alone."""

import json
import os
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path


def read_or_make(data_dir: Path) -> dict[str, str]:
    """Return the demo's SECRET_KEY and its other keys, made at the first call. No demo key is in the code."""
    path = data_dir / "demo-keys.json"
    try:
        kept = json.loads(path.read_text())
    except FileNotFoundError:
        pass
    else:
        # A folder from before there was such a key: every process must find the same one without asking.
        later = {"AUDIT_KEYS": b"audit", "INDEX_KEYS": b"index"}
        made = {name: sha256(word + kept["SECRET_KEY"].encode()).hexdigest() for name, word in later.items()}
        return {**made, **kept}
    keys = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "VAULT_KEYS": urlsafe_b64encode(os.urandom(32)).decode(),
        "AUDIT_KEYS": secrets.token_urlsafe(48),
        "INDEX_KEYS": secrets.token_urlsafe(48),
    }
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Several processes start at once: the first one's file wins, and all read it back.
    own = path.with_name(f"{path.name}.{os.getpid()}")
    own.touch(mode=0o600)
    own.write_text(json.dumps(keys))
    try:
        os.link(own, path)
    except FileExistsError:
        pass
    finally:
        own.unlink()
    return json.loads(path.read_text())
