"""Calls of a user's functions: side by side in threads, within a time, in another process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

import jax

T = TypeVar("T")


def together(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Results of several calls, side by side in threads if there is more than one; the first error is raised.

    The threads end with the process: nothing waits for a call that hangs.
    """
    if len(calls) == 1:
        return [calls[0]()]
    config: Any = jax.config
    x64 = bool(config.jax_enable_x64)
    answers: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()

    def work(i: int, call: Callable[[], T]) -> None:
        try:
            with jax.enable_x64(x64):  # a setting of each thread
                answers.put((i, call(), None))
        except BaseException as error:
            answers.put((i, None, error))

    for i, call in enumerate(calls):
        threading.Thread(target=work, args=(i, call), daemon=True).start()
    found: dict[int, T] = {}
    while len(found) < len(calls):
        i, answer, error = answers.get()
        if error is not None:
            raise error
        found[i] = answer
    return [found[i] for i in range(len(calls))]


def within(seconds: float | None, function: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """The answer of a call. Raises TimeoutError after `seconds`; the call is left to end with the process."""
    if seconds is None:
        return function(*arguments, **more)
    answer: list[tuple[Any, BaseException | None]] = []

    def work() -> None:
        try:
            answer.append((function(*arguments, **more), None))
        except BaseException as error:
            answer.append((None, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if not answer:
        raise TimeoutError
    value, error = answer[0]
    if error is not None:
        raise error
    return value


_POOLS: dict[int, ProcessPoolExecutor] = {}


def in_process(workers: int, seconds: float | None, function: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """The answer of a call in one of `workers` processes. Raises TimeoutError after `seconds`, and ends that process."""
    pool = _POOLS.get(workers) or _POOLS.setdefault(workers, ProcessPoolExecutor(workers, get_context("spawn")))
    try:
        return pool.submit(function, *arguments, **more).result(seconds)
    except (TimeoutError, BrokenProcessPool):
        _POOLS.pop(workers, None)
        for process in list((pool._processes or {}).values()):
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
