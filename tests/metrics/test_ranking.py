"""Curves, areas under them, losses and errors against scikit-learn."""

import warnings

import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

import fastml.metrics as ours
from tests.metrics.same_error import same_error


def same(name, *args, **options):
    """The function of both libraries gives the same, and warns of the same."""
    found, wanted = [], []
    for module, results in ((ours, found), (theirs, wanted)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results.append(getattr(module, name)(*args, **options))
        results.append(sorted(str(w.message) for w in caught))
    assert found[1] == wanted[1]
    close(found[0], wanted[0])


def close(found, wanted):
    if isinstance(wanted, tuple):
        assert len(found) == len(wanted)
        for pair in zip(found, wanted):
            close(*pair)
        return
    if wanted is None:
        assert found is None
        return
    assert np.shape(found) == np.shape(wanted)
    if isinstance(wanted, np.ndarray):
        assert found.dtype == wanted.dtype
    tolerance = 1e-5 if getattr(wanted, "dtype", None) == np.float32 else 1e-9
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=1e-12)


def probabilities_of(X, y, dtype=np.float64):
    """Probabilities of the classes by the distance to their means: some are wrong."""
    means = np.array([X[y == label].mean(axis=0) for label in np.unique(y)])
    distances = ((X[:, None] - means) ** 2).sum(axis=2)
    return softmax(-distances / np.median(distances), axis=1).astype(dtype)


BINARY = ("roc_curve", "precision_recall_curve", "roc_auc_score", "average_precision_score")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", BINARY)
def test_two_classes_of_breast_cancer(breast_cancer, name, dtype):
    X, y = breast_cancer
    scores = probabilities_of(X, y, dtype)[:, 1]
    weights = np.random.RandomState(0).random_sample(len(y)) + 0.1
    for truth in (y, y.astype(bool), 2 * y - 1, y.astype(float)):
        same(name, truth, scores)
    same(name, y, scores, sample_weight=weights)
    same(name, y, scores.round(1), sample_weight=np.where(weights > 0.5, weights, 0))
    same(name, y.tolist(), scores.tolist())
    if name == "roc_auc_score":
        same(name, np.array(["b", "cc"])[y], scores)
        same(name, (3 * y).astype(np.uint8), scores)
    if name.endswith("curve"):
        same(name, y, scores, drop_intermediate=False)
        same(name, y, scores.round(2), drop_intermediate=True, pos_label=0)
        same(name, np.array(["a", "b"])[y], scores, pos_label="b")


@pytest.mark.parametrize("kind", ["real", "integers", "few"])
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_random_scores(kind, data):
    element = {
        "real": st.floats(-1e6, 1e6),
        "integers": st.integers(-3, 3).map(float),
        "few": st.sampled_from([0.0, -0.0, 0.5, 1.0]),
    }[kind]
    n = data.draw(st.integers(1, 12))
    y = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    scores = np.array(data.draw(st.lists(element, min_size=n, max_size=n)))
    for name in BINARY:
        same(name, y, scores)
    if len(np.unique(y)) == 2:
        same("roc_auc_score", y, scores, max_fpr=data.draw(st.sampled_from([0.1, 0.5, 1.0])))


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
def test_several_classes(wine, average):
    X, y = wine
    scores = probabilities_of(X, y)
    weights = np.random.RandomState(0).random_sample(len(y)) + 0.1
    same("roc_auc_score", y, scores, multi_class="ovr", average=average)
    same("roc_auc_score", y, scores, multi_class="ovr", average=average, sample_weight=weights)
    same("average_precision_score", y, scores, average=average)
    if average in ("macro", "weighted"):
        same("roc_auc_score", np.array(["u", "v", "w"])[y], scores, multi_class="ovo", average=average)
    same("roc_auc_score", y, scores, multi_class="ovr", average=average, labels=[0, 1, 2])


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", "samples", None])
@pytest.mark.parametrize("name", ["roc_auc_score", "average_precision_score"])
def test_several_labels_a_sample(name, average):
    random = np.random.RandomState(0)
    truth, scores = random.randint(0, 2, (40, 4)), random.random_sample((40, 4))
    truth[:, 0] = truth[:, 1]
    truth[:, 2:] = [0, 1]
    truth[::3, 2:] = [1, 0]
    same(name, truth, scores, average=average)
    same(name, truth, scores, average=average, sample_weight=random.random_sample(40) + 0.1)


