"""Start the desk's processes, keep them alive, stop them together. (docs/decisions/0001)

It starts the house and never imports it, but for the demo people that it prints: importing Celery, Django and the
settings takes half a second, and turns a setting that is missing into a traceback. So it needs the standard library
alone, reads a few environment variables, and is there at once.
"""
