"""PCA of too few rows.

Source: dvitale199/GenoTools#122, acids-ircam/RAVE#108, auduno/clmtools#15.
"""

import os
import subprocess
import sys
import tempfile

import numpy as np

SLOW = True


def case():
    os.chdir(tempfile.mkdtemp())
    np.savetxt("f.csv", np.random.default_rng(0).normal(size=(4, 10)), delimiter=",")
    fields = ("target=dataset", "target.name=f.csv", "target.dim=5", "model.dim=5", "holdout=1")
    words = [word for field in fields for word in ("--set", field)]
    sizes = ["--n", "2", "--generations", "1", "--trajectories", "1", "--out", "o"]
    run = [sys.executable, "-m", "collapsebench.cli", "run", "gaussian", *words, *sizes]
    r = subprocess.run(run, capture_output=True, text=True)
    passed = r.returncode == 2 and "Traceback" not in r.stderr
    return passed, f"exit code {r.returncode}, right 2; last line: {r.stderr.strip().splitlines()[-1][:120]}"
