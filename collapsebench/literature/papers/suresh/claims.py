"""Claims of Suresh et al. (2025), and how each is measured."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.literature.measured import (
    Measured,
    Results,
    below,
    exact,
    measured_mean,
    measured_share,
    share_curve,
    together,
)
from collapsebench.literature.papers.suresh.read import alive, alive_law, distinct, mixture_wide
from collapsebench.literature.papers.suresh.settings import (
    BERNOULLI,
    BOUND,
    CURVES,
    DISTINCT,
    DISTINCT_EXACT,
    GAUSSIAN,
    MIXTURE,
    POISSON,
    SINGLE,
    STEPS,
    THRESHOLD,
    ZIPF,
)
from collapsebench.literature.study import Claim, Reason, Source


def _share_at(results: Results, name: str, k: int) -> Measured | None:
    hits = alive(results, name)
    return measured_share(hits[:, k - 1]).against(alive_law(name, k)) if k <= hits.shape[1] else None


def _whole(results: Results, name: str) -> Measured | None:
    """Every point of a curve beside its law; the effect is the fall of the law over the curve."""
    hits, k = alive(results, name), np.array(CURVES[name].k)
    if hits.shape[1] < k[-1]:
        return None
    law = alive_law(name, k)
    return share_curve(list(hits[:, k - 1].T), law, effect=law.max() - law.min())


def _curve(name: str, where: str, what: str, k: int, law: str) -> tuple[Claim, Claim]:
    """Claims on one point of a curve, and on the whole curve."""
    title = CURVES[name].title
    point = Claim(
        name=f"{name}-at-{k}", statement=f"{what} with probability {float(alive_law(name, k)):.4f} after {k} fits ({title})",
        where=where, source=Source.DERIVED, law=law, basis=_EXACT, read=lambda results: _share_at(results, name, k),
    )  # fmt: skip
    whole = Claim(
        name=f"{name}-curve",
        statement=f"{what} as often as it should be at ten k from {CURVES[name].k[0]} to {CURVES[name].k[-1]} ({title})",
        where=where, source=Source.DERIVED, law=law,
        basis="an exact law; ours: of ten points the one that decides; effect: the fall of the law from first to last",
        read=lambda results: _whole(results, name),
    )  # fmt: skip
    return point, whole


def _bound_at_200(results: Results) -> Measured:
    return exact(float(theory.replace_sd_moment_bound(GAUSSIAN.n, 200, THRESHOLD))).against(BOUND[-1])


def _below(results: Results, name: str, bound: np.ndarray) -> Measured | None:
    """Largest share less upper bound over a curve's points where the bound is below 1; every one must be negative."""
    hits, k = alive(results, name), np.array(CURVES[name].k)
    if hits.shape[1] < k[-1]:
        return None
    told = np.flatnonzero(bound < 1)
    shares = [measured_share(hits[:, k[i] - 1], len(told)) for i in told]
    most = max(zip(shares, bound[told], strict=True), key=lambda pair: pair[0].value - pair[1])
    gap = Measured(most[0].value - most[1], most[0].low - most[1], most[0].high - most[1])
    return gap.judged(together(*(below(share, b) for share, b in zip(shares, bound[told], strict=True))))


def _above(results: Results, name: str, bound: np.ndarray, first: int = 0) -> Measured | None:
    """As `_below` for a lower bound, from the point `first` on: largest bound less share."""
    hits, k = alive(results, name), np.array(CURVES[name].k)
    if hits.shape[1] < k[-1]:
        return None
    told = [i for i in range(first, len(k)) if bound[i] < 1 - 1e-3]
    lost = [measured_share(~hits[:, k[i] - 1], len(told)) for i in told]
    most = max(zip(lost, 1 - bound[told], strict=True), key=lambda pair: pair[0].value - pair[1])
    gap = Measured(most[0].value - most[1], most[0].low - most[1], most[0].high - most[1])
    return gap.judged(together(*(below(share, 1 - bound[i]) for share, i in zip(lost, told, strict=True))))


def _k(name: str) -> np.ndarray:
    return np.array(CURVES[name].k)


def _poisson_bound(name: str, times: float) -> np.ndarray:
    """1 - exp(-n rate g) at the ends of 1 / k <= g <= 3 / k."""
    return np.asarray(1 - np.exp(-times * CURVES[name].n * CURVES[name].start / _k(name)))


