"""Hostile programs are refused, each for its reason, and no honest one is."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export, lax
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo
from jax.sharding import AbstractMesh, AxisType
from jax.sharding import PartitionSpec as P

from autograder.judge import vetting
from autograder.judge.module import parse
from autograder.judge.verdict import Refusal


def vet(module):
    """Why a module is refused, or None."""
    return refused(vetting.vet, module)


def vet_exported(*asked, **options):
    """Why a program is refused for what its export says, or None."""
    return refused(vetting.vet_exported, *asked, **options)


def refused(look, *asked, **options):
    try:
        look(*asked, **options)
    except Refusal as refusal:
        return str(refusal)
    return None


def exported(function, *arguments, platforms=("cpu",)):
    return export.export(jax.jit(function), platforms=platforms)(*arguments)


@functools.cache
def context() -> ir.Context:
    """A context in which the dialect `func` is loaded."""
    return parse(exported(jnp.sin, 1.0).mlir_module_serialized).context


def portable(text: str) -> bytes:
    """A module that no JAX function makes, from MLIR's text, as an artifact."""
    module = ir.Module.parse(text, context())
    version = stablehlo.get_current_version()
    return bytes(stablehlo.serialize_portable_artifact(module, version))


def main_of(body: str, others: str = "") -> bytes:
    """A program of one float to one float, `%x` to `%y`."""
    return portable(
        f"""
        module @jit_f {{
          func.func public @main(%x: tensor<f32>) -> tensor<f32> {{
            {body}
            return %y : tensor<f32>
          }}
          {others}
        }}"""
    )


NEGATE = "%y = stablehlo.negate %x : tensor<f32>"


def call(target: str, attributes: str = "") -> str:
    return (
        f"%y = stablehlo.custom_call @{target}(%x) {{{attributes}}} : (tensor<f32>) -> tensor<f32>"
    )


def function(name: str, body: str) -> str:
    head = f"func.func private @{name}(%x: tensor<f32>) -> tensor<f32>"
    return f"{head} {{ {body} return %y : tensor<f32> }}\n"


def doubling(times: int) -> tuple[str, str]:
    """A call to a function that calls one twice that calls one twice …"""
    others = function("f0", NEGATE)
    for n in range(times):
        others += function(
            f"f{n + 1}",
            f"%a = func.call @f{n}(%x) : (tensor<f32>) -> tensor<f32> "
            f"%y = func.call @f{n}(%a) : (tensor<f32>) -> tensor<f32>",
        )
    return f"%y = func.call @f{times}(%x) : (tensor<f32>) -> tensor<f32>", others


def chain(length: int, by: str = "func.call @{}(%x)") -> tuple[str, str]:
    others = function("f0", NEGATE)
    for n in range(length):
        one = by.format(f"f{n}")
        others += function(f"f{n + 1}", f"%y = {one} : (tensor<f32>) -> tensor<f32>")
    return f"%y = func.call @f{length}(%x) : (tensor<f32>) -> tensor<f32>", others


def loops(depth: int) -> str:
    body = "%v = stablehlo.negate %a0 : tensor<f32>"
    for n in range(depth):
        inner = "%v" if n == 0 else f"%r{n - 1}"
        start = f"%a{n + 1}" if n + 1 < depth else "%x"
        body = f"""
        %r{n} = stablehlo.while(%a{n} = {start}) : tensor<f32>
        cond {{
          %p = stablehlo.compare LT, %a{n}, %a{n} : (tensor<f32>, tensor<f32>) -> tensor<i1>
          stablehlo.return %p : tensor<i1>
        }} do {{
          {body}
          stablehlo.return {inner} : tensor<f32>
        }}"""
    return body + f"\n %y = stablehlo.negate %r{depth - 1} : tensor<f32>"


def token(operation: str) -> str:
    return f"%t = stablehlo.create_token : !stablehlo.token {operation} {NEGATE}"


