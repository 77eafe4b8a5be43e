"""The CRF against brute force and against an independent implementation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torchcrf import CRF

from nlu_engine.crf import CrfWeights, Decoder, bio_weights
from nlu_engine.network import Crf
from nlu_engine.utterances import runs_of

TAGS = ("O", "B-a", "I-a", "B-b", "I-b")
ALL = np.ones((1, len(TAGS)), dtype=bool)


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


def bio_crf(seed: int) -> CrfWeights:
    generator = np.random.default_rng(seed)
    return CrfWeights(*[generator.normal(size=size).astype(np.float32) for size in (5, 5, (5, 5))])


def scores_of(length: int) -> np.ndarray:
    return np.random.default_rng(length).normal(size=(length, 5)).astype(np.float32) * 2


def possible(length: int, among: list[int]) -> list[tuple[int, ...]]:
    """Return the rows of all tag sequences that BIO knows."""
    paths = itertools.product(among, repeat=length)
    before = {2: (1, 2), 4: (3, 4)}  # of an inside
    return [
        path
        for path in paths
        if all(a in before.get(b, range(5)) for a, b in itertools.pairwise((0, *path)))
    ]


@pytest.mark.parametrize("seed", range(4))
def test_utterances_of_several_lengths_and_sets_have_their_best_tags(seed: int) -> None:
    crf = bio_crf(seed)
    allowed = np.array([[True] * 5, [True, False, False, True, True], [True, *[False] * 4]])
    lengths, sets = [2, 5, 1, 4, 3, 5], [0, 1, 0, 2, 0, 0]
    decoded = Decoder(crf, TAGS, allowed).decode([scores_of(n) for n in lengths], sets)
    for length, chosen, found in zip(lengths, sets, decoded, strict=True):
        paths = possible(length, np.flatnonzero(allowed[chosen]).tolist())
        best = max(paths, key=lambda path: path_score(scores_of(length), crf, path))  # noqa: B023
        assert found.tags == tuple(TAGS[row] for row in best)


def test_bio_weights_forbid_an_inside_without_its_beginning() -> None:
    strict = bio_weights(bio_crf(0), TAGS)
    assert (strict.start[[2, 4]] < -9e3).all()
    assert (strict.transitions[[0, 3, 4], 2] < -9e3).all()
    assert (strict.transitions[[1, 2], 2] > -9).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_probability_of_a_span_is_that_of_all_paths_that_have_it(seed: int) -> None:
    crf, lengths = bio_crf(seed), [4, 2, 5]
    decoded = Decoder(crf, TAGS, ALL).decode([scores_of(n) for n in lengths], [0] * 3)
    for length, found in zip(lengths, decoded, strict=True):
        runs = runs_of(found.tags)
        assert len(found.probabilities) == len(runs)
        paths = possible(length, [0, 1, 2, 3, 4])
        shares = np.exp([path_score(scores_of(length), crf, path) for path in paths])
        for run, probability in zip(runs, found.probabilities, strict=True):
            holds = [run in runs_of([TAGS[tag] for tag in path]) for path in paths]
            assert probability == pytest.approx(shares[holds].sum() / shares.sum(), abs=1e-5)


@pytest.mark.parametrize("length", [1, 3, 5])
def test_the_share_of_a_tag_is_that_of_all_paths_that_have_it(length: int) -> None:
    crf = bio_crf(length)
    allowed = np.array([[True] * 5, [True, False, False, True, True]])
    names, shares = Decoder(crf, TAGS, allowed).shares(scores_of(length), 1)
    assert names == ("O", "B-b", "I-b")
    paths = possible(length, [0, 3, 4])
    weights = np.exp([path_score(scores_of(length), crf, path) for path in paths])
    for token, column in itertools.product(range(length), range(3)):
        holds = [TAGS[path[token]] == names[column] for path in paths]
        expected = weights[holds].sum() / weights.sum()
        assert shares[token, column] == pytest.approx(expected, abs=1e-5)


def test_a_long_utterance_with_far_scores_has_finite_probabilities() -> None:
    scores = 60 * np.random.default_rng(1).normal(size=(600, 5)).astype(np.float32)
    [found] = Decoder(bio_crf(1), TAGS, ALL).decode([scores], [0])
    assert found.probabilities
    assert all(0 <= chance <= 1 for chance in found.probabilities)
