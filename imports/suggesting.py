"""Where a column probably goes: by its title in the languages of our users, or by what stands in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

# Titles in Swedish, Norwegian, Danish, Finnish and English, squeezed to their letters and digits.
WORDS: Mapping[str, frozenset[str]] = {
    "email": frozenset(
        [
            "email",
            "mail",
            "epost",
            "epostadress",
            "epostadresse",
            "epostaddress",
            "emailadress",
            "emailaddress",
            "emailadresse",
            "mailadress",
            "sahkoposti",
            "sahkopostiosoite",
        ]
    ),
    "mobile": frozenset(
        [
            "mobile",
            "mobil",
            "mobilnr",
            "mobilnummer",
            "mobilnumber",
            "mobiltelefon",
            "mobilephone",
            "mobiltlf",
            "phone",
            "phonenumber",
            "telefon",
            "telefonnummer",
            "tlf",
            "tel",
            "gsm",
            "cell",
            "cellphone",
            "sms",
            "puhelin",
            "puhelinnumero",
            "matkapuhelin",
            "msisdn",
        ]
    ),
    "crmid": frozenset(
        [
            "crm",
            "crmid",
            "customerid",
            "customerno",
            "customernumber",
            "kundid",
            "kundnr",
            "kundnummer",
            "kundenr",
            "kundenummer",
            "medlemsnummer",
            "memberid",
            "asiakasnumero",
            "asiakasid",
        ]
    ),
    "firstname": frozenset(["firstname", "fornamn", "fornavn", "etunimi", "givenname"]),
    "lastname": frozenset(["lastname", "efternamn", "etternavn", "efternavn", "sukunimi", "surname", "familyname"]),
    "city": frozenset(["city", "stad", "ort", "postort", "by", "poststed", "kaupunki", "town"]),
    "country": frozenset(["country", "land", "landkod", "landekode", "maa", "countrycode"]),
    "birthday": frozenset(
        ["birthday", "birthdate", "dateofbirth", "fodelsedag", "fodelsedatum", "fodselsdato", "syntymaaika"]
    ),
    "gender": frozenset(["gender", "kon", "kjonn", "sukupuoli", "sex"]),
    "language": frozenset(["language", "sprak", "sprog", "kieli", "locale"]),
}
AN_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
A_PHONE = re.compile(r"(?:\+|00)?\d[\d \-()]{7,17}")
FOLDED = str.maketrans({"ø": "o", "æ": "a", "ð": "d", "þ": "t", "ß": "s"})


def squeezed(title: str) -> str:
    """Return a title's letters and digits alone, without accents and capitals."""
    plain = unicodedata.normalize("NFKD", title.casefold().translate(FOLDED))
    return "".join(sign for sign in plain if sign.isalnum() and not unicodedata.combining(sign))


def word_of(title: str) -> str:
    """Return the one word that a title stands for, else the title itself, squeezed."""
    found = squeezed(title)
    return next((word for word, titles in WORDS.items() if found in titles), found)


def type_of(samples: Iterable[str]) -> str:
    """Return "email" or "mobile" where every sample that is not empty looks like one, else nothing."""
    filled = [sample.strip() for sample in samples if sample.strip()]
    if not filled:
        return ""
    if all(AN_ADDRESS.fullmatch(sample) for sample in filled):
        return "email"
    return "mobile" if all(A_PHONE.fullmatch(sample) for sample in filled) else ""


def among(title: str, samples: Sequence[str], names: Mapping[str, str]) -> tuple[str, str]:
    """Return which of the places that have names ({place: name}) a column goes to, and by what: "name", "content".

    Two empty texts where nothing fits.
    """
    wanted = word_of(title)
    for place, name in names.items():
        if wanted and wanted == word_of(name):
            return place, "name"
    kind = type_of(samples)
    for place, name in names.items():
        if kind and word_of(name) == kind:
            return place, "content"
    return "", ""
