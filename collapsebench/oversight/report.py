"""Report of a monitor: alarms, their sentences, the generation to go back to, what would have been noticed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping

import numpy as np

from collapsebench.specs.errors import DONE, FAILED, counted

QUIET = 0.05
WHAT = {
    "tail": "the {name} of the rows", "column": "the {name} (outside the middle 80%)",
    "inside": "the {name}", "cell": "{name} of the rows' space", "novelty": "{name}",
    "coverage": "the {name} that real rows have", "words": "texts with {name}",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Alarm:
    """One alarm: its kind, generation, statistic, p-value and the level it fell below, and the mass that is left."""

    kind: str
    generation: int
    family: str
    statistic: str
    p: float
    level: float
    kept: float
    lost: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What was lost, in words."""
        what = WHAT.get(self.family, "the {name}").format(name=self.statistic)
        among = f", among them {', '.join(self.lost)}," if self.lost else ""
        reference = "generation 0" if self.kind == "losing" else "the real rows"
        if self.family == "copies":
            return f"{self.kind}: {what} are {self.kept:.1f} times as many as in {reference} in generation {self.generation}"
        return f"{self.kind}: {what}{among} kept {self.kept:.0%} of their mass in {reference} by generation {self.generation}"


@dataclasses.dataclass(frozen=True)
class Generation:
    """One generation: counts by test, p-values by kind of alarm, mass kept since generation 0, and alarms.

    certified: whether every region is known to hold more than half of generation 0's odds; P(any is wrong) <= alpha.
    levels: by kind, below what the least of its p-values is an alarm.
    """

    number: int
    name: str
    rows: int
    count: list[int]
    p: dict[str, np.ndarray]
    kept: list[float]
    alarms: list[Alarm]
    certified: bool = False
    levels: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Report:
    """Everything a monitor found. `detectable`: largest share kept that would have been noticed with probability .9."""

    real: str
    settings: Mapping[str, object]
    families: list[str]
    names: list[str]
    generations: list[Generation]
    detectable: dict[str, float]
    left_out: tuple[str, ...] = ()

    @property
    def alarm(self) -> Alarm | None:
        """The first alarm."""
        return next((alarm for g in self.generations for alarm in g.alarms), None)

    def first(self, kind: str) -> Alarm | None:
        """The first alarm of a kind, "losing" or "unlike real"."""
        return next((alarm for g in self.generations for alarm in g.alarms if alarm.kind == kind), None)

    @property
    def healthy(self) -> int | None:
        """Last generation before the first alarm with all p-values of its kind above QUIET (no guarantee), if any.

        The kind is "losing" where there is such an alarm: generation 0, its reference, is always healthy then.
        """
        alarm = self.first("losing") or self.alarm
        if alarm is None:
            return self.generations[-1].number if self.generations else None
        before = self.generations[: alarm.generation]
        return next((g.number for g in reversed(before) if (g.p.get(alarm.kind, np.ones(1)) > QUIET).all()), None)

    @property
    def last_certified(self) -> int | None:
        """Last generation of which every region is known to hold more than half of generation 0's odds, if any."""
        return next((g.number for g in reversed(self.generations) if g.certified), None)

    @property
    def code(self) -> int:
        """Exit code: 1 after an alarm, else 0."""
        return FAILED if self.alarm else DONE

    def __str__(self) -> str:
        lines = [f"{'generation':>10} {'rows':>9}  {'losing: p':>10}  {'unlike: p':>10}  alarm"]
        for g in self.generations:
            p = [f"{g.p[kind].min():.2g}" if kind in g.p else "-" for kind in ("losing", "unlike real")]
            alarm = f"{g.alarms[0].kind} ({g.alarms[0].statistic})" if g.alarms else ""
            lines.append(f"{g.number:>10} {g.rows:>9}  {p[0]:>10}  {p[1]:>10}  {alarm}".rstrip())
        return "\n".join([*lines, "", *self.verdict()])

    def verdict(self) -> list[str]:
        """Sentences: the first alarm of each kind and where to go back to, or what would have been noticed."""
        alarms = [alarm for kind in ("losing", "unlike real") if (alarm := self.first(kind))]
        lines = [alarm.sentence for alarm in alarms]
        if alarms:
            lines.append(f"last healthy generation to go back to: {self._back()}")
        else:
            lines.append(
                f"no alarm in {counted(len(self.generations), 'generation')}, "
                f"at a false-alarm probability of {self.settings['alpha']:g}"
            )
        lines += self._small()
        seen = {name: share for name, share in self.detectable.items() if share > 0}
        if not alarms and seen:
            best: dict[str, str] = {}
            for family, name in zip(self.families, self.names, strict=True):
                if name in seen and (family not in best or seen[name] > seen[best[family]]):
                    best[family] = name
            told = ", ".join(f"{name} below {seen[name]:.0%}" for name in best.values())
            lines.append(f"noticed in the last generation with probability .9: {told} of their mass in generation 0")
        elif not alarms and len(self.generations) > 1:
            lines.append("with so few rows no loss would have been noticed; give more rows in generation 0")
        if self.last_certified is not None:
            lines.append(
                f"certified to keep over half of the odds of every region: up to generation {self.last_certified}"
            )
        if self.left_out:
            lines.append(f"left out, as each value is another: {', '.join(self.left_out)}")
        return lines

    def _back(self) -> str:
        """The generation to go back to, and why it is not the last one before the alarm, where it is not."""
        alarm = self.first("losing") or self.alarm
        assert alarm is not None
        why = f"had a test of {alarm.kind} with p at most {QUIET:g}, which is no alarm but doubtful"
        if self.healthy is None:
            return "none of them" + (f"; each one before the alarm {why}" if alarm.generation else "")
        back = f"generation {self.healthy}, {self.generations[self.healthy].name}"
        return back if alarm.generation - self.healthy == 1 else f"{back}; what came after it {why}"

    def _small(self) -> list[str]:
        """A line on the least p-value that is below alpha and no alarm, if there is one."""
        alpha = float(str(self.settings["alpha"]))
        quiet = [
            (float(p.min()), g.number, kind, g.levels[kind])
            for g in self.generations
            for kind, p in g.p.items()
            if kind in g.levels and p.min() <= alpha and not any(alarm.kind == kind for alarm in g.alarms)
        ]
        if not quiet:
            return []
        p, number, kind, level = min(quiet)
        return [
            f"p = {p:.2g} ({kind}, generation {number}) is no alarm: alpha = {alpha:g} is shared among {len(self.names)} tests "
            f"and all generations, and this test's part is {level:.2g}"
        ]

    def json(self) -> str:
        """All of it as JSON; p-values by test."""
        record = dataclasses.asdict(self)
        for g in record["generations"]:
            g["p"] = {kind: values.tolist() for kind, values in g["p"].items()}
            g["kept"] = [value if np.isfinite(value) else None for value in g["kept"]]
        record |= {"verdict": self.verdict(), "healthy": self.healthy, "last_certified": self.last_certified}
        return json.dumps(record, indent=1, default=str, allow_nan=False) + "\n"

    def markdown(self) -> str:
        """The table and the verdict as Markdown."""
        lines = ["| generation | rows | losing: least p | unlike real: least p | alarm |", "|---|---|---|---|---|"]
        for g in self.generations:
            p = [f"{g.p[kind].min():.2g}" if kind in g.p else "-" for kind in ("losing", "unlike real")]
            alarm = f"{g.alarms[0].kind}: {g.alarms[0].statistic}" if g.alarms else ""
            lines.append(f"| {g.number} | {g.rows} | {p[0]} | {p[1]} | {alarm} |")
        return "\n".join([*lines, "", *(f"- {line}" for line in self.verdict())]) + "\n"
