"""Files of a command: a result and its figure, in a folder that is tried before anything runs, and its checkpoint."""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from collapsebench import __version__
from collapsebench.specs import files
from collapsebench.specs.errors import STOPPED, Ended, RequestError

if TYPE_CHECKING:
    import xarray as xr

    from collapsebench.literature.study import Request
    from collapsebench.show.figures import Figure

UNFINISHED = "-stopped"
"""Ends the name of what was finished when a command was stopped; the whole result has the name without it."""

FORMAT = 1
"""Of the objects that --json prints: a field may be added to it, and none changed or taken away."""
GOES_ON = "the same command goes on from where it stood"


@contextlib.contextmanager
def kept(arguments: argparse.Namespace, name: str, digest: str, size: int = 0, family: str = "") -> Iterator[None]:
    """Context in which a request's runs keep a checkpoint below --out, from which the same command goes on.

    size: bytes of the result. family: a digest that longer requests share, so that they find the folder.
    Raises RequestError, and leaves nothing, where --out takes no such files.
    """
    from collapsebench.runs.checkpoints import checkpoints

    out, stem = arguments.out, _stem(name, digest)
    folder = out / f"{_stem(name, family or digest)}.checkpoint"
    new = [folder for folder in (out, *out.parents) if not folder.exists()]
    files.try_folder(out, (f"{stem}{UNFINISHED}.svg", folder.name), size)
    try:
        with checkpoints(folder, resume=arguments.resume, keep=arguments.keep):
            yield
    except KeyboardInterrupt as stop:
        raise Ended(f"stopped; {GOES_ON}", STOPPED) from stop
    finally:
        for folder in new:  # those that are empty: a refusal leaves nothing behind
            with contextlib.suppress(OSError):
                folder.rmdir()


def size_of(request: Request) -> int:
    """Bytes of the result of an experiment or a sweep, uncompressed; 0 for others, which are small."""
    from collapsebench.experiment.experiment import Experiment
    from collapsebench.experiment.sweep import Sweep
    from collapsebench.runs.columns import result_bytes

    if isinstance(request, Sweep):
        return result_bytes(request.experiment, request.size * request.experiment.trajectories)
    return result_bytes(request, request.trajectories) if isinstance(request, Experiment) else 0


def family(request: Request) -> str:
    """A digest of an experiment that is the same whatever its numbers of generations and trajectories."""
    from collapsebench.experiment.experiment import Experiment
    from collapsebench.specs import record

    if not isinstance(request, Experiment):
        return ""
    return record.digest({k: v for k, v in request.to_json().items() if k not in ("generations", "trajectories")})


def store(
    result: xr.Dataset, out: Path, name: str, picture: Callable[[xr.Dataset], Figure | dict[str, Figure]],
    text: Callable[[xr.Dataset], str],
) -> list[str]:  # fmt: skip
    """Save a result and its figure. Returns what to print when all is saved: a text, the result's path, the figure's.

    picture: makes the figure, or several by what their files' names end in. text: makes the text. What a stopped run has finished
    gets a name of its own, and never replaces a whole result.
    """
    from collapsebench.runs.results import save

    stem = out / (_stem(name, result.attrs["digest"]) + (UNFINISHED if "stopped" in result.attrs else ""))
    path = save(result, stem.with_name(f"{stem.name}.nc"))
    if "stopped" not in result.attrs:
        for end in (".nc", ".png", ".svg", ".csv", ".gif"):
            stem.with_name(f"{stem.name}{UNFINISHED}{end}").unlink(missing_ok=True)
    try:
        pictures = draw(picture, result, stem)
    except OSError as error:
        raise RequestError(f"{path} is saved; its figure is not: {error.strerror or error}") from error
    return [text(result), str(path), *map(str, pictures)]


def draw(picture: Callable[[xr.Dataset], Figure | dict[str, Figure]], result: xr.Dataset, stem: Path) -> list[Path]:
    """Draw a result's figures. Returns the paths."""
    from collapsebench.show import figures

    made = picture(result)
    every = made if isinstance(made, dict) else {"": made}
    return [path for end, each in every.items() for path in figures.write(each, stem.with_name(stem.name + end))]


def found(result: xr.Dataset, lines: Sequence[str]) -> dict[str, object]:
    """What --json tells of a result that `store` gave these lines for: its path, its figures, and its numbers."""
    from collapsebench.show.data import result_json

    return {"path": lines[1], "figures": list(lines[2:]), **result_json(result)}


def tell(arguments: argparse.Namespace, lines: Sequence[str], **data: object) -> None:
    """Print lines; with --json they go to standard error, and one object with `data` to standard output."""
    if lines:
        print("\n".join(lines), file=sys.stderr if arguments.json else None)
    if arguments.json:
        from collapsebench.show.data import plain

        about = {"collapsebench": __version__, "format": FORMAT, "command": arguments.command}
        print(json.dumps(plain(about | data), allow_nan=False))


def _stem(name: str, digest: str) -> str:
    """File name of a result: only the same request writes over it."""
    name = Path(name).name if ".py:" in name else name
    return re.sub(r"[^\w.-]+", "-", name) + f"-{digest[:8]}"
