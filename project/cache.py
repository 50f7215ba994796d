"""The cache: what it writes down, and what holds while it is away."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as Away
from redis.exceptions import TimeoutError as Silent

log = logging.getLogger(__name__)


class JSONSerializer:
    """Serialise to JSON instead of pickle: what comes back from a shared server stays data."""

    def dumps(self, value: object) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> object:
        return json.loads(data)


class SteadyCache(RedisCache):
    """Redis; and this process's own memory for as long as Redis is away.

    The throttle of the sign-in counts here. Without it nobody could sign in while the cache is down, or everybody could
    guess as they like; with the process's memory the count holds for each web process by itself.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._spare = LocMemCache(f"spare of {type(self).__name__}", {**params, "OPTIONS": {}})

    def _steady(self, name: str, *args: Any, **kwargs: Any) -> Any:
        ask: Callable[..., Any] = getattr(super(), name)
        try:
            return ask(*args, **kwargs)
        except (Away, Silent) as error:
            log.warning("cache away", extra={"why": type(error).__name__})
            return getattr(self._spare, name)(*args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("add", *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("touch", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("delete", *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("get_many", *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("set_many", *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("delete_many", *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("has_key", *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._steady("incr", *args, **kwargs)

    def clear(self) -> Any:
        return self._steady("clear")
