"""Histogram gradient boosting against scikit-learn's."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import datasets, ensemble
from sklearn.inspection import partial_dependence

from fastml import config_context
from fastml.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from tests.names import without_addresses

CLASSES = {"iris": datasets.load_iris, "wine": datasets.load_wine, "digits": datasets.load_digits,
           "breast_cancer": datasets.load_breast_cancer}  # fmt: skip
RNG = np.random.RandomState


def raw_of(model, X):
    return model.decision_function(X) if hasattr(model, "classes_") else model.predict(X)


def fit_both(cls, X, y, fit=None, **params):
    """Fit ours and scikit-learn's; they predict the same."""
    params = {"max_iter": 10, "random_state": 0, **params}
    ours = cls(**params).fit(X, y, **(fit or {}))
    theirs = getattr(ensemble, cls.__name__)(**params).fit(X, y, **(fit or {}))
    np.testing.assert_allclose(raw_of(ours, X), raw_of(theirs, X), rtol=1e-9, atol=1e-9)
    assert ours.n_iter_ == theirs.n_iter_
    for name in ("train_score_", "validation_score_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-9)
    return ours, theirs


def diabetes():
    return datasets.load_diabetes(return_X_y=True)


def with_missing(X, share=0.2):
    X = np.array(X, float)
    X[RNG(1).uniform(size=X.shape) < share] = np.nan
    return X


# ---- the same trees ------------------------------------------
@pytest.mark.parametrize("name", CLASSES)
def test_classes_of_real_data(name):
    X, y = CLASSES[name](return_X_y=True)
    ours, theirs = fit_both(HistGradientBoostingClassifier, X, y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-9)
    assert ours.predict_proba(X).shape == (len(X), len(ours.classes_))
    assert ours.n_trees_per_iteration_ == theirs.n_trees_per_iteration_


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson", "gamma", "quantile"])
def test_losses(loss, weighted):
    X, y = diabetes()
    weight = RNG(0).randint(0, 3, len(y)).astype(float) if weighted else None
    fit_both(
        HistGradientBoostingRegressor, X, y, {"sample_weight": weight}, loss=loss,
        quantile=0.8 if loss == "quantile" else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "params",
    [
        {"max_leaf_nodes": None, "max_depth": 4, "min_samples_leaf": 3},
        {"max_leaf_nodes": None},
        {"max_leaf_nodes": 2, "learning_rate": 1.0},
        {"l2_regularization": 3.0, "max_bins": 16},
        {"max_bins": 2},
        {"min_samples_leaf": 1, "max_leaf_nodes": 60},
        {"min_samples_leaf": 1000},
        {"monotonic_cst": [1, 0, 1, -1, 0, 0, 0, 0, 1, 0]},
        {"interaction_cst": [[0, 1, 2], (2, 3), {4}]},
        {"interaction_cst": "pairwise"},
        {"interaction_cst": "no_interactions"},
        {"early_stopping": True},
        {"early_stopping": True, "loss": "poisson", "validation_fraction": 50},
        {"early_stopping": True, "validation_fraction": None, "tol": 0.01, "n_iter_no_change": 2},
        {"early_stopping": True, "scoring": "r2"},
        {"early_stopping": True, "scoring": None, "validation_fraction": None},
        {"early_stopping": True, "scoring": lambda est, X, y: est.score(X, y)},
    ],
    ids=without_addresses,
)
def test_parameters(params):
    X, y = diabetes()
    for data in (X, with_missing(X)):
        fit_both(HistGradientBoostingRegressor, data, y, max_iter=25, **{"max_leaf_nodes": 7, **params})


def test_larger_data_stops_early():
    rng = RNG(0)
    X = rng.normal(size=(12_000, 5)).astype(np.float32)
    y = X[:, 0] * X[:, 1] + X[:, 2] + rng.normal(size=len(X))
    for weight in (None, rng.randint(0, 3, len(X)).astype(float)):
        ours, _ = fit_both(HistGradientBoostingClassifier, X, y > 0, {"sample_weight": weight})
        assert ours.do_early_stopping_
        assert len(ours.validation_score_) == ours.n_iter_ + 1
    several = np.digitize(y, [-1, 0, 1])
    fit_both(HistGradientBoostingClassifier, X, several, scoring="neg_log_loss", max_iter=4)
    fit_both(HistGradientBoostingClassifier, X, y > 0, class_weight="balanced")
    fit_both(HistGradientBoostingRegressor, X, y)


def test_bins_of_many_rows():
    rng = RNG(0)
    X = rng.normal(size=(201_000, 2))
    y = X[:, 0] + rng.normal(size=len(X))
    fit_both(HistGradientBoostingRegressor, X, y, max_iter=3)
    weight = rng.uniform(size=len(X))
    fit_both(HistGradientBoostingRegressor, X, y, {"sample_weight": weight}, max_iter=2, early_stopping=False)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 120),
    n_features=st.integers(1, 9),
    distinct=st.sampled_from([1, 2, 5, 1000]),
    share=st.sampled_from([0.0, 0.3]),
    min_samples_leaf=st.integers(1, 9),
)
def test_random_data(seed, n, n_features, distinct, share, min_samples_leaf):
    rng = RNG(seed)
    X = rng.randint(0, distinct, (n, n_features)) / 8 + 1e8 * (seed % 2)
    X[1:][rng.uniform(size=X[1:].shape) < share] = np.nan  # scikit-learn needs a value in each column
    y = rng.normal(size=n)
    fit_both(HistGradientBoostingRegressor, X, y, max_iter=3, min_samples_leaf=min_samples_leaf)


