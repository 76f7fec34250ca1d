"""Catalogue of names: what `list` prints, and the experiments that `run` accepts.

python -m collapsebench.literature.catalogue docs/catalogue.md    the page of all names, anew
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collapsebench.experiment.example import example
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep, set_fields
from collapsebench.parts.checks import build_part
from collapsebench.specs.errors import RequestError, nearest, shown
from collapsebench.specs.names import spec_name
from collapsebench.specs.registry import MODELS, REGISTRIES, import_object

if TYPE_CHECKING:
    from collapsebench.literature.study import Request

# Studies, data sets and pages are imported where they are asked for: a model's name, that of most runs, needs none of them.


def rows(kind: str) -> list[tuple[str, str]]:
    """(name, one line) of every entry of a kind."""
    from collapsebench import datasets
    from collapsebench.datasets import texts
    from collapsebench.literature.study import studies

    if kind == "datasets":
        return [(name, f"{(card := datasets.describe(name)).summary} ({card.licence})") for name in datasets.names()]
    if kind == "texts":
        return [(name, f"{(text := texts.describe(name)).summary} ({text.licence})") for name in texts.names()]
    if kind == "experiments":
        models = [(name, f"the model {name} on its example target") for name in MODELS.names()]
        return models + [row for study in studies() for row in _described(study)]
    registry = REGISTRIES[kind]
    return [(name, registry.one_line(name)) for name in registry.names()]


KINDS = (
    "models", "targets", "regimes", "metrics", "curators", "mitigations", "papers", "studies", "datasets", "texts",
)  # fmt: skip


def page() -> str:
    """Markdown of everything that is registered, with a line each, for the documentation: a table for each kind."""
    from collapsebench.show.markdown import table

    return "\n".join(
        f"## {kind.capitalize()}\n\n{table(('name', 'what'), [(f'`{name}`', line) for name, line in rows(kind)])}"
        for kind in KINDS
    )


def _describe(request: Request) -> str:
    experiment = request if isinstance(request, Experiment) else request.experiment
    ablated = not isinstance(request, Experiment | Sweep)
    over = f", over {', '.join(request.values)}" if isinstance(request, Sweep) else ""
    parts = " ".join(spec_name(part) for part in (experiment.target, experiment.model, experiment.regime))
    return f"{parts}, {experiment.handover}{over}{', ablated' if ablated else ''}"


def _described(name: str) -> list[tuple[str, str]]:
    """(name, one line) of a study's experiments; one line in their place where its data are not on this machine."""
    try:
        return [(label, _describe(request)) for label, request in _experiments_of(name).items()]
    except RequestError as missing:
        return [(f"{name}/...", str(missing).split(": ", 1)[-1])]


def _experiments_of(name: str) -> dict[str, Request]:
    from collapsebench.literature.study import Scale, studies

    return {f"{name}/{label}": request for label, request in studies()[name]().experiments(Scale.QUICK).items()}


def experiment(name: str) -> Experiment | Sweep:
    """The experiment or sweep of a name; of an ablation, the arm with all errors. Raises RequestError as `request`."""
    found = request(name)
    return found if isinstance(found, Experiment | Sweep) else found.experiment


def request(name: str) -> Request:
    """The request of a name: a model on its example target, STUDY/EXPERIMENT, or package.module:OBJECT.

    Raises RequestError with the nearest known name.
    """
    if not isinstance(name, str):
        raise RequestError(f"name = {shown(name)}: it must be a word")
    if name in MODELS:
        return example(build_part("model", name))
    from collapsebench.analysis.ablation import Ablation
    from collapsebench.literature.study import studies

    if ":" in name:
        found = import_object(name)
        if isinstance(found, str):
            raise RequestError(f"{name}: it is a word; name an experiment or a model")
        return found if isinstance(found, Experiment | Sweep | Ablation) else example(build_part("model", found))
    study, slash, _ = name.partition("/")
    every = studies()
    known: dict[str, Request] = _experiments_of(study) if study in every else {}
    if name not in known:  # no other study is built to look for a name that is near
        names = list(known) or [*([] if slash else MODELS.names()), *every]
        raise RequestError(
            f"{name}: no such experiment{nearest(name if known or not slash else study, names)}; `collapsebench list "
            "experiments` has them all"
        )
    return known[name]


def changed(request: Experiment | Sweep, values: dict[str, Any]) -> Experiment | Sweep:
    """The request with fields replaced by dotted path; a field that a sweep runs over is fixed at the given value."""
    base = request.experiment if isinstance(request, Sweep) else request
    base = set_fields(base, values)
    if not isinstance(request, Sweep):
        return base
    rest = {path: swept for path, swept in request.values.items() if path not in values}
    return Sweep(base, rest) if rest else base


if __name__ == "__main__":
    from collapsebench.show.markdown import update_block

    update_block(Path(sys.argv[1]), "catalogue", page())
