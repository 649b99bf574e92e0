"""Logistic regression against scikit-learn: the same objective, no higher, and the same interface."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn import linear_model as theirs
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from fastml import config_context
from fastml.linear_model import LogisticRegression

SOLVERS = ("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")
pytestmark = pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")


def objective(model, X, y, weight=None, *, C=1.0, l1_ratio=0.0, intercept_scaling=None):
    """What is minimised, in float64."""
    codes = np.searchsorted(model.classes_, y)
    margins = X @ model.coef_.T.astype(float) + model.intercept_
    if margins.shape[1] == 1:
        margins = np.hstack([0 * margins, margins])
    largest = margins.max(axis=1)
    totals = np.log(np.exp(margins - largest[:, None]).sum(axis=1)) + largest
    losses = totals - margins[np.arange(len(y)), codes]
    w = model.coef_.ravel()
    if intercept_scaling is not None:
        w = np.append(w, model.intercept_ / intercept_scaling)
    penalty = l1_ratio * abs(w).sum() + (1 - l1_ratio) / 2 * (w**2).sum()
    return C * np.sum(losses if weight is None else weight * losses) + penalty


@pytest.fixture(scope="module", params=["iris", "wine", "breast_cancer", "two of iris"])
def data(request):
    X, y = request.getfixturevalue(request.param.split()[-1])
    if request.param == "two of iris":
        X, y = X[50:], np.array(["versicolor", "virginica"])[y[50:] - 1]
    return StandardScaler().fit_transform(X), y


def pair(X, y, weight=None, **params):
    """Both fitted; scikit-learn's to the end."""
    ours = LogisticRegression(**params).fit(X, y, weight)
    exact = {**params, "tol": 1e-8, "max_iter": 20_000}
    if params.get("solver") in ("sag", "saga") and params.get("l1_ratio", 0) == 0:
        exact["solver"] = "newton-cholesky"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return ours, theirs.LogisticRegression(**exact).fit(X, y, weight)


def assert_alike(ours, other):
    for name in ("classes_", "coef_", "intercept_", "n_iter_"):
        a, b = getattr(ours, name), getattr(other, name)
        assert (a.shape, a.dtype) == (b.shape, b.dtype), name


@pytest.mark.parametrize("solver", SOLVERS)
def test_l2(solver, data):
    X, y = data
    if solver == "liblinear" and len(np.unique(y)) > 2:
        with pytest.raises(ValueError, match="does not support multiclass"):
            LogisticRegression(solver=solver).fit(X, y)
        return
    scaling = 2.0 if solver == "liblinear" else 1.0
    ours, other = pair(X, y, solver=solver, C=0.7, intercept_scaling=scaling)
    assert_alike(ours, other)
    terms = {"C": 0.7, "intercept_scaling": scaling if solver == "liblinear" else None}
    best = objective(other, X, y, **terms)
    # At the default tolerance the three that stop by it end a little higher, where scikit-learn's end.
    room = 2e-4 if solver in SOLVERS[:1] + SOLVERS[2:4] else 1e-6
    assert objective(ours, X, y, **terms) <= best * (1 + room)
    if solver in SOLVERS[:1] + SOLVERS[2:4]:
        same = theirs.LogisticRegression(solver=solver, C=0.7).fit(X, y)
        assert ours.n_iter_ == same.n_iter_
        np.testing.assert_allclose(objective(ours, X, y, **terms), objective(same, X, y, **terms), rtol=1e-9)


@pytest.mark.parametrize(("solver", "l1_ratio"), [("saga", 1.0), ("saga", 0.4), ("liblinear", 1.0)])
def test_l1(solver, l1_ratio, data):
    X, y = data
    if solver == "liblinear" and len(np.unique(y)) > 2:
        return
    X = X[:, :8]
    ours, other = pair(X, y, solver=solver, C=0.1, l1_ratio=l1_ratio, max_iter=500)
    assert_alike(ours, other)
    terms = {"C": 0.1, "l1_ratio": l1_ratio, "intercept_scaling": 1 if solver == "liblinear" else None}
    assert objective(ours, X, y, **terms) <= objective(other, X, y, **terms) * (1 + 1e-6)
    np.testing.assert_array_equal(ours.coef_ == 0, abs(other.coef_) < 1e-6)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky", "saga"])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 0.5, 1: 2.0}])
