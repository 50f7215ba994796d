"""APSIS One: `client.Apsis` is the way in; the other modules hold its nouns."""
