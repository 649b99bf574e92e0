"""ONNX models predict what the estimators predict that they were made of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import is_classifier, is_outlier_detector
from sklearn.exceptions import NotFittedError

import fastml
from fastml._discovery import all_estimators
from fastml.cluster import KMeans, MiniBatchKMeans
from fastml.discriminant_analysis import LinearDiscriminantAnalysis
from fastml.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from fastml.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    Perceptron,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    SGDClassifier,
)
from fastml.neighbors import KNeighborsClassifier
from fastml.pipeline import make_pipeline
from fastml.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from fastml.svm import SVC, SVR, LinearSVC, NuSVC, OneClassSVM
from fastml.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)
from tests.names import target_for

pytest.importorskip("onnx", reason="export needs the extra `onnx`")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime computes the exported models")

TOLERANCE = {"rtol": 1e-6, "atol": 1e-6}  # the rounding of float32
CLASSIFIERS = [
    DecisionTreeClassifier(max_depth=4, random_state=0),
    DecisionTreeClassifier(max_leaf_nodes=7, criterion="entropy", random_state=0),
    ExtraTreeClassifier(random_state=0),
    RandomForestClassifier(15, max_depth=3, random_state=0),
    ExtraTreesClassifier(15, class_weight="balanced", random_state=0),
    HistGradientBoostingClassifier(max_iter=15),
    BaggingClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=7, max_features=2, random_state=0),
]
REGRESSORS = [
    DecisionTreeRegressor(random_state=0),
    DecisionTreeRegressor(criterion="absolute_error", max_depth=3, random_state=0),
    DecisionTreeRegressor(min_samples_leaf=500),
    ExtraTreeRegressor(random_state=0),
    RandomForestRegressor(15, random_state=0),
    ExtraTreesRegressor(15, max_leaf_nodes=9, random_state=0),
    BaggingRegressor(n_estimators=7, bootstrap_features=True, random_state=0),
    HistGradientBoostingRegressor(max_iter=15),
    HistGradientBoostingRegressor(max_iter=15, loss="poisson"),
    HistGradientBoostingRegressor(max_iter=15, loss="gamma"),
    HistGradientBoostingRegressor(max_iter=15, loss="absolute_error"),
    HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=500),
]
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def compute(est, X, dtype):
    """The results of an estimator's ONNX model."""
    session = runtime.InferenceSession(fastml.to_onnx(est, dtype).SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": np.ascontiguousarray(X, dtype)})))


def check_classifier(est, X, dtype):
    found, X = compute(est, X, dtype), X.astype(dtype)
    np.testing.assert_allclose(found["probabilities"], est.predict_proba(X), **TOLERANCE)
    np.testing.assert_array_equal(found["label"], est.predict(X))
    assert found["probabilities"].shape == est.predict_proba(X).shape


def check_regressor(est, X, dtype):
    found, X = compute(est, X, dtype), X.astype(dtype)
    assert found["variable"].shape == est.predict(X).shape
    np.testing.assert_allclose(found["variable"], est.predict(X), **TOLERANCE)


def check_scores(est, X, dtype, tolerance):
    """Compare a classifier or detector of outliers; rounding moves only labels that scores leave open."""
    found, X = compute(est, X, dtype), X.astype(dtype)
    gives_probabilities = hasattr(est, "predict_proba")
    name = "probabilities" if gives_probabilities else "scores"
    values = est.predict_proba(X) if gives_probabilities else est.decision_function(X)
    assert found.keys() == {"label", name}
    assert found[name].shape == values.shape
    atol = tolerance * max(1, abs(values).max())
    np.testing.assert_allclose(found[name], values, rtol=tolerance, atol=atol)
    decided = abs(values) > atol if is_outlier_detector(est) else np.ones(len(X), bool)
    np.testing.assert_array_equal(found["label"][decided], est.predict(X)[decided])


def with_missing(X):
    X = X.copy()
    X[::5, 1] = X[::7, -1] = np.nan
    return X


@DTYPES
@pytest.mark.parametrize("est", CLASSIFIERS, ids=str)
@pytest.mark.parametrize("data", ["iris", "wine", "breast_cancer"])
def test_classifiers(est, data, dtype, request):
    X, y = request.getfixturevalue(data)
    check_classifier(est.fit(X, y), X, dtype)
    X = with_missing(X)
    check_classifier(est.fit(X, y), X, dtype)


@DTYPES
@pytest.mark.parametrize("est", REGRESSORS, ids=str)
def test_regressors(est, dtype, diabetes):
    X, y = diabetes
    check_regressor(est.fit(X, y), X, dtype)
    X = with_missing(X)
    check_regressor(est.fit(X, y), X, dtype)
    check_regressor(est, X[:1], dtype)


# ---- linear models and support vector machines -----------------------------------------------------------
EXACT, ROUNDED = 1e-9, 1e-5  # where the estimator computes in float64, as the graph does, or in float32
LINEAR_FAMILIES = ("discriminant_analysis", "linear_model", "svm")
LINEAR = [cls for _, cls in all_estimators() if cls.__module__.split(".")[1] in LINEAR_FAMILIES]


def tolerance_of(dtype):
    return ROUNDED if dtype == np.float32 else EXACT


def check_linear(est, X, dtype):
    if is_classifier(est) or is_outlier_detector(est):
        check_scores(est, X, dtype, tolerance_of(dtype))
    else:
        check_regressor(est, X, dtype)


@pytest.fixture(scope="module")
def scaled(iris, breast_cancer, digits, diabetes):
    """Data for classification, and for regression, in columns of similar scale."""
    sets = [(X[:600], y[:600]) for X, y in (iris, breast_cancer, digits)]
    return [((X - X.mean(0)) / (X.std(0) + 1e-9), y) for X, y in sets], diabetes


@pytest.mark.filterwarnings("ignore")  # of what is deprecated, or has not converged
@pytest.mark.parametrize("cls", LINEAR, ids=lambda cls: cls.__name__)
def test_every_linear_model_and_machine(cls, scaled):
    classification, regression = scaled
    for X, y in classification if is_classifier(cls()) else [regression]:
        est = cls().fit(X, target_for(cls, y))
        for dtype in (np.float32, np.float64):
            check_linear(est, X, dtype)
            check_linear(est, X[:1], dtype)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", LINEAR, ids=lambda cls: cls.__name__)
def test_every_linear_model_of_float32(cls, iris):
    X, y = iris[0].astype(np.float32), iris[1]
    check_linear(cls().fit(X, target_for(cls, y)), X, np.float32)


MACHINES = [
    SVC(kernel="linear"),
    SVC(kernel="poly", degree=2, coef0=0.5),
    SVC(kernel="poly", degree=0),
    SVC(kernel="sigmoid", gamma=0.01, coef0=-0.3),
    SVC(C=10.0, gamma=0.5, break_ties=True),
    SVC(decision_function_shape="ovo"),
    SVC(probability=True, random_state=0),
    NuSVC(nu=0.1, kernel="linear", probability=True, decision_function_shape="ovo", random_state=0),
    SVR(kernel="linear"),
    SVR(C=10.0, kernel="poly", coef0=1.0),
    SVR(epsilon=1e4),
    OneClassSVM(nu=0.1, kernel="poly"),
]


@DTYPES
@pytest.mark.filterwarnings("ignore:The `probability` parameter")
@pytest.mark.parametrize("kind", [np.array, sparse.csr_matrix], ids=["dense", "sparse"])
@pytest.mark.parametrize("est", MACHINES, ids=str)
def test_machines(est, kind, dtype, scaled):
    for X, y in scaled[0]:
        check_linear(est.fit(kind(X), y), X, dtype)


def test_machines_of_a_kernel_matrix(iris):
    X, y = iris
    K = X @ X.T / 50
    for est in (SVC(kernel="precomputed"), SVR(kernel="precomputed"), OneClassSVM(kernel="precomputed")):
        check_linear(est.fit(K, y), K[:40], np.float64)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n_classes=st.integers(2, 6), spread=st.sampled_from([0.3, 1.0, 3.0]))
