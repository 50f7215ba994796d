import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Upper


def take_from_runs(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each share the segment of its run. What has no file was never offered to be shared, and is not any more."""
    shares = apps.get_model("exports", "RunShare").objects
    shares.filter(run__file=None).delete()
    runs = apps.get_model("exports", "ExportRun").objects.filter(pk=models.OuterRef("run"))
    shares.update(segment=models.Subquery(runs.values("segment")[:1]))


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0014_events'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='exportrun',
            index=models.Index(fields=['owner', 'status', 'segment'], name='exportrun_counted'),
        ),
        migrations.AddIndex(
            model_name='savedsegment',
            index=models.Index(Upper('name'), name='savedsegment_words'),
        ),
        migrations.AddField(
            model_name='runshare',
            name='segment',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='exports.savedsegment'),
        ),
        # The next migration forbids what is empty: PostgreSQL alters no table whose rows were touched just now.
        migrations.RunPython(take_from_runs, migrations.RunPython.noop),
    ]
