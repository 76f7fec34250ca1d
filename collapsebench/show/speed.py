"""Speed table of the documentation, from the committed benchmark files.

python -m collapsebench.show.speed docs/speed.md results/benchmarks
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collapsebench.show.benchmarks import share
from collapsebench.show.figures import Figure, Panel, Series, write
from collapsebench.show.markdown import table, update_block

Json = dict[str, Any]
"""A benchmark file, or one benchmark of it, as pytest-benchmark writes it."""
REGIME = "bench_regime["
"""What the names of the rows begin with that race one regime, family and size: tables of their own."""


def _row(benchmark: Json) -> tuple[str, ...]:
    extra = benchmark["extra_info"]
    faster = extra.get("times_faster")
    ratio = (
        ""
        if faster is None
        else f"{faster['median']:.3g} [{faster['low']:.2g}, {faster['high']:.2g}] {faster['rival']}"
    )
    shares = (extra[name] and share(tuple(extra[name].values())) for name in ("share", "share_of_products"))
    precise = extra.get("seconds_to_precision")
    until = "" if precise is None else f"{precise:.2g} s"
    own = "; ".join(
        f"{what}{extra[name]:.2g}/s"
        + (f", {extra[name] / extra['rivals'][faster['rival']]:.3g} times" if faster else "")
        for name, what in {"called": "", "called_last": "the last generation alone: "}.items()
        if name in extra
    )
    return (
        _plain(benchmark["name"]),
        f"{extra['rate']:.2g} {extra['unit']}/s",
        *(found or "" for found in shares),
        ratio,
        own,
        until,
    )


def speed_tables(folder: Path) -> str:
    """Markdown table for each device below `folder`."""
    parts = []
    for path in sorted(folder.glob("*/quick.json")):
        data = json.loads(path.read_text())
        machine = data["machine_info"]["collapsebench"]
        versions = ", ".join(f"{name} {machine['versions'][name]}" for name in ("jax", "numpy"))
        rows = [_row(benchmark) for benchmark in data["benchmarks"] if not benchmark["name"].startswith(REGIME)]
        head = ("benchmark", "rate", "of limit", "of its products", "times faster than", "through cb.run", "1% after")
        parts.append(f"{machine['device']}, {versions}, {data['commit_info']['time'][:10]}:\n\n{table(head, rows)}")
        if (figure := exponents_figure(data)) is not None:
            parts.append(f"![{figure.alt}](../results/benchmarks/{path.parent.name}/exponents.png)\n")
        parts += regime_tables(data["benchmarks"])
    return "\n".join(parts)


def regime_tables(benchmarks: Sequence[Json]) -> list[str]:
    """Markdown tables of regimes by families, one for each size: times faster than a plain NumPy loop, the slowest named."""
    cells: dict[str, dict[str, dict[str, tuple[float, float]]]] = {}
    sizes: dict[str, str] = {}
    for benchmark in benchmarks:
        if benchmark["name"].startswith(REGIME):
            extra = benchmark["extra_info"]
            family, regime, size = benchmark["name"].removeprefix(REGIME).removesuffix("]").split("-")
            called = extra["called"] / extra["rivals"][extra["times_faster"]["rival"]]
            cells.setdefault(size, {}).setdefault(regime, {})[family] = called, extra["times_faster"]["median"]
            sizes[size] = "n = {n}, {generations} generations".format(**extra["experiment"])
    parts = []
    for size, rows in cells.items():
        families = sorted({family for row in rows.values() for family in row})
        lines = [
            (_plain(regime), *("{} ({})".format(*map(_times, row[name])) if name in row else "" for name in families))
            for regime, row in rows.items()
        ]
        called, family, regime = min((row[name][0], name, regime) for regime, row in rows.items() for name in row)
        parts.append(
            f"Times faster than a NumPy loop over trajectories, through `cb.run` (its compiled loop alone), {sizes[size]}; the "
            f"least is {_times(called)}, {_plain(family)} under {_plain(regime)}:\n\n"
            + table(("regime", *map(_plain, families)), lines)
        )
    return parts


def _times(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio < 99.5 else f"{ratio:.0f}"


def exponents_figure(data: Json) -> Figure | None:
    """Seconds of one call of the loop by size, a panel for each curve, with the exponent of its upper half."""
    panels = []
    for benchmark in data["benchmarks"]:
        if (curve := benchmark["extra_info"].get("curve")) is not None:
            line = Series("", curve["sizes"], curve["seconds"])
            xlog, ylog = (max(values) >= 10 * min(values) for values in (line.x, line.y))
            title = f"{_plain(benchmark['name'])}: size^{curve['exponent']:.2f}"
            panels.append(Panel(title, curve["over"], "seconds", (line,), xlog=xlog, ylog=ylog))
    note = "The best of three calls; exponents by least squares over the upper half of the sizes."
    device = data["machine_info"]["collapsebench"]["device"]
    return Figure(f"What a loop costs on {device}", tuple(panels), note, columns=3) if panels else None


def _plain(name: str) -> str:
    return name.removeprefix("bench_").replace("_", " ")


@dataclasses.dataclass(frozen=True)
class Race:
    """Seconds of each entrant's call by size, which may end where one took too long, and of the first call of ours."""

    over: str
    sizes: list[int]
    seconds: dict[str, list[float]]
    first_call: float


