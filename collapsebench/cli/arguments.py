"""Arguments shared by several commands: an experiment with changed fields, and an output folder."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

FIELDS = (
    "name", "target", "model", "regime", "metrics", "n", "generations", "trajectories", "seed", "n_real", "holdout",
    "handover", "warm_start", "x64", "curator", "snapshots", "width", "host", "record",
)  # fmt: skip
"""Fields of an Experiment, written out because `--help` must not import it; a test compares."""

REQUEST_TEXT = """
a model NAME runs on the target that suits it, with metric nll and the numbers above; STUDY/EXPERIMENT has values
of its own (collapsebench list experiments).

--set takes each of these fields, and a field of a part as part.field:
  {}
values of a list are separated by commas:
  --set regime=mix --set regime.real_fraction=.1 --set metrics=variance,kl --set snapshots=0,5,19
a part of your own:
  --set model=package.module:Class --set metrics=folder/file.py:Class

files: DIR/NAME-DIGEST.nc and the figure as .png, .svg, .csv; DIGEST is that of the request, so that only the same
request writes over them. --set name=NAME names them (and is part of the random key).
"""


def add_request(parser: argparse.ArgumentParser) -> None:
    """Add the arguments NAME, --set and its short forms, and --out to a parser, with their help."""
    fields = textwrap.fill(" ".join(FIELDS), 100).replace("\n", "\n  ")
    parser.epilog = REQUEST_TEXT.format(fields).strip()
    parser.add_argument("name", metavar="NAME", help="a model's name, STUDY/EXPERIMENT, or package.module:EXPERIMENT")
    for option, text in (
        ("n", "rows per generation; a model: 100"), ("generations", "fits, the first on real data; a model: 20"),
        ("trajectories", "independent runs, of text fewer; a model: 100"), ("seed", "of all randomness; a model: 0"),
    ):  # fmt: skip
        parser.add_argument(
            f"--{option}", action="append", default=[], dest="changes", type=f"{option}={{}}".format,
            metavar=option[0].upper(), help=text,
        )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", dest="changes", help="any field; see below"
    )
    add_out(parser)
    add_resume(parser)


def add_sweep(parser: argparse.ArgumentParser) -> None:
    """Add --sweep to a parser."""
    parser.add_argument(
        "--sweep", action="append", default=[], metavar="FIELD=V1,V2,...",
        help="run every combination of the values of some fields, in one result and one figure",
    )  # fmt: skip


def add_resume(parser: argparse.ArgumentParser) -> None:
    """Add --resume, --no-resume and --keep to a parser."""
    parser.add_argument(
        "--resume", action=argparse.BooleanOptionalAction, default=True,
        help="go on from where the same command was stopped or killed (the default), or start anew",
    )  # fmt: skip
    parser.add_argument(
        "--keep", action="store_true", help="keep the last state, from which more generations or trajectories go on"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json to a parser."""
    text = "print one JSON object on standard output (docs/json.md), all else on standard error"
    parser.add_argument("--json", action="store_true", help=text)


def add_out(parser: argparse.ArgumentParser) -> None:
    """Add --out, the folder for results and figures, to a parser."""
    default = Path("collapsebench-out")
    parser.add_argument("--out", type=Path, default=default, metavar="DIR", help="default: %(default)s")