def test_weights(solver, class_weight, data):
    X, y = data
    if isinstance(class_weight, dict):
        class_weight = dict(zip(np.unique(y), class_weight.values()))
    weight = np.random.RandomState(0).randint(0, 3, len(y)).astype(float)
    params = {"solver": solver, "class_weight": class_weight, "tol": 1e-6}
    ours = LogisticRegression(**params).fit(X, y, weight)
    other = theirs.LogisticRegression(**{**params, "solver": "newton-cholesky"}).fit(X, y, weight)
    np.testing.assert_allclose(ours.predict_proba(X), other.predict_proba(X), atol=2e-3)
    repeated = LogisticRegression(solver=solver, tol=1e-6).fit(np.repeat(X, weight.astype(int), axis=0),
                                                               np.repeat(y, weight.astype(int)))  # fmt: skip
    if class_weight is None:
        np.testing.assert_allclose(ours.coef_, repeated.coef_, atol=1e-2)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_without_a_penalty(solver, fit_intercept, wine):
    X, y = StandardScaler().fit_transform(wine[0])[:, :2], wine[1]
    params = {"solver": solver, "C": np.inf, "fit_intercept": fit_intercept, "tol": 1e-7}
    ours = LogisticRegression(**params).fit(X, y)
    other = theirs.LogisticRegression(**params).fit(X, y)
    np.testing.assert_allclose(ours.coef_, other.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, other.intercept_, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky", "saga"])
def test_sparse_data(solver, dtype, data):
    X, y = data
    X = np.where(abs(X) < 0.5, 0, X).astype(dtype)
    dense = LogisticRegression(solver=solver, tol=1e-5).fit(X, y)
    sparse = LogisticRegression(solver=solver, tol=1e-5).fit(scipy.sparse.csc_matrix(X), y)
    assert sparse.coef_.dtype == dtype
    terms = [objective(model, X.astype(float), y) for model in (dense, sparse)]
    np.testing.assert_allclose(terms[0], terms[1], rtol=1e-5)
    for method in ("predict", "predict_proba", "decision_function", "predict_log_proba"):
        of_dense = getattr(sparse, method)(X)
        of_sparse = getattr(sparse, method)(scipy.sparse.csr_matrix(X))
        if method == "predict":
            np.testing.assert_array_equal(of_dense, of_sparse)
        else:
            np.testing.assert_allclose(of_dense, of_sparse, rtol=1e-3, atol=1e-4)


def test_digits(digits):
    X, y = digits[0] / 16, digits[1]
    ours = LogisticRegression(max_iter=500).fit(X, y)
    other = theirs.LogisticRegression(max_iter=500).fit(X, y)
    np.testing.assert_allclose(objective(ours, X, y), objective(other, X, y), rtol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), other.predict_proba(X), atol=1e-3)


def test_predictions_are_those_of_scikit_learn(data):
    X, y = data
    ours = LogisticRegression().fit(X, y)
    other = theirs.LogisticRegression().fit(X, y)
    for name in ("coef_", "intercept_"):
        setattr(other, name, getattr(ours, name))
    for rows in (X, X[:1], X.astype(np.float32)):
        np.testing.assert_array_equal(ours.predict(rows), other.predict(rows))
        for method in ("predict_proba", "decision_function"):
            a, b = getattr(ours, method)(rows), getattr(other, method)(rows)
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-12)
    assert ours.score(X, y) == other.score(X, y)


def test_threads_change_nothing(digits):
    X, y = np.repeat(digits[0], 4, axis=0), np.repeat(digits[1], 4)
    found = []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            found.append(LogisticRegression(max_iter=20, tol=1).fit(X, y).coef_.tobytes())
    assert found[0] == found[1]


