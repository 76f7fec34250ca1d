"""`jax_benchmark`: timing of one program, with compile time, memory, limits, rivals and a check of its answer."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np

from collapsebench.bench import ceilings, cost, events
from collapsebench.bench.ceilings import Ceiling
from collapsebench.bench.cost import Cost
from collapsebench.bench.programs import LoopProgram, is_near
from collapsebench.bench.row import Row
from collapsebench.engine import devices
from collapsebench.engine.cache import empty_cache, without_cache
from collapsebench.experiment.experiment import Experiment
from collapsebench.runs.runner import run

ROUNDS = {"smoke": 3, "quick": 30, "paper": 60}
"""Timed rounds by tier, at least: on a noisy machine the median of a few says little."""
WINDOW, MOST_ROUNDS = {"smoke": 0.0, "quick": 3.0, "paper": 10.0}, 300
"""Seconds that all rounds together should take, so that a short call meets slow and fast phases of a shared machine."""
TURNS = 10
"""How often the rivals, which take longer than we do, and the limits have their turn."""
Calls = Mapping[str, Callable[[], object]]
"""Ways to call `cb.run` around the loop, by the name that a row keeps their rate under."""
Rival = tuple[float, Callable[[], Any]]
"""Units of work that a rival's call does, in the unit of ours, and the call."""


class RecompiledError(AssertionError):
    """Error: a program was compiled inside a timed round."""


class WrongAnswerError(AssertionError):
    """Error: the answer of the program to be timed fails its check."""


