"""What each command does; imported once the request has been read."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collapsebench import show as report
from collapsebench.analysis.ablation import Ablation, ablate, ledger
from collapsebench.analysis.profiles import measured, profile
from collapsebench.experiment.example import regimes_for
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep, set_fields
from collapsebench.literature import catalogue
from collapsebench.literature.reproduce import find, reproduce
from collapsebench.literature.study import Scale
from collapsebench.runs import contracts, progress
from collapsebench.runs.results import save
from collapsebench.runs.runner import Stopped, run
from collapsebench.runs.sweep import run_sweep
from collapsebench.specs.errors import DONE, FAILED, STOPPED, RequestError, say

if TYPE_CHECKING:
    import xarray as xr


def _list(arguments: Any) -> int:
    for kind in [arguments.kind] if arguments.kind else arguments.kinds:
        rows = catalogue.rows(kind)
        if not arguments.kind:
            print(f"{kind}:")
        width = max((len(name) for name, _ in rows), default=0)
        for name, line in rows:
            print(f"{'' if arguments.kind else '  '}{name:{width}}  {line}")
    return DONE


def _run(arguments: Any) -> int:
    values = _values(arguments.changes)
    request = catalogue.changed(catalogue.experiment(arguments.name), values)
    _make_folder(arguments.out)
    code = DONE
    with progress.shown(arguments.name) as tell:
        try:
            result = run_sweep(request, progress=tell) if isinstance(request, Sweep) else run(request, progress=tell)
        except Stopped as stop:
            if stop.result is None:
                return say("stopped before the first generation was finished; nothing is kept", STOPPED)
            result, code = stop.result, STOPPED
    print(report.summary(result))
    path = _save(result, arguments.out, str(values.get("name", arguments.name)), report.draw_result)
    return say(f"stopped: what was finished is kept in {path}", STOPPED) if code else DONE


def _ablate(arguments: Any) -> int:
    values = _values(arguments.changes)
    named = catalogue.request(arguments.name)
    base = named.experiment if isinstance(named, Ablation) else named
    own = {path: value for path, value in values.items() if not path.startswith("rich.")}
    request = catalogue.changed(base, own)
    if isinstance(request, Sweep):
        fixed = " ".join(f"--set {path}=..." for path in request.values)
        raise RequestError(f"{arguments.name}: it is a sweep, and one experiment is ablated; fix it by {fixed}")
    _make_folder(arguments.out)
    rich, metric = _rich(arguments, values, named, request), values.get("metrics")
    if metric is None and isinstance(named, Ablation):
        metric = named.divergence
    book = None
    with progress.shown(arguments.name) as tell:
        try:
            result = ablate(request, rich=rich, divergence=metric, doses=arguments.doses, progress=tell)
            if arguments.ledger:
                loss = "excess_risk" if result.attrs["divergence"] == "excess_risk" else "kl"
                book = ledger(request, loss=loss, progress=tell)
        except Stopped:
            return say("stopped before all arms were run; nothing is kept", STOPPED)
    name = values.get("name", arguments.name)
    print(report.ablation_summary(result))
    _save(result, arguments.out, f"ablate-{name}", report.draw_ablation)
    if book is not None:
        print("\n" + report.ledger_summary(book))
        _save(book, arguments.out, f"ledger-{name}", report.draw_ledger)
    return DONE


def _rich(arguments: Any, values: dict[str, Any], named: Any, request: Experiment) -> Any:
    """The class that contains the truth: that of --rich with the fields of --set rich.FIELD, or the request's own."""
    fields = {f"model.{path.removeprefix('rich.')}": v for path, v in values.items() if path.startswith("rich.")}
    if arguments.rich is None:
        if fields:
            raise RequestError(
                f"--set rich.{next(iter(fields)).removeprefix('model.')}: there is no --rich to set it on"
            )
        return named.rich if isinstance(named, Ablation) else None
    rows = dataclasses.replace(request, handover="samples", metrics=("nll",))
    return set_fields(rows, {"model": catalogue.imported_part(arguments.rich), **fields}).model


