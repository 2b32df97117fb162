"""Where answers are judged: a device, or a mesh of some, chosen by name."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import jax

from autograder.judge import meshes
from autograder.problem import Problem

PLATFORMS = {"cpu": "cpu", "gpu": "cuda", "tpu": "tpu"}
"""What programs are lowered for, by what JAX calls the devices in `jax.devices`."""
SIMULATED = "mesh"
"""Begins the name of a mesh of CPU devices that are simulated."""


@dataclass(frozen=True)
class Device:
    """A place to judge on.

    Attributes:
        name: `cpu`, `gpu`, `tpu`, a mesh of simulated devices such as `mesh:8` or `mesh:4x2`, or
            one of real ones such as `gpu:4` or `gpu:2x2`.
        mesh: the sizes of the mesh's axes, or nothing.
    """

    name: str
    mesh: tuple[int, ...] = ()

    @property
    def backend(self) -> str:
        """What JAX calls it in `jax.devices(backend)`; a mesh may be simulated on the CPU."""
        kind = self.name.partition(":")[0]
        return "cpu" if kind == SIMULATED else kind

    @property
    def platform(self) -> str:
        """What programs are lowered for."""
        return PLATFORMS[self.backend]

    @property
    def count(self) -> int:
        """How many devices it takes."""
        return math.prod(self.mesh)

    def mesh_for(self, mesh: str = "") -> str:
        """The mesh, as text, that is judged on here.

        Args:
            mesh: of the exercise, such as `x=4,y=2`; empty where it asks for none.

        Returns:
            That mesh, of this place's devices where it has the same shape, simulated otherwise;
            for an exercise without one this place's own mesh, empty where it has none.
        """
        mesh = mesh or meshes.text(self.mesh)
        has_its_shape = tuple(meshes.shape(mesh).values()) == self.mesh if mesh else False
        return meshes.on(self.backend, mesh) if has_its_shape else mesh


CPU = Device("cpu")


def named(name: str) -> Device:
    """The device of this name; whether the machine has it is another question.

    Raises:
        Problem: there is no such name.
    """
    if name in PLATFORMS:
        return Device(name)
    kind, _, axes = name.partition(":")
    if kind in (SIMULATED, *PLATFORMS) and kind != "cpu":
        sizes = re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", axes)
        if sizes and math.prod(made := tuple(map(int, axes.split("x")))) <= meshes.SIMULATED:
            return Device(name, made)
    raise Problem(
        f'There is no device "{name}" to judge on: choose cpu, gpu, tpu, or a mesh of up to '
        f"{meshes.SIMULATED} devices, simulated ones such as mesh:8 or mesh:4x2, or GPUs such as "
        "gpu:4 or gpu:2x2."
    )


def here(device: Device) -> jax.Device:
    """The first of this process's devices of that kind.

    Raises:
        Problem: this machine has none, or too few for the mesh.
    """
    try:
        found = jax.devices(device.backend)
    except RuntimeError:
        raise Problem(absent(device)) from None
    if device.backend != "cpu" and len(found) < device.count:
        raise Problem(
            f"{device.name} takes {device.count} devices, and JAX finds {len(found)} here: choose "
            f"a mesh of {len(found)} at most, or a simulated one such as mesh:{device.count}."
        )
    return found[0]


def absent(device: Device) -> str:
    """The sentence for a device that is not there."""
    return (
        f"There is no {device.backend} here that JAX can use: choose cpu, or install JAX for it, "
        "see https://docs.jax.dev/en/latest/installation.html."
    )