HOSTILE = {
    "damaged": (b"MLIRnonsense", "cannot be read"),
    "empty": (b"", "calls main, which is not in it"),
    "a callback": (main_of(call("xla_ffi_python_cpu_callback")), "calls xla_ffi_python_cpu_ca"),
    "another callback": (main_of(call("xla_python_cpu_callback")), "which JAX does not"),
    "any library": (main_of(call("system")), "calls system"),
    "a name like a known one": (main_of(call("lapack_spotrf_ffi_")), "which JAX does not"),
    "a side effect": (
        main_of(call("lapack_spotrf_ffi", "has_side_effect = true")),
        "for a side effect",
    ),
    "an outfeed": (
        main_of(
            token(
                '%o = "stablehlo.outfeed"(%x, %t) <{outfeed_config = ""}> : '
                "(tensor<f32>, !stablehlo.token) -> !stablehlo.token"
            )
        ),
        "which no answer needs",
    ),
    "an infeed": (
        main_of(
            token(
                '%o:2 = "stablehlo.infeed"(%t) : (!stablehlo.token) -> '
                "(tensor<f32>, !stablehlo.token)"
            )
        ),
        "which no answer needs",
    ),
    "a send": (
        main_of(
            token(
                '%o = "stablehlo.send"(%x, %t) <{channel_handle = #stablehlo.channel_handle<'
                "handle = 1, type = 2>, is_host_transfer = true}> : "
                "(tensor<f32>, !stablehlo.token) -> !stablehlo.token"
            )
        ),
        "which no answer needs",
    ),
    "a receive": (
        main_of(
            token(
                '%o:2 = "stablehlo.recv"(%t) <{channel_handle = #stablehlo.channel_handle<'
                "handle = 1, type = 3>, is_host_transfer = true}> : "
                "(!stablehlo.token) -> (tensor<f32>, !stablehlo.token)"
            )
        ),
        "which no answer needs",
    ),
    "a token": (main_of(token("")), "which no answer needs"),
    "a function that calls itself": (
        main_of(
            "%y = func.call @f(%x) : (tensor<f32>) -> tensor<f32>",
            function("f", "%y = func.call @f(%x) : (tensor<f32>) -> tensor<f32>"),
        ),
        "f of the program calls itself",
    ),
    "main calls itself": (
        main_of("%y = func.call @main(%x) : (tensor<f32>) -> tensor<f32>"),
        "main of the program calls itself",
    ),
    "two functions that call each other": (
        main_of(
            "%y = func.call @f(%x) : (tensor<f32>) -> tensor<f32>",
            function("f", "%y = func.call @g(%x) : (tensor<f32>) -> tensor<f32>")
            + function("g", "%y = func.call @f(%x) : (tensor<f32>) -> tensor<f32>"),
        ),
        "calls itself",
    ),
    "a composite that stands for itself": (
        main_of(
            NEGATE,
            function(
                "f",
                '%y = stablehlo.composite "a.b" %x {decomposition = @f} : '
                "(tensor<f32>) -> tensor<f32>",
            ),
        ),
        "f of the program calls itself",
    ),
    "a custom call that stands for itself": (
        main_of(
            NEGATE, function("f", call("Sharding", "called_computations = [@f]"))
        ),
        "f of the program calls itself",
    ),
    "a function that is not there": (
        main_of(
            "%y = func.call @f(%x) : (tensor<f32>) -> tensor<f32>",
            "func.func private @f(tensor<f32>) -> tensor<f32>",
        ),
        "calls f, which is not in it",
    ),
    "no main": (portable("module { " + function("f", NEGATE) + "}"), "calls main, which is not"),
    "a bomb of calls": (main_of(*doubling(30)), "far too often"),
    "a long chain of calls": (main_of(*chain(200)), "calls within calls"),
    "a very long chain of calls": (main_of(*chain(3000)), "nested too deeply"),
    "loops in loops": (main_of(loops(17)), "more than 16 loops within loops"),
    "a long chain of operations": (
        main_of(
            "".join(f"%{n + 1} = stablehlo.negate %{n} : tensor<f32>\n" for n in range(20_001))
            .replace("%0 :", "%x :") + "%y = stablehlo.negate %20001 : tensor<f32>"
        ),
        "more than 20,000 operations",
    ),
    "a huge array": (
        main_of(
            "%b = stablehlo.broadcast_in_dim %x, dims = [] : "
            "(tensor<f32>) -> tensor<32768x8193xf32>" + NEGATE
        ),
        "an array of 268,468,224 elements",
    ),
    "an overflowing array": (
        main_of(
            "%b = stablehlo.broadcast_in_dim %x, dims = [] : "
            "(tensor<f32>) -> tensor<4294967296x4294967296xf32>" + NEGATE
        ),
        "elements",
    ),
    "an array of unknown length": (
        main_of(
            "%c = stablehlo.constant dense<3> : tensor<1xi32> "
            "%d = stablehlo.dynamic_iota %c, dim = 0 : (tensor<1xi32>) -> tensor<?xf32>" + NEGATE
        ),
        "unknown shape",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_modules_are_refused(name):
    module, reason = HOSTILE[name]
    sentence = vet(module)
    assert sentence is not None
    assert reason in sentence
    assert "\n" not in sentence
    assert len(sentence) < 160
    assert sentence.endswith((".", "?"))


@pytest.mark.parametrize(
    "module",
    [
        main_of(NEGATE),
        main_of(*doubling(8)),
        main_of(*chain(100)),
        main_of(loops(16)),
    ],
    ids=range(4),
)
def test_what_is_just_allowed(module):
    assert vet(module) is None


def test_a_large_constant():
    half = np.arange(2**21, dtype=np.float32)  # 8 MiB
    assert vet(exported(lambda x: x + half, half).mlir_module_serialized) is None
    other = half[::-1].copy()
    large = exported(lambda x: x * half + other + half[:3].sum() * np.arange(9.0)[3], half)
    assert vet(large.mlir_module_serialized) is None
    third = half + 1
    large = exported(lambda x: x * half + other + third, half)
    assert "more than 16 MiB of constants" in (vet(large.mlir_module_serialized) or "")


def test_a_constant_of_one_number_is_small():
    wide = jax.ShapeDtypeStruct((2**24,), jnp.float32)
    assert vet(exported(lambda x: x + jnp.ones(2**24), wide).mlir_module_serialized) is None


def test_a_foreign_dialect(monkeypatch):
    # Another dialect than these cannot even be parsed, so one of them is left out.
    monkeypatch.setattr(vetting, "DIALECTS", vetting.DIALECTS - {"sdy"})
    module = exported(KINDS["psum"], jnp.ones(8)).mlir_module_serialized
    assert "contains sdy.mesh" in (vet(module) or "")


def test_names_out_of_a_program_are_cleaned():
    sentence = vet(main_of(call('"' + "evil\\0A<script>" * 20 + '"')))
    assert "\n" not in sentence
    assert len(sentence) < 160


def test_the_flags_of_an_export():
    good = exported(jnp.sin, 1.0)
    assert vet_exported(good) is None
    check = export.DisabledSafetyCheck.custom_call("system")
    for changes, reason in (
        ({"disabled_safety_checks": (check,)}, "safety checks"),
        ({"ordered_effects": ("io",)}, "side effects"),
        ({"unordered_effects": ("io",)}, "side effects"),
        ({"nr_devices": 2}, "wrong number of devices: 2, not 1"),
        ({"platforms": ("cuda",)}, "be for cpu, and for nothing else"),
        ({"platforms": ("cpu", "cuda")}, "be for cpu, and for nothing else"),
    ):
        assert reason in (vet_exported(dataclasses.replace(good, **changes)) or "")
    everywhere = ("cpu", "cuda", "tpu")
    assert "cpu and cuda and tpu" in vet_exported(good, platforms=everywhere)
    assert vet_exported(exported(jnp.sin, 1.0, platforms=everywhere), platforms=everywhere) is None


# Nothing honest is refused.


def sharded(function):
    mesh = AbstractMesh((8,), ("i",), axis_types=(AxisType.Auto,))
    return jax.shard_map(function, mesh=mesh, in_specs=P("i"), out_specs=P("i"))


@jax.custom_vjp
def clipped(x):
    return jnp.sin(x)


clipped.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (jnp.clip(g * jnp.cos(x), -1, 1),))


def training(x):
    def loss(w):
        return jnp.mean((jnp.tanh(x[:, None] * w) - 1) ** 2)

    def step(w, _):
        value, gradient = jax.value_and_grad(loss)(w)
        return w - 0.1 * gradient, value

    return lax.scan(step, jnp.ones(4), None, length=20)


def newton(x):
    return lax.while_loop(lambda y: jnp.abs(y * y - x).max() > 1e-5, lambda y: (y + x / y) / 2, x)


def keys(function):
    return lambda x: function(jax.random.key(x[0].astype(int)))


KINDS = {
    "scan": lambda x: lax.scan(lambda c, y: (c + y, c), 0.0, x),
    "reverse scan": lambda x: lax.scan(lambda c, y: (c + y, c), 0.0, x, reverse=True),
    "fori": lambda x: lax.fori_loop(0, 9, lambda i, c: c * i, x),
    "map in batches": lambda x: lax.map(jnp.sin, x, batch_size=3),
    "while": newton,
    "while under vmap": jax.vmap(newton),
    "cond": lambda x: lax.cond(x.sum() > 0, jnp.sin, jnp.cos, x),
    "switch": lambda x: lax.switch(x[0].astype(int), [jnp.sin, jnp.cos, jnp.tan], x),
    "associative scan": lambda x: lax.associative_scan(jnp.multiply, x),
    "grad": jax.grad(lambda x: jnp.sin(x).sum()),
    "grad of scan": jax.grad(lambda x: lax.scan(lambda c, y: (c * y, c), 1.0, x)[0]),
    "hessian": jax.hessian(lambda x: (jnp.sin(x) ** 3).sum()),
    "jacobian": jax.jacfwd(jnp.cumsum),
    "jvp": lambda x: jax.jvp(jnp.tanh, (x,), (x,)),
    "custom_vjp": jax.grad(lambda x: clipped(x).sum()),
    "remat": jax.grad(jax.checkpoint(lambda x: jnp.sin(jnp.sin(x)).sum())),
    "training": training,
    "implicit": lambda x: lax.custom_root(
        lambda y: y**3 - x, x, lambda f, y: y, lambda g, y: y / g(jnp.ones(8))
    ),
    "at set": lambda x: x.at[2].set(1.0),
    "at add": lambda x: x.at[jnp.array([1, 1])].add(1.0, mode="drop"),
    "at get": lambda x: x.at[jnp.array([1, 99])].get(mode="fill", fill_value=-1),
    "at max": lambda x: x.at[::2].max(0.0, mode="clip"),
    "at apply": lambda x: x.at[1:].apply(jnp.sin),
    "slices": lambda x: x[1:-1:2] + lax.dynamic_slice(x, (x[0].astype(int),), (3,)),
    "where": lambda x: jnp.where(x > 0, x, 0),
    "raw key": lambda x: jax.random.normal(x.view(jnp.uint32)[:2], (3,)),
    "typed key": keys(lambda key: jax.random.normal(key, (3,))),
    "split keys": keys(lambda key: jax.vmap(jax.random.uniform)(jax.random.split(key, 4))),
    "gamma": keys(lambda key: jax.random.gamma(key, 2.0, (3,))),
    "poisson": keys(lambda key: jax.random.poisson(key, 2.0, (3,))),
    "choice": keys(lambda key: jax.random.choice(key, 9, (3,), replace=False)),
    "categorical": keys(lambda key: jax.random.categorical(key, jnp.ones(4))),
    "multivariate": keys(lambda key: jax.random.multivariate_normal(key, jnp.ones(2), jnp.eye(2))),
    "rbg": lambda x: jax.random.bits(jax.random.key(3, impl="rbg"), (3,)),
    "bf16": lambda x: x.astype(jnp.bfloat16) @ x.astype(jnp.bfloat16),
    "int8": lambda x: jnp.dot(x.astype(jnp.int8), x.astype(jnp.int8)),
    "complex": lambda x: jnp.abs(x + 1j * x),
    "fft": lambda x: jnp.fft.irfft(jnp.fft.rfft(x)),
    "fft2": lambda x: jnp.fft.fft2(jnp.outer(x, x)),
    "convolve": lambda x: jnp.convolve(x, x),
    "conv": lambda x: lax.conv(jnp.ones((1, 1, 8, 8)) * x, jnp.ones((2, 1, 3, 3)), (1, 1), "SAME"),
    "grad of pooling": jax.grad(
        lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (2,), (2,), "VALID").sum()
    ),
    "cholesky": lambda x: jnp.linalg.cholesky(jnp.outer(x, x)),
    "qr": lambda x: jnp.linalg.qr(jnp.outer(x, x)),
    "eigh": lambda x: jnp.linalg.eigh(jnp.outer(x, x)),
    "svd": lambda x: jnp.linalg.svd(jnp.outer(x, x)),
    "pinv": lambda x: jnp.linalg.pinv(jnp.outer(x, x)),
    "lu": lambda x: jax.scipy.linalg.lu(jnp.outer(x, x)),
    "solve": lambda x: jnp.linalg.solve(jnp.outer(x, x), x),
    "triangular": lambda x: jax.scipy.linalg.solve_triangular(jnp.outer(x, x), x),
    "inv det": lambda x: jnp.linalg.inv(jnp.outer(x, x)) * jnp.linalg.det(jnp.outer(x, x)),
    "lstsq": lambda x: jnp.linalg.lstsq(jnp.outer(x, x), x)[0],
    "expm": lambda x: jax.scipy.linalg.expm(jnp.outer(x, x)),
    "grad of eigh": jax.grad(lambda x: jnp.linalg.eigh(jnp.outer(x, x))[0].sum()),
    "einsum": lambda x: jnp.einsum("i,j,k->ik", x, x, x),
    "tensordot": lambda x: jnp.tensordot(jnp.outer(x, x), x, 1),
    "attention": lambda x: jax.nn.dot_product_attention(*[jnp.ones((1, 8, 2, 4)) * x[0]] * 3),
    "softmax": jax.nn.softmax,
    "gelu": jax.nn.gelu,
    "logsumexp": lambda x: jax.nn.logsumexp(x) + jax.nn.one_hot(3, 8) * x,
    "top_k": lambda x: lax.top_k(x, 3),
    "approx_max_k": lambda x: lax.approx_max_k(x, 3),
    "sort": lambda x: jnp.sort(x) + jnp.argsort(x),
    "lexsort": lambda x: jnp.lexsort((x, x)),
    "median": lambda x: jnp.quantile(x, jnp.array([0.1, 0.5])),
    "unique": lambda x: jnp.unique(x, size=4),
    "searchsorted": lambda x: jnp.searchsorted(x, x),
    "segment_sum": lambda x: jax.ops.segment_sum(x, jnp.zeros(8, int), 3),
    "histogram": lambda x: jnp.histogram(x, 4),
    "cumulative": lambda x: jnp.cumsum(x) + jnp.cumprod(x) + lax.cumlogsumexp(x),
    "erf": lambda x: lax.erf(x) + lax.erf_inv(x) + lax.erfc(x),
    "lgamma": lambda x: lax.lgamma(x) + lax.digamma(x) + jax.scipy.special.gammainc(x, x),
    "trigonometry": lambda x: jnp.arccosh(jnp.cosh(x)) + jnp.arcsin(jnp.tan(x)) + jnp.sinh(x),
    "interp": lambda x: jnp.interp(x, x, x),
    "polyfit": lambda x: jnp.polyfit(x, x, 2),
    "cg": lambda x: jax.scipy.sparse.linalg.cg(lambda y: 2 * y, x)[0],
    "resize": lambda x: jax.image.resize(jnp.outer(x, x), (3, 3), "linear"),
    "barrier": lax.optimization_barrier,
    "composite": lambda x: lax.composite(jnp.sin, name="my.sine")(x),
    "nested jit": lambda x: jax.jit(lambda y: jax.jit(jnp.sin)(y) + 1)(x),
    "psum": sharded(lambda x: x + lax.psum(x, "i")),
    "pmean in scan": sharded(
        lambda x: lax.scan(lambda c, _: (c + lax.pmean(c, "i"), None), x, None, length=3)[0]
    ),
    "all_gather": sharded(lambda x: x + lax.all_gather(x, "i").sum(0)),
    "ppermute": sharded(lambda x: lax.ppermute(x, "i", [(n, (n + 1) % 8) for n in range(8)])),
    "psum_scatter": sharded(lambda x: lax.psum_scatter(jnp.tile(x, 8), "i", tiled=True)),
    "all_to_all": sharded(lambda x: lax.all_to_all(jnp.tile(x, 8), "i", 0, 0, tiled=True)),
    "axis_index": sharded(lambda x: x * lax.axis_index("i")),
    "grad of shard_map": jax.grad(lambda x: sharded(lambda x: x * lax.pmean(x, "i"))(x).sum()),
}  # fmt: skip
# Slow to lower and made of the same parts; a composite of one's own lowers for no more than one.
ONE_PLATFORM = {"expm", "pinv", "lstsq", "polyfit", "composite"}