def _gaussian_rate(results: Results) -> Measured | None:
    log_variance = results["trajectories-gaussian"].log_variance.values
    law = theory.replace_log_variance_law(100, 1, unbiased=True)
    return measured_mean(log_variance[:, 2499] / 2500).against(law) if log_variance.shape[1] >= 2500 else None


def _bernoulli_ends(results: Results) -> Measured | None:
    variance = results["trajectories-bernoulli"]["variance"].values
    if variance.shape[1] < 600:
        return None
    law = 2 - theory.survival_law(100, 600, SINGLE) - theory.survival_law(100, 600, 1 - SINGLE)
    return measured_share(variance[:, 599] == 0).against(law)


def _distinct_at(results: Results, name: str, k: int) -> Measured | None:
    share = distinct(results, name)
    return measured_mean(share[:, k]) if k < share.shape[1] else None


def _zipf(name: str, k: int) -> Claim:
    exponent, shift = ZIPF[name]
    published = DISTINCT[name][k]
    return Claim(
        name=f"{name}-at-{k}",
        statement=f"{published} of the first sample's symbols are left after {k} refits "
            f"(1000 symbols, p_i ~ 1 / (i + {shift:g})^{exponent:g}, n = 1000)",
        where="Zipf-Mandelbrot figure", source=Source.PLOT, published=published, tolerance=0.005, published_runs=200,
        basis=f".005 read off the figure; 200 runs. Exact: {DISTINCT_EXACT[name][k]}, counted against the first sample's",
        read=lambda results: _distinct_at(results, name, k),
    )  # fmt: skip


def _mixture_at(results: Results, k: int) -> Measured | None:
    wide = mixture_wide(results, STEPS[0])
    return measured_share(wide[:, k - 1]) if k <= wide.shape[1] else None


def _mixture(k: int, share: float) -> Claim:
    error = float(np.sqrt(share * (1 - share) / 500))
    return Claim(
        name=f"mixture-at-{k}", statement=f"two symmetric components: P(s > .1) = {share} at k = {k} (n = 10)",
        where="mixture figure", source=Source.PLOT, published=share, tolerance=0.005, published_error=error,
        basis=".005 read off the figure; 500 runs", read=lambda results: _mixture_at(results, k),
        chosen="start and estimator are not published; ours: m = s = 1, and one step of EM from the last model",
        reasons=(Reason(_WHY_MIXTURE, *WHERE_MIXTURE[k]),) if k in WHERE_MIXTURE else (),
        blunt=f"500 runs leave {1.96 * error / share:.0%} of the number open" if 1.96 * error > 0.2 * share else "",
    )  # fmt: skip


_EXACT = "an exact law"
_SYMBOL, _RATE, _WIDE = "a symbol is still alive", "the rate is not yet 0", "the standard deviation is above .1"
_WHY_MIXTURE = (
    "start and estimator are not published: from m = s = 1, EM to the maximum gives .46 at k = 20 and .06 at 40, three "
    "steps .51 and .10, one step .63 and .18, where .575 and .195 were published"
)
WHERE_MIXTURE = {20: (0.59, 0.66), 40: (0.05, 0.19), 80: (0.001, 0.02)}
"""Shares that the choice of start and estimator explains."""
_BERNOULLI, _POISSON, _GAUSSIAN = "Bernoulli figure", "Poisson figure", "Gaussian figure"
_SIDE = "the interval of every one, all together 95%, must lie"


def _bernoulli_bounds() -> tuple[Claim, ...]:
    above_11 = np.where(_k("bernoulli-rare") >= 11, 0, 1)
    upper = {
        name: np.asarray(theory.survival_bound(curve.n, _k(name), curve.start)) for name, curve in BERNOULLI.items()
    }
    upper["bernoulli-rare"] = np.maximum(upper["bernoulli-rare"], above_11)
    small = BERNOULLI["bernoulli-small"]
    lower = np.asarray(theory.branching_survival_law(small.n, _k("bernoulli-small"), small.start))
    return (
        *(
            Claim(
                name=f"{name}-upper-bound", statement=f"1 - (1 - 3 n p^2 - 3 k p) exp(-n p g_k) bounds it ({curve.title})",
                where=_BERNOULLI, source=Source.TEXT,
                basis=f"ours: the largest share less bound where that is below 1 (k >= 11 for the rare one); {_SIDE} below",
                read=lambda results, name=name: _below(results, name, upper[name]),
            )
            for name, curve in BERNOULLI.items()
        ),
        Claim(
            name="bernoulli-small-lower-bound", statement=f"1 - exp(-n p g_k) lies below it ({small.title})",
            where=_BERNOULLI, source=Source.TEXT,
            basis=f"ours: the largest bound less share at k = 39, 44 and 50, where they are .0034 apart; {_SIDE} above",
            read=lambda results: _above(results, "bernoulli-small", lower, first=7),
        ),
    )  # fmt: skip


