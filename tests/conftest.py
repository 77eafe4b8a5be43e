"""The cast and the props of all Django tests.

alice owns the skill, bob has one of his own, charlie is the stranger who may see nothing.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client
from hypothesis import settings as hypothesis_settings
from knox.models import AuthToken
from rest_framework.test import APIClient

from nlu_engine.interaction_model import InteractionModel
from skillbuilder import queues
from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.skills import create_skill
from skillbuilder.cache import JsonSerializer
from skillbuilder.training import artifacts, leases, runs, storage
from skillbuilder.training.models import TrainingRun

pytest_plugins = ["tests.database_marker", "tests.groups", "tests.short_names"]

# No test is timed: on a busy machine any of them may take long.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this session's database, messages and artifacts live, apart from any other's."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, data_folder: Path
) -> None:
    """Put SQLite's test database in a file: threads meet the locks that production has."""
    from django.conf import settings

    config = settings.DATABASES["default"]
    if config["ENGINE"].endswith("sqlite3"):
        config["TEST"] = {**config.get("TEST", {}), "NAME": str(data_folder / "test.sqlite3")}


@pytest.fixture(autouse=True)
def patient_leases(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the thread of a lease look at nothing where a test's rows are in no other's sight."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None or not marker.kwargs.get("transaction"):
        monkeypatch.setattr(leases, "SECONDS_BETWEEN_LOOKS", 600.0)


@pytest.fixture(autouse=True)
def own_folders(data_folder: Path, tmp_path: Path, settings: Any) -> Iterator[None]:
    """Give each test its own artifacts and its own empty queue; builds end with the quick tier."""
    settings.BUILD_FULL_TIER = False
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"
    settings.ARTIFACT_CACHE = tmp_path / "artifact-cache"
    # The slow hash of production costs a fifth of a second for every user made.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    folders = {
        name: str(tmp_path / "broker" / name) for name in ("messages", "control", "processed")
    }
    for folder in folders.values():
        Path(folder).mkdir(parents=True)
    options = {
        "data_folder_in": folders["messages"],
        "data_folder_out": folders["messages"],
        "control_folder": folders["control"],
        "store_processed": True,
        "processed_folder": folders["processed"],
    }
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = options
    usual = current_app.conf.broker_transport_options
    current_app.conf.broker_transport_options = options
    current_app.amqp._producer_pool = None
    current_app.set_current()
    artifacts.forget_parsers()
    cache.clear()  # It counts requests.
    yield
    current_app.conf.broker_transport_options = usual


