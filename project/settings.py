"""Settings, read from environment variables (docs/operations.md lists them).

No secret has a working default. The one exception is the demo flag: it makes keys of its own in the data
directory, binds to 127.0.0.1 and refuses any other host.
"""

from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from project import demo_keys, keys

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "var")))

# ── The demo flag: invented people, keys made on the spot, this machine only ────────────────────────────────
DEMO = env.bool("DEMO", False)
if DEMO:
    env.ENVIRON = {**demo_keys.read_or_make(DATA_DIR), **env.ENVIRON}

SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # former ones, until their sessions have ended
VAULT_KEYS = env.list("VAULT_KEYS")  # Fernet keys, newest first; apart from SECRET_KEY so that each can rotate
AUDIT_KEYS = env.list("AUDIT_KEYS")  # what seals the audit history, newest first; an old one goes with its last event
INDEX_KEYS = env.list("INDEX_KEYS")  # what people's addresses are hashed with (people/pseudonyms.py), newest first
keys.check(
    SECRET_KEY=[SECRET_KEY, *SECRET_KEY_FALLBACKS],
    VAULT_KEYS=VAULT_KEYS,
    AUDIT_KEYS=AUDIT_KEYS,
    INDEX_KEYS=INDEX_KEYS,
)
DEBUG = env.bool("DEBUG", False)
PORT = env.int("PORT", 8000)

LOOPBACK_HOSTS = ["127.0.0.1", "localhost"]
ALLOWED_HOSTS = LOOPBACK_HOSTS if DEMO else env.list("ALLOWED_HOSTS")
if DEMO and env.list("ALLOWED_HOSTS", default=LOOPBACK_HOSTS) != LOOPBACK_HOSTS:
    raise ImproperlyConfigured(
        "DEMO is on, and the demo people's passwords are printed for everybody to read, so the desk answers on "
        "127.0.0.1 alone. Take ALLOWED_HOSTS out, or switch DEMO off."
    )

INSTALLED_APPS = [
    "accounts",
    "audit",
    "runs",
    "people",
    "exports",
    "imports",
    "consents",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_filters",
    "django_htmx",
    "template_partials",
]

MIDDLEWARE = [
    "project.health.first",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.authentication.PersonBesideSession",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "audit.denials.refusals",
    "project.middleware.private_answers",
    "project.middleware.own_password",
    "project.middleware.second_factor",
    "project.middleware.own_time_zone",
    "project.middleware.own_language",
    "project.middleware.fresh_page_for_lost_session",
    "project.refusals.wrong_way",
]

ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "exports.context.rail",
            ],
            "builtins": ["template_partials.templatetags.partials", "exports.templatetags.desk"],
        },
    },
]