@pytest.mark.filterwarnings("ignore:The `probability` parameter")
def test_probabilities_of_pairs(seed, n_classes, spread):
    rng = np.random.RandomState(seed)
    y = np.arange(20 * n_classes) % n_classes
    X = rng.randn(n_classes, 3)[y] + spread * rng.randn(len(y), 3)
    check_linear(SVC(probability=True, random_state=0).fit(X, y), X, np.float64)


VARIANTS = [
    LogisticRegression(fit_intercept=False),
    LogisticRegression(l1_ratio=1.0, solver="saga", max_iter=1000),
    SGDClassifier("log_loss", random_state=0),
    SGDClassifier("modified_huber", random_state=0),
    SGDClassifier(average=True, fit_intercept=False, random_state=0),
    LinearDiscriminantAnalysis("lsqr", shrinkage="auto"),
    LinearDiscriminantAnalysis("eigen", shrinkage=0.1),
    LinearSVC(fit_intercept=False),
]


@DTYPES
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("est", VARIANTS, ids=str)
def test_linear_classifiers(est, dtype, scaled):
    for X, y in scaled[0]:
        check_linear(est.fit(X, y), X, dtype)


def test_shares_that_are_too_small_for_a_number(digits):
    est = SGDClassifier("log_loss", alpha=1e-6, random_state=0).fit(*digits)
    scores = est.decision_function(digits[0])
    assert (scores.max(axis=1) < -750).any() and (scores.max(axis=1) > 750).any()
    check_linear(est, digits[0], np.float64)