@pytest.fixture(autouse=True)
def json_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep in the cache what it would be in production: JSON (``skillbuilder.cache``)."""
    for name in ("add", "set"):
        monkeypatch.setattr(LocMemCache, name, through_json(getattr(LocMemCache, name)))


def through_json(keep: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``keep`` that fails with what is no JSON, and makes JSON of the rest."""
    serializer = JsonSerializer()

    def wrapper(self: LocMemCache, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        return keep(self, key, serializer.loads(serializer.dumps(value)), *args, **kwargs)

    return wrapper


@pytest.fixture
def sent_messages(tmp_path: Path) -> Callable[[], list[Path]]:
    """Return a function that lists the messages waiting in the queue."""
    folder = tmp_path / "broker" / "messages"
    return lambda: sorted(
        path for path in folder.glob("*.msg") if path.name.split(".")[-2] in queues.ALL
    )


def make_tiny_document() -> dict[str, Any]:
    """Return the smallest skill that is worth building: two intents, one slot type."""
    sizes = [
        {"id": "S", "name": {"value": "small", "synonyms": ["little"]}},
        {"id": "L", "name": {"value": "large", "synonyms": ["big", "huge"]}},
    ]
    return {
        "interactionModel": {
            "languageModel": {
                "invocationName": "tiny kitchen",
                "intents": [
                    {
                        "name": "OrderPizza",
                        "slots": [{"name": "size", "type": "Size"}],
                        "samples": [
                            "order a {size} pizza",
                            "i want a {size} pizza",
                            "bring me something {size} to eat",
                        ],
                    },
                    {
                        "name": "OpeningHours",
                        "slots": [],
                        "samples": ["when do you open", "what are your hours", "are you open"],
                    },
                    {"name": "AMAZON.StopIntent", "samples": []},
                ],
                "types": [{"name": "Size", "values": sizes}],
            }
        }
    }


@pytest.fixture
def tiny_document() -> dict[str, Any]:
    """Return the tiny skill as Alexa's JSON."""
    return make_tiny_document()


@pytest.fixture
def dialog_document(tiny_document: dict[str, Any]) -> dict[str, Any]:
    """Return the tiny skill with a dialog: it asks for the size and confirms the order."""
    inner = tiny_document["interactionModel"]
    inner["languageModel"]["intents"][0]["samples"].append("order a pizza")
    size = {
        "name": "size",
        "elicitationRequired": True,
        "prompts": {"elicitation": "Elicit.size"},
        "validations": [{"type": "hasEntityResolutionMatch", "prompt": "Known.size"}],
    }
    asks = {"confirmationRequired": True, "prompts": {"confirmation": "Confirm"}, "slots": [size]}
    inner["dialog"] = {"intents": [{"name": "OrderPizza", **asks}]}
    texts = {
        "Elicit.size": "How big?",
        "Known.size": "Small or large, please.",
        "Confirm": "A {size} pizza?",
    }
    inner["prompts"] = [
        {"id": name, "variations": [{"type": "PlainText", "value": text}]}
        for name, text in texts.items()
    ]
    return tiny_document


@pytest.fixture
def tiny_model(tiny_document: dict[str, Any]) -> InteractionModel:
    """Return the tiny skill as an interaction model."""
    return InteractionModel.from_json(tiny_document)


def _user(name: str) -> Any:
    return get_user_model().objects.create_user(name, password="correct horse battery")


@pytest.fixture
def alice(db: None) -> Any:
    """Return the owner of ``skill``."""
    return _user("alice")


@pytest.fixture
def bob(db: None) -> Any:
    """Return another developer."""
    return _user("bob")


@pytest.fixture
def charlie(db: None) -> Any:
    """Return the stranger: to him every skill of others is a 404."""
    return _user("charlie")


@pytest.fixture
def skill(alice: Any, tiny_model: InteractionModel) -> Skill:
    """Return alice's tiny skill, not built yet, with nothing in its history yet."""
    made = create_skill(alice, name="Tiny kitchen", locale="en-US", model=tiny_model)
    made.changes.all().delete()
    return made


@pytest.fixture(scope="session")
def trained_artifact(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str, data_folder: Path
) -> Path:
    """Return an artifact of the tiny skill, really trained, once for all processes of a run."""
    from nlu_engine.artifact import write_artifact
    from nlu_engine.training import train_parsers
    from nlu_engine.training_data import TrainingData

    base = tmp_path_factory.getbasetemp()
    folder = data_folder if worker_id == "master" else base.parent
    with (folder / "trained.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "trained").exists():
            model = InteractionModel.from_json(make_tiny_document())
            data = TrainingData.from_interaction_model(model, locale="en-US", seed=0)
            write_artifact(train_parsers(data, hurry=True), folder / "trained")
    return folder / "trained"


@pytest.fixture
def ready_run(skill: Skill, trained_artifact: Path) -> TrainingRun:
    """Return a ready run of ``skill``, its artifact in place: the skill can parse."""
    runs.request_run(skill)
    run = runs.claim_next()
    assert run is not None
    storage.publish(run.pk, lambda directory: shutil.copytree(trained_artifact, directory))
    runs.finish(run, notes=[], metrics={})
    run.refresh_from_db()
    return run


@pytest.fixture
def api_for() -> Callable[[Any], APIClient]:
    """Return a function that makes an API client with a real token of the given user."""

    def make(user: Any) -> APIClient:
        client = APIClient()
        _, token = AuthToken.objects.create(user)
        client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return client

    return make


@pytest.fixture
def token(alice: Any) -> str:
    """Return an API token of alice."""
    secret: str = AuthToken.objects.create(alice)[1]
    return secret


@pytest.fixture
def api(api_for: Callable[[Any], APIClient], alice: Any) -> APIClient:
    """Return alice's API client."""
    return api_for(alice)


@pytest.fixture
def browser_of() -> Callable[[Any], Client]:
    """Return a function that makes a Django test client, signed in as the given user."""

    def make(user: Any) -> Client:
        client = Client()
        # Not login(): axes asks for a request there, and these tests are not about passwords.
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make
