"""Every address of the desk."""

from allauth.account.decorators import secure_admin_login
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from accounts import own
from accounts.oidc import views as oidc
from accounts.urls import urlpatterns as credentials
from people import views as people
from project import admin_pages, blanks, design, health, journeys
from project.operations import views as operations

# One way in for everybody: the admin site has no sign-in of its own, so its throttle and its checks are allauth's.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "Consent Desk"

# The company's provider is named by settings alone (accounts/oidc), and a link to it is undone on a page of its own.
admin.site.unregister([SocialAccount, SocialApp, SocialToken])

handler400, handler500 = "project.refusals.bad_request", "project.refusals.server_error"

urlpatterns = [
    path("", journeys.home, name="home"),
    path("live/", journeys.home_live, name="home_live"),
    path("", include("exports.urls")),
    path("", include("imports.urls")),
    path("", include("consents.urls")),
    path("runs/<int:pk>/blanks/", blanks.run_blanks, name="run_blanks"),
    path(
        "credentials/",
        include(([path("", journeys.credential_list, name="credential_list"), *credentials], "accounts")),
    ),
    path("account/", own.own_account, name="own_account"),
    path("account/sessions/end/", own.own_sessions_end, name="own_sessions_end"),
    path("account/second-factor/", own.second_factor_setup, name="second_factor"),
    # Pages of allauth that ours replace; the first one found is the one that answers.
    path("accounts/email/", own.to_own_account, name="account_email"),
    path("accounts/2fa/", own.to_own_account, name="mfa_index"),
    path("accounts/password/set/", own.to_own_account, name="account_set_password"),
    path("accounts/3rdparty/", own.to_own_account, name="socialaccount_connections"),
    path("accounts/3rdparty/login/cancelled/", oidc.to_sign_in, name="socialaccount_login_cancelled"),
    path("accounts/3rdparty/login/error/", oidc.to_sign_in, name="socialaccount_login_error"),
    path("accounts/", include("allauth.urls")),
    path("admin/vendor-accounts/<int:pk>/move/", admin_pages.account_move, name="account_move"),
    path("admin/people/<int:pk>/deactivate/", admin_pages.person_deactivate, name="person_deactivate"),
    path("admin/people/<int:pk>/activate/", admin_pages.person_activate, name="person_activate"),
    path("admin/people/<int:pk>/second-factor/", admin_pages.person_factors, name="person_factors"),
    path("admin/audit/event/person/", people.audit_person, name="audit_person"),
    path("admin/people/<int:pk>/password/", admin_pages.person_password, name="person_password"),
    path("admin/people/<int:pk>/address/", admin_pages.person_address, name="person_address"),
    path("admin/people/<int:pk>/company-account/", admin_pages.person_unlink, name="person_unlink"),
    path("admin/operations/", operations.operations, name="operations"),
    path("admin/operations/live/", operations.operations_live, name="operations_live"),
    path("admin/operations/drain/", operations.drain_begin, name="drain_begin"),
    path("admin/operations/drain/end/", operations.drain_end, name="drain_end"),
    path("admin/operations/runs/", operations.desk_runs, name="desk_runs"),
    path("admin/operations/runs/<int:pk>/call/", operations.desk_run_call, name="desk_run_call"),
    path("admin/operations/runs/<int:pk>/hasten/", operations.desk_run_hasten, name="desk_run_hasten"),
    path("admin/operations/runs/<int:pk>/cancel/", operations.desk_run_cancel, name="desk_run_cancel"),
    path("admin/operations/runs/<int:pk>/remove/", operations.desk_run_remove, name="desk_run_remove"),
    path("admin/", admin.site.urls),
    # Answered before all else (project.health.first); here they have their names.
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
if settings.DEMO or settings.DEBUG:
    urlpatterns.append(path("design/", design.design, name="design"))
