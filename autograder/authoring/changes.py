"""The small changes of code: of operators, numbers, names, calls, keys, rules of derivatives."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

Change = tuple[Any, str, ast.AST]
"""The node to be replaced, a description of the change, and the new node."""


OPERATORS: dict[Any, list[Any]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Div],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.LShift: [ast.RShift],
    ast.RShift: [ast.LShift],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.BitXor: [ast.BitAnd],
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
}
NOT_COMMUTATIVE = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
TWINS = [
    "min max",
    "minimum maximum",
    "argmin argmax",
    "any all",
    "sum mean",
    "sum prod",
    "cumsum cumprod",
    "sort argsort",
    "floor ceil",
    "floor round",
    "psum pmean",
    "psum pmax",
    "zeros ones",
    "zeros_like ones_like",
    "sin cos",
    "std var",
    "triu tril",
    "logical_and logical_or",
    "isnan isinf",
    "add set",
    "cumsum cummax",
]
"""Pairs of functions or methods that are exchanged."""
DTYPES = {
    "bfloat16": ["float32"],
    "float16": ["float32"],
    "float32": ["bfloat16", "float64", "int32"],
    "float64": ["float32"],
    "int32": ["int8", "float32"],
    "uint32": ["int32"],
}
NAMES = {name: list(others) for name, others in DTYPES.items()}
for _first, _second in map(str.split, TWINS):
    NAMES.setdefault(_first, []).append(_second)
    NAMES.setdefault(_second, []).append(_first)
WORDS = DTYPES | {
    "left": ["right"],
    "right": ["left"],
    "drop": ["clip", "fill"],
    "clip": ["drop"],
    "fill": ["drop"],
    "promise_in_bounds": ["drop"],
}
"""The strings that replace a string."""
FACTORS = (1.01, 1.05, 1.1)
AXES = {"in_axes", "out_axes", "axis", "axes"}
"""Keywords whose value may be a number or `None`."""
NOISE = {"normal", "uniform", "truncated_normal", "exponential", "gamma", "laplace", "gumbel"}
RATES = {"bernoulli", "binomial", "poisson"}
MODULES = {"jax", "jnp", "np", "lax", "functools", "itertools", "math", "operator"}
BUILTINS = {"min", "max", "any", "all", "sum"}
NAMING = {"psum", "pmean", "pmax", "pmin", "all_gather", "psum_scatter", "ppermute", "axis_index"}
"""Functions besides `P` that take the name of an axis."""


def changes(tree: ast.Module) -> Iterator[Change]:
    """Every small change to the code of a solution cell."""
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        for part in _unchanged(node)
        for inner in ast.walk(part)
    }
    axes = _names_of_axes(tree)
    stored = Counter(
        node.id if isinstance(node, ast.Name) else node.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and _is_stored(node))
    )
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        for words, other in (
            *_of_operator(node),
            *_of_constant(node, axes),
            *_of_name(node),
            *_of_call(node),
            *_of_slice(node),
            *_of_statement(node, stored),
            *_of_sequence(node),
        ):
            yield node, words, other
    yield from _of_keys(tree)
    yield from _of_rules(tree)
    yield from _of_keywords(tree)


def _unchanged(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that do not matter: imports and annotations."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [node]
    if isinstance(node, ast.arg):
        return [node.annotation] if node.annotation else []
    if isinstance(node, ast.FunctionDef):
        return [node.returns] if node.returns else []
    return [node.annotation] if isinstance(node, ast.AnnAssign) else []


def _is_stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """A copy of a node with these fields replaced."""
    changed = copy.copy(node)
    for field, value in fields.items():
        setattr(changed, field, value)
    return changed


def _text(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 else f"{text[:30]}…{text[-9:]}"


def _expression(code: str, *parts: ast.AST) -> ast.expr:
    """The expression in `code`, with nodes in place of the names `_0`, `_1`, …"""

    class Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return parts[int(node.id[1:])] if node.id[1:].isdigit() else node

    expression: ast.expr = Put().visit(ast.parse(code, mode="eval").body)
    return expression


def _scaled(value: float, factor: float) -> float:
    return float(f"{value * factor:.12g}")


def _called(node: ast.AST) -> str:
    """The last part of the name of the function that is called."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


SYMBOLS: dict[Any, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Pow: "**", ast.MatMult: "@", ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&",
    ast.BitOr: "|", ast.BitXor: "^", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is", ast.IsNot: "is not", ast.In: "in",
    ast.NotIn: "not in", ast.And: "and", ast.Or: "or",
}  # fmt: skip


