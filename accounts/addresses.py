"""Where a vendor account may point: the check of a base URL that an admin typed."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# RFC 1123; a name in another script is written in its ASCII form, as the network knows it.
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


def checked_base_url(text: str) -> str:
    """Return `text` as a bare origin (`https://host[:port]`).

    Only https passes; http passes to this machine's loopback under the demo flag, where the sandbox listens.
    Raises ValidationError.
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
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


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
