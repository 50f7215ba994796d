import csv
import gzip
import io
import tracemalloc
import zipfile

import openpyxl
import pytest

from sandbox import words
from sandbox.changes import Changes
from sandbox.columns import Body
from sandbox.consent_export import read
from sandbox.definitions import EMAIL, KEYS, accounts_for
from sandbox.files import csv_blocks, gzipped, spooled, xlsx_file
from sandbox.settings import Settings

ROWS = [["key", "text"], *[[str(number), note] for number, note in enumerate((*words.NOTES, *words.HOSTILE, ""))]]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_can_be_read_back(line_end):
    text = b"".join(csv_blocks(ROWS, line_end)).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == ROWS
    assert text.startswith(f"key,text{line_end}0,")
    assert not text.startswith("\ufeff")


def test_only_what_needs_quotes_has_them():
    assert b"".join(csv_blocks([["a b", "c;d", "e,f", 'g"h', "", "007"]], "\n")) == b'a b,c;d,"e,f","g""h",,007\n'


def test_gzip_is_steady_and_whole():
    assert gzip.decompress(b"".join(gzipped([b"a" * 1000, b"b"]))) == b"a" * 1000 + b"b"
    assert list(gzipped([b"a"])) == list(gzipped([b"a"]))
    assert gzip.decompress(b"".join(gzipped([]))) == b""


def test_spooled_blocks_know_their_length():
    file, length = spooled([b"abc", b"", b"de"])
    with file:
        assert (file.read(), length) == (b"abcde", 5)


def test_a_workbook_is_text_throughout_and_steady():
    with xlsx_file(ROWS) as first, xlsx_file(ROWS) as second:
        content = first.read()
        assert content == second.read()
    found = [
        [cell.value or "" for cell in row] for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows()
    ]
    # XML readers turn CR LF into LF.
    assert found == [[text.replace("\r\n", "\n") for text in row] for row in ROWS]
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert b"1980-01-01T00:00:00Z</dcterms:modified>" in archive.read("docProps/core.xml")
    sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b'<c r="A2" t="inlineStr">' in sheet


def test_a_workbook_without_rows_opens():
    with xlsx_file([]) as file:
        assert openpyxl.load_workbook(file).active.max_row == 1


def test_memory_stays_flat():
    settings = Settings(profiles=1_000_000)
    account = accounts_for(settings)["Nordlys Handel"]
    section = account.sections[0]
    content = {
        "section_discriminator": section.discriminator,
        "topic_discriminators": [section.topics[0].discriminator],
        "channel_discriminator": EMAIL,
    }
    table = read(Body(content), account, KEYS["demo-anna"], settings, Changes(settings.profiles, settings.seed))
    tracemalloc.start()
    blocks = gzipped(csv_blocks(table.rows(), "\n"))
    for _ in range(20):
        next(blocks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
