"""The kernels of gradient boosting against the definitions."""

import numpy as np
import pytest

import fastml
from fastml.kernels.cpu import gradient_boosting as kernels
from tests.reference import gradient_boosting as reference

CLASSES = {"binomial": 2, "exponential": 2, "multinomial": 4}
each_kind = pytest.mark.parametrize("kind", kernels.LOSSES)
each_size = pytest.mark.parametrize("n", [1, 2, 70, 5000])


def make(kind, n, spread=2.0, offset=0.0):
    """Targets and raw predictions; some are equal, some are far away."""
    rng = np.random.RandomState(n)
    n_classes = CLASSES.get(kind)
    raw = rng.normal(size=(n, 4 if kind == "multinomial" else 1)) * spread + offset
    y = rng.randint(0, n_classes, n).astype(float) if n_classes else rng.normal(size=n) * 3 + offset
    if not n_classes:
        y[::3] = raw[::3, 0]
    return y, raw


def measure(module, kind, y, raw, parameter=0.7):
    losses, gradients = np.full(len(y), np.nan), np.full(raw.shape[::-1], np.nan)
    module.measure_losses(kind, parameter, y, raw, losses, gradients)
    return losses, gradients


@each_kind
@each_size
def test_losses_and_gradients(kind, n):
    y, raw = make(kind, n)
    for found, expected in zip(measure(kernels, kind, y, raw), measure(reference, kind, y, raw)):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", ["binomial", "multinomial"])
def test_losses_of_sure_predictions(kind):
    y, raw = make(kind, 300, spread=200.0)
    losses, gradients = measure(kernels, kind, y, raw)
    expected = measure(reference, kind, y, raw)
    assert np.isfinite(losses).all() and np.isfinite(gradients).all()
    np.testing.assert_allclose(losses, expected[0], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(gradients, expected[1], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("kind", ["squared_error", "absolute_error", "huber", "quantile"])
def test_losses_with_a_common_offset(kind):
    y, raw = make(kind, 70, offset=1e8)
    for found, expected in zip(measure(kernels, kind, y, raw), measure(reference, kind, y, raw)):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("n", [1, 70, 200_000])
@pytest.mark.parametrize("n_nodes", [1, 15])
def test_sums_of_leaves(kind, n, n_nodes):
    y, raw = make(kind, n)
    rng = np.random.RandomState(1)
    leaves, weight = rng.randint(0, n_nodes, n), rng.uniform(size=n)
    weight[rng.uniform(size=n) < 0.3] = 0
    gradients = measure(kernels, kind, y, raw)[1][-1]
    sums = []
    for module, n_threads in ((kernels, 1), (kernels, 2), (reference, 1)):
        out = np.full((n_nodes, 3), np.nan)
        with fastml.config_context(n_threads=n_threads):
            module.sum_leaves(kind, 3, leaves, y, gradients, weight, out)
        sums.append(out)
    np.testing.assert_array_equal(sums[0], sums[1])
    np.testing.assert_allclose(sums[0], sums[2], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("n", "n_drawn"), [(1, 1), (7, 1), (7, 7), (500, 123)])
def test_masks_are_drawn(n, n_drawn):
    uniform = np.random.RandomState(0).uniform(size=n)
    found, expected = np.full(n, -1), np.full(n, -1)
    kernels.draw_mask(uniform, n_drawn, found)
    reference.draw_mask(uniform, n_drawn, expected)
    np.testing.assert_array_equal(found, expected)
    assert found.sum() == n_drawn
