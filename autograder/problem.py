"""Problems that a person has to fix, explained in one sentence instead of a traceback."""

import importlib.metadata
import re
import warnings

OLDEST_JAX = (0, 7, 2)
NEWEST_JAX = (0, 12)
NOT_DEFINED = (
    "Run the cell that defines it; after a restart of the kernel, run every cell above, with "
    "Run All Above Selected Cell in the menu Run."
)


class Problem(Exception):  # noqa: N818  (it is a message for people, not a bug)
    """Bad input, with one clear sentence that says what to do.

    IPython shows the sentence alone (`_render_traceback_`); the command line prints it and
    exits with status 2.
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class CannotGrade(Problem):
    """A problem that affects every student, so that the run ends instead of going on."""


def version(text: str) -> tuple[int, ...]:
    """The first three numbers of a version.

    >>> version("0.10.2rc1")
    (0, 10, 2)
    """
    return tuple(int(n) for n in re.findall(r"\d{1,9}", text)[:3])


def require_jax(installed: str | None = None) -> None:
    """Make sure that JAX is installed and not too old; warn if it is newer than tested.

    Args:
        installed: the version to check instead of the installed one.

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
            f"This course needs JAX {oldest} or newer, but {installed} is installed: "
            f'run `pip install -U "jax>={oldest}"` and restart the kernel.'
        )
    if version(installed)[:2] > NEWEST_JAX:
        newest = ".".join(map(str, NEWEST_JAX))
        warnings.warn(
            f"This course is tested with JAX {oldest} to {newest}, but {installed} is installed: "
            f'if a card looks wrong, run `pip install "jax~={newest}.0"` and restart the kernel.',
            stacklevel=2,
        )