# ── Database ─────────────────────────────────────────────────────────────────────────────────────────────────
DATABASES = {"default": env.db("DATABASE_URL", f"sqlite:///{DATA_DIR / 'desk.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Without these, six writers lose between a tenth and two thirds of their writes to "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # A connection lasts as long as its thread. Each new one reads the whole schema, which costs as much as a step does.
    DATABASES["default"]["CONN_MAX_AGE"] = None
else:
    DATABASES["default"]["OPTIONS"] = {
        "pool": {"min_size": 0, "max_size": 20, "timeout": 10},
        # A host that is cut off hears nothing, not even an error: without these it would wait for a quarter of an hour.
        "connect_timeout": 5,
        "tcp_user_timeout": 20_000,  # milliseconds
        "keepalives_idle": 20,
        "keepalives_interval": 10,
    }
    # A restart of the database cuts off what lies in the pool: looked at before it is handed out, that costs no page.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# ── Celery: only a way to be called; project/celery.py says why each of its settings is as it is ────────────
BROKER_URL = env.str("BROKER_URL", f"redis+socket://{DATA_DIR / 'valkey' / 'valkey.sock'}?virtual_host=0")

# The throttle of the sign-in page lives here. JSON, because a pickle from a shared server is code.
CACHES = {
    "default": {
        "BACKEND": "project.cache.SteadyCache",
        "LOCATION": env.str("CACHE_URL", f"unix://{DATA_DIR / 'valkey' / 'valkey.sock'}?db=1"),
        "KEY_PREFIX": "desk",
        # A server that hangs must not hold the sign-in: after two seconds it counts as away.
        "OPTIONS": {"serializer": "project.cache.JSONSerializer", "socket_timeout": 2, "socket_connect_timeout": 2},
    }
}

# ── People and sign-in ───────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backend.GroupsAlone"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.ClosedDoor"  # people are made by an admin, never by themselves
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an admin vouches for the address
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Consent Desk: "
ACCOUNT_FORMS = {
    "login": "accounts.sign_in.SignInForm",
    "reset_password": "accounts.sign_in.ForgottenForm",
    "reset_password_from_key": "accounts.sign_in.NewPasswordForm",
    "change_password": "accounts.sign_in.OtherPasswordForm",
}
ACCOUNT_SESSION_REMEMBER = False
# What changes how somebody signs in, or whose key works for them, is asked for again after this many seconds.
ACCOUNT_REAUTHENTICATION_TIMEOUT = env.int("REAUTHENTICATION_TIMEOUT", 15 * 60)
ACCOUNT_LOGOUT_ON_GET = False
# The throttle counts by address. Behind a proxy, all come from its address unless it is counted here; without one, a
# number here would let anybody call themselves whatever they like.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", 0)
# The company's own sign-in beside ours, where it names an issuer (docs/sign-in.md).
OIDC_ISSUER = env.str("OIDC_ISSUER", "")
OIDC_NAME = env.str("OIDC_NAME", "company") if OIDC_ISSUER else ""
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID") if OIDC_ISSUER else ""
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET") if OIDC_ISSUER else ""
OIDC_SECOND_FACTOR = env.list(
    "OIDC_SECOND_FACTOR", default=[]
)  # what in its tokens proves one; empty: ours is asked for
if OIDC_ISSUER and not OIDC_ISSUER.startswith("https://") and not DEMO:
    raise ImproperlyConfigured("OIDC_ISSUER does not begin with https://, and whoever is on the way could come in.")
SOCIALACCOUNT_ADAPTER = "accounts.oidc.door.CompanyDoor"
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"provider_class": "accounts.oidc.provider.CompanyProvider"}}
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5  # seconds that somebody may wait for a provider that is silent
# A second factor: anybody may have one, the people of these groups must. The demo's people have none.
REQUIRE_SECOND_FACTOR = env.list("REQUIRE_SECOND_FACTOR", default=[] if DEMO else ["Admin", "Auditor"])
MFA_ADAPTER = "accounts.second_factor.SealedFactors"
MFA_FORMS = {"activate_totp": "accounts.sign_in.AppForm"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Consent Desk"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an admin vouches for the address, so none is ever verified by mail
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO  # http on this machine, and nowhere else
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.LongestValidator"},
]

# Behind proxies the visitor's address is what the outermost of ours wrote down. Without the number everybody would
# come from the proxy, and one person's slips at the sign-in would hold everybody back.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", 0)

# ── Mail: links to a new password and to runs that are over, and nothing else ────────────────────────────────
# The demo has no mail server: what it would send is kept as files beside the rest of its state.
vars().update(env.email("EMAIL_URL", f"filemail:///{DATA_DIR / 'mail'}" if DEMO else "smtp://localhost:25"))
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", "Consent Desk <consent-desk@localhost>")
EMAIL_TIMEOUT = 10  # a mail server that hangs must not hold the page longer
# Whether people are mailed when a run of theirs is over. Each can switch it off for themself.
NOTICES = env.bool("NOTICES", True)
NOTICE_AFTER = env.float("NOTICE_AFTER", 30.0)  # seconds: whoever sees the run's page meanwhile needs no mail
NOTICE_PAUSE = env.float("NOTICE_PAUSE", 600.0)  # seconds between two mails to one person: the second tells of many
NOTICE_TICK = env.float("NOTICE_TICK", 5.0)

# ── Answers ──────────────────────────────────────────────────────────────────────────────────────────────────
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# In the database and nowhere else, so that one that is ended is over at the next click, whatever the cache does.
SESSION_ENGINE = "accounts.sessions"
SESSION_FORGET = 60 * 60.0  # seconds between two looks for what is left of sessions whose time is over
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # htmx takes the token from the page, so no script needs the cookie
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if not DEMO:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    # By these names browsers take a cookie from this host alone, over https: no neighbour below the same domain can
    # plant one.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 60 * 60 * 24 * 365)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_SUBDOMAINS", True)  # what lies below the desk's own name
    # Whether a whole domain goes into the browsers' own lists is for its owner to say, not for one desk in it.
    SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", False)
    SILENCED_SYSTEM_CHECKS = ["security.W021"]
    CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# ── Files of people: never below a URL of their own, never world-readable ───────────────────────────────────
