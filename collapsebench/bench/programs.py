"""Programs of experiments and of training, to be traced, lowered, compiled and run separately."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax.sharding import AxisType, Mesh, PartitionSpec
from jaxtyping import PyTree

from collapsebench.engine import devices, loop
from collapsebench.engine.generation import empty_carry
from collapsebench.engine.plan import Plan
from collapsebench.engine.program import Program
from collapsebench.experiment.experiment import Experiment
from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.streams import part, root_key, trajectory_key
from collapsebench.parts.data import Batch
from collapsebench.parts.model import Model
from collapsebench.runs import results, runner
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key


@dataclasses.dataclass(frozen=True)
class LoopProgram:
    """Program of all generations of all trajectories, one call of `loop.advance`; the call donates state and metrics."""

    experiment: Experiment
    program: Program
    shapes: PyTree
    plan: Plan
    mesh: Mesh

    @classmethod
    def of(cls, experiment: Experiment, count: int | None = None) -> LoopProgram:
        """The program on `count` devices (None: all).

        Raises RequestError where the trajectories do not fit into one call.
        """
        mesh = devices.mesh()
        if count is not None:
            chosen = jax.local_devices()[:count]
            mesh = jax.make_mesh((len(chosen),), ("trajectory",), axis_types=(AxisType.Auto,), devices=chosen)
        with runner.precision(experiment):
            program = runner.make_program(experiment)
            shapes = empty_carry(program, root_key(experiment.seed, experiment.name))
            plan = Plan.of(program, shapes, experiment.trajectories, experiment.width, together=True)
        if plan.chunk < experiment.trajectories:
            raise RequestError(f"trajectories = {experiment.trajectories}: {plan.chunk} fit into one call; time those")
        if count is not None:
            lanes = plan.width * mesh.size
            plan = dataclasses.replace(plan, chunk=-(-experiment.trajectories // lanes) * lanes)
        return cls(experiment, program, shapes, plan, mesh)

    def arguments(self) -> tuple[Any, ...]:
        """Arguments of one call, with a new state."""
        index = np.arange(self.plan.chunk, dtype=np.int32) % self.experiment.trajectories
        carry = loop.placed(self.shapes, self.plan.chunk, self.mesh)
        root = root_key(self.experiment.seed, self.experiment.name)
        generations = self.experiment.generations
        # As long as that of `cb.run`, if it holds all generations: then the program is the same.
        measured = loop.room(self.program, self.plan.chunk, max(self.plan.block, generations), self.mesh)
        return (self.program, root, {}, index, carry, measured, np.int32(0), np.int32(generations))

    def result(self, answer: PyTree) -> xr.Dataset:
        """The call's answer as the Dataset of a run."""
        columns = np.moveaxis(np.asarray(answer[1]), 0, -1)
        columns = columns[: self.experiment.trajectories, : self.experiment.generations]
        return results.from_columns(
            self.experiment,
            columns,
            {},
            points=None,
            started=0.0,
            seconds=0.0,
            plan=dataclasses.asdict(self.plan),
            trajectories=range(self.experiment.trajectories),
        )

    def trace(self) -> PyTree:
        """The traced program, to be lowered and compiled."""
        with runner.precision(self.experiment):
            network = self.program.model.streams
            return loop.compiled(self.mesh, self.plan.width, network).trace(*self.arguments())


@dataclasses.dataclass(frozen=True)
class TrainingProgram:
    """Program that trains networks on the same rows: `lanes` on each device, by `vmap` if more than one."""

    model: PyTree
    rows: Any
    lanes: int = 1

    @property
    def networks(self) -> int:
        """Number of networks that one call trains."""
        return self.lanes * devices.mesh().size

    @property
    def units(self) -> float:
        """Rows that one call reads, over all networks and steps."""
        return float(self.networks * int(self.model.training.steps) * self.model.training.batch)

    def function(self) -> PyTree:
        """Compiled function of (model, keys, rows): the trained parameters of every network."""
        over: Any = jax.vmap if self.lanes > 1 else loop.alone

        def shard(model: Model, keys: Key, rows: PyTree) -> PyTree:
            data = Batch(rows, jnp.ones(jax.tree.leaves(rows)[0].shape[0]))
            return over(lambda key: model.fit(part(key, 0), model.init(part(key, 1)), data), (0,))(keys)

        everywhere, split = PartitionSpec(), PartitionSpec("trajectory")
        mapped = jax.shard_map(
            shard, mesh=devices.mesh(), in_specs=(everywhere, split, everywhere), out_specs=split, check_vma=False
        )
        return jax.jit(mapped, compiler_options=devices.compiler_options(network=True))

    def arguments(self) -> tuple[Any, ...]:
        """Arguments of one call."""
        keys = jax.vmap(trajectory_key, (None, 0))(root_key(0, "training"), jnp.arange(self.networks))
        return (as_leaves(self.model), keys, self.rows)

    def learned(self, params: PyTree) -> bool:
        """Whether every network's loss is below its loss at the start."""
        model, keys, rows = self.arguments()
        few = jax.tree.map(lambda a: a[:256], rows)

        @jax.jit
        def losses(model: PyTree, keys: PyTree, params: Any) -> Any:
            def one(key: Any, params: Any) -> Any:
                return model.loss(model.init(part(key, 1)), key, few), model.loss(params, key, few)

            return jax.lax.map(lambda lane: one(*lane), (keys, params))

        before, after = losses(model, keys, params)
        return bool((after < before).all())


def is_near(last: np.ndarray, law: float) -> bool:
    """Whether the mean of `last` [trajectory] is within 5 standard errors of its law, float32's rounding apart."""
    last = last.astype(float)
    return bool(abs(last.mean() - law) <= 5 * last.std(ddof=1) / np.sqrt(len(last)) + 1e-6 * abs(law))
