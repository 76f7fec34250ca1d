"""Digests of the numbers that the public functions give, for every allowed regime, model and handover.

    python -m tests.golden.numbers              compare with numbers.json: lists what changed, exit code 1
    python -m tests.golden.numbers --write      write numbers.json anew
    python -m tests.golden.numbers --only gaussian/     cases whose name begins so

Whatever moves inside the package, these numbers stay; a change of them is a commit of its own that says why. Only names
that are fixed stand here: `cb.run`, `cb.sweep`, `cb.ablate`, `cb.profile` and the command line.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import io
import json
import platform
import sys
import tempfile
from pathlib import Path

import jax
import numpy as np

import collapsebench as cb

FILE = Path(__file__).with_name("numbers.json")
REGIMES = (
    "replace", "accumulate", "accumulate_subsample", "augment", "fresh", "grow", "memory", "mix", "weighted",
)  # fmt: skip
HANDOVERS = ("samples", "summary", "population")
REFUSED = "refused"


def _small(model, **fields):
    """A network that compiles in seconds and learns next to nothing."""
    training = dataclasses.replace(model.training, steps=4, batch=8)
    return dataclasses.replace(model, training=training, **fields)


def _parts():
    """Model name -> (target, model), one each."""
    t, m = cb.targets, cb.models
    return {
        "bernoulli": (t.Bernoulli(p=0.3), m.Bernoulli()),
        "categorical": (t.Zipf(classes=10), m.Categorical(classes=10)),
        "early_stopped": (t.Normal(), m.EarlyStopped()),
        "exponential": (t.Exponential(), m.Exponential()),
        "gaussian": (t.Normal(), m.Gaussian()),
        "gaussian_2d": (t.Normal(dim=2), m.Gaussian(dim=2, unbiased=True)),
        "gaussian_mixture": (t.GaussianMixture(), m.GaussianMixture()),
        "kde": (t.Normal(), m.KernelDensity()),
        "linear_regression": (t.Linear(), m.LinearRegression()),
        "logistic_regression": (t.Logistic(), m.LogisticRegression()),
        "poisson": (t.Poisson(), m.Poisson()),
        "ridge_regression": (t.Linear(), m.RidgeRegression()),
        "symmetric_mixture": (t.Normal(), m.SymmetricMixture()),
        "flow": (t.Moons(), _small(m.Flow(), layers=2, hidden=(4,))),
        "vae": (t.Moons(), _small(m.VAE(), hidden=(4,))),
        "diffusion": (t.Moons(), _small(m.Diffusion(), hidden=(4,), levels=2)),
    }


NETWORKS = ("flow", "vae", "diffusion")


def _experiment(name, target, model, **fields):
    common = {"metrics": ("nll",), "n": 20, "generations": 3, "trajectories": 4, "holdout": 64, "width": 2}
    return cb.Experiment(name=name, target=target, model=model, **{**common, **fields})


def cases():
    """Name -> a function without arguments whose Dataset is digested; it may raise RequestError, which is recorded."""
    found = {}
    parts = _parts()
    for name, (target, model) in parts.items():
        for regime in REGIMES:
            for handover in HANDOVERS:
                for x64 in (False, True) if regime == "replace" else (False,):  # a program is seconds of compilation
                    fields = {"regime": regime, "handover": handover, "x64": x64}
                    label = f"{name}/{regime}/{handover}/{'float64' if x64 else 'float32'}"
                    found[label] = _run(name, target, model, fields)
    found |= _metric_cases(parts)
    target, model = parts["gaussian"]
    found["extra/curator"] = _run("c", target, model, {"curator": "truncate"})
    found["extra/warm_start"] = _run("w", *parts["gaussian_mixture"], {"warm_start": True})
    found["extra/snapshots"] = _run("s", target, model, {"snapshots": (0, 2)})
    found["extra/seed"] = _run("s", target, model, {"seed": 2**40 + 3, "n_real": 7})
    found["extra/dataset"] = _run("d", cb.targets.Dataset("iris"), cb.models.Gaussian(dim=4), {"holdout": 20})
    base = _experiment("sweep", target, model, metrics=("variance", "kl"), regime="mix")
    found["sweep/leaf"] = lambda: cb.sweep(base, {"regime.real_fraction": [0, 0.1, 0.5]})
    found["sweep/shape"] = lambda: cb.sweep(base, {"n": [5, 10], "regime.real_fraction": [0, 0.5]})
    found["sweep/regime"] = lambda: cb.sweep(base, {"regime": ["replace", "accumulate"]})
    for name in ("gaussian", "categorical", "gaussian_mixture", "kde", "early_stopped", "poisson"):
        given = dataclasses.replace(_experiment("ablate", *parts[name]), trajectories=8)
        doses = name == "categorical"
        found[f"ablate/{name}"] = lambda given=given, doses=doses: cb.ablate(given, doses=doses, resamples=50)
    wide = _experiment("profile", target, model, metrics=("kl", "log_variance", "tail_mass", "nll"), generations=6)
    found["profile/gaussian"] = lambda: cb.profile(cb.sweep(wide, {"n": [4, 20]}))
    zipf = _experiment("profile", *parts["categorical"], metrics=("kl", "entropy", "support", "tail_mass"))
    found["profile/categorical"] = lambda: cb.profile(cb.run(zipf))
    found["reproduce/smoke"] = _reproduce
    return found


def _run(name, target, model, fields):
    return lambda: cb.run(_experiment(name, target, model, **fields))


def _metric_cases(parts):
    """Every metric on the first of these that it can measure, and on two more."""
    order = ("gaussian_2d", "categorical", "gaussian_mixture", "linear_regression", "flow", "vae", "poisson", "kde")
    found = {}
    for metric, _ in cb.METRICS.items():
        allowed = 0
        for name in order:
            try:
                _experiment(name, *parts[name], metrics=(metric,))
            except cb.RequestError:
                continue
            found[f"metric/{metric}/{name}"] = _run(name, *parts[name], {"metrics": (metric,)})
            allowed += 1
            if allowed == 3:
                break
    return found


class _Reproduced:
    """Results of `collapsebench reproduce --scale smoke` as one mapping of arrays."""

    def __init__(self, arrays):
        self.data_vars = arrays

    def __getitem__(self, name):
        return self.data_vars[name]


def _reproduce():
    from collapsebench.cli import main

    with tempfile.TemporaryDirectory() as folder:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            main(["reproduce", "--scale", "smoke", "--out", folder])
        arrays = {}
        for path in sorted(Path(folder).rglob("*.nc")):
            dataset = cb.load(path)
            label = f"{path.parent.name}/{path.stem}"
            arrays |= {f"{label}/{name}": dataset[name].values for name in dataset.data_vars}
    return _Reproduced(arrays)


def _records(chosen):
    """(name, record) of each case. Programs are forgotten now and then: a process may map only so many."""
    for i, (name, make) in enumerate(chosen.items()):
        if i % 25 == 24:
            jax.clear_caches()
        yield name, record(make)


def record(make):
    """{"digest": ..., "means": {variable: mean over its leading axis of its finite values}}, or REFUSED."""
    try:
        result = make()
    except cb.RequestError:
        return REFUSED
    digest, means = hashlib.sha256(), {}
    for name in sorted(map(str, result.data_vars)):
        values = np.asarray(getattr(result[name], "values", result[name]))
        digest.update(f"{name} {values.dtype} {values.shape}".encode() + np.ascontiguousarray(values).tobytes())
        if values.dtype.kind == "f":
            finite = values[np.isfinite(values)]
            means[name] = [float(f"{x:.6g}") for x in (finite.mean(), finite.std())] if finite.size else []
    return {"digest": digest.hexdigest()[:16], "means": means}


def machine():
    """What the bits of a result depend on beside the code: processor and versions."""
    try:
        flags = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags"))
    except (OSError, StopIteration):
        flags = platform.processor()
    processor = hashlib.sha256(f"{platform.machine()} {flags}".encode()).hexdigest()[:12]
    return f"{processor} jax {jax.__version__} numpy {np.__version__}"


def compare(before, after, same_machine):
    """What is wrong, one line, or None. On another machine only the means must agree, to 1e-3 or 1e-5."""
    if before == REFUSED or after == REFUSED:
        return None if before == after else f"{before if before == REFUSED else 'allowed'} -> {after}"
    if before["digest"] == after["digest"]:
        return None
    if same_machine:
        return f"digest {before['digest']} -> {after['digest']}; {before['means']} -> {after['means']}"
    for name, numbers in before["means"].items():
        found = after["means"].get(name, [])
        if len(found) != len(numbers) or not np.allclose(numbers, found, rtol=1e-3, atol=1e-5):
            return f"{name}: {numbers} -> {found}"
    return None


def _write(path, found):
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found))
    path.write_text(f'{{"machine": {json.dumps(machine())}, "cases": {{\n{lines}\n}}}}\n')


def main(argv=None):
    """The command; returns the number of changed cases."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default=("",), nargs="*")
    parser.add_argument("--out", type=Path, default=FILE)
    arguments = parser.parse_args(argv)
    chosen = {name: make for name, make in cases().items() if name.startswith(tuple(arguments.only))}
    if arguments.write:
        kept = json.loads(arguments.out.read_text()) if arguments.out.exists() else {"cases": {}}
        for i, (name, found) in enumerate(_records(chosen)):
            kept["cases"][name] = found
            if i % 25 == 24 or name == [*chosen][-1]:  # what was made before a stop is kept
                _write(arguments.out, kept["cases"])
        return 0
    golden = json.loads(FILE.read_text())
    same, wrong = golden["machine"] == machine(), 0
    for name, found in _records(chosen):
        line = compare(golden["cases"].get(name, {"digest": "new", "means": {}}), found, same)
        if line:
            wrong += 1
            print(f"{name}: {line}", flush=True)
    print(f"{len(chosen)} cases, {wrong} changed{'' if same else ' (another machine: means only)'}")
    return wrong


if __name__ == "__main__":
    sys.exit(main() > 0)