def test_float32_is_binned_as_float64():
    X, y = datasets.load_breast_cancer(return_X_y=True)
    X = X.astype(np.float32)
    narrow, wide = (HistGradientBoostingClassifier(max_iter=5).fit(data, y) for data in (X, X.astype(float)))
    np.testing.assert_array_equal(narrow.decision_function(X), wide.decision_function(X))
    np.testing.assert_array_equal(narrow.decision_function(X[::2]), wide.decision_function(X)[::2])


def test_any_number_of_threads():
    rng = RNG(0)
    X = rng.normal(size=(20_000, 9))
    y = X[:, 0] * X[:, 1] + rng.normal(size=len(X)) > 0
    found = []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            model = HistGradientBoostingClassifier(max_iter=10, random_state=0, max_features=0.5).fit(X, y)
            found.append(model.decision_function(X))
    np.testing.assert_array_equal(*found)


def test_random_features():
    X, y = diabetes()
    models = [HistGradientBoostingRegressor(max_features=0.3, random_state=r).fit(X, y) for r in (0, 0, 1)]
    same, again, other = (model.predict(X) for model in models)
    np.testing.assert_array_equal(same, again)
    assert (same != other).any()
    theirs = ensemble.HistGradientBoostingRegressor(max_features=0.3, random_state=0).fit(X, y)
    assert models[0].score(X, y) > theirs.score(X, y) - 0.03


# ---- categories ------------------------------------------
def with_categories():
    X, y = diabetes()
    X = X.copy()
    for feature, n in ((3, 15), (5, 8)):
        ends = np.quantile(X[:, feature], np.linspace(0, 1, n + 1)[1:-1])
        X[:, feature] = np.digitize(X[:, feature], ends)
    return X, y


@pytest.mark.parametrize("categorical", [[3, 5], [5], np.arange(10) == 3, []], ids=without_addresses)
def test_categories(categorical):
    X, y = with_categories()
    for data in (X, with_missing(X)):
        ours, theirs = fit_both(
            HistGradientBoostingRegressor, data, y, categorical_features=categorical, max_iter=30
        )
        np.testing.assert_array_equal(ours.is_categorical_, theirs.is_categorical_)
        strange = data.copy()
        strange[:9, 3], strange[:5, 5] = 77, -1
        np.testing.assert_allclose(ours.predict(strange), theirs.predict(strange), rtol=1e-9)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_tables_with_missing_values_and_categories(library):
    module = pytest.importorskip(library)
    rng = RNG(0)
    n = 400
    age = rng.uniform(1, 80, n)
    port = rng.choice(["C", "Q", "S"], n)
    survived = (age < 20) | (port == "C") ^ (rng.uniform(size=n) < 0.1)
    age[rng.uniform(size=n) < 0.2] = np.nan
    port = [None if rng.uniform() < 0.1 else p for p in port]
    category = "category" if library == "pandas" else module.Categorical
    X = module.DataFrame(
        {"age": age, "port": module.Series(port, dtype=category), "fare": rng.exponential(30, n)}
    )
    ours, _ = fit_both(HistGradientBoostingClassifier, X, survived)
    assert ours.score(X, survived) > 0.85
    assert list(ours.is_categorical_) == [False, True, False]
    assert list(ours.feature_names_in_) == ["age", "port", "fare"]
    ours, _ = fit_both(HistGradientBoostingClassifier, X, survived, monotonic_cst={"age": -1})
    young, old = (X.with_columns(age=pytest.importorskip("polars").lit(a)) if library == "polars"
                  else X.assign(age=a) for a in (5.0, 70.0))  # fmt: skip
    assert (ours.decision_function(young) >= ours.decision_function(old)).all()


