"""Reproduction: run studies and papers, draw their figures, and give a verdict on every published claim."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collapsebench.analysis.ablation import Ablation
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.study import Request, Scale, Study, studies
from collapsebench.runs.progress import Progress, part, silent
from collapsebench.runs.results import save
from collapsebench.runs.sweep import rows_drawn, run_request
from collapsebench.show import figures
from collapsebench.show.texts import text_summary
from collapsebench.specs import files
from collapsebench.specs.errors import RequestError, nearest, shown

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """Output of `reproduce`: verdict records, figure paths and paths of saved results, in order."""

    verdicts: list[dict[str, Any]]
    figures: list[Path]
    results: list[Path]

    @property
    def unexplained(self) -> list[dict[str, Any]]:
        """Verdicts that differ without a stated reason."""
        return [verdict for verdict in self.verdicts if verdict["verdict"] == "differs" and not verdict["why"]]


def find(requests: list[str]) -> dict[str, tuple[Study, set[str] | None]]:
    """Studies by name, each with the names of its requested claims (None: all), from `PAPER` and `PAPER/CLAIM`.

    No request means every study but those of many minutes (`Study.when_named`).
    Raises RequestError with the nearest known name.
    """
    if not isinstance(requests, list | tuple) or not all(isinstance(request, str) for request in requests):
        raise RequestError(f"requests = {shown(requests)}: it must be a list of words, PAPER or PAPER/CLAIM")
    known = studies()
    chosen: dict[str, tuple[Study, set[str] | None]] = {}
    for request in requests or [name for name, study in known.items() if not study.when_named]:
        name, _, claim = request.partition("/")
        if name not in known:
            raise RequestError(f"paper = {name}: not one of {', '.join(known)}{nearest(name, known)}")
        study = known[name]()
        claims = [c.name for c in study.claims]
        if claim and claim not in claims:
            raise RequestError(f"claim = {claim}: {name} has {', '.join(claims)}{nearest(claim, claims)}")
        before = chosen.get(name, (study, set()))[1]
        chosen[name] = (study, None if not claim or before is None else {*before, claim})
    return chosen


def work(request: Request) -> float:
    """Rough cost of a request in rows drawn, for a progress bar; compilation counts as a constant."""
    if isinstance(request, Ablation):
        return 8 * work(request.experiment)
    experiment, points = (request.experiment, request.size) if isinstance(request, Sweep) else (request, 1)
    return 3e7 + points * experiment.trajectories * rows_drawn(experiment)


def reproduce(
    requests: list[str], scale: Scale, out: Path, *, progress: Progress = silent,
    done: Callable[[str, list[dict[str, Any]]], None] | None = None,
) -> Reproduction:  # fmt: skip
    """Run what `requests` name at a scale, and write results, figures, CSVs and `verdicts.json` below `out`.

    progress is told of the whole; done(name, verdicts) is called after each study. `verdicts.json` is
    written at the end: a stopped run never replaces that of a whole one. Raises RequestError, Stopped.
    """
    chosen = find(requests)
    plans = {name: study.experiments(scale) for name, (study, _) in chosen.items()}
    total = sum(work(request) for plan in plans.values() for request in plan.values())
    before = 0.0
    made = Reproduction([], [], [])
    for name, (study, wanted) in chosen.items():
        found: dict[str, xr.Dataset] = {}
        folder = files.inside(out, name)
        for label, request in plans[name].items():
            found[label] = run_request(request, part(progress, before, work(request), total))
            made.results.append(save(found[label], folder / f"{label}.nc"))
            if text := text_summary(found[label]):
                files.write_text(folder / f"{label}.txt", text + "\n")
            before += work(request)
        for label, draw in study.figures.items():
            made.figures.extend(figures.write(draw(found), folder / label))
        claims = [claim for claim in study.claims if wanted is None or claim.name in wanted]
        verdicts = [claim.verdict(name, found) for claim in claims]
        made.verdicts.extend(verdicts)
        if done is not None:
            done(name, verdicts)
    files.write_text(out / "verdicts.json", json.dumps(made.verdicts, indent=1) + "\n")
    return made
