"""Pulls of several queues at a time, one of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from .remoting import Pulled, Queue


class Pulls:
    """`pull`: called in threads."""

    def __init__(self, pull: Callable[[Queue, int], Pulled], workers: int) -> None:
        self._pull = pull
        self._pool = ThreadPoolExecutor(workers, "pull")
        self._under_way: dict[Future[Pulled], Queue] = {}

    @property
    def are_under_way(self) -> bool:
        return bool(self._under_way)

    def start(self, queue: Queue, offset: int) -> None:
        self._under_way[self._pool.submit(self._pull, queue, offset)] = queue

    def done(self, timeout_s: float) -> Iterator[tuple[Queue, Pulled]]:
        """Those that have ended, waited for if none has. Raises what a pull has raised."""
        ended, _ = wait(self._under_way, timeout_s, FIRST_COMPLETED)
        for future in ended:
            yield self._under_way.pop(future), future.result()

    def close(self) -> None:
        """Waits for the pulls under way."""
        self._pool.shutdown(cancel_futures=True)
