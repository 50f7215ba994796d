"""Where a vendor account may point: the check of a base URL that an admin typed."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from upstream import network

# RFC 1123; a name in another script is written in its ASCII form, as the network knows it.
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


def checked_base_url(text: str) -> str:
    """Return `text` as a bare origin (`https://host[:port]`).

    Only https passes, to a public address; under the demo flag http passes to this machine's loopback, where the
    sandbox listens. The network looks again at every connection (`upstream.network`). Raises ValidationError.
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValidationError(_("This is not an address. Write it as https://api.example.com.")) from None
    host = parts.hostname or ""
    is_more = "@" in parts.netloc or parts.query or parts.fragment or parts.path.strip("/")
    # urlsplit drops tabs and line ends in silence; what is kept must be what was typed.
    if is_more or not _is_host(host) or not text.isprintable():
        raise ValidationError(_("Write the address as https://api.example.com, with nothing after the host."))
    if parts.scheme == "http" and not (settings.DEMO and _is_loopback(host)):
        raise ValidationError(_("The address must begin with https, for keys travel over it."))
    if parts.scheme not in ("http", "https"):
        raise ValidationError(_("The address must begin with https."))
    _refuse_inward(host, port or 443)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def _refuse_inward(host: str, port: int) -> None:
    """Let no key travel into our own network: not by an address, and not by a name that stands for one."""
    if settings.DEMO and _is_loopback(host):
        return
    try:
        # The demo works without a network, so names are left to the moment of connecting.
        found = [host] if _is_ip(host) or settings.DEMO else network.resolve(host, port)
    except OSError:
        raise ValidationError(_("No server has this name. Check how it is spelt.")) from None
    if not all(network.is_outward(address) for address in found if _is_ip(address)):
        raise ValidationError(
            _("This address leads into a private network, so no key may be sent there. Enter the vendor's public one.")
        )


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_host(host: str) -> bool:
    try:
        return "%" not in host and ip_address(host).compressed == host
    except ValueError:
        return len(host) <= 253 and bool(_NAME.fullmatch(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
