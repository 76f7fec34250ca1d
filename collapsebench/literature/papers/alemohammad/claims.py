"""Claims of Alemohammad et al. (2024), and how each is measured."""

from __future__ import annotations

from collapsebench.literature.measured import measured_mean
from collapsebench.literature.papers.alemohammad import read
from collapsebench.literature.papers.alemohammad.settings import LIMIT, START
from collapsebench.literature.study import Claim, Source

_HALF = "half a unit of the last digit; how many runs the derivation had is not known"
_INDEPENDENT = (
    "NumPy in float64 gives, unbiased (as here), starts of 31.95 +- .035 and 2.653 +- .007 and limits of 12.26 +- .05 and "
    "20.61 +- .02 (standard errors); with ML 31.81, 2.658, 12.12 and 20.69. The derived numbers lie beside both"
)
_FIRST_ORDER = "a law to first order in 1 / n at d = 1, our choice; it is checked by simulation (claim `sizes-law`)"
_FEW = "our sizes, images and features; few trajectories, so the mean alone is judged"
CLAIMS = (
    *(
        Claim(
            name=f"start-{n}", statement=f"squared W2 of a fit to {n} real rows in 100 dimensions: {value}",
            where="Fig. 10 left", source=Source.DERIVED, published=value, tolerance=0.05 if n == 100 else 0.005,
            basis=_HALF, read=lambda results, n=n: measured_mean(read.distance(results, n, 1.0)[:, 0]), why=_INDEPENDENT,
        )
        for n, value in START.items()
    ),
    *(
        Claim(
            name=f"limit-{b:g}", statement=f"fresh data, b = {b:g}: squared W2 tends to about {value}",
            where="Fig. 10 left", source=Source.DERIVED, published=value, tolerance=0.05 if b == 1 else 0.005,
            basis=_HALF, read=lambda results, b=b: read.limit(results, b), why=_INDEPENDENT,
        )
        for b, value in LIMIT.items()
    ),
    Claim(
        name="start-does-not-matter",
        statement="the limit does not depend on the number of real rows that the loop began with",
        where="Fig. 10 left", source=Source.TEXT,
        basis=f"ours: relative gap of the mean of the last {read.LAST} fits, worst over b; it must be below 2%",
        read=read.forgets_the_start,
    ),
    Claim(
        name="fresh-law", statement="mean and spread of the fresh-data loop follow the exact recursion",
        where="derived: `theory.fresh_law`", source=Source.DERIVED,
        basis="ours: the largest deviation after the last fit in standard errors, within 95% (Bonferroni)",
        read=read.follows_the_law,
    ),
    Claim(
        name="sizes-law", statement="the loop ends as far from the truth as the law says",
        where="Fig. 11", source=Source.DERIVED,
        basis=f"ours: the ratio to the law at d = 1 that is farthest from 1; it must be within {read.LAWFUL:.0%}, the law "
            "being of first order in 1 / n",
        read=read.sizes_follow_the_law,
    ),
    Claim(
        name="admissible-does-not-grow",
        statement="the admissible number of synthetic rows does not grow with the real rows",
        where="Figs. 11 and 12", source=Source.TEXT,
        basis="ours: its growth from 100 to 1000 real rows, largest of b = .85 and .7; it must level off (below 5% from 1e5 "
            f"to 1e6). {_FIRST_ORDER}",
        read=read.admissible,
        why="it has a limit, of order 1 / (1 - b)^2, which it still approaches in the range that the figures show",
    ),
    Claim(
        name="admissible-shrinks", statement="the admissible number of synthetic rows shrinks with sampling bias",
        where="Figs. 11 and 12", source=Source.TEXT,
        basis=f"ours: b = .7 against .85, largest ratio over n_r. {_FIRST_ORDER}", read=read.shrinks_with_bias,
    ),
    Claim(
        name="memory",
        statement="drawing from the last K models leaves the mean nearer to the truth, by the autoregressive law",
        where="Fig. 30", source=Source.DERIVED,
        basis="ours: error at K = 5 over that at K = 1, whose interval must stay below 1, and every K within 95% of the law",
        read=read.memory_error,
    ),
    Claim(
        name="real-share", statement="the smaller the real share, the farther from the truth, at every n",
        where="Fig. 31", source=Source.PLOT,
        basis="ours: distance at .3% over that at 100%; every step down must raise the log of the mean over "
            "trajectories (interval over n)",
        read=read.less_real_is_farther,
    ),
    Claim(
        name="modes-collapse", statement="fully synthetic: modal variance and recall are lost",
        where="Figs. 14 and 15", source=Source.PLOT,
        basis="ours: gain of the log modal variance, whose interval must lie below -1, and recall must fall. Rows per "
            "generation are not stated; 1000 are ours",
        read=read.modes_collapse,
    ),
    Claim(
        name="modes-hold", statement="with real data, kept or fresh, the modal variance holds",
        where="Figs. 14 and 15", source=Source.PLOT,
        basis="ours: the least gain of the log modal variance of both loops, whose interval must lie above -1 and above "
            "that of the fully synthetic loop",
        read=read.real_data_hold,
    ),
    Claim(
        name="flow-drifts", statement="unbiased flows drift away from the Rosenbrock density",
        where="Fig. 17", source=Source.PLOT,
        basis="ours: what real rows cost more in NLL after 16 generations, in nats; the interval must exclude 0",
        read=read.flow_drifts,
    ),
    Claim(
        name="flow-shrinks", statement="with sampling bias b = .75 flows shrink",
        where="Fig. 17", source=Source.PLOT,
        basis="ours: gain of the log variance over 16 generations; its interval, and that of the gap to b = 1, must lie below 0",
        read=read.flow_shrinks,
    ),
    Claim(
        name="images-drift", statement="without guidance the Frechet distance grows by generation",
        where="MNIST figures", source=Source.PLOT,
        basis=f"ours: its gain from the first generation to the last. {_FEW}", read=read.images_drift,
    ),
    Claim(
        name="images-recall", statement="recall falls by generation, whatever the guidance",
        where="MNIST figures", source=Source.PLOT,
        basis=f"ours: the largest gain of all b, which must be below 0. {_FEW}", read=read.images_lose_recall,
    ),
    Claim(
        name="images-bias", statement="guidance costs recall",
        where="MNIST figures", source=Source.PLOT,
        basis=f"ours: recall of the last generation at b = .5 less that at b = 1. {_FEW}",
        read=read.images_bias_costs_recall,
    ),
)  # fmt: skip
