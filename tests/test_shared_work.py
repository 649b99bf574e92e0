"""What searches reuse: the same results as without, and nothing is kept when they are over."""

import copy
import gc
import pickle
import threading
import weakref
from collections import Counter

import joblib
import numpy as np
import pytest
import scipy.sparse
from sklearn.base import _clone_parametrized, clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_score,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastml
from fastml import _shared_work
from fastml.linear_model import ElasticNet, Lasso, Ridge, RidgeClassifier
from fastml.solvers import centred, kernel_matrix, normal_equations
from fastml.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM
from fastml.svm import _base as svm_base

ALPHAS = {"alpha": [0.01, 0.1, 1.0, 10.0]}


def alone(cls):
    """The same estimator, whose clones share nothing."""
    return type(cls.__name__, (cls,), {"__sklearn_clone__": lambda est: _clone_parametrized(est)})


def made(n_samples=200, n_features=6, n_classes=2, dtype=np.float64):
    random = np.random.RandomState(0)
    X = random.standard_normal((n_samples, n_features)).astype(dtype)
    y = (X[:, 0] + X[:, 1] ** 2 + 0.3 * random.standard_normal(n_samples)) * n_classes
    return X, y.clip(0, 2 * n_classes).astype(int) % n_classes


def kept_bytes():
    return sum(shared.known.nbytes for shared in list(_shared_work._all_shared))


@pytest.fixture(autouse=True)
def _nothing_is_left():
    yield
    gc.collect()
    assert kept_bytes() == 0


@pytest.fixture(autouse=True)
def _narrow_data_counts_as_wide(monkeypatch):
    monkeypatch.setattr(svm_base, "WIDE", 1)


@pytest.fixture
def computed(monkeypatch):
    """Count how often what can be shared is computed."""
    counts = Counter()

    def count(owner, name):
        compute = getattr(owner, name)

        def counted(*args, **kwargs):
            counts["sources" if name == "__init__" else name] += 1
            return compute(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)

    count(normal_equations, "ridge_products")
    count(centred.CPU.kernels.gram, "centred_gram")
    count(kernel_matrix.KeptRows, "__init__")
    return counts


SEARCHES = {
    "SVC, rows": (SVC, {}, {"C": [0.1, 1, 10], "class_weight": [None, "balanced"]}, made(900)),
    "SVC, classes": (SVC, {}, {"C": [1, 10, 1000], "gamma": ["scale", 0.1]}, made(400, n_classes=4)),
    "SVC, small": (SVC, {}, {"C": [0.1, 1], "kernel": ["linear", "rbf", "poly"]}, made(90)),
    "SVC, float32": (SVC, {}, {"C": [0.1, 1], "coef0": [0, 1]}, made(900, dtype=np.float32)),
    "SVC, few rows kept": (SVC, {"cache_size": 0.3}, {"C": [0.1, 1, 10]}, made(900)),
    "SVC, another cache": (SVC, {}, {"C": [0.1, 1], "cache_size": [0.3, 200]}, made(900)),
    "NuSVC": (NuSVC, {"kernel": "poly"}, {"nu": [0.2, 0.3, 0.4], "degree": [2, 3]}, made(600)),
    "SVR": (SVR, {}, {"C": [0.1, 1, 10], "epsilon": [0.1, 0.2]}, made(400)),
    "NuSVR": (NuSVR, {"kernel": "sigmoid"}, {"C": [0.1, 1, 10]}, made(300)),
    "Ridge": (Ridge, {}, {**ALPHAS, "fit_intercept": [True, False]}, made()),
    "Ridge, wide": (Ridge, {}, {**ALPHAS, "solver": ["auto", "svd"]}, made(40, 100)),
    "RidgeClassifier": (RidgeClassifier, {}, ALPHAS, made(n_classes=3)),
    "Lasso": (Lasso, {}, ALPHAS, made()),
    "Lasso, wide": (Lasso, {}, {"alpha": [0.1, 0.3]}, made(50, 300)),
    "ElasticNet": (ElasticNet, {}, {**ALPHAS, "l1_ratio": [0.2, 0.9]}, made(dtype=np.float32)),
}


def fitted_values(model):
    model = model.steps[-1][1] if hasattr(model, "steps") else model
    models = getattr(model, "estimators_", [model])
    names = ("dual_coef_", "support_", "coef_", "intercept_", "n_iter_")
    return [getattr(m, name) for m in models for name in names if name in vars(m)]


def assert_same(search, other):
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], other.cv_results_["mean_test_score"])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    found = fitted_values(search.best_estimator_)
    assert found
    for a, b in zip(found, fitted_values(other.best_estimator_)):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", SEARCHES)
