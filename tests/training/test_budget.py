"""What a skill may cost: a build that costs more fails, and says what and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skillbuilder.training import budget

UTTERANCES = ["order a big pizza", "when do you open", "are you open"]


def test_a_skill_within_its_budget_tells_what_it_costs(trained_artifact: Path) -> None:
    cost = budget.spent(trained_artifact, UTTERANCES)
    files = sum(path.stat().st_size for path in trained_artifact.iterdir())
    assert files * 0.9 < cost.artifact_bytes < files
    assert cost.loaded_bytes > cost.artifact_bytes
    assert cost.load_ms > 0
    assert cost.parse_ms > 0


@pytest.mark.parametrize(
    ("name", "limit", "message"),
    [
        ("artifact_bytes", 1_000, r"On disk it takes .* MB, a skill may take 0.001 MB"),
        ("loaded_bytes", 500_000, r"In memory it takes .* MB, a skill may take 0.5 MB"),
        ("load_ms", 0.01, r"To load it takes .* ms, a skill may take 0.01 ms"),
        ("parse_ms", 0.01, r"SKILL_MAX_PARSE_MS\). Give it fewer intents"),
    ],
)
def test_each_limit_is_kept_and_named(
    trained_artifact: Path, settings: Any, name: str, limit: float, message: str
) -> None:
    settings.SKILL_BUDGET = {**settings.SKILL_BUDGET, name: limit}
    with pytest.raises(budget.OverBudget, match=message):
        budget.spent(trained_artifact, UTTERANCES)
