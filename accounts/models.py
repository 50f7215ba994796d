"""Who works here, at which vendor account, with which key of their own."""

from importlib import import_module
from typing import ClassVar
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts import addresses


def check_time_zone(value: str) -> None:
    """Raise ValidationError unless `value` names a time zone."""
    if value not in available_timezones():
        raise ValidationError(
            _("“%(value)s” is not a time zone. Use a name such as Europe/Stockholm."), params={"value": value}
        )


class User(AbstractUser):
    """A person. Deactivated when they leave, never deleted: the audit history names them."""

    email = models.EmailField(_("e-mail address"), unique=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Europe/Stockholm", validators=[check_time_zone]
    )
    language = models.CharField(
        _("language"),
        max_length=8,
        blank=True,
        choices=[("", _("What the browser asks for")), *settings.LANGUAGES],
    )
    has_shortcuts = models.BooleanField(_("keyboard shortcuts"), default=True)
    home_seen_at = models.DateTimeField(null=True, editable=False)  # Home tells what has ended since
    has_notices = models.BooleanField(_("mail when a run is over"), default=True)

    # An admin chose the present password, and so knows it: its owner chooses another before anything else.
    has_lent_password = models.BooleanField(default=False, editable=False)

    class Meta(AbstractUser.Meta):
        constraints = [
            # Whoever signs in may write them in any case, so two that differ in nothing else would be one person's two.
            models.UniqueConstraint(
                Lower("username"),
                name="one_username_in_any_case",
                violation_error_message=_("Somebody has this user name already, perhaps in other letters’ case."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                name="one_email_in_any_case",
                violation_error_message=_("Somebody has this e-mail address already, perhaps in other letters’ case."),
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class SessionManager(BaseSessionManager["Session"]):
    def get_queryset(self) -> models.QuerySet["Session"]:
        """Read whoever it is of in the same query: whoever loads a session asks next who that is."""
        return super().get_queryset().select_related("person")


class Session(AbstractBaseSession):
    """A stay at the desk, from signing in to signing out. Nobody's until somebody is in (accounts/sessions.py)."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")

    objects: ClassVar[SessionManager] = SessionManager()

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
        return store


class VendorAccount(models.Model):
    """One account at a vendor: where its API answers, and which generation of consent it is on."""

    class Region(models.TextChoices):
        EU = "eu", _("APSIS One, Europe")
        APAC = "apac", _("APSIS One, APAC")
        OTHER = "other", _("another address")

    BASE_URLS = {Region.EU: "https://api.apsis.one", Region.APAC: "https://api-apac.apsis.one"}

    name = models.CharField(_("name"), max_length=120, unique=True)
    region = models.CharField(_("where"), max_length=8, choices=Region, default=Region.EU)
    other_url = models.CharField(
        _("address"),
        max_length=200,
        blank=True,
        help_text=_("Only for another address: https, with nothing after the host."),
    )
    consent_version = models.PositiveSmallIntegerField(
        _("consent"), choices=[(2, _("Consent 2.0")), (1, _("Consent 1.0"))], default=2
    )
    upload_hosts = models.TextField(
        _("where files are sent"),
        blank=True,
        help_text=_(
            "The storage that the vendor names when it takes an import: one address a line, https, with nothing after "
            "the host. Left empty, it is that of the vendor’s region. An import that is sent elsewhere stops before a "
            "byte leaves."
        ),
    )
    # Which sections its keys have opened (accounts/sections.py): so that a key of another account is noticed.
    sections = models.JSONField(default=list, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("vendor account")
        verbose_name_plural = _("vendor accounts")
        constraints = [
            models.CheckConstraint(
                name="other_url_when_other",
                condition=Q(region="other") & ~Q(other_url="") | ~Q(region="other") & Q(other_url=""),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def base_url(self) -> str:
        """The origin that credentials go to, and no other."""
        return self.BASE_URLS.get(self.region, self.other_url)  # type: ignore[call-overload]

    def clean(self) -> None:
        if self.region == self.Region.OTHER:
            try:
                self.other_url = addresses.checked_base_url(self.other_url)
            except ValidationError as error:
                raise ValidationError({"other_url": error.messages}) from None
        else:
            self.other_url = ""
        try:
            self.upload_hosts = "\n".join(addresses.checked_base_url(line) for line in self.upload_hosts.split())
        except ValidationError as error:
            raise ValidationError({"upload_hosts": error.messages}) from None


class CredentialQuerySet(models.QuerySet["Credential"]):
    def visible_to(self, user: User) -> "CredentialQuerySet":
        """A credential is its owner's alone; one that was erased is nobody's any more."""
        return self.filter(owner=user).exclude(sealed_secret="")

    def kept(self) -> "CredentialQuerySet":
        return self.exclude(sealed_secret="")


class Credential(models.Model):
    """One person's key for one vendor account. The secret goes in and never comes out to a person.

    A key that was erased leaves its row behind, for the runs that were made with it.
    """

    class State(models.TextChoices):
        UNTESTED = "untested", _("not tested")
        WORKING = "working", _("working")
        REFUSED = "refused", _("refused")

    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="credentials")
    account = models.ForeignKey(VendorAccount, on_delete=models.PROTECT, related_name="credentials")
    client_id = models.CharField(_("client ID"), max_length=200)
    sealed_secret = models.TextField(editable=False)
    last_four = models.CharField(max_length=4, editable=False)
    state = models.CharField(max_length=8, choices=State, default=State.UNTESTED)
    tested_at = models.DateTimeField(null=True)
    test_message = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)

    # The access token, shared by every process that works with this key (accounts/tokens.py).
    sealed_token = models.TextField(editable=False, blank=True)
    token_expires_at = models.FloatField(editable=False, default=0)
    token_taken_until = models.FloatField(editable=False, default=0)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        ordering = ["account__name"]
        constraints = [models.UniqueConstraint(name="one_credential_per_account", fields=["owner", "account"])]

    def __str__(self) -> str:
        return f"{self.account}, …{self.last_four}"

    @property
    def is_erased(self) -> bool:
        return not self.sealed_secret


class Lane(models.Model):
    """What is left of one limit that a vendor counts per account (accounts/lanes.py)."""

    account = models.ForeignKey(VendorAccount, on_delete=models.CASCADE, related_name="lanes")
    name = models.CharField(max_length=16)
    level = models.FloatField()
    filled_at = models.FloatField()
    held_until = models.FloatField(default=0)
    version = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(name="one_lane_per_limit", fields=["account", "name"])]


class LearntLimit(models.Model):
    """What an account's use has taught about a limit that the vendor does not print (accounts/limits.py)."""

    account = models.ForeignKey(VendorAccount, on_delete=models.CASCADE, related_name="learnt_limits")
    name = models.CharField(max_length=16)
    passed = models.PositiveIntegerField(default=0)  # the largest figure that was accepted
    refused = models.PositiveIntegerField(null=True)  # the smallest one that was refused as too much
    learnt_at = models.DateTimeField(null=True)  # of a width, which is forgotten with time

    class Meta:
        constraints = [models.UniqueConstraint(name="one_lesson_per_limit", fields=["account", "name"])]


class Definitions(models.Model):
    """The vendor's last known list of one kind, as one credential sees it (accounts/definitions.py)."""

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="definitions")
    kind = models.CharField(max_length=16)
    section = models.CharField(max_length=255, blank=True)
    items = models.JSONField(default=list)
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_list_per_kind", fields=["credential", "kind", "section"])]