def test_interactions_are_of_the_features_as_given():
    X, y = with_categories()
    model = HistGradientBoostingRegressor(
        categorical_features=[3, 5], interaction_cst=[[0, 3], [1, 2, 4, 5, 6, 7, 8, 9]], max_iter=20
    ).fit(X, y)
    at = 0
    for n_nodes, _ in model._records.sizes:
        nodes = model._records.nodes[at : at + n_nodes]
        features = set(nodes["feature_idx"][nodes["is_leaf"] == 0].tolist())
        assert not (features & {0, 3} and features - {0, 3})
        at += n_nodes


# ---- rounds ------------------------------------------
@pytest.mark.parametrize("early_stopping", [False, True])
def test_warm_start_goes_on(early_stopping):
    X, y = datasets.load_breast_cancer(return_X_y=True)
    params = {"random_state": 0, "early_stopping": early_stopping, "n_iter_no_change": 100}
    model = HistGradientBoostingClassifier(max_iter=4, warm_start=True, **params).fit(X, y)
    model.set_params(max_iter=9).fit(X, y)
    whole = HistGradientBoostingClassifier(max_iter=9, **params).fit(X, y)
    np.testing.assert_array_equal(model.decision_function(X), whole.decision_function(X))
    np.testing.assert_allclose(model.train_score_, whole.train_score_)
    with pytest.raises(ValueError, match="max_iter=3 must be larger than or equal to n_iter_=9"):
        model.set_params(max_iter=3).fit(X, y)
    assert model.n_iter_ == 9


def test_stages_lead_to_the_prediction():
    X, y = datasets.load_iris(return_X_y=True)
    model, theirs = fit_both(HistGradientBoostingClassifier, X, y, max_iter=4)
    for name in ("predict", "predict_proba", "decision_function"):
        stages = list(getattr(model, f"staged_{name}")(X))
        assert len(stages) == 4
        np.testing.assert_array_equal(stages[-1], getattr(model, name)(X))
        for stage, their in zip(stages, getattr(theirs, f"staged_{name}")(X)):
            np.testing.assert_allclose(stage, their, rtol=1e-9)
    X, y = diabetes()
    model, theirs = fit_both(HistGradientBoostingRegressor, X, y, max_iter=4, loss="gamma")
    for stage, their in zip(model.staged_predict(X), theirs.staged_predict(X)):
        np.testing.assert_allclose(stage, their, rtol=1e-9)


def test_given_validation_data():
    X, y = datasets.load_breast_cancer(return_X_y=True)
    y = np.array(["bad", "good"])[y]
    fit = {"X_val": X[::4], "y_val": y[::4], "sample_weight_val": RNG(0).uniform(size=len(X[::4]))}
    fit_both(HistGradientBoostingClassifier, X, y, fit, early_stopping=True, max_iter=40)
    fit_both(HistGradientBoostingClassifier, X, y, fit, early_stopping=True, scoring="roc_auc")
    model = HistGradientBoostingClassifier(early_stopping=True)
    with pytest.raises(ValueError, match="previously unseen labels: \\['worse'\\]"):
        model.fit(X, y, X_val=X[:2], y_val=np.array(["worse", "bad"]))


def test_progress_is_printed(capsys):
    X, y = diabetes()
    HistGradientBoostingRegressor(max_iter=2, verbose=2, early_stopping=True).fit(X, y)
    out = capsys.readouterr().out
    assert "Binning" in out
    assert "[2/2] 1 tree, " in out
    assert "val loss: " in out
    assert "Fit 2 trees in" in out


def test_callbacks_follow_the_rounds():
    callback = pytest.importorskip("sklearn.callback", reason="callbacks came with scikit-learn 1.9")
    X, y = diabetes()
    seen = []

    class Recorder(getattr(callback, "FitCallback", object)):
        def setup(self, estimator, context): ...

        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            if context.task_name == "iteration":
                seen.append(fitted_estimator.predict(X))
                return len(seen) == 3

        def teardown(self, estimator, context): ...

    model = HistGradientBoostingRegressor().set_callbacks(Recorder()).fit(X, y)
    assert model.n_iter_ == len(seen) == 3
    np.testing.assert_array_equal(seen[-1], model.predict(X))


# ---- the model ------------------------------------------
def test_pickles_hold_the_trees_once():
    X, y = datasets.load_digits(return_X_y=True)
    model = HistGradientBoostingClassifier(max_iter=5).fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    assert "_forests" not in vars(loaded)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("missing", [False, True])
