"""Where answers are judged: a device or a mesh of devices, chosen by name.

Only `here` imports JAX, because a grader starts its jail before it imports JAX itself.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.judge import meshes
from autograder.problem import Problem

if TYPE_CHECKING:
    import jax

PLATFORMS = {"cpu": "cpu", "gpu": "cuda", "tpu": "tpu"}
"""The platform to lower for, by the name that `jax.devices` takes."""
SIMULATED = "mesh"
"""The name of a mesh of simulated CPU devices begins with this."""


@dataclass(frozen=True)
class Device:
    """A place to run programs on.

    Attributes:
        name: `cpu`, `gpu`, `tpu`, a mesh of simulated devices such as `mesh:8` or `mesh:4x2`, or
            a mesh of real devices such as `gpu:4` or `gpu:2x2`.
        mesh: the sizes of the mesh's axes; empty for one device.
    """

    name: str
    mesh: tuple[int, ...] = ()

    @property
    def backend(self) -> str:
        """Its name for `jax.devices`; a simulated mesh is on the CPU."""
        kind = self.name.partition(":")[0]
        return "cpu" if kind == SIMULATED else kind

    @property
    def platform(self) -> str:
        """The platform that programs are lowered for."""
        return PLATFORMS[self.backend]

    @property
    def count(self) -> int:
        """How many devices its mesh has."""
        return math.prod(self.mesh)

    def mesh_for(self, mesh: str = "") -> str:
        """The mesh, as text, on which an exercise is judged here.

        Args:
            mesh: the exercise's mesh, such as `x=4,y=2`; empty if it has none.

        Returns:
            The exercise's mesh, on this place's devices if the shapes are equal, else simulated.
            For an exercise without a mesh, this place's own mesh; empty if it has none.

        >>> named("gpu:2x2").mesh_for("x=2,y=2")
        'gpu:x=2,y=2'
        >>> named("gpu:2x2").mesh_for("x=8")
        'x=8'
        """
        mesh = mesh or meshes.text(self.mesh)
        has_its_shape = tuple(meshes.shape(mesh).values()) == self.mesh if mesh else False
        return meshes.on_backend(self.backend, mesh) if has_its_shape else mesh


CPU = Device("cpu")


def named(name: str) -> Device:
    """The device of this name, whether or not this machine has it.

    Raises:
        Problem: no device has this name.
    """
    if name in PLATFORMS:
        return Device(name)
    kind, _, axes = name.partition(":")
    if kind in (SIMULATED, *PLATFORMS) and kind != "cpu":
        sizes = re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", axes)
        if sizes and math.prod(shape := tuple(map(int, axes.split("x")))) <= meshes.SIMULATED:
            return Device(name, shape)
    raise Problem(
        f'There is no device "{name}" to judge on: choose cpu, gpu, tpu, or a mesh of up to '
        f"{meshes.SIMULATED} devices, simulated ones such as mesh:8 or mesh:4x2, or GPUs such as "
        "gpu:4 or gpu:2x2."
    )


def here(device: Device) -> jax.Device:
    """The first of this process's devices of that kind.

    Raises:
        Problem: this machine has no such device, or too few for the mesh.
    """
    import jax

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
    """The message for a device that is not there."""
    return (
        f"There is no {device.backend} here that JAX can use: choose cpu, or install JAX for it, "
        "see https://docs.jax.dev/en/latest/installation.html."
    )
