"""How dates and numbers look in English: a day before its month, a clock of 24 hours."""

DATE_FORMAT = "j F Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j F, H:i"
SHORT_DATE_FORMAT = "j M"
