"""Trouble on request: what the next calls to an endpoint shall meet instead of a smooth answer."""

import errno
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from threading import Condition
from typing import Any, get_type_hints

DOWNLOAD = "download"
"""The name under which a poll goes on once its file is ready."""

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "status": (
        "Answers with a status, a body (text or JSON) and headers such as Retry-After.",
        ("status", "body", "headers", "when"),
    ),
    "empty": ("Answers 200 with no body.", ("status", "when")),
    "html": ("Answers 200 with a page in HTML.", ("status", "headers", "when")),
    "redirect": ("Answers 302 to another place.", ("status", "location", "when")),
    "hold": (
        "Holds the call until released: before the work, after it, or during the answer's body.",
        ("when", "bytes", "seconds"),
    ),
    "delay": ("Waits some seconds.", ("seconds", "when")),
    "drop": ("Closes the connection without an answer, politely or with a reset.", ("reset", "when")),
    "cut": (
        "Closes the connection in the middle of the body, with or without a stated length.",
        ("bytes", "reset", "stated_length"),
    ),
    "truncate": ("Ends the body early as if it were whole.", ("bytes",)),
    "wrong_length": ("States a Content-Length that is off by so many bytes.", ("off_by",)),
    "flip": ("Flips one byte of the body as sent, which corrupts a gzip.", ("bytes",)),
    "gzip_bomb": ("Answers a gzip of so many zeros.", ("bytes", "headers")),
    "trickle": ("Sends so many bytes every so many seconds.", ("bytes", "seconds")),
    "fail": ("Takes the request for an export, whose processing then fails: 503 once its time has come.", ()),
    "ragged": ("Sends one row of a table too short and one too long.", ()),
    "json": (
        "Spoils the JSON of an event export: shape is one of outer_key, list, null, unclosed, trailing, twice, types, "
        "strangers, control, utf8, surrogate, deep, numbers, extras.",
        ("shape",),
    ),
    "empty_file": ("Sends a file without even a header or a bracket.", ()),
    "header_only": ("Sends a file with a header and no rows, or with brackets and no profiles.", ()),
    "foreign_url": ("Puts another scheme, host and port into the poll URLs.", ("origin",)),
    "expire_tokens": ("Makes all tokens invalid, this call's too.", ("when",)),
}
"""By kind: a sentence, and the parameters it takes beside those of every fault."""

OF_EVERY_KIND = ("endpoint", "answer", "times", "skip", "client_id")

OF_THE_FILE = ("ragged", "json", "empty_file", "header_only")
MAY_FAIL = ("event_export", "import")
"""The names of the requests whose processing may fail."""

JSON_SHAPES = (
    "outer_key", "list", "null", "unclosed", "trailing", "twice", "types", "strangers", "control", "utf8", "surrogate",
    "deep", "numbers", "extras",
)  # fmt: skip
OF_THE_BODY = ("cut", "truncate", "wrong_length", "flip", "trickle")
_LONGEST_HOLD = 600.0
_BYTES = {"gzip_bomb": 1 << 30, "cut": 1_000, "truncate": 1_000, "flip": 500, "trickle": 100}


