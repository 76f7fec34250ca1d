"""What a language model says by generation, and the tokens that it has lost: from a result with snapshots of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.runs.results import experiment_of
from collapsebench.specs.names import short_name, spec_name

if TYPE_CHECKING:
    import xarray as xr

    from collapsebench.learning.tokenizers import Tokenizer

WIDTH = 110
MOST = 8
"""Lost tokens that are named in each generation, the most frequent in the real text."""


def has_text(result: xr.Dataset) -> bool:
    """Whether a result has snapshots of text, and the tokenizer to read them by."""
    return "sample_x" in result and "file_tokenizer" in result


def _tokenizer(result: xr.Dataset) -> Tokenizer:
    from collapsebench.learning.tokenizers import from_json  # most results have no text

    return from_json(bytes(result["file_tokenizer"].values).decode())


def passages(result: xr.Dataset, row: int = 0, trajectory: int = 0) -> tuple[str, dict[int, str]]:
    """(prompt, continuation by generation) of one trajectory: a held-out block's first quarter, continued by each model."""
    own = _tokenizer(result)
    drawn = result["sample_x"].isel(trajectory_kept=trajectory, row=row).values
    known = max(1, drawn.shape[-1] // 4)
    said = {
        int(g): own.decode(tokens[known:], end=" ¶ ") for g, tokens in zip(result.snapshot.values, drawn, strict=True)
    }
    return own.decode(drawn[0, :known], end=" ¶ "), said


def lost(result: xr.Dataset, trajectory: int = 0) -> dict[int, tuple[int, list[str]]]:
    """By generation: number of tokens of the first snapshot that are gone, and the most frequent of those newly gone."""
    own = _tokenizer(result)
    seen = result["sample_seen"].isel(trajectory_kept=trajectory).values.astype(bool)
    found: dict[int, tuple[int, list[str]]] = {}
    for i, g in enumerate(result.snapshot.values):
        gone = seen[0] & ~seen[i]
        newly = np.flatnonzero(gone & seen[max(i - 1, 0)])[:MOST]  # by rank: the most frequent first
        names = (own.piece(int(token)).decode("utf-8", "replace").strip() for token in newly)
        found[int(g)] = int(gone.sum()), [name for name in names if name]
    return found


def returned(result: xr.Dataset, trajectory: int = 0) -> dict[int, int]:
    """By generation: number of tokens of the first snapshot that were gone in the snapshot before and are here again."""
    seen = result["sample_seen"].isel(trajectory_kept=trajectory).values.astype(bool)
    back = seen[0] & ~seen[:-1] & seen[1:]
    return dict(zip(map(int, result.snapshot.values[1:]), map(int, back.sum(axis=-1)), strict=True))


def rising(result: xr.Dataset) -> str:
    """Text that explains survivors which rise, as they do where a model knows words that its data lack; else empty."""
    experiment = experiment_of(result)
    for name, metric in zip(experiment.metric_names, experiment.metrics, strict=True):
        if spec_name(metric) != "survivors":
            continue
        left = result[name].mean("trajectory").transpose(..., "generation").values
        if (np.diff(left, axis=-1) > 0).any():
            return f"{name} rises where words that were gone come back: {_why(experiment)}"
    return ""


def _why(experiment: Experiment) -> str:
    """Why words come back that a training set lacked."""
    from collapsebench.models.ngram import NGram

    model, regime, why = experiment.model, short_name(experiment.regime), []
    smooth = not (isinstance(model, NGram) and model.smoothing == "maximum_likelihood")
    if regime != "replace":
        why.append(f"{regime} adds other data than the last model's draws")
    if smooth:
        why.append(f"{short_name(model)} gives every token of the vocabulary some probability: they return as noise")
    cure = "; by model.smoothing=maximum_likelihood a lost word would stay lost"
    return ", and ".join(why) + (cure if smooth and isinstance(model, NGram) and regime == "replace" else "")


def text_summary(result: xr.Dataset) -> str:
    """Text of a prompt, what each generation says after it, and what has been lost; empty without snapshots of text."""
    if not has_text(result):
        return ""
    prompt, said = passages(result)
    lines = [f"after: {_shown(prompt)}", ""]
    lines += [f"generation {g:<3}  {_shown(text)}" for g, text in said.items()]
    if "sample_seen" in result and len(said) > 1:
        of = experiment_of(result).target.tokenizer
        lines += ["", f"lost since generation {next(iter(said))}, of the {of} (newly, the most frequent first):", ""]
        back = returned(result)
        for g, (count, names) in list(lost(result).items())[1:]:
            again = f"({back[g]} are back) " if back[g] else ""
            lines.append(f"generation {g:<3}  {count:>6}  {again}{', '.join(map(_shown, names))}"[: WIDTH + 40])
        if any(back.values()):
            lines += ["", f"words come back: {_why(experiment_of(result))}"]
    return "\n".join(lines)


def _shown(text: str) -> str:
    """Text on one line, without signs that a terminal obeys."""
    line = "".join(sign if sign.isprintable() else " " for sign in " ".join(text.split()))
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
