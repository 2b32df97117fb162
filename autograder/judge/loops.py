"""How often a loop of a program turns."""

from __future__ import annotations

from jax.extend.mlir.dialects import stablehlo

from autograder.judge.module import Block, Module, Operation


def turns(module: Module, loop: Operation) -> int | None:
    """How often a `while` turns; None unless its condition compares a counter with a constant."""
    condition, body = loop.regions
    compare = module.definitions.get(condition.operations[-1].operands[0])
    if compare is None or compare.name != "stablehlo.compare":
        return None
    direction = stablehlo.ComparisonDirectionAttr(compare.attributes["comparison_direction"]).value
    counter, bound = compare.operands
    if counter not in condition.arguments:
        counter, bound = bound, counter
        direction = {"LT": "GT", "GT": "LT", "LE": "GE", "GE": "LE"}.get(direction, direction)
    if counter not in condition.arguments:
        return None
    position = condition.arguments.index(counter)
    start, last = module.constant(loop.operands[position]), module.constant(bound)
    step = _step(module, body, position)
    if start is None or last is None or not step:
        return None
    if direction in ("GT", "GE"):
        start, last, step, direction = -start, -last, -step, "L" + direction[1]
    if direction == "NE" and (last - start) % step == 0 and (last - start) // step >= 0:
        return (last - start) // step
    if direction not in ("LT", "LE") or step < 0:
        return None
    return max(0, -(-(last + (direction == "LE") - start) // step))


def _step(module: Module, body: Block, position: int) -> int | None:
    """What each turn adds to the counter at this position of the carried values."""
    counter = body.arguments[position]
    change = module.definitions.get(body.operations[-1].operands[position])
    if change is None or change.operands.count(counter) != 1:
        return None
    first, second = change.operands if len(change.operands) == 2 else (counter, counter)
    if change.name == "stablehlo.add":
        return module.constant(second if first == counter else first)
    if change.name == "stablehlo.subtract" and first == counter:
        step = module.constant(second)
        return None if step is None else -step
    return None