def _gaussian_bounds() -> tuple[Claim, ...]:
    k = _k("gaussian")
    return tuple(
        Claim(
            name=f"{name}-bound-holds", statement=f"P(sd > .1) stays below {what} at every k",
            where=_GAUSSIAN, source=Source.TEXT,
            basis=f"ours: the largest share less bound, at those of ten k where it is below 1; {_SIDE} below",
            read=lambda results, bound=bound: _below(results, "gaussian", bound),
        )
        for name, what, bound in (
            ("moment", "Markov's bound by the .7th moment", np.asarray(theory.replace_sd_moment_bound(10, k, THRESHOLD))),
            ("tail", "exp(-k / (4 n - 1)) / .1", np.asarray(theory.replace_sd_tail_bound(10, k, THRESHOLD))),
        )
    )  # fmt: skip


def _poisson_bounds(name: str) -> tuple[Claim, Claim]:
    title = POISSON[name].title
    upper, lower = _poisson_bound(name, 3), _poisson_bound(name, 1)
    upper = np.where(upper > 0.999, 1.0, upper)
    common = {"where": _POISSON, "source": Source.TEXT}
    return (
        Claim(
            name=f"{name}-upper-bound", statement=f"P(rate > 0) <= 1 - exp(-3 n rate / k) ({title})",
            basis=f"ours: the largest share less bound, where it is below .999; {_SIDE} below",
            read=lambda results: _below(results, name, upper), **common,
        ),
        Claim(
            name=f"{name}-lower-bound", statement=f"P(rate > 0) >= 1 - exp(-n rate / k) ({title})",
            basis=f"ours: the largest bound less share, where it is below .999; {_SIDE} above",
            read=lambda results: _above(results, name, lower), **common,
        ),
    )  # fmt: skip


CLAIMS = (
    *_curve("bernoulli-rare", _BERNOULLI, _SYMBOL, 22, "survival_law"),
    *_curve("bernoulli-small", _BERNOULLI, _SYMBOL, 11, "survival_law"),
    *_bernoulli_bounds(),
    *_curve("poisson-1", _POISSON, _RATE, 56, "branching_survival_law"),
    *_curve("poisson-10", _POISSON, _RATE, 222, "branching_survival_law"),
    *_poisson_bounds("poisson-1"), *_poisson_bounds("poisson-10"),
    *_curve("gaussian", _GAUSSIAN, _WIDE, 45, "replace_sd_tail_law"),
    Claim(
        name="moment-bound-at-200",
        statement="Markov's bound on P(sd > .1) by the .7th moment is .0305 at k = 200 (n = 10)",
        where=_GAUSSIAN, source=Source.DERIVED, law="replace_sd_moment_bound", tolerance=5e-5,
        basis="half a unit of the last digit. A formula: nothing is sampled", read=_bound_at_200,
    ),
    *_gaussian_bounds(),
    Claim(
        name="gaussian-rate",
        statement="log variance falls by .0101 a fit: digamma(99/2) - log(99/2) (n = 100, over 2500 fits)",
        where="trajectories figure", source=Source.DERIVED, law="replace_log_variance_law", basis=_EXACT,
        read=_gaussian_rate,
    ),
    Claim(
        name="bernoulli-ends", statement="nearly every run, .998, has ended at 0 or 1 by 600 fits (p = .2, n = 100)",
        where="trajectories figure", source=Source.DERIVED, law="survival_law", basis=_EXACT, read=_bernoulli_ends,
    ),
    *(_zipf(name, k) for name, published in DISTINCT.items() for k in published),
    *(_mixture(k, share) for k, share in zip(MIXTURE.k, MIXTURE.share, strict=True)),
)  # fmt: skip
