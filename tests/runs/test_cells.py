"""The one limit that Python's reader has for a process."""

import csv

import exports.rows
import imports.parse.rows
from runs.cells import LONGEST_CELL


def test_whoever_reads_rows_leaves_the_limit_as_it_is() -> None:
    assert exports.rows.csv is imports.parse.rows.csv is csv
    assert csv.field_size_limit() == LONGEST_CELL
