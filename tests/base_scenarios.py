"""What can be seen of estimators through scikit-learn: each scenario returns a value that can be printed.

``python -m tests.base_scenarios`` makes and uses estimators, then loads scikit-learn, runs all
scenarios and prints their values as JSON. The values are the same, run with and without
``FASTML_EAGER_SKLEARN=1``.
"""

import copy
import inspect
import io
import json
import pickle
import re
import sys
import traceback
import warnings

import numpy as np

from tests.toys import Centers, Centroids, Ridge, Scaler

rng = np.random.RandomState(0)
X = np.concatenate([rng.randn(30, 3), rng.randn(30, 3) + 4, rng.randn(30, 3) - 4])
y = np.repeat([0, 1, 2], 30)
w = rng.rand(90) + 0.1

# Made and used before scikit-learn is loaded when this module is run
EARLY = {
    "centers": Centers(3).fit(X).set_params(tol=1e-3),
    "centroids": Centroids().fit(X, y),
    "ridge": Ridge().fit(X, y.astype(float)),
    "scaler": Scaler().fit(X),
}
PICKLED = {name: pickle.dumps(est) for name, est in EARLY.items()}


class Sub(Centers):
    def __init__(self, n_clusters=3, *, extra=1):
        super().__init__(n_clusters)
        self.extra = extra

    def fit(self, X, y=None, sample_weight=None, groups=None):
        return super().fit(X, sample_weight=sample_weight)

    def transform(self, X):
        return super().transform(X) * 2


class Unwrapped(Scaler, auto_wrap_output_keys=None):
    pass


LOADED = "sklearn" in sys.modules
SCENARIOS = []


def scenario(function):
    SCENARIOS.append(function)
    return function


