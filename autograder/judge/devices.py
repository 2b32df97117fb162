"""Where answers are judged: a device, or a mesh of simulated ones, chosen by name."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import jax

from autograder.judge import meshes
from autograder.problem import Problem

PLATFORMS = {"cpu": "cpu", "gpu": "cuda", "tpu": "tpu"}


@dataclass(frozen=True)
class Device:
    """A place to judge on.

    Attributes:
        name: `cpu`, `gpu`, `tpu`, or a mesh such as `mesh:8` or `mesh:4x2`.
        mesh: the sizes of the mesh's axes, or nothing.
    """

    name: str
    mesh: tuple[int, ...] = ()

    @property
    def backend(self) -> str:
        """What JAX calls it in `jax.devices(backend)`; a mesh is simulated on the CPU."""
        return "cpu" if self.mesh else self.name

    @property
    def platform(self) -> str:
        """What programs are lowered for."""
        return PLATFORMS[self.backend]


CPU = Device("cpu")


def named(name: str) -> Device:
    """The device of this name; whether the machine has it is another question.

    Raises:
        Problem: there is no such name.
    """
    if name in PLATFORMS:
        return Device(name)
    if re.fullmatch(r"mesh:[1-9]\d*(x[1-9]\d*)*", name):
        sizes = tuple(int(size) for size in name.removeprefix("mesh:").split("x"))
        if math.prod(sizes) <= meshes.SIMULATED:
            return Device(name, sizes)
    raise Problem(
        f'There is no device "{name}" to judge on: choose cpu, gpu, tpu, or a mesh of up to '
        f"{meshes.SIMULATED} simulated devices such as mesh:8 or mesh:4x2."
    )


def here(device: Device) -> jax.Device:
    """The first of this process's devices of that kind.

    Raises:
        Problem: this machine has none.
    """
    try:
        return jax.devices(device.backend)[0]
    except RuntimeError:
        raise Problem(absent(device)) from None


def absent(device: Device) -> str:
    """The sentence for a device that is not there."""
    return (
        f"There is no {device.name} here that JAX can use: choose cpu, or install JAX for it, see "
        "https://docs.jax.dev/en/latest/installation.html."
    )
