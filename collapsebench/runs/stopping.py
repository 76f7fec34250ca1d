"""Ctrl-C and SIGTERM while a run can be resumed: it stops at the end of a block, and a second one stops at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

_LATER = 0.02
"""Seconds after which a signal is given again, when the destructor that it met is over."""


class Stop:
    """Whether the run was asked to stop."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("collapsebench: stopping at the end of this block; once more to stop at once", file=sys.stderr)


@contextlib.contextmanager
def at_blocks() -> Iterator[Stop]:
    """Context in which the first Ctrl-C or SIGTERM only sets `asked`; in another thread than the first, nothing does."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stop.asked:  # after the last block: what comes next must not begin
        raise KeyboardInterrupt


@contextlib.contextmanager
def terminated() -> Iterator[None]:
    """Context in which SIGTERM, which schedulers send before they take a machine away, is Ctrl-C, and neither is lost.

    Python drops what a handler raises while a destructor or a callback of the collector runs (JAX has one); it is then
    raised again after it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, hook = signal.signal(signal.SIGTERM, _interrupt), sys.unraisablehook

    def again(dropped: sys.UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            # In the background of a script SIGINT is ignored, and SIGTERM is all that can stop the run.
            ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
            timer = threading.Timer(_LATER, os.kill, (os.getpid(), signal.SIGTERM if ignored else signal.SIGINT))
            timer.daemon = True
            timer.start()
        else:
            hook(dropped)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = hook
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