def test_warm_start_goes_on(breast_cancer):
    X, y = StandardScaler().fit_transform(breast_cancer[0]), breast_cancer[1]
    cold = LogisticRegression(C=2).fit(X, y)
    warm = LogisticRegression(warm_start=True).fit(X, y).set_params(C=2).fit(X, y)
    assert warm.n_iter_[0] < cold.n_iter_[0]
    with pytest.raises(ValueError, match="Initialization coef is of shape"):
        warm.fit(X[:, :3], y)


def test_sparsify_and_back(iris):
    model = LogisticRegression(solver="saga", l1_ratio=1, C=0.1, max_iter=500).fit(*iris)
    before = model.decision_function(iris[0])
    shares = model.predict_proba(iris[0])
    assert scipy.sparse.issparse(model.sparsify().coef_)
    np.testing.assert_allclose(model.decision_function(iris[0]), before)
    np.testing.assert_allclose(model.predict_proba(iris[0]), shares)
    np.testing.assert_allclose(model.predict_proba(scipy.sparse.csr_matrix(iris[0])), shares)
    assert type(model.densify().coef_) is np.ndarray


# ---- refusals and warnings --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "params",
    [
        {"l1_ratio": 0.5},
        {"solver": "newton-cg", "dual": True},
        {"solver": "liblinear", "l1_ratio": 0.5},
        {"solver": "liblinear", "C": np.inf},
        {"solver": "liblinear", "l1_ratio": 1.0, "dual": True},
        {"penalty": "elasticnet", "l1_ratio": None, "solver": "saga"},
    ],
)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_refused_as_scikit_learn_refuses(params, breast_cancer):
    errors = []
    for cls in (LogisticRegression, theirs.LogisticRegression):
        with pytest.raises(ValueError) as caught:
            cls(**params).fit(*breast_cancer)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


@pytest.mark.parametrize(
    "params",
    [
        {"penalty": "l2"},
        {"penalty": "l1", "solver": "saga"},
        {"penalty": None},
        {"penalty": None, "C": 2.0},
        {"penalty": "l2", "l1_ratio": 0.5},
        {"l1_ratio": None},
        {"n_jobs": 2},
    ],
)
def test_warned_as_scikit_learn_warns(params, iris):
    told = []
    for cls in (LogisticRegression, theirs.LogisticRegression):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cls(**params).fit(*iris)
        told.append([str(w.message) for w in caught if w.category is not ConvergenceWarning])
    assert told[0] == told[1]


def test_an_end_before_convergence_is_told(breast_cancer):
    for solver in ("lbfgs", "newton-cg", "newton-cholesky", "saga"):
        with pytest.warns(ConvergenceWarning, match="failed to converge"):
            model = LogisticRegression(solver=solver, max_iter=1).fit(*breast_cancer)
        assert model.n_iter_.tolist() == [1]


def test_a_singular_hessian_is_told(iris):
    X = np.hstack([iris[0], iris[0]])
    with pytest.warns(Warning, match="singular or very ill-conditioned"):
        model = LogisticRegression(solver="newton-cholesky", C=np.inf, tol=1e-2).fit(X, iris[1])
    assert model.score(X, iris[1]) > 0.95


def test_one_class_is_refused(iris):
    with pytest.raises(ValueError, match="at least 2 classes"):
        LogisticRegression().fit(iris[0], np.zeros(150))


def test_callbacks_hear_of_iterations(iris):
    pytest.importorskip("sklearn.callback")

    class Count:
        def __init__(self):
            self.begun = self.ended = 0

        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context, **kwargs):
            self.begun += 1

        def on_fit_task_end(self, estimator, context, **kwargs):
            self.ended += 1
            return False

    counts = []
    for cls in (LogisticRegression, theirs.LogisticRegression):
        count = Count()
        cls(tol=1e-2).set_callbacks(count).fit(*iris)
        counts.append((count.begun, count.ended))
    assert counts[0] == counts[1]
    with pytest.warns(UserWarning, match="only supported in LogisticRegression"):
        LogisticRegression(solver="newton-cg").set_callbacks(Count())
