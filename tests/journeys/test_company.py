"""Coming in through the company's own sign-in: a browser, a web process and a provider, over real sockets."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.conftest import CHROMIUM, NO_CHROMIUM
from tests.databases import own_database
from tests.journeys.conftest import check_page, free_port
from tests.processes.program import ROOT, Program
from tests.provider import CLIENT_ID, SECRET, Provider, serving


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A provider that knows Anna, and Eve, whom the desk does not know."""
    people = {
        "anna": {"sub": "1", "email": "anna@example.com", "email_verified": True},
        "eve": {"sub": "2", "email": "eve@example.com", "email_verified": True},
    }
    with serving(Provider(people=people)) as provider:
        yield provider


@pytest.fixture(scope="module")
def url(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The web of a desk that knows the provider; nothing runs on it, so it needs no worker and no broker."""
    if CHROMIUM is None:
        pytest.fail(NO_CHROMIUM)
    folder, port = tmp_path_factory.mktemp("company"), free_port()
    with own_database("company", folder) as database:
        env = os.environ | {
            "DEMO": "1",
            "DATA_DIR": str(folder),
            "DATABASE_URL": database,
            "CACHE_URL": "redis://127.0.0.1:1/0",  # away: the throttle counts in the web's own memory
            "PORT": str(port),
            "WEB_PROCESSES": "1",
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "OIDC_ISSUER": provider.issuer,
            "OIDC_NAME": "Nordlys",
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": SECRET,
        }
        subprocess.run([sys.executable, "-m", "supervisor.prepare"], cwd=ROOT, env=env, check=True, timeout=120)
        command = (sys.executable, "-m", "gunicorn", "-c", "python:project.gunicorn", "project.wsgi:application")
        web = Program("web", command, env, folder / "web.log")
        web.start()
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz", web.log)
            yield f"http://127.0.0.1:{port}"
        finally:
            web.kill()


def _wait_for(url: str, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the web did not stand:\n{log.read_text()[-2000:]}")


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """A new browser before the sign-in page; whatever its console says fails the journey."""
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/")
    yield page
    context.close()
    # The provider has no icon, and a refusal is a page of its own.
    assert not [line for line in said if not line.startswith("Failed to load resource")], said


def say_who(page: Page, provider: Provider, who: str) -> None:
    """Press the button, and say at the provider who one is."""
    page.get_by_role("button", name="Use your Nordlys account").click()
    page.wait_for_url(f"{provider.issuer}/**")
    page.get_by_label("Who are you?").fill(who)
    page.get_by_role("button", name="Go on").click()


def test_from_the_button_to_the_desk(page: Page, provider: Provider, url: str) -> None:
    check_page(page, "company-sign-in")
    say_who(page, provider, "anna")
    page.wait_for_url(f"{url}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Credentials")).to_be_visible()
    page.goto("/account/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    check_page(page, "company-own-account")


def test_whom_nobody_has_made_reads_what_to_do(page: Page, provider: Provider, url: str) -> None:
    say_who(page, provider, "eve")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nobody here has your e-mail address")
    expect(page.locator("main")).to_contain_text("Ask an admin of your desk for an account with that address")
    check_page(page, "company-unknown")
    page.get_by_role("link", name="Back to the sign-in").click()
    expect(page.get_by_role("button", name="Use your Nordlys account")).to_be_visible()


def test_who_turns_back_over_there_has_lost_nothing(page: Page, provider: Provider) -> None:
    say_who(page, provider, "nobody")
    expect(page.get_by_role("heading", level=1)).to_have_text("You were not signed in")
    page.get_by_role("link", name="Back to the sign-in").click()
    say_who(page, provider, "anna")
    expect(page.get_by_role("link", name="Credentials")).to_be_visible()


def test_the_page_in_between_can_be_read_and_pressed(page: Page, provider: Provider, url: str) -> None:
    """Some browsers are told not to be led on; there, the page is one."""

    def hold(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('http-equiv="refresh"', 'name="held"'))

    page.route(f"{url}/accounts/oidc/login/", hold)
    page.get_by_role("button", name="Use your Nordlys account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("On to Nordlys")
    check_page(page, "company-leave")
    page.get_by_role("link", name="Go to Nordlys").click()
    page.wait_for_url(f"{provider.issuer}/**")
