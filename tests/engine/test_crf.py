"""The CRF against brute force and against an independent implementation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torchcrf import CRF

from nlu_engine.crf import CrfWeights, best_path, bio_weights, span_probabilities
from nlu_engine.network import Crf
from nlu_engine.utterances import runs_of


@pytest.fixture
def crf() -> Crf:
    torch.manual_seed(3)
    crf = Crf(4)
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    return crf


@pytest.fixture
def weights(crf: Crf) -> CrfWeights:
    arrays = [value.detach().numpy() for value in (crf.start, crf.end, crf.transitions)]
    return CrfWeights(*arrays)


def path_score(scores: np.ndarray, weights: CrfWeights, path: tuple[int, ...]) -> float:
    moved = sum(weights.transitions[a, b] for a, b in itertools.pairwise(path))
    emitted = sum(scores[row, tag] for row, tag in enumerate(path))
    return float(weights.start[path[0]] + emitted + moved + weights.end[path[-1]])


@pytest.mark.parametrize("length", [1, 2, 5])
def test_best_path_is_the_best_of_all_paths(weights: CrfWeights, length: int) -> None:
    scores = np.random.default_rng(length).normal(size=(length, 4)).astype(np.float32)
    paths = itertools.product(range(4), repeat=length)
    best = max(paths, key=lambda path: path_score(scores, weights, path))
    assert tuple(best_path(scores, weights)) == best


@pytest.mark.parametrize("length", [1, 2, 5])
def test_log_partition_sums_all_paths(crf: Crf, weights: CrfWeights, length: int) -> None:
    scores = np.random.default_rng(length).normal(size=(length, 4)).astype(np.float32)
    paths = itertools.product(range(4), repeat=length)
    expected = np.logaddexp.reduce([path_score(scores, weights, path) for path in paths])
    mask = torch.ones(1, length, dtype=torch.bool)
    actual = crf.log_partition(torch.from_numpy(scores)[None], mask)
    assert actual.item() == pytest.approx(expected, abs=1e-4)


def test_log_likelihood_is_that_of_pytorch_crf(crf: Crf) -> None:
    other = CRF(4, batch_first=True)
    with torch.no_grad():
        other.start_transitions.copy_(crf.start)
        other.end_transitions.copy_(crf.end)
        other.transitions.copy_(crf.transitions)
    scores, tags = torch.randn(3, 6, 4), torch.randint(4, (3, 6))
    mask = torch.arange(6) < torch.tensor([[6], [4], [1]])
    expected = other(scores, tags, mask=mask, reduction="none")
    torch.testing.assert_close(crf.log_likelihood(scores, tags, mask), expected)


@pytest.mark.parametrize("spread", [1, 30])
def test_gradients_are_those_of_pytorch_crf(crf: Crf, spread: float) -> None:
    crf = crf.double()
    other = CRF(4, batch_first=True).double()
    theirs = [other.start_transitions, other.end_transitions, other.transitions]
    with torch.no_grad():
        for mine, its in zip(crf.parameters(), theirs, strict=True):
            its.copy_(mine)
    scores = (spread * torch.randn(3, 6, 4, dtype=torch.double)).requires_grad_()
    tags, upstream = torch.randint(4, (3, 6)), torch.randn(3, dtype=torch.double)
    mask = torch.arange(6) < torch.tensor([[6], [4], [1]])
    found = torch.autograd.grad(
        crf.log_likelihood(scores, tags, mask), [scores, *crf.parameters()], upstream
    )
    likelihood = other(scores, tags, mask=mask, reduction="none")
    torch.testing.assert_close(found, torch.autograd.grad(likelihood, [scores, *theirs], upstream))


def test_bio_weights_forbid_an_inside_without_its_beginning(weights: CrfWeights) -> None:
    tags = ("O", "B-a", "I-a", "I-b")
    strict = bio_weights(weights, tags)
    scores = np.array([[0, 0, 9, 9], [0, 0, 0, 9], [9, 0, 0, 9]], dtype=np.float32)
    path = [tags[tag] for tag in best_path(scores, strict)]
    assert "I-b" not in path
    assert path[0] != "I-a"


def test_weights_among_some_tags_score_paths_of_those_tags_alike(weights: CrfWeights) -> None:
    scores = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    rows = np.array([0, 2])
    among = weights.among(rows)
    path = (0, 1, 1, 0, 0, 1, 0)
    whole = tuple(int(rows[tag]) for tag in path)
    expected = path_score(scores, weights, whole)
    assert path_score(scores[:, rows], among, path) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_the_probability_of_a_span_is_that_of_all_paths_that_have_it(seed: int) -> None:
    generator = np.random.default_rng(seed)
    tags = ("O", "B-a", "I-a", "B-b", "I-b")
    drawn = [generator.normal(size=size).astype(np.float32) for size in (5, 5, (5, 5))]
    weights = bio_weights(CrfWeights(*drawn), tags)
    scores = generator.normal(size=(4, 5)).astype(np.float32) * 2
    best = best_path(scores, weights)
    runs = runs_of([tags[tag] for tag in best])
    found = span_probabilities(scores, weights, best, [(first, end) for _, first, end in runs])
    assert len(found) == len(runs)
    paths = list(itertools.product(range(5), repeat=4))
    with np.errstate(over="ignore"):
        shares = np.exp([path_score(scores, weights, path) for path in paths])
    for run, probability in zip(runs, found, strict=True):
        holds = [run in runs_of([tags[tag] for tag in path]) for path in paths]
        assert probability == pytest.approx(shares[holds].sum() / shares.sum(), abs=1e-4)


def test_no_spans_have_no_probabilities(weights: CrfWeights) -> None:
    assert span_probabilities(np.zeros((2, 4), np.float32), weights, [0, 0], []) == []