@pytest.mark.parametrize("cls", [LogisticRegression, Perceptron, LinearSVC])
def test_sparse_coefficients(cls, iris):
    check_linear(cls(random_state=0).fit(*iris).sparsify(), iris[0], np.float64)


@pytest.mark.parametrize("est", [LinearRegression(), Ridge(), Lasso(), LinearRegression(fit_intercept=False)])
def test_several_targets_of_linear_models(est, diabetes):
    X, y = diabetes
    for targets in (np.stack([y, y**2], axis=1), y[:, None]):
        check_regressor(est.fit(X, targets), X, np.float64)


def test_projections_of_discriminant_analysis(wine):
    X, y = wine
    for solver in ("svd", "eigen"):
        est = make_pipeline(LinearDiscriminantAnalysis(solver), StandardScaler(), LogisticRegression())
        check_scores(est.fit(X, y), X, np.float64, EXACT)
        check_scores(est, X, np.float32, 1e-4)
    est = make_pipeline(LinearDiscriminantAnalysis(n_components=1), MinMaxScaler()).fit(X, y)
    found = compute(est, X, np.float64)["transformed"]
    np.testing.assert_allclose(found, est.transform(X), EXACT)


@pytest.mark.parametrize("est", [LogisticRegression(max_iter=1000), SVC(), SVR(), Ridge()], ids=str)
def test_missing_values_are_not_predicted_from(est, iris):
    X = iris[0].copy()
    est.fit(X, iris[1])
    X[1, 2] = np.nan
    *_, numbers = compute(est, X, np.float64).values()
    assert np.isnan(numbers[1]).all()
    assert not np.isnan(np.delete(numbers, 1, axis=0)).any()


