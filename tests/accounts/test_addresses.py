"""Where a vendor account may point."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.addresses import checked_base_url
from accounts.models import VendorAccount
from upstream import network

GOOD = {
    "https://api.apsis.one": "https://api.apsis.one",
    " https://api.apsis.one/ ": "https://api.apsis.one",
    "https://API.Example.com": "https://api.example.com",
    "https://api.example.com:8443": "https://api.example.com:8443",
    "https://[2600:1901::1]:8443": "https://[2600:1901::1]:8443",
}
NEVER = [
    "",
    "api.apsis.one",
    "//api.apsis.one",
    "https://",
    "https://:443",
    "https://api.apsis.one/audience",
    "https://api.apsis.one?x=1",
    "https://api.apsis.one#x",
    "https://anna:secret@api.apsis.one",
    "https://anna@api.apsis.one",
    "https://api.apsis.one:99999",
    "https://api.apsis.one:port",
    "https://[::1",
    "http://api.apsis.one",
    "http://10.0.0.5",
    "http://169.254.169.254",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://0x7f000001",
    "http://2130706433",
    "http://0.0.0.0:8100",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "gopher://127.0.0.1",
    "https://api.apsis.one\\@evil.example",
    "https://api.apsis.one evil.example",
    "https://api.apsis.one\tx",
    "https://api.apsis.one\r\nHost: evil.example",
    "https://api.apsis.one%2fx",
    "https://api..apsis.one",
    "https://<script>",
    "https://@api.apsis.one",
    "https://[fe80::1%25eth0]",
    "https://-api.apsis.one",
    "https://аpi.apsis.one",  # the first letter is Cyrillic
    "https://" + "a" * 64 + ".example",
    "https://*",
]
LOOPBACK = ["http://127.0.0.1:8100", "http://localhost:8100", "http://[::1]:8100", "http://127.8.8.8"]


@pytest.mark.parametrize(("typed", "kept"), GOOD.items())
def test_an_origin_is_kept_as_one(typed: str, kept: str) -> None:
    assert checked_base_url(typed) == kept


@pytest.mark.parametrize("typed", NEVER)
def test_anything_else_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        checked_base_url(typed)


@pytest.mark.parametrize("typed", LOOPBACK)
def test_http_goes_to_this_machine_under_the_demo_flag_alone(typed: str, settings: Any) -> None:
    assert checked_base_url(typed) == typed
    settings.DEMO = False
    with pytest.raises(ValidationError, match="https"):
        checked_base_url(typed)


@pytest.mark.parametrize(
    "typed", ["https://10.0.0.5", "https://169.254.169.254", "https://[fd12::1]", "https://0.0.0.0"]
)
@pytest.mark.parametrize("demo", [True, False])
def test_no_private_address_passes_not_even_in_the_demo(typed: str, demo: bool, settings: Any) -> None:
    settings.DEMO = demo
    with pytest.raises(ValidationError, match="private network"):
        checked_base_url(typed)


@pytest.mark.parametrize("found", [["127.0.0.1"], ["169.254.169.254"], ["93.184.215.14", "10.0.0.5"]])
def test_nor_does_a_name_that_leads_to_one(found: list[str], settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO = False
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(network, "resolve", lambda host, port: asked.append((host, port)) or found)
    with pytest.raises(ValidationError, match="private network"):
        checked_base_url("https://vendor.example:8443")
    assert asked == [("vendor.example", 8443)]


def test_a_public_name_passes_and_an_unknown_one_does_not(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO = False
    monkeypatch.setattr(network, "resolve", lambda host, port: ["93.184.215.14"])
    assert checked_base_url("https://vendor.example") == "https://vendor.example"

    def unknown(host: str, port: int) -> list[str]:
        raise OSError

    monkeypatch.setattr(network, "resolve", unknown)
    with pytest.raises(ValidationError, match="No server has this name"):
        checked_base_url("https://vendor.example")


@pytest.mark.django_db
def test_the_error_lands_on_the_field() -> None:
    with pytest.raises(ValidationError) as raised:
        VendorAccount(name="Elsewhere", region="other", other_url="http://evil.example").full_clean()
    assert list(raised.value.message_dict) == ["other_url"]


@pytest.mark.django_db
def test_a_region_needs_no_address_and_forgets_one() -> None:
    account = VendorAccount(name="Nordlys", region="apac", other_url="https://left.example")
    account.full_clean()
    assert account.other_url == ""
    assert account.base_url == "https://api-apac.apsis.one"
