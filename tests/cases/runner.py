"""Find and run cases: every file `NN_name.py` here, whose function `case()` returns (passed, what was found and is right).

A case of more than a few seconds says `SLOW = True`. It may change the working directory and warn as it likes.
"""

import os
import runpy
import warnings
from pathlib import Path

CASES = sorted(Path(__file__).parent.glob("[0-9]*.py"))


def load(path):
    """Globals of a case's file; `case` is the function to call."""
    return runpy.run_path(str(path))


def run(path):
    """(passed, what was found), from anywhere and without warnings; an exception is a failure that says so."""
    here = os.getcwd()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            passed, said = load(path)["case"]()
        return bool(passed), said
    except Exception as error:
        return False, f"{type(error).__name__}: {error}"
    finally:
        os.chdir(here)