STATIC_URL = "static/"
# The demo serves them straight from where they lie, so that a first start need not collect them.
STATIC_ROOT = None if DEMO else DATA_DIR / "static"
WHITENOISE_USE_FINDERS = DEMO
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "runs.storage.PrivateFolder",
        "OPTIONS": {"location": DATA_DIR / "files"},
    },
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEMO
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
# An import is cut into parts of at most this many bytes: the vendor takes 50 MB, and its own measure is not known.
IMPORT_PART_BYTES = env.int("IMPORT_PART_BYTES", 49_500_000)
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", 2 * 1024**3)  # of one uploaded file
# Who tells an import of too many people for that who has consented: exports and imports do not know each other.
KNOWN_CONSENTS = "exports.consented.newest"
WORKBOOK = "exports.workbook.write"  # writes a list of people as a workbook
COPIES_OF = "exports.whereabouts.of"  # tells a look-up in which downloaded files somebody is
IMPORT_COMPARED_ROWS = env.int("IMPORT_COMPARED_ROWS", 2_000)  # up to so many, each person is looked up beforehand
IMPORT_DRAFT_HOURS = env.int("IMPORT_DRAFT_HOURS", 24)  # how long an upload waits to be confirmed
FILE_KEPT_DAYS = env.int("FILE_KEPT_DAYS", 7)
# Who is in a file that was downloaded can be asked for this long after the file went: its copies live on.
INDEX_KEPT_DAYS = env.int("INDEX_KEPT_DAYS", 30)
# Above this many rows a file is handed out for a purpose alone; 0 asks at every file, and -1 at none.
_above = env.int("PURPOSE_ABOVE_ROWS", 10_000)
PURPOSE_ABOVE_ROWS = None if _above < 0 else _above
FILE_SWEEP = env.float("FILE_SWEEP", 60.0)  # seconds between two looks for files whose time is over
# A vendor's file may unpack to this many bytes, no more: a gzip bomb ends here.
FILE_MAX_CONTENT_BYTES = env.int("FILE_MAX_CONTENT_BYTES", 50 * 1024**3)

# ── The audit history ────────────────────────────────────────────────────────────────────────────────────────
# Where the head of its chain is told every hour, so that who can write to the database cannot cut its end off unseen.
AUDIT_HEADS = env.str("AUDIT_HEADS", str(DATA_DIR / "audit-heads.log"))
AUDIT_TICK = env.float("AUDIT_TICK", 1.0)  # seconds from an event to its seal
# For this long after an event, it is found again by the address of whom it is about; a key of INDEX_KEYS stays as long.
AUDIT_PERSON_DAYS = env.int("AUDIT_PERSON_DAYS", 365)

# ── The run engine, in seconds ───────────────────────────────────────────────────────────────────────────────
RUN_TICK = env.float("RUN_TICK", 1.0)
RUN_LEASE = env.float("RUN_LEASE", 60.0)  # a dead worker costs one lease
RUN_RENEW = env.float("RUN_RENEW", 10.0)  # a long step says that it lives this often
RUN_SLOWEST_POLL = env.float("RUN_SLOWEST_POLL", 60.0)  # between two questions about an export that takes long
RUN_PRESENCE = env.float("RUN_PRESENCE", 10.0)  # a worker and beat say that they live this often
RUN_ASK_AGAIN = env.float("RUN_ASK_AGAIN", 120.0)  # after an answer was lost

# ── Language and time ────────────────────────────────────────────────────────────────────────────────────────
# Spoken where nobody says which: by a browser that asks for neither, and in mails to those who have chosen none.
LANGUAGE_CODE = env.str("DEFAULT_LANGUAGE", "en")
LANGUAGES = [("en", "English"), ("sv", "Svenska")]  # each called what those who read it call it
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Stockholm"
USE_TZ = True
# Grouping is asked for where a person reads a number (the filter `count`): switched on everywhere, it would also reach
# the numbers in addresses and hidden fields.
USE_THOUSAND_SEPARATOR = False
FORMAT_MODULE_PATH = ["project.formats"]

# ── Logs: no query string, no vendor URL, no address ─────────────────────────────────────────────────────────
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # `json` writes each line as an object, for whoever collects them.
    "formatters": {"line": {"()": "project.logs.formatter", "shape": env.str("LOG_FORMAT", "logfmt")}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["out"], "level": env.str("LOG_LEVEL", "INFO")},
    # httpx logs whole URLs at INFO, kombu and the trace logger whole messages at DEBUG.
    # The strategy and beat write a line for every tick.
    "loggers": {
        name: {"level": "WARNING"}
        for name in (
            "httpx",
            "httpcore",
            "urllib3",
            "kombu",
            "celery.app.trace",
            "celery.worker.strategy",
            "celery.beat",
        )
    },
}
