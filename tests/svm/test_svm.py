"""Support vector machines against scikit-learn's."""

import threading
import warnings

import numpy as np
import pytest
import scipy.sparse
import sklearn.svm as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics.pairwise import pairwise_kernels

import fastml
import fastml.svm as ours
from fastml.solvers import kernel_matrix, smo
from fastml.solvers import svm as solver

pytestmark = pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")

DATA = {"iris": load_iris, "wine": load_wine, "breast_cancer": load_breast_cancer, "digits": load_digits,
        "diabetes": load_diabetes}  # fmt: skip


def data(name, rows=600, scaled=True):
    X, y = DATA[name](return_X_y=True)
    X = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-12) if scaled else X
    return X[:rows], y[:rows]


def both(name, X, y, sample_weight=None, **parameters):
    return [
        getattr(module, name)(**parameters).fit(X, y, sample_weight=sample_weight)
        for module in (ours, theirs)
    ]


def values(model, X):
    if hasattr(model, "decision_function_shape"):
        return model.set_params(decision_function_shape="ovo").decision_function(X)
    return model.decision_function(X) if hasattr(model, "decision_function") else model.predict(X)


def assert_alike(a, b, X, atol=0.02):
    """Optimality leaves room for differences of the order of `tol`, times the number of support vectors."""
    np.testing.assert_allclose(values(a, X), values(b, X), atol=atol * max(1, np.abs(values(b, X)).max()))
    assert abs(len(a.support_) - len(b.support_)) <= 2 + 0.02 * len(b.support_)
    for name in (
        "support_",
        "support_vectors_",
        "dual_coef_",
        "intercept_",
        "n_support_",
        "n_iter_",
        "fit_status_",
    ):
        x, y = getattr(a, name), getattr(b, name)
        assert getattr(x, "dtype", None) == getattr(y, "dtype", None), name
        assert np.ndim(x) == np.ndim(y), name
    assert a.shape_fit_ == b.shape_fit_


# ---- the dual's objective --------------------------------------------------------------------------
SIZES = {"more rows than a set": smo.FEW_VARIABLES + 100, "rows tried as one set": 900, "many steps": 700}


def objective(model, X, y, gamma):
    """Of C-SVC, in float64."""
    support = model.support_
    b = -model._dual_coef_[0] if hasattr(model, "device") else model.dual_coef_[0]
    K = pairwise_kernels(X[support], metric="rbf", gamma=gamma)
    return b @ K @ b / 2 - np.abs(b).sum()


