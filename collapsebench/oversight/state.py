"""State of a monitor between the runs of a pipeline: one .npz, written whole or not at all, its digest checked.

What is learnt from the real rows is learnt again, the same way, from the same rows; the file holds what generations left.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from collapsebench.oversight.monitor import Monitor
from collapsebench.oversight.report import Alarm, Generation
from collapsebench.oversight.watch import Tally
from collapsebench.specs import files
from collapsebench.specs.errors import RequestError

VERSION = 1


def save_state(watch: Monitor, path: str | Path) -> Path:
    """Write a monitor's state. Returns the path."""
    arrays: dict[str, np.ndarray] = {}
    for i, tally in enumerate(watch._tallies):
        arrays |= {f"tally{i}:count": tally.count, f"tally{i}:tried": tally.tried, f"tally{i}:covered": tally.covered}
        arrays |= {f"tally{i}:category{j}": column for j, column in enumerate(tally.categories)}
        arrays[f"tally{i}:rows"] = np.array([tally.rows, tally.copies, tally.looked])
    if watch._betting is not None:
        arrays |= {"bets": watch._betting.sums, "begun": np.array(watch._betting.begun)}
    history = []
    for g in watch.generations:
        record = dataclasses.asdict(g)
        record["p"] = {kind: values.tolist() for kind, values in g.p.items()}
        history.append(record)
    about = {"version": VERSION, "real": watch.real.digest(), "settings": _settings(watch), "rows": watch.begun_with}
    about |= {"generations": history, "digests": watch.digests}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    arrays["digest"] = np.frombuffer(_digest(arrays).encode(), np.uint8)
    with files.whole(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    return Path(path)


def load_state(watch: Monitor, path: str | Path) -> None:
    """Bring a new monitor to where a state file left off.

    Raises RequestError, one line, for a damaged file, other real rows or other settings.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        digest = arrays.pop("digest").tobytes().decode()
        about: dict[str, Any] = json.loads(arrays["about"].tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise RequestError(
            f"--state {path}: it is no state of a monitor, or damaged; remove it to begin anew"
        ) from None
    if digest != _digest(arrays) or about.get("version") != VERSION:
        raise RequestError(f"--state {path}: it is not what was written; remove it to begin anew")
    if about["real"] != watch.real.digest():
        raise RequestError(f"--state {path}: it is of other real rows than {watch.real.name}; name another state")
    for field, value in _settings(watch).items():
        if about["settings"][field] != value:
            raise RequestError(
                f"--state {path}: its {field} is {about['settings'][field]}, not {value}; name another state"
            )
    if not about["generations"]:
        return
    watch.resume(about["rows"])
    for i in range(2):
        if f"tally{i}:rows" in arrays:
            columns = [arrays[f"tally{i}:category{j}"] for j in range(len(watch._watch.columns.known))]
            own = (arrays[f"tally{i}:{name}"] for name in ("count", "tried"))
            rows, copies, looked = map(int, arrays[f"tally{i}:rows"])
            watch._tallies.append(Tally(rows, *own, columns, arrays[f"tally{i}:covered"], copies, looked))
    if "bets" in arrays:
        watch.bet(watch._tallies[0])
        assert watch._betting is not None
        watch._betting.sums, watch._betting.begun = arrays["bets"], float(arrays["begun"])
    for record in about["generations"]:
        record["alarms"] = [Alarm(**{**alarm, "lost": tuple(alarm["lost"])}) for alarm in record["alarms"]]
        record["p"] = {kind: np.array(values) for kind, values in record["p"].items()}
        watch.generations.append(Generation(**record))
    watch.digests = about["digests"]


def _settings(watch: Monitor) -> dict[str, object]:
    names = {"alpha": watch.alpha, "tolerance": watch.tolerance, "horizon": watch.horizon, "seed": watch._watch.seed}
    train = None if watch.train is None else watch.train.digest()
    return names | {"against": list(watch.against), "train": train}


def _digest(arrays: dict[str, np.ndarray]) -> str:
    answer = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        answer.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
    return answer.hexdigest()
