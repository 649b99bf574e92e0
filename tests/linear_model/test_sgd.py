"""Stochastic gradient descent against scikit-learn: the same steps, up to rounding."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
import sklearn.linear_model as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler, scale

import fastml
import fastml.linear_model as ours

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

MARGIN_LOSSES = ("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron")
ERROR_LOSSES = ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
PENALTIES = (None, "l2", "l1", "elasticnet")
RATES = (
    {"learning_rate": "constant", "eta0": 0.01},
    {"learning_rate": "invscaling", "eta0": 0.1, "power_t": 0.25},
    {"learning_rate": "invscaling", "eta0": 0.1, "power_t": 0.7},
    {"learning_rate": "adaptive", "eta0": 0.01},
)


def made(dtype=np.float64, n=80, d=5, sparse=False):
    rng = np.random.RandomState(3)
    X = rng.normal(size=(n, d))
    if sparse:
        X[rng.uniform(size=X.shape) < 0.6] = 0
    y = X @ rng.normal(size=d) + 0.5 * rng.normal(size=n) + 0.3
    X = X.astype(dtype)
    return (scipy.sparse.csr_matrix(X) if sparse else X), y


def fit_both(name, X, y, sample_weight=None, **params):
    params = {"max_iter": 4, "tol": None, "random_state": 5, **params}
    fitted = []
    for module in (ours, theirs):
        fit = getattr(module, name)(**params).fit
        fitted.append(fit(X, y) if sample_weight is None else fit(X, y, sample_weight=sample_weight))
    return fitted


def assert_same(mine, other, rtol=1e-9, atol=1e-10):
    for name in ("coef_", "intercept_"):
        found, expected = getattr(mine, name), getattr(other, name)
        assert found.shape == expected.shape and found.dtype == expected.dtype, name
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol * max(1, np.abs(expected).max()))
    assert mine.n_iter_ == other.n_iter_
    assert mine.t_ == other.t_


@pytest.mark.parametrize("average", [False, True, 30])
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", MARGIN_LOSSES + ERROR_LOSSES)
def test_steps_of_classification(loss, penalty, average):
    X, y = made()
    params = {"loss": loss, "penalty": penalty, "average": average, "alpha": 0.01}
    if "squared" in loss:  # whose "optimal" first steps are so long that rounding errors explode
        params.update(learning_rate="invscaling", eta0=0.1)
    for shuffle in (False, True):
        assert_same(*fit_both("SGDClassifier", X, y > 0, shuffle=shuffle, **params), rtol=1e-7)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", ERROR_LOSSES)
def test_steps_of_regression(loss, penalty, rate):
    X, y = made()
    for average in (False, 7):
        assert_same(
            *fit_both(
                "SGDRegressor", X, y, loss=loss, penalty=penalty, average=average, alpha=0.01, epsilon=0.2,
                **rate,
            )
        )  # fmt: skip


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("average", [False, True])
def test_sparse_rows(penalty, average):
    X, y = made(sparse=True)
    params = {"penalty": penalty, "average": average, "alpha": 0.01}
    assert_same(*fit_both("SGDClassifier", X, y > 0, **params))
    assert_same(*fit_both("SGDRegressor", X, y, **params))
    # Dense and sparse rows take the same steps but for the intercept, and L1 penalties that wait.
    for batch in (7,) if penalty in ("l1", "elasticnet") else (None, 7):
        fit = ours.SGDRegressor(
            **params, fit_intercept=False, batch_size=batch, max_iter=3, random_state=0
        ).fit
        np.testing.assert_allclose(fit(X, y).coef_, fit(X.toarray(), y).coef_, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes(dtype):
    X, y = made(dtype)
    rtol = 1e-9 if dtype == np.float64 else 2e-4
    for params in ({"loss": "log_loss"}, {"loss": "log_loss", "penalty": "l1"}):
        assert_same(*fit_both("SGDClassifier", X, y > 0, alpha=0.01, **params), rtol=rtol, atol=1e-4)
    assert_same(*fit_both("SGDRegressor", X, y), rtol=rtol, atol=1e-4)


@pytest.mark.parametrize("rate", ["pa1", "pa2"])
@pytest.mark.parametrize("eta0", [0.01, 1.0])
def test_passive_aggressive_steps(rate, eta0):
    for sparse in (False, True):
        X, y = made(sparse=sparse)
        params = {"learning_rate": rate, "eta0": eta0, "penalty": None}
        assert_same(*fit_both("SGDClassifier", X, y > 0, **params))
        assert_same(*fit_both("SGDRegressor", X, y, loss="epsilon_insensitive", **params))
        for name, target, squared in (
            ("PassiveAggressiveClassifier", y > 0, "squared_hinge"),
            ("PassiveAggressiveRegressor", y, "squared_epsilon_insensitive"),
        ):
            loss = {"loss": squared} if rate == "pa2" else {}
            assert_same(*fit_both(name, X, target, C=eta0, average=True, **loss))


def test_a_row_of_zeros_leaves_a_passive_learner_passive():
    X, y = np.zeros((4, 2)), np.array([0, 1, 0, 1])
    model = ours.SGDClassifier(learning_rate="pa1", penalty=None, eta0=1.0, max_iter=2, tol=None).fit(X, y)
    assert not model.coef_.any() and np.isfinite(model.intercept_).all()


@pytest.mark.parametrize("load", [load_iris, load_wine, load_digits, load_breast_cancer])
@pytest.mark.parametrize("name", ["SGDClassifier", "Perceptron"])
def test_real_classes(name, load):
    X, y = load(return_X_y=True)
    for params in ({"max_iter": 40, "tol": 1e-3}, {"class_weight": "balanced"}):
        mine, other = fit_both(name, scale(X), y, **params)
        assert_same(mine, other, rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(mine.predict(X), other.predict(X))
        np.testing.assert_allclose(
            mine.decision_function(X), other.decision_function(X), rtol=1e-6, atol=1e-6
        )


def test_real_numbers():
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    mine, other = fit_both("SGDRegressor", X, y, max_iter=1000, tol=1e-3)
    assert_same(mine, other, rtol=1e-7)
    np.testing.assert_allclose(mine.predict(X), other.predict(X), rtol=1e-7)
    assert mine.score(X, y) == pytest.approx(other.score(X, y))


def test_weights_multiply_class_weights():
    X, y = made()
    weight = np.random.RandomState(0).uniform(size=len(y))
    labels = np.digitize(y, [-1, 1])
    assert_same(*fit_both("SGDClassifier", X, labels, weight, class_weight={0: 2.0, 1: 0.5, 2: 1.0}))
    assert_same(*fit_both("SGDClassifier", X, y > 0, weight, class_weight={False: 2.0, True: 0.5}))
    assert_same(*fit_both("SGDRegressor", X, y, weight))


@pytest.mark.parametrize("average", [False, 100])
def test_partial_fits(average):
    X, y = made()
    labels = np.array(["a", "b", "c"])[np.digitize(y, [-1, 1])]
    params = {"random_state": 2, "average": average}
    mine, other = (module.SGDClassifier(**params) for module in (ours, theirs))
    mine_too, other_too = (module.SGDRegressor(**params) for module in (ours, theirs))
    for part in np.split(np.arange(80), 4):
        for model in (mine, other):
            model.partial_fit(X[part], labels[part], classes=["a", "b", "c"])
        for model in (mine_too, other_too):
            model.partial_fit(X[part], y[part])
    assert_same(mine, other)
    assert_same(mine_too, other_too)
    assert mine.loss_curve_.shape == (3, 4) and mine_too.loss_curve_.shape == (4,)


def test_fits_that_go_on():
    X, y = made()
    for module in (ours, theirs):
        model = module.SGDClassifier(max_iter=2, tol=None, random_state=0, warm_start=True).fit(X, y > 0)
        again = model.fit(X, y > 0).coef_
        begun = module.SGDRegressor(max_iter=2, tol=None, random_state=0).fit(
            X, y, coef_init=np.arange(5.0), intercept_init=np.array([2.0])
        )
        if module is ours:
            expected = again, begun.coef_
    np.testing.assert_allclose(expected[0], again)
    np.testing.assert_allclose(expected[1], begun.coef_)


@pytest.mark.parametrize("learning_rate", ["optimal", "adaptive"])
def test_early_stopping(learning_rate):
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    params = {"early_stopping": True, "max_iter": 200, "tol": 1e-3, "learning_rate": learning_rate}
    mine, other = fit_both("SGDClassifier", X, y, **params)
    assert mine.n_iter_ < 200
    assert mine.score(X, y) > other.score(X, y) - 0.02
    many = ours.SGDClassifier(**params, random_state=0).fit(*load_iris(return_X_y=True))
    assert many.loss_curve_.shape == (3, many.n_iter_)
    X, y = load_diabetes(return_X_y=True)
    mine, other = fit_both(
        "SGDRegressor", scale(X), y, **{**params, "learning_rate": "adaptive", "eta0": 0.01}
    )
    assert mine.score(scale(X), y) > other.score(scale(X), y) - 0.02


@pytest.mark.parametrize("loss", ["log_loss", "modified_huber"])
def test_probabilities(loss):
    for load in (load_breast_cancer, load_iris):
        X, y = load(return_X_y=True)
        mine, other = fit_both("SGDClassifier", scale(X), y, loss=loss)
        np.testing.assert_allclose(mine.predict_proba(X), other.predict_proba(X), rtol=1e-6, atol=1e-12)
        with np.errstate(divide="ignore"):
            found, expected = mine.predict_log_proba(scale(X)), other.predict_log_proba(scale(X))
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    assert not hasattr(ours.SGDClassifier(), "predict_proba")


# ---- what scikit-learn has not --------------------------------------------------------------------
def test_absolute_error_is_insensitive_to_nothing():
    X, y = made()
    params = {"max_iter": 3, "tol": None, "random_state": 0}
    mine = ours.SGDRegressor("absolute_error", **params).fit(X, y)
    other = theirs.SGDRegressor("epsilon_insensitive", epsilon=0.0, **params).fit(X, y)
    assert_same(mine, other)


@pytest.mark.parametrize("penalty", [None, "l2"])
@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_gradient_descent(penalty, momentum):
    X, y = made()
    eta, alpha = 0.1, 0.05 if penalty else 0.0
    w, b, v, u, curve = np.zeros(5), 0.0, np.zeros(5), 0.0, []
    for _ in range(10):
        error = X @ w + b - y
        curve.append((error**2).mean() / 2 + alpha * w @ w / 2)
        v = momentum * v - eta * (X.T @ error / len(y) + alpha * w)
        u = momentum * u - eta * error.mean()
        w, b = w + v, b + u
    mine = ours.SGDRegressor(
        penalty=penalty, alpha=0.05, learning_rate="constant", eta0=eta, batch_size="full", max_iter=10,
        momentum=momentum, tol=None,
    ).fit(X, y)  # fmt: skip
    np.testing.assert_allclose(mine.coef_, w)
    np.testing.assert_allclose(mine.intercept_, b)
    np.testing.assert_allclose(mine.loss_curve_, curve)
    assert mine.t_ == 11


@pytest.mark.parametrize("average", [False, True])
def test_batches_of_one_are_single_samples(average):
    X, y = made()
    params = {"random_state": 0, "max_iter": 3, "tol": None, "average": average, "alpha": 0.01}
    one = ours.SGDClassifier(batch_size=1, **params).fit(X, y > 0)
    single = ours.SGDClassifier(**params).fit(X, y > 0)
    assert_same(one, single)
    np.testing.assert_allclose(one.loss_curve_, single.loss_curve_)


def test_batches_leave_no_row_out():
    X, y = made(n=10)
    fit = ours.SGDRegressor(batch_size=4, max_iter=1, tol=None, shuffle=False).fit
    assert fit(X, y).t_ == 4
    moved = y.copy()
    moved[-1] += 1
    assert (fit(X, moved).coef_ != fit(X, y).coef_).all()


def test_the_l1_penalty_of_batches_makes_zeros():
    X, y = made(d=20)
    model = ours.SGDRegressor(penalty="l1", alpha=0.3, batch_size="full", max_iter=500, tol=None, eta0=0.1)
    coef = model.fit(X, y).coef_
    assert 0 < np.count_nonzero(coef) < 20


def test_the_curve_falls():
    X, y = load_breast_cancer(return_X_y=True)
    model = ours.SGDClassifier("log_loss", max_iter=20, tol=None, random_state=0, alpha=0.01).fit(scale(X), y)
    assert model.loss_curve_.shape == (20,)
    assert model.loss_curve_[-1] < model.loss_curve_[0] / 2


# ---- conduct -----------------------------------------------------------------------------------------
def test_any_number_of_threads():
    X, y = load_digits(return_X_y=True)
    fitted = []
    for n_threads in (1, 2):
        with fastml.config_context(n_threads=n_threads):
            fitted.append(ours.SGDClassifier(random_state=0, max_iter=5, tol=None).fit(X, y))
    np.testing.assert_array_equal(fitted[0].coef_, fitted[1].coef_)
    np.testing.assert_array_equal(fitted[0].loss_curve_, fitted[1].loss_curve_)


def test_errors():
    X, y = made()
    cases = (
        (ours.SGDClassifier(alpha=0), "alpha must be > 0"),
        (ours.SGDClassifier("log_loss", learning_rate="pa1"), "only works with loss 'hinge'"),
        (ours.SGDClassifier(penalty="elasticnet", l1_ratio=None), "l1_ratio must be set"),
        (ours.SGDClassifier(learning_rate="pa1", batch_size=2), "neither batch_size nor momentum"),
        (ours.SGDRegressor(eta0=1e200, learning_rate="constant"), "under-/overflow occurred at epoch #"),
    )
    for model, message in cases:
        with np.errstate(over="ignore"), pytest.raises(ValueError, match=message):
            model.fit(X * 1e100, np.round(y) > 0)
        assert not [name for name in vars(model) if name.endswith("_")]
    with pytest.raises(ValueError, match="greater than one; got 1 class"):
        ours.SGDClassifier().fit(X, np.ones(80))
    for inits in ({"coef_init": np.ones(3)}, {"intercept_init": np.ones(3)}):
        with pytest.raises(ValueError, match=r"Provided .* does not match dataset"):
            ours.SGDClassifier().fit(X, y > 0, **inits)
    with pytest.raises(ValueError, match="early_stopping should be False"):
        ours.SGDClassifier(early_stopping=True).partial_fit(X, y > 0, [False, True])
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        ours.SGDClassifier(class_weight="balanced").partial_fit(X, y > 0, [False, True])
    with pytest.raises(ValueError, match="classes must be passed"):
        ours.SGDClassifier().partial_fit(X, y > 0)


def test_warnings_and_reports(capsys):
    X, y = made()
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached"):
        ours.SGDClassifier(max_iter=2, verbose=1).fit(X, y > 0)
    assert "-- Epoch 2" in capsys.readouterr().out
    with pytest.warns(FutureWarning, match="Negative values for `power_t`"):
        ours.SGDRegressor(power_t=-0.5).fit(X, y)
    with pytest.warns(FutureWarning, match="PassiveAggressiveClassifier is deprecated"):
        ours.PassiveAggressiveClassifier()


def test_models_are_kept():
    X, y = made()
    model = ours.SGDClassifier(random_state=0, penalty="l1", alpha=0.1).fit(X, y > 0)
    expected = model.predict(X)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), expected)
    assert scipy.sparse.issparse(model.sparsify().coef_)
    for rows in (X, scipy.sparse.csr_matrix(X)):
        np.testing.assert_array_equal(model.predict(rows), expected)
    np.testing.assert_array_equal(model.densify().coef_, again.coef_)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fastml.config_context(on_fallback="raise"):
            model.fit(X, y > 0)