@pytest.mark.parametrize("name", KINDS)
def test_no_kind_of_function_is_refused(name):
    everywhere = ("cpu", "cuda", "tpu")
    platforms = ("cpu",) if name in ONE_PLATFORM else everywhere
    for asked in {("cpu",), platforms}:
        made = exported(KINDS[name], jax.ShapeDtypeStruct((8,), jnp.float32), platforms=asked)
        assert vet(made.mlir_module_serialized) is None
        assert vet_exported(made, made.nr_devices, asked) is None


@pytest.mark.parametrize("name", ["cholesky", "qr", "eigh", "svd", "lu", "solve", "expm"])
def test_no_dtype_of_linear_algebra_is_refused(name):
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        for dtype in (jnp.float64, jnp.complex64, jnp.complex128):
            made = exported(KINDS[name], jax.ShapeDtypeStruct((4,), dtype))
            assert vet(made.mlir_module_serialized) is None


# Shapes of custom calls


def calls(target, operands, results, configuration=""):
    """A program that makes one custom call, on arguments of these types."""
    names = [f"%a{n}" for n in range(len(operands))]
    arguments = ", ".join(
        f"{name}: tensor<{kind}>" for name, kind in zip(names, operands, strict=True)
    )
    taken = ", ".join(f"tensor<{kind}>" for kind in operands)
    given = ", ".join(f"tensor<{kind}>" for kind in results)
    said = f"mhlo.backend_config = {{{configuration}}}, api_version = 4 : i32"
    return portable(
        f"""
        module @jit_f {{
          func.func public @main({arguments}) -> tensor<{results[0]}> {{
            %r:{len(results)} = stablehlo.custom_call @{target}({", ".join(names)}) {{{said}}}
              : ({taken}) -> ({given})
            return %r#0 : tensor<{results[0]}>
          }}
        }}"""
    )


