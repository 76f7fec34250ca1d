"""A tour of the package with every shape that it annotates checked: `python -m tests.checked.tour`.

All but a few runs are traced and not compiled: shapes are all there at tracing time. JAX's check for keys used twice
sees what `jax.random` draws; it does not see our own samplers, which read a key's words. Theory's laws are NumPy and stay out,
and so do the rooms that only read results.
"""

import ast
import contextlib
import dataclasses
import importlib
import inspect
import pkgutil
import sys
import tempfile
from pathlib import Path

import jax
import jaxtyping
from jax.errors import KeyReuseError
from jax.experimental.key_reuse._core import check_key_reuse

from tests.checked import checker

ROOMS = (
    "specs", "parts", "maths", "learning", "models", "targets", "regimes", "curators", "metrics", "datasets", "engine",
    "experiment", "runs", "oversight",
)  # fmt: skip
SIZES = {"n": 24, "generations": 3, "trajectories": 2, "holdout": 64}
LAWS = ("log_prob", "nodes", "moments", "log_variance", "entropy", "kl", "l2_squared", "w2_squared", "excess_risk")


PROMOTING = {"SwissRoll"}
"""Whose density adds axes as NumPy does: there a guess may be one number for all rows, or one for each."""


def import_checked():
    """Every module of the rooms, under the hook, with the names in it that only a type checker imports."""
    rooms = [f"collapsebench.{room}" for room in ROOMS]
    with jaxtyping.install_import_hook(rooms, "tests.checked.checker.checked"):
        for room in map(importlib.import_module, rooms):
            for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
                importlib.import_module(found.name)
    for module in [module for name, module in sys.modules.items() if name.startswith("collapsebench.")]:
        for node in ast.parse(inspect.getsource(module) or "pass").body:
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                _import_into(module, node.body)


def _import_into(module, statements):
    for statement in statements:
        for name in statement.names:
            if isinstance(statement, ast.Import):
                value = importlib.import_module(name.name)
            else:
                value = getattr(importlib.import_module(statement.module), name.name)
            setattr(module, name.asname or name.name, value)


def trace(experiment):
    """One generation of the experiment, from the shapes of the state between generations; no key is used twice in it."""
    from collapsebench.engine.draws import real_and_holdout
    from collapsebench.engine.generation import empty_carry, generate
    from collapsebench.maths.streams import root_key
    from collapsebench.runs.runner import make_program

    program, key = make_program(experiment), root_key(0, "tour")

    def generation(key, carry, g):
        return generate(program, key, *real_and_holdout(program, key), g, carry)

    check_key_reuse(generation, key, empty_carry(program, key), jax.ShapeDtypeStruct((), "int32"))


def examples():
    """A small experiment of every model, regime and curator with every handover that it does not refuse."""
    from collapsebench.experiment.example import example
    from collapsebench.parts.data import Handover
    from collapsebench.specs.registry import CURATORS, MODELS, REGIMES

    for _, entry in MODELS.items():
        small = dataclasses.replace(example(entry()), **SIZES)
        for regime in ("replace",) if small.model.streams else ("replace", "accumulate"):
            yield from ((small, {"regime": regime, "handover": str(handover)}) for handover in Handover)
    small = dataclasses.replace(example(MODELS.get("gaussian")()), **SIZES)
    for _, entry in REGIMES.items():
        yield from ((small, {"regime": entry(), "handover": str(handover)}) for handover in Handover)
    yield from ((small, {"curator": entry()}) for _, entry in CURATORS.items())


def tour_of_examples():
    """How many of them were traced, and how many were refused."""
    from collapsebench.specs.errors import RequestError

    counts = {"traced": 0, "refused": 0}
    for small, changes in examples():
        try:
            trace(dataclasses.replace(small, **changes))
            counts["traced"] += 1
        except RequestError:
            counts["refused"] += 1
    return counts


def tour_of_metrics():
    """Every metric once, beside the others that the same model can have; the names of those that none could."""
    from collapsebench.runs.contracts import small_examples
    from collapsebench.specs.errors import RequestError
    from collapsebench.specs.registry import METRICS

    left = [entry() for _, entry in METRICS.items()]
    for small in small_examples():
        mine = []
        for metric in left:
            try:
                dataclasses.replace(small, metrics=(metric,))
                mine.append(metric)
            except RequestError:
                pass
        if mine:
            trace(dataclasses.replace(small, metrics=tuple(mine)))
        left = [metric for metric in left if metric not in mine]
    return [type(metric).__name__ for metric in left]


