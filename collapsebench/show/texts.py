"""What a language model says by generation, and the tokens that it has lost: from a result with snapshots of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from collapsebench.learning.tokenizers import Tokenizer, from_json
from collapsebench.runs.results import experiment_of

if TYPE_CHECKING:
    import xarray as xr

WIDTH = 110
MOST = 8
"""Lost tokens that are named in each generation, the most frequent in the real text."""


def has_text(result: xr.Dataset) -> bool:
    """Whether a result has snapshots of text, and the tokenizer to read them by."""
    return "sample_x" in result and "file_tokenizer" in result


def _tokenizer(result: xr.Dataset) -> Tokenizer:
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
        for g, (count, names) in list(lost(result).items())[1:]:
            lines.append(f"generation {g:<3}  {count:>6}  {', '.join(map(_shown, names))}"[: WIDTH + 40])
    return "\n".join(lines)


def _shown(text: str) -> str:
    """Text on one line, without signs that a terminal obeys."""
    line = "".join(sign if sign.isprintable() else " " for sign in " ".join(text.split()))
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
