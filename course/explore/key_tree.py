"""Where the keys of a function come from, and which of them are used twice."""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import jax
import numpy as np
from markupsafe import Markup

from autograder.markup import html, joined
from course.explore import programs
from course.explore.stage import Explorable, Scene, Step, at, if_it_fits

MOST = 24  # recorded calls that are shown
MAKERS = ("key", "PRNGKey", "wrap_key_data")
NOT_USES = ("key_data", "key_impl", "default_prng_impl", "clone")

Bits = tuple[int, ...]


@dataclass
class Key:
    """One place in the tree where a key was made.

    Attributes:
        bits: the integers of the key.
        origin: how it was made, such as `"split(key, 3)[1]"` or `"fold_in(key, 3)"`.
        parent: the number of the key that it was made from; None for a root.
        since: the number of the call that made it; -1 for an argument.
        name: the variable that the function stores it in, if one was seen.
    """

    bits: Bits
    origin: str
    parent: int | None
    since: int
    name: str = ""


@dataclass(frozen=True)
class Use:
    """A call that used a key.

    Attributes:
        key: the number of the key.
        call: what was called, such as `"normal(key, (3,))"`.
        kind: `"draw"`, `"split"` or `"fold_in"`.
        result: the numbers that were drawn, as text.
    """

    key: int
    call: str
    kind: str
    result: str = ""


@dataclass
class Record:
    """All keys and uses, in the order in which the function made them."""

    keys: list[Key] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    traced: int = 0
    """The number of calls that got a tracer in place of a key, as under `vmap`."""
    error: str = ""

    def again(self, upto: int | None = None) -> dict[Bits, list[int]]:
        """The keys that are used more than once in the first calls, and the numbers of these.

        All calls of `fold_in` with the same key count as one use, because each number makes another
        key.
        """
        used: dict[Bits, list[int]] = {}
        folded: set[Bits] = set()
        for number, use in enumerate(self.uses[:upto]):
            bits = self.keys[use.key].bits
            if use.kind == "fold_in" and bits in folded:
                continue
            folded |= {bits} if use.kind == "fold_in" else set()
            used.setdefault(bits, []).append(number)
        return {bits: numbers for bits, numbers in used.items() if len(numbers) > 1}


def keys(f: Callable[..., Any], *args: Any) -> Explorable:
    """Call `f(*args)`, and show the keys that it makes and uses as a tree that grows.

    A key that is used twice is marked in both places. `f` runs without `jit`, so that the keys
    have values.

    >>> keys(lambda key: jax.random.normal(key), jax.random.key(0))  # doctest: +SKIP

    Args:
        f: a function that calls functions of `jax.random`, typically with a key as its argument.
        args: its arguments.
    """
    record = record_of(f, *args)
    count = min(len(record.uses), MOST)
    steps = [Step(_words(record, number)) for number in range(count)]
    about = ["A key is shown as its two integers, in hexadecimal digits."]
    if record.error:
        about.append(f"The function raised {record.error}.")
    if record.traced:
        calls = "1 call is" if record.traced == 1 else f"{record.traced} calls are"
        about.append(f"{calls} not shown: under `vmap` or `grad`, a call does not have one key.")
    if len(record.uses) > MOST:
        about.append(f"The first {MOST} of {len(record.uses)} calls are shown.")
    scene = Scene(
        steps or [Step("The function called nothing in `jax.random` with a key.")],
        _drawn(record, count),
        _written(record, count),
    )
    name = getattr(f, "__name__", "f")
    shown = Explorable(f"The keys of `{name}`, call by call", scene, about=" ".join(about))
    return if_it_fits(shown, "Show a function that makes fewer keys.")


def record_of(f: Callable[..., Any], *args: Any) -> Record:
    """Call `f(*args)` and record what it does with keys."""
    recorder = _Recorder()
    for number, leaf in enumerate(jax.tree.leaves(args)):
        for bits in _bits(leaf)[:MOST]:
            recorder.add(Key(bits, f"argument {number}", None, -1))
    recorder.name_by(programs.named_arguments(f, args))
    wrapped = {
        name: recorder.wrap(name, getattr(jax.random, name))
        for name in dir(jax.random)
        if not name.startswith("_") and inspect.isfunction(getattr(jax.random, name))
    }
    originals = {getattr(jax.random, name): function for name, function in wrapped.items()}
    known = getattr(programs.source_function(f)[0], "__globals__", {})
    imported = {
        name: originals[value]
        for name, value in known.items()
        if inspect.isfunction(value) and value in originals
    }
    with (
        mock.patch.multiple(jax.random, **wrapped),
        _replaced(known, imported),
        jax.disable_jit(),
    ):
        try:
            f(*args)
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            recorder.record.error = f"{type(error).__name__}: {first}".rstrip(".")
    return recorder.record


