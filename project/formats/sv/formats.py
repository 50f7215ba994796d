"""How dates and numbers look in Swedish, where Django's own way is not ours: months are written small."""

DATETIME_FORMAT = "j F, H:i"
SHORT_DATE_FORMAT = "j b"