def test_results_have_the_same_bits(name):
    cls, parameters, grid, (X, y) = SEARCHES[name]
    assert_same(*(GridSearchCV(c(**parameters), grid, cv=3).fit(X, y) for c in (cls, alone(cls))))


@pytest.mark.parametrize(
    "around, prefix",
    [(lambda est: make_pipeline(StandardScaler(), est), "svc__"), (OneVsRestClassifier, "estimator__")],
)
def test_estimators_in_others(around, prefix, computed):
    X, y = made(300, n_classes=3)
    grid = {f"{prefix}C": [0.1, 0.3, 1.0, 3.0]}
    mine = GridSearchCV(around(SVC()), grid, cv=3).fit(X, y)
    n_shared = computed.pop("sources")
    apart = alone(SVC)
    apart.__name__ = "SVC"
    assert_same(mine, GridSearchCV(around(apart()), grid, cv=3).fit(X, y))
    assert n_shared < computed["sources"] / 2


def test_sparse_data(computed):
    X, y = made(300, 20)
    X = scipy.sparse.csr_matrix(np.where(np.abs(X) > 1, X, 0))
    grid = {"C": [0.1, 0.3, 1.0]}
    mine = GridSearchCV(SVC(), grid, cv=3).fit(X, y)
    assert computed["sources"] == 3 + 2
    theirs = GridSearchCV(alone(SVC)(), grid, cv=3).fit(X, y)
    np.testing.assert_array_equal(mine.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])


def score_by_support(est, X, y=None):
    return float(est.score_samples(X).mean())


def test_outlier_detection(computed):
    X, _ = made(300)
    grid = {"nu": [0.1, 0.3, 0.5]}
    searches = [
        GridSearchCV(cls(), grid, cv=3, scoring=score_by_support).fit(X)
        for cls in (OneClassSVM, alone(OneClassSVM))
    ]
    assert_same(*searches)
    assert computed["sources"] == (3 + 1 + 1) + (3 * 3 + 1)


@pytest.mark.parametrize("name, est", [("ridge_products", Ridge()), ("centred_gram", Lasso())])
def test_products_are_summed_once_for_each_fold(name, est, computed):
    X, y = made()
    GridSearchCV(est, ALPHAS, cv=5, refit=False).fit(X, y)
    assert computed[name] == 5 + 1  # the first clone does not know yet that there will be others


def test_rows_are_computed_once_for_each_fold(computed):
    X, y = made(900)
    GridSearchCV(SVC(gamma=0.1), {"C": [0.1, 0.2, 0.3]}, cv=4, refit=False).fit(X, y)
    assert computed["sources"] == 4 + 1


def test_rows_of_narrow_data_are_not_kept(computed, monkeypatch):
    monkeypatch.setattr(svm_base, "WIDE", 7)
    X, y = made(90)
    GridSearchCV(SVC(gamma=0.1), {"C": [0.1, 0.2, 0.3]}, cv=4, refit=False).fit(X, y)
    assert computed["sources"] == 4 * 3


def test_weights_of_samples_count(computed):
    X, y = made()
    weight = np.random.RandomState(0).uniform(0.5, 2, len(y))
    for cls in (Ridge, Lasso):
        searches = []
        for kind in (cls, alone(cls)):
            searches.append(GridSearchCV(kind(), ALPHAS, cv=3).fit(X, y, sample_weight=weight))
        assert_same(*searches)


@pytest.mark.parametrize("search", [RandomizedSearchCV, HalvingGridSearchCV])
def test_other_searches(search, computed):
    X, y = made(600)
    options = {"n_iter": 4, "random_state": 0} if search is RandomizedSearchCV else {"random_state": 0}
    assert_same(*(search(cls(), ALPHAS, cv=3, **options).fit(X, y) for cls in (Ridge, alone(Ridge))))


def test_a_search_in_a_cross_validation(computed):
    X, y = made(300)
    found = cross_validate(GridSearchCV(Ridge(), ALPHAS, cv=3), X, y, cv=3, return_estimator=True)
    assert computed["ridge_products"] == 3 * (3 + 1 + 1)
    gc.collect()
    assert kept_bytes() == 0  # though the searches live
    assert len(found["estimator"]) == 3


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_parallel_searches(backend):
    X, y = made(600)
    grid = {"C": [0.1, 1, 10]}
    with joblib.parallel_config(backend):
        mine = GridSearchCV(SVC(), grid, cv=3, n_jobs=2).fit(X, y)
    assert_same(mine, GridSearchCV(alone(SVC)(), grid, cv=3).fit(X, y))


