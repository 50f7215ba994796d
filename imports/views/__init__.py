"""One module a subject: the steps of the wizard, imports."""

from imports.views.imports import (
    import_cancel,
    import_detail,
    import_list,
    import_live,
    import_rejects,
    part_again,
)
from imports.views.steps import (
    upload_check,
    upload_check_live,
    upload_columns,
    upload_confirm,
    upload_consents,
    upload_discard,
    upload_file,
    upload_new,
    upload_piece,
    upload_purpose,
    upload_reading,
    upload_rejects,
    upload_rows,
    upload_sheet_live,
)

__all__ = [
    "import_cancel",
    "import_detail",
    "import_list",
    "import_live",
    "import_rejects",
    "part_again",
    "upload_check",
    "upload_check_live",
    "upload_columns",
    "upload_confirm",
    "upload_consents",
    "upload_discard",
    "upload_file",
    "upload_new",
    "upload_piece",
    "upload_purpose",
    "upload_reading",
    "upload_rejects",
    "upload_rows",
    "upload_sheet_live",
]
