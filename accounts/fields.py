"""Fields of forms that stand by whatever is sent to them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class RowsField(forms.ModelMultipleChoiceField):
    """Rows by their numbers; a number that no key of the database can be is no row, and nothing breaks on it."""

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except OverflowError:
            raise forms.ValidationError(_("The form names something that there cannot be. Choose once more.")) from None
