"""Settings of skillbuilder, read from the environment.

With nothing set, everything lives in the data folder ``var/``: SQLite, the queue's
messages, artifacts, a generated secret key. Production sets at least DATABASE_URL,
BROKER_URL, ALLOWED_HOSTS and SKILLBUILDER_HTTPS=1.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from kombu.entity import Queue

from skillbuilder import queues

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent


def made(folder: Path) -> Path:
    """Return ``folder``, which exists from now on."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kept_secret(path: Path) -> str:
    """Return the secret in ``path``; the first to ask makes it, for its owner's eyes only."""
    if not path.exists():
        # Written aside and linked into place: no other process ever reads half a secret.
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        aside.touch(mode=0o600)
        aside.write_text(secrets.token_urlsafe(60))
        with suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
    return path.read_text().strip()


VAR = made(Path(env.str("SKILLBUILDER_VAR", default=str(BASE_DIR / "var"))).resolve())
# Trained artifacts, one folder a training run. All web and worker hosts must see the same, unless
# ARTIFACT_BUCKET names a bucket of an S3-compatible store (of ARTIFACT_ENDPOINT, if it is not
# AWS): then each host keeps copies of those used last. Keys come from where boto3 looks for them.
ARTIFACT_ROOT = Path(env.str("ARTIFACT_ROOT", default=str(VAR / "artifacts"))).resolve()
ARTIFACT_BUCKET = env.str("ARTIFACT_BUCKET", default="")
ARTIFACT_CACHE = Path(env.str("ARTIFACT_CACHE", default=str(VAR / "artifact-cache"))).resolve()
ARTIFACT_CACHE_BYTES = env.int("ARTIFACT_CACHE_BYTES", default=10_000_000_000)

# Memory for the parsers that a web process keeps loaded, those that were used last. About 1.2 MB
# a skill; 90 MB for the 32 that parsed last, and 250 MB for the process itself, come on top.
PARSER_CACHE_BYTES = env.int("PARSER_CACHE_BYTES", default=512_000_000)
# Who sends it as a bearer token may read /metrics; without one, signed-in staff alone may.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# What the encoder made of utterances, kept by this host's workers from build to build.
ENCODING_CACHE = Path(env.str("ENCODING_CACHE", default=str(VAR / "encodings.sqlite3")))
ENCODING_CACHE_BYTES = env.int("ENCODING_CACHE_BYTES", default=512_000_000)

# --- Core -----------------------------------------------------------------------------

DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="") or kept_secret(VAR / "secret-key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
ROOT_URLCONF = "skillbuilder.urls"
WSGI_APPLICATION = "skillbuilder.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False

INSTALLED_APPS = [
    "skillbuilder.authoring",
    "skillbuilder.training",
    "skillbuilder.console",
    "skillbuilder.api",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "rest_framework",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "skillbuilder.programs.StaticFiles",
    "skillbuilder.programs.ContentSecurityPolicy",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "skillbuilder.limits.BodyLimitMiddleware",
    "skillbuilder.programs.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "skillbuilder.programs.SignedIn",
    "skillbuilder.authoring.history.ActingUser",
    "skillbuilder.programs.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "skillbuilder.programs.Htmx",
    "axes.middleware.AxesMiddleware",
    "skillbuilder.outages.OutageMiddleware",
]

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
            ],
        },
    }
]

# --- Database: SQLite for one host, Postgres for several ---------------------------------


def database() -> dict[str, Any]:
    """Return the database that DATABASE_URL names, with what each kind needs to be safe."""
    config: dict[str, Any] = env.db_url(
        "DATABASE_URL", default=f"sqlite:///{VAR / 'skillbuilder.sqlite3'}"
    )
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"].endswith("sqlite3"):
        # Without WAL and IMMEDIATE, a web server and a worker meet "database is locked".
        options.setdefault("transaction_mode", "IMMEDIATE")
        options.setdefault("timeout", 20)
        # Opening it for each request costs as much as a query.
        config["CONN_MAX_AGE"] = 60
        # SQLite keeps 2 MB of its pages by itself; the indexes of 50,000 slot values are larger.
        pragmas = "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-16000;"
        options.setdefault("init_command", pragmas)
    else:
        options.setdefault("pool", {"min_size": 1, "max_size": 8, "timeout": 10})
        options.setdefault("connect_timeout", 5)
    return config


