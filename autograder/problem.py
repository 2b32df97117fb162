"""What a person has to put right, said in one sentence instead of a traceback."""

import importlib.metadata
import re
import warnings

OLDEST_JAX = (0, 7, 2)
NEWEST_JAX = (0, 12)
NOT_DEFINED = (
    "Run the cell that defines it; after a restart of the kernel, run every cell above: "
    "*Run → Run All Above Selected Cell*."
)


class Problem(Exception):  # noqa: N818  (it names what to put right, not what broke)
    """Bad input, with one clear sentence that says what to do.

    IPython shows the sentence alone (`_render_traceback_`); the command line prints it and
    exits with status 2.
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class CannotGrade(Problem):
    """What keeps everybody from being graded, so that a run ends instead of going on."""


def version(text: str) -> tuple[int, ...]:
    """The first three numbers of a version."""
    return tuple(int(n) for n in re.findall(r"\d{1,9}", text)[:3])


def require_jax(installed: str | None = None) -> None:
    """Make sure that JAX is there and not older than the course supports; warn of a newer one.

    Args:
        installed: a version to judge in place of the installed one.

    Raises:
        Problem: JAX is missing or older than 0.7.2.
    """
    oldest = ".".join(map(str, OLDEST_JAX))
    if installed is None:
        try:
            installed = importlib.metadata.version("jax")
        except importlib.metadata.PackageNotFoundError:
            raise Problem(f'JAX is not installed: run `pip install "jax>={oldest}"`.') from None
    if version(installed) < OLDEST_JAX:
        raise Problem(
            f"This course needs JAX {oldest} or newer and found {installed}: "
            f'run `pip install -U "jax>={oldest}"` and restart the kernel.'
        )
    if version(installed)[:2] > NEWEST_JAX:
        newest = ".".join(map(str, NEWEST_JAX))
        warnings.warn(
            f"This course was proved with JAX {oldest} to {newest} and found {installed}: if a "
            f'card looks wrong, run `pip install "jax~={newest}.0"` and restart the kernel.',
            stacklevel=2,
        )
