"""Decides when a process may run: beside others, or alone on the machine."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator


class Turns:
    """Lets in many threads at once, or one alone, in the order in which they arrived."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.waiting: deque[object] = deque()
        self._inside = 0
        self._is_alone = False

    @contextlib.contextmanager
    def turn(self, alone: bool) -> Iterator[None]:
        """Wait for a turn; with `alone`, until nobody else is inside."""
        me = object()

        def is_next() -> bool:
            free = not self._is_alone and not (alone and self._inside)
            return self.waiting[0] is me and free

        with self._changed:
            self.waiting.append(me)
            try:
                self._changed.wait_for(is_next)
                self._inside, self._is_alone = self._inside + 1, alone
            finally:
                self.waiting.remove(me)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._inside, self._is_alone = self._inside - 1, False
                self._changed.notify_all()