DATABASES = {"default": database()}
CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
if CACHES["default"]["BACKEND"].endswith(".LocMemCache"):
    # By default 300: then calls of so many users are no longer counted.
    CACHES["default"]["OPTIONS"] = CACHES["default"].get("OPTIONS", {}) | {"MAX_ENTRIES": 20_000}
if CACHES["default"]["BACKEND"].endswith(".RedisCache"):
    as_json = {"serializer": "skillbuilder.cache.JsonSerializer"}
    CACHES["default"]["OPTIONS"] = CACHES["default"].get("OPTIONS", {}) | as_json

# --- Queue: carries ids of training runs only; the database owns the runs ----------------

CELERY_BROKER_URL = env.str("BROKER_URL", default="filesystem://")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}
if CELERY_BROKER_URL.startswith("filesystem://"):
    CELERY_BROKER_TRANSPORT = "skillbuilder.broker:Transport"
    BROKER_FOLDER = VAR / "broker"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(made(BROKER_FOLDER / "messages")),
        "data_folder_out": str(BROKER_FOLDER / "messages"),
        "control_folder": str(made(BROKER_FOLDER / "control")),
        # Kept for a while, not moved through the system's temporary folder: that may be
        # another file system, where a move is no longer atomic.
        "store_processed": True,
        "processed_folder": str(made(BROKER_FOLDER / "processed")),
        "polling_interval": 0.2,
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = queues.UPKEEP
CELERY_TASK_QUEUES = [Queue(name) for name in queues.ALL]
CELERY_TASK_ROUTES = queues.ROUTES
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# torch after a fork may hang, so children are spawned.
CELERY_WORKER_POOL = "prefork"
CELERY_WORKER_POOL_START_METHOD = "spawn"
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=min(2, os.cpu_count() or 1))
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
# A child that took more is replaced after its task; a build that takes more than its limit fails.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 1000 * env.int("WORKER_MEMORY_MB", default=2_000)
TRAINING_MEMORY_MB = env.int("TRAINING_MEMORY_MB", default=4_000)
# What a child loads before its first build, "quick", "full" or nothing, and how far it gives way.
WORKER_WARMS = env.str("WORKER_WARMS", default="")
WORKER_NICE = env.int("WORKER_NICE", default=0)
# On a busy machine torch alone takes longer to come in than the pool usually waits for a child.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 180.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "beat-schedule")
CELERY_BEAT_SCHEDULER = "skillbuilder.scheduler:Scheduler"