@pytest.mark.parametrize("name", ["roc_auc_score", "roc_curve", "average_precision_score"])
@pytest.mark.parametrize(
    ("y", "scores"),
    [
        ([0, 1, 1], [0.1, np.nan, 0.2]),
        ([0, 1], [0.1, 0.2, 0.3]),
        ([0, 1, 2], [0.1, 0.2, 0.3]),
        ([0, 1], [[0.1], [0.2, 0.3]]),
        ([], []),
    ],
)
def test_wrong_scores(name, y, scores):
    same_error(getattr(ours, name), getattr(theirs, name), y, scores)


def test_wrong_options():
    y, scores, many = [0, 1, 1], [0.1, 0.2, 0.3], np.full((3, 3), 1 / 3)
    for args, options in [
        ((y, scores), {"max_fpr": 0.0}),
        ((y, scores), {"average": "other"}),
        (([0, 1, 2], many), {}),
        (([0, 1, 2], 2 * many), {"multi_class": "ovr"}),
        (([0, 1, 1], many), {"multi_class": "ovr"}),
        (([0, 1, 2], many), {"multi_class": "ovo", "sample_weight": [1, 2, 3]}),
        (([0, 1, 2], many), {"multi_class": "ovo", "average": "micro"}),
        (([0, 1, 2], many), {"multi_class": "ovr", "max_fpr": 0.5}),
    ]:
        same_error(ours.roc_auc_score, theirs.roc_auc_score, *args, **options)
    same_error(ours.roc_curve, theirs.roc_curve, [1, 2], [0.1, 0.2])
    same_error(ours.roc_curve, theirs.roc_curve, ["a", "b"], [0.1, 0.2])
    same_error(ours.average_precision_score, theirs.average_precision_score, ["a", "b"], [0.1, 0.2])
    same_error(ours.average_precision_score, theirs.average_precision_score, [0, 2], [0.1, 0.2])


def test_areas_under_any_curve():
    random = np.random.RandomState(0)
    x, y = np.sort(random.random_sample(20)), random.random_sample(20)
    for args in ((x, y), (x[::-1], y), (x[:2], y[:2]), ([0, 1], [2, 3])):
        same("auc", *args)
    for args in ((x[:1], y[:1]), (y, x), (x, y[:3])):
        same_error(ours.auc, theirs.auc, *args)


def test_large_ranking_in_blocks(monkeypatch):
    from fastml.kernels.cpu import ranking

    random = np.random.RandomState(0)
    y, scores = random.randint(0, 2, 3000), random.normal(size=3000).round(2)
    monkeypatch.setattr(ranking, "BLOCK", 64)
    same("roc_auc_score", y, scores)


# ---- sets of labels -------------------------------------------------------------------------
SET_WISE = ("precision_score", "recall_score", "f1_score", "precision_recall_fscore_support")


@pytest.mark.parametrize("average", ["binary", "macro", "weighted", "micro", None])
@pytest.mark.parametrize("name", SET_WISE)
def test_precision_and_recall(breast_cancer, wine, name, average):
    for X, y in (breast_cancer, wine):
        if average == "binary" and len(np.unique(y)) > 2:
            continue
        predicted = probabilities_of(X, y).argmax(axis=1)
        weights = np.random.RandomState(0).random_sample(len(y))
        same(name, y, predicted, average=average)
        same(name, y, predicted, average=average, sample_weight=weights)
        same(name, y, predicted, average=average, zero_division=0)
        if average != "binary":
            same(name, y, predicted, average=average, labels=[1, 0])
            same(name, y, predicted, average=average, labels=[1, 7])  # undefined for 7
        else:
            names = np.array(["a", "b"])
            same(name, names[y], names[predicted], average=average, pos_label="a")


@pytest.mark.parametrize("name", SET_WISE)
def test_undefined_scores_and_errors(name):
    same(name, [0, 1, 2], [0, 0, 0], average="macro")
    same(name, [0, 1, 2], [0, 0, 0], average="macro", zero_division=1)
    same(name, [0, 0], [0, 0], average="binary")
    same(name, [0, 1], [1, 0], average="macro", pos_label=0)
    same(name, np.eye(3, dtype=int), np.ones((3, 3), int), average="samples")
    for args, options in [
        (([0, 1, 2], [0, 1, 1]), {"average": "binary"}),
        (([0, 1], [0, 1]), {"average": "binary", "pos_label": 5}),
        (([0, 1], [0, 1]), {"average": "other"}),
        (([0, 1], [0]), {"average": "macro"}),
        (([0, 1], ["a", "b"]), {"average": "macro"}),
    ]:
        same_error(getattr(ours, name), getattr(theirs, name), *args, **options)


@pytest.mark.parametrize("beta", [0, 0.5, 2.0, np.inf])
def test_f_scores(wine, beta):
    X, y = wine
    same("fbeta_score", y, probabilities_of(X, y).argmax(axis=1), beta=beta, average="macro")