def _of_operator(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp):
        for other in OPERATORS.get(type(node.op), ()):
            yield f"{SYMBOLS[type(node.op)]} → {SYMBOLS[other]}", _with(node, op=other())
    if isinstance(node, ast.BinOp):
        for kept, dropped in ((node.left, node.right), (node.right, node.left)):
            if not isinstance(kept, ast.Constant):
                yield f"{_text(node)} → without {_text(dropped)}", kept
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        for side in ("left", "right"):
            value = getattr(getattr(node, side), "value", None)
            if type(value) is int:
                for factor in FACTORS:
                    scaled = _scaled(value, factor)
                    yield f"{value} → {scaled}", _with(node, **{side: ast.Constant(scaled)})
    if isinstance(node, ast.BinOp) and isinstance(node.op, NOT_COMMUTATIVE):
        swapped = _with(node, left=node.right, right=node.left)
        yield f"{_text(node)} → {_text(swapped)}", swapped
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            for other in OPERATORS[type(operator)]:
                ops = [*node.ops[:at], other(), *node.ops[at + 1 :]]
                yield f"{SYMBOLS[type(operator)]} → {SYMBOLS[other]}", _with(node, ops=ops)
    if isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        yield f"{_text(node)} → {_text(node.operand)}", node.operand
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield f"if {_text(node.test)} → if not", _with(node, test=_expression("not _0", node.test))


def _of_constant(node: ast.AST, axes: list[str]) -> Iterator[tuple[str, ast.AST]]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    others: list[Any] = []
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, int):
        others = [value + 1, value - 1]
    elif isinstance(value, float):
        others = [value + 1, value - 1]
        others += [_scaled(value, factor) for factor in (*FACTORS, 0.9) if value]
    elif isinstance(value, str):
        if value in axes:
            others = [axis for axis in axes if axis != value]
        elif "->" in value:
            inputs, output = value.split("->")
            others = [f"{inputs}->{output[::-1]}"]
        else:
            others = list(WORDS.get(value, ()))
    for other in others:
        yield f"{value!r} → {other!r}", ast.Constant(other)


def _of_name(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Attribute):
        for other in NAMES.get(node.attr, ()):
            yield f"{node.attr} → {other}", _with(node, attr=other)
        if node.attr in ("T", "mT", "real", "imag"):
            yield f".{node.attr} → nothing", node.value


def _of_call(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if not isinstance(node, ast.Call):
        return
    name, arguments = _called(node), node.args
    if isinstance(node.func, ast.Name):
        for other in NAMES.get(node.func.id, ()):
            if {node.func.id, other} <= BUILTINS:
                yield f"{node.func.id} → {other}", _with(node, func=ast.Name(other))
    if isinstance(node.func, ast.Attribute) and _root(node.func) not in MODULES:
        array: Any = node.func.value
        if isinstance(array, ast.Subscript) and getattr(array.value, "attr", "") == "at":
            array = array.value.value  # type: ignore[attr-defined]
        yield f".{name}(…) → nothing", array
    elif arguments and not isinstance(arguments[0], ast.Starred) and name not in ("P", "range"):
        yield f"{name}(…) → its first argument", arguments[0]
    if name == "while_loop" and arguments:
        negated = _expression("lambda *state: ~_0(*state)", arguments[0])
        changed = _with(node, args=[negated, *arguments[1:]])
        yield f"while {_text(arguments[0])} → while not", changed
    for at, keyword in enumerate(node.keywords):
        rest = [*node.keywords[:at], *node.keywords[at + 1 :]]
        words = f"{keyword.arg or '**'}={_text(keyword.value)}"
        yield f"{words} → nothing", _with(node, keywords=rest)
    for at in range(len(arguments) - 1):
        if not any(isinstance(part, ast.Starred) for part in arguments[at : at + 2]):
            swapped = [*arguments[:at], arguments[at + 1], arguments[at], *arguments[at + 2 :]]
            words = f"{_text(arguments[at])}, {_text(arguments[at + 1])}"
            yield f"{words} → swapped", _with(node, args=swapped)
    if name in ("P", "PartitionSpec") and arguments:
        yield f"{_text(node)} → P()", _with(node, args=[])
        for at, axis in enumerate(arguments):
            if isinstance(axis, ast.Constant) and axis.value is not None:
                replaced = [*arguments[:at], ast.Constant(None), *arguments[at + 1 :]]
                yield f"{_text(axis)} → None", _with(node, args=replaced)
    if name in NOISE and "random" in ast.unparse(node.func):
        for factor in FACTORS:
            yield f"{name}(…) → {factor} times it", _expression(f"{factor} * _0", node)
    if name in RATES and len(arguments) > 1 and not isinstance(arguments[1], ast.Constant):
        for factor in FACTORS:
            scaled = _expression(f"{factor} * _0", arguments[1])
            words = f"{_text(arguments[1])} → {factor} times it"
            yield words, _with(node, args=[arguments[0], scaled, *arguments[2:]])


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else "…"


def _of_slice(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Subscript) and getattr(node.value, "attr", "") != "at":
        yield f"{_text(node)} → {_text(node.value)}", node.value
    if isinstance(node, ast.Slice):
        for field in ("lower", "upper", "step"):
            bound = getattr(node, field)
            if bound is None:
                continue
            yield f"{_text(node)} → without {_text(bound)}", _with(node, **{field: None})
            if not isinstance(bound, ast.Constant | ast.UnaryOp) and field != "step":
                for change in ("_0 + 1", "_0 - 1"):
                    other = _with(node, **{field: _expression(change, bound)})
                    yield f"{_text(node)} → {_text(other)}", other


def _of_statement(node: ast.AST, stored: Counter[str]) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        parts = [part for target in targets for part in ast.walk(target)]
        names = [part.id for part in parts if isinstance(part, ast.Name)]
        # Without its only assignment a name is undefined, which every exercise rejects.
        if names and all(stored[name] > 1 for name in names):
            yield f"drop {_text(node)}", ast.Pass()
    elif isinstance(node, ast.AugAssign | ast.Expr | ast.For | ast.While | ast.If | ast.Raise):
        yield f"drop {_text(node)}".splitlines()[0], ast.Pass()
    elif isinstance(node, ast.FunctionDef):
        for at, decorator in enumerate(node.decorator_list):
            rest = [*node.decorator_list[:at], *node.decorator_list[at + 1 :]]
            yield f"drop @{_text(decorator)}", _with(node, decorator_list=rest)
    elif isinstance(node, ast.Return) and node.value is not None:
        stopped = "__import__('jax').lax.stop_gradient(_0)"
        words = f"return {_text(node.value)} → stop_gradient of it"
        yield words, ast.Return(_expression(stopped, node.value))


def _of_sequence(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load):
        for at in range(len(node.elts) - 1):
            first, second = node.elts[at : at + 2]
            swapped = [*node.elts[:at], second, first, *node.elts[at + 2 :]]
            yield f"{_text(first)}, {_text(second)} → swapped", _with(node, elts=swapped)
    if isinstance(node, ast.Dict):
        for at in range(len(node.values) - 1):
            first, second = node.values[at : at + 2]
            swapped = [*node.values[:at], second, first, *node.values[at + 2 :]]
            yield f"{_text(first)}, {_text(second)} → swapped", _with(node, values=swapped)


def _names_of_axes(tree: ast.AST) -> list[str]:
    """The names of mesh axes that the code uses."""
    names = set()
    for node in ast.walk(tree):
        if _called(node) in NAMING | {"P", "PartitionSpec"} and isinstance(node, ast.Call):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    names.add(part.value)
    return sorted(names)


def _of_keys(tree: ast.AST) -> Iterator[Change]:
    """Changes that use one key twice, or a parent in place of its child."""
    for node in ast.walk(tree):
        if not (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Tuple)
            and _called(node.value) == "split"
            and isinstance(node.value, ast.Call)
        ):
            continue
        names = [child.id for child in node.targets[0].elts if isinstance(child, ast.Name)]
        parents = [key.id for key in node.value.args[:1] if isinstance(key, ast.Name)]
        for use in ast.walk(tree):
            if isinstance(use, ast.Name) and not _is_stored(use) and use.id in names:
                for other in [*names, *parents]:
                    if other != use.id:
                        yield use, f"{use.id} → {other}", ast.Name(other)


