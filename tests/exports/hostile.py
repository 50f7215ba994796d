"""Tables that a careless converter gets wrong, as strategies and as one fixed list of cells."""

from __future__ import annotations

from hypothesis import strategies as st

CELLS = [
    "",
    " ",
    " leading",
    "trailing ",
    "\ttab",
    "in\ttab",
    "=1+1",
    '=HYPERLINK("https://evil.example","click")',
    "@SUM(A1)",
    "+46700000001",
    "-5",
    "+1+1",
    "-1+cmd|' /C calc'!A0",
    "0046700000001",
    "00123",
    "1234567890123456789",
    "2026-03-01",
    "1/2",
    "1E5",
    "TRUE",
    "Åsa Öberg",
    "שלום",
    "مرحبا",
    "🙂👩‍👩‍👧",
    "a,b",
    "a;b",
    'say "hi"',
    "two\nlines",
    "two\r\nlines",
    "a\rb",
    "<b>&amp;</b>",
    "_x0041_",
    "_x000D_",
    "]]>",
    "\x01\x07\x0b\x1f",
    "\ufffe\uffff",
    "\u2028line",
    "null",
    "'quoted",
]
LETTERS = st.characters(exclude_categories=("Cs",))
TEXT = st.one_of(st.sampled_from(CELLS), st.text(LETTERS, max_size=12), st.text(' ",\n\r;=+-@\t_x04', max_size=8))


def tables(*, width: int = 3, most: int = 12) -> st.SearchStrategy[list[list[str]]]:
    """Tables of a header and rows; the first cell is never empty, as an export key is not."""
    row = st.tuples(st.text("abc0123", min_size=1, max_size=6), *([TEXT] * (width - 1))).map(list)
    return st.lists(row, max_size=most).map(lambda rows: [["export_key", *(f"c{n}" for n in range(1, width))], *rows])


def written(table: list[list[str]], *, end: str = "\n", quotes_all: bool = False, bom: bool = False) -> bytes:
    """Write a table as RFC 4180 has it: quotation marks round what needs them, or round everything."""

    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if quotes_all or set(text) & set('",\r\n') else text

    text = "".join(",".join(map(cell, row)) + end for row in table)
    return (b"\xef\xbb\xbf" if bom else b"") + text.encode()


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut bytes into chunks of these sizes, again and again."""
    chunks, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)] if sizes else len(data)
        chunks.append(data[at : at + size])
        at, turn = at + size, turn + 1
    return chunks
