"""The three groups and what each may do. `docs/roles.md` holds the whole table."""

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS
from django.utils.translation import gettext_noop

# Their names in the database and the settings; people read them in their own language.
MARKETER, AUDITOR, ADMIN = gettext_noop("Marketer"), gettext_noop("Auditor"), gettext_noop("Admin")
# Given besides: who writes down what people say on the phone.
STEWARD = gettext_noop("Consent steward")

# Those whose work is in the admin site.
STAFF = {AUDITOR, ADMIN}

PERMISSIONS: dict[str, set[str]] = {
    MARKETER: {
        "exports.view_savedsegment",
        "exports.add_savedsegment",
        "exports.change_savedsegment",
        "exports.view_exportrun",
        "exports.add_exportrun",
        "exports.change_exportrun",
        "exports.download_exportrun",
        "imports.view_import",
        "imports.add_import",
        "imports.change_import",
        "consents.look_up",
        "accounts.view_credential",
        "accounts.add_credential",
        "accounts.change_credential",
    },
    STEWARD: {"consents.look_up", "consents.change_consent", "accounts.view_credential"},
    AUDITOR: {"audit.view_event"},
    ADMIN: {
        "audit.view_event",
        "accounts.view_user",
        "accounts.add_user",
        "accounts.change_user",
        "accounts.view_vendoraccount",
        "accounts.add_vendoraccount",
        "accounts.change_vendoraccount",
        "runs.operate_desk",
    },
}


def ensure(using: str = DEFAULT_DB_ALIAS, **kwargs: object) -> None:
    """Make the groups and give them exactly their permissions; idempotent, after every migrate.

    Not a data migration: on a fresh database the permissions do not exist yet while migrations run.
    """
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    for label in ("accounts", "audit", "consents", "exports", "imports", "runs"):
        create_permissions(apps.get_app_config(label), verbosity=0, using=using)
    for name, wanted in PERMISSIONS.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        codenames = {label.split(".")[1] for label in wanted}
        found = [
            permission
            for permission in Permission.objects.using(using)
            .filter(codename__in=codenames)
            .select_related("content_type")
            if f"{permission.content_type.app_label}.{permission.codename}" in wanted
        ]
        group.permissions.set(found)
