from django.urls import path

from imports import views

app_name = "imports"

urlpatterns = [
    path("imports/", views.import_list, name="import_list"),
    path("imports/at-home/", views.at_home, name="at_home"),
    # the wizard
    path("imports/new/", views.upload_new, name="upload_new"),
    path("imports/drafts/<int:pk>/", views.upload_purpose, name="upload_purpose"),
    path("imports/drafts/<int:pk>/file/", views.upload_file, name="upload_file"),
    path("imports/drafts/<int:pk>/file/piece/", views.upload_piece, name="upload_piece"),
    path("imports/drafts/<int:pk>/reading/", views.upload_reading, name="upload_reading"),
    path("imports/drafts/<int:pk>/reading/rows/", views.upload_rows, name="upload_rows"),
    path("imports/drafts/<int:pk>/reading/live/", views.upload_sheet_live, name="upload_sheet_live"),
    path("imports/drafts/<int:pk>/columns/", views.upload_columns, name="upload_columns"),
    path("imports/drafts/<int:pk>/consents/", views.upload_consents, name="upload_consents"),
    path("imports/drafts/<int:pk>/check/", views.upload_check, name="upload_check"),
    path("imports/drafts/<int:pk>/check/live/", views.upload_check_live, name="upload_check_live"),
    path("imports/drafts/<int:pk>/check/rejected/", views.upload_rejects, name="upload_rejects"),
    path("imports/drafts/<int:pk>/confirm/", views.upload_confirm, name="upload_confirm"),
    path("imports/drafts/<int:pk>/confirm/live/", views.upload_confirm_live, name="upload_confirm_live"),
    path("imports/drafts/<int:pk>/confirm/compare/", views.upload_compare, name="upload_compare"),
    path("imports/drafts/<int:pk>/discard/", views.upload_discard, name="upload_discard"),
    # imports
    path("imports/<int:pk>/", views.import_detail, name="import_detail"),
    path("imports/<int:pk>/live/", views.import_live, name="import_live"),
    path("imports/<int:pk>/cancel/", views.import_cancel, name="import_cancel"),
    path("imports/<int:pk>/rejected/", views.import_rejects, name="import_rejects"),
    path("imports/<int:pk>/before/", views.import_restore, name="import_restore"),
    path("imports/<int:pk>/parts/<int:number>/again/", views.part_again, name="part_again"),
]
