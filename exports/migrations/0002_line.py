import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    """Give each run the account of its key: a run always had it, by way of the key."""
    credentials = apps.get_model("accounts", "Credential").objects.filter(pk=OuterRef("credential"))
    runs = apps.get_model("exports", "ExportRun").objects.using(schema_editor.connection.alias)
    runs.update(account=Subquery(credentials.values("account")[:1]))


class Migration(migrations.Migration):
    # PostgreSQL alters no table that has changed rows in the same transaction.
    atomic = False

    dependencies = [
        ("accounts", "0003_line"),
        ("exports", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            "exportrun",
            "account",
            models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.vendoraccount"),
        ),
        migrations.AddField("exportrun", "turn", models.PositiveIntegerField(default=0)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            "exportrun",
            "account",
            models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.vendoraccount"),
        ),
        migrations.AddIndex(
            "exportrun",
            models.Index(
                condition=models.Q(("status__in", ("queued", "running"))),
                fields=["account", "turn", "id"],
                name="exportrun_line",
            ),
        ),
    ]
