"""The speed table of the README, made of the benchmark files that were committed.

python -m collapsebench.show.speed README.md results/benchmarks
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from collapsebench.show.benchmarks import as_markdown, share

BEGIN = "<!-- speed: begin (python -m collapsebench.show.speed README.md results/benchmarks) -->\n"
END = "<!-- speed: end -->"


def _row(benchmark: dict[str, Any]) -> tuple[str, ...]:
    extra = benchmark["extra_info"]
    faster = extra.get("times_faster")
    ratio = (
        ""
        if faster is None
        else f"{faster['median']:.3g} [{faster['low']:.2g}, {faster['high']:.2g}] {faster['rival']}"
    )
    shares = (extra[name] and share(tuple(extra[name].values())) for name in ("share", "share_of_products"))
    name = benchmark["name"].removeprefix("bench_").replace("_", " ")
    precise = extra.get("seconds_to_precision")
    until = "" if precise is None else f"{precise:.2g} s"
    return name, f"{extra['rate']:.2g} {extra['unit']}/s", *(found or "" for found in shares), ratio, until


def speed_tables(folder: Path) -> str:
    """A table for each device below `folder`."""
    parts = []
    for path in sorted(folder.glob("*/quick.json")):
        data = json.loads(path.read_text())
        machine = data["machine_info"]["collapsebench"]
        versions = ", ".join(f"{name} {machine['versions'][name]}" for name in ("jax", "numpy"))
        rows = [_row(benchmark) for benchmark in data["benchmarks"]]
        head = ("benchmark", "rate", "of limit", "of its products", "times faster than", "1% after")
        parts.append(
            f"{machine['device']}, {versions}, {data['commit_info']['time'][:10]}:\n\n{as_markdown(head, rows)}"
        )
    return "\n".join(parts)


def updated(text: str, folder: Path) -> str:
    """The text with the tables between its two markers made anew."""
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return before + BEGIN + speed_tables(folder) + END + after


if __name__ == "__main__":
    page, folder = (Path(argument) for argument in sys.argv[1:3])
    page.write_text(updated(page.read_text(), folder))
