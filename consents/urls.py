from django.urls import path

from consents import views

app_name = "consents"

urlpatterns = [
    path("look-up/", views.look_up, name="look_up"),
    path("look-up/change/", views.consent_change, name="consent_change"),
    path("look-up/lists/", views.list_index, name="list_index"),
    path("look-up/lists/new/", views.list_new, name="list_new"),
    path("look-up/lists/<int:pk>/", views.list_detail, name="list_detail"),
    path("look-up/lists/<int:pk>/live/", views.list_live, name="list_live"),
    path("look-up/lists/<int:pk>/workbook/", views.list_workbook, name="list_workbook"),
    path("look-up/lists/<int:pk>/cancel/", views.list_cancel, name="list_cancel"),
    path("look-up/lists/<int:pk>/remove/", views.list_remove, name="list_remove"),
    path("look-up/forget/", views.recent_forget, name="recent_forget"),
]