class JaxBenchmark:
    """Timer of one program; use it once per benchmark.

    `jax_benchmark(function, setup=..., units=..., ...)` compiles `function` ahead of time, checks its answer, and times
    it with pytest-benchmark. `jax_benchmark.experiment(experiment, ...)` does so with the loop of an experiment, and
    `jax_benchmark.host(call, ...)` with any Python call that compiles for itself, whose first call is not counted.
    """

    def __init__(self, benchmark: Any, tier: str, rows: list[Row]) -> None:
        self._benchmark, self.tier, self._rows = benchmark, tier, rows

    def pick(self, smoke: Any, quick: Any, paper: Any) -> Any:
        """The value for the current tier."""
        return {"smoke": smoke, "quick": quick, "paper": paper}[self.tier]

    def __call__(
        self, function: Callable[..., Any], *, setup: Callable[[], tuple[object, ...]] = tuple, units: float = 1.0,
        unit: str = "calls", limit: Cost | None = None, check: Callable[[Any], object] | None = None,
        rivals: Mapping[str, Rival] | None = None, rounds: int | None = None,
    ) -> Any:  # fmt: skip
        """Time `function`, a function of arrays or already jitted, on the arguments that `setup()` makes anew each round.

        units, unit: the work of one call, for rates. limit: what it must do at least, for its share of the ceiling.
        check(answer) returns False or raises where the answer is wrong, and then nothing is timed. rivals: by name, the
        units of work of their call, and the call; each takes about ten turns between the rounds of ours.
        Returns the answer. Raises WrongAnswerError, and RecompiledError where a timed round compiles.
        """
        devices.mesh()
        jitted = function if isinstance(function, jax.stages.Wrapped) else jax.jit(function)
        return self._staged(lambda: jitted.trace(*setup()), setup, units, unit, limit, check, rivals, rounds)

    def experiment(
        self, experiment: Experiment, *, law: Callable[[Any], Any] | None = None, rivals: Mapping[str, Rival] | None = None,
        limit: Cost | None = None, rounds: int | None = None, last: bool = False,
    ) -> Any:  # fmt: skip
        """Time all generations of all trajectories of an experiment; units are trajectory-generations.

        `cb.run`, with all that it does around the loop, has its turns too, above the smoke tier. last: so has a run that
        keeps the first and the last generation alone (record=2): what rivals do that return the last one.
        law(result) judges the result as `check` does. limit: None takes what `cost.per_generation` knows of the family.
        """
        program = LoopProgram.of(experiment)
        units = float(experiment.trajectories * experiment.generations)
        each = cost.per_generation(experiment) if limit is None else None
        limit = each.scale(units) if each is not None else limit
        self._benchmark.extra_info["experiment"] = experiment.to_json()

        def check(answer: object) -> Any:
            result = program.result(answer)
            if any(bool(result[column].isnull().any()) for column in experiment.columns):
                return False
            return True if law is None else law(result)

        asked = {"called": experiment} | ({"called_last": dataclasses.replace(experiment, record=2)} if last else {})
        called = {name: partial(run, each, progress=False) for name, each in asked.items()}
        return self._staged(
            program.trace, program.arguments, units, "trajectory-generations", limit, check, rivals, rounds,
            None if self.tier == "smoke" else called,
        )  # fmt: skip

    def to_precision(
        self, experiment: Experiment, law: float, *, share: float = 0.01, rivals: Mapping[str, Rival] | None = None
    ) -> Any:
        """`experiment`, and the seconds until the mean of its first metric at the last generation is known to `share`.

        Seconds = (sd / (share |law|))^2 trajectories at the rate that was measured. Raises WrongAnswerError unless the
        mean is within 5 standard errors of the law: a fast wrong number has no time to precision.
        """
        column = experiment.columns[0]
        seen: dict[str, float] = {}

        def near(result: Any) -> bool:
            last = result[column].values[:, -1].astype(float)
            seen["sd"] = float(last.std(ddof=1))
            return is_near(last, law)

        answer = self.experiment(experiment, law=near, rivals=rivals)
        row = self._rows[-1]
        trajectories = (seen["sd"] / (share * abs(law))) ** 2
        row.extra |= {"precision": share, "seconds_to_precision": trajectories * experiment.generations / row.rate}
        self._benchmark.extra_info.update(row.extra)
        return answer

    def curve(
        self, name: str, sizes: Sequence[float], make: Callable[[Any], Experiment], *,
        count: Callable[[Any], int | None] = lambda size: None, rounds: int = 3,
    ) -> Any:  # fmt: skip
        """Time and memory of the loop over sizes, with their exponents, and the largest one timed as a benchmark.

        make(size) is the experiment; count(size) the number of devices. An exponent is the slope of log time (or bytes)
        per call over log size, by least squares over the upper half of the sizes.
        """
        if len(sizes) < 2:
            raise ValueError(f"sizes = {list(sizes)}: a curve needs at least two")
        answer = self.experiment(make(sizes[-1]), rounds=rounds)  # first, so that its compile time is one
        seconds, memory = [], []
        for size in sizes:
            program = LoopProgram.of(make(size), count(size))
            with without_cache():
                compiled = program.trace().lower().compile()
            jax.block_until_ready(compiled(*program.arguments()))
            found = []
            for _ in range(rounds):
                arguments = jax.block_until_ready(program.arguments())
                found.append(_clocked(lambda c=compiled, a=arguments: jax.block_until_ready(c(*a)))[0])
            seconds.append(min(found))
            memory.append(_peak_bytes(compiled))
        upper = slice(max(0, min(len(sizes) // 2, len(sizes) - 2)), None)
        slopes = [
            float(np.polyfit(np.log(np.asarray(sizes, float)[upper]), np.log(np.asarray(y, float)[upper]), 1)[0])
            for y in (seconds, np.maximum(memory, 1))
        ]
        row = self._rows[-1]
        row.extra["curve"] = {"over": name, "sizes": list(sizes), "seconds": seconds, "bytes": memory,
                              "exponent": slopes[0], "memory_exponent": slopes[1]}  # fmt: skip
        self._benchmark.extra_info.update(row.extra)
        return answer

    def race(
        self, name: str, sizes: Sequence[int], make: Callable[[int], Experiment], rivals: Mapping[str, Callable[[int], object]],
        *, timed: int, patience: float = 20.0, rounds: int = 3,
    ) -> None:  # fmt: skip
        """Seconds of `cb.run` and of rivals by size, all in turns, and the size `timed` as a benchmark.

        make(size) is the experiment; a rival runs the size that it is given, and drops out after a call of `patience`
        seconds. The first call of `cb.run` in the process, with its compilation, is told apart.
        """
        entrants: dict[str, Callable[[int], object]] = {
            "collapsebench": lambda size: run(make(size), progress=False)
        } | dict(rivals)
        with without_cache():
            first, _ = _clocked(lambda: entrants["collapsebench"](sizes[-1]))
        seconds: dict[str, list[float]] = {entrant: [] for entrant in entrants}
        for size in sizes:
            entrants["collapsebench"](size)  # it compiles
            best = {e: float("inf") for e, past in seconds.items() if not past or past[-1] < patience}
            for turn in range(rounds):
                for entrant in best:
                    if turn and best[entrant] > patience:
                        continue
                    taken, _ = _clocked(lambda entrant=entrant, size=size: entrants[entrant](size))
                    best[entrant] = min(best[entrant], taken)
            for entrant, taken in best.items():
                seconds[entrant].append(taken)
        self.experiment(make(timed), rounds=rounds)
        row = self._rows[-1]
        row.extra["race"] = {"over": name, "sizes": list(sizes), "seconds": seconds, "first_call": first}
        self._benchmark.extra_info.update(row.extra)

    def host(
        self, call: Callable[[], Any], *, units: float = 1.0, unit: str = "calls", limit: Cost | None = None,
        check: Callable[[Any], object] | None = None, rivals: Mapping[str, Rival] | None = None, rounds: int | None = None,
    ) -> Any:  # fmt: skip
        """Time a Python call. Its first call, compilation included, is reported apart as compile time."""
        row = self._row(units, unit)
        begun = time.perf_counter()
        answer = jax.block_until_ready(call())
        row.compile = time.perf_counter() - begun
        self._verify(check, answer)
        return self._timed(row, lambda: call(), tuple, limit, rivals, rounds)

    def _row(self, units: float, unit: str) -> Row:
        return Row(self._benchmark.name, self._benchmark.group or "", unit, units, [], [])

    def _staged(
        self, trace: Callable[[], Any], setup: Callable[[], tuple[object, ...]], units: float, unit: str, limit: Cost | None,
        check: Callable[[Any], object] | None, rivals: Mapping[str, Rival] | None, rounds: int | None,
        called: Calls | None = None,
    ) -> Any:  # fmt: skip
        row = self._row(units, unit)
        with empty_cache():  # `called` fetches what is compiled here: half of the time of a short row
            with events.watched() as seen:
                row.trace, traced = _clocked(trace)
                row.lower, lowered = _clocked(traced.lower)
                row.compile, compiled = _clocked(lowered.compile)
            row.extra["cache_hits"] = seen.hits
            row.peak_bytes = _peak_bytes(compiled)
            self._verify(check, jax.block_until_ready(compiled(*setup())))
            return self._timed(row, compiled, setup, limit, rivals, rounds, called)

    def _verify(self, check: Callable[[Any], object] | None, answer: object) -> None:
        if check is not None and check(answer) is False:
            raise WrongAnswerError(f"{self._benchmark.name}: the answer is not what its law says; nothing was timed")

    def _rounds(self, call: Callable[..., object], setup: Callable[[], tuple[object, ...]]) -> int:
        """As many as the tier asks for, and more of a short call."""
        if not WINDOW[self.tier]:
            return ROUNDS[self.tier]
        arguments = jax.block_until_ready(setup())
        seconds, _ = _clocked(lambda: jax.block_until_ready(call(*arguments)))
        return max(ROUNDS[self.tier], min(MOST_ROUNDS, int(WINDOW[self.tier] / seconds)))

    def _timed(
        self, row: Row, call: Callable[..., object], setup: Callable[[], tuple[object, ...]], limit: Cost | None,
        rivals: Mapping[str, Rival] | None, rounds: int | None, called: Calls | None = None,
    ) -> Any:  # fmt: skip
        calibrate = ceilings.calibration().seconds
        limits = _limits(row, limit)
        rounds = rounds or self._rounds(call, setup)
        row.turn = max(1, -(-rounds // TURNS))
        for user in (called or {}).values():
            user()  # it compiles, or fetches the program of the rounds
        before: list[float] = []
        after: list[float] = []

        def between() -> tuple[tuple[Any, ...], dict[str, Any]]:
            """Rivals, limits, new arguments and a calibration on both sides of a round, outside of the time that counts."""
            if before:
                after.append(calibrate())
            if len(before) % row.turn == 0:
                for found, work, ceiling in limits:
                    found.append(work / ceiling.work * ceiling.seconds())
                for name, user in (called or {}).items():
                    row.called.setdefault(name, []).append(row.units / _clocked(user)[0])
                for name, (work, rival) in (rivals or {}).items():
                    seconds, _ = _clocked(lambda rival=rival: jax.block_until_ready(rival()))
                    row.rivals.setdefault(name, []).append(work / seconds)
            arguments = jax.block_until_ready(setup())
            before.append(calibrate())
            return arguments, {}

        def once(*arguments: Any) -> Any:
            compiled = events.now().compiles
            begun = time.perf_counter()
            answer = jax.block_until_ready(call(*arguments))
            row.times.append(time.perf_counter() - begun)
            if events.now().compiles != compiled:
                raise RecompiledError(f"{row.name}: a timed round compiled; its time is not a run time")
            return answer

        answer = self._benchmark.pedantic(once, setup=between, rounds=rounds, iterations=1)
        after.append(calibrate())
        row.calibration = [(a + b) / 2 for a, b in zip(before, after, strict=True)]
        row.peak_bytes = row.peak_bytes or _device_peak()
        self._benchmark.extra_info.update(row.to_json())
        self._rows.append(row)
        return answer


def _limits(row: Row, limit: Cost | None) -> list[tuple[list[float], float, Ceiling]]:
    """Where the turns of each limit go, how much work it is, and its ceiling."""
    if limit is None:
        return []
    found = [(row.limits, *limit.binding())]
    if limit.products:
        found.append((row.products, limit.flops, ceilings.products(limit.precision, limit.products)))
    return found


def _clocked(call: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    value = call()
    return time.perf_counter() - begun, value


def _peak_bytes(compiled: Any) -> int:
    """Arguments, results and temporaries of the program on one device, as the compiler planned them."""
    try:
        plan = compiled.memory_analysis()
        return int(plan.argument_size_in_bytes + plan.output_size_in_bytes + plan.temp_size_in_bytes)
    except (AttributeError, NotImplementedError, TypeError):
        return 0


def _device_peak() -> int:
    """The most that this process ever held on a device: for calls whose programs cannot be asked."""
    return int((jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0))