def test_linear_models_that_cannot_be_exported(iris):
    X, y = iris
    with pytest.raises(ValueError, match="SVC has a callable for its kernel"):
        fastml.to_onnx(SVC(kernel=lambda A, B: A @ B.T).fit(X, y))
    with pytest.raises(ValueError, match="break_ties must be False"):
        fastml.to_onnx(SVC(break_ties=True, decision_function_shape="ovo").fit(X, y))
    for est in (RidgeClassifier(), RidgeClassifierCV()):
        with pytest.raises(ValueError, match="RidgeClassifier.* has several outputs"):
            fastml.to_onnx(est.fit(X, y[:, None] == [0, 1]))
    est = LinearDiscriminantAnalysis("lsqr").fit(X, y)
    with pytest.raises(ValueError, match="does not transform"):
        fastml.to_onnx(make_pipeline(est, LogisticRegression().fit(X, y)))
    with pytest.raises(NotFittedError):
        fastml.to_onnx(SVC())


def test_missing_values_that_training_has_not_seen(breast_cancer):
    X, y = breast_cancer
    for est in CLASSIFIERS:
        check_classifier(est.fit(X, y), with_missing(X), np.float64)


def test_several_outputs(diabetes):
    X, y = diabetes
    est = RandomForestRegressor(5, random_state=0).fit(X, np.stack([y, 0 * y], axis=1))
    check_regressor(est, X, np.float32)
    est = RandomForestClassifier(5).fit(X, np.stack([y > 100, y > 200], axis=1))
    with pytest.raises(ValueError, match="several outputs"):
        fastml.to_onnx(est)


@pytest.mark.parametrize("labels", [["a", "bb", "ü"], [5, -1, 7], [True, False, True]], ids=str)
def test_labels(labels, iris):
    X, y = iris[0], np.array(labels)[iris[1]]
    check_classifier(DecisionTreeClassifier(random_state=0).fit(X, y), X, np.float32)
    check_classifier(HistGradientBoostingClassifier(max_iter=5).fit(X, y), X, np.float32)
    for est in (LogisticRegression(), SVC(), LinearSVC()):
        check_linear(est.fit(X, y), X, np.float64)


@pytest.mark.parametrize("n_categories", [2, 5, 40, 200])
@pytest.mark.parametrize("missing", [False, True])
def test_categories_that_are_numbers(n_categories, missing):
    rng = np.random.RandomState(n_categories)
    X = np.stack([3.0 * rng.randint(n_categories, size=2000) - 7, rng.randn(2000)], axis=1)
    y = rng.randn(n_categories)[((X[:, 0] + 7) / 3).astype(int)] + X[:, 1]
    if missing:
        X[rng.rand(2000) < 0.1, 0] = np.nan
    est = HistGradientBoostingRegressor(max_iter=20, categorical_features=[0]).fit(X, y)
    assert est._records.nodes["is_categorical"].any()
    X[::11, 0], X[::13, 0], X[::17, 0] = np.nan, 1e6, -6.5  # missing, and unknown
    for dtype in (np.float32, np.float64):
        check_regressor(est, X, dtype)


def test_categories_that_are_strings_are_refused():
    pandas = pytest.importorskip("pandas", reason="columns of strings")
    frame = pandas.DataFrame({"a": pandas.Categorical(list("xyz") * 100), "b": np.arange(300.0)})
    est = HistGradientBoostingRegressor(max_iter=5).fit(frame, (frame["a"] == "x").astype(float))
    with pytest.raises(ValueError, match="feature 0 has categories that are no numbers"):
        fastml.to_onnx(est)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 60),
    d=st.integers(1, 5),
    scale=st.sampled_from([1, 1e-20, 1e8]),
)
def test_random_data(seed, n, d, scale):
    rng = np.random.RandomState(seed)
    X = rng.randint(6, size=(n, d)) * scale + rng.randn(n, d) * (seed % 2)
    y = np.arange(n) % 2
    rng.shuffle(y)
    check_classifier(RandomForestClassifier(3, random_state=0).fit(X, y), X, np.float64)
    check_regressor(RandomForestRegressor(3, random_state=0).fit(X, rng.randn(n)), X, np.float32)
    check_classifier(HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=1).fit(X, y), X, np.float64)


