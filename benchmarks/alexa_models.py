"""Send every Alexa interaction model of a folder through the REST API and tell what came of it.

    python -m benchmarks.alexa_models FOLDER [--api URL --token-file FILE] > docs/alexa-models.md

Each file is uploaded into a new skill, downloaded again, built by the worker, and parsed
with: samples of its own, filled with values drawn by another seed. URL is a running
`make run`; without it, the application is started with a data folder of its own. The
locale is the one in the file's name ("...__de-DE.json"), en-US if there is none.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.alexa_report import Outcome, report, row
from nlu_engine.expansion import expand
from nlu_engine.frames import AnnotatedUtterance, Frame, SlotSpan
from nlu_engine.interaction_model import LOCALES, InteractionModel, read_document
from nlu_engine.metrics import frame_accuracy

_LOCALE = re.compile(r"__([a-z]{2}-[A-Z]{2})(?:__\d+)?\.json\Z")
MOST_PARSED = 50
LONGEST_BUILD_SECONDS = 1_800


class Api:
    """A client of the REST API; ``url`` has no path."""

    def __init__(self, url: str, token: str) -> None:
        self.address = urlsplit(url)
        self.token = token

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return the status and the JSON of the answer; bytes are sent as they are.

        Waits and tries again where the server says that it was asked too often.
        """
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        while True:
            connection = _connection(self.address.scheme, self.address.netloc)
            connection.request(method, f"/api/v1{path}", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            connection.close()
            if answer.status != http.client.TOO_MANY_REQUESTS:
                return answer.status, json.loads(text or b"null")
            time.sleep(float(answer.headers.get("Retry-After", 5)))

    def expect(self, wanted: int, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of an answer with the status ``wanted``; raises RuntimeError."""
        status, answer = self.send(method, path, body)
        if status != wanted:
            raise RuntimeError(f"{method} {path} answered {status}, not {wanted}: {answer}")
        return answer


def _connection(scheme: str, netloc: str) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    return kind(netloc, timeout=120)


def main() -> None:
    """Run over the folder of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of interaction models (*.json)")
    parser.add_argument("--only", default="*", help="a pattern for the files' names")
    parser.add_argument("--api", metavar="URL", help="e.g. http://127.0.0.1:8000")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="e.g. var/demo-token")
    options = parser.parse_args()
    if bool(options.api) != bool(options.token_file):
        parser.error("--api and --token-file go together.")
    files = sorted(options.folder.glob(f"{options.only}.json"))
    if not files:
        parser.error(f"{options.folder}: there is no such *.json file in it.")
    with api(options.api, options.token_file) as client:
        print("\n".join(report([_told(try_file(client, file)) for file in files])))


@contextmanager
def api(url: str | None, token_file: Path | None) -> Iterator[Api]:
    """Give a client of the running application at ``url``, or of one that runs meanwhile."""
    if url and token_file:
        yield Api(url, token_file.read_text().strip())
        return
    import django

    from tests.running_app import running_app

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skillbuilder.settings")
    django.setup()
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder)) as app:
        yield Api(app.url, app.make_user("alexa-models"))


def _told(outcome: Outcome) -> Outcome:
    print(row(outcome), file=sys.stderr, flush=True)
    return outcome


def locale_of(name: str) -> str:
    """Return the locale in a file's name, en-US where it names none that we support."""
    found = _LOCALE.search(name)
    return found.group(1) if found and found.group(1) in LOCALES else "en-US"


def try_file(client: Api, file: Path) -> Outcome:
    """Upload, download, build and parse with one file, in a skill that is deleted at the end."""
    outcome = Outcome(file.stem, locale_of(file.name))
    new = {"name": file.stem[:120], "locale": outcome.locale}
    skill = f"/skills/{client.expect(201, 'POST', '/skills', new)['slug']}"
    try:
        if upload(client, skill, file.read_bytes(), outcome) and build(client, skill, outcome):
            parse(client, skill, file.read_bytes(), outcome)
    finally:
        client.expect(204, "DELETE", skill)
    return outcome


def upload(client: Api, skill: str, raw: bytes, outcome: Outcome) -> bool:
    """Upload and download the document; return whether it was accepted."""
    path = f"{skill}/interaction-model"
    before = client.expect(200, "GET", path)
    status, answer = client.send("PUT", path, raw)
    outcome.problems = answer["problems"]
    outcome.accepted = status == http.client.OK
    after = client.expect(200, "GET", path)
    if outcome.accepted:
        outcome.counts = answer["counts"]
        outcome.unchanged = unchanged(read_document(raw), after)
    elif status != http.client.BAD_REQUEST or after != before:
        raise RuntimeError(f"{outcome.name}: a refusal with {status} stored something: {answer}")
    return outcome.accepted


def unchanged(sent: Any, returned: Any) -> bool:
    """Return whether both are the same JSON, read as an interaction model and as it stands.

    Nothing may be added, lost or put in another order; only the order of the keys of an
    object and the white space between them are free.
    """
    same_json = json.dumps(sent, sort_keys=True) == json.dumps(returned, sort_keys=True)
    return same_json and InteractionModel.from_json(sent) == InteractionModel.from_json(returned)


def build(client: Api, skill: str, outcome: Outcome) -> bool:
    """Have the worker train both parsers; return whether they are ready."""
    status, run = client.send("POST", f"{skill}/training-runs")
    if status != http.client.ACCEPTED:
        outcome.build = f"refused: {run['problems'][0]['code']}"
        return False
    deadline = time.monotonic() + LONGEST_BUILD_SECONDS
    while run["status"] in ("queued", "training"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{outcome.name}: the build takes too long: {run}")
        time.sleep(0.5)
        run = client.expect(200, "GET", f"/training-runs/{run['id']}")
    outcome.build = f"failed: {run['error']['message']}" if run["error"] else run["status"]
    # One line in the report for all locales alike.
    outcome.notes = [note.replace(outcome.locale, "this locale") for note in run["notes"]]
    outcome.seconds = run["metrics"].get("train_seconds")
    return bool(run["status"] == "ready")


def parse(client: Api, skill: str, raw: bytes, outcome: Outcome) -> None:
    """Note the share of right frames on samples that are filled by another seed."""
    model = InteractionModel.from_json(read_document(raw))
    expected = spread(expand(model, locale=outcome.locale, seed=1_000), MOST_PARSED)
    pairs = [
        client.expect(200, "POST", f"{skill}/parse", {"utterance": utterance.text})
        for utterance in expected
    ]
    outcome.parsed = len(pairs)
    outcome.neural = _share_right(expected, [pair["neural"] for pair in pairs])
    outcome.maxent_crf = _share_right(expected, [pair["maxent_crf"] for pair in pairs])


def spread(utterances: Sequence[AnnotatedUtterance], most: int) -> list[AnnotatedUtterance]:
    """Return at most ``most`` of ``utterances``, from all over the list."""
    if len(utterances) <= most:
        return list(utterances)
    return [utterances[number * len(utterances) // most] for number in range(most)]


def _share_right(expected: list[AnnotatedUtterance], parses: list[Any]) -> float:
    frames = [
        Frame(parsed["intent"], tuple(SlotSpan(**slot) for slot in parsed["slots"]))
        for parsed in parses
    ]
    wanted = [utterance.frame for utterance in expected]
    return frame_accuracy(list(zip(wanted, frames, strict=True)))


if __name__ == "__main__":
    main()
