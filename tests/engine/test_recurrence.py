"""The bidirectional LSTM against torch's own."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from nlu_engine.recurrence import Recurrence, packing_of

WIDTH, HIDDEN = 5, 3


def by_torch(recurrence: Recurrence, tokens: Tensor, lengths: Tensor) -> Tensor:
    utterances = list(torch.tensor_split(tokens, lengths.cumsum(0)[:-1]))
    padded = nn.utils.rnn.pad_sequence(utterances, batch_first=True)
    packed = nn.utils.rnn.pack_padded_sequence(
        padded, lengths, batch_first=True, enforce_sorted=False
    )
    states, _ = nn.utils.rnn.pad_packed_sequence(
        nn.LSTM.forward(recurrence, packed)[0], batch_first=True
    )
    return states[torch.arange(int(lengths.max())) < lengths.unsqueeze(1)]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=6), st.integers(0, 100))
def test_states_and_gradients_are_those_of_torch(sizes: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    recurrence, lengths = Recurrence(WIDTH, HIDDEN).double(), torch.tensor(sizes)
    tokens = torch.randn(sum(sizes), WIDTH, dtype=torch.double, requires_grad=True)
    upstream = torch.randn(sum(sizes), 2 * HIDDEN, dtype=torch.double)
    found = recurrence(tokens, packing_of(lengths))
    expected = by_torch(recurrence, tokens, lengths)
    wanted = [tokens, *recurrence.parameters()]
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        torch.autograd.grad(found, wanted, upstream),
        torch.autograd.grad(expected, wanted, upstream),
    )