class _Recorder:
    """Stands before the functions of `jax.random` and writes down the calls."""

    def __init__(self) -> None:
        self.record = Record()
        self.inside = False

    def add(self, key: Key) -> int:
        self.record.keys.append(key)
        return len(self.record.keys) - 1

    def number_of(self, bits: Bits) -> int:
        """The latest place at which this key was made."""
        for number in reversed(range(len(self.record.keys))):
            if self.record.keys[number].bits == bits:
                return number
        return self.add(Key(bits, "made elsewhere", None, len(self.record.uses)))

    def name_by(self, variables: dict[str, Any]) -> None:
        """Give keys that have no name the names of the variables that hold them."""
        for name, value in variables.items():
            held = _bits(value)
            for place, bits in enumerate(held[:MOST]):
                label = f"{name}[{place}]" if np.ndim(_plain(value)) else name
                same = [key for key in self.record.keys if key.bits == bits]
                if same and not same[-1].name and label not in {key.name for key in same}:
                    same[-1].name = label

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def recorded(*args: Any, **options: Any) -> Any:
            if self.inside or name in NOT_USES:
                return function(*args, **options)
            caller = inspect.currentframe().f_back
            self.name_by(caller.f_locals)
            self.inside = True
            try:
                result = function(*args, **options)
            finally:
                self.inside = False
            self.write(name, args, options, result)
            return result

        return recorded

    def write(self, name: str, args: tuple, options: dict[str, Any], result: Any) -> None:
        rest = [*map(_short, args[1:]), *(f"{k}={_short(v)}" for k, v in options.items())]
        if name in MAKERS:
            what = _short(args[0]) if args else ""
            for bits in _bits(result):
                self.add(Key(bits, f"{name}({what})", None, len(self.record.uses)))
            return
        key = args[0] if args else options.get("key")
        if isinstance(key, jax.core.Tracer) or isinstance(result, jax.core.Tracer):
            self.record.traced += 1
            return
        if len(bits := _bits(key)) != 1:
            return
        number = self.number_of(bits[0])
        called = self.record.keys[number].name or self.record.keys[number].origin
        call = f"{name}({', '.join([called, *rest])})"
        step = len(self.record.uses)
        if name in ("split", "fold_in"):
            self.record.uses.append(Use(number, call, name))
            made = _bits(result)
            for place, child in enumerate(made):
                how = f"{call}[{place}]" if name == "split" else call
                self.add(Key(child, how, number, step))
        else:
            self.record.uses.append(Use(number, call, "draw", _short(result)))


@contextlib.contextmanager
def _replaced(namespace: dict[str, Any], values: dict[str, Any]) -> Iterator[None]:
    """Give names other values for a while; `mock.patch.dict` would undo all other changes, too."""
    before = {name: namespace[name] for name in values}
    namespace.update(values)
    try:
        yield
    finally:
        namespace.update(before)


def _plain(value: Any) -> Any:
    return jax.random.key_data(value)[..., 0] if _is_typed(value) else np.asarray(value)[..., 0]


def _is_typed(value: Any) -> bool:
    return isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)


def _bits(value: Any) -> list[Bits]:
    """The keys in a value: typed ones, or what may be untyped ones; none in anything else."""
    if not isinstance(value, jax.Array) or isinstance(value, jax.core.Tracer):
        return []
    if _is_typed(value):
        data = np.asarray(jax.random.key_data(value))
    elif value.dtype == np.uint32 and value.ndim and value.shape[-1] == 2:
        data = np.asarray(value)
    else:
        return []
    return [tuple(map(int, row)) for row in data.reshape(-1, data.shape[-1])]


def _short(value: Any) -> str:
    """A value in a few words: numbers as they are, large arrays by their shape."""
    if isinstance(value, (jax.Array, np.ndarray)) and not _is_typed(value):
        numbers = np.asarray(value)
        if numbers.size > 4:
            return f"an array of shape {numbers.shape}"
        texts = [f"{n:.4f}" if numbers.dtype.kind == "f" else str(n) for n in numbers.ravel()]
        return texts[0] if numbers.ndim == 0 else f"[{', '.join(texts)}]"
    text = getattr(value, "__name__", None) or str(value)
    return text if len(text) <= 30 else text[:29] + "…"


