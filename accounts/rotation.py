"""Sealing anew, under the newest key, whatever lies sealed in the database.

Every column whose name begins with `sealed_` is one of the vault's, so a new one cannot be forgotten here; beside them
stand the secrets of second factors, which allauth keeps in one column of JSON.

Safe beside the running desk: a value is replaced only while it is still the one that was read, and a pass that was
stopped is begun again. Processes must have been started with the new key by then, or they go on sealing under the old.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import models, transaction

from accounts import vault

BATCH = 200


@dataclass
class Count:
    """What was found in one place: values under the newest key, those of older keys, and what no key opens."""

    place: str
    fresh: int = 0
    old: int = 0
    changed: int = 0  # by somebody else, between reading and writing; sealed anew by that
    lost: list[int] = field(default_factory=list)


def columns() -> list[tuple[type[models.Model], str]]:
    """Return every sealed column of the database."""
    return [
        (model, column.name)
        for model in apps.get_models()
        for column in model._meta.concrete_fields
        if column.name.startswith("sealed_")
    ]


def rotate(*, only_look: bool = False) -> Iterator[Count]:
    """Seal anew what older keys sealed, place by place; or `only_look` how much there is."""
    for model, name in columns():
        yield _rotate_column(model, name, only_look)
    yield _rotate_factors(only_look)


def _rotate_column(model: type[models.Model], name: str, only_look: bool) -> Count:
    count = Count(f"{model._meta.label}.{name}")
    for row in _rows(model._default_manager.exclude(**{name: ""}).only("pk", name)):
        sealed = getattr(row, name)

        def replace(anew: str, row: models.Model = row, sealed: str = sealed) -> bool:
            same = model._default_manager.filter(pk=row.pk, **{name: sealed})
            return bool(same.update(**{name: anew}))

        _settle(count, row.pk, sealed, None if only_look else replace)
    return count


def _settle(count: Count, pk: int, sealed: str, replace: Callable[[str], bool] | None) -> None:
    if vault.is_fresh(sealed):
        count.fresh += 1
        return
    try:
        text = vault.unseal(sealed)
    except vault.CannotOpen:
        count.lost.append(pk)
        return
    if replace is None or replace(vault.seal(text)):
        count.old += 1
    else:
        count.changed += 1


def _rotate_factors(only_look: bool) -> Count:
    count = Count(Authenticator._meta.label)
    for known in _rows(Authenticator.objects.only("pk")):
        with transaction.atomic():
            # A recovery code that is used writes the same column, under the same lock.
            factor = Authenticator.objects.select_for_update().filter(pk=known.pk).first()
            if factor is not None and _reseal(factor, count) and not only_look:
                factor.save(update_fields=["data"])
    return count


def _reseal(factor: Any, count: Count) -> bool:
    """Seal a factor's secrets anew in memory; say whether there was anything to seal."""
    before = count.old

    def put(anew: str, name: str, number: int | None) -> bool:
        if number is None:
            factor.data[name] = anew
        else:
            factor.data[name][number] = anew
        return True

    for name in ("secret", "seed"):
        if name in factor.data:
            _settle(count, factor.pk, factor.data[name], lambda anew, name=name: put(anew, name, None))  # type: ignore[misc]
    for number, code in enumerate(factor.data.get("migrated_codes") or []):
        _settle(count, factor.pk, code, lambda anew, number=number: put(anew, "migrated_codes", number))  # type: ignore[misc]
    return count.old > before


def _rows(rows: models.QuerySet[Any]) -> Iterator[Any]:
    """Yield rows in batches by their key, so that no long read stands beside the writes."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield from batch
        last = batch[-1].pk
