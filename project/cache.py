"""How the cache writes values down."""

import json


class JSONSerializer:
    """Serialise to JSON instead of pickle: what comes back from a shared server stays data."""

    def dumps(self, value: object) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> object:
        return json.loads(data)
