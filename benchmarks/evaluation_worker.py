"""How long a real worker takes for a large annotation set.

    python -m benchmarks.evaluation_worker http://127.0.0.1:8000 my-skill set.jsonl < var/demo-token

Against a running skillbuilder whose skill is built: uploads the annotations (any format that an
annotation set takes), has them evaluated by the worker, and tells the seconds of each part. The
set is deleted afterwards.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from nlu_engine.annotations import read_annotations, to_json

TITLES = {"neural": "DNN", "maxent_crf": "MaxEnt-CRF"}


def main() -> int:
    """Measure, and print a line for each part."""
    address, slug, file = sys.argv[1:]
    token = sys.stdin.read().strip()

    def ask(method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the address is the operator's own
            f"{address}/api/v1/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Token {token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.loads(answer.read() or "null")

    annotations = read_annotations(Path(file).read_bytes())
    made = f"skills/{slug}/annotation-sets/" + str(
        ask("POST", f"skills/{slug}/annotation-sets", {"name": f"Benchmark {time.time():.0f}"})[
            "id"
        ]
    )
    try:
        started = time.monotonic()
        ask("PUT", f"{made}/annotations", to_json(annotations))
        print(f"{len(annotations):,} annotations uploaded in {time.monotonic() - started:.1f} s")
        started = time.monotonic()
        evaluation = ask("POST", f"{made}/evaluations", {})
        while evaluation["status"] in ("queued", "running"):
            time.sleep(0.5)
            evaluation = ask("GET", f"evaluations/{evaluation['id']}")
        print(f"{evaluation['status']} after {time.monotonic() - started:.1f} s", end="")
        print(f", of which the worker took {evaluation['metrics']['seconds']} s")
        for name, title in TITLES.items():
            print(f"{title}: frame accuracy {evaluation['metrics'][name]['frame_accuracy']:.1%}")
    finally:
        ask("DELETE", made)
    return evaluation["status"] != "ready"


if __name__ == "__main__":
    sys.exit(main())