@pytest.mark.parametrize(
    "kind",
    ["plain", "large C", "separable", "tiny values", "equal rows", "offset", *SIZES],
)
def test_objective_is_that_of_libsvm_or_better(kind):
    rng = np.random.RandomState(0)
    n = SIZES.get(kind, 300)
    X, gamma, C = rng.normal(size=(n, 4)), 0.3, 1.0
    y = (X[:, 0] * X[:, 1] + 0.5 * rng.normal(size=n) > 0).astype(int)
    if kind == "many steps":
        C = 1e3
    if kind == "large C":
        C, y = 1e6, (X[:, 0] * X[:, 1] > 0).astype(int)
    if kind == "separable":
        y = (X[:, 0] > 0).astype(int)
        X[:, 0] += np.where(y, 2, -2)
    if kind == "tiny values":
        X, gamma = X * 1e-6, 0.3 * 1e12
    if kind == "equal rows":
        X[n // 2 :] = X[: n - n // 2]
    shifted = X + 1e8 if kind == "offset" else X
    a, b = both("SVC", shifted, y, C=C, gamma=gamma, tol=1e-3)
    assert a.fit_status_ == 0
    X = shifted - 1e8 if kind == "offset" else X
    found, reference = objective(a, X, y, gamma), objective(b, X, y, gamma)
    assert found <= reference + 1e-6 * abs(reference)


@pytest.mark.parametrize("capacity", [32, 100, 700])
def test_small_caches_change_nothing(capacity):
    rng = np.random.RandomState(1)
    X = rng.normal(size=(700, 5))
    y = np.sort(np.where(X[:, 0] + rng.normal(size=700) > 0, 1.0, -1.0))[::-1].copy()
    kernels = fastml._device.CPU.kernels.kernel_functions
    points = kernels.lay_out(X, "rbf", 0.2, 0.0, 3, X.mean(axis=0), np.dtype(np.float64))
    source = kernel_matrix.Source(fastml._device.CPU, kernels, points)
    bounds = np.ones(700)
    limits = solver.Limits(1e-4, -1, 4 * 700 * capacity)
    machine = solver.train(fastml._device.CPU, solver.c_svc(), source, y, bounds, limits)
    K = pairwise_kernels(X, metric="rbf", gamma=0.2)
    f, b = y - K @ machine.coefficients, machine.coefficients
    low, high = np.where(y < 0, -1.0, 0.0), np.where(y > 0, 1.0, 0.0)
    assert machine.converged
    assert f[b < high].max() - f[b > low].min() < 1.1e-4
    assert abs(b.sum()) < 1e-9


def test_row_cache_keeps_recent_rows_and_survives_interruption():
    class Rows:
        n_rows, device, asked, broken = 10, fastml._device.CPU, [], False

        def fill(self, picks, slots, out):
            if self.broken:
                raise KeyboardInterrupt
            self.asked.append(picks.tolist())
            out[slots] = picks[:, None]

    cache = kernel_matrix.RowCache(Rows(), 4)
    for picks in ([3, 1, 3], [1, 5], [7, 1, 8]):
        slots = cache.fetch(np.array(picks))
        np.testing.assert_array_equal(cache.values[slots, 0], picks)
    assert Rows.asked == [[1, 3], [5], [7, 8]]
    cache.source.broken = True
    with pytest.raises(KeyboardInterrupt):
        cache.fetch(np.array([0, 2]))
    cache.source.broken = False
    np.testing.assert_array_equal(cache.values[cache.fetch(np.array([0, 1, 2, 9])), 5], [0, 1, 2, 9])


# ---- against scikit-learn ------------------------------------------------------------------------------
KERNELS = [
    {},
    {"kernel": "linear", "C": 0.3},
    {"kernel": "poly", "coef0": 1.0, "degree": 2},
    {"kernel": "sigmoid", "gamma": 0.01},  # larger ones are far from convex
    {"gamma": "auto", "C": 10.0},
]


@pytest.mark.parametrize("parameters", KERNELS, ids=str)
@pytest.mark.parametrize("name", ["iris", "breast_cancer", "digits"])
def test_classes(name, parameters):
    X, y = data(name)
    a, b = both("SVC", X, y, **parameters)
    assert_alike(a, b, X)
    assert np.mean(a.predict(X) == b.predict(X)) > 0.995
    ovr = [model.set_params(decision_function_shape="ovr").decision_function(X) for model in (a, b)]
    assert ovr[0].shape == ovr[1].shape
    a.break_ties = b.break_ties = True
    assert np.mean(a.predict(X) == b.predict(X)) > 0.995
    if parameters.get("kernel") == "linear":
        np.testing.assert_allclose(a.coef_, b.coef_, atol=0.02)
        assert not a.coef_.flags.writeable


def test_nu_svc():
    X, y = data("wine")
    a, b = both("NuSVC", X, y, nu=0.3)
    assert_alike(a, b, X)
    with pytest.raises(ValueError, match="specified nu is infeasible"):
        ours.NuSVC(nu=0.99).fit(X, y)


@pytest.mark.parametrize("parameters", [{"C": 50.0}, {"kernel": "linear", "C": 10.0}], ids=str)
@pytest.mark.parametrize("name", ["SVR", "NuSVR"])
def test_numbers(name, parameters):
    X, y = data("diabetes")
    a, b = both(name, X, y, **parameters)
    assert_alike(a, b, X)
    np.testing.assert_allclose(a.score(X, y), b.score(X, y), atol=1e-4)
    wide = ours.SVR(epsilon=1e4).fit(X, y)
    assert len(wide.support_) == 0
    np.testing.assert_allclose(wide.predict(X), wide.intercept_[0])


def test_one_class():
    X, _ = data("breast_cancer")
    a, b = both("OneClassSVM", X, None, nu=0.2)
    assert_alike(a, b, X, atol=0.001)
    assert np.mean(a.predict(X) == b.predict(X)) > 0.98
    np.testing.assert_allclose(a.score_samples(X), b.score_samples(X), rtol=1e-3)
    np.testing.assert_allclose(a.offset_, b.offset_, rtol=1e-3)
    np.testing.assert_array_equal(a.fit_predict(X), a.predict(X))


@pytest.mark.parametrize("name", ["SVC", "NuSVC", "SVR", "NuSVR"])
def test_weights_and_sparse_data(name):
    X, y = data("iris")
    weight = np.random.RandomState(0).uniform(0.5, 2, len(y))
    parameters = {"nu": 0.3} if name.startswith("Nu") else {}
    a, b = both(name, X, y, weight, **parameters)
    assert_alike(a, b, X)
    for make in (scipy.sparse.csr_matrix, scipy.sparse.csr_array):
        c, d = both(name, make(X), y, weight, **parameters)
        assert scipy.sparse.issparse(c.dual_coef_) and scipy.sparse.issparse(c.support_vectors_)
        np.testing.assert_allclose(values(c, make(X)), values(a, X), atol=0.02)
        np.testing.assert_allclose(values(c, X), values(c, make(X)), atol=1e-9)
        assert type(c.dual_coef_) is type(d.dual_coef_)
    with pytest.raises(ValueError, match="cannot use sparse input"):
        a.predict(scipy.sparse.csr_matrix(X))


def test_sparse_linear_weights():
    X, y = data("iris")
    a, b = both("SVC", scipy.sparse.csr_matrix(X), y, kernel="linear")
    np.testing.assert_allclose(a.coef_.toarray(), b.coef_.toarray(), atol=0.02)
    c = ours.SVR(kernel="linear").fit(scipy.sparse.csr_matrix(X), y)
    np.testing.assert_allclose(c.predict(X), X @ c.coef_.toarray()[0] + c.intercept_, atol=1e-9)


def test_samples_without_weight_are_left_out():
    X, y = data("iris")
    weight = np.ones(len(y))
    weight[::3] = 0
    a = ours.SVC().fit(X, y, sample_weight=weight)
    b = ours.SVC(gamma=1 / (4 * X.var())).fit(X[weight > 0], y[weight > 0])
    np.testing.assert_array_equal(a.support_, np.flatnonzero(weight)[b.support_])
    np.testing.assert_allclose(values(a, X), values(b, X), atol=1e-3)
    weight[y == 1] = 0
    assert set(ours.SVC().fit(X, y, sample_weight=weight).predict(X)) == {0, 2}


@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0, 2: 0.1}])
def test_class_weights(class_weight):
    X, y = data("iris")
    a, b = both("SVC", X[20:], y[20:], class_weight=class_weight)
    np.testing.assert_allclose(a.class_weight_, b.class_weight_)
    assert_alike(a, b, X)