def tour_of_targets():
    """Rows, densities and closed forms of every target that reads no file, and of every model at its start."""
    from collapsebench.maths.streams import root_key
    from collapsebench.specs.registry import MODELS, TARGETS

    key = root_key(0, "tour")
    for target in (entry() for _, entry in TARGETS.items()):
        promotion = "allow" if type(target).__name__ in PROMOTING else "raise"
        with jax.numpy_rank_promotion(promotion):
            x = jax.eval_shape(lambda key, target=target: target.sample_holdout(key, 24), key)
            if target.has_density:
                jax.eval_shape(target.log_prob, x)
            laws(key, target.distribution)
    for model in (entry() for _, entry in MODELS.items()):
        laws(key, lambda model=model: model.distribution(model.init(key)))
        laws(key, lambda model=model: model.generator(model.init(key)))


def laws(key, make):
    """All that a distribution knows of itself, and against itself."""
    from collapsebench.specs.errors import RequestError

    distribution = jax.eval_shape(make)
    if not distribution.knows("sample"):
        return
    rows = jax.eval_shape(lambda d, key: d.sample(key, 24), distribution, key)
    for name in filter(distribution.knows, LAWS):

        def law(d, x, name=name):
            found = getattr(d, name)
            if name == "log_variance":
                return found
            return found(*{"log_prob": (x,), "nodes": (), "moments": (), "entropy": ()}.get(name, (d,)))

        with contextlib.suppress(RequestError):  # nodes in more than two dimensions
            jax.eval_shape(law, distribution, rows)


def tour_of_runs():
    """A run and a sweep that are compiled, and the functions that are called by hand."""
    import jax.numpy as jnp

    import collapsebench as cb

    small = cb.Experiment(**SIZES)
    cb.run(small)
    cb.sweep(small, {"regime": ["replace", "accumulate"], "target.sd": [1.0, 2.0]})
    params = cb.fit("gaussian", jnp.arange(8.0))
    cb.log_prob("gaussian", params, cb.sample("gaussian", params, 4))


def tour_of_oversight():
    """A monitor of numbers, categories and texts, its slices and its state, plans of both kinds, and a diagram."""
    import numpy as np

    import collapsebench as cb
    from collapsebench.oversight import monitor, state

    rng = np.random.default_rng(0)
    table = {
        "x": rng.normal(size=400),
        "kind": rng.choice(["a", "b"], 400),
        "text": [f"w{i} is new" for i in range(400)],
    }
    watch = cb.Monitor(table, train=table)
    for _ in range(3):
        watch.update(table)
    print(watch.report(), watch.report().markdown()[:0], watch.report().json()[:0], len(monitor.slices(table, "kind")))
    with tempfile.TemporaryDirectory() as folder:
        state.load_state(cb.Monitor(table, train=table), state.save_state(watch, Path(folder) / "state.npz"))
    cb.plan(table["x"], observed=[table["x"], 0.9 * table["x"]])
    cb.plan(cb.Experiment(n=24, generations=3, trajectories=100, handover="summary"), "variance=.9")
    cb.diagram("real_share", cells=3)


def canaries():
    """What the checks must catch, or they check nothing."""
    import jax.numpy as jnp

    from collapsebench.maths.distributions.normal import Normal
    from collapsebench.maths.streams import Stream, key_for, root_key

    def reused(key):
        key = key_for(key, Stream.FIT, 0)
        return jax.random.normal(key), jax.random.uniform(key)

    for wrong, error in (
        (lambda: Normal(jnp.zeros(2), jnp.zeros(()), jnp.zeros((3, 3))), jaxtyping.TypeCheckError),
        (lambda: Normal.standard(2).log_prob(jnp.zeros(2)), jaxtyping.TypeCheckError),
        (lambda: jnp.zeros(2) + jnp.zeros((2, 2)), ValueError),
        (lambda: check_key_reuse(reused, root_key(0, "tour")), KeyReuseError),
    ):
        try:
            wrong()
        except error:
            continue
        raise AssertionError(f"nothing raised {error.__name__}")


if __name__ == "__main__":
    jax.config.update("jax_numpy_rank_promotion", "raise")
    import_checked()
    canaries()
    print(tour_of_examples(), "metrics left:", tour_of_metrics())
    tour_of_targets()
    tour_of_runs()
    tour_of_oversight()
    print(len(checker.CALLED), "functions checked")
