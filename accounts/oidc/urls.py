"""The provider's two addresses, below allauth's. The second one is registered at the provider."""

from django.urls import path

from accounts.oidc import views

urlpatterns = [
    path("oidc/login/", views.oidc_login, name="oidc_login"),
    path("oidc/callback/", views.oidc_callback, name="oidc_callback"),
]
