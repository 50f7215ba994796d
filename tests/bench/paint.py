"""Measure what a person waits for: every page of the demo in Chromium, cold, until its largest part is painted."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from accounts.demo_people import PASSWORD
from supervisor.ports import is_free

PAINTED, MOVED, SENT = 1000.0, 0.0, 200_000  # milliseconds, layout shift, bytes: at most
ROUNDS = 3
START = 120.0  # seconds for the desk and its history to stand
SETTLED = 400  # milliseconds after loading in which nothing may move any more

PAGES = {
    "anna": (
        "/", "/segments/", "/segments/new/", "/segments/1/", "/segments/1/history/", "/runs/", "/runs/1/",
        "/runs/1/rows/",
        "/runs/1/columns/", "/credentials/", "/credentials/1/", "/account/", "/accounts/password/change/",
        "/nothing/",
    ),
    "maria": ("/", "/admin/audit/event/", "/admin/audit/event/1/", "/admin/audit/event/person/"),
    "karin": (
        "/", "/admin/operations/", "/admin/operations/runs/", "/admin/accounts/user/", "/admin/accounts/user/add/",
        "/admin/accounts/user/1/change/", "/admin/accounts/vendoraccount/", "/admin/accounts/vendoraccount/1/change/",
    ),
    "": ("/accounts/login/", "/accounts/password/reset/"),
}  # fmt: skip

LISTEN = """
window.seen = {painted: 0, moved: 0};
new PerformanceObserver((list) => { for (const one of list.getEntries()) seen.painted = one.startTime; })
  .observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) seen.moved += one.value;
}).observe({type: "layout-shift", buffered: true});
"""
READ = """() => {
  const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return {...seen, sent: all.reduce((sum, one) => sum + one.transferSize, 0)};
}"""


def main(words: list[str]) -> int:
    """Print a line for each page; return 1 when one is slower, heavier or less steady than wanted."""
    argparse.ArgumentParser(prog="tests.bench paint", description=__doc__).parse_args(words)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("No Chromium was found: install Debian's package “chromium”, or name one in CHROMIUM.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="desk-paint-") as folder, sync_playwright() as playwright:
        desk, address = _start(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            print(f"largest paint, median of {ROUNDS} cold loads, at most {PAINTED:.0f} ms; {SENT:,} bytes; no shift")
            missed = [_measure(browser, address, person, page) for person, pages in PAGES.items() for page in pages]
            browser.close()
        finally:
            desk.send_signal(signal.SIGTERM)
            desk.wait(timeout=20)
    return 1 if any(missed) else 0


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    port = next(port for port in range(8600, 8900, 2) if is_free(port) and is_free(port + 1))
    env = os.environ | {"DEMO": "1", "DATA_DIR": str(folder), "PORT": str(port), "SANDBOX_PORT": str(port + 1)}
    with (folder / "said.log").open("wb") as log:
        desk = subprocess.Popen([sys.executable, "-m", "supervisor"], env=env, stdout=log, stderr=subprocess.STDOUT)
    until = time.monotonic() + START
    while b"The history of the demo is there." not in (folder / "said.log").read_bytes():
        if time.monotonic() > until or desk.poll() is not None:
            raise RuntimeError((folder / "said.log").read_text()[-2000:])
        time.sleep(0.2)
    return desk, f"http://127.0.0.1:{port}"


def _measure(browser: Browser, address: str, person: str, page: str) -> bool:
    """Load a page several times with an empty browser's cache, print what came, and say whether it is too much."""
    found = [_load(browser, address, person, page) for _ in range(ROUNDS)]
    painted, sent = median(one["painted"] for one in found), max(one["sent"] for one in found)
    moved = max(one["moved"] for one in found)
    is_missed = painted > PAINTED or sent > SENT or moved > MOVED
    mark = "  MISSED" if is_missed else ""
    print(f"  {person:<6} {page:<44} {painted:5.0f} ms {sent / 1000:6.0f} kB  shift {moved:.3f}{mark}", flush=True)
    return is_missed


def _load(browser: Browser, address: str, person: str, page: str) -> dict[str, Any]:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, storage_state=_signed_in(browser, address, person)
    )
    try:
        tab = context.new_page()
        tab.add_init_script(LISTEN)
        tab.goto(address + page, wait_until="load")
        tab.wait_for_timeout(SETTLED)
        read: dict[str, Any] = tab.evaluate(READ)
        return read
    finally:
        context.close()


_states: dict[str, Any] = {}


def _signed_in(browser: Browser, address: str, person: str) -> Any:
    """Return the cookies of a person, signed in once."""
    if person and person not in _states:
        context = browser.new_context()
        tab = context.new_page()
        tab.goto(address + "/accounts/login/")
        tab.get_by_label("User name or e-mail address").fill(person)
        tab.get_by_label("Password", exact=True).fill(PASSWORD)
        tab.keyboard.press("Enter")
        tab.wait_for_url(address + "/")
        _states[person] = context.storage_state()
        context.close()
    return _states.get(person)