def newest_race(folder: Path) -> tuple[Path, str, Race]:
    """Folder, name and race of the device below `folder` whose benchmarks, with a race among them, are the newest."""
    found = []
    for path in folder.glob("*/quick.json"):
        data = json.loads(path.read_text())
        races = (b["extra_info"]["race"] for b in data["benchmarks"] if "race" in b["extra_info"])
        device = data["machine_info"]["collapsebench"]["device"]
        found += [(data["datetime"], (path.parent, device, Race(**race))) for race in races]
    return max(found, key=lambda one: one[0])[1]


def race_figure(device: str, race: Race) -> Figure:
    """Seconds by size, one line an entrant."""
    lines = [Series(name, race.sizes[: len(times)], times) for name, times in race.seconds.items()]
    panel = Panel("", race.over, "seconds", tuple(lines), xlog=True, ylog=True)
    note = f"Warm calls, in turns. The first call of cb.run takes {race.first_call:.2g} s in all, to compile too."
    return Figure(f"50 fits of a Gaussian to 100 of its own draws, on {device}", (panel,), note, columns=1)


def race_sentence(device: str, race: Race) -> str:
    """What the picture says, in one sentence of its own numbers."""
    size, (ours, *others, (slow, script)) = race.sizes[-1], race.seconds.items()
    whole = [f"{times[-1]:.2g} s in {name}" for name, times in others if len(times) == len(race.sizes)]
    minutes = script[-1] / race.sizes[len(script) - 1] * size / 60
    return (
        f"{size:,} trajectories of 50 refits each take {ours[1][-1]:.2g} s through `cb.run` on {device}, and "
        f"{race.first_call - ours[1][-1]:.2g} s more to compile, once; {', '.join(whole)}; and {minutes:.2g} minutes in {slow}."
    )


def race_block(folder: Path, page: Path) -> str:
    """The picture, drawn beside its data, and the sentence, as Markdown for a page."""
    place, device, race = newest_race(folder)
    figure = race_figure(device, race)
    write(figure, place / "seconds")
    return f"![{figure.alt}]({(place / 'seconds.png').relative_to(page.parent)})\n\n{race_sentence(device, race)}\n"


if __name__ == "__main__":
    pages, benchmarks = (Path(sys.argv[1]), Path(sys.argv[3])), Path(sys.argv[2])
    for path in benchmarks.glob("*/quick.json"):
        if (figure := exponents_figure(json.loads(path.read_text()))) is not None:
            write(figure, path.parent / "exponents")
    update_block(pages[0], "speed", speed_tables(benchmarks))
    update_block(pages[1], "seconds", race_block(benchmarks, pages[1]))
