"""A local stand-in for the APSIS One API: the same doors, the same manners, invented people.

`python -m sandbox` serves it; `sandbox.app.create_app()` gives the WSGI application to tests.
"""
