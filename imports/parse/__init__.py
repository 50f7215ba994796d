"""Reading any table, checking its every row, cutting it into parts. Plain Python: iterators and file objects."""
