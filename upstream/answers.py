"""What each answer of a vendor means. One table, and nobody else interprets a status.

The same number says opposite things: 404 on an old poll URL of APSIS One is "be patient", on a newer one "never
existed", on a definition "no longer there". So a row is found by four words:

    vendor   "apsis", or "" for any
    call     "poll.events", or its family "poll", or "" for any
    style    of the URL asked: "old", "v2" or "json", or "" for any
    answer   "404"; "403 gateway" (a status and the shape of its body); a family, "5xx"; or, where there was no status
             to speak of, one of the words below

The answer is matched from the exact to the general, and for each the place likewise. The last rows match anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


def gettext_noop(message: str) -> str:
    """Mark a sentence for translation and hand it back as it is. (Django's makemessages knows the name.)"""
    return message


class Again(StrEnum):
    """Whether asking again helps, and how."""

    NEVER = "never"
    SAME = "same"  # the same question, later
    RENEW = "renew"  # the same question, with a new token
    NEW = "new"  # a new export, not this URL


OK = "ok"
WAIT = "wait"

NO_ANSWER = "no answer"
MAYBE_RECEIVED = "maybe received"
CUT_SHORT = "cut short"
BROKEN = "broken"
EMPTY = "empty"
TOO_LARGE = "too large"
NOT_A_FILE = "not a file"
FOREIGN_ADDRESS = "foreign address"
INWARD_ADDRESS = "inward address"
REFUSED_TWICE = "refused twice"
NO_SLOT = "no slot"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One answer, understood.

    `word` is for machines and logs, `outcome` is "ok", "wait" or the name of a class in `upstream.errors`. `user` and
    `admin` are English sentences for gettext.
    """

    word: str
    outcome: str
    again: Again
    user: str
    admin: str


class Key(NamedTuple):
    """The place of a row in the table."""

    vendor: str
    call: str
    style: str
    answer: str


def explain(vendor: str, call: str, answer: int | str, *, style: str = "", shape: str = "") -> Meaning:
    """Look up what an answer means.

    `answer` is an HTTP status or one of the words of this module; `shape` that of an error body ("gateway", "problem"
    or ""). Always finds a row.
    """
    for key in _candidates(vendor, call, answer, style, shape):
        if key in ANSWERS:
            return ANSWERS[key]
    return ANSWERS[Key("", "", "", ANY)]


def _candidates(vendor: str, call: str, answer: int | str, style: str, shape: str) -> Iterator[Key]:
    exact = [f"{answer} {shape}", str(answer)] if shape else [str(answer)]
    family = [f"{answer // 100}xx"] if isinstance(answer, int) else []
    group = call.partition(".")[0]
    places = [
        (vendor, call, style),
        (vendor, call, ""),
        (vendor, group, style),
        (vendor, group, ""),
        (vendor, "", ""),
        ("", "", ""),
    ]
    for wanted in exact + family:
        for place in places:
            yield Key(*place, wanted)


ANY = "any"

_PREPARING = Meaning(
    "preparing",
    WAIT,
    Again.SAME,
    gettext_noop("APSIS One is preparing your file. You can close this page: we keep asking until it is ready."),
    gettext_noop("The export is not ready. The poll URL lives one day; we ask again with growing pauses."),
)
_NOT_READY = Meaning(
    "not_ready",
    "NotReady",
    Again.SAME,
    gettext_noop("APSIS One is not ready to hand over your file yet. Nothing is lost: we ask again by ourselves."),
    gettext_noop("The file was ready when last asked and is not now. It is fetched at the next ready answer."),
)
_WRONG_ID = Meaning(
    "wrong_id",
    "Missing",
    Again.NEW,
    gettext_noop("APSIS One does not know this export any more. Its file cannot be fetched. Start the run again."),
    gettext_noop("A newer poll URL answers so only when its ID is wrong, never while preparing. Ask for a new export."),
)
_GONE = Meaning(
    "gone",
    "Gone",
    Again.NEW,
    gettext_noop(
        "The file is no longer at APSIS One. It was kept there for one day. Start the run again to get a new one."
    ),
    gettext_noop(
        "The poll URL has expired, or its ID was never valid: this answer means either. Ask for a new export."
    ),
)
_EXPORT_FAILED = Meaning(
    "export_failed",
    "ExportFailed",
    Again.NEW,
    gettext_noop(
        "APSIS One could not make this file. Asking for the same file will not help. Start the run again; if that "
        "fails too, choose a simpler segment, fewer attributes and tags, fewer kinds of events, or a shorter time."
    ),
    gettext_noop(
        "This export failed at the vendor and will never be ready: a new one must be asked for. "
        "Usual causes are a complex segment, many attributes or tags, and many kinds of events."
    ),
)
_KEY_REFUSED = Meaning(
    "key_refused",
    "CredentialRefused",
    Again.NEVER,
    gettext_noop("APSIS One does not accept your key. Nothing can run with it. Enter a new one under Credentials."),
    gettext_noop("The token endpoint refused the client ID or secret. The key was deleted or entered wrongly."),
)
_TOKEN_REFUSED = Meaning(
    "token_refused",
    "CredentialRefused",
    Again.RENEW,
    gettext_noop("Our sign-in at APSIS One has ended. Your run goes on: we sign in again and ask once more."),
    gettext_noop("The token has expired or its key is gone. It is renewed once and the call repeated once."),
)
_NO_FOLDERS = Meaning(
    "no_folder_names",
    "Missing",
    Again.NEVER,
    gettext_noop(
        "APSIS One does not tell us the names of folders. Subscriptions are listed without them. Nothing to do."
    ),
    gettext_noop("The folders endpoint is not public knowledge and this account does not have it where we look."),
)

ANSWERS: Mapping[Key, Meaning] = {
    # --- APSIS One: token ---
    Key("apsis", "token", "", "2xx"): Meaning(
        "signed_in",
        OK,
        Again.NEVER,
        gettext_noop("APSIS One accepted your key. You can run with it. Nothing to do."),
        gettext_noop("The token endpoint answered. A token lives up to a day."),
    ),
    Key("apsis", "token", "", "400"): _KEY_REFUSED,
    Key("apsis", "token", "", "401"): _KEY_REFUSED,
    Key("apsis", "token", "", "403"): _KEY_REFUSED,
    Key("apsis", "token", "", "403 gateway"): _KEY_REFUSED,
    Key("apsis", "token", "", "404"): Meaning(
        "wrong_address",
        "Missing",
        Again.NEVER,
        gettext_noop("We asked APSIS One at an address where it does not answer. Nothing can run. Tell an admin."),
        gettext_noop("There is no token endpoint at the base address of this account. Check its region and spelling."),
    ),
    Key("apsis", "token", "", "429"): Meaning(
        "throttled",
        "Throttled",
        Again.SAME,
        gettext_noop("APSIS One asks us to sign in less often. Your run waits a little and goes on by itself."),
        gettext_noop("Ten tokens a minute for the whole account. The old token is used while it lives."),
    ),
    # --- APSIS One: definitions ---
    Key("apsis", "definitions", "", "403"): Meaning(
        "not_allowed",
        "NotAllowed",
        Again.NEVER,
        gettext_noop("Your key may not see this list at APSIS One. It stays empty here. Choose another section."),
        gettext_noop("The key is limited to some sections or keyspaces in API management of APSIS One."),
    ),
    Key("apsis", "definitions", "", "404"): Meaning(
        "missing",
        "Missing",
        Again.NEVER,
        gettext_noop("This section is no longer at APSIS One. What it held cannot be listed. Choose another section."),
        gettext_noop("The section or list named in the call does not exist, or the key may not see it."),
    ),
    Key("apsis", "definitions.folders", "", "403 gateway"): _NO_FOLDERS,
    Key("apsis", "definitions.folders", "", "404"): _NO_FOLDERS,
    # --- APSIS One: asking for an export ---
    Key("apsis", "request", "", "2xx"): Meaning(
        "accepted",
        OK,
        Again.NEVER,
        gettext_noop("APSIS One accepted your request. It prepares the file now. We fetch it as soon as it is ready."),
        gettext_noop("The vendor counts this export from now on; its poll URL lives one day."),
    ),
    Key("apsis", "request", "", "400"): Meaning(
        "request_refused",
        "BadRequest",
        Again.NEVER,
        gettext_noop(
            "APSIS One refused this request as not valid. No file will be made. Check the choices of the saved segment."
        ),
        gettext_noop(
            "A field of the request is missing or wrong; the technical details may name it. Never repeated as it is."
        ),
    ),
    Key("apsis", "request", "", "403"): Meaning(
        "not_allowed",
        "NotAllowed",
        Again.NEVER,
        gettext_noop("Your key may not export this. No file will be made. Choose what you may see, or ask an admin."),
        gettext_noop("The section, an attribute or a tag is outside the reach of the key."),
    ),
    Key("apsis", "request", "", "404"): Meaning(
        "missing",
        "Missing",
        Again.NEVER,
        gettext_noop(
            "Something this segment names is no longer at APSIS One. No file will be made. Edit the saved segment."
        ),
        gettext_noop("The section, a topic, a segment or a version ID of the request is unknown to the vendor."),
    ),
    Key("apsis", "request", "", "413"): Meaning(
        "too_much",
        "TooMuch",
        Again.NEVER,
        gettext_noop(
            "You asked for more at once than APSIS One allows. No file will be made. "
            "Take fewer subscriptions, attributes or tags, or split them over two segments."
        ),
        gettext_noop(
            "The vendor does not publish the number. Topics, attributes and tags count; so does a body over 100 kB."
        ),
    ),
    Key("apsis", "request", "", "429"): Meaning(
        "throttled",
        "Throttled",
        Again.SAME,
        gettext_noop("APSIS One has as many exports as it allows. Yours keeps its place in line and starts by itself."),
        gettext_noop("Rate of requests or number of pending exports of the account: the answer does not say which."),
    ),
    Key("apsis", "request.events", "", "400"): Meaning(
        "request_refused",
        "BadRequest",
        Again.NEVER,
        gettext_noop(
            "APSIS One refused this request as not valid. No file will be made. "
            "Check how long a time you asked for, and how many attributes and tags."
        ),
        gettext_noop(
            "A window of more than three months, too many attributes or tags, or an unknown version ID; "
            "the technical details may name it. Never repeated as it is."
        ),
    ),
    Key("apsis", "request.events", "", "413"): Meaning(
        "too_much",
        "TooMuch",
        Again.NEVER,
        gettext_noop(
            "You asked for more at once than APSIS One allows. No file will be made. "
            "Choose a simpler segment, fewer attributes and tags, or fewer kinds of events."
        ),
        gettext_noop(
            "The vendor does not publish the number. Segments, attributes, tags and kinds of events count; "
            "so does a body over 100 kB."
        ),
    ),
    Key("apsis", "request.events", "", "429"): Meaning(
        "throttled",
        "Throttled",
        Again.SAME,
        gettext_noop(
            "APSIS One takes one event export a minute, and only so many at once. "
            "Yours keeps its place in line and starts by itself."
        ),
        gettext_noop(
            "One event export a minute for the whole account, or the number of pending exports: "
            "the answer does not say which."
        ),
    ),
    Key("apsis", "request", "", MAYBE_RECEIVED): Meaning(
        "maybe_received",
        "NoAnswer",
        Again.SAME,
        gettext_noop(
            "APSIS One did not answer in time, so we do not know whether it received your request. "
            "Nothing is lost. We ask again in a moment; a second copy may then exist at APSIS One."
        ),
        gettext_noop(
            "The connection ended after sending. The vendor has no idempotency key, so a repeat may double the export."
        ),
    ),
    # --- APSIS One: polling ---
    Key("apsis", "poll", "", "200"): Meaning(
        "ready",
        OK,
        Again.NEVER,
        gettext_noop("Your file is ready at APSIS One. We are about to fetch it. Nothing to do."),
        gettext_noop("The poll URL streams the file now. It can be fetched several times within its day."),
    ),
    Key("apsis", "poll", "", "202"): _PREPARING,
    Key("apsis", "poll", "", "2xx"): Meaning(
        "not_a_file",
        "BrokenAnswer",
        Again.NEVER,
        gettext_noop("APSIS One answered, but sent no file. Nothing was saved. Start the run again, or tell an admin."),
        gettext_noop("A success without a file where only the file or a request to wait is documented."),
    ),
    Key("apsis", "poll", "old", "404"): _PREPARING,
    Key("apsis", "poll", "json", "404"): _PREPARING,
    Key("apsis", "poll", "v2", "404"): _WRONG_ID,
    Key("apsis", "poll", "", "410"): _GONE,
    Key("apsis", "poll", "", "429"): Meaning(
        "throttled",
        "Throttled",
        Again.SAME,
        gettext_noop(
            "APSIS One asks us to inquire less often. Your file is not affected. We ask again after a longer pause."
        ),
        gettext_noop("Sixty polls and downloads a minute, shared by all runs of the account."),
    ),
    Key("apsis", "poll.events", "", "503"): _EXPORT_FAILED,
    # --- APSIS One: fetching the file ---
    Key("apsis", "download", "", "200"): Meaning(
        "fetching",
        OK,
        Again.NEVER,
        gettext_noop("APSIS One is sending your file. We check it once it has arrived. Nothing to do."),
        gettext_noop("The file is being streamed from the poll URL."),
    ),
    Key("apsis", "download", "", "202"): _NOT_READY,
    Key("apsis", "download", "", "2xx"): Meaning(
        "not_a_file",
        "BrokenAnswer",
        Again.NEVER,
        gettext_noop("APSIS One answered, but sent no file. Nothing was saved. Start the run again, or tell an admin."),
        gettext_noop("A success without a file where only the file is documented."),
    ),
    Key("apsis", "download", "old", "404"): _NOT_READY,
    Key("apsis", "download", "json", "404"): _NOT_READY,
    Key("apsis", "download", "v2", "404"): _WRONG_ID,
    Key("apsis", "download", "", "410"): _GONE,
    Key("apsis", "download", "", "429"): Meaning(
        "throttled",
        "Throttled",
        Again.SAME,
        gettext_noop("APSIS One asks us to fetch files more slowly. Yours is safe there. We try again after a pause."),
        gettext_noop("Sixty polls and downloads a minute, shared by all runs of the account."),
    ),
    Key("apsis", "download.events", "", "503"): _EXPORT_FAILED,
    # --- APSIS One: imports ---
    Key("apsis", "request.import", "", "2xx"): Meaning(
        "accepted",
        OK,
        Again.NEVER,
        gettext_noop("APSIS One took the request and said where the file goes. We send it there now."),
        gettext_noop(
            "The vendor counts this import from now on; its upload address lives for a time that is not told."
        ),
    ),
    Key("apsis", "request.import", "", "400"): Meaning(
        "import_refused",
        "BadRequest",
        Again.NEVER,
        gettext_noop(
            "APSIS One refused this import as not valid. Nothing was sent. Check where each column goes, and which "
            "consents are given, in a new import."
        ),
        gettext_noop("A field of the request is missing or wrong; the technical details may name it."),
    ),
    Key("apsis", "request.import", "", "403"): Meaning(
        "import_not_allowed",
        "NotAllowed",
        Again.NEVER,
        gettext_noop(
            "Your key may not import this. Nothing was sent. Leave out what it may not write, or ask an admin for a "
            "key that may manage subscriptions and write these attributes and tags."
        ),
        gettext_noop(
            "The keyspace lacks manage_subscriptions, or a mapped attribute or tag may not be written through it."
        ),
    ),
    Key("apsis", "request.import", "", "404"): Meaning(
        "missing",
        "Missing",
        Again.NEVER,
        gettext_noop("Something this import names is no longer at APSIS One. Nothing was sent. Begin a new import."),
        gettext_noop("The section, a topic or a version ID of the request is unknown to the vendor."),
    ),
    Key("apsis", "request.import", "", "429"): Meaning(
        "throttled",
        "Throttled",
        Again.SAME,
        gettext_noop(
            "APSIS One has as many imports as it takes at once. This part keeps its place in line and starts by itself."
        ),
        gettext_noop("Ten imports a minute or three at once for the account: the answer does not say which."),
    ),
    Key("apsis", "request.import", "", BROKEN): Meaning(
        "broken",
        "BrokenAnswer",
        Again.NEVER,
        gettext_noop(
            "APSIS One accepted this import, but did not tell us where to send the file. Nothing was sent. "
            "Send the part again, or tell an admin."
        ),
        gettext_noop("A success without an import ID or an upload address. The vendor counts it as pending."),
    ),
    Key("apsis", "upload", "", "2xx"): Meaning(
        "uploaded",
        OK,
        Again.NEVER,
        gettext_noop("The file is at APSIS One. It counts the rows now."),
        gettext_noop("The storage took the file whole."),
    ),
    Key("apsis", "upload", "", "400"): Meaning(
        "upload_refused",
        "UploadRefused",
        Again.NEW,
        gettext_noop("APSIS One’s storage refused the file. We ask for another address and send it there."),
        gettext_noop("The storage refused the form; the technical details have its code."),
    ),
    Key("apsis", "upload", "", "400 EntityTooLarge"): Meaning(
        "part_too_large",
        "TooMuch",
        Again.NEVER,
        gettext_noop(
            "APSIS One takes no file of this size. Nothing of it was kept. Whoever runs this desk has to let it cut "
            "smaller parts."
        ),
        gettext_noop("The part is over the storage's limit: lower IMPORT_PART_BYTES, then import again."),
    ),
    Key("apsis", "upload", "", "401"): Meaning(
        "upload_refused",
        "UploadRefused",
        Again.NEW,
        gettext_noop("The address for the file takes it no more. We ask for another one and send it there."),
        gettext_noop("The embedded credentials have expired or were altered."),
    ),
    Key("apsis", "upload", "", "403"): Meaning(
        "upload_refused",
        "UploadRefused",
        Again.NEW,
        gettext_noop("The address for the file takes it no more. We ask for another one and send it there."),
        gettext_noop("The embedded credentials have expired or were altered."),
    ),
    Key("apsis", "upload", "", FOREIGN_ADDRESS): Meaning(
        "foreign_upload",
        "ForeignURL",
        Again.NEVER,
        gettext_noop(
            "APSIS One named a place for the file that is not on this account’s list. Not a byte was sent. Tell an "
            "admin: only they can add it."
        ),
        gettext_noop(
            "The upload address is at an origin that the vendor account does not list under “where files are sent”."
        ),
    ),
    Key("apsis", "status", "", "404"): Meaning(
        "import_forgotten",
        "Missing",
        Again.NEVER,
        gettext_noop(
            "APSIS One does not know this import any more. What became of its rows cannot be told. Look at the import "
            "history there."
        ),
        gettext_noop("The import ID is unknown to the vendor, or the key may not see its section."),
    ),
    # --- APSIS One: consents ---
    Key("apsis", "consents", "", "400"): Meaning(
        "no_such_key",
        "BadRequest",
        Again.NEVER,
        gettext_noop("APSIS One does not take this as somebody’s key. Nothing was looked up. Check how it is written."),
        gettext_noop("The keyspace, the key or a type of consent in the call is malformed."),
    ),
    Key("apsis", "consents", "", "403"): Meaning(
        "not_allowed",
        "NotAllowed",
        Again.NEVER,
        gettext_noop(
            "Your key may not see consents here. Nothing was looked up. Choose another section, or ask an admin."
        ),
        gettext_noop("The section or the keyspace is outside the reach of the key."),
    ),
    Key("apsis", "consents", "", "404"): Meaning(
        "nobody",
        "Missing",
        Again.NEVER,
        gettext_noop("APSIS One knows nobody by this. Nothing is recorded, so there is no consent either."),
        gettext_noop("No profile of the account has this key in this keyspace."),
    ),
    Key("apsis", "consents", "", "410"): Meaning(
        "locked",
        "Gone",
        Again.NEVER,
        gettext_noop("This profile is locked at APSIS One. What it has consented to is not told. Look at it there."),
        gettext_noop("The profile is locked, or is being deleted or merged."),
    ),
    # --- APSIS One: a consent changed ---
    Key("apsis", "consents.change", "", "400"): Meaning(
        "change_refused",
        "BadRequest",
        Again.NEVER,
        gettext_noop("APSIS One did not take this change. Nothing was changed. Make it there, or tell an admin."),
        gettext_noop("The topic, the channel, the type or the reason in the call is not accepted."),
    ),
    Key("apsis", "consents.change", "", "403"): Meaning(
        "not_allowed",
        "NotAllowed",
        Again.NEVER,
        gettext_noop(
            "Your key may not change consents by what you looked up. Nothing was changed. Look the person up by their "
            "e-mail address or phone number, or ask an admin."
        ),
        gettext_noop("The keyspace lacks manage_subscriptions, or the section is outside the reach of the key."),
    ),
    Key("apsis", "consents.change", "", "404"): Meaning(
        "nobody",
        "Missing",
        Again.NEVER,
        gettext_noop("APSIS One knows nobody by this any more. Nothing was changed. Look the person up again."),
        gettext_noop("No profile has this key, or the topic is gone."),
    ),
    Key("apsis", "consents.change", "", "409"): Meaning(
        "already_so",
        "BadRequest",
        Again.NEVER,
        gettext_noop("This was so already at APSIS One. Nothing was changed. Nothing to do."),
        gettext_noop("The vendor does not support this change of type, mostly because the value is set already."),
    ),
    Key("apsis", "consents.change", "", "410"): Meaning(
        "locked",
        "Gone",
        Again.NEVER,
        gettext_noop("This profile is locked at APSIS One. Nothing was changed. Look at it there."),
        gettext_noop("The profile is locked, or is being deleted or merged."),
    ),
    # --- APSIS One: any call ---
    Key("apsis", "", "", "2xx"): Meaning(
        "answered",
        OK,
        Again.NEVER,
        gettext_noop("APSIS One answered. Everything is as it should be. Nothing to do."),
        gettext_noop("The call succeeded."),
    ),
    Key("apsis", "", "", "3xx"): Meaning(
        "redirected",
        "BrokenAnswer",
        Again.NEVER,
        gettext_noop("APSIS One pointed us to another address. We did not follow, so your key is safe. Tell an admin."),
        gettext_noop(
            "A redirect is not documented and never followed. Check the base address and any proxy on the way."
        ),
    ),
    Key("apsis", "", "", "400"): Meaning(
        "bad_request",
        "BadRequest",
        Again.NEVER,
        gettext_noop("APSIS One did not accept what we asked. Asking again will not help. Tell an admin."),
        gettext_noop("Our request was not valid; the technical details may name the field."),
    ),
    Key("apsis", "", "", "401"): _TOKEN_REFUSED,
    Key("apsis", "", "", "403 gateway"): _TOKEN_REFUSED,
    Key("apsis", "", "", REFUSED_TWICE): Meaning(
        "key_refused",
        "CredentialRefused",
        Again.NEVER,
        gettext_noop(
            "APSIS One no longer accepts your key. Nothing can run with it. Enter a new one under Credentials."
        ),
        gettext_noop("A token just issued was refused too. The key was deleted, or may not use this part of the API."),
    ),
    Key("apsis", "", "", "403"): Meaning(
        "not_allowed",
        "NotAllowed",
        Again.NEVER,
        gettext_noop(
            "Your key may not do this at APSIS One. Asking again will not help. Ask an admin for more rights."
        ),
        gettext_noop("A right of the key is missing; see API management in APSIS One."),
    ),
    Key("apsis", "", "", "404"): Meaning(
        "missing",
        "Missing",
        Again.NEVER,
        gettext_noop("What we asked for is not at APSIS One. It may have been removed there. Choose something else."),
        gettext_noop("The thing named in the call does not exist, or the key may not see it."),
    ),
    Key("apsis", "", "", "408"): Meaning(
        "timed_out",
        "VendorTrouble",
        Again.SAME,
        gettext_noop("APSIS One took too long. Nothing is lost. We try again by ourselves."),
        gettext_noop("The vendor gave up waiting. A read is repeated freely; a request may have been received."),
    ),
    Key("apsis", "", "", "409"): Meaning(
        "conflict",
        "BadRequest",
        Again.NEVER,
        gettext_noop("APSIS One says that this contradicts what it holds. Nothing was changed. Tell an admin."),
        gettext_noop("A conflict where none is documented. Never repeated as it is."),
    ),
    Key("apsis", "", "", "410"): Meaning(
        "gone",
        "Gone",
        Again.NEVER,
        gettext_noop("What we asked for has been removed at APSIS One. It will not come back. Choose something else."),
        gettext_noop("Gone or locked for good."),
    ),
    Key("apsis", "", "", "413"): Meaning(
        "too_much",
        "TooMuch",
        Again.NEVER,
        gettext_noop("You asked for more at once than APSIS One allows. Nothing was done. Ask for less."),
        gettext_noop("A body over 100 kB, or a list longer than the feature allows."),
    ),
    Key("apsis", "", "", "429"): Meaning(
        "throttled",
        "Throttled",
        Again.SAME,
        gettext_noop("APSIS One asks us to slow down. Nothing is lost. We try again after a pause."),
        gettext_noop("A rate limit of the account; it is shared by all keys."),
    ),
    Key("apsis", "", "", "4xx"): Meaning(
        "bad_request",
        "BadRequest",
        Again.NEVER,
        gettext_noop("APSIS One refused what we asked. Asking again will not help. Tell an admin."),
        gettext_noop("A refusal that the vendor's pages do not mention; see the technical details."),
    ),
    Key("apsis", "", "", "504"): Meaning(
        "timed_out",
        "VendorTrouble",
        Again.SAME,
        gettext_noop("APSIS One did not finish in time. Nothing is lost. We try again by ourselves."),
        gettext_noop("The vendor's gateway gives up after 29 seconds. A request may still have been received."),
    ),
    Key("apsis", "", "", "5xx"): Meaning(
        "vendor_trouble",
        "VendorTrouble",
        Again.SAME,
        gettext_noop("APSIS One has trouble of its own. Nothing is lost. We try again by ourselves."),
        gettext_noop(
            "An error inside the vendor's service. Tried again with growing pauses, a limited number of times."
        ),
    ),
    Key("apsis", "", "", NO_ANSWER): Meaning(
        "no_answer",
        "NoAnswer",
        Again.SAME,
        gettext_noop("We could not reach APSIS One. Nothing was sent. We try again by ourselves."),
        gettext_noop("No connection: name lookup, network, certificate, or nobody listening at the base address."),
    ),
    Key("apsis", "", "", MAYBE_RECEIVED): Meaning(
        "maybe_received",
        "NoAnswer",
        Again.SAME,
        gettext_noop("APSIS One did not answer in time. Nothing is lost. We try again by ourselves."),
        gettext_noop("The question was sent and no whole answer came back."),
    ),
    Key("apsis", "", "", CUT_SHORT): Meaning(
        "cut_short",
        "CutShort",
        Again.SAME,
        gettext_noop(
            "The file stopped arriving before its end. The piece was thrown away. We fetch it again from the start."
        ),
        gettext_noop(
            "The stream ended early or its framing broke. No page of the vendor mentions ranges: it starts from zero."
        ),
    ),
    Key("apsis", "", "", BROKEN): Meaning(
        "broken",
        "BrokenAnswer",
        Again.NEVER,
        gettext_noop("APSIS One answered with something we cannot read. Nothing was saved from it. Tell an admin."),
        gettext_noop("Not JSON, or without a field that must be there. A proxy's page, or a change at the vendor."),
    ),
    Key("apsis", "request", "", BROKEN): Meaning(
        "broken",
        "BrokenAnswer",
        Again.NEVER,
        gettext_noop(
            "APSIS One accepted your request, but did not tell us where to fetch the file. "
            "It will be made there and lost. Start the run again, or tell an admin."
        ),
        gettext_noop("A success without a readable poll URL. The vendor counts the export as pending all the same."),
    ),
    Key("apsis", "", "", EMPTY): Meaning(
        "empty",
        "BrokenAnswer",
        Again.NEVER,
        gettext_noop(
            "APSIS One sent a file with nothing in it, not even a heading. It was not saved. Start the run again."
        ),
        gettext_noop("An export holds at least its heading; a file of no bytes is a fault."),
    ),
    Key("apsis", "download.events", "", EMPTY): Meaning(
        "empty",
        "BrokenAnswer",
        Again.NEVER,
        gettext_noop("APSIS One sent a file with nothing in it at all. It was not saved. Start the run again."),
        gettext_noop("An export without profiles still holds its brackets; a file of no bytes is a fault."),
    ),
    Key("apsis", "", "", TOO_LARGE): Meaning(
        "too_large",
        "BrokenAnswer",
        Again.NEVER,
        gettext_noop(
            "APSIS One sent far more than we expected. We stopped reading, and nothing was saved. Tell an admin."
        ),
        gettext_noop("The answer is larger than any list should be; the cap is a constant of our transport."),
    ),
    Key("apsis", "", "", NOT_A_FILE): Meaning(
        "not_a_file",
        "BrokenAnswer",
        Again.NEVER,
        gettext_noop("APSIS One sent something else in place of your file. It was not saved. Start the run again."),
        gettext_noop("The media type or the encoding is not that of an export: often a maintenance page or a proxy's."),
    ),
    Key("apsis", "", "", FOREIGN_ADDRESS): Meaning(
        "foreign_address",
        "ForeignURL",
        Again.NEVER,
        gettext_noop(
            "APSIS One named an address outside its own. We sent nothing there, so your key is safe. Tell an admin."
        ),
        gettext_noop(
            "The poll URL is at another origin than the account. Nothing was sent. Check base address and region."
        ),
    ),
    Key("apsis", "", "", INWARD_ADDRESS): Meaning(
        "inward_address",
        "ForeignURL",
        Again.NEVER,
        gettext_noop(
            "The address of this account leads into our own network. We sent nothing there, so your key is safe. "
            "Tell an admin."
        ),
        gettext_noop("The host resolves to an address that is not public. Nothing was sent. Check it, and its DNS."),
    ),
    # --- any vendor ---
    Key("", "", "", "2xx"): Meaning(
        "answered",
        OK,
        Again.NEVER,
        gettext_noop("The vendor answered. Everything is as it should be. Nothing to do."),
        gettext_noop("The call succeeded."),
    ),
    Key("", "", "", "401"): Meaning(
        "token_refused",
        "CredentialRefused",
        Again.RENEW,
        gettext_noop("Our sign-in at the vendor has ended. Nothing is lost: we sign in again and ask once more."),
        gettext_noop("The token has expired or its key is gone. It is renewed once and the call repeated once."),
    ),
    Key("", "", "", REFUSED_TWICE): Meaning(
        "key_refused",
        "CredentialRefused",
        Again.NEVER,
        gettext_noop(
            "The vendor no longer accepts your key. Nothing can run with it. Enter a new one under Credentials."
        ),
        gettext_noop("A token just issued was refused too."),
    ),
    Key("", "", "", "403"): Meaning(
        "not_allowed",
        "NotAllowed",
        Again.NEVER,
        gettext_noop(
            "Your key may not do this at the vendor. Asking again will not help. Ask an admin for more rights."
        ),
        gettext_noop("A right of the key is missing."),
    ),
    Key("", "", "", "404"): Meaning(
        "missing",
        "Missing",
        Again.NEVER,
        gettext_noop("What we asked for is not at the vendor. It may have been removed there. Choose something else."),
        gettext_noop("The thing named in the call does not exist, or the key may not see it."),
    ),
    Key("", "", "", "408"): Meaning(
        "timed_out",
        "VendorTrouble",
        Again.SAME,
        gettext_noop("The vendor took too long. Nothing is lost. We try again by ourselves."),
        gettext_noop("The vendor gave up waiting."),
    ),
    Key("", "", "", "410"): Meaning(
        "gone",
        "Gone",
        Again.NEVER,
        gettext_noop("What we asked for has been removed at the vendor. It will not come back. Choose something else."),
        gettext_noop("Gone for good."),
    ),
    Key("", "", "", "413"): Meaning(
        "too_much",
        "TooMuch",
        Again.NEVER,
        gettext_noop("You asked for more at once than the vendor allows. Nothing was done. Ask for less."),
        gettext_noop("The request is larger than the vendor takes."),
    ),
    Key("", "", "", "429"): Meaning(
        "throttled",
        "Throttled",
        Again.SAME,
        gettext_noop("The vendor asks us to slow down. Nothing is lost. We try again after a pause."),
        gettext_noop("A rate limit of the account."),
    ),
    Key("", "", "", "4xx"): Meaning(
        "bad_request",
        "BadRequest",
        Again.NEVER,
        gettext_noop("The vendor refused what we asked. Asking again will not help. Tell an admin."),
        gettext_noop("Our request was not valid; see the technical details."),
    ),
    Key("", "", "", "5xx"): Meaning(
        "vendor_trouble",
        "VendorTrouble",
        Again.SAME,
        gettext_noop("The vendor has trouble of its own. Nothing is lost. We try again by ourselves."),
        gettext_noop("An error inside the vendor's service."),
    ),
    Key("", "", "", NO_ANSWER): Meaning(
        "no_answer",
        "NoAnswer",
        Again.SAME,
        gettext_noop("We could not reach the vendor. Nothing was sent. We try again by ourselves."),
        gettext_noop("No connection: name lookup, network, certificate, or nobody listening."),
    ),
    Key("", "", "", MAYBE_RECEIVED): Meaning(
        "maybe_received",
        "NoAnswer",
        Again.SAME,
        gettext_noop(
            "The vendor did not answer in time. We do not know whether it received this. Look at the run's page."
        ),
        gettext_noop("The question was sent and no whole answer came back."),
    ),
    Key("", "", "", CUT_SHORT): Meaning(
        "cut_short",
        "CutShort",
        Again.SAME,
        gettext_noop(
            "The file stopped arriving before its end. The piece was thrown away. We fetch it again from the start."
        ),
        gettext_noop("The stream ended early or its framing broke."),
    ),
    Key("", "", "", FOREIGN_ADDRESS): Meaning(
        "foreign_address",
        "ForeignURL",
        Again.NEVER,
        gettext_noop(
            "The vendor named an address outside its own. We sent nothing there, so your key is safe. Tell an admin."
        ),
        gettext_noop("A URL in an answer is at another origin than the account. Nothing was sent."),
    ),
    Key("", "", "", INWARD_ADDRESS): Meaning(
        "inward_address",
        "ForeignURL",
        Again.NEVER,
        gettext_noop(
            "The address of this account leads into our own network. We sent nothing there, so your key is safe. "
            "Tell an admin."
        ),
        gettext_noop("The host resolves to an address that is not public. Nothing was sent."),
    ),
    Key("", "", "", NO_SLOT): Meaning(
        "waiting_for_slot",
        "NoSlot",
        Again.SAME,
        gettext_noop(
            "Other runs are using what the vendor allows at once. Yours waits its turn and goes on by itself."
        ),
        gettext_noop("Our own limit, kept below the vendor's. Nothing was sent."),
    ),
    Key("", "", "", ANY): Meaning(
        "broken",
        "BrokenAnswer",
        Again.NEVER,
        gettext_noop("The vendor answered with something we cannot read. Nothing was saved from it. Tell an admin."),
        gettext_noop("An answer outside everything we know of; see the technical details."),
    ),
}
