import re
from uuid import UUID

from sandbox.audience import COLUMNS, chance, draws, export_key, part, salt_of

PEOPLE = 2_000


def column(name: str, seed: int = 1) -> list[str]:
    draw = draws(seed)
    return [COLUMNS[name](number, draw(number)) for number in range(PEOPLE)]


def test_the_same_seed_gives_the_same_people_and_another_others():
    assert column("email") == column("email")
    assert column("email") != column("email", seed=2)


def test_one_in_twenty_has_no_email_and_one_in_four_no_mobile():
    assert 0.03 < column("email").count("") / PEOPLE < 0.07
    assert 0.21 < column("mobile").count("") / PEOPLE < 0.29


def test_addresses_belong_to_nobody():
    assert all(
        re.fullmatch(r"[a-z.]+\.\d+@(example\.com|example\.org|kund\.test)", text) for text in column("email") if text
    )
    assert all(re.fullmatch(r"46000\d{6}", text) for text in column("mobile") if text)


def test_addresses_and_keys_are_unique():
    for name in ("email", "mobile", "customer_number"):
        texts = [text for text in column(name) if text]
        assert len(set(texts)) == len(texts)
    draw = draws(1)
    keys = {export_key(number, draw(number)) for number in range(PEOPLE)}
    assert len(keys) == PEOPLE
    assert all(str(UUID(key)) == key and UUID(key).version == 4 for key in keys)


def test_names_are_nordic_and_customer_numbers_keep_their_zeros():
    assert set("ÅÄÖØÆåäöøæ") <= set("".join(column("first_name") + column("last_name") + column("city")))
    assert all(text.startswith("0") and len(text) == 8 for text in column("customer_number"))


def test_notes_hold_what_breaks_careless_readers():
    notes = column("notes")
    assert all(any(sign in note for note in notes) for sign in (",", ";", '"', "\n", "\r\n"))
    assert {note[0] for note in notes if note} >= set("=+@-")


def test_lots_are_even_and_differ_by_question():
    vip, women = salt_of(1, "vip"), salt_of(1, "women")
    assert 0.27 < sum(chance(number, vip) < part(0.3) for number in range(PEOPLE)) / PEOPLE < 0.33
    both = sum(chance(n, vip) < part(0.5) and chance(n, women) < part(0.5) for n in range(PEOPLE))
    assert 0.21 < both / PEOPLE < 0.29
    assert all(chance(n, vip) < part(1.0) and not chance(n, vip) < part(0.0) for n in range(PEOPLE))