ALL, SOME, NONE = "mode = 65 : ui8", "mode = 83 : ui8", "mode = 78 : ui8"
LEFT, RIGHT = "side = 76 : ui8", "side = 82 : ui8"


@pytest.mark.parametrize(
    ("target", "operands", "results", "configuration"),
    [
        ("lapack_spotrf_ffi", ["5x5xf32"], ["5x5xf32", "i32"], ""),
        ("lapack_dpotrf_ffi", ["2x3x5x5xf64"], ["2x3x5x5xf64", "2x3xi32"], ""),
        ("lapack_sgeqrf_ffi", ["6x4xf32"], ["6x4xf32", "4xf32"], ""),
        ("lapack_sgesdd_ffi", ["6x4xf32"], ["6x4xf32", "4xf32", "6x6xf32", "4x4xf32", "i32"], ALL),
        ("lapack_sgesdd_ffi", ["6x4xf32"], ["6x4xf32", "4xf32", "6x4xf32", "4x4xf32", "i32"], SOME),
        ("lapack_strsm_ffi", ["5x5xf32", "5x2xf32"], ["5x2xf32"], LEFT),
        ("lapack_strsm_ffi", ["5x5xf32", "2x5xf32"], ["2x5xf32"], RIGHT),
        ("lapack_cheevd_ffi", ["5x5xcomplex<f32>"], ["5x5xcomplex<f32>", "5xf32", "i32"], ""),
    ],
)
def test_a_call_as_jax_makes_it_is_allowed(target, operands, results, configuration):
    assert vet(calls(target, operands, results, configuration)) is None


