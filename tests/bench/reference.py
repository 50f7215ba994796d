"""The bare loop that the desk is measured against: fetch, hash, write, parse, count.

What a good engineer writes in an afternoon with httpx, hashlib and csv, and nothing that the desk does besides: no
check of widths, no wait for the disk, no reading back, no claim to hold, no digest of what was inside the gzip.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import sys
import time
from pathlib import Path

import httpx

from tests.bench.memory import peak_of

CHUNK = 1024 * 1024


def fetch(url: str, token: str, target: Path) -> dict[str, object]:
    """Bring one file home; return what was found."""
    digest = hashlib.sha256()
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    with httpx.stream("GET", url, headers=headers, timeout=60) as answer, target.open("wb") as file:
        answer.raise_for_status()
        packed = answer.headers.get("Content-Encoding") == "gzip"
        for chunk in answer.iter_raw(CHUNK):
            digest.update(chunk)
            file.write(chunk)
    rows = email = mobile = either = regulars = 0
    with (gzip.open if packed else open)(target, "rt", encoding="utf-8", newline="") as text:
        reader = csv.reader(text)
        next(reader)
        for row in reader:
            rows += 1
            if row[1]:
                email += 1
            if row[2]:
                mobile += 1
            if row[1] or row[2]:
                either += 1
            if row[7] == "1":
                regulars += 1
    return {"sha256": digest.hexdigest(), "rows": rows, "counts": [email, mobile, either, regulars]}


def main() -> None:
    url, token, target = sys.argv[1:]
    started, cpu = time.perf_counter(), time.process_time()
    found = fetch(url, token, Path(target))
    found |= {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu, "peak": peak_of("self")}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
