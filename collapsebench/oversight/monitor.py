"""Collapse monitor: two alarms, `losing` (worse than generation 0) and `unlike real`, of a pipeline's own samples."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from collapsebench.datasets.reading import Source
from collapsebench.oversight import exact
from collapsebench.oversight.report import Alarm, Generation, Report
from collapsebench.oversight.watch import AGAINST, FEWEST, Tally, Watch
from collapsebench.specs.errors import RequestError

LOSING, UNLIKE = "losing", "unlike real"


class Monitor:
    """Alarms of a sequence of generations: P(any false alarm) <= alpha over all statistics, generations and looks.

    real: rows, or a file, that no model was trained on. tolerance: odds of a region, as a share of the reference's, that
    still are healthy. horizon: last generation, where it is known before the first. against: "generation 0" (losing),
    "real" (unlike real), or both. train: rows that models were trained on, whose copies are counted.
    The rows of a generation must be independent draws of its model.
    """

    def __init__(
        self, real: object, *, alpha: float = 0.01, tolerance: float = 0.8, horizon: int | None = None,
        against: Sequence[str] = AGAINST, seed: int = 0, train: object = None,
    ) -> None:  # fmt: skip
        against = (against,) if isinstance(against, str) else tuple(against)
        for field, value, low in (("alpha", alpha, 0), ("tolerance", tolerance, 0)):
            if not low < value <= 1:
                raise RequestError(f"{field} = {value}: must be above 0 and at most 1")
        if horizon is not None and horizon < 1:
            raise RequestError(f"horizon = {horizon}: must be at least 1 generation")
        if not against or set(against) - set(AGAINST):
            raise RequestError(f"against = {', '.join(against)}: must be of {', '.join(AGAINST)}")
        self.alpha, self.tolerance, self.horizon, self.against = alpha, tolerance, horizon, against
        self.real = real if isinstance(real, Source) else Source(real, None if _is_path(real) else "the real rows")
        self.train = None if train is None else Source(train, None, self.real.schema, self.real.name)
        self._watch = Watch(self.real, seed, self.train)
        self.generations: list[Generation] = []
        self._tallies: list[Tally] = []
        self._betting: exact.Betting | None = None
        self.digests: list[str] = []
        self.begun_with = 0

    def resume(self, rows: int) -> None:
        """Learn the regions for a generation 0 of so many rows."""
        self.begun_with = rows
        self._watch.begin(rows)

    def bet(self, zero: Tally) -> None:
        """Begin to bet against the lower bounds of generation 0."""
        s, share = len(zero.count), self.alpha / len(self.against)
        self._betting = exact.Betting(zero.count, zero.tried, self._rho(s), share / 2 * self._watch.weights[:s])

    def seen(self, rows: object, name: str | None, number: int) -> bool:
        """Whether generation `number` was tested before. Raises RequestError where it was and has changed since."""
        if number >= len(self.digests):
            return False
        source = Source(rows, name, self.real.schema, self.real.name)
        if source.digest() != self.digests[number]:
            was = self.generations[number].name
            raise RequestError(
                f"{source.name}: it is not what was tested as generation {number}, {was}; name another --state"
            )
        return True

    def update(self, rows: object, name: str | None = None) -> Generation:
        """Test one more generation; the first is generation 0. Raises RequestError, one line, for rows that do not fit."""
        k = len(self.generations)
        name = name or (str(rows) if _is_path(rows) else f"generation {k}")
        source = Source(rows, name, self.real.schema, self.real.name)
        source = source if self.real.only is None else source.slice(*self.real.only)
        watch = self._watch
        if k == 0:
            self.resume(_enough(source.size, name))
        assert watch.regions is not None
        own = watch.tally(source, k + 1)
        _enough(own.rows, name)
        self._check_words(source, own)
        share, level = self.alpha / len(self.against), watch.weights
        alarms, p, levels = [], {}, {}
        if "real" in self.against:
            p[UNLIKE] = watch.test(own, watch.reference, self.tolerance)
            levels[UNLIKE] = share * level * exact.share_of_alpha(k + 1, self.horizon and self.horizon + 1)
            alarms += self._alarms(UNLIKE, k, p[UNLIKE], levels[UNLIKE], own, watch.reference)
        if "generation 0" in self.against and k == 0:
            self.bet(own)
        elif "generation 0" in self.against:
            assert self._betting is not None
            zero, a_k = self._tallies[0], exact.share_of_alpha(k, self.horizon)
            p[LOSING] = watch.test(own, zero, self.tolerance)
            levels[LOSING] = share / 2 * level * a_k
            alarms += self._alarms(LOSING, k, p[LOSING], levels[LOSING], own, zero)
            wealth = self._betting.update(own.count, own.tried, a_k)
            alarms += self._alarms(LOSING, k, wealth, share / 4 * level[: len(wealth)], own, zero)
        certified = k > 0 and watch.certificate(own, self._tallies[0]) <= self.alpha * exact.share_of_alpha(
            k, self.horizon
        )
        alarms.sort(key=lambda alarm: alarm.p / alarm.level)
        kept = watch.kept(own, self._tallies[0] if self._tallies else own)
        least = {kind: float(levels[kind][np.argmin(values)]) for kind, values in p.items()}
        self.generations.append(
            Generation(k, name, own.rows, own.count.tolist(), p, kept.tolist(), alarms, certified, least)
        )
        self._tallies = [*(self._tallies[:1]), own]
        self.digests.append(source.digest())
        return self.generations[-1]

    def _rho(self, tests: int) -> np.ndarray:
        return np.append(np.full(tests - 1, self.tolerance), min(self.tolerance, 0.8))

    def _alarms(
        self, kind: str, k: int, p: np.ndarray, level: np.ndarray, own: Tally, reference: Tally
    ) -> list[Alarm]:  # fmt: skip
        watch = self._watch
        assert watch.regions is not None
        kept = watch.kept(own, reference)
        found = []
        for s in np.flatnonzero(p <= level):
            name, family = watch.regions.names[s], watch.regions.families[s]
            lost = self._lost(name, own, reference) if family == "rare" else ()
            if family == "coverage" and name.startswith("words of "):
                lost = watch.lost_words(name.removeprefix("words of "), own, reference)
            found.append(Alarm(kind, k, family, name, float(p[s]), float(level[s]), float(kept[s]), lost))
        return found

    def _lost(self, name: str, own: Tally, reference: Tally, most: int = 5) -> tuple[str, ...]:
        """The rare categories that lost the most rows, by name."""
        watch = self._watch
        assert watch.regions is not None
        share, _, column = name.removeprefix("rarest ").partition(" of ")
        j = watch.columns.category_names.index(column)
        mask = watch.regions.rare[j][0 if share == "10%" else 1][:-1]
        loss = reference.categories[j][:-1] / reference.rows - own.categories[j][:-1] / own.rows
        order = [i for i in np.argsort(-loss) if mask[i] and loss[i] > 0]
        return tuple(watch.columns.labels[j][i] for i in order[:most])

    def _check_words(self, source: Source, own: Tally) -> None:
        """Refuse another vocabulary: its words are unknown, so that they would all pass for rare."""
        watch = self._watch
        for j, name in enumerate(watch.columns.category_names):
            unknown, real = own.categories[j][-1] / own.rows, watch.reference.categories[j][-1] / watch.reference.rows
            if unknown > 0.5 + 0.5 * real:
                column = self.real.schema.names.index(name)
                row, cell = self._first_unknown(source, j, name)
                why = f"{self.real.name} has no such value, and {unknown:.0%} of these rows hold such ones"
                raise RequestError(f"{source.where(row, column)} is {cell!r}: {why}")

    def _first_unknown(self, source: Source, j: int, name: str) -> tuple[int, str]:
        """Row, from 0, and value of the first cell of the j-th column of categories that no real row has."""
        columns, before = self._watch.columns, 0
        for chunk in source.chunks():
            unknown = columns.places(columns.encode(chunk).codes[:, j], j) == len(columns.known[j])
            if unknown.any():
                row = int(np.argmax(unknown))
                return before + row, source.values(chunk.take(np.array([row])), name)[0]
            before += len(chunk)
        raise AssertionError("some value was unknown")

    @property
    def alarm(self) -> Alarm | None:
        """The first alarm."""
        return next((alarm for g in self.generations for alarm in g.alarms), None)

    def report(self) -> Report:
        """What was found so far."""
        watch, detectable = self._watch, {}
        if len(self.generations) > 1 and "generation 0" in self.against:
            assert watch.regions is not None
            k, zero, own = len(self.generations) - 1, self._tallies[0], self._tallies[-1]
            level = self.alpha / len(self.against) / 2 * watch.weights * exact.share_of_alpha(k, self.horizon)
            rho = self._rho(len(own.count))
            for s, (m, y, n) in enumerate(zip(own.tried, zero.count, zero.tried, strict=True)):
                name = watch.regions.names[s]
                detectable[name] = exact.noticed(int(m), int(y), int(n), float(rho[s]), float(level[s]))
        families = [] if watch.regions is None else watch.regions.families
        names = [] if watch.regions is None else watch.regions.names
        settings = {"alpha": self.alpha, "tolerance": self.tolerance, "horizon": self.horizon, "against": self.against}
        left_out = tuple(watch.columns.left_out)
        return Report(self.real.name, settings, families, names, list(self.generations), detectable, left_out)


def _enough(rows: int, name: str) -> int:
    if rows < FEWEST:
        raise RequestError(f"{name}: row {rows} is its last; a generation must have at least {FEWEST} rows")
    return rows


def monitor(real: object, generations: Iterable[object], **options: Any) -> Report:
    """Report of a `Monitor` on generations 0, 1, ...: arrays, files, or one of our results with `sample` snapshots."""
    watch = Monitor(real, **options)
    for name, rows in expanded(generations):
        watch.update(rows, name)
    return watch.report()


def slices(real: object, by: str, *, alpha: float = 0.01, most: int = 8, **options: Any) -> dict[str, Monitor]:
    """A `Monitor` of all rows, under "", and of each of the `most` frequent values of a column, with equal parts of alpha."""
    source = Source(real, None if _is_path(real) else "the real rows")
    counts = sum((Counter(source.values(chunk, by).tolist()) for chunk in source.chunks()), Counter())
    values = [value for value, count in counts.most_common(most) if count >= 4 * FEWEST]
    share = alpha / (1 + len(values))
    sources = {"": source} | {value: source.slice(by, value) for value in values}
    return {value: Monitor(own, alpha=share, **options) for value, own in sources.items()}


def expanded(generations: Any) -> Iterable[tuple[str | None, object]]:
    """(name, rows) of each generation; a saved result gives its snapshots' draws of the first trajectory."""
    import xarray as xr

    if isinstance(generations, xr.Dataset):
        generations = [generations]
    for rows in generations:
        if _is_path(rows) and str(rows).endswith(".nc"):
            from collapsebench.runs.results import load

            name, rows = f"{rows}: ", load(rows)
        else:
            name = "the result: "
        if not isinstance(rows, xr.Dataset):
            yield None, rows
        elif "sample" not in rows and "sample_x" not in rows:
            raise RequestError(f"{name.rstrip(': ')}: it has no snapshots; run it with snapshots=(0, 1, ...)")
        else:
            draws = rows["sample" if "sample" in rows else "sample_x"].isel(trajectory_kept=0)
            for at in rows["snapshot"].values:
                yield f"{name}generation {at}", draws.sel(snapshot=at).values


def _is_path(given: object) -> bool:
    return isinstance(given, str | os.PathLike)
