"""Slashes in names, None among swept values.

Source: pydata/xarray#7943, pymc#5657, arviz#2365.
"""

import pathlib
import tempfile

import collapsebench as cb


def case():
    swept = {"n_real": [None, 20], "regime": [cb.regimes.Replace(), cb.regimes.Accumulate()]}
    result = cb.sweep(cb.Experiment(name="a/b", n=10, generations=2, trajectories=2), swept)
    with tempfile.TemporaryDirectory() as folder:
        again = cb.load(cb.save(result, pathlib.Path(folder, "x.nc")))
    return result.identical(again), "identical"