def test_given_and_callable_kernels():
    X, y = data("iris")
    K = pairwise_kernels(X, metric="rbf", gamma=0.25)
    plain = ours.SVC(gamma=0.25).fit(X, y)
    given = ours.SVC(kernel="precomputed").fit(K, y)
    made = ours.SVC(kernel=lambda A, B: pairwise_kernels(A, B, metric="rbf", gamma=0.25)).fit(X, y)
    for model, asked in ((given, K), (made, X)):
        np.testing.assert_array_equal(model.support_, plain.support_)
        np.testing.assert_allclose(values(model, asked), values(plain, X), atol=0.01)
        assert model.support_vectors_.shape == (0, 0)
    with pytest.raises(ValueError, match="square matrix"):
        ours.SVC(kernel="precomputed").fit(X, y)
    with pytest.raises(ValueError, match="149 features, but SVC is expecting 150"):
        given.predict(K[:, :-1])
    made._X_fit = X[:-1]
    with pytest.raises(ValueError, match="number of samples at training time"):
        made.predict(X)
    with pytest.raises(TypeError, match="Sparse precomputed"):
        ours.SVC(kernel="precomputed").fit(scipy.sparse.csr_matrix(K), y)


@pytest.mark.parametrize("name", ["iris", "breast_cancer"])
def test_probabilities_are_those_of_scikit_learn(name):
    X, y = data(name, 300)
    a, b = both("SVC", X, y, probability=True, random_state=3)
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), atol=0.01)
    np.testing.assert_allclose(a.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_allclose(a.predict_log_proba(X), np.log(a.predict_proba(X)))
    with pytest.warns(FutureWarning, match="probA_"):
        np.testing.assert_allclose(a.probA_, b._probA, rtol=0.02)
    with pytest.warns(FutureWarning, match="probB_"):
        np.testing.assert_allclose(a.probB_, b._probB, atol=0.05)


def test_probabilities_only_where_asked_for():
    X, y = data("iris")
    model = ours.SVC().fit(X, y)
    assert not hasattr(model, "predict_proba")
    model.probability = True
    with pytest.raises(NotFittedError):
        model.predict_proba(X)
    with pytest.warns(FutureWarning, match="deprecated in 1.9"), warnings.catch_warnings():
        warnings.filterwarnings("always", "The `probability`")
        ours.NuSVC(nu=0.1, probability=False).fit(X, y)


def test_float32_and_float64_data():
    X, y = data("breast_cancer")
    a, b = ours.SVC().fit(X, y), ours.SVC().fit(X.astype(np.float32), y)
    assert b.support_vectors_.dtype == np.float64
    np.testing.assert_allclose(values(a, X), values(b, X.astype(np.float32)), atol=0.01)
    for kernel in ("rbf", "poly", "sigmoid"):
        model = ours.SVC(kernel=kernel).fit(X, y)
        one_by_one = np.concatenate([values(model, X[i : i + 1]) for i in range(20)])
        np.testing.assert_allclose(values(model, X)[:20], one_by_one, atol=1e-10)


def test_precision_follows_what_is_at_stake():
    X, _ = data("breast_cancer")
    model = ours.SVC(gamma=0.1)
    model._gamma = 0.1
    means, spread = X.mean(axis=0), float(X.var(axis=0).sum())
    assert model._precision(means, spread, np.ones(100), 1e-3) == np.float32
    assert model._precision(means, spread, np.full(100, 1e4), 1e-3) == np.float64


def test_limited_steps_warn():
    X, y = data("breast_cancer")
    with pytest.warns(ConvergenceWarning, match="max_iter=5"):
        model = ours.SVC(max_iter=5).fit(X, y)
    assert model.fit_status_ == 1 and model.n_iter_.tolist() == [5]


@pytest.mark.parametrize("beyond", [-100, 100])
def test_limited_steps_where_sets_become_smaller(beyond):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(700, 4))
    y = X[:, 0] * X[:, 1] + 0.5 * rng.normal(size=700) > 0
    limit = smo.EASY_STEPS * len(y) + beyond
    with pytest.warns(ConvergenceWarning, match=f"max_iter={limit}"):
        model = ours.SVC(C=1e3, max_iter=limit).fit(X, y)
    assert model.n_iter_.tolist() == [limit]
    assert ours.SVC(C=1e3).fit(X, y).n_iter_[0] > limit


