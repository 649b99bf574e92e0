"""Logistic regression with cross-validation against scikit-learn's: the same attributes."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn import linear_model as theirs
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from fastml import config_context
from fastml.linear_model import LogisticRegressionCV
from fastml.linear_model._logistic_paths import make_folds

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
PRESENT = {"l1_ratios": (0,), "scoring": "neg_log_loss", "use_legacy_attributes": False}


def assert_same(a, b, name):
    assert type(a) is type(b), name
    if isinstance(a, dict):
        assert list(a) == list(b), name
        for key in a:
            assert_same(a[key], b[key], name)
    elif isinstance(a, np.ndarray) and a.dtype == object:
        assert a.tolist() == b.tolist(), name
    elif isinstance(a, np.ndarray):
        assert (a.shape, a.dtype) == (b.shape, b.dtype), name
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-3, err_msg=name) if a.dtype.kind == "f" else None
    else:
        assert a == pytest.approx(b, rel=1e-6), name


@pytest.fixture(scope="module", params=["iris", "wine", "breast_cancer"])
def data(request):
    X, y = request.getfixturevalue(request.param)
    X = StandardScaler().fit_transform(X)[:, :6]
    return X, (y if request.param != "wine" else np.array(["a", "b", "c"])[y])


@pytest.mark.parametrize(
    "params",
    [
        {},
        PRESENT,
        {"cv": 3, "refit": False, "class_weight": "balanced"},
        {**PRESENT, "refit": False, "scoring": "accuracy", "fit_intercept": False},
        {"solver": "newton-cholesky", "penalty": "l2"},
        {"solver": "newton-cg", "l1_ratios": (0, 0), "cv": StratifiedKFold(3, shuffle=True, random_state=0)},
    ],
)
def test_attributes(params, data):
    params = {"Cs": [0.01, 0.1, 1.0], **params}
    ours, other = LogisticRegressionCV(**params).fit(*data), theirs.LogisticRegressionCV(**params).fit(*data)
    expected = {name: value for name, value in vars(other).items() if name.endswith("_")}
    assert {name for name in vars(ours) if name.endswith("_")} == expected.keys()
    for name, value in expected.items():
        assert_same(getattr(ours, name), value, name)
    assert ours.score(*data) == pytest.approx(other.score(*data), abs=1e-3)


def test_elastic_net(iris):
    X, y = StandardScaler().fit_transform(iris[0]), iris[1]
    params = {
        **PRESENT,
        "solver": "saga",
        "l1_ratios": (0.2, 1.0),
        "Cs": [0.1, 1.0],
        "cv": 3,
        "max_iter": 500,
    }
    ours = LogisticRegressionCV(**params).fit(X, y)
    other = theirs.LogisticRegressionCV(**params).fit(X, y)
    assert ours.scores_.shape == other.scores_.shape and ours.coefs_paths_.shape == other.coefs_paths_.shape
    np.testing.assert_allclose(ours.scores_, other.scores_, atol=2e-2)
    assert (ours.C_, ours.l1_ratio_) == (other.C_, other.l1_ratio_)


def test_sample_weight_and_sparse_data(data):
    X, y = data
    weight = np.random.RandomState(0).randint(1, 3, len(y)).astype(float)
    params = {**PRESENT, "Cs": [0.1, 1.0]}
    for rows in (X, scipy.sparse.csr_matrix(X)):
        ours = LogisticRegressionCV(**params).fit(rows, y, weight)
        other = theirs.LogisticRegressionCV(**params).fit(rows, y, weight)
        np.testing.assert_allclose(ours.scores_, other.scores_, rtol=1e-3)
        np.testing.assert_allclose(ours.coef_, other.coef_, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("n_folds", [2, 3, 5])
def test_folds_are_those_of_scikit_learn(n_folds):
    y = np.random.RandomState(0).randint(0, 3, 61)
    X = np.zeros((61, 1))
    found = make_folds(n_folds, X, y, y, {})
    for (a, b), (train, test) in zip(found, StratifiedKFold(n_folds).split(X, y), strict=True):
        np.testing.assert_array_equal(a, train)
        np.testing.assert_array_equal(b, test)


def test_threads_change_nothing(data):
    found = []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            model = LogisticRegressionCV(**PRESENT, Cs=3).fit(*data)
            found.append(model.coefs_paths_.tobytes())
    assert found[0] == found[1]


def test_an_error_in_a_fold_comes_out(iris):
    def scoring(model, X, y):
        raise ArithmeticError("no score")

    with pytest.raises(ArithmeticError, match="no score"):
        LogisticRegressionCV(**{**PRESENT, "scoring": scoring}).fit(*iris)


@pytest.mark.parametrize(
    "params",
    [
        {"l1_ratios": (0.5,)},
        {"solver": "saga", "penalty": "elasticnet", "l1_ratios": None},
        {"solver": "saga", "l1_ratios": [0.5, 2.0]},
        {"class_weight": {"unknown": 1.0}},
    ],
)
def test_refused_as_scikit_learn_refuses(params, iris):
    errors = []
    for cls in (LogisticRegressionCV, theirs.LogisticRegressionCV):
        with pytest.raises(ValueError) as caught:
            cls(**params).fit(*iris)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


def test_warned_as_scikit_learn_warns(iris):
    for params in (
        {},
        {"penalty": "l2"},
        {**PRESENT, "l1_ratios": None},
        {"penalty": "l2", "l1_ratios": (0,)},
    ):
        told = []
        for cls in (LogisticRegressionCV, theirs.LogisticRegressionCV):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                cls(**{"Cs": [0.1], "cv": 3, **params}).fit(*iris)
            told.append([str(w.message).replace(" ", "") for w in caught])
        assert told[0] == told[1]
