from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People and vendor accounts")

    def ready(self) -> None:
        from accounts import groups  # models are loaded by now

        post_migrate.connect(groups.ensure, sender=self)