def _of_rules(tree: ast.AST) -> Iterator[Change]:
    """Changes to what the rules of a custom derivative return."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    forward, backward, tangents = set[str](), set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in ("defvjp", "defjvp"):
            rules = [rule.id for rule in node.args if isinstance(rule, ast.Name)]
            if _called(node) == "defvjp":
                forward, backward = forward | set(rules[:1]), backward | set(rules[1:])
            else:
                tangents |= set(rules)
        if isinstance(node, ast.FunctionDef):
            decorators = [getattr(part, "attr", "") for part in node.decorator_list]
            tangents |= {node.name} if "defjvp" in decorators else set()
    for name in sorted((forward | backward | tangents) & functions.keys()):
        function = functions[name]
        parameters = [parameter.arg for parameter in function.args.args]
        for node in ast.walk(function):
            if not isinstance(node, ast.Return) or not isinstance(node.value, ast.Tuple):
                continue
            for at, part in enumerate(node.value.elts):
                is_primal = at == 0 and name not in backward
                others = {"2 times it": "2 * _0", "zero": "0 * _0"}
                if not is_primal:
                    others["1.01 times it"] = "1.01 * _0"
                elif name in forward:
                    others |= {parameter: parameter for parameter in parameters}
                else:
                    others["the first argument"] = f"{parameters[0]}[0]"
                is_tuple = isinstance(part, ast.Tuple)
                for words, code in others.items():
                    if is_tuple and "_0" in code:
                        code = f"tuple({code.replace('_0', 'entry')} for entry in _0)"
                    yield part, f"{_text(part)} → {words}", _expression(code, part)


def _of_keywords(tree: ast.AST) -> Iterator[Change]:
    """Changes of the number of an axis to `None`, and of `None` to a number."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in AXES:
            for part in ast.walk(node.value):
                if isinstance(part, ast.Constant) and part.value is None:
                    yield part, "None → 0", ast.Constant(0)
                elif isinstance(part, ast.Constant) and isinstance(part.value, int):
                    yield part, f"{part.value} → None", ast.Constant(None)
