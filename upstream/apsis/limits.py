"""Every figure that the vendor documents, with the page that says it. Figures count per account, not per key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure. `per` is its unit or period; `documented` False where the figure is inferred from a neighbour."""

    value: float
    per: str
    source_page: str
    documented: bool = True


_LIMITS = "developer.apsis.com, Limits"
_CONSENT_EXPORT = "developer.apsis.com, Request profile in segment by consent export"
_EVENT_EXPORT = "developer.apsis.com, Request profile in segment event export"
_IMPORT = "developer.apsis.com, Request profile import"
_IMPORT_HELP = "help.apsis.one, Import Profiles with Apsis One API"
_FORMATS = "help.apsis.one, File Import Checklist & Supported Data Formats"

# Rates, answered with 429.
CALLS = Limit(100, "second", _LIMITS)
TOKENS = Limit(10, "minute", _LIMITS)
IMPORTS = Limit(10, "minute", _LIMITS)
EXPORTS = Limit(1, "second", _LIMITS)
EVENT_EXPORTS = Limit(1, "minute", _LIMITS)
POLLS = Limit(60, "minute", _LIMITS)  # said of downloads; polls use the same URL
PROFILE_KEY = Limit(10, "second per profile key", _LIMITS)
CONCURRENT_IMPORTS = Limit(3, "account at once", _IMPORT_HELP)

# Sizes, answered with 413.
BODY = Limit(100_000, "bytes of a request", _LIMITS)
IMPORT_FILE = Limit(50_000_000, "bytes of a file", _IMPORT)

# Export requests.
EVENT_WINDOW = Limit(3, "months", _EVENT_EXPORT)
EVENT_WINDOW_DEFAULT = Limit(7, "days from start_at without end_at", _EVENT_EXPORT)
EVENT_ATTRIBUTES = Limit(75, "request", _EVENT_EXPORT)
EVENT_TAGS = Limit(25, "request", _EVENT_EXPORT)

# Lifetimes and patience.
POLL_URL_LIFE = Limit(1, "day", _CONSENT_EXPORT)
TOKEN_LIFE = Limit(24, "hours at most", "developer.apsis.com, Authentication")
GATEWAY_PATIENCE = Limit(29, "seconds", "help.apsis.one, About the File Import Wizard", documented=False)

# Values.
TEXT_ATTRIBUTE = Limit(1000, "characters", _FORMATS)
