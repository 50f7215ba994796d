"""Every line of the vendor's behaviour that the client meets, and the table's own promises."""

import re

import pytest

from upstream import answers, errors
from upstream.answers import ANSWERS, Again, explain

A_DEFINITION = "definitions.topics"
REQUEST, POLL, DOWNLOAD = "request.consents", "poll.consents", "download.consents"
EVENTS_REQUEST, EVENTS_POLL, EVENTS_DOWNLOAD = "request.events", "poll.events", "download.events"


@pytest.mark.parametrize(
    ("call", "style", "status", "shape", "outcome", "again"),
    [
        ("token", "", 200, "", "ok", Again.NEVER),
        ("token", "", 400, "problem", "CredentialRefused", Again.NEVER),
        ("token", "", 401, "problem", "CredentialRefused", Again.NEVER),
        ("token", "", 403, "problem", "CredentialRefused", Again.NEVER),
        ("token", "", 403, "gateway", "CredentialRefused", Again.NEVER),
        ("token", "", 404, "", "Missing", Again.NEVER),
        ("token", "", 408, "", "VendorTrouble", Again.SAME),
        ("token", "", 429, "gateway", "Throttled", Again.SAME),
        ("token", "", 500, "", "VendorTrouble", Again.SAME),
        ("token", "", 501, "", "VendorTrouble", Again.SAME),
        ("token", "", 503, "", "VendorTrouble", Again.SAME),
        (A_DEFINITION, "", 200, "", "ok", Again.NEVER),
        (A_DEFINITION, "", 400, "problem", "BadRequest", Again.NEVER),
        (A_DEFINITION, "", 401, "problem", "CredentialRefused", Again.RENEW),
        (A_DEFINITION, "", 401, "gateway", "CredentialRefused", Again.RENEW),
        (A_DEFINITION, "", 403, "gateway", "CredentialRefused", Again.RENEW),
        (A_DEFINITION, "", 403, "problem", "NotAllowed", Again.NEVER),
        (A_DEFINITION, "", 403, "", "NotAllowed", Again.NEVER),
        (A_DEFINITION, "", 404, "problem", "Missing", Again.NEVER),
        (A_DEFINITION, "", 429, "gateway", "Throttled", Again.SAME),
        ("definitions.folders", "", 404, "problem", "Missing", Again.NEVER),
        ("definitions.folders", "", 403, "gateway", "Missing", Again.NEVER),
        ("definitions.folders", "", 403, "problem", "NotAllowed", Again.NEVER),
        (REQUEST, "", 200, "", "ok", Again.NEVER),
        (REQUEST, "", 201, "", "ok", Again.NEVER),
        (REQUEST, "", 202, "", "ok", Again.NEVER),
        (REQUEST, "", 400, "problem", "BadRequest", Again.NEVER),
        (REQUEST, "", 401, "", "CredentialRefused", Again.RENEW),
        (REQUEST, "", 403, "gateway", "CredentialRefused", Again.RENEW),
        (REQUEST, "", 403, "problem", "NotAllowed", Again.NEVER),
        (REQUEST, "", 404, "problem", "Missing", Again.NEVER),
        (REQUEST, "", 408, "", "VendorTrouble", Again.SAME),
        (REQUEST, "", 413, "gateway", "TooMuch", Again.NEVER),
        (REQUEST, "", 413, "problem", "TooMuch", Again.NEVER),
        (REQUEST, "", 429, "problem", "Throttled", Again.SAME),
        (REQUEST, "", 503, "", "VendorTrouble", Again.SAME),
        (POLL, "old", 404, "problem", "wait", Again.SAME),
        (POLL, "old", 200, "", "ok", Again.NEVER),
        (POLL, "old", 410, "problem", "Gone", Again.NEW),
        (POLL, "v2", 202, "", "wait", Again.SAME),
        (POLL, "v2", 200, "", "ok", Again.NEVER),
        (POLL, "v2", 404, "problem", "Missing", Again.NEW),
        (POLL, "v2", 410, "problem", "Gone", Again.NEW),
        (POLL, "old", 202, "", "wait", Again.SAME),
        (POLL, "old", 204, "", "BrokenAnswer", Again.NEVER),
        (POLL, "old", 400, "problem", "BadRequest", Again.NEVER),
        (POLL, "old", 403, "gateway", "CredentialRefused", Again.RENEW),
        (POLL, "old", 429, "gateway", "Throttled", Again.SAME),
        (POLL, "old", 503, "", "VendorTrouble", Again.SAME),
        (POLL, "v2", 504, "gateway", "VendorTrouble", Again.SAME),
        (EVENTS_REQUEST, "", 202, "", "ok", Again.NEVER),
        (EVENTS_REQUEST, "", 400, "problem", "BadRequest", Again.NEVER),
        (EVENTS_REQUEST, "", 403, "problem", "NotAllowed", Again.NEVER),
        (EVENTS_REQUEST, "", 404, "problem", "Missing", Again.NEVER),
        (EVENTS_REQUEST, "", 413, "gateway", "TooMuch", Again.NEVER),
        (EVENTS_REQUEST, "", 429, "gateway", "Throttled", Again.SAME),
        (EVENTS_REQUEST, "", 503, "", "VendorTrouble", Again.SAME),
        (EVENTS_POLL, "json", 200, "", "ok", Again.NEVER),
        (EVENTS_POLL, "json", 202, "", "wait", Again.SAME),
        (EVENTS_POLL, "json", 404, "problem", "wait", Again.SAME),
        (EVENTS_POLL, "json", 410, "problem", "Gone", Again.NEW),
        (EVENTS_POLL, "json", 429, "gateway", "Throttled", Again.SAME),
        (EVENTS_POLL, "json", 503, "problem", "ExportFailed", Again.NEW),
        (EVENTS_POLL, "json", 504, "gateway", "VendorTrouble", Again.SAME),
        (DOWNLOAD, "old", 200, "", "ok", Again.NEVER),
        (DOWNLOAD, "old", 404, "problem", "NotReady", Again.SAME),
        (DOWNLOAD, "v2", 404, "problem", "Missing", Again.NEW),
        (DOWNLOAD, "v2", 202, "", "NotReady", Again.SAME),
        (DOWNLOAD, "old", 206, "", "BrokenAnswer", Again.NEVER),
        (DOWNLOAD, "old", 410, "problem", "Gone", Again.NEW),
        (DOWNLOAD, "old", 429, "gateway", "Throttled", Again.SAME),
        (DOWNLOAD, "v2", 500, "", "VendorTrouble", Again.SAME),
        (EVENTS_DOWNLOAD, "json", 200, "", "ok", Again.NEVER),
        (EVENTS_DOWNLOAD, "json", 404, "problem", "NotReady", Again.SAME),
        (EVENTS_DOWNLOAD, "json", 410, "problem", "Gone", Again.NEW),
        (EVENTS_DOWNLOAD, "json", 503, "problem", "ExportFailed", Again.NEW),
        (EVENTS_DOWNLOAD, "json", answers.EMPTY, "", "BrokenAnswer", Again.NEVER),
        ("anything", "", 302, "", "BrokenAnswer", Again.NEVER),
        ("anything", "", 405, "", "BadRequest", Again.NEVER),
        ("anything", "", 409, "problem", "BadRequest", Again.NEVER),
        ("anything", "", 410, "problem", "Gone", Again.NEVER),
        ("anything", "", 413, "gateway", "TooMuch", Again.NEVER),
        ("anything", "", 418, "", "BadRequest", Again.NEVER),
        ("anything", "", 502, "", "VendorTrouble", Again.SAME),
        ("anything", "", 599, "", "VendorTrouble", Again.SAME),
        ("anything", "", 777, "", "BrokenAnswer", Again.NEVER),
        (POLL, "old", answers.NO_ANSWER, "", "NoAnswer", Again.SAME),
        (POLL, "old", answers.MAYBE_RECEIVED, "", "NoAnswer", Again.SAME),
        (REQUEST, "", answers.MAYBE_RECEIVED, "", "NoAnswer", Again.SAME),
        (REQUEST, "", answers.BROKEN, "", "BrokenAnswer", Again.NEVER),
        (DOWNLOAD, "old", answers.CUT_SHORT, "", "CutShort", Again.SAME),
        (DOWNLOAD, "old", answers.NOT_A_FILE, "", "BrokenAnswer", Again.NEVER),
        (DOWNLOAD, "old", answers.EMPTY, "", "BrokenAnswer", Again.NEVER),
        (A_DEFINITION, "", answers.BROKEN, "", "BrokenAnswer", Again.NEVER),
        (A_DEFINITION, "", answers.TOO_LARGE, "", "BrokenAnswer", Again.NEVER),
        (POLL, "v2", answers.FOREIGN_ADDRESS, "", "ForeignURL", Again.NEVER),
        (A_DEFINITION, "", answers.REFUSED_TWICE, "", "CredentialRefused", Again.NEVER),
        (POLL, "old", answers.NO_SLOT, "", "NoSlot", Again.SAME),
    ],
)
def test_apsis(call, style, status, shape, outcome, again):
    meaning = explain("apsis", call, status, style=style, shape=shape)

    assert (meaning.outcome, meaning.again) == (outcome, again)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (204, "ok"),
        (301, "BrokenAnswer"),
        (401, "CredentialRefused"),
        (403, "NotAllowed"),
        (404, "Missing"),
        (408, "VendorTrouble"),
        (410, "Gone"),
        (413, "TooMuch"),
        (422, "BadRequest"),
        (429, "Throttled"),
        (500, "VendorTrouble"),
        (0, "BrokenAnswer"),
        (answers.NO_ANSWER, "NoAnswer"),
        (answers.MAYBE_RECEIVED, "NoAnswer"),
        (answers.CUT_SHORT, "CutShort"),
        (answers.FOREIGN_ADDRESS, "ForeignURL"),
        (answers.REFUSED_TWICE, "CredentialRefused"),
        (answers.NO_SLOT, "NoSlot"),
        ("a word nobody knows", "BrokenAnswer"),
    ],
)
def test_a_vendor_without_rows(answer, outcome):
    assert explain("another", "some.call", answer).outcome == outcome