def test_the_twin_is_the_same_model(missing):
    X, y = with_categories()
    X = with_missing(X) if missing else X
    model = HistGradientBoostingRegressor(categorical_features=[3, 5], max_iter=20, loss="poisson").fit(X, y)
    twin = model.to_sklearn()
    assert type(twin) is ensemble.HistGradientBoostingRegressor
    np.testing.assert_allclose(twin.predict(X), model.predict(X), rtol=1e-12)
    assert HistGradientBoostingClassifier(max_iter=3).to_sklearn().max_iter == 3
    X, y = datasets.load_iris(return_X_y=True)
    model = HistGradientBoostingClassifier(max_iter=3).fit(X, y)
    np.testing.assert_allclose(model.to_sklearn().predict_proba(X), model.predict_proba(X), rtol=1e-12)


def test_partial_dependence_by_recursion():
    X, y = diabetes()
    ours, theirs = fit_both(HistGradientBoostingRegressor, X, y, max_iter=20)
    ours, theirs = (
        partial_dependence(model, X, [(8, 2)], method="recursion", kind="average")["average"]
        for model in (ours, theirs)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    weighted = HistGradientBoostingRegressor(max_iter=2).fit(X, y, sample_weight=np.ones(len(y)))
    with pytest.raises(ValueError, match="sample weights were given"):
        partial_dependence(weighted, X, [2], method="recursion", kind="average")


def test_class_weights_are_of_the_labels():
    X, y = datasets.load_breast_cancer(return_X_y=True)
    weight = np.where(y == 1, 3.0, 1.0)
    named = np.array(["bad", "good"])[y]
    by_dict = HistGradientBoostingClassifier(max_iter=5, class_weight={"good": 3.0, "bad": 1.0}).fit(X, named)
    by_hand = HistGradientBoostingClassifier(max_iter=5).fit(X, named, sample_weight=weight)
    np.testing.assert_array_equal(by_dict.decision_function(X), by_hand.decision_function(X))


@pytest.mark.parametrize(
    ("params", "y"),
    [
        ({"loss": "gamma"}, [0.0, 1.0] * 20),
        ({"loss": "poisson"}, [-1.0, 1.0] * 20),
        ({"loss": "quantile"}, [1.0, 2.0] * 20),
        ({"loss": "quantile", "quantile": 1.0}, [1.0, 2.0] * 20),
        ({"max_features": 1}, [1.0, 2.0] * 20),
        ({"max_bins": 256}, [1.0, 2.0] * 20),
        ({"monotonic_cst": [2, 0]}, [1.0, 2.0] * 20),
        ({"monotonic_cst": {"a": 1}}, [1.0, 2.0] * 20),
        ({"interaction_cst": [0, 1]}, [1.0, 2.0] * 20),
        ({"interaction_cst": [[0, 5]]}, [1.0, 2.0] * 20),
        ({"categorical_features": [5]}, [1.0, 2.0] * 20),
        ({"categorical_features": [0], "monotonic_cst": [1, 0]}, [1.0, 2.0] * 20),
        ({"categorical_features": [0], "max_bins": 5}, [1.0, 2.0] * 20),
        ({"early_stopping": True, "validation_fraction": 40}, [1.0, 2.0] * 20),
        ({}, [1.0, np.nan] * 20),
        ({}, [1.0]),
    ],
    ids=without_addresses,
)
def test_errors_are_those_of_scikit_learn(params, y):
    X = np.arange(80.0).reshape(40, 2)
    ours = HistGradientBoostingRegressor(**params)
    theirs = ensemble.HistGradientBoostingRegressor(**params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as wanted:
            theirs.fit(X, y)
        with pytest.raises(wanted.type) as found:
            ours.fit(X, y)
    found, wanted = (str(error.value).split()[:12] for error in (found, wanted))
    assert found == wanted
    assert not [name for name in vars(ours) if name.endswith("_")]


def test_the_device_can_be_chosen():
    X, y = diabetes()
    assert HistGradientBoostingRegressor(max_iter=1, device="cpu").fit(X, y).n_iter_ == 1
    with pytest.raises(RuntimeError, match="device='cuda' was asked for"):
        HistGradientBoostingRegressor(device="cuda").fit(X, y)


def test_many_rows_without_scikit_learn(python):
    python(
        """
        import sys
        import numpy as np
        from fastml.ensemble import HistGradientBoostingClassifier
        X = np.random.RandomState(0).normal(size=(11_000, 3))
        X[::9, 1] = np.nan
        model = HistGradientBoostingClassifier(max_iter=2).fit(X, X[:, 0] > 0)
        assert model.do_early_stopping_ and model.predict(X[:1]).shape == (1,)
        assert "sklearn" not in sys.modules
        """
    )
