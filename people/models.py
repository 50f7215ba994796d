"""Which files have an index of the people in them."""

from __future__ import annotations

from django.db import models


class FileIndex(models.Model):
    """The index of the people in one file that somebody downloaded. It outlives the file (people/keeping.py).

    Exports stand above, so their file and run are known here by number alone.
    """

    file = models.PositiveBigIntegerField(unique=True)
    run = models.PositiveBigIntegerField()
    subject = models.CharField(max_length=64)  # what its flags are about: two with the same may be compared
    as_of = models.DateTimeField()  # the time of what stands in the file
    channels = models.JSONField()  # the vendor's ids, in the order of the flags
    key_id = models.CharField(max_length=8)  # of INDEX_KEYS
    storage_name = models.CharField(max_length=120)
    entries = models.PositiveBigIntegerField()
    unread = models.PositiveBigIntegerField()  # cells that should hold an address, and hold something else
    made_at = models.DateTimeField()
    taken_at = models.DateTimeField()  # when the file was last downloaded, or later
    expires_at = models.DateTimeField()
    # {channel: people whose consent later files of the same subject do not show any more}, the time of the newest of
    # these, and how often it was reckoned.
    lapsed = models.JSONField(default=dict)
    lapsed_as_of = models.DateTimeField(null=True)
    lapsed_no = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(name="fileindex_taken", fields=["taken_at"]),
            models.Index(name="fileindex_over", fields=["expires_at"]),
            models.Index(name="fileindex_subject", fields=["subject", "as_of"]),
        ]
