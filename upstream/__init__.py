"""The vendors' APIs, spoken in plain Python: no Django, no Celery, nothing else of the house.

transport   sends, and sorts what comes back    answers    says what each answer means
stream      bytes as they arrive                errors     one class a kind of failure
tokens      the sign-in, shared and renewed     problems   the two shapes of an error body
origin      whose address a URL is              apsis/     APSIS One: definitions, exports
"""
