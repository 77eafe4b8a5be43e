"""Checkpoints of a training: safetensors, written aside and renamed, so a kill loses little."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

CHECKPOINT = "checkpoint.safetensors"


def save_checkpoint(
    folder: Path, step: int, network: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write the weights, the optimizer's moments and the number of steps done."""
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    for number, parameter in enumerate(_parameters(optimizer)):
        for name, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer.{number}.{name}"] = value
    tensors["step"] = torch.tensor(step)
    aside = folder / f"{CHECKPOINT}.writing"
    # Tied weights are one tensor under several names, which safetensors does not write.
    save_file({name: value.detach().clone().contiguous() for name, value in tensors.items()}, aside)
    os.replace(aside, folder / CHECKPOINT)


def load_checkpoint(folder: Path, network: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Load what ``save_checkpoint`` wrote and return the steps done; 0 where there is none."""
    path = folder / CHECKPOINT
    if not path.exists():
        return 0
    tensors = load_file(path)
    step = int(tensors.pop("step"))
    network.load_state_dict(
        {name[8:]: value for name, value in tensors.items() if name.startswith("network.")}
    )
    parameters = _parameters(optimizer)
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, number, key = name.split(".")
            optimizer.state[parameters[int(number)]][key] = value
    return step


def _parameters(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]
