"""How long a cell of a CSV file may be, coming in or going out.

Python's reader knows one limit for the whole process, so it is set in one place, and nowhere else. No Django.
"""

import csv

LONGEST_CELL = 1_000_000  # characters; the vendor's own longest text has 1,000

csv.field_size_limit(LONGEST_CELL)
