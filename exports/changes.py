"""What changed between two versions of a saved segment, as sentences. Pure: two specs in, sentences out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from exports.kinds import Spec
from exports.spec import Choice, ColumnChoice, ConsentSpec


def between(old: ConsentSpec, new: ConsentSpec) -> list[str]:
    """Return a sentence for each thing that the newer spec says otherwise, in the order of the editor."""
    return [
        *chosen(old.segments, new.segments, _("added segment %(name)s"), _("took out segment %(name)s")),
        *everyone(old, new),
        *_titles(old.segments, new.segments),
        *one(old.section.name, new.section.name, _("section %(old)s became %(new)s")),
        *one(old.time_zone, new.time_zone, _("time zone %(old)s became %(new)s")),
        *chosen(old.topics, new.topics, _("added subscription %(name)s"), _("took out subscription %(name)s")),
        *_channels(old, new),
        *_exclusion(old, new),
        *_excel(old, new),
        *chosen(old.attributes, new.attributes, _("added attribute %(name)s"), _("took out attribute %(name)s")),
        *versions(old.attributes, new.attributes, _("attribute %(name)s in a newer version of APSIS's own")),
        *_titles(old.attributes, new.attributes),
        *chosen(old.tags, new.tags, _("added tag %(name)s"), _("took out tag %(name)s")),
        *versions(old.tags, new.tags, _("tag %(name)s in a newer version of APSIS's own")),
        *_titles(old.tags, new.tags),
        *_order(old, new),
    ]


def _key(choice: Choice) -> str:
    """Return what stays the same when the vendor gives an attribute or a tag a new version."""
    return getattr(choice, "discriminator", "") or choice.id


def chosen(old: Sequence[Choice], new: Sequence[Choice], added: str, taken: str) -> Iterator[str]:
    before, after = {_key(choice) for choice in old}, {_key(choice) for choice in new}
    yield from (added % {"name": choice.name} for choice in new if _key(choice) not in before)
    yield from (taken % {"name": choice.name} for choice in old if _key(choice) not in after)


def _titles(old: Sequence[ColumnChoice], new: Sequence[ColumnChoice]) -> Iterator[str]:
    before = {_key(choice): choice.column for choice in old}
    for choice in new:
        title = before.get(_key(choice), choice.column)
        if title != choice.column:
            yield _("column %(old)s renamed to %(new)s") % {"old": title, "new": choice.column}


def versions(old: Sequence[Choice], new: Sequence[Choice], sentence: str) -> Iterator[str]:
    before = {_key(choice): choice.id for choice in old}
    yield from (sentence % {"name": choice.name} for choice in new if before.get(_key(choice), choice.id) != choice.id)


def one(old: str, new: str, sentence: str) -> Iterator[str]:
    if old != new:
        yield sentence % {"old": old or _("(none)"), "new": new or _("(none)")}


def everyone(old: Spec, new: Spec) -> Iterator[str]:
    if new.everyone and not old.everyone:
        yield _("everyone on the account, said on purpose")
    elif old.everyone and not new.everyone:
        yield _("no longer everyone on the account")


def _channels(old: ConsentSpec, new: ConsentSpec) -> Iterator[str]:
    if new.method != old.method:
        yield (
            _("one channel only, %(name)s") % {"name": new.channel.name or _("(none)")}
            if new.method == "single"
            else _("a consent column for each channel")
        )
    elif new.method == "single":
        yield from one(old.channel.name, new.channel.name, _("channel %(old)s became %(new)s"))
    if new.method == "mapped":
        before = old.channels if old.method == "mapped" else ()
        yield from chosen(before, new.channels, _("added channel %(name)s"), _("took out channel %(name)s"))
        yield from _titles(before, new.channels)


def _exclusion(old: ConsentSpec, new: ConsentSpec) -> Iterator[str]:
    if new.exclude_unsubscribed != old.exclude_unsubscribed:
        yield (
            _("people without any of these consents are left out")
            if new.exclude_unsubscribed
            else _("people without any of these consents are rows with blanks")
        )


def _excel(old: ConsentSpec, new: ConsentSpec) -> Iterator[str]:
    if new.apsis_excel != old.apsis_excel:
        yield _("APSIS’s own Excel file is fetched too") if new.apsis_excel else _("the CSV alone is fetched")


def _order(old: ConsentSpec, new: ConsentSpec) -> Iterator[str]:
    pairs = (
        (old.topics, new.topics),
        (old.channels, new.channels),
        (old.attributes, new.attributes),
        (old.tags, new.tags),
        (old.segments, new.segments),
    )
    for before, after in pairs:
        was, now = [_key(choice) for choice in before], [_key(choice) for choice in after]
        if was != now and sorted(was) == sorted(now):
            yield _("the order of columns")
            return
