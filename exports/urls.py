from django.urls import path

from exports import views

app_name = "exports"

urlpatterns = [
    # saved segments
    path("segments/", views.segment_list, name="segment_list"),
    path("segments/rows/", views.segment_rows, name="segment_rows"),
    path("segments/new/", views.segment_new, name="segment_new"),
    path("segments/draft/", views.segment_draft, name="segment_draft"),
    path("segments/options/", views.segment_options, name="segment_options"),
    path("segments/<int:pk>/", views.segment_edit, name="segment_edit"),
    path("segments/<int:pk>/duplicate/", views.segment_duplicate, name="segment_duplicate"),
    path("segments/<int:pk>/history/", views.segment_history, name="segment_history"),
    path("segments/<int:pk>/history/<int:number>/restore/", views.segment_restore, name="segment_restore"),
    path("segments/<int:pk>/history/compare/", views.drift_create, name="drift_create"),
    path("segments/<int:pk>/run/", views.run_create, name="run_create"),
    # export runs
    path("runs/", views.run_list, name="run_list"),
    path("runs/rows/", views.run_rows, name="run_rows"),
    path("runs/<int:pk>/", views.run_detail, name="run_detail"),
    path("runs/<int:pk>/live/", views.run_live, name="run_live"),
    path("runs/<int:pk>/cancel/", views.run_cancel, name="run_cancel"),
    path("runs/<int:pk>/rows/", views.run_look, name="run_look"),
    path("runs/<int:pk>/columns/", views.run_columns, name="run_columns"),
    path("runs/<int:pk>/columns/count/", views.run_survey, name="run_survey"),
    path("runs/<int:pk>/columns/live/", views.run_survey_live, name="run_survey_live"),
    path("runs/<int:pk>/share/", views.run_share, name="run_share"),
    path("runs/<int:pk>/remove/", views.run_remove, name="run_remove"),
    path("runs/<int:pk>/files/", views.run_files, name="run_files"),
    path("runs/<int:pk>/files/make/", views.derived_create, name="derived_create"),
    path("runs/<int:pk>/files/made/<int:derived>/", views.derived_download, name="derived_download"),
    path("runs/<int:pk>/files/made/<int:derived>/take/", views.derived_take, name="derived_take"),
    path("runs/<int:pk>/files/<str:form>/take/", views.run_take, name="run_take"),
    path("runs/<int:pk>/files/<str:form>/", views.run_download, name="run_download"),
    # what changed between two runs
    path("changes/<int:pk>/", views.drift_detail, name="drift_detail"),
    path("changes/<int:pk>/live/", views.drift_live, name="drift_live"),
    path("changes/<int:pk>/again/", views.drift_again, name="drift_again"),
    path("changes/<int:pk>/take/", views.drift_take, name="drift_take"),
    path("changes/<int:pk>/people/", views.drift_download, name="drift_download"),
]
