"""A constant column after standardising.

Source: scikit-learn#17794, rasbt/mlxtend#1058.
"""

import os
import tempfile

import numpy as np

import collapsebench as cb


def case():
    os.chdir(tempfile.mkdtemp())
    np.save("c.npy", np.c_[np.full(1000, 14.62), np.arange(1000)])
    x = np.asarray(cb.targets.Dataset(name="c.npy", dim=2).prepare().train)
    passed = np.abs(x[:, 0]).max() < 1e-6 and abs(x[:, 1].std() - 1) < 1e-3
    return passed, f"largest of the constant column {np.abs(x[:, 0]).max()} right 0"
