"""Unix seconds through float32.

Source: RUCAIBox/RecBole#1653, open-mmlab/mmdetection3d#296.
"""

import pathlib
import tempfile

import numpy as np

import collapsebench as cb


def case():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "t.csv")
        np.savetxt(file, 1_700_000_000 + np.arange(200)[:, None], fmt="%d")
        rows = cb.targets.Dataset(name=str(file), dim=1).prepare()
    seen = len(np.unique(np.asarray(rows.train)))
    return seen == 160, f"{seen} distinct standardised values of 160 distinct times"
