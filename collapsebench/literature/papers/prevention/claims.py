"""Claims of Prevention Is Not Cure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from collapsebench import theory
from collapsebench.literature.measured import Measured, Results, exact
from collapsebench.literature.papers.prevention.read import (
    boundary,
    fixed,
    fragile,
    heal_boundary,
    healed,
    hysteresis,
    jensen,
    loss,
    loss_medians,
    median_healed,
    pool_needs,
    printed,
)
from collapsebench.literature.papers.prevention.settings import BOUNDARIES, HORIZON, LOSSES, LOST, POOL, POOLED, WORST
from collapsebench.literature.study import Claim, Reason, Source

_CHOSEN = f"the horizon of healing, {HORIZON} generations, is unsaid, and ours; so is that absence is from the pool"
_SIMULATED = "200 replicates in the paper, whose error is that of a share or of ours over sqrt(200); rounding is less"
_BISECTED = "in the paper by 12 bisections of five simulations (its shares are multiples of 1/4096)"


def _number(
    name: str, statement: str, published: float, basis: str, read: Callable[[Results], Measured | None], *,
    tolerance: float = 0.0, error: float = 0.0, runs: int = 0, reasons: tuple[Reason, ...] = (),
) -> Claim:  # fmt: skip
    return Claim(
        name=name, statement=statement, where="text and tables", source=Source.TEXT, published=published, basis=basis,
        chosen=_CHOSEN, read=read, tolerance=tolerance, published_error=error, published_runs=runs, reasons=reasons,
    )  # fmt: skip


def _statement(
    name: str,
    statement: str,
    basis: str,
    read: Callable[[Results], Measured | None],
    *,
    reasons: tuple[Reason, ...] = (),
) -> Claim:
    return Claim(
        name=name, statement=statement, where="text and tables", source=Source.TEXT, basis=basis, chosen=_CHOSEN, read=read,
        reasons=reasons,
    )  # fmt: skip


def _rate_claims() -> list[Claim]:
    return [
        _number(
            f"relaxation-{window}-{share:g}", f"an error is forgotten at a rate of {text} (window {window}, share {share:g})",
            float(text), "exact: the eigenvalue nearest 1 of the companion matrix",
            lambda results, window=window, share=share: exact(float(theory.window_relaxation_law(window, share))),
        )
        for window, share, text in ((1, 0.02, "0.0202027"), (1, 0.05, "0.0512933"), (64, 0.02, "0.000619606"),
                                    (64, 0.05, "0.00156539"))
    ]  # fmt: skip


def _boundary_claims() -> list[Claim]:
    one = (
        ("uniform", 50, 0.293701), ("uniform", 200, 0.0292969), ("zipf", 50, 1.0), ("zipf", 200, 0.242432),
        ("two-hot", 50, 1.0),
    )  # fmt: skip
    return [
        _number(
            f"boundary-{name}-{n}-window-1", f"the rarest symbol is absent at most 1% of the time from a share of {printed:g} on "
            f"({name}, n = {n}, window 1)", printed, f"exact chain; {_BISECTED}",
            lambda results, name=name, n=n: exact(theory.absence_boundary_law(n, WORST[name])),
        )
        for name, n, printed in one
    ] + [
        _number(
            f"boundary-{name}-{n}-window-4", f"the same of a window of 4 ({name}, n = {n}): {printed:g}", printed,
            f"ours by interpolation of three shares; {_BISECTED}",
            lambda results, name=name, n=n: boundary(results, name, n), tolerance=1 / 4096,
        )
        for (name, n), printed in BOUNDARIES.items()
    ]  # fmt: skip


def _heal_claims() -> list[Claim]:
    rates = (
        ("uniform", 50, 0.005, 0.022), ("uniform", 50, 0.01, 0.433), ("uniform", 50, 0.02, 1.0),
        ("two-hot", 50, 0.01, 0.017), ("two-hot", 50, 0.02, 0.351), ("two-hot", 200, 0.005, 0.803),
    )  # fmt: skip
    medians = (("uniform", 0.005, 969, 7), ("uniform", 0.01, 997, 85), ("two-hot", 0.02, 979, 79))
    return [
        _number(
            f"healed-{name}-{n}-{share:g}", f"{published:.1%} of loops heal from a point ({name}, n = {n}, share {share:g})",
            published, _SIMULATED, lambda results, name=name, n=n, share=share: healed(results, name, n, share),
            error=float(np.sqrt(published * (1 - published) / 200)),
        )
        for name, n, share, published in rates
    ] + [
        _number(
            f"time-to-heal-{name}-{share:g}", f"those that heal have healed by generation {published} in the median ({name}, "
            f"n = 50, share {share:g})", published, f"the error of a median of the {count} that healed there",
            lambda results, name=name, share=share: median_healed(results, name, share), runs=count,
        )
        for name, share, published, count in medians
    ] + [
        _number(
            f"time-to-loss-{name}-{share:g}", f"a symbol is lost after {published:g} fits ({name}, n = 50, share {share:g})",
            published, f"ours: the mean; {_SIMULATED}", lambda results, name=name, share=share: loss(results, name, share),
            runs=200,
        )
        for name, share, published in LOST
    ] + [
        _number(
            f"half-heal-{name}", f"from a share of {published:g} on half of the loops heal ({name}, n = 50, window 1)",
            published, "ours by interpolation of three shares; that half is what is asked is ours",
            lambda results, name=name: heal_boundary(results, name), tolerance=0.05 * published,
        )
        for name, published in (("uniform", 0.0105486), ("two-hot", 0.022173))
    ]  # fmt: skip


CLAIMS = (
    _statement("printed-digits", "rates of relaxation, losses without memory and the end without real data, to the last digit",
               "exact: seven numbers, whose largest difference must be half a unit of the last printed digit", printed),
    *_rate_claims(),
    _number("absent-without-real-data", "without real data 7 of 8 symbols are gone in the end", 0.875,
            f"ours: loops of n = 50 after {LOSSES} fits", fixed),
    _statement("jensen", "a symbol's absence is never below (1 - p)^n", "exact: the least ratio over 24 chains must be 1",
               jensen),
    *_boundary_claims(),
    *_heal_claims(),
    _statement(
        "losses-are-medians", "the printed times to a loss are medians",
        "ours: the largest distance of the four from our medians, which must be half a fit at most", loss_medians,
        reasons=(Reason("the printed 5.04, 4.68, 2.25 and 2.005 are means of 200: medians of whole numbers of fits are whole "
                        "or halves, and ours are 4, 4, 2 and 2", 0.5, 2.0, disputed=True),),
    ),
    *(
        _statement(
            f"hysteresis-{name}-{n}", f"healing takes longer than losing below a share between {low:g} and {high:g}, and not "
            f"above ({name}, n = {n})", "ours: mean generations to heal over mean fits to a loss, shown at the higher share; "
            "it must be above 1 at the lower share and below 1 at the higher",
            lambda results, name=name, n=n, low=low, high=high: hysteresis(results, name, n, low, high),
        )
        for name, n, low, high in (
            ("uniform", 50, 0.1, 0.2), ("uniform", 200, 0.01, 0.02), ("two-hot", 50, 0.5, 1.0), ("two-hot", 200, 0.02, 0.05)
        )
    ),
    _statement(
        "pool-boundary", f"a pool of {POOL} generations needs a share of {POOLED:g} (uniform, n = 50)",
        "ours: the rarest symbol's absence over the second half of all generations, whose interval must lie below 1%",
        pool_needs,
        reasons=(Reason(
            f"at this share an error is forgotten in {1 / theory.window_relaxation_law(POOL, POOLED):,.0f} generations, more "
            "than any simulation waited for: the printed share is the horizon's, and absence is still rising", 0.01, 1.0,
        ),),
    ),
    _statement(
        "accumulating-is-fragile", "accumulating a pool is far more fragile than replacing it",
        "ours: the share that a window of 4 needs over that of a window of 1 (uniform, n = 50), which would be above 1", fragile,
        reasons=(Reason(
            "the numbers are right and the sentence is inverted: a pool needs a smaller share of real draws for the same "
            "absence, so it is the more robust; what it is, is slower to forget", 0.0, 1.0, disputed=True,
        ),),
    ),
)  # fmt: skip
