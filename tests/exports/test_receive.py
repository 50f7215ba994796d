"""Bringing a file home: what is kept is what came, or nothing is kept."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import contents, receive
from exports.contents import Counts, NotAsPromised
from exports.receive import UNPACKED, Received, gunzip
from exports.spec import Column
from runs.models import StaleRun
from runs.storage import DurableFile, PrivateFolder

COLUMNS = [Column("key", "key", ""), Column("E", "consent", ""), Column("S", "segment", "")]
CONTENT = 'export_key,E,S\nk1,å@b.c,1\nk2,,0\nk3,"a, b\nc",1\n'.encode()
PACKED = gzip.compress(CONTENT, mtime=0)
MOST = 1_000_000


class Folder(PrivateFolder):
    """A private folder that remembers which files it opened."""

    def __init__(self, path: Path) -> None:
        super().__init__(location=path)
        self.path_of_all = path
        self.opened: list[Any] = []

    def _open(self, name: str, mode: str = "rb") -> Any:
        self.opened.append(super()._open(name, mode))
        return self.opened[-1]

    def names(self) -> list[str]:
        return [str(p.relative_to(self.path_of_all)) for p in self.path_of_all.rglob("*") if p.is_file()]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path)
    yield folder
    assert all(file.closed for file in folder.opened), "a file was left open"


def cut(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


def keep(folder: Folder, chunks: Iterable[bytes], **more: Any) -> Received[tuple[list[str], Counts]]:
    wanted: dict[str, Any] = {
        "gzipped": True,
        "read": lambda chunks: contents.count(chunks, COLUMNS),
        "storage": folder,
        "name": "exports/run-1",
        "most": MOST,
        "alive": lambda stage, length: None,
    }
    return receive.keep(chunks, **wanted | more)


def refused(folder: Folder, chunks: Iterable[bytes], **more: Any) -> NotAsPromised:
    with pytest.raises(NotAsPromised) as caught:
        keep(folder, chunks, **more)
    assert folder.names() == []
    return caught.value


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# ── What is kept ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("gzipped", [True, False])
def test_what_came_is_kept(folder: Folder, gzipped: bool, size: int) -> None:
    sent = PACKED if gzipped else CONTENT

    received = keep(folder, cut(sent, size), gzipped=gzipped)

    assert (folder.path_of_all / "exports/run-1").read_bytes() == sent
    assert (received.received_length, received.received_sha256) == (len(sent), sha(sent))
    assert (received.content_length, received.content_sha256) == (len(CONTENT), sha(CONTENT))
    header, counts = received.found
    assert header == ["export_key", "E", "S"]
    assert (counts.rows, counts.contactable, counts.member_of_any) == (3, 2, 2)
    assert folder.names() == ["exports/run-1"]


def test_several_members_are_one_file(folder: Folder) -> None:
    sent = b"".join(gzip.compress(part) for part in (CONTENT[:9], b"", CONTENT[9:]))

    for size in (1, 3, len(sent)):
        received = keep(folder, cut(sent, size), name=f"run-{size}")
        assert (received.content_sha256, received.received_sha256) == (sha(CONTENT), sha(sent))


def test_life_is_shown_at_every_chunk(folder: Folder) -> None:
    shown: list[tuple[str, int]] = []

    keep(folder, cut(CONTENT, 20), gzipped=False, alive=lambda stage, length: shown.append((stage, length)))

    fetching = [length for stage, length in shown if stage == "fetching"]
    assert fetching == [*range(20, len(CONTENT), 20), len(CONTENT)]
    assert shown[-1] == ("verifying", len(CONTENT))


@given(st.lists(st.binary(max_size=400), max_size=4), st.integers(1, 60))
def test_unpacking_is_that_of_gzip(parts: list[bytes], size: int) -> None:
    sent = b"".join(gzip.compress(part) for part in parts) or gzip.compress(b"")

    assert b"".join(gunzip(cut(sent, size))) == b"".join(parts)


# ── What is refused ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("at", range(len(PACKED)))
def test_cut_at_any_byte(folder: Folder, at: int) -> None:
    assert refused(folder, cut(PACKED[:at], 10)).code == "gzip_cut_short"


@pytest.mark.parametrize("at", range(1, 9))
def test_damage_in_the_trailer(folder: Folder, at: int) -> None:
    sent = bytearray(PACKED)
    sent[-at] ^= 0x01

    assert refused(folder, [bytes(sent)]).code == "gzip_damaged"


@pytest.mark.parametrize("at", range(len(PACKED)))
def test_damage_at_any_byte_never_gives_another_content(folder: Folder, at: int) -> None:
    """Only what the header says for itself (time, system, name) may change without anybody noticing."""
    sent = bytearray(PACKED)
    sent[at] ^= 0x08
    try:
        assert keep(folder, [bytes(sent)]).content_sha256 == sha(CONTENT)
    except NotAsPromised:
        assert folder.names() == []


@pytest.mark.parametrize("rest", [b"\0", b"\0" * 512, b"\n", b"and more", b"\x1f", b"\x1f\x8b", CONTENT])
@pytest.mark.parametrize("size", [1, 10_000])
def test_anything_after_the_end_is_damage(folder: Folder, rest: bytes, size: int) -> None:
    assert refused(folder, cut(PACKED + rest, size)).code in ("gzip_damaged", "gzip_cut_short")


def test_plain_text_that_is_called_gzip(folder: Folder) -> None:
    assert refused(folder, [CONTENT]).code == "gzip_damaged"


@pytest.mark.parametrize("gzipped", [True, False])
def test_nothing_but_a_frame(folder: Folder, gzipped: bool) -> None:
    assert refused(folder, [gzip.compress(b"")] if gzipped else [], gzipped=gzipped).code == "file_empty"


@pytest.mark.parametrize("gzipped", [True, False])
def test_the_most_that_is_taken(folder: Folder, gzipped: bool) -> None:
    sent = [PACKED if gzipped else CONTENT]

    assert keep(folder, sent, gzipped=gzipped, most=len(CONTENT), name="just").content_length == len(CONTENT)
    folder.delete("just")
    error = refused(folder, sent, gzipped=gzipped, most=len(CONTENT) - 1)

    assert (error.code, error.facts) == ("file_too_large", {"most": len(CONTENT) - 1})


def test_a_bomb_goes_off_in_small_pieces() -> None:
    squeeze = zlib.compressobj(9, wbits=31)
    bomb = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(64)) + squeeze.flush()
    assert len(bomb) < 100_000

    sizes = [len(piece) for piece in gunzip([bomb])]

    assert sum(sizes) == 64 << 20
    assert max(sizes) <= UNPACKED <= 1 << 20


def test_a_bomb_is_stopped_at_the_most(folder: Folder) -> None:
    bomb = gzip.compress(CONTENT + b"k,,0\n" * 2_000_000)

    assert refused(folder, [bomb], most=100_000).code == "file_too_large"


def test_a_row_that_is_not_as_wide(folder: Folder) -> None:
    assert refused(folder, [gzip.compress(CONTENT + b"k4\n")]).code == "row_of_other_width"


def test_a_stream_that_breaks(folder: Folder) -> None:
    def broken() -> Iterator[bytes]:
        yield PACKED[:20]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        keep(folder, broken())

    assert folder.names() == []


@pytest.mark.parametrize("stage", ["fetching", "verifying"])
def test_a_claim_that_ended_stops_it(folder: Folder, stage: str) -> None:
    def alive(now: str, length: int) -> None:
        if now == stage:
            raise StaleRun

    with pytest.raises(StaleRun):
        keep(folder, [PACKED], alive=alive)

    assert folder.names() == []


def test_what_the_disk_keeps_otherwise_is_thrown_away(folder: Folder) -> None:
    path = folder.path_of_all / "exports/run-1"

    def alive(stage: str, length: int) -> None:
        if stage == "fetching":
            path.unlink()
            path.write_bytes(PACKED[:-1] + b"x")

    assert refused(folder, [PACKED], alive=alive).code == "stored_otherwise"


def test_a_file_that_was_there_is_left_alone(folder: Folder) -> None:
    keep(folder, [PACKED])

    with pytest.raises(FileExistsError):
        keep(folder, [gzip.compress(b"other")])

    assert (folder.path_of_all / "exports/run-1").read_bytes() == PACKED


# ── A full disk ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_full_disk_at_a_write(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: DurableFile, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(DurableFile, "write", full, raising=False)
    with pytest.raises(OSError, match="full"):
        keep(folder, [PACKED])

    assert folder.names() == []


def test_a_full_disk_at_the_end(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        keep(folder, [PACKED])

    assert folder.names() == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_really_full_disk(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device that is always full refuses when the buffer is emptied, as a real disk does."""
    real = folder._open

    def open_full(name: str, mode: str = "rb") -> Any:
        file = real(name, mode)
        file.file.close()
        file.file = Path("/dev/full").open("wb")  # noqa: SIM115
        return file

    monkeypatch.setattr(folder, "_open", open_full)
    with pytest.raises(OSError, match="No space left"):
        keep(folder, [PACKED])

    assert folder.names() == []
