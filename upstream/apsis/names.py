"""How the vendor spells things, where its pages do not say or disagree. Each spelling stands here and nowhere else.

The pages of developer.apsis.com name most properties in prose; the bodies themselves were seen in the code of public
clients, or are inferred. So every reader takes several spellings, and ignores what it does not know.
"""

from collections.abc import Mapping
from typing import Any

# developer.apsis.com, "Request profile in segment export (beta)": two URLs, of which the second says "wait" with 202.
POLL_URL_V2 = ("file_download_url_v2", "fileDownloadUrlV2")
POLL_URL = ("file_download_url", "fileDownloadUrl", "poll_url")

ACCESS_TOKEN = ("access_token", "accessToken")
EXPIRES_IN = ("expires_in", "expiresIn")

WRAPPER = ("data",)  # inferred: around a whole answer, where there is one at all
LIST = ("items",)
DISCRIMINATOR = ("discriminator",)
NAME = ("name", "display_name", "title")
DESCRIPTION = ("description",)
SECTION_ID = ("id", "section_id")
MANAGE_SUBSCRIPTIONS = ("manage_subscriptions", "manageSubscriptions")
TYPE = ("type", "data_type")
VERSIONS = ("versions",)
VERSION_ID = ("id", "version_id")
DEPRECATED_AT = ("deprecated_at", "deprecatedAt")
SCHEMA = ("schema", "data_schema")
FOLDER = ("folder_discriminator", "consent_list_discriminator")
CHANNEL = ("channel_discriminator",)

# developer.apsis.com, "Request profile import (version 2)": the names of the answer are seen in one public client, and
# those of what a finished import tells are inferred from the categories of its report (help.apsis.one, File Import
# Report).
IMPORT_ID = ("import_id", "importId", "id")
UPLOAD_URL = ("file_upload_url", "fileUploadUrl", "upload_url")
UPLOAD_FIELDS = ("file_upload_body", "fileUploadBody", "file_upload_fields")
UPLOAD_ENDS = ("file_upload_url_expires_at", "fileUploadUrlExpiresAt", "expires_at")
RESULT = ("result",)
STATUS = ("status", "state")
STATISTICS = ("statistics", "stats", "summary")
CREATED = ("created", "new", "inserted")
UPDATED = ("updated",)
UNCHANGED = ("unchanged", "not_changed", "notChanged")
FAILED = ("failed", "errors", "rejected")
FAULTS = ("errors", "failures", "failed_rows")
FAULTY_LINE = ("line", "row", "line_number")
FAULTY_FIELD = ("field", "field_selector", "column")
MESSAGE = ("message", "reason", "error", "detail")

# developer.apsis.com, "Get consents (version 2)", names source, reason and modified_at; the rest is inferred.
TOPIC = ("topic_discriminator",)
CONSENT_TYPE = ("type", "consent_type")
SOURCE = ("source",)
REASON = ("reason",)
MODIFIED_AT = ("modified_at", "modifiedAt")
SUPPRESSIONS = ("suppressions", "suppression")
ADDRESS = ("address",)

# Which keyspaces an attribute or a tag may be written through: the container is a guess, "WRITE" is documented.
PERMISSIONS = ("keyspace_permissions", "keyspacePermissions")
PERMITTED_KEYSPACE = ("keyspace_discriminator", "keyspaceDiscriminator", "discriminator")
PERMITTED = ("permissions",)
WRITE = "WRITE"

# developer.apsis.com, "Request profile in segment event export", says that topic state can be asked for and is in the
# file, and shows neither. Inferred: this property; and in the file, in each section of a profile beside its attributes,
# {"topics": {"usercreated.topics.news-…": {"state": "opt-in"}}}
TOPIC_STATE = "include_topic_state"

# developer.apsis.com, "Request profile in segment by consent export": the CSV's type is only "similar to" the first.
# A type of the event export's JSON is not told at all. The unnamed ones are what file stores answer when nobody told
# them a type (inferred).
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_TYPES = frozenset({CSV, "application/csv"})
JSON = "application/json"
JSON_TYPES = frozenset({JSON, "text/json"})
UNNAMED_TYPES = frozenset({"application/octet-stream", "binary/octet-stream"})


def pick(mapping: Mapping[str, Any], *spellings: str) -> Any:
    """Give the first value that is there and not null under any of these spellings, else None."""
    for spelling in spellings:
        if mapping.get(spelling) is not None:
            return mapping[spelling]
    return None


def unwrap(body: Any) -> Any:
    """Take an answer out of its wrapper, where it is in one and nothing else is."""
    if isinstance(body, dict) and len(body) == 1 and pick(body, *WRAPPER) is not None:
        return pick(body, *WRAPPER)
    return body


def items(body: Any) -> list[Any] | None:
    """Give the list of an answer, in its wrappers or bare; None where there is no list."""
    body = unwrap(body)
    if isinstance(body, dict):
        body = pick(body, *LIST)
    return body if isinstance(body, list) else None


def text(value: Any) -> str | None:
    """Give a text as it came, or None for anything else and for an empty one.

    Only what no database can hold is replaced: NUL, and halves of surrogate pairs. What could mislead an eye
    (control characters, changes of direction) is left for whoever displays it.
    """
    if not isinstance(value, str) or not value:
        return None
    return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def handle(value: Any) -> str | None:
    """Give a discriminator or an ID as opaque text, or None where it cannot be one.

    IDs are digits as text (developer.apsis.com, Set attributes); a number is taken too. A discriminator that could not
    be sent back (a part of a path that names nothing, half a surrogate pair) is none.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**40 else None
    found = text(value)
    return found if found == value and found not in (".", "..") else None
