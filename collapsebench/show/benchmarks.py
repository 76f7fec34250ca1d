"""Tables of benchmark measurements and of their comparison."""

from __future__ import annotations

import html
import statistics
from collections.abc import Sequence
from typing import Any

from collapsebench.show.page import document
from collapsebench.show.tables import table


def _seconds(value: float) -> str:
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def share(found: Sequence[float] | None) -> str:
    """Text of (median, low, high) of a share, in per cent."""
    return "" if found is None else "{:.0f}% [{:.0f}, {:.0f}]".format(*(100 * part for part in found))


def benchmark_table(rows: Sequence[Any]) -> str:
    """Table of compile and run times, rates, memory, shares of the limits and speed-up over the best rival."""
    lines = []
    for row in rows:
        found = row.times_faster()
        faster = "" if found is None else f"{found[1]:.3g} [{found[2]:.3g}, {found[3]:.3g}] {found[0]}"
        lines.append((
            row.name, _seconds(row.trace + row.lower), _seconds(row.compile), f"{_seconds(row.median)} ± {_seconds(row.spread)}",
            f"{row.rate:.3g} {row.unit}/s", f"{row.peak_bytes / 2**20:.3g} MiB",
            share(row.share(row.limits)), share(row.share(row.products)), faster,
            "; ".join(f"{statistics.median(rates):.3g}/s" for rates in row.called.values()),
        ))  # fmt: skip
    more = [f"{row.name}: a standard error of {row.extra['precision']:.0%} in {_seconds(row.extra['seconds_to_precision'])}"
            for row in rows if "seconds_to_precision" in row.extra]  # fmt: skip
    for row in rows:
        if (curve := row.extra.get("curve")) is not None:
            points = ", ".join(
                f"{size:g}: {_seconds(s)}" for size, s in zip(curve["sizes"], curve["seconds"], strict=True)
            )
            exponents = f"time ~ size^{curve['exponent']:.2f}, memory ~ size^{curve['memory_exponent']:.2f}"
            more.append(f"{row.name}: {exponents} over {curve['over']} ({points})")
    head = ("benchmark", "trace", "compile", "run (median ± IQR)", "rate", "peak", "of limit", "of its products",
            "times faster than", "through cb.run")  # fmt: skip
    return "\n".join([table(head, lines), *([""] if more else []), *more])


def comparison_table(pairs: Sequence[Any], groups: Sequence[Any] = ()) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of a comparison of two runs on one device."""
    head = ("benchmark", "first", "second", "ratio", "99% interval", "p", "verdict")
    rows: list[tuple[str, ...]] = [
        (p.name, _seconds(p.first), _seconds(p.second), f"{p.ratio:.3f}", f"[{p.low:.3f}, {p.high:.3f}]", f"{p.p:.2g}", p.verdict)
        for p in pairs
    ]  # fmt: skip
    rows += [
        (f"all of {g.name}" if g.name else "all", "", "", f"{g.ratio:.3f}", f"[{g.low:.3f}, {g.high:.3f}]", "", g.verdict)
        for g in groups
    ]  # fmt: skip
    return head, rows


def across_table(
    rows: Sequence[dict[str, Any]], first: str, second: str
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of a comparison between two devices."""
    more = ("per peak FLOP/s", "per peak normals/s", "per watt")
    head = ("benchmark", first, second, "speed-up", *more)
    return head, [
        (row["name"], f"{row['first']:.3g} {row['unit']}/s", f"{row['second']:.3g} {row['unit']}/s", f"{row['speed-up']:.3g}",
         *("" if row[label] is None else f"{row[label]:.3g}" for label in more))
        for row in rows
    ]  # fmt: skip


def as_html(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """HTML page with one table."""
    cells = [
        "".join(f"<{tag}>{html.escape(str(cell))}" for cell in line)
        for tag, line in (("th", head), *(("td", r) for r in rows))
    ]
    body = "".join(f"<tr>{line}" for line in cells)
    return document(title, f"<h1>{html.escape(title)}</h1><table>{body}</table>")
