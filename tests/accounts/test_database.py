"""The connection to the database: given back before what takes long, and outlasted when it breaks."""

from __future__ import annotations

import time

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction

from accounts import clients, database
from accounts.models import User, VendorAccount
from tests.conftest import Vendor, key


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOOK", 0.0)


@pytest.mark.django_db
def test_outlast_tries_until_the_database_is_there() -> None:
    troubles = [OperationalError(), InterfaceError(), OperationalError()]

    def write() -> str:
        if troubles:
            raise troubles.pop()
        return "written"

    assert database.outlast(write, seconds=10) == "written"


@pytest.mark.django_db
def test_outlast_gives_up_in_time_and_passes_on_what_is_no_outage() -> None:
    def away() -> None:
        raise OperationalError

    def wrong() -> None:
        raise ValueError

    began = time.monotonic()
    with pytest.raises(OperationalError):
        database.outlast(away, seconds=0.2)
    assert 0.2 <= time.monotonic() - began < 5
    with pytest.raises(ValueError):  # noqa: PT011  its text does not matter
        database.outlast(wrong, seconds=10)


@pytest.mark.django_db(transaction=True)
def test_let_go_gives_the_connection_back_but_never_within_a_transaction() -> None:
    User.objects.count()
    with transaction.atomic():
        database.let_go()
        assert connection.connection is not None
        User.objects.count()
    database.let_go()
    assert (connection.connection is None) == (connection.vendor != "sqlite")  # a file is asked by this thread alone
    assert User.objects.count() == 0  # the next query has one again


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_while_the_vendor_is_asked(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = User.objects.create_user("anna", "anna@example.com")
    account = VendorAccount.objects.create(name="Nordlys Handel", region="eu")
    credential = key(anna, account, "demo-anna")
    held: list[bool] = []
    send = vendor.transport.handle_request

    def watched(request: object) -> object:
        held.append(connection.connection is not None)
        return send(request)

    monkeypatch.setattr(vendor.transport, "handle_request", watched)
    with clients.client_for(credential.pk) as client:
        client.sections()
    is_file = connection.vendor == "sqlite"  # to which nobody else is kept from
    assert held == [is_file, is_file], "the token's call and the list's"