# A worker that trains renews its lease; a run whose lease has run out is lost and is
# queued again, at most TRAINING_ATTEMPTS times in all.
TRAINING_LEASE = timedelta(seconds=env.float("TRAINING_LEASE_SECONDS", default=30.0))
TRAINING_ATTEMPTS = 3
QUICK_TIME_LIMIT = timedelta(minutes=env.float("QUICK_TIME_LIMIT_MINUTES", default=10.0))
TRAINING_TIME_LIMIT = timedelta(minutes=env.float("TRAINING_TIME_LIMIT_MINUTES", default=30.0))
EVALUATION_TIME_LIMIT = timedelta(minutes=env.float("EVALUATION_TIME_LIMIT_MINUTES", default=30.0))
# A build first makes the quick tier live, then goes on to the full tier in the background.
BUILD_FULL_TIER = env.bool("BUILD_FULL_TIER", default=True)
# After each build both parsers are trained three times more, on two thirds of the samples each,
# to tell how good the skill is without a test set. It gives way to builds.
QUALITY_AFTER_BUILD = env.bool("QUALITY_AFTER_BUILD", default=True)
# A build fails whose artifact costs more than this to keep, to load or to parse with: one skill
# must not push all others out of a web process, or keep them waiting. Times are of a core.
SKILL_BUDGET = {
    "artifact_bytes": env.int("SKILL_MAX_ARTIFACT_BYTES", default=64_000_000),
    "loaded_bytes": env.int("SKILL_MAX_LOADED_BYTES", default=128_000_000),
    "load_ms": env.float("SKILL_MAX_LOAD_MS", default=1_000.0),
    "parse_ms": env.float("SKILL_MAX_PARSE_MS", default=100.0),
}
# How often each worker looks for lost runs.
REAP_EVERY = timedelta(seconds=env.float("REAP_SECONDS", default=5.0))
CELERY_BEAT_SCHEDULE = {
    "purge-parse-logs": {
        "task": "skillbuilder.training.tasks.purge_parse_logs",
        "schedule": timedelta(hours=1),
        # With no worker about, yesterday's calls must not pile up.
        "options": {"expires": 3600},
    },
    "clear-away": {
        "task": "skillbuilder.training.tasks.clear_away",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "empty-bin": {
        "task": "skillbuilder.training.tasks.empty_bin",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
}

# --- Files, sign-in, API -----------------------------------------------------------------

STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_URL = "static/"
# Where STATIC_ROOT names a folder, `collectstatic` fills it and files carry hashes and
# are compressed; without it WhiteNoise serves them from where they lie, with no set-up.
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
# A file that changes meanwhile, by `git pull`, would be cut at the length that it had at the start.
WHITENOISE_AUTOREFRESH = STATIC_ROOT is None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "artifacts": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": ARTIFACT_BUCKET,
            "endpoint_url": env.str("ARTIFACT_ENDPOINT", default="") or None,
            "location": env.str("ARTIFACT_PREFIX", default=""),
            # An attempt to train may take the place of one that died.
            "file_overwrite": True,
        },
    }
    if ARTIFACT_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(ARTIFACT_ROOT)},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "skill-list"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "skillbuilder.console.account.signing_in_as"
AXES_LOCKOUT_TEMPLATE = "registration/lockout.html"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "skillbuilder.api.authentication.TokenAuthentication",
        # For the documentation page, where people are signed in already.
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["skillbuilder.api.documents.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "skillbuilder.api.documents.Negotiation",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "skillbuilder.api.pagination.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["skillbuilder.api.throttling.UserThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "user": env.str("API_RATE", default="3000/min"),
        "builds": env.str("API_BUILD_RATE", default="60/min"),
    },
    "EXCEPTION_HANDLER": "skillbuilder.api.errors.answer",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Tokens are for programs such as CI, so they live until someone revokes them.
REST_KNOX = {"TOKEN_PREFIX": "skb_", "TOKEN_TTL": None}
SPECTACULAR_SETTINGS = {
    "TITLE": "skillbuilder",
    "DESCRIPTION": "Upload interaction models, train both parsers, parse utterances.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False},
    "COMPONENT_SPLIT_REQUEST": True,
    # What follows it in a path names the group that an endpoint is listed under.
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    # A refused document has no hints, so "severity" has two sets of values.
    "ENUM_NAME_OVERRIDES": {
        "SeverityEnum": ["error", "warning"],
        "CheckSeverityEnum": ["error", "warning", "hint"],
        "ParserEnum": ["neural", "maxent_crf"],
        "MatchEnum": ["ER_SUCCESS_MATCH", "ER_SUCCESS_NO_MATCH"],
        "StatusEnum": "skillbuilder.training.models.Build.Status",
    },
}

# --- Security ----------------------------------------------------------------------------

# An interaction model has at most 1.5 MB; a form around it needs a little more.
MAX_BODY_BYTES = 2_000_000
# A set of 10,000 annotations in Alexa's JSON, and the form around it.
MAX_ANNOTATIONS_BODY_BYTES = 8_500_000
# Which address may have how much is for limits.py to say.
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_ANNOTATIONS_BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

HTTPS = env.bool("SKILLBUILDER_HTTPS", default=False)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
if env.bool("SKILLBUILDER_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # The style sheets draw their icons as data: images.
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in ("camera", "microphone", "geolocation", "payment", "usb", "display-capture")
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "django": {"level": env.str("LOG_LEVEL", default="INFO")},
        # What beat and the pool say every few seconds drowns what matters.
        **{
            name: {"level": "WARNING"}
            for name in ("axes", "celery.beat", "celery.worker.strategy", "celery.app.trace")
        },
        # It warns at every connection that filesystem:// names no host.
        "kombu.connection": {"level": "ERROR"},
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