def test_searches_of_a_clone_that_lives_on(computed):
    X, y = made()
    est = clone(Ridge())
    searches = [GridSearchCV(est, ALPHAS, cv=3).fit(X, y) for _ in range(2)]
    assert computed["ridge_products"] == 2 * (3 + 1 + 1)
    cross_val_score(est, X, y)
    GridSearchCV(searches[0].best_estimator_, ALPHAS, cv=3).fit(X, y)
    gc.collect()
    assert kept_bytes() == 0


def test_members_of_an_ensemble_keep_nothing():
    X, y = made(300, n_classes=3)
    ensemble = clone(OneVsRestClassifier(SVC())).fit(X, y)
    assert kept_bytes() == 0
    assert len(ensemble.estimators_) == 3


def pair_of_clones(est):
    """A clone whose clones share, and one of those."""
    base = clone(est)
    sharing = clone(base)
    clone(base)  # is gone at once
    return base, sharing


def test_what_is_kept_is_gone_with_what_it_was_cloned_from():
    X, y = made()
    base, sharing = pair_of_clones(Ridge())
    sharing.fit(X, y)
    (value,) = next(iter(_shared_work._all_shared)).known._values.values()
    matrix = weakref.ref(value[1])
    del value
    assert matrix() is not None
    del base
    gc.collect()
    assert matrix() is None


@pytest.mark.parametrize("cls", [Ridge, Lasso, SVR])
def test_changed_data_is_other_data(cls):
    X, y = made()
    _, sharing = kept = pair_of_clones(cls())
    for row in range(0, len(X), 30):
        sharing.fit(X, y)
        np.testing.assert_array_equal(fitted_values(sharing)[0], fitted_values(cls().fit(X, y))[0])
        X[row, 1] += 1.0
        sharing.fit(X, y)
        np.testing.assert_array_equal(fitted_values(sharing)[0], fitted_values(cls().fit(X, y))[0])
        y = y + (np.arange(len(y)) == row)
    assert len(kept) == 2


def test_memory_is_limited(computed):
    X, y = made(2000, 10)
    with fastml.config_context(working_memory=0.01):
        mine = GridSearchCV(Ridge(), ALPHAS, cv=3).fit(X, y)
    assert computed["ridge_products"] == 4 * 3 + 1
    assert_same(mine, GridSearchCV(alone(Ridge)(), ALPHAS, cv=3).fit(X, y))
    one_fold = 2000 / 1.5 * 8 * (10 + 1) + 8 * 10 * 12
    computed.clear()
    with fastml.config_context(working_memory=1.5 * one_fold / 2**20):
        GridSearchCV(Ridge(), ALPHAS, cv=3, refit=False).fit(X, y)
    assert computed["ridge_products"] == 1 + 2 + 3 * 2  # the second fold stays


def test_memory_is_counted():
    X, y = made()
    base, sharing = pair_of_clones(Ridge())
    for _ in range(3):
        sharing.fit(X, y)
        assert kept_bytes() == X.nbytes + y.nbytes + 8 * (7 + 6 * 6 + 6)
    machine = clone(base)
    assert machine.alpha == base.alpha


def test_an_error_loses_what_was_lent():
    X, y = made()
    base, sharing = pair_of_clones(Ridge())
    lent = []

    def borrow():
        return _shared_work.borrow(sharing, ("what",), (X,), lambda: lent.append(1) or (X,))

    for _ in range(2):
        with borrow():
            pass
    assert len(lent) == 1
    with pytest.raises(KeyboardInterrupt), borrow():
        raise KeyboardInterrupt
    with borrow():
        assert len(lent) == 2
    assert type(base) is Ridge


def test_what_is_lent_is_nobody_elses():
    X, _ = made()
    base, sharing = pair_of_clones(Ridge())
    got = []

    def borrow(k):
        with _shared_work.borrow(sharing, ("what",), (X,), lambda: (X[k],)) as value:
            got.append(value[0][0])
            if k == 0:
                thread = threading.Thread(target=borrow, args=(1,))
                thread.start()
                thread.join()

    borrow(0)
    assert got == [X[0, 0], X[1, 0]]
    assert type(base) is Ridge


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda est: pickle.loads(pickle.dumps(est))])
def test_copies_share_nothing(copied):
    X, y = made()
    base, sharing = pair_of_clones(Ridge())
    other = copied(sharing)
    other.fit(X, y)
    assert kept_bytes() == 0
    assert vars(sharing) == vars(base) == vars(Ridge())


def test_clones_before_scikit_learn_is_loaded(python):
    python(
        """
        import sys
        from fastml.linear_model import Ridge
        assert "sklearn" not in sys.modules
        est = Ridge(alpha=3.0)
        assert est.__sklearn_clone__().__sklearn_clone__().alpha == 3.0
        """
    )
