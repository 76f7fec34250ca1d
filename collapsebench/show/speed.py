"""Speed table of the documentation, from the committed benchmark files.

python -m collapsebench.show.speed docs/speed.md results/benchmarks
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from collapsebench.show.benchmarks import share
from collapsebench.show.markdown import table, update_block


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
    called = extra.get("called")
    own = "" if called is None else f"{called:.2g}/s"
    if called is not None and faster is not None:
        own += f", {called / extra['rivals'][faster['rival']]:.3g} times"
    return name, f"{extra['rate']:.2g} {extra['unit']}/s", *(found or "" for found in shares), ratio, own, until


def speed_tables(folder: Path) -> str:
    """Markdown table for each device below `folder`."""
    parts = []
    for path in sorted(folder.glob("*/quick.json")):
        data = json.loads(path.read_text())
        machine = data["machine_info"]["collapsebench"]
        versions = ", ".join(f"{name} {machine['versions'][name]}" for name in ("jax", "numpy"))
        # One row for each regime and family is for `compare`; here it would bury the others.
        shown = (bench for bench in data["benchmarks"] if not bench["name"].startswith("bench_regime["))
        rows = [_row(benchmark) for benchmark in shown]
        head = ("benchmark", "rate", "of limit", "of its products", "times faster than", "through cb.run", "1% after")
        parts.append(f"{machine['device']}, {versions}, {data['commit_info']['time'][:10]}:\n\n{table(head, rows)}")
    return "\n".join(parts)


if __name__ == "__main__":
    update_block(Path(sys.argv[1]), "speed", speed_tables(Path(sys.argv[2])))
