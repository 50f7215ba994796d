"""The index of one file: sorted, whatever the order and the number; whoever is in it is found, and nobody else."""

from __future__ import annotations

import hashlib
import io
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people import index, sorting
from people.entries import DIGEST, IS_KEY, SIZE, in_order, pack, unpack
from people.index import Damaged, Index
from people.sorting import Sorter

KEY = "0123abcd"
# Few different digests, so that some come twice, and some that begin alike, so that the places are not where reckoned.
digests = st.one_of(
    st.integers(0, 40).map(lambda n: hashlib.sha256(str(n).encode()).digest()),
    st.integers(0, 300).map(lambda n: b"\x07" * 10 + n.to_bytes(2, "big")),
    st.sampled_from([b"\x00" * DIGEST, b"\xff" * DIGEST]),
)
entries = st.lists(st.tuples(digests, st.integers(0, 7)), max_size=400)


def built(some: list[tuple[bytes, int]], *, expected: int | None = None) -> Index:
    with tempfile.TemporaryFile() as scratch:
        sorter = Sorter(len(some) if expected is None else expected, scratch)
        for digest, flags in some:
            sorter.add([pack(digest, flags)])
        content = b"".join(sorter.blocks())
    return Index(io.BytesIO(index.header(KEY) + content), KEY, len(content) // SIZE)


def naive(some: list[tuple[bytes, int]]) -> dict[bytes, int]:
    told: dict[bytes, int] = {}
    for digest, flags in some:
        told[digest[:DIGEST]] = told.get(digest[:DIGEST], 0) | flags
    return told


@given(entries, digests)
def test_it_says_of_everybody_what_a_dictionary_says(some: list[tuple[bytes, int]], stranger: bytes) -> None:
    found, told = built(some), naive(some)
    assert dict(unpack(found.read(0, found.count))) == told
    assert found.read(0, found.count) == b"".join(pack(digest, told[digest]) for digest in sorted(told))
    for digest in {stranger, *(digest for digest, _flags in some)}:
        assert found.flags(digest) == told.get(digest[:DIGEST])
        assert found.place(digest) == sum(other < digest[:DIGEST] for other in told)


@given(entries)
def test_parts_and_pieces_of_them_come_out_the_same(some: list[tuple[bytes, int]]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sorting, "PART", 7)
        patched.setattr(sorting, "HELD", 3 * SIZE)
        in_parts = built(some)
    whole = built(some)
    assert in_parts.read(0, in_parts.count) == whole.read(0, whole.count)


def test_a_number_that_was_guessed_wrong_changes_nothing() -> None:
    some = [(hashlib.sha256(bytes([n])).digest(), n) for n in range(200)]
    for expected in (0, 1, 10**9):
        found = built(some, expected=expected)
        assert [found.flags(digest) for digest, _flags in some] == list(range(200))


def test_of_many_each_is_found_and_each_absent_one_is_not() -> None:
    some = [(hashlib.sha256(str(n).encode()).digest(), n % 4) for n in range(30_000)]
    found = built(some)
    assert all(found.flags(digest) == flags for digest, flags in some)
    assert all(found.flags(hashlib.sha256(f"not {n}".encode()).digest()) is None for n in range(3_000))


def test_an_entry_is_fourteen_bytes() -> None:
    assert SIZE == 14
    assert len(pack(b"\x01" * 32, IS_KEY | 3)) == SIZE
    twice = pack(b"\x01" * 12, 0x0101) + pack(b"\x01" * 12, 0x8002)
    assert in_order(twice) == [pack(b"\x01" * 12, 0x8103)]


@pytest.mark.parametrize(
    "stored", [b"", b"drawer1\n", b"drawer1\nffffffff", b"another!0123abcd", index.header(KEY)[:-1]]
)
def test_what_is_no_index_or_of_another_key_is_refused(stored: bytes) -> None:
    with pytest.raises(Damaged):
        Index(io.BytesIO(stored), KEY, 0)


def test_one_that_is_cut_short_is_refused_when_it_is_read() -> None:
    short = Index(io.BytesIO(index.header(KEY) + b"\x01" * SIZE), KEY, 2)
    with pytest.raises(Damaged):
        short.flags(b"\x01" * DIGEST)