def _label(key: Key) -> str:
    if key.name and (key.parent is not None or "(" in key.origin):
        return f"{key.name} = {key.origin}"
    return key.name or key.origin


def _hex(bits: Bits) -> str:
    return " ".join(f"{word:08x}" for word in bits)


def _words(record: Record, number: int) -> str:
    """What a call did, and what is wrong with it."""
    use = record.uses[number]
    key = record.keys[use.key]
    made = [child for child in record.keys if child.since == number and child.parent == use.key]
    if use.kind == "split":
        said = f"`{use.call}` makes {len(made)} keys from `{key.name or key.origin}`."
    elif use.kind == "fold_in":
        said = f"`{use.call}` makes the key that belongs to this number."
    else:
        said = f"`{use.call}` draws {use.result}."
    calls = record.again(number + 1).get(key.bits, [])
    if number in calls:
        earlier = " and ".join(
            f"step {other + 1}, `{record.uses[other].call}`" for other in calls if other != number
        )
        said += f" ⚠ This key was used before, in {earlier}. Use each key only once."
    for child in made:
        if (twin := _twin(record, child)) is not None:
            same = twin.origin == child.origin
            said += (
                " The same call made this key before."
                if same
                else f" `{child.origin}` is the same key as `{twin.origin}`."
            )
    return said


def _twin(record: Record, key: Key) -> Key | None:
    """The first place where a key with the same bits was made, if it is another place."""
    first = next(other for other in record.keys if other.bits == key.bits)
    return None if first is key else first


def _children(record: Record, parent: int | None, count: int) -> list[int]:
    return [
        place for place, key in enumerate(record.keys) if key.parent == parent and key.since < count
    ]


def _uses(record: Record, place: int, count: int) -> list[tuple[int, str, list[int]]]:
    """For each use of a key: its number, the call, and all uses if there are several."""
    again = record.again(count).get(record.keys[place].bits, [])
    return [
        (
            n,
            f"{use.call} → {use.result}" if use.result else use.call,
            again if n in again or use.kind == "fold_in" else [],
        )
        for n, use in enumerate(record.uses[:count])
        if use.key == place
    ]


def _drawn(record: Record, count: int) -> Markup:
    """The tree as nested lists; each part is visible from the step that made it."""

    def branch(parent: int | None) -> Markup:
        items = joined(item(place) for place in _children(record, parent, count))
        return html("<ul>{items}</ul>", items=items) if items else Markup("")

    def item(place: int) -> Markup:
        key = record.keys[place]
        used = _uses(record, place, count)
        twin = _twin(record, key)
        return html(
            "<li {shown}><span {now}>{label} <code>{bits}</code></span>{same}{uses}{below}</li>",
            shown=at(shown=f"{key.since + 1}-" if key.since > 0 else ""),
            now=at(now=[n + 1 for n, _, _ in used]),
            label=_label(key),
            bits=_hex(key.bits),
            same=html(" = the same key as {twin}", twin=twin.origin) if twin else "",
            uses=joined(call(*use) for use in used),
            below=branch(place),
        )

    def call(n: int, text: str, again: list[int]) -> Markup:
        twice = html(
            ' <span class="x-bad" {shown}>⚠ used {times} times</span>',
            shown=at(shown=f"{max(again[1], n) + 1}-"),
            times=len(again),
        ) if again else ""  # fmt: skip
        return html(
            "<div {at}>used: <code>{text}</code>{twice}</div>",
            at=at(now=[n + 1], shown=f"{n + 1}-"),
            text=text,
            twice=twice,
        )

    return html('<div class="x-tree">{tree}</div>', tree=branch(None))


def _written(record: Record, count: int) -> str:
    lines: list[str] = []

    def add(parent: int | None, depth: int) -> None:
        for place in _children(record, parent, count):
            key = record.keys[place]
            same = f" = the same key as {twin.origin}" if (twin := _twin(record, key)) else ""
            lines.append(f"{'  ' * depth}{_label(key)}: {_hex(key.bits)}{same}")
            for _, text, again in _uses(record, place, count):
                sign = f"! used {len(again)} times" if again else "used"
                lines.append(f"{'  ' * depth}  {sign}: {text}")
            add(place, depth + 1)

    add(None, 0)
    return "\n".join(lines)
