from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import groups  # models are loaded by now

        post_migrate.connect(groups.ensure, sender=self)
