"""Pages that say no: each in the desk's own voice, with a next step, and drawn without what may be away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from accounts.models import User
from project import urls
from tests.conftest import sign_in


def breaks(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [*urls.urlpatterns, path("breaks/", breaks)]
handler400, handler500 = urls.handler400, urls.handler500


def page(response: Any) -> str:
    """Return a whole page, having seen that it is one of ours and leads somewhere."""
    text = " ".join(response.content.decode().split())
    assert "<title>" in text
    assert "Consent Desk</title>" in text
    assert "site.css" in text
    assert text.count("<h1>") == 1
    assert re.search(r'<a class="btn btn-1" href="[^"]*">|<ul class="rows ways">', text)
    assert not re.search(r"<h1>[^<]*\b[45]\d\d\b", text), "no status number in the headline"
    assert "Traceback" not in text
    return text


@pytest.fixture
def away() -> Iterator[None]:
    def refuse(self: BaseDatabaseWrapper, *args: Any, **more: Any) -> None:
        raise OperationalError("connection to server at db.internal failed")

    with pytest.MonkeyPatch.context() as patch:  # undone before the test's own database is put away
        patch.setattr(BaseDatabaseWrapper, "cursor", refuse)
        yield


@pytest.mark.parametrize("url", ["/", "/runs/", "/runs/1/", "/segments/", "/account/", "/admin/", "/admin/operations/"])
def test_without_the_database_it_says_so_and_when_to_come_back(as_anna: Client, url: str, away: None) -> None:
    as_anna.raise_request_exception = False
    response = as_anna.get(url)
    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    text = page(response)
    assert "The desk cannot reach its database just now." in text
    assert "db.internal" not in text


def test_without_the_database_a_poll_keeps_what_the_page_shows(as_anna: Client, away: None) -> None:
    as_anna.raise_request_exception = False
    assert as_anna.get("/live/", headers={"HX-Request": "true"}).status_code == 503


@pytest.mark.urls(__name__)
def test_a_fault_of_ours_is_said_to_be_one_and_needs_no_database(client: Client, db: None, anna: User) -> None:
    client.raise_request_exception = False
    response = sign_in(client, anna).get("/breaks/")
    assert response.status_code == 500
    assert "Something broke on our side." in page(response)


def test_an_address_that_is_not_asked_this_way(as_anna: Client) -> None:
    response = as_anna.get("/segments/1/duplicate/")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "This address is reached by a button" in page(response)


def test_too_much_at_once(as_anna: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = as_anna.post("/account/", "name=" + "x" * 2000, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 413
    assert "more than the desk takes at once" in page(response)


def test_what_cannot_be_read(as_anna: Client) -> None:
    response = as_anna.get("/", headers={"host": "elsewhere.example.org"})
    assert response.status_code == 400
    assert "could not read this request" in page(response)


@pytest.mark.parametrize("url", ["/nothing/", "/admin/nothing/", "/admin/accounts/nothing/"])
def test_nothing_here_on_the_admin_site_too(karin: User, url: str) -> None:
    response = sign_in(Client(), karin).get(url, follow=True)
    assert response.status_code == 404
    assert "There is nothing at this address." in page(response)


@pytest.mark.parametrize("url", ["/segments/", "/admin/auth/group/add/"])
def test_not_yours_on_the_admin_site_too(karin: User, url: str) -> None:
    response = sign_in(Client(), karin).get(url)
    assert response.status_code == 403
    assert "This is not yours to do." in page(response)


@pytest.mark.parametrize("url", ["/account/", "/admin/accounts/user/add/"])
def test_a_form_out_of_date_on_the_admin_site_too(karin: User, url: str) -> None:
    response = sign_in(Client(enforce_csrf_checks=True), karin).post(url)
    assert response.status_code == 403
    assert "This form is out of date." in page(response)


def test_too_many_tries(client: Client, anna: User) -> None:
    for _ in range(40):
        response = client.post("/accounts/password/reset/", {"email": "anna@example.com"})
        if response.status_code == 429:
            break
    assert "Too many tries in a short time." in page(response)
