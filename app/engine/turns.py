"""Lets one run of a station do the work of many wake-ups."""

import threading
from collections.abc import Callable


class Turns:
    """Runs under one name take turns; a wake-up during a run makes that run look again instead of waiting for it.

    A thousand wake-ups of one burst so cost one thread, not a thousand. Nothing is stranded by a crash: the run that
    took a wake-up over is itself a job that is still under way, and starts again.
    """

    def __init__(self) -> None:
        """Nobody is running."""
        self._mutex = threading.Lock()
        self._again: dict[str, bool] = {}

    def take(self, name: str, run: Callable[[], int]) -> int:
        """Call `run` until no wake-up of `name` came in meanwhile.

        Returns:
            The sum of what `run` returned; 0 when a run that is under way took this wake-up over.
        """
        with self._mutex:
            if name in self._again:
                self._again[name] = True
                return 0
            self._again[name] = False
        done = 0
        try:
            while True:
                done += run()
                if self._end(name):
                    return done
        except BaseException:
            with self._mutex:
                self._again.pop(name, None)
            raise

    def idle(self) -> bool:
        """Whether nothing runs."""
        with self._mutex:
            return not self._again

    def _end(self, name: str) -> bool:
        with self._mutex:
            if self._again[name]:
                self._again[name] = False
                return False
            del self._again[name]
            return True
