"""Principal components against scikit-learn in float64, and the traps: signs, rank, types and shapes."""

import numpy as np
import pytest

from collapsebench import datasets
from collapsebench.datasets import projection


def rows(count: int, features: int, seed: int = 3) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, features)) @ random.normal(size=(features, features)) + random.normal(
        size=features
    )


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize(("count", "features", "components"), [(200, 12, 5), (50, 50, 20), (9, 40, 8), (300, 6, 6)])
def test_equals_scikit_learn(count: int, features: int, components: int, whiten: bool) -> None:
    decomposition = pytest.importorskip("sklearn.decomposition", reason="scikit-learn is the reference")
    x = rows(count, features)
    theirs = decomposition.PCA(components, svd_solver="full", whiten=whiten).fit(x)
    ours = datasets.pca(x, components, whiten=whiten)
    np.testing.assert_allclose(ours.mean, theirs.mean_, rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.components, theirs.components_, rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.explained, theirs.explained_variance_ratio_, rtol=0, atol=1e-10)
    z = ours.transform(x)
    np.testing.assert_allclose(z, theirs.transform(x), rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.inverse(z), theirs.inverse_transform(z), rtol=0, atol=1e-10)


def test_blocks_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    x = rows(100, 7)
    whole = datasets.pca(x, 4)
    monkeypatch.setattr(projection, "BLOCK", 9)
    blocks = datasets.pca(x, 4)
    np.testing.assert_allclose(blocks.components, whole.components, rtol=0, atol=1e-12)
    np.testing.assert_allclose(blocks.explained, whole.explained, rtol=0, atol=1e-12)


def test_round_trip_with_all_components_is_exact() -> None:
    x = rows(60, 10)
    for whiten in (False, True):
        map_ = datasets.pca(x, 10, whiten=whiten)
        np.testing.assert_allclose(map_.inverse(map_.transform(x)), x, rtol=0, atol=1e-10)
        assert map_.explained.sum() == pytest.approx(1, abs=1e-12)


def test_whitened_coordinates_have_unit_covariance() -> None:
    x = rows(500, 8)
    covariance = np.cov(datasets.pca(x, 5, whiten=True).transform(x), rowvar=False)
    np.testing.assert_allclose(covariance, np.eye(5), rtol=0, atol=1e-10)


def test_signs_do_not_depend_on_the_order_of_rows_or_their_sign() -> None:
    x = rows(80, 6)
    first = datasets.pca(x, 6).components
    np.testing.assert_allclose(datasets.pca(x[::-1], 6).components, first, rtol=0, atol=1e-10)
    np.testing.assert_allclose(datasets.pca(-x, 6).components, first, rtol=0, atol=1e-10)
    assert (first[np.arange(6), np.abs(first).argmax(axis=1)] > 0).all()


def test_float32_in_float32_out_and_leading_axes() -> None:
    x = rows(40, 5).astype(np.float32)
    map_ = datasets.pca(x, 2)
    assert map_.components.dtype == np.float64
    z = map_.transform(x.reshape(4, 10, 5))
    assert (z.shape, z.dtype) == ((4, 10, 2), np.float32)
    assert (map_.inverse(z).shape, map_.inverse(z).dtype) == ((4, 10, 5), np.float32)
    assert map_.transform(np.ones(5, dtype=np.int64)).dtype == np.float64


def test_a_rank_that_falls_short() -> None:
    x = rows(30, 3) @ np.ones((3, 6))
    assert datasets.pca(x, 4).explained[0] == pytest.approx(1)
    with pytest.raises(ValueError, match="components = 2: at most 1, the directions with any spread"):
        datasets.pca(x, 2, whiten=True)
    with pytest.raises(ValueError, match="every row is the same"):
        datasets.pca(np.ones((5, 3)), 1)


@pytest.mark.parametrize("components", [0, -1, 6])
def test_components_outside_the_range(components: int) -> None:
    with pytest.raises(ValueError, match=f"components = {components}: must be 1 to 5"):
        datasets.pca(rows(30, 5), components)


def test_wrong_shapes_and_values() -> None:
    with pytest.raises(ValueError, match="at least two rows"):
        datasets.pca(np.ones(3), 1)
    with pytest.raises(ValueError, match="at least two rows"):
        datasets.pca(np.ones((1, 3)), 1)
    with pytest.raises(ValueError, match="not finite"):
        datasets.pca([[1.0, np.nan], [2.0, 3.0]], 1)
    map_ = datasets.pca(rows(30, 5), 2)
    with pytest.raises(ValueError, match="the last axis must be 5 features"):
        map_.transform(np.ones((4, 1)))
    with pytest.raises(ValueError, match="the last axis must be 2 components"):
        map_.inverse(np.ones((4, 1)))
    with pytest.raises(ValueError, match="the last axis must be 5 features"):
        map_.transform(1.0)


def test_digits_to_eight_dimensions() -> None:
    pytest.importorskip("sklearn", reason="digits are in scikit-learn")
    table = datasets.load("digits")
    map_ = datasets.pca(table.x, 8)
    z = map_.transform(table.x)
    assert z.shape == (1797, 8)
    assert 0.67 < map_.explained.sum() < 0.68
    lost = ((map_.inverse(z.astype(np.float64)) - table.x) ** 2).sum() / ((table.x - map_.mean) ** 2).sum()
    assert lost == pytest.approx(1 - map_.explained.sum(), rel=1e-5)
