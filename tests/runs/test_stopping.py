"""Signals that would be lost: one that arrives in a destructor or in a callback of the collector."""

import subprocess
import sys

import pytest

# In a process of its own: what runs tests in parallel has threads and handlers of its own.
PROGRAM = """
import gc, os, signal, time
from collapsebench.runs.stopping import terminated

signal.signal(signal.SIGINT, {before})

class Dying:
    def __del__(self):
        os.kill(os.getpid(), signal.{number})
        time.sleep(0.01)  # the handler runs in here

def callback(phase, info):
    gc.callbacks.remove(callback)
    os.kill(os.getpid(), signal.{number})
    time.sleep(0.01)

try:
    with terminated():
        {how}
        time.sleep(60)
except KeyboardInterrupt:
    print("stopped", signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""
WAYS = {"destructor": "Dying()", "collector": "gc.callbacks.append(callback); gc.collect()"}


@pytest.mark.parametrize(
    ("number", "before"),
    [
        ("SIGINT", "signal.default_int_handler"),
        ("SIGTERM", "signal.default_int_handler"),
        ("SIGTERM", "signal.SIG_IGN"),  # as a script's background has it, and nohup
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_a_signal_is_raised_after_what_would_drop_it(way, number, before):
    program = PROGRAM.format(how=WAYS[way], number=number, before=before)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50)
    assert done.stdout == "stopped True\n", done.stderr
