from django.urls import path

from accounts import views

app_name = "accounts"

# The list, `accounts:credential_list`, is composed a floor above: project/urls.py.
urlpatterns = [
    path("<int:account_pk>/", views.credential_edit, name="credential_edit"),
    path("<int:account_pk>/test/", views.credential_test, name="credential_test"),
]
