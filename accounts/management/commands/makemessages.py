"""Django's makemessages, for the one catalogue that the desk has."""

from typing import Any

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    """Renew locale/sv from what the code and the templates say; `make messages` calls it, and compiles it after."""

    help = "Renew the Swedish catalogue from what the code and the templates say."
    # A module that says `_` for what is translated at once says `lazy` for what is translated when it is read.
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=lazy"]

    def handle(self, *args: Any, **options: Any) -> None:
        """Read everything that speaks to people: neither tests nor the pretended vendor nor what a terminal shows."""
        options |= {"locale": ["sv"], "no_wrap": True, "add_location": "file", "no_obsolete": True}
        options["ignore_patterns"] = [".venv", "var", "docs", "tests", "sandbox", "supervisor"]
        super().handle(*args, **options)
