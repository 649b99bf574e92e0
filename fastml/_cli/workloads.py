"""The workloads of ``fastml compare``: each of fastml's estimators and functions on real and on made data.

A new estimator needs one entry in `WORKLOADS`; a test finds those that have none.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from . import scores
from .data import Data
from .libraries import FASTML, Library
from .scores import Score

__all__ = ["WORKLOADS", "Workload"]


@dataclass(frozen=True)
class Workload:
    """
    Something that several libraries do, under scikit-learn's name for it.

    Parameters
    ----------
    name : str
        Module and name below the package: ``"cluster.KMeans"``.
    data : tuple of str
        The data sets that it runs on.
    score : Score
        What says how good the result is.
    method : str, default=""
        The method that is called with the test data once the estimator is fitted. Empty for a function.
    parameters : mapping, or function of the data that returns one, default={}
        The keyword arguments of the estimator or function.
    arguments : function of the data that returns a tuple, default=None
        The positional arguments of a function. An estimator without ``fit`` gets them when it is made.
    options : mapping, default={}
        The keyword arguments of the method.
    ours : mapping, default={}
        Keyword arguments that only fastml's estimator or function has.
    """

    name: str
    data: tuple[str, ...]
    score: Score
    method: str = ""
    parameters: Mapping[str, object] | Callable[[Data], Mapping[str, object]] = field(default_factory=dict)
    arguments: Callable[[Data], tuple] | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    ours: Mapping[str, object] = field(default_factory=dict)

    def make(self, library: Library, data: Data):
        """
        Call the library's class or function with the workload's arguments.

        Parameters
        ----------
        library : Library
            Whose.
        data : Data
            What the arguments are made of.

        Returns
        -------
        object
            An estimator, or what the function returned; the parts of a generator as one array.
        """
        given = self.parameters(data) if callable(self.parameters) else self.parameters
        if library is FASTML:
            given = {**given, **self.ours}
        found = library.find(self.name)
        assert found is not None, f"{library.name} has no {self.name}"
        made = found(*(self.arguments(data) if self.arguments else ()), **given)
        return np.concatenate(list(made)) if isinstance(made, types.GeneratorType) else made

    def fit(self, library: Library, data: Data):
        """
        Fit the library's estimator.

        Parameters
        ----------
        library : Library
            Whose.
        data : Data
            What is learnt from.

        Returns
        -------
        estimator
            The fitted estimator; None when the workload is a function.
        """
        if not self.method:
            return None
        model = self.make(library, data)
        return model if self.arguments else model.fit(data.X, data.y)

    def answer(self, library: Library, data: Data, model):
        """
        Ask the fitted estimator, or call the function.

        Parameters
        ----------
        library : Library
            Whose.
        data : Data
            What is asked.
        model : estimator or None
            What `fit` returned.

        Returns
        -------
        object
            The answer.
        """
        if model is None:
            return self.make(library, data)
        return getattr(model, self.method)(data.X_test, **self.options)


def some_rows(data: Data, k: int) -> np.ndarray:
    """
    Pick rows as initial centres: with the same ones, all libraries make the same passes.

    Parameters
    ----------
    data : Data
        Where they are picked.
    k : int
        How many.

    Returns
    -------
    ndarray of shape (k, n_features)
        Different rows, always the same.
    """
    return data.X[np.random.RandomState(1).choice(len(data.X), k, replace=False)]


def _clusters(data):
    k = {"china": 64, "digits": 10, "made": 10}.get(data.name, 3)
    return {"n_clusters": k, "init": some_rows(data, k), "n_init": 1, "max_iter": 30, "random_state": 0}


def _radius(data):
    """Wide enough for a few neighbours each."""
    return {"radius": {"iris": 0.5, "digits": 25.0, "diabetes": 0.15, "made 10k": 7.0}.get(data.name, 3.0)}


def _radius_or_none(data):
    return {**_radius(data), "outlier_label": 0}


def _radius_and_distances(data):
    return {**_radius(data), "mode": "distance"}


def _learnt(data):
    return (data.X,)


def _learnt_and_classes(data):
    return (data.X, data.y)


def _learnt_and_asked(data):
    return (data.X, data.X_test)


def _two_labellings(data):
    return (data.y, np.where(np.arange(len(data.y)) % 10 == 0, np.roll(data.y, 1), data.y))


def _scores_of_classes(data):
    """Labels of two classes, and scores that often tell them apart."""
    positive = data.y > data.y.mean()
    return (positive, data.X[:, 0] + positive * np.std(data.X[:, 0]))


def _chances_of_classes(data):
    """Labels, and probabilities that favour the true ones."""
    classes, codes = np.unique(data.y, return_inverse=True)
    chances = np.abs(np.sin(np.arange(len(codes) * len(classes), dtype=float))).reshape(len(codes), -1) + 0.1
    chances[np.arange(len(codes)), codes] += 1.0
    return (codes, chances / chances.sum(axis=1, keepdims=True))


def _two_targets(data):
    return (data.y.astype(float), data.y + np.sin(np.arange(len(data.y))))


def _curve_of_squares(data):
    return (np.linspace(0, 1, len(data.y)), np.linspace(0, 1, len(data.y)) ** 2)


def _linear(name, score, data=(), **parameters):
    usual = ("diabetes", "made 10k") if score is scores.R2 else ("breast_cancer", "digits", "made")
    return Workload(name, data or usual, score, "predict", parameters)


def _scaler(name):
    return Workload(f"preprocessing.{name}", ("breast_cancer", "china", "made"), scores.SAME, "transform")


def _seeded(name, score):
    data = ("diabetes", "made 10k") if score is scores.ROUGH_R2 else ("breast_cancer", "digits", "made 10k")
    return Workload(name, data, score, "predict", {"random_state": 0})


def _metric(name, data, arguments, **parameters):
    return Workload(f"metrics.{name}", data, scores.SAME, parameters=parameters, arguments=arguments)


def _tree(name, score, data=()):
    usual = ("breast_cancer", "digits", "made 10k") if score is scores.ACCURACY else ("diabetes", "made 10k")
    return Workload(name, data or usual, score, "predict", {"random_state": 0})


def _lasso(name):
    return Workload(
        f"linear_model.{name}", ("diabetes", "made 10k"), scores.PENALISED_ERROR, "predict", {"alpha": 0.05}
    )


def _lasso_of_tasks(name, **parameters):
    return Workload(f"linear_model.{name}", ("linnerud",), scores.R2, "predict", parameters)


def _path(name, score):
    parameters = {"alphas": 50}
    return Workload(
        f"linear_model.{name}", ("diabetes", "made 10k"), score, "", parameters, _learnt_and_classes
    )


_ROWS = ("digits", "made 10k")
_LABELS = ("digits", "made")

WORKLOADS = (
    Workload("cluster.KMeans", ("china", "digits", "made"), scores.INERTIA, "predict", _clusters),
    Workload(
        "cluster.MiniBatchKMeans", ("china", "digits", "made"), scores.ROUGH_INERTIA, "predict", _clusters
    ),
    Workload(
        "cluster.kmeans_plusplus",
        ("china", "digits", "made"),
        scores.SEEDING,
        parameters={"n_clusters": 64, "random_state": 0},
        arguments=_learnt,
    ),
    Workload("neighbors.NearestNeighbors", ("iris", "digits", "made"), scores.DISTANCES, "kneighbors"),
    Workload(
        "neighbors.KNeighborsClassifier", ("breast_cancer", "digits", "made"), scores.ACCURACY, "predict"
    ),
    Workload("neighbors.KNeighborsRegressor", ("diabetes", "made"), scores.R2, "predict"),
    Workload(
        "neighbors.RadiusNeighborsClassifier",
        ("iris", "digits", "made 10k"),
        scores.ACCURACY,
        "predict",
        _radius_or_none,
    ),
    Workload("neighbors.RadiusNeighborsRegressor", ("diabetes", "made 10k"), scores.R2, "predict", _radius),
    Workload(
        "neighbors.KDTree",
        ("iris", "china"),
        scores.DISTANCES,
        "query",
        arguments=_learnt,
        options={"k": 5},
    ),
    Workload(
        "neighbors.kneighbors_graph",
        _ROWS,
        scores.GRAPH,
        parameters={"n_neighbors": 5, "mode": "distance"},
        arguments=_learnt,
    ),
    Workload(
        "neighbors.radius_neighbors_graph",
        _ROWS,
        scores.GRAPH,
        parameters=_radius_and_distances,
        arguments=_learnt,
    ),
    Workload(
        "ensemble.HistGradientBoostingClassifier",
        ("breast_cancer", "digits", "made 10k"),
        scores.ACCURACY,
        "predict",
        {"max_iter": 20, "random_state": 0},
    ),
    Workload(
        "ensemble.HistGradientBoostingRegressor",
        ("diabetes", "made 10k"),
        scores.R2,
        "predict",
        {"max_iter": 20, "random_state": 0},
    ),
    _tree("tree.DecisionTreeClassifier", scores.ACCURACY),
    _tree("tree.DecisionTreeRegressor", scores.R2),
    _tree("tree.ExtraTreeClassifier", scores.ACCURACY),
    _tree("tree.ExtraTreeRegressor", scores.R2),
    _tree("ensemble.RandomForestClassifier", scores.ACCURACY),
    # On the larger data scikit-learn's would take minutes: these three are raced on real data only.
    _tree("ensemble.RandomForestRegressor", scores.R2, ("diabetes",)),
    _tree("ensemble.GradientBoostingClassifier", scores.ACCURACY, ("breast_cancer", "digits")),
    _tree("ensemble.GradientBoostingRegressor", scores.R2, ("diabetes",)),
    _tree("ensemble.ExtraTreesClassifier", scores.ACCURACY),
    _tree("ensemble.ExtraTreesRegressor", scores.R2),
    _tree("ensemble.BaggingClassifier", scores.ACCURACY),
    _tree("ensemble.BaggingRegressor", scores.R2),
    _tree("ensemble.AdaBoostClassifier", scores.ACCURACY),
    _tree("ensemble.AdaBoostRegressor", scores.R2),
    Workload(
        "ensemble.IsolationForest",
        ("breast_cancer", "digits", "made"),
        scores.SAME,
        "score_samples",
        {"random_state": 0},
    ),
    Workload(
        "ensemble.RandomTreesEmbedding", ("digits", "made 10k"), scores.SAME, "transform", {"random_state": 0}
    ),
    _linear("linear_model.LogisticRegression", scores.ACCURACY, max_iter=5000),
    _linear(
        "linear_model.LogisticRegressionCV",
        scores.ACCURACY,
        ("iris", "breast_cancer"),
        Cs=[0.1, 1.0],
        l1_ratios=(0,),
        scoring="accuracy",
        use_legacy_attributes=False,
        max_iter=5000,
    ),
    _linear("linear_model.HuberRegressor", scores.R2, max_iter=5000),
    _linear("linear_model.PoissonRegressor", scores.R2, ("diabetes",), max_iter=5000),
    _linear("linear_model.GammaRegressor", scores.R2, ("diabetes",), max_iter=5000),
    Workload("svm.SVC", ("iris", "breast_cancer", "digits"), scores.ACCURACY, "predict"),
    # With the usual tolerance both end far from the minimum on breast_cancer.
    Workload(
        "svm.NuSVC",
        ("iris", "breast_cancer", "digits"),
        scores.ACCURACY,
        "predict",
        {"nu": 0.1, "tol": 1e-5},
    ),
    Workload("svm.SVR", ("diabetes",), scores.R2, "predict", {"C": 100.0}),
    Workload("svm.NuSVR", ("diabetes",), scores.R2, "predict", {"C": 100.0}),
    Workload(
        "svm.OneClassSVM", ("breast_cancer", "digits"), scores.NEARLY_SAME, "score_samples", {"nu": 0.1}
    ),
    _lasso("Lasso"),
    _lasso("ElasticNet"),
    Workload("linear_model.LassoCV", ("diabetes", "made 10k"), scores.R2, "predict"),
    Workload("linear_model.ElasticNetCV", ("diabetes", "made 10k"), scores.R2, "predict"),
    _lasso_of_tasks("MultiTaskLasso"),
    _lasso_of_tasks("MultiTaskElasticNet"),
    _lasso_of_tasks("MultiTaskLassoCV", cv=3),
    _lasso_of_tasks("MultiTaskElasticNetCV", cv=3),
    _path("lasso_path", scores.LASSO_PATH),
    _path("enet_path", scores.ENET_PATH),
    _metric("pairwise_distances", _ROWS, _learnt_and_asked, metric="manhattan"),
    _metric("pairwise_distances_chunked", _ROWS, _learnt_and_asked, working_memory=16),
    _metric("euclidean_distances", _ROWS, _learnt_and_asked),
    _metric("pairwise_distances_argmin", _ROWS, _learnt_and_asked),
    _metric("pairwise_distances_argmin_min", _ROWS, _learnt_and_asked),
    _metric("silhouette_score", _ROWS, _learnt_and_classes),
    _metric("silhouette_samples", _ROWS, _learnt_and_classes),
    _metric("adjusted_rand_score", _LABELS, _two_labellings),
    _metric("rand_score", _LABELS, _two_labellings),
    _metric("pair_confusion_matrix", _LABELS, _two_labellings),
    _metric("accuracy_score", _LABELS, _two_labellings),
    _metric("confusion_matrix", _LABELS, _two_labellings),
    *(
        _metric(name, ("breast_cancer", "made"), _scores_of_classes)
        for name in ("roc_auc_score", "roc_curve", "average_precision_score", "precision_recall_curve")
    ),
    *(
        _metric(name, _LABELS, _two_labellings, average="macro")
        for name in ("precision_score", "recall_score", "f1_score", "precision_recall_fscore_support")
    ),
    _metric("fbeta_score", _LABELS, _two_labellings, average="macro", beta=2.0),
    _metric("log_loss", _LABELS, _chances_of_classes),
    _metric("hinge_loss", _LABELS, _chances_of_classes),
    *(
        _metric(name, ("diabetes", "made"), _two_targets)
        for name in ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score")
    ),
    _metric("auc", ("made",), _curve_of_squares),
    _linear("linear_model.LinearRegression", scores.R2),
    _linear("linear_model.Ridge", scores.R2),
    _linear("linear_model.RidgeCV", scores.R2),
    _linear("linear_model.RidgeClassifier", scores.ACCURACY),
    _linear("linear_model.RidgeClassifierCV", scores.ACCURACY),
    _linear("discriminant_analysis.LinearDiscriminantAnalysis", scores.ACCURACY),
    Workload("preprocessing.PolynomialFeatures", ("diabetes", "breast_cancer"), scores.SAME, "transform"),
    _scaler("StandardScaler"),
    _scaler("MinMaxScaler"),
    _scaler("MaxAbsScaler"),
    _scaler("RobustScaler"),
    _scaler("Normalizer"),
    _seeded("linear_model.SGDClassifier", scores.ROUGH_ACCURACY),
    _seeded("linear_model.SGDRegressor", scores.ROUGH_R2),
    _seeded("linear_model.Perceptron", scores.ROUGH_ACCURACY),
    _seeded("linear_model.PassiveAggressiveClassifier", scores.ROUGH_ACCURACY),
    _seeded("linear_model.PassiveAggressiveRegressor", scores.ROUGH_R2),
    _seeded("svm.LinearSVC", scores.ACCURACY),
    _seeded("svm.LinearSVR", scores.ROUGH_R2),
)
