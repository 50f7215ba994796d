from django.urls import path

from consents import views

app_name = "consents"

urlpatterns = [
    path("look-up/", views.look_up, name="look_up"),
    path("look-up/change/", views.consent_change, name="consent_change"),
    path("look-up/forget/", views.recent_forget, name="recent_forget"),
]