def _profile(arguments: Any) -> int:
    values = _values(arguments.changes)
    request = catalogue.changed(catalogue.experiment(arguments.name), values)
    base = measured(request.experiment if isinstance(request, Sweep) else request)
    if isinstance(request, Sweep):
        request = Sweep(base, request.values)
    elif "regime" not in values and not any(path.startswith("regime.") for path in values):
        request = Sweep(base, {"regime": regimes_for(base)})
    _make_folder(arguments.out)
    with progress.shown(arguments.name) as tell:
        try:
            result = run_sweep(request, progress=tell) if isinstance(request, Sweep) else run(base, progress=tell)
        except Stopped:
            return say("stopped before everything was run; nothing is kept", STOPPED)
    found = profile(result)
    print(report.profile_summary(found))
    _save(found, arguments.out, f"profile-{values.get('name', arguments.name)}", report.draw_profile)
    return DONE


def _save(result: xr.Dataset, out: Path, name: str, draw: Callable[[xr.Dataset, Path], list[Path]]) -> Path:
    """Save a result and its figure, and print where. Returns the result's path."""
    stem = out / _stem(name, result.attrs["digest"])
    path = save(result, stem.with_name(f"{stem.name}.nc"))
    print(path)
    print("\n".join(str(path) for path in draw(result, stem)))
    return path


def _values(changes: Sequence[str]) -> dict[str, Any]:
    """Fields and their values. Raises RequestError for what is no FIELD=VALUE, or is there twice."""
    values: dict[str, Any] = {}
    for change in changes:
        field, equals, text = change.partition("=")
        if not equals:
            raise RequestError(f"--set {field}: it must be FIELD=VALUE")
        if field in values:
            raise RequestError(f"{field} = {text}: it is given twice, first as {values[field]}")
        values[field] = text if field == "name" else catalogue.typed(field, text)
    return values


def _stem(name: str, digest: str) -> str:
    """File name of a result: only the same request writes over it."""
    name = Path(name).name if ".py:" in name else name
    return re.sub(r"[^\w.-]+", "-", name) + f"-{digest[:8]}"


def _reproduce(arguments: Any) -> int:
    find(arguments.names)
    _make_folder(arguments.out)
    with progress.shown("reproduce") as tell:
        made = reproduce(arguments.names, Scale(arguments.scale), arguments.out, progress=tell)
    print(report.verdict_table(made.verdicts))
    page = report.write_page(made.verdicts, made.figures + made.results, arguments.out)
    pictures = [path for path in made.figures if path.suffix == ".png"]
    print(f"{len(pictures)} figures (PNG, SVG, CSV) and {len(made.results)} results below {arguments.out}")
    print(f"verdicts: {arguments.out / 'verdicts.json'}\nreport:   {page}")
    return FAILED if made.unexplained else DONE


def _bench(arguments: Any) -> int:
    from collapsebench.bench import act

    if arguments.cold:
        return act.cold(arguments.rounds)
    if arguments.profile:
        return act.profile(arguments.names, arguments.out)
    return act.suite(arguments.names, arguments.tier, arguments.out)


def _compare(arguments: Any) -> int:
    from collapsebench.bench import act

    return act.compared(arguments)


def _check(arguments: Any) -> int:
    if ":" not in arguments.spec:
        raise RequestError(f"check {arguments.spec}: it must be package.module:Class or file.py:Class")
    failures = 0
    for name, problem in contracts.check(arguments.spec):
        print(f"{'ok    ' if problem is None else 'FAILED'} {name}{'' if problem is None else ': ' + problem}")
        failures += problem is not None
    return FAILED if failures else DONE


def _doctor(arguments: Any) -> int:
    for name, value in catalogue.doctor():
        print(f"{name:14} {value}")
    return DONE


def _make_folder(out: Path) -> None:
    """Raise RequestError now, and not after the run, where no file can be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        if error.errno in (28, 122):
            raise
        why = "it is a file" if out.is_file() else f"no file can be written there ({error.strerror})"
        raise RequestError(f"--out {out}: {why}; name a folder") from error


ACTS: dict[str, Callable[[Any], int]] = {
    "list": _list, "run": _run, "ablate": _ablate, "profile": _profile, "reproduce": _reproduce, "check": _check,
    "bench": _bench, "compare": _compare, "doctor": _doctor,
}  # fmt: skip
