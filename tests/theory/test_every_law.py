"""Requirements on every law: a docstring with law and source, broadcasting, one-line errors, no JAX."""

import ast
import inspect
from pathlib import Path

import numpy as np
import pytest

import collapsebench.theory as laws

P = np.array([0.5, 0.3, 0.2])
# One pair of values for each numeric argument: a law of two arrays is the array of its laws. Not there: laws of a whole
# schedule, spectrum or distribution alone, and laws of plain numbers.
VECTORISED = {
    "c4_law": [(5, 50)],
    "replace_variance_law": [(5, 50), (1, 7)],
    "replace_mean_error_law": [(5, 50), (1, 7)],
    "replace_sd_law": [(5, 50), (1, 7)],
    "replace_log_variance_law": [(5, 50), (1, 7)],
    "replace_log_variance_spread_law": [(5, 50), (1, 7)],
    "replace_median_variance_law": [(5, 50), (1, 7)],
    "replace_w2_squared_law": [(5, 50), (1, 7)],
    "replace_kl_law": [(5, 50), (1, 7)],
    "replace_sd_tail_law": [(5, 50), (1, 7), (0.1, 0.9)],
    "replace_sd_tail_bound": [(5, 50), (1, 7), (0.1, 0.9)],
    "replace_sd_moment_bound": [(5, 50), (1, 7), (0.1, 0.9), (0.7, 2)],
    "growth_mean_error_limit_law": [(5, 50), (0.5, 2)],
    "accumulate_variance_law": [(5, 50), (0, 7)],
    "accumulate_mean_error_law": [(5, 50), (0, 7)],
    "accumulate_variance_limit_law": [(5, 50)],
    "augment_law": [(5, 50), (3, 9), (1, 7)],
    "augment_limit_law": [(5, 50), (3, 9)],
    "augment_rate_law": [(0.1, 3)],
    "augment_rate_bound": [(0.1, 3)],
    "fresh_law": [(5, 50), (3, 9), (1, 7)],
    "fresh_limit_law": [(5, 50), (3, 9)],
    "fresh_effective_size_law": [(5, 50), (3, 9)],
    "branching_rate_law": [(1, 7)],
    "branching_rate_bound": [(1, 7)],
    "branching_survival_law": [(5, 50), (0, 7), (0.1, 0.9)],
    "survival_bound": [(5, 50), (1, 7), (0.001, 0.01)],
    "turnover_variance_law": [(5, 50), (0.1, 0.9), (0.2, 0.5)],
    "survival_law": [(5, 50), (0, 7), (0.1, 0.9)],
    "temperature_stability_law": [(0.5, 2), (0.1, 0.9)],
    "kde_variance_law": [(5, 50), (1, 7), (0.1, 0.9)],
    "kde_variance_limit_law": [(5, 50), (0.1, 0.9)],
    "kde_accumulate_excess_law": [(1, 7), (0.1, 0.9)],
    "kde_accumulate_variance_law": [(5, 50), (1, 7), (0.1, 0.9)],
    "least_squares_risk_law": [(20, 50), (3, 9)],
    "least_squares_replace_law": [(20, 50), (3, 9), (1, 7)],
    "least_squares_accumulate_law": [(20, 50), (3, 9), (1, 7)],
    "least_squares_accumulate_bound": [(20, 50), (3, 9)],
    "overparametrised_chain_law": [(5, 8), (9, 20), (0, 3)],
    "mixed_error_law": [(0, 50), (3, 9), (1, 7)],
    "mixture_labels_law": [(0.1, 0.9), (0, 1)],
    "pathway_replace_law": [(1, 7)],
    "pathway_accumulate_law": [(1, 7)],
    "pathway_subsample_law": [(1, 7)],
    "weighted_error_law": [(0.1, 0.9), (0.5, 2), (1, 7)],
    "weighted_optimum_law": [(0.5, 2)],
    "window_relaxation_law": [(1, 7), (0.1, 0.9)],
    "return_time_law": [(5, 50), (0.1, 0.9), (0.2, 0.5)],
    "zipf_exponent_law": [(1.5, 3)],
    "diffusion_variance_law": [(0, 7), (0, 0.5), (0.1, 0.9)],
    "verification_threshold_law": [(0.1, 0.9), (0, 1)],
    "verification_accuracy_limit_law": [(0.1, 0.9), (0.1, 0.9), (0, 1)],
    "neon_log_variance_law": [(5, 50), (9, 20), (0.5, 2), (1, 7)],
    "neon_variance_law": [(5, 50), (9, 20), (0.5, 2), (1, 7)],
    "neon_mean_error_law": [(5, 50), (9, 20), (0.5, 2), (1, 7)],
    "judge_variance_law": [(0.2, 0.5), (0.3, 0.6), (1, 7)],
    "verified_mean_law": [(0.5, 0.9), (0.1, 0.2), (0.1, 0.3), (1, 7)],
    "verified_variance_law": [(0.5, 0.9), (0.1, 0.2), (0.1, 0.3), (1, 7)],
    "truncation_variance_law": [(0.5, 2), (1, 7)],
    "detector_variance_law": [(0.8, 1.2), (1, 7)],
    "correction_variance_law": [(0.5, 2), (1, 7)],
    "correction_effective_size_law": [(5, 50), (0.5, 2), (0.6, 2)],
}