@DTYPES
@pytest.mark.parametrize("est", [
    StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False), MinMaxScaler(),
    MinMaxScaler((-2, 3), clip=True), MaxAbsScaler(), MaxAbsScaler(clip=True), RobustScaler(),
    RobustScaler(with_centering=False), RobustScaler(with_scaling=False), Normalizer(), Normalizer("l1"),
    Normalizer("max"), PolynomialFeatures(), PolynomialFeatures((2, 3), interaction_only=True),
    PolynomialFeatures(0), PolynomialFeatures(3, include_bias=False),
], ids=str)  # fmt: skip
def test_transformers(est, dtype, wine):
    X = wine[0].astype(dtype)
    X[:9] = 0
    found = compute(est.fit(X), 2 * X, dtype)["transformed"]
    expected = est.transform(2 * X)
    assert found.dtype == dtype
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_every_transformer_of_tables(wine):
    for _, cls in all_estimators():
        if cls.__module__.startswith("fastml.preprocessing."):
            fastml.to_onnx(cls().fit(wine[0]))


@DTYPES
@pytest.mark.parametrize("cls", [KMeans, MiniBatchKMeans])
def test_clusters(cls, dtype, digits):
    X = digits[0].astype(dtype) + 1000
    est = cls(10, random_state=0).fit(X)
    np.testing.assert_array_equal(compute(est, X, dtype)["variable"], est.predict(X))


def test_pipelines(wine):
    X, y = wine
    check_classifier(make_pipeline(StandardScaler(), RandomForestClassifier(5)).fit(X, y), X, np.float64)
    products = make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression())
    check_scores(products.fit(X, y), X, np.float64, EXACT)
    est = make_pipeline("passthrough", HistGradientBoostingRegressor(max_iter=5))
    check_regressor(est.fit(X, y), X, np.float32)


@DTYPES
@pytest.mark.parametrize(
    "params", [{}, {"max_features": 2, "contamination": 0.1}, {"max_samples": 1}], ids=str
)
def test_outliers(params, dtype, wine):
    X = with_missing(wine[0])
    est = IsolationForest(n_estimators=15, random_state=0, **params).fit(X)
    check_scores(est, X, dtype, 1e-6)


def test_labels_that_are_objects(iris):
    X, y = iris[0], np.array(["a", "bb", "ü"], dtype=object)[iris[1]]
    check_classifier(RandomForestClassifier(3, random_state=0).fit(X, y), X, np.float32)


def test_what_cannot_be_exported(iris):
    from sklearn.ensemble import RandomForestClassifier as Theirs

    with pytest.raises(TypeError, match="KNeighborsClassifier cannot be exported"):
        fastml.to_onnx(KNeighborsClassifier().fit(*iris))
    with pytest.raises(TypeError, match="RandomForestClassifier cannot be exported"):
        fastml.to_onnx(Theirs(2).fit(*iris))
    with pytest.raises(TypeError, match="KMeans can only be exported as the last step"):
        fastml.to_onnx(make_pipeline(KMeans(3), StandardScaler()).fit(iris[0]))
    with pytest.raises(NotFittedError):
        fastml.to_onnx(KMeans())
    with pytest.raises(ValueError, match="BaggingClassifier has estimators that are no trees"):
        fastml.to_onnx(BaggingClassifier(KNeighborsClassifier(), n_estimators=2).fit(*iris))
    with pytest.raises(ValueError, match="dtype"):
        fastml.to_onnx(DecisionTreeClassifier().fit(*iris), "int64")


def test_without_the_library_the_error_names_the_extra(python):
    printed = python("""
        import sys
        sys.modules["onnx"] = None
        import fastml
        from fastml.cluster import KMeans, MiniBatchKMeans
        try:
            fastml.to_onnx(KMeans())
        except ImportError as error:
            print(error)
    """)
    assert "fastml[onnx]" in printed
