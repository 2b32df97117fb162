"""The custom calls that a program may make, each with the shapes that its target works on.

A target is machine code that does not check its shapes: with wrong ones it reads and writes
memory outside its arrays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograder.judge.module import Module, Operation, Tensor

ELEMENTS = {"s": "f32", "d": "f64", "c": "complex<f32>", "z": "complex<f64>"}
"""The element types of LAPACK's routines, by the letter in their names."""
INDEX = "i32"

# How to read a signature. Each word is an operand or a result: one letter for each of its last axes
# (`-` for none), and after a colon its element type, if that is not the one of the first operand:
# `i` is int32, `r` the real type and `c` the complex type. The axes before are the same for all.
# Letters stand for lengths: k is the shorter of m and n, e is n - 1, and t is at most k.
# Of words with `|` between them, one has to fit. After `if` stands a text that the call's
# configuration has to contain; a signature without `if` fits every configuration.
QR, Q, CHOLESKY, EIGH = "mn -> mn k", "mn t -> mn", "nn -> nn -:i", "nn -> nn n:r -:i"
LU, TRIDIAGONAL = "mn -> mn k:i -:i", "nn -> nn n:r e:r e -:i"
REAL = {
    "gees": ("nn -> nn nn n n -:i -:i",),
    "geev": ("nn -> n n nn:c nn:c -:i",),
    "orgqr": (Q,),
    "syevd": (EIGH,),
    "sytrd": (TRIDIAGONAL,),
}
COMPLEX = {
    "gees": ("nn -> nn nn n -:i -:i",),
    "geev": ("nn -> n nn nn -:i",),
    "heevd": (EIGH,),
    "hetrd": (TRIDIAGONAL,),
    "ungqr": (Q,),
}
EITHER = {
    "gehrd": ("nn -> nn e -:i",),
    "geqrf": (QR,),
    "gesdd": (
        "mn -> mn k:r mm nn -:i if mode = 65",
        "mn -> mn k:r mk kn -:i if mode = 83",
        "mn -> mn k:r mm|mk nn|kn -:i if mode = 78",
    ),
    "getrf": (LU,),
    "gtsv": ("n n n nb -> n n n nb -:i",),
    "potrf": (CHOLESKY,),
    "trsm": ("nn nb -> nb if side = 76", "nn bn -> bn if side = 82"),
}
SVD = "mn -> mn k:r mm|mk nn|kn|nk -:i"
UNARY = "- -> -"
SIGNATURES: dict[str, tuple[str, ...]] = {
    f"lapack_{letter}{routine}_ffi": signatures
    for letters, routines in (("sd", REAL), ("cz", COMPLEX), ("sdcz", EITHER))
    for letter in letters
    for routine, signatures in routines.items()
} | {
    "Eigh": ("nn -> nn n:r",),
    "LuDecomposition": ("mn -> mn k:i m:i",),
    "ProductOfElementaryHouseholderReflectors": (Q,),
    "Qr": (QR,),
    "Sharding": (UNARY,),
    "cu_lu_pivots_to_permutation": ("t:i -> n:i",),
    "cu_threefry2x32_ffi": ("- - - - -> - -",),
    "cusolver_geqrf_ffi": (QR,),
    "cusolver_gesvd_ffi": (SVD, "nm -> nm k:r mm|mk|km nn|kn|nk -:i"),
    "cusolver_gesvdj_ffi": (SVD,),
    "cusolver_getrf_ffi": (LU,),
    "cusolver_orgqr_ffi": (Q,),
    "cusolver_potrf_ffi": (CHOLESKY,),
    "cusolver_syevd_ffi": (EIGH,),
    "cusolver_sytrd_ffi": (TRIDIAGONAL,),
    "cusparse_gtsv2_ffi": ("n n n nb -> nb",),
    "mhlo.topk": ("n -> t t:i",),
    **{
        f"mhlo.{name}": (UNARY,)
        for name in ("acos", "acosh", "asin", "asinh", "atanh", "cosh", "erf", "sinh")
    },
}
"""The custom calls in 402 exported functions of jnp, lax, linalg, nn, random, scipy and shard_map
for cpu, cuda and tpu on JAX 0.7.2, 0.10.2 and 0.11.2. Added by hand: LAPACK's for the other dtypes,
cusolver's for large matrices, the `mhlo.` names of what newer JAX makes composites, and those
targets that jax.export calls stable for shardings (GSPMD) and for threefry."""
OF_XLA = frozenset(
    ("AllocateBuffer", "ApproxTopK", "SPMDFullToShardShape", "SPMDShardToFullShape",
     "chlo.ragged_dot")
)  # fmt: skip
"""Targets that XLA rewrites into its own operations, which it checks."""
TARGETS = SIGNATURES.keys() | OF_XLA


def fits(module: Module, call: Operation) -> bool:
    """Whether the operands and results of a call have the shapes that its target works on."""
    if call.target in OF_XLA:
        return True
    kinds = [[module.types[value] for value in values] for values in (call.operands, call.results)]
    letter = re.match(r"lapack_([sdcz])", call.target)
    if letter and kinds[0] and kinds[0][0].element != ELEMENTS[letter[1]]:
        return False
    has_more = "mhlo.backend_config" in call.attributes
    configuration = str(call.attributes["mhlo.backend_config"]) if has_more else ""
    return any(
        (not condition or re.search(rf"\b{condition}\b", configuration))
        and _fits_signature(shapes, *kinds)
        for shapes, _, condition in (
            signature.partition(" if ") for signature in SIGNATURES[call.target]
        )
    )


def _fits_signature(signature: str, operands: Sequence[Tensor], results: Sequence[Tensor]) -> bool:
    wanted_operands, wanted_results = (side.split() for side in signature.split(" -> "))
    if (
        len(wanted_operands) != len(operands)
        or len(wanted_results) != len(results)
        or operands[0].shape is None
    ):
        return False
    first = wanted_operands[0].partition(":")[0].strip("-")
    batch = operands[0].shape[: len(operands[0].shape) - len(first)]
    lengths: dict[str, int] = {}
    pairs = zip([*wanted_operands, *wanted_results], [*operands, *results], strict=True)
    return all(
        any(
            _fits_tensor(choice, tensor, operands[0].element, batch, lengths)
            for choice in word.split("|")
        )
        for word, tensor in pairs
    )


def _fits_tensor(
    word: str, tensor: Tensor, element: str, batch: tuple[int, ...], lengths: dict[str, int]
) -> bool:
    letters, _, number = word.partition(":")
    letters = letters.strip("-")
    real = element.removeprefix("complex<").removesuffix(">")
    wanted_element = {"": element, "r": real, "c": f"complex<{real}>", "i": INDEX}[number]
    shape = tensor.shape
    if tensor.element != wanted_element or shape is None or len(shape) != len(batch) + len(letters):
        return False
    last = dict(lengths)
    for letter, length in zip(letters, shape[len(batch) :], strict=True):
        if letter == "k" and {"m", "n"} <= last.keys():
            last["k"] = min(last["m"], last["n"])
        if letter == "e" and "n" in last:
            last["e"] = max(0, last["n"] - 1)
        if last.setdefault(letter, length) != length:
            return False
    side = min((last[letter] for letter in "mn" if letter in last), default=None)
    if "t" in last and side is not None and last["t"] > side:
        return False
    lengths.update(last)
    return shape[: len(batch)] == batch