@pytest.mark.parametrize("name", laws.__all__)
def test_docstring(name):
    doc = inspect.getdoc(getattr(laws, name))
    assert name.endswith(("_law", "_bound"))
    positions = [doc.index(part) for part in ("Law: ", "Raises ValueError for ", "Source: ")]
    assert positions == sorted(positions)


@pytest.mark.parametrize("name", VECTORISED)
def test_arrays_broadcast(name):
    law, pairs = getattr(laws, name), VECTORISED[name]
    grid = np.meshgrid(*pairs, indexing="ij")
    whole = np.asarray(law(*np.ix_(*pairs)))
    single = np.array([law(*point) for point in zip(*(axis.flat for axis in grid), strict=True)])
    outputs = single[0].size  # 2 for laws of two quantities
    np.testing.assert_allclose(whole.reshape(outputs, -1), single.reshape(-1, outputs).T, rtol=1e-12, atol=1e-14)
    values = law(*(pair[0] for pair in pairs))
    assert all(isinstance(value, float) for value in (values if outputs > 1 else (values,)))


def test_distributions_broadcast():
    p, fits = np.stack([P, P[::-1], [1, 0, 0]]), np.array([1, 4])[:, None]
    for law in (laws.replace_squared_norm_law, laws.distinct_symbols_law):
        np.testing.assert_allclose(law(9, fits, p), [[law(9, int(k), row) for row in p] for k in fits.flat], rtol=1e-12)
    first_loss = [[laws.first_loss_law(9, int(k), row) for row in p] for k in fits.flat]
    np.testing.assert_allclose(laws.first_loss_law(9, fits, p), first_loss)
    np.testing.assert_allclose(
        laws.turnover_squared_norm_law(9, 0.3, fits, p),
        [[laws.turnover_squared_norm_law(9, 0.3, int(k), row) for row in p] for k in fits.flat],
    )
    np.testing.assert_allclose(
        laws.augment_l2_law(9, 4, fits, p), [[laws.augment_l2_law(9, 4, int(k), row) for row in p] for k in fits.flat]
    )
    curated = laws.curation_law(p, [0.0, 1.0, 2.0], 3)
    np.testing.assert_allclose(curated[1], laws.curation_law(p[1], [0.0, 1.0, 2.0], 3), rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("replace_sd_law", (1, 5), "n = 1: a standard deviation needs n >= 2"),
        ("replace_log_variance_law", ([9, 1], 5), "n = 1: a log variance needs n >= 2"),
        ("replace_variance_law", (0, 5), "n = 0: a variance needs n >= 1"),
        ("replace_variance_law", (10, -1), "fits = -1: a loop needs fits >= 0"),
        ("replace_variance_law", (10, 2.5), "fits = 2.5: a loop needs a whole number"),
        ("replace_variance_law", (float("nan"), 2), "n = nan: a variance needs n >= 1"),
        ("augment_law", (10, 10, 0), "fits = 0: a loop needs fits >= 1"),
        ("survival_law", (10, 5, 1.5), "p = 1.5: a symbol needs 0 <= p <= 1"),
        ("distinct_symbols_law", (10, 5, [0.5, 0.4]), "sum(p) = 0.9: a distribution needs a sum of 1"),
        ("least_squares_risk_law", (11, 10), "n = 11: a finite risk needs n >= 12"),
        ("weighted_error_law", (0, 1), "weight = 0: a weighted mix needs weight > 0"),
        ("mixture_labels_law", (1, 0.5), "ratio = 1: least squares needs ratio < 1"),
        ("zipf_error_law", (1.0, 10), "beta = 1: a distribution over all ranks needs beta > 1"),
    ],
)
def test_errors_are_one_line_that_says_what_is_allowed(name, arguments, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        getattr(laws, name)(*arguments)
    assert str(caught.value) == message


def test_unbiased_needs_two():
    with pytest.raises(ValueError, match="n = 1: an unbiased variance needs n >= 2"):
        laws.replace_variance_law(1, 5, unbiased=True)


def test_theory_imports_numpy_and_scipy_only():
    for file in Path(laws.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            for name in names:
                assert name.split(".")[0] in {"__future__", "numpy", "scipy", "collections", "itertools", "typing"}, (
                    file,
                    name,
                )
