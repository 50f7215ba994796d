"""What comes before the web, in one process, so that Django is loaded once: migrations, then people or static files.

The supervisor runs it as a child and never imports it: this is the one file here that needs more than the standard
library.
"""

import sys

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command


def prepare() -> None:
    """Bring the database up to date, then make the demo people or collect the static files."""
    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(str(error))  # a variable that is missing or wrong, which the sentence names
    call_command("migrate", interactive=False)
    if settings.DEMO:
        call_command("demo", "people")
    else:
        call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    prepare()