@pytest.mark.parametrize(
    ("target", "operands", "results", "configuration"),
    [
        ("lapack_spotrf_ffi", ["100x100xf32"], ["2x2xf32", "i32"], ""),
        ("lapack_spotrf_ffi", ["5x5xf32"], ["5x5xf32"], ""),
        ("lapack_spotrf_ffi", ["f32"], ["f32", "i32"], ""),
        ("lapack_spotrf_ffi", ["5x5xf64"], ["5x5xf64", "i32"], ""),
        ("lapack_spotrf_ffi", ["3x5x5xf32"], ["3x5x5xf32", "i32"], ""),
        ("lapack_sgeqrf_ffi", ["6x4xf32"], ["6x4xf32", "3xf32"], ""),
        ("lapack_sorgqr_ffi", ["6x4xf32", "9xf32"], ["6x4xf32"], ""),
        ("lapack_sgetrf_ffi", ["6x4xf32"], ["6x4xf32", "2xi32", "i32"], ""),
        ("lapack_sgetrf_ffi", ["6x4xf32"], ["6x4xf32", "4xi64", "i32"], ""),
        ("lapack_sgesdd_ffi", ["6x4xf32"], ["6x4xf32", "4xf32", "6x4xf32", "4x4xf32", "i32"], ALL),
        ("lapack_sgesdd_ffi", ["6x4xf32"], ["6x4xf32", "4xf32", "6x6xf32", "4x4xf32", "i32"], ""),
        ("lapack_ssyevd_ffi", ["50x50xf32"], ["50x50xf32", "1xf32", "i32"], ""),
        ("lapack_strsm_ffi", ["50x50xf32", "5x2xf32"], ["5x2xf32"], LEFT),
        ("lapack_strsm_ffi", ["5x5xf32", "5x2xf32"], ["5x2xf32"], RIGHT),
        ("lapack_sgtsv_ffi", ["9xf32", "5xf32", "9xf32", "5x1xf32"],
         ["9xf32", "5xf32", "9xf32", "5x1xf32", "i32"], ""),
        ("lapack_sgeev_ffi", ["9x9xf32"],
         ["9xf32", "9xf32", "9x9xf32", "9x9xf32", "i32"], ""),
        ("mhlo.erf", ["5xf32"], ["50xf32"], ""),
        ("mhlo.topk", ["5xf32"], ["9xf32", "9xi32"], ""),
    ],
)  # fmt: skip
def test_a_call_with_other_shapes_is_refused(target, operands, results, configuration):
    reason = vet(calls(target, operands, results, configuration))
    assert f"calls {target} with other shapes than JAX" in (reason or "")
