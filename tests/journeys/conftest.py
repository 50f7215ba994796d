"""A whole desk, as `make run` starts it, and a browser in front of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Download, Page, Playwright

from accounts.demo_people import PASSWORD
from tests.conftest import CHROMIUM, NO_CHROMIUM
from tests.databases import own_database

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0  # seconds for a desk to stand
SCHEMES = ("light", "dark")
NARROWEST = 320  # px: a small phone, or a wide screen at four times the size


@dataclass
class Desk:
    """A running desk: where it and its sandbox answer, and where its state lies."""

    url: str
    sandbox: str
    data_dir: Path
    process: subprocess.Popen[bytes]

    def control(self, method: str, path: str, **json: Any) -> Any:
        """Turn a switch of the sandbox, or read one of its records."""
        answer = httpx.request(method, f"{self.sandbox}/_sandbox/{path}", json=json or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Start the desk with its demo people and history; stop it when the journeys are over."""
    if CHROMIUM is None:
        pytest.fail(NO_CHROMIUM)
    data_dir = tmp_path_factory.mktemp("desk")
    port, sandbox = free_port(), free_port()
    env = os.environ | {"DATA_DIR": str(data_dir), "PORT": str(port), "SANDBOX_PORT": str(sandbox), "DEMO": "1"}
    # Quick to prepare, and with lists as long as a large account's.
    env |= {"SANDBOX_PREPARE_SECONDS": "2", "SANDBOX_SEGMENTS": "5000", "SANDBOX_ATTRIBUTES": "2000"}
    with own_database("journeys", data_dir) as database, (data_dir / "supervisor.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor"],
            cwd=ROOT,
            env=env | {"DATABASE_URL": database},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        desk = Desk(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox}", data_dir, process)
        try:
            _wait_for(desk)
            yield desk
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=15)


@pytest.fixture
def slow(desk: Desk) -> Iterator[Desk]:
    """A vendor that takes its time to prepare a file: time for a page to be seen while it waits."""
    before = desk.control("GET", "switches")["prepare_seconds"]
    desk.control("PATCH", "switches", prepare_seconds=14)
    yield desk
    desk.control("DELETE", "faults")
    desk.control("PATCH", "switches", prepare_seconds=before)


def _wait_for(desk: Desk) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if desk.process.poll() is not None:
            break
        if b"The history of the demo is there." in (desk.data_dir / "supervisor.log").read_bytes():
            return
        time.sleep(0.2)
    pytest.fail("the desk did not stand:\n" + (desk.data_dir / "supervisor.log").read_text()[-3000:])


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium, without its talk to the outside."""
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    )
    yield browser
    browser.close()


@pytest.fixture
def page(browser: Browser, desk: Desk) -> Iterator[Page]:
    """A page of a new browser; whatever the console says fails the journey."""
    yield from _opened(browser, desk, locale="en-GB")


@pytest.fixture
def swedish_page(browser: Browser, desk: Desk) -> Iterator[Page]:
    """The same, in a browser that asks for Swedish."""
    yield from _opened(browser, desk, locale="sv-SE")


def _opened(browser: Browser, desk: Desk, *, locale: str) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(
        base_url=desk.url, viewport={"width": 1440, "height": 1000}, locale=locale
    )
    page = context.new_page()
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # A page that answers 404 or 422 on purpose is logged by the browser as a failed resource. A hand that is in a
        # field before the browser has put the focus elsewhere is told so.
        if not message.text.startswith(("Failed to load resource", "Autofocus processing was blocked")):
            said.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert not said, f"the console said: {said}"


# What the gate calls the name, the password and the way in.
GATE = {"en": ("User name", "Password", "Sign in"), "sv": ("Användarnamn", "Lösenord", "Logga in")}


def sign_in(page: Page, username: str, *, language: str = "en") -> None:
    name, password, button = GATE[language]
    page.goto("/accounts/login/")
    page.get_by_label(name).fill(username)
    page.get_by_label(password).fill(PASSWORD)
    page.get_by_role("button", name=button).click()
    # The home page's address whole: “**/” would match the sign-in page too, and not wait for anything.
    page.wait_for_url(re.compile(r"^https?://[^/]+/$"))


def take(page: Page, name: str = "Download") -> Download:
    """Press a Download button, say what it is for, and return what comes."""
    page.get_by_role("button", name=name).first.click()
    with page.expect_download() as download:
        page.locator(".take:popover-open").get_by_role("button", name="A mailing").click()
    return download.value


def check_page(page: Page, name: str, *, schemes: tuple[str, ...] = SCHEMES, colours_alone: bool = False) -> None:
    """Let axe look at the page in light and dark, see that it fits a narrow phone, and take its picture.

    With `colours_alone`, axe has looked at all else of it before.

    Pictures go to the folder that SCREENSHOTS names, for people to look at; without it none are taken.
    """
    size = page.viewport_size
    folder = os.environ.get("SCREENSHOTS")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        # A second scheme differs in its colours alone.
        is_seen = colours_alone or scheme != schemes[0]
        found = Axe().run(page, options={"runOnly": ["color-contrast"]} if is_seen else None)
        assert not found.response["violations"], f"{name}, {scheme}: {found.generate_report()}"
        for width in (390, 1440) if folder else ():
            page.set_viewport_size({"width": width, "height": 1000})
            page.screenshot(path=Path(folder or "") / f"{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    width = page.evaluate("document.documentElement.scrollWidth")
    if size:
        page.set_viewport_size(size)
    assert width <= NARROWEST, f"{name}: scrolls sideways at {NARROWEST} px, for it is {width} wide"
    assert page.get_by_role("heading", level=1).count() == 1, f"{name}: one heading says what the page is"
    assert page.title().endswith(" · Consent Desk"), f"{name}: {page.title()!r}"