def test_values_that_are_not_finite_are_refused():
    X = np.array([[1e200], [-1e200], [1e190], [-2e200]])
    with pytest.raises(ValueError, match="not finite"), np.errstate(all="ignore"):
        ours.SVC(kernel="poly", degree=9, gamma=1.0).fit(X, [0, 1, 0, 1])


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_threads_change_nothing(n_threads):
    X, y = data("digits", 400)
    expected = ours.SVC(probability=True, random_state=0).fit(X, y)
    with fastml.config_context(n_threads=n_threads):
        found = ours.SVC(probability=True, random_state=0).fit(X, y)
    np.testing.assert_array_equal(found.dual_coef_, expected.dual_coef_)
    np.testing.assert_array_equal(found._probA, expected._probA)


def test_a_fit_in_many_threads_is_the_same():
    X, y = data("iris")
    expected, found = ours.SVC().fit(X, y).dual_coef_, [None] * 4

    def fit(k):
        found[k] = ours.SVC().fit(X, y).dual_coef_

    threads = [threading.Thread(target=fit, args=(k,)) for k in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert all(np.array_equal(f, expected) for f in found)


def test_an_interrupted_machine_stops_the_others(monkeypatch):
    X, y = data("digits", 300)
    monkeypatch.setattr(smo, "middle", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        ours.SVC().fit(X, y)


def test_given_up_machines_stop():
    K, sign = np.eye(4, dtype=np.float32), np.array([1.0, 1.0, -1.0, -1.0])
    matrix = kernel_matrix.GivenMatrix(fastml._device.CPU, K)
    problem = solver.c_svc().pose(sign, np.ones(4))
    solution = smo.solve(fastml._device.CPU, problem, matrix, tol=1e-3, stop=lambda: True)
    assert not solution.converged and solution.n_iter == 0


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_bad_data_is_refused_in_scikit_learns_words(kernel):
    X, y = data("iris")
    with pytest.raises(ValueError, match="greater than one; got 1 class"):
        ours.SVC(kernel=kernel).fit(X, np.zeros(len(y)))
    with pytest.raises(ValueError, match="zero or negative weights"):
        ours.SVR(kernel=kernel).fit(X, y, sample_weight=np.zeros(len(y)))
    with pytest.raises(ValueError, match="incompatible shapes"):
        ours.SVC(kernel=kernel).fit(X, y, sample_weight=np.ones(3))
    with pytest.raises(ValueError, match="same class"):
        ours.SVC(kernel=kernel).fit(X, y, sample_weight=(y == 1).astype(float))
    with pytest.raises(ValueError, match="break_ties must be False"):
        ours.SVC(kernel=kernel, break_ties=True, decision_function_shape="ovo").fit(X, y).predict(X)
    model = ours.SVC(kernel=kernel).fit(X, y)
    model._n_support = np.zeros(3, np.int32)
    with pytest.raises(ValueError, match="was altered"):
        model.predict(X)


def test_attributes_are_there_after_fit_only():
    model = ours.SVC()
    assert not hasattr(model, "n_support_")
    with pytest.raises(NotFittedError):
        model.predict([[0.0]])
    X, y = data("iris")
    with pytest.raises(AttributeError, match="linear kernel"):
        _ = model.fit(X, y).coef_