class Dropped(ConnectionResetError):
    """Say that the connection was closed on purpose; the server then leaves it alone."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "closed on request")


@dataclass
class Fault:
    """One piece of trouble: which calls meet it (of one key alone, if it names one), and what it does to them."""

    id: int
    endpoint: str
    answer: str
    times: int = 1
    skip: int = 0
    client_id: str = ""
    when: str = "before"
    status: int = 0
    body: object = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    bytes: int = -1
    off_by: int = 100
    reset: bool = False
    stated_length: bool = False
    shape: str = JSON_SHAPES[0]
    location: str = "http://elsewhere.test/"
    origin: str = "http://elsewhere.test:9"
    met: int = 0
    holding: int = 0

    @property
    def is_spent(self) -> bool:
        """Tell whether no further call meets it; `times` 0 means until cleared."""
        return bool(self.times) and self.met >= self.times

    def concerns(self, endpoint: str, client_id: str) -> bool:
        """Tell whether it is about calls like this one."""
        if self.client_id and self.client_id != client_id:
            return False
        return self.endpoint == endpoint or (self.endpoint == "*" and endpoint != DOWNLOAD)

    def shown(self) -> dict[str, Any]:
        """Return the fault as JSON, with only the parameters that its kind takes."""
        names = ("id", *OF_EVERY_KIND, *KINDS[self.answer][1], "met", "holding")
        return {name: getattr(self, name) for name in names}


_TYPES = get_type_hints(Fault)
_CLOSED = {"id", "met", "holding"}


def fault_from(content: object, fault_id: int, endpoints: Iterable[str]) -> Fault:
    """Build a fault from the JSON of a control call; raises ValueError with a sentence."""
    if not isinstance(content, dict):
        raise ValueError("a fault is a JSON object")
    answer = _answer_at(content.get("answer"), content.get("endpoint"), [*endpoints, DOWNLOAD, "*"])
    allowed = (*OF_EVERY_KIND, *KINDS[answer][1])
    for name, value in content.items():
        if name not in allowed:
            raise ValueError(f"{answer} takes {', '.join(allowed)}, not {name}")
        _check_type(name, value)
    fault = Fault(id=fault_id, **content)
    if fault.when not in ("before", "after", *(("during",) if answer == "hold" else ())):
        raise ValueError("when is before or after the work; a hold may also be during the body")
    if fault.shape not in JSON_SHAPES:
        raise ValueError(f"shape is one of {', '.join(JSON_SHAPES)}")
    if fault.bytes < 0:
        fault.bytes = _BYTES.get(answer, 0)
    return fault


def _answer_at(answer: Any, endpoint: Any, known: list[str]) -> str:
    if answer not in list(KINDS):
        raise ValueError(f"answer is one of {', '.join(KINDS)}")
    if endpoint not in known:
        raise ValueError(f"endpoint is one of {', '.join(known)}")
    only = (DOWNLOAD,) if answer in OF_THE_FILE else MAY_FAIL if answer == "fail" else (endpoint,)
    if endpoint not in only:
        raise ValueError(f"{answer} concerns the endpoint {' or '.join(only)} alone")
    return str(answer)


def _check_type(name: str, value: object) -> None:
    kind = _TYPES[name]
    if kind is float and type(value) is int:
        return
    if kind in (int, float, bool, str) and type(value) is not kind:
        raise ValueError(f"{name} wants {kind.__name__}")
    if name == "headers" and not isinstance(value, dict):
        raise ValueError("headers wants an object")


@dataclass
class Hold:
    """A call that waits to be released."""

    fault: Fault
    is_released: bool = False
    drops: bool = False


class Faults:
    """Keep the faults in the order they were asked for; the first that fits a call is the one it meets."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._faults: list[Fault] = []
        self._holds: list[Hold] = []
        self._ids = count(1)

    def add(self, content: object, endpoints: Iterable[str]) -> Fault:
        """Add a fault; raises ValueError with a sentence."""
        with self._changed:
            fault = fault_from(content, next(self._ids), endpoints)
            self._faults.append(fault)
            return fault

    def all(self) -> list[Fault]:
        """Return the faults that some call may still meet or waits in."""
        with self._changed:
            return [fault for fault in self._faults if not fault.is_spent or fault.holding]

    def take(self, endpoint: str, client_id: str = "") -> Fault | None:
        """Return the fault that this call meets, if any; `client_id` is that of the key it comes with."""
        with self._changed:
            for fault in self._faults:
                if fault.is_spent or not fault.concerns(endpoint, client_id):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.met += 1
                return fault
        return None

    def wait(self, fault_id: int, seconds: float) -> Fault | None:
        """Return the fault once a call is held in it, or after so many seconds; None if there is none."""
        with self._changed:
            fault = next((known for known in self._faults if known.id == fault_id), None)
            if fault is not None:
                self._changed.wait_for(lambda: fault.holding > 0, seconds)
            return fault

    def hold(self, fault: Fault) -> None:
        """Keep the calling thread until released, ten minutes at most; raises Dropped when released so."""
        hold = Hold(fault)
        with self._changed:
            self._holds.append(hold)
            fault.holding += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: hold.is_released, fault.seconds or _LONGEST_HOLD)
            fault.holding -= 1
            if hold in self._holds:
                self._holds.remove(hold)
        if hold.drops:
            raise Dropped

    def release(self, fault_id: int | None = None, *, drop: bool = False) -> int:
        """Let held calls go on, or drop their connections; return how many there were."""
        with self._changed:
            freed = [hold for hold in self._holds if fault_id in (None, hold.fault.id)]
            for hold in freed:
                hold.is_released, hold.drops = True, drop
                self._holds.remove(hold)
            self._changed.notify_all()
            return len(freed)

    def clear(self, fault_id: int | None = None) -> None:
        """Forget all faults, or one, and release whom they hold."""
        self.release(fault_id)
        with self._changed:
            self._faults = [fault for fault in self._faults if fault_id not in (None, fault.id)]