# ---- losses ---------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_loss(breast_cancer, digits, dtype):
    for X, y in (breast_cancer, digits):
        p = probabilities_of(X, y, dtype)
        p /= p.sum(axis=1, keepdims=True)
        weights = np.random.RandomState(0).random_sample(len(y))
        for options in ({}, {"normalize": False}, {"sample_weight": weights}):
            found, wanted = (module.log_loss(y, p, **options) for module in (ours, theirs))
            assert found == pytest.approx(wanted, rel=1e-5 if dtype == np.float32 else 1e-12)
    y = breast_cancer[1]
    p = probabilities_of(*breast_cancer)
    same("log_loss", y, p[:, 1])
    same("log_loss", y, p[:, 1:])
    same("log_loss", y[y == 1], p[y == 1], labels=[0, 1])
    same("log_loss", np.array(["a", "b"])[y], p.round())
    same("log_loss", y, 0.9 * p)  # they do not sum to one
    for args in (([0, 1], [0.5, 1.5]), ([0, 0], [0.5, 0.5]), ([0, 1, 2], p[:3]), ([0, 1], [0.5]), ([0, 1],)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            same_error(ours.log_loss, theirs.log_loss, *args)


def test_hinge_loss(breast_cancer, wine):
    X, y = breast_cancer
    weights = np.random.RandomState(0).random_sample(len(y))
    decision = 4 * probabilities_of(X, y)[:, 1] - 2
    same("hinge_loss", y, decision)
    same("hinge_loss", 2 * y - 1, decision, sample_weight=weights)
    same("hinge_loss", ["a", "b", "a"], [0.5, -0.3, -2.0])
    X, y = wine
    decisions = 3 * probabilities_of(X, y)
    same("hinge_loss", y, decisions)
    same("hinge_loss", y[y < 2], decisions[y < 2], labels=[0, 1, 2])
    for args in ((y, decisions[:, 0]), (y[y < 2], decisions[y < 2]), (y, decisions[:, :2])):
        same_error(ours.hinge_loss, theirs.hinge_loss, *args)


# ---- regressions ----------------------------------------------------------------------------
REGRESSION = ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("name", REGRESSION)
def test_errors_of_regressions(diabetes, name, dtype):
    _, y = diabetes
    random = np.random.RandomState(0)
    truth = y.astype(dtype)
    predicted = (y + random.normal(scale=20, size=len(y))).astype(dtype)
    weights = random.random_sample(len(y))
    tolerance = 1e-5 if dtype == np.float32 else 1e-11
    several = np.c_[truth, predicted, truth[::-1]], np.c_[predicted, truth, truth]
    cases = [((truth, predicted), {}), ((truth, predicted), {"sample_weight": weights})]
    cases += [((truth.tolist(), predicted.tolist()), {})]
    for multioutput in ("raw_values", "uniform_average", [0.2, 0.5, 0.3]):
        cases += [(several, {"multioutput": multioutput, "sample_weight": w}) for w in (None, weights)]
    if name == "r2_score":
        cases += [(several, {"multioutput": option}) for option in ("variance_weighted", None)]
    for args, options in cases:
        found, wanted = (getattr(module, name)(*args, **options) for module in (ours, theirs))
        assert type(found) is type(wanted)
        assert getattr(found, "dtype", None) == getattr(wanted, "dtype", None)
        np.testing.assert_allclose(found, wanted, rtol=tolerance)


@pytest.mark.parametrize("name", REGRESSION)
def test_odd_and_wrong_regressions(name):
    same(name, [1.0], [2.0])
    same(name, [1.0, 1.0], [1.0, 2.0])
    same(name, [1e8 + 1, 1e8 + 2, 1e8 + 4], [1e8 + 1, 1e8 + 3, 1e8 + 3])
    for args, options in [
        (([1.0, 2.0], [1.0]), {}),
        (([1.0, np.nan], [1.0, 2.0]), {}),
        (([[1.0, 2.0]], [[1.0], [2.0]]), {}),
        (([1.0, 2.0], [1.0, 2.0]), {"multioutput": "other"}),
        (([1.0, 2.0], [1.0, 2.0]), {"sample_weight": [1.0]}),
    ]:
        same_error(getattr(ours, name), getattr(theirs, name), *args, **options)
    if name == "r2_score":
        same(name, [2.0, 2.0], [1.0, 2.0], force_finite=False)
        same(name, [[1.0, 2.0], [1.0, 3.0]], [[1.0, 2.0], [1.5, 2.0]], multioutput="raw_values")