ROWS = pytest.mark.parametrize(("key", "meaning"), ANSWERS.items(), ids=lambda value: str(value)[:60])


@ROWS
def test_every_row_is_reached(key, meaning):
    call = key.call or "anything"
    answer, _, shape = key.answer.partition(" ") if key.answer[:3].isdigit() else (key.answer, "", "")
    status = int(answer.replace("xx", "99")) if answer[:1].isdigit() else answer

    assert explain(key.vendor or "another", call, status, style=key.style, shape=shape) == meaning


@ROWS
def test_every_outcome_is_a_class(key, meaning):
    kind = getattr(errors, meaning.outcome, None)

    assert meaning.outcome in (answers.OK, answers.WAIT) or issubclass(kind, errors.UpstreamError)
    if kind and meaning.again is not Again.RENEW:
        assert kind.transient == (meaning.again is Again.SAME)


@ROWS
def test_sentences_keep_the_house_form(key, meaning):
    for sentence in (meaning.user, meaning.admin):
        assert sentence.endswith(".")
        assert "!" not in sentence
        assert not re.search(r"\b[1-5]\d\d\b", sentence.replace("100 kB", ""))
        assert not re.search(r"\b(sorry|apolog|oops|unfortunately|please)", sentence, re.IGNORECASE)
    # What happened, what it means, what to do or what happens next.
    assert len(re.findall(r"[.:;](\s|$)", meaning.user)) >= 2
    assert "http" not in meaning.user.lower()