def outcome(function):
    """The value or the error of a call, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = function()
        except Exception as error:
            value = [cls.__name__ for cls in type(error).__mro__], str(error)
    return value, [(w.category.__name__, str(w.message)) for w in caught]


# ---- what an estimator is ------------------------------------------------------------------------
@scenario
def classes():
    from sklearn import base

    return (
        [isinstance(est, base.BaseEstimator) for est in EARLY.values()],
        [issubclass(Sub, base.ClusterMixin), issubclass(Ridge, base.RegressorMixin)],
        [base.is_classifier(Centroids()), base.is_regressor(Ridge()), base.is_regressor(Centroids())],
        [[cls.__name__ for cls in type(est).__mro__] for est in EARLY.values()],
    )


@scenario
def attributes():
    return [[name for name in dir(est) if not name.startswith("__")] for est in EARLY.values()]


@scenario
def tags():
    return [est.__sklearn_tags__() for est in EARLY.values()]


@scenario
def clones():
    from sklearn.base import clone

    copied = clone(EARLY["centers"])
    return copied.get_params(), sorted(vars(copied)), clone(Sub(extra=4)).extra


@scenario
def nested_parameters():
    from sklearn.pipeline import make_pipeline

    pipe = make_pipeline(Scaler(), Centers(3)).set_params(centers__tol=0.5)
    outer = Centers(init=Ridge()).set_params(init__alpha=4)
    return pipe.get_params()["centers__tol"], outer.get_params()["init__alpha"]


# ---- how it is shown -----------------------------------------------------------------------------
@scenario
def reprs():
    from sklearn.ensemble import BaggingClassifier
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    long = Centers(5, init="random", max_iter=12345, tol=0.000123, random_state=7)
    return (
        [repr(est) for est in (*EARLY.values(), long, Centers(n_clusters=[Ridge()]))],
        repr(make_pipeline(Scaler(with_mean=False), long)),
        repr(GridSearchCV(Ridge(2.0), {"alpha": [1]})),
        repr(BaggingClassifier(Centroids(temperature=2.0))),
    )


@scenario
def html():
    from sklearn.pipeline import make_pipeline

    def show(est):
        return re.sub(r"sk-[a-z-]*id-\d+|id-\d+|0x[0-9a-f]+", "", est._repr_html_())

    pages = [show(est) for est in (*EARLY.values(), make_pipeline(Scaler(), EARLY["centers"]))]
    return pages, sorted(EARLY["centers"]._repr_mimebundle_())


@scenario
def documentation():
    return Centers.set_fit_request.__doc__, str(inspect.signature(Centers.fit)), Scaler.transform.__name__


# ---- containers of data --------------------------------------------------------------------------
@scenario
def output_containers():
    import pandas as pd
    import polars as pl
    import sklearn
    from sklearn.base import clone

    out = []
    frames = [pd.DataFrame(X, columns=list("abc")), pl.DataFrame(X, schema=list("abc")), X]
    for container in ("pandas", "polars"):
        for est in (Scaler(), Centers(3), EARLY["scaler"], Sub()):
            est = clone(est).set_output(transform=container)
            for data in frames:
                results = est.fit(data).transform(data), est.fit_transform(data)
                out.append([(type(t).__module__, list(t.columns)) for t in results])
    early = copy.deepcopy(EARLY["scaler"]).set_output(transform="pandas")
    out.append(type(early.transform(X)).__name__)
    with sklearn.config_context(transform_output="pandas"):
        out += [type(est.transform(X)).__name__ for est in (EARLY["centers"], Unwrapped().fit(X))]
    return out, hasattr(Unwrapped(), "set_output"), hasattr(Ridge(), "set_output")


@scenario
def column_transformers():
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import FeatureUnion, make_pipeline

    frame = pd.DataFrame(X, columns=list("abc"))
    columns = ColumnTransformer([("s", Scaler(), ["a", "b"]), ("k", Centers(3), ["c"])])
    columns.set_output(transform="pandas")
    return (
        list(columns.fit_transform(frame).columns),
        list(columns.get_feature_names_out()),
        list(columns.named_transformers_["s"].feature_names_in_),
        list(make_pipeline(Scaler(), Centers(2)).fit(frame)[:-1].get_feature_names_out()),
        list(FeatureUnion([("a", Scaler()), ("k", Centers(2))]).fit(X).get_feature_names_out()),
    )


@scenario
def feature_names():
    import pandas as pd

    frame = pd.DataFrame(X, columns=list("abc"))
    named = Scaler().fit(frame)
    inputs = [
        X,
        frame[["b", "a", "c"]],
        frame[["a"]],
        frame.rename(columns={"a": "z"}),
        X[:, :2],
        X[0],
        "abc",
        None,
    ]
    inputs += [[[np.nan, 1, np.inf]], np.array([["a", "b", "c"]])]
    fitted = named, EARLY["scaler"], EARLY["centers"]
    return [outcome(lambda est=est, data=data: len(est.transform(data))) for data in inputs for est in fitted]


# ---- errors --------------------------------------------------------------------------------------
@scenario
def errors():
    attempts = [
        lambda: Centers().predict(X),
        lambda: Centers(0).fit(X),
        lambda: Centers(init="zz").fit(X),
        lambda: Centers(random_state="q").fit(X),
        lambda: Centers().fit(X, sample_weight=w[:4]),
        lambda: Centers().fit(X.astype(complex)),
        lambda: Ridge("a").fit(X, y),
        lambda: Ridge(nothing=1),
        lambda: Ridge().set_params(nothing=1),
        lambda: Ridge().fit(X, None),
        lambda: Ridge().fit(X, y[:3]),
        lambda: Centroids().fit(X, rng.randn(90)),
        lambda: Centroids().fit(X, np.c_[y, y]),
        lambda: Centroids().fit(X, y[:, None]).classes_,
        lambda: Scaler().get_feature_names_out(),
    ]
    return [outcome(attempt) for attempt in attempts]


@scenario
def configuration():
    import sklearn

    missing = X.copy()
    missing[0, 0] = np.nan
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        return Centers(2).fit(X).n_iter_, np.isnan(EARLY["ridge"].predict(missing)).sum()


# ---- metadata routing ----------------------------------------------------------------------------
@scenario
def routing():
    import sklearn
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    out = [outcome(lambda: Centers().set_fit_request(sample_weight=True))]
    with sklearn.config_context(enable_metadata_routing=True):
        out += [[name for name in dir(est) if name.endswith("_request")] for est in EARLY.values()]
        out.append(Sub().set_fit_request(groups="g", sample_weight=False).get_metadata_routing())
        ridge = Ridge().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipe = make_pipeline(Scaler().set_fit_request(sample_weight=True), ridge)
        out.append(pipe.fit(X, y, sample_weight=w).score(X, y, sample_weight=w))
        search = GridSearchCV(pipe, {"ridge__alpha": [0.1, 1, 10]})
        out.append(outcome(lambda: search.fit(X, y, sample_weight=w).cv_results_["mean_test_score"]))
        out.append(clone(pipe).get_metadata_routing())
        out.append(outcome(lambda: make_pipeline(Scaler(), Ridge()).fit(X, y, sample_weight=w)))
        out.append(outcome(lambda: make_pipeline(Scaler(), Ridge()).fit(X, y, nothing=w)))
        out.append(outcome(lambda: Centers().set_fit_request(nothing=True)))
    return out


# ---- estimators of scikit-learn's around ours ----------------------------------------------------
@scenario
def searches():
    from sklearn.feature_selection import RFE, SelectFromModel
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
    from sklearn.pipeline import make_pipeline

    folds = KFold(3, shuffle=True, random_state=0)
    grid = {"centroids__temperature": [0.5, 2], "scaler__with_mean": [True, False]}
    search = GridSearchCV(make_pipeline(Scaler(), Centroids()), grid, cv=3, scoring="neg_log_loss").fit(X, y)
    parallel = GridSearchCV(Centroids(), {"temperature": [0.5, 2]}, cv=3, n_jobs=2).fit(X, y)
    return (
        [cross_val_score(est, X, y, cv=folds) for est in EARLY.values() if hasattr(est, "score")],
        [search.best_params_, parallel.best_score_],
        [
            RFE(Ridge(), n_features_to_select=1).fit(X, y).support_,
            SelectFromModel(Ridge()).fit(X, y).get_support(),
        ],
        permutation_importance(EARLY["centroids"], X, y, random_state=0).importances_mean,
    )


@scenario
def ensembles():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble import (
        AdaBoostClassifier,
        BaggingClassifier,
        BaggingRegressor,
        StackingClassifier,
        StackingRegressor,
        VotingClassifier,
    )
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.multioutput import MultiOutputRegressor, RegressorChain

    two = [("a", Centroids()), ("b", LogisticRegression())]
    one_target = [
        BaggingClassifier(Centroids(), random_state=0),
        BaggingRegressor(Ridge(), random_state=0),
        StackingClassifier(two),
        StackingRegressor([("a", Ridge())]),
        VotingClassifier(two, voting="soft"),
        AdaBoostClassifier(Centroids(), random_state=0),
        OneVsRestClassifier(Centroids()),
        CalibratedClassifierCV(Centroids(), cv=3),
        TransformedTargetRegressor(Ridge(), transformer=Scaler()),
    ]
    several = [MultiOutputRegressor(Ridge()), RegressorChain(Ridge())]
    return (
        [
            est.fit(X, y.astype(float) if "Regressor" in type(est).__name__ else y).score(X, y)
            for est in one_target
        ],
        [est.fit(X, np.c_[y, y]).score(X, np.c_[y, y]) for est in several],
    )


# ---- copies --------------------------------------------------------------------------------------
@scenario
def pickles():
    import joblib

    out = []
    for name, data in PICKLED.items():
        est = pickle.loads(data)
        results = (est.predict if hasattr(est, "predict") else est.transform)(X)[:2]
        out.append((name, sorted(vars(est)), sorted(vars(copy.deepcopy(est))), results))
        file = io.BytesIO()
        joblib.dump(est, file)
        out.append(sorted(vars(joblib.load(io.BytesIO(file.getvalue())))))
    return out


@scenario
def pickles_by_value():
    from sklearn.base import BaseEstimator

    try:
        import cloudpickle
    except ImportError:  # joblib before 1.6 has its own
        from joblib.externals import cloudpickle

    est = cloudpickle.loads(cloudpickle.dumps(Sub().fit(X)))
    return est.labels_[:4], isinstance(est, BaseEstimator)


def main():
    np.set_printoptions(threshold=20, precision=6)
    values = {"sklearn loaded before use": LOADED}
    for function in SCENARIOS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                values[function.__name__] = repr(function())
            except Exception:
                values[function.__name__] = "RAISED " + traceback.format_exc()[-500:]
    json.dump(values, sys.stdout)


if __name__ == "__main__":
    main()
