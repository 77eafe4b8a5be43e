"""The bidirectional LSTM of a network: that of torch, with the gradient of a whole batch at once.

torch computes the gradient of an LSTM's weights anew at every token of a batch of utterances of
different lengths. Here both directions run together, over packed tokens, and the products for the
weights are one after the last token: the same numbers in half the time (a test compares both).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

# torch keeps the gates in the order input, forget, cell, output. Here the cell comes first: its
# tangent and the sigmoids of the other three are one slice each, and so are the three gates whose
# gradient passes through the cell.
_ORDER = (2, 0, 1, 3)


@dataclass(frozen=True)
class Packing:
    """Where the t tokens of b utterances lie when the first of all come first, then the second.

    The utterances are taken longest first, so that those not yet at their end are the first.
    """

    forward: Tensor  # (t,), the token of each packed place, read from the beginning
    backward: Tensor  # (t,), the same, read from the end
    unpacked: Tensor  # (2, t), the packed place of each token, read either way
    before: Tensor  # (t,), the packed place one step before; t where there is none
    counts: list[int]
    """How many utterances have a token at each step."""

    def pack(self, tokens: Tensor) -> Tensor:
        """Return (t, 2 width), either half for one direction, as (2, t, width) in packed order."""
        ahead, back = tokens.chunk(2, dim=1)
        return torch.stack(
            [ahead.index_select(0, self.forward), back.index_select(0, self.backward)]
        )

    def unpack(self, packed: Tensor) -> Tensor:
        """Return (2, t, width) in packed order as (t, 2 width)."""
        ahead, back = self.unpacked
        return torch.cat([packed[0].index_select(0, ahead), packed[1].index_select(0, back)], dim=1)


def packing_of(lengths: Tensor) -> Packing:
    """Return the packing of utterances of these ``lengths``, shape (b,), one after the other."""
    ordered, order = torch.sort(lengths, descending=True, stable=True)
    starts = (torch.cumsum(lengths, 0) - lengths)[order]
    spoken = torch.arange(int(ordered[0])).unsqueeze(1) < ordered  # (longest, b)
    step, row = spoken.nonzero(as_tuple=True)
    forward = starts[row] + step
    backward = starts[row] + ordered[row] - 1 - step
    counts = spoken.sum(dim=1)
    before = torch.where(step > 0, torch.arange(len(step)) - counts[step - 1], len(step))
    both = torch.stack([forward, backward])
    return Packing(forward, backward, both.argsort(dim=1), before, counts.tolist())


class Recurrence(nn.LSTM):
    """A bidirectional LSTM of one layer over tokens that lie one after the other."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__(width, hidden, batch_first=True, bidirectional=True)

    def forward(self, tokens: Tensor, packing: Packing) -> Tensor:  # type: ignore[override]
        """Return the states (t, 2 hidden) of ``tokens`` (t, width)."""
        ends = ("l0", "l0_reverse")
        into = torch.cat([self._ordered(f"weight_ih_{end}") for end in ends])
        bias = torch.cat(
            [self._ordered(f"bias_ih_{end}") + self._ordered(f"bias_hh_{end}") for end in ends]
        )
        onward = torch.stack([self._ordered(f"weight_hh_{end}") for end in ends])
        gates = nn.functional.linear(tokens, into, bias)
        states: Tensor = _Steps.apply(gates, onward, packing)  # type: ignore[no-untyped-call]
        return states

    def _ordered(self, name: str) -> Tensor:
        parts: Tensor = getattr(self, name).chunk(4)
        return torch.cat([parts[gate] for gate in _ORDER])


class _Steps(torch.autograd.Function):
    """The steps of both directions: (t, 8 hidden) of what comes in to (t, 2 hidden) states."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, onward: Tensor, packing: Packing) -> Tensor:
        gates, width = packing.pack(gates), onward.shape[2]
        across = onward.transpose(1, 2)  # (2, hidden, 4 hidden)
        cells, bounded, states = (gates.new_empty(2, gates.shape[1], width) for _ in range(3))
        state = cell = gates.new_zeros(2, packing.counts[0], width)
        start = 0
        for count in packing.counts:
            here = slice(start, start + count)
            now = gates[:, here].baddbmm_(state[:, :count], across)
            now[..., :width].tanh_()
            now[..., width:].sigmoid_()
            proposed, entered, kept, shown = now.chunk(4, dim=2)
            earlier, cell = cell[:, :count], cells[:, here]
            torch.mul(proposed, entered, out=cell).addcmul_(kept, earlier)
            state = torch.mul(shown, torch.tanh(cell, out=bounded[:, here]), out=states[:, here])
            start += count
        ctx.save_for_backward(gates, cells, bounded, states, onward)
        ctx.packing = packing
        return packing.unpack(states)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        gates, cells, bounded, states, onward = ctx.saved_tensors
        packing: Packing = ctx.packing
        shares = _shares(gates, bounded, _shifted(cells, packing.before))
        _, _, kept, shown = gates.chunk(4, dim=2)
        through = shown * (1 - bounded.square())
        found = torch.empty_like(shares)
        of_states = packing.pack(grads[0])
        of_cells = of_states.new_zeros(2, packing.counts[0], onward.shape[2])
        end, later = gates.shape[1], 0
        for count in reversed(packing.counts):
            here, after = slice(end - count, end), slice(end, end + later)
            of_state, of_cell = of_states[:, here], of_cells[:, :count]
            of_state[:, :later].baddbmm_(found[:, after].flatten(2), onward)
            of_cell.addcmul_(of_state, through[:, here])
            torch.mul(of_cell.unsqueeze(2), shares[:, here, :3], out=found[:, here, :3])
            torch.mul(of_state, shares[:, here, 3], out=found[:, here, 3])
            of_cell.mul_(kept[:, here])
            end, later = end - count, count
        of_gates = found.flatten(2)
        of_onward = of_gates.transpose(1, 2) @ _shifted(states, packing.before)
        return packing.unpack(of_gates), of_onward, None


def _shares(gates: Tensor, bounded: Tensor, before: Tensor) -> Tensor:
    """Return what each gate's gradient is of the cell's (three gates) or of the state's (the last).

    Shape (2, t, 4, hidden); ``before`` are the cells one step before.
    """
    proposed, entered, kept, shown = gates.chunk(4, dim=2)
    return torch.stack(
        [
            entered * (1 - proposed.square()),
            proposed * entered * (1 - entered),
            before * kept * (1 - kept),
            bounded * shown * (1 - shown),
        ],
        dim=2,
    )


def _shifted(packed: Tensor, before: Tensor) -> Tensor:
    """Return what stands one step before each packed place, zeros where there is nothing."""
    padded = torch.cat([packed, packed.new_zeros(2, 1, packed.shape[2])], dim=1)
    return padded.index_select(1, before)
