"""Signals that would be lost: one that arrives in a destructor or in a callback of the collector."""

import gc
import os
import signal
import time

import pytest

from collapsebench.runs.stopping import terminated


class Dying:
    """It is told to end while it is destroyed."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        os.kill(os.getpid(), self.number)
        time.sleep(0.01)  # the handler runs in here


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_destructor_is_raised_after_it(number):
    def work():
        with terminated():
            Dying(number)
            time.sleep(5)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_signal_in_a_callback_of_the_collector_is_raised_after_it():
    def callback(phase, info):
        gc.callbacks.remove(callback)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)

    def work():
        with terminated():
            gc.callbacks.append(callback)
            gc.collect()
            time.sleep(5)

    with pytest.raises(KeyboardInterrupt):
        work()
