"""The Swedish catalogue: everything the desk says stands in it, and says the same with the same figures."""

from __future__ import annotations

import ast
import gettext
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings

from tests.conftest import IN_CI

ROOT = Path(settings.BASE_DIR)
CATALOGUE = Path("locale/sv/LC_MESSAGES/django.po")
NO_GETTEXT = (
    "GNU gettext was not found, so nobody looked whether the Swedish catalogue is complete. "
    "Install Debian's package “gettext”."
)
PLACE = re.compile(r"%\(\w+\)s|%%|\{\w*\}")
TAG = re.compile(r"</?\w+[^>]*>")


class Message(NamedTuple):
    """One entry of a catalogue: what is said, and its translations, one for each form of the plural."""

    context: str
    said: str
    plural: str
    translations: tuple[str, ...]
    is_fuzzy: bool


def messages(path: Path) -> Iterator[Message]:
    """Read a catalogue, without its head."""
    for block in path.read_text(encoding="utf-8").strip().split("\n\n")[1:]:
        found: dict[str, str] = {}
        for line in block.splitlines():
            if match := re.match(r"(msg\w+(?:\[\d\])?) ", line):
                name, line = match[1], line[match.end() :]
            if line.startswith('"'):
                found[name] = found.get(name, "") + ast.literal_eval(line)
        translations = tuple(found[name] for name in sorted(found) if name.startswith("msgstr"))
        is_fuzzy = bool(re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE))
        yield Message(found.get("msgctxt", ""), found["msgid"], found.get("msgid_plural", ""), translations, is_fuzzy)


MESSAGES = list(messages(ROOT / CATALOGUE))


def test_every_message_is_translated() -> None:
    assert len(MESSAGES) > 1500, "was the catalogue read?"
    assert [message.said for message in MESSAGES if message.is_fuzzy or not all(message.translations)] == []
    assert [message.said for message in MESSAGES if len(message.translations) != (2 if message.plural else 1)] == []


def test_a_translation_holds_what_is_put_into_it_and_nothing_else() -> None:
    """The form for one may leave its number out, and say “en annan” for “1 other”."""
    wrong = []
    for message in MESSAGES:
        for number, (said, translation) in enumerate(
            zip((message.said, message.plural), message.translations, strict=False)
        ):
            wanted, holds = sorted(PLACE.findall(said)), sorted(PLACE.findall(translation))
            is_less = message.plural and number == 0 and set(holds) <= set(wanted)
            if (holds != wanted and not is_less) or TAG.findall(said) != TAG.findall(translation):
                wrong.append((said, translation))
            if said.strip() != said and (said[0] == " ") != (translation[0] == " "):
                wrong.append((said, translation))
    assert wrong == []


def test_swedish_is_written_in_swedish_signs() -> None:
    """Quotation marks are ” on both sides, and a dash has a blank before it; what is shown as code stays."""
    assert [text for message in MESSAGES for text in message.translations if re.search(r"[“‘]|\w—\w", text)] == []


def test_what_is_compiled_is_what_is_written() -> None:
    with (ROOT / CATALOGUE).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    written: dict[object, str] = {}
    for message in MESSAGES:
        key = f"{message.context}\x04{message.said}" if message.context else message.said
        if message.plural:
            written |= {(key, number): text for number, text in enumerate(message.translations)}
        else:
            written[key] = message.translations[0]
    compiled.pop("", None)
    assert compiled == written, "run `make messages`"


def test_the_catalogue_holds_what_the_desk_says_and_no_more(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        if IN_CI:
            pytest.fail(NO_GETTEXT)
        pytest.skip(NO_GETTEXT)
    aside = shutil.ignore_patterns(".*", "var", "docs", "tests", "sandbox", "static", "__pycache__")
    shutil.copytree(ROOT, tmp_path / "desk", ignore=aside)
    before = {message[:3] for message in MESSAGES}
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "--verbosity=0"],
        cwd=tmp_path / "desk",
        env=os.environ | {"DATA_DIR": str(tmp_path), "DEMO": "1", "PYTHONPATH": ""},
        check=True,
        capture_output=True,
    )
    after = {message[:3] for message in messages(tmp_path / "desk" / CATALOGUE)}
    assert after - before == set(), "these are said and not in the catalogue: run `make messages`, then translate"
    assert before - after == set(), "nobody says these any more: run `make messages`"
