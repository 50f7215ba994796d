"""What somebody may do with people's consents. Nothing of a look-up is kept but its line in the audit history."""

from django.db import models


class LookUp(models.Model):
    """No table: it holds the two rights."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("look_up", "Look people up"), ("change_consent", "Change people's consents")]
