"""Model files: what was saved comes back to the last bit, and no file does harm."""

import json
import os
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import fastml
from fastml._discovery import all_estimators
from fastml.cluster import KMeans, MiniBatchKMeans
from fastml.discriminant_analysis import LinearDiscriminantAnalysis
from fastml.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from fastml.linear_model import (
    ElasticNet,
    HuberRegressor,
    LinearRegression,
    LogisticRegression,
    MultiTaskLasso,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)
from fastml.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestNeighbors
from fastml.pipeline import make_pipeline
from fastml.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler
from fastml.svm import SVC, SVR, LinearSVC, NuSVC, OneClassSVM
from fastml.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tests.names import target_for

safetensors = pytest.importorskip("safetensors", reason="model files need the extra `files`")
from fastml._model_file._columns import pack, unpack  # noqa: E402

METHODS = (
    "predict", "predict_proba", "decision_function", "transform", "kneighbors", "apply", "score_samples",
    "feature_importances_", "cluster_centers_", "classes_",
)  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def through(est, path):
    fastml.save_model(est, path)
    return fastml.load_model(path)


def results(est, X):
    """What an estimator says of X, and its attributes."""
    for name in METHODS:
        value = getattr(est, name, None)
        if value is not None:
            yield name, value(X) if callable(value) else value
    yield from ((name, value) for name, value in vars(est).items() if name.endswith("_"))


def assert_same(a, b, name=""):
    assert type(a) is type(b), name
    if type(a).__module__.startswith("sklearn."):
        return  # what encodes categories: its work is compared
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape, name
        assert a.flags.f_contiguous == b.flags.f_contiguous
        if a.dtype == object:
            assert_same(a.tolist(), b.tolist(), name)
        else:
            assert a.tobytes() == b.tobytes(), name
    elif hasattr(a, "tocsr"):
        assert_same([a.shape, a.data, a.indices, a.indptr], [b.shape, b.data, b.indices, b.indptr], name)
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            assert_same(x, y, name)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key], f"{name}[{key}]")
    elif type(a).__name__ == "Trees":
        assert_same(a.__getstate__(), b.__getstate__(), name)
    elif hasattr(a, "node_count"):
        for part in ("n_features", "n_classes", "nodes", "reals", "max_depth"):
            assert_same(getattr(a, part), getattr(b, part), f"{name}.{part}")
    elif hasattr(a, "get_params"):
        assert_same_model(a, b)
    elif hasattr(a, "get_state"):
        assert_same(a.get_state(), b.get_state(), name)
    elif hasattr(a, "_arguments"):
        assert_same(vars(a)["data"], vars(b)["data"], name)
    else:
        assert a == b or (a != a and b != b), name


def assert_same_model(a, b):
    assert type(a) is type(b)
    assert_same(a.get_params(deep=False), b.get_params(deep=False))
    assert_same(a.__getstate__(), b.__getstate__(), type(a).__name__)


def check(est, X, path):
    again = through(est, path)
    assert_same_model(est, again)
    for (name, a), (_, b) in zip(results(est, X), results(again, X), strict=True):
        assert_same(a, b, name)
    return again


# ---- what was saved comes back ----------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cls", [cls for _, cls in all_estimators()], ids=lambda cls: cls.__name__)
def test_every_estimator_comes_back(cls, dtype, iris, path):
    X, y = iris[0].astype(dtype), iris[1]
    check(cls().fit(X, target_for(cls, y)), X, path)
    assert_same_model(cls(), through(cls(), path))  # one that was not fitted, too


FAMILIES_FOR_SPARSE = ("linear_model", "svm")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cls", [
    cls for _, cls in all_estimators() if cls.__module__.split(".")[1] in FAMILIES_FOR_SPARSE
], ids=lambda cls: cls.__name__)  # fmt: skip
def test_every_estimator_of_sparse_data_comes_back(cls, dtype, iris, path):
    assert cls().__sklearn_tags__().input_tags.sparse
    X, y = sparse.csr_matrix((iris[0] * (iris[0] > 1.5)).astype(dtype)), iris[1]
    check(cls().fit(X, target_for(cls, y)), X, path)


MACHINES = {
    "linear": SVC(kernel="linear"),
    "polynomial": SVC(kernel="poly", degree=2, coef0=1.0, decision_function_shape="ovo"),
    "sigmoid": NuSVC(nu=0.2, kernel="sigmoid", gamma=0.01, break_ties=True),
    "probabilities": SVC(probability=True, random_state=0),
    "numbers": SVR(C=7.0, kernel="poly"),
    "one class": OneClassSVM(nu=0.2),
}


@pytest.mark.filterwarnings("ignore:The `probability` parameter", "ignore:Attribute `prob")
@pytest.mark.parametrize("kind", [np.array, sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("name", MACHINES)
def test_machines_of_all_kinds_come_back(name, kind, iris, path):
    X = kind(iris[0])
    again = check(MACHINES[name].fit(X, iris[1]), X, path)
    if MACHINES[name].kernel == "linear":
        assert_same(again.coef_, MACHINES[name].coef_)


def test_a_machine_of_two_classes_and_one_of_a_kernel_matrix_come_back(breast_cancer, path):
    X, y = breast_cancer
    check(SVC().fit(sparse.csr_matrix(X), y), X, path)
    K = X @ X.T / 1e6
    check(SVC(kernel="precomputed").fit(K, y), K, path)


LINEAR = {
    "averages": SGDClassifier(average=True, random_state=0),
    "averages of numbers": SGDRegressor(average=5, random_state=0),
    "eigenvalues": LinearDiscriminantAnalysis("eigen", shrinkage="auto"),
    "few coefficients": LogisticRegression(l1_ratio=1.0, solver="saga", C=0.1),
    "modified Huber": SGDClassifier("modified_huber", random_state=0),
    "no intercept": LinearRegression(fit_intercept=False),
    "no intercept of a machine": LinearSVC(fit_intercept=False, random_state=0),
    "products": PolynomialFeatures(3, interaction_only=True),
    "positive": LinearRegression(positive=True),
    "positive net": ElasticNet(alpha=0.1, positive=True),
    "twin": Ridge(solver="sag", random_state=0),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LINEAR)
def test_linear_models_of_all_kinds_come_back(name, iris, path):
    check(LINEAR[name].fit(*iris), iris[0], path)


def test_a_model_that_cannot_transform_comes_back(iris, path):
    model = LinearDiscriminantAnalysis("lsqr").fit(*iris)
    assert_same(model.predict_proba(iris[0]), through(model, path).predict_proba(iris[0]))


@pytest.mark.parametrize("cls", [LinearRegression, Ridge, MultiTaskLasso])
def test_several_targets_of_linear_models_come_back(cls, diabetes, path):
    X, y = diabetes
    check(cls().fit(X, np.column_stack([y, y[::-1], y**2])), X, path)


def test_several_labels_come_back(iris, path):
    X, y = iris
    check(RidgeClassifier().fit(X, y[:, None] == [0, 1]), X, path)
    with pytest.warns(match="column-vector y"):
        check(RidgeClassifier().fit(X, y[:, None]), X, path)


@pytest.mark.parametrize("cls", [LogisticRegression, SGDClassifier, LinearSVC])
def test_sparse_coefficients_come_back(cls, iris, path):
    check(cls(random_state=0).fit(*iris).sparsify(), iris[0], path)


@pytest.mark.parametrize("average", [False, True])
def test_a_descent_goes_on_after_loading(average, iris, path):
    X, y = iris
    model = SGDClassifier(average=average, random_state=0).partial_fit(X[::2], y[::2], classes=[0, 1, 2])
    again = through(model, path)
    assert_same(model.partial_fit(X, y).coef_, again.partial_fit(X, y).coef_)


TREES = {
    "best first": RandomForestClassifier(7, max_leaf_nodes=9, random_state=0),
    "entropy": DecisionTreeClassifier(criterion="entropy", random_state=0),
    "weights": DecisionTreeClassifier(class_weight={0: 0.3, 1: 1.7, 2: 1.1}, random_state=0),
    "pruned": RandomForestClassifier(5, ccp_alpha=0.02, random_state=0),
    "samples": RandomForestClassifier(25, max_samples=0.4, oob_score=True, random_state=0),
    "stumps": RandomForestClassifier(5, max_depth=1, random_state=0),
    "absolute": DecisionTreeRegressor(criterion="absolute_error", max_depth=4, random_state=0),
    "poisson": RandomForestRegressor(5, criterion="poisson", random_state=0),
    "random": ExtraTreesRegressor(5, random_state=0),
    "leaf": DecisionTreeRegressor(min_samples_leaf=150),
    "boosting leaf": HistGradientBoostingRegressor(min_samples_leaf=150, max_iter=3),
}


@pytest.mark.parametrize("name", TREES)
def test_trees_of_all_kinds_come_back(name, iris, path):
    X = iris[0].copy()
    X[::7, 2] = np.nan
    check(TREES[name].fit(X, iris[1]), X, path)


@pytest.mark.parametrize("cls", [DecisionTreeClassifier, RandomForestClassifier, RandomForestRegressor])
def test_several_outputs_come_back(cls, iris, path):
    y = np.stack([iris[1], iris[1] % 2], axis=1)
    check(cls(random_state=0).fit(iris[0], y), iris[0], path)


def test_random_weights_come_back(diabetes, path):
    weight = np.random.RandomState(0).rand(len(diabetes[1]))
    check(RandomForestRegressor(5, random_state=0).fit(*diabetes, sample_weight=weight), diabetes[0], path)


ENSEMBLES = {
    "votes": AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=5, random_state=0),
    "medians": AdaBoostRegressor(n_estimators=5, random_state=0),
    "other estimators": AdaBoostRegressor(KNeighborsRegressor(), n_estimators=3, random_state=0),
    "drawn features": BaggingClassifier(n_estimators=5, max_features=2, oob_score=True, random_state=0),
    "drawn with replacement": BaggingRegressor(n_estimators=5, bootstrap_features=True, random_state=0),
    "stages of several trees": GradientBoostingClassifier(n_estimators=5, subsample=0.7, random_state=0),
    "from an estimator": GradientBoostingRegressor(
        n_estimators=3, init=DecisionTreeRegressor(max_depth=2, random_state=0), random_state=0
    ),
    "from zero": GradientBoostingRegressor(n_estimators=3, init="zero", loss="huber", random_state=0),
    "isolation": IsolationForest(n_estimators=5, max_features=2, bootstrap=True, random_state=0),
}


@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
@pytest.mark.parametrize("name", ENSEMBLES)
def test_ensembles_of_all_kinds_come_back(name, iris, path):
    check(ENSEMBLES[name].fit(*iris), iris[0], path)


def test_trees_that_were_changed_come_back(iris, path):
    model = AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=4, random_state=0).fit(*iris)
    model.estimators_[1].set_params(max_depth=7)
    again = check(model, iris[0], path)
    assert [est.max_depth for est in again] == [est.max_depth for est in model]


@pytest.mark.parametrize("cls", [BaggingClassifier, GradientBoostingClassifier, IsolationForest])
def test_ensembles_grow_on_after_loading(cls, iris, path):
    model = cls(n_estimators=3, warm_start=True, random_state=0).fit(*iris)
    again = through(model, path)
    for est in (model, again):
        est.set_params(n_estimators=6).fit(*iris)
    assert_same(model.predict(iris[0]), again.predict(iris[0]))


@pytest.mark.parametrize("labels", [["a", "bb", "ccc"], [True, False, True], [2.0, 1.0, 0.0]])
def test_labels_of_all_kinds_come_back(labels, iris, path):
    check(RandomForestClassifier(3, random_state=0).fit(iris[0], np.array(labels)[iris[1]]), iris[0], path)


def test_labels_as_objects_come_back(iris, path):
    y = np.array(["a", "bb", "ccc\0"], dtype=object)[iris[1]]
    check(RandomForestClassifier(3, random_state=0).fit(iris[0], y), iris[0], path)


@pytest.mark.parametrize("cls", [HistGradientBoostingClassifier, HistGradientBoostingRegressor])
def test_categories_come_back(cls, path):
    pandas = pytest.importorskip("pandas", reason="columns with names")
    rng = np.random.RandomState(0)
    frame = pandas.DataFrame({
        "number": rng.randn(500),
        "letter": pandas.Categorical(np.array(["x", "y", "z", None], dtype=object)[rng.randint(4, size=500)]),
        "code": pandas.Categorical(rng.randint(5, size=500)),
    })  # fmt: skip
    y = (frame["number"] > 0) ^ (frame["letter"] == "x")
    model = cls(max_iter=5).fit(frame, y)
    frame.loc[:5, "letter"] = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(model, frame, path)


def test_categories_of_arrays_come_back(path):
    X = np.random.RandomState(0).randint(6, size=(300, 2)).astype(float)
    X[::9, 0] = np.nan
    model = HistGradientBoostingRegressor(max_iter=5, categorical_features=[0]).fit(
        X, X[:, 1] + (X[:, 0] == 3)
    )
    check(model, np.concatenate([X, [[77.0, 1.0]]]), path)


def test_boosting_goes_on_after_loading(breast_cancer, path):
    X, y = breast_cancer
    model = HistGradientBoostingClassifier(max_iter=5, warm_start=True, random_state=0).fit(X, y)
    again = through(model, path)
    for est in (model, again):
        est.set_params(max_iter=10).fit(X, y)
    assert_same(model.predict_proba(X), again.predict_proba(X))


def test_a_stream_goes_on_after_loading(iris, path):
    X = iris[0]
    model = MiniBatchKMeans(3, random_state=0).partial_fit(X[::2])
    again = through(model, path)
    assert_same(model.partial_fit(X[1::2]).cluster_centers_, again.partial_fit(X[1::2]).cluster_centers_)


@pytest.mark.parametrize("p", [1, 2, np.inf, 3.5])
def test_kd_trees_come_back(p, iris, path):
    model = KNeighborsClassifier(algorithm="kd_tree", p=p, leaf_size=7).fit(*iris)
    again = check(model, iris[0], path)
    assert again._tree.data is again._fit_X  # kept once
    assert path.stat().st_size < 1.5 * iris[0].nbytes + 2000


def test_parameters_of_all_kinds_come_back(path):
    state = np.random.RandomState(3)
    state.randn(3)
    values = {"tuple": (1, [2.5, None]), "set": {"a", "b"}, 7: np.float32(0.1), "nan": np.nan, "inf": -np.inf,
              "int": np.int8(3), "text": np.str_("ü"), "large": 2**70, "frozen": frozenset([1])}  # fmt: skip
    for params in ({"metric_params": values}, {"leaf_size": 3}):
        assert_same_model(NearestNeighbors(**params), through(NearestNeighbors(**params), path))
    est = KMeans(random_state=state, init=np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    again = through(est, path)
    assert_same_model(est, again)
    assert again.random_state.randn() == state.randn()
    est = KMeans(init=np.arange(6, dtype=">i4").reshape(2, 3))
    assert_same_model(est, through(est, path))


def test_pipelines_come_back(iris, path):
    model = make_pipeline(StandardScaler(), "passthrough", KNeighborsClassifier()).fit(*iris)
    assert_same(model.predict_proba(iris[0]), through(model, path).predict_proba(iris[0]))


def test_forests_take_a_fraction_of_their_pickle(digits, path):
    model = RandomForestClassifier(20, random_state=0).fit(*digits)
    fastml.save_model(model, path)
    assert path.stat().st_size < len(pickle.dumps(model)) / 10


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(width=64) | st.floats(width=32) | st.integers(-300, 300).map(float)), st.booleans())
def test_columns_come_back(values, constant):
    values = np.array(values, np.float64)
    packed = pack(values, constant)
    assert unpack(packed, len(values), np.float64).tobytes() == values.tobytes()
    assert constant or len(packed["values"]) == len(values)


def test_thresholds_take_five_bytes():
    low = np.random.RandomState(0).rand(1000).astype(np.float32).astype(np.float64)
    packed = pack((low[1:] + low[:-1]) / 2)
    assert {part.dtype for part in packed.values()} == {np.dtype(np.float32), np.dtype(np.uint8)}


# ---- what cannot be saved ---------------------------------------------------------------------------------
def test_a_callable_is_refused_by_name(path):
    est = NearestNeighbors(metric=max)
    with pytest.raises(TypeError, match=r"NearestNeighbors\.metric cannot be saved"):
        fastml.save_model(est, path)
    assert not list(path.parent.iterdir())


def test_an_array_of_objects_is_refused_by_name(iris, path):
    est = KMeans(2, random_state=0).fit(iris[0])
    est.labels_ = np.array([None, max], dtype=object)
    with pytest.raises(TypeError, match=r"KMeans\.labels_ cannot be saved"):
        fastml.save_model(est, path)


def test_foreign_objects_are_refused_by_name(iris, path):
    from sklearn.svm import SVC as Theirs

    class Own(KMeans):
        pass

    with pytest.raises(TypeError, match="SVC"):
        fastml.save_model(Theirs(), path)
    with pytest.raises(TypeError, match="Own"):
        fastml.save_model(Own(), path)
    with pytest.raises(TypeError, match=r"Pipeline\.steps.*SVC"):
        fastml.save_model(make_pipeline(StandardScaler(), Theirs()), path)
    with pytest.raises(TypeError, match=r"NearestNeighbors\._sklearn"):
        fastml.save_model(NearestNeighbors().fit(sparse.csr_matrix(iris[0])), path)
    est = SVC().fit(sparse.csr_matrix(iris[0]), iris[1])
    est.support_vectors_ = est.support_vectors_.tocoo()
    with pytest.raises(TypeError, match=r"SVC\.support_vectors_ cannot be saved"):
        fastml.save_model(est, path)


def test_values_within_themselves_are_refused(path):
    values = []
    values.append(values)
    with pytest.raises(TypeError, match="too deep"):
        fastml.save_model(NearestNeighbors(metric_params={"v": values}), path)


def test_a_failure_leaves_the_old_file(path):
    fastml.save_model(KMeans(5), path)
    with pytest.raises(TypeError):
        fastml.save_model(NearestNeighbors(metric=max), path)
    assert fastml.load_model(path).n_clusters == 5
    assert list(path.parent.iterdir()) == [path]


# ---- what cannot be loaded --------------------------------------------------------------------------------
def contents(path):
    with safetensors.safe_open(os.fspath(path), framework="numpy") as file:
        return json.loads(file.metadata()["fastml"]), {name: file.get_tensor(name) for name in file.keys()}


def write(path, described, arrays):
    safetensors.numpy.save_file(arrays, path, metadata={"fastml": json.dumps(described)})


def refused(path, match=None):
    with pytest.raises(ValueError, match=match) as caught:
        fastml.load_model(path)
    assert str(path) in str(caught.value)


def state_of(described, *names):
    """The JSON of an attribute's kind, or of its parts."""
    found = described["model"]["estimator"]["state"][names[0]]
    found = found.get("kind", [None, found])[1]
    for name in names[1:]:
        found = dict(map(tuple, found["dict"]))[name]
    return found


def array_of(described, arrays, *names):
    return arrays[state_of(described, *names, "values")["array"]]


def test_other_files_are_refused(path):
    for text in (b"", b"no model", pickle.dumps(KMeans()), bytes(100)):
        path.write_bytes(text)
        refused(path)
    safetensors.numpy.save_file({"a": np.zeros(3)}, path)
    refused(path, "no model of fastml's")
    with pytest.raises(FileNotFoundError):
        fastml.load_model(path.with_name("missing"))


def test_newer_formats_are_refused(path):
    fastml.save_model(KMeans(), path)
    described, arrays = contents(path)
    write(path, {**described, "format": 2, "version": "9.9"}, arrays)
    refused(path, r"format 2.*9\.9")
    described["model"]["estimator"]["params"]["later"] = 1
    write(path, described, arrays)
    refused(path, "no parameter later")


def test_other_versions_are_reported(path, iris):
    fastml.save_model(KMeans(2, random_state=0).fit(iris[0]), path)
    described, arrays = contents(path)
    described["model"]["estimator"]["state"]["_fastml_version"] = "0.0.1"
    write(path, described, arrays)
    with pytest.warns(fastml.exceptions.InconsistentVersionWarning):
        fastml.load_model(path)


@pytest.mark.parametrize("name", ["os.system", "BaseEstimator", "VotingClassifier", "", None, ["KMeans"]])
def test_unknown_classes_are_refused(name, path):
    fastml.save_model(KMeans(), path)
    described, arrays = contents(path)
    described["model"]["estimator"]["class"] = name
    write(path, described, arrays)
    refused(path, "no estimator|no class")


@pytest.mark.parametrize(
    "name", ["__class__", "__dict__", "predict", "fit", "a b", "_constraints", "n_clusters"]
)
def test_attributes_that_no_fit_sets_are_refused(name, path, iris):
    fastml.save_model(KMeans(2, random_state=0).fit(iris[0]), path)
    described, arrays = contents(path)
    described["model"]["estimator"]["state"][name] = 1
    write(path, described, arrays)
    refused(path, "is no attribute")


@pytest.mark.parametrize("value", [
    {"code": "print()"}, {}, {"kind": ["lambda", {"dict": []}]}, {"scalar": ["object", 1]},
    {"dict": [[{"dict": []}, 1]]}, {"array": "missing"}, {"float": "1e5"}, {"set": [[]]},
    {"objects": [1, 2], "shape": [2**40, 2**40]}, {"objects": [{"dict": []}], "shape": [1]},
    {"kind": ["random state", {"dict": [["bit_generator", "MT19937"]]}]},
])  # fmt: skip
def test_unknown_values_are_refused(value, path):
    fastml.save_model(KMeans(), path)
    described, arrays = contents(path)
    described["model"]["estimator"]["params"]["init"] = value
    write(path, described, arrays)
    refused(path)


def test_parameters_are_validated(path):
    fastml.save_model(KMeans(), path)
    described, arrays = contents(path)
    described["model"]["estimator"]["params"]["n_clusters"] = -3
    write(path, described, arrays)
    refused(path, "n_clusters")


def test_values_too_deep_are_refused(path):
    fastml.save_model(KMeans(), path)
    described, arrays = contents(path)
    for n in (300, 100_000):
        text = json.dumps(described).replace('"init": "k-means++"', '"init": ' + "[" * n + "]" * n)
        safetensors.numpy.save_file(arrays, path, metadata={"fastml": text})
        refused(path)


def test_arrays_of_another_shape_are_refused(path, iris):
    X, y = iris
    for est, name in (
        (KMeans(2, random_state=0), "cluster_centers_"), (StandardScaler(), "mean_"),
        (StandardScaler(), "scale_"),
        (MinMaxScaler(), "min_"), (KNeighborsClassifier(), "_fit_X"), (KNeighborsClassifier(), "_y"),
        (HistGradientBoostingClassifier(max_iter=2), "_baseline"), (RandomForestClassifier(2), "classes_"),
    ):  # fmt: skip
        fastml.save_model(est.fit(X, y), path)
        described, arrays = contents(path)
        key = state_of(described, name)["array"]
        good = arrays[key]
        for bad in (
            good[..., :-1],
            good.astype(np.complex64).view(np.float32),
            good[None],
            np.zeros(0, good.dtype),
        ):
            write(path, described, {**arrays, key: np.ascontiguousarray(bad)})
            refused(path)


def test_neighbours_classes_stay_in_their_range(path, iris):
    fastml.save_model(KNeighborsClassifier().fit(*iris), path)
    described, arrays = contents(path)
    for bad in (-1, 3, 2**40):
        arrays[state_of(described, "_y")["array"]][5] = bad
        write(path, described, arrays)
        refused(path, "class is none")


# ---- linear models and machines that lead astray -----------------------------------------------------------
@pytest.mark.parametrize(("part", "bad"), [
    ("indices", lambda part: part + 4), ("indices", lambda part: part - 1),
    ("indices", lambda part: part[1:]), ("indices", lambda part: part.astype(np.int64)),
    ("indices", lambda part: part.astype(float)), ("indptr", lambda part: part[:-1]),
    ("indptr", lambda part: part[::-1]), ("indptr", lambda part: part + 1),
    ("indptr", lambda part: part[:, None]), ("indptr", lambda part: np.r_[part[:-1], part[-1] + 9]),
    ("indptr", lambda part: np.r_[0, 2**31 - 1, -(2**31), part[3:]].astype("i4")),
    ("indptr", lambda part: part[:0]),
    ("data", lambda part: part[:-1]), ("data", lambda part: part.astype(int)),
    ("shape", (2, 4)), ("shape", (-1, 4)), ("shape", (47.0, 4)), ("shape", [47, 4]), ("shape", (47, 2**80)),
    ("shape", None), ("class", "csc_matrix"), ("class", "eye"), ("class", ["csr_matrix"]), ("class", None),
])  # fmt: skip
@pytest.mark.parametrize("name", ["support_vectors_", "_dual_coef_"])
def test_numbers_out_of_their_sparse_matrix_are_refused(name, part, bad, path, iris):
    fastml.save_model(SVC(C=2).fit(sparse.csr_matrix(iris[0]), iris[1]), path)
    described, arrays = contents(path)
    if callable(bad):
        key = state_of(described, name, part)["array"]
        arrays[key] = np.ascontiguousarray(bad(arrays[key]), bad(arrays[key]).dtype)
    else:
        written = {"tuple": list(bad)} if type(bad) is tuple else bad
        entries = state_of(described, name)["dict"]
        next(entry for entry in entries if entry[0] == part)[1] = written
    write(path, described, arrays)
    refused(path)


def test_arrays_that_are_parts_of_two_matrices_are_copied(path, iris):
    model = through(SVC().fit(sparse.csr_matrix(iris[0]), iris[1]), path)
    fastml.save_model(model, path)
    described, arrays = contents(path)
    for entries in (state_of(described, name)["dict"] for name in ("dual_coef_", "_dual_coef_")):
        next(entry for entry in entries if entry[0] == "data")[1] = {"array": "both"}
    write(path, described, {**arrays, "both": model.dual_coef_.data})
    again = fastml.load_model(path)
    again.dual_coef_.data[:] = 0
    assert_same(again.predict(iris[0]), model.predict(iris[0]))


@pytest.mark.parametrize(("name", "attribute", "bad"), [
    ("machine", "_probA", np.zeros(2)), ("machine", "_probB", np.zeros((3, 1))), ("machine", "_gamma", "1"),
    ("machine", "_sparse", True), ("machine", "_sparse", 0), ("machine", "support_", np.zeros(3, int)),
    ("machine", "_n_support", np.array([50, 50, 50], np.int32)), ("machine", "_intercept_", np.zeros(2)),
    ("machine", "_dual_coef_", np.zeros((3, 150))), ("machine", "support_vectors_", np.zeros((3, 4))),
    ("sparse machine", "_sparse", False), ("sparse machine", "_dual_coef_", np.zeros((2, 3))),
    ("sparse machine", "support_vectors_", sparse.csr_matrix((3, 4))),
    ("sparse machine", "support_vectors_", sparse.csr_matrix((150, 4), dtype=int)),
    ("discriminant", "coef_", np.zeros((0, 4))), ("discriminant", "coef_", np.zeros((3, 5))),
    ("discriminant", "classes_", np.arange(2)), ("discriminant", "n_features_in_", 3),
    ("logistic", "coef_", np.zeros((0, 4))), ("logistic", "coef_", np.zeros((3, 4), int)),
    ("logistic", "coef_", np.zeros((3, 4, 1))), ("logistic", "coef_", sparse.csr_matrix((3, 5))),
    ("logistic", "intercept_", np.zeros(2)), ("logistic", "intercept_", None),
    ("logistic", "classes_", [0, 1, 2]), ("logistic", "classes_", np.arange(4)),
    ("descent", "_standard", (np.zeros((3, 3)), np.zeros(3))), ("descent", "_average", None),
    ("descent", "_average", (np.zeros((3, 4)), np.zeros(2))),
], ids=str)  # fmt: skip
def test_linear_models_whose_parts_do_not_fit_are_refused(name, attribute, bad, path, iris):
    X, y = iris
    est = MODELS[name].fit(sparse.csr_matrix(X) if name.startswith("sparse") else X, y)
    setattr(est, attribute, bad)
    fastml.save_model(est, path)
    refused(path)


# ---- trees that lead astray -----------------------------------------------------------------------------
def test_a_tree_of_an_unknown_feature_is_refused(path, iris):
    for est, names in (
        (DecisionTreeClassifier(random_state=0), ("tree_", "feature")),
        (RandomForestClassifier(3, random_state=0), ("_forest", "trees", "feature")),
        (HistGradientBoostingClassifier(max_iter=2), ("_records", "feature")),
    ):
        fastml.save_model(est.fit(*iris), path)
        described, arrays = contents(path)
        for bad in (4, 200):
            array_of(described, arrays, *names)[1] = bad
            write(path, described, arrays)
            refused(path, "asks for no feature")


@pytest.mark.parametrize("bad", ["cycle", "itself", "outside", "far", "negative", "shared"])
def test_children_out_of_place_are_refused(bad, path, iris, breast_cancer):
    forest = RandomForestClassifier(3, max_leaf_nodes=6, random_state=0).fit(*iris)
    boosted = HistGradientBoostingClassifier(max_iter=2).fit(*breast_cancer)
    n_inner = [
        int((boosted._records.nodes["is_leaf"] == 0).sum()),
        sum(tree.n_leaves - 1 for tree in forest._forest.trees),
    ]
    for est, get in ((forest, lambda state: state["children"][0]), (boosted, lambda state: state["left"])):
        fastml.save_model(est, path)
        described, arrays = contents(path)
        state = state_of(described, *(("_forest", "trees") if est is forest else ("_records",)))
        column = get(dict(state["dict"]))
        key, left = (
            "changed",
            unpack(
                {name: arrays[part["array"]] for name, part in column["dict"]},
                n_inner[est is forest],
                np.int64,
            ),
        )
        left[1] = {"cycle": 0, "itself": 1, "outside": 61, "far": 2**40, "negative": -1, "shared": left[0]}[
            bad
        ]
        column["dict"] = [["values", {"array": key}]]
        write(path, described, {**arrays, key: left})
        refused(path)


def test_shapes_that_are_no_trees_are_refused(path, iris):
    fastml.save_model(RandomForestClassifier(3, random_state=0).fit(*iris), path)
    described, arrays = contents(path)
    bits = state_of(described, "_forest", "trees", "inner")["array"]
    sizes = state_of(described, "_forest", "trees", "sizes", "values")["array"]
    good_bits, good_sizes = arrays[bits], arrays[sizes]
    for flags in (
        ~good_bits,
        good_bits[:-1],
        np.zeros_like(good_bits),
        np.zeros(0, np.uint8),
        good_bits[::-1].copy(),
    ):
        write(path, described, {**arrays, bits: flags})
        refused(path)
    for wrong in (good_sizes + 2, good_sizes[:-1], 0 * good_sizes, np.array([2**31 - 1] * 3), good_sizes[:0]):
        write(path, described, {**arrays, sizes: wrong})
        refused(path)


def spoil(est, part, bad):
    """Give an ensemble a part that does not fit the others."""
    value = vars(est)[part]
    if bad == "fewer":
        setattr(est, part, value[:-1])
    elif bad == "of another feature":
        value[-1] = value[-1] + 3
    elif bad == "of fewer features":
        value[-1] = DecisionTreeClassifier().fit(np.eye(3), [0, 1, 2])
    elif bad == "of more outputs":
        value[...] = DecisionTreeRegressor().fit(np.eye(4), np.eye(4))
    else:
        setattr(est, part, bad)


@pytest.mark.parametrize(("name", "part", "bad"), [
    ("votes", "estimator_weights_", "fewer"), ("votes", "estimators_", "of fewer features"),
    ("votes", "n_classes_", 2), ("votes", "classes_", 3), ("votes", "estimators_", []),
    ("medians", "estimator_weights_", "fewer"), ("medians", "n_features_in_", 3),
    ("drawn features", "estimators_features_", "fewer"), ("drawn features", "n_features_in_", 2),
    ("drawn features", "estimators_features_", "of another feature"),
    ("drawn features", "estimators_", "of fewer features"),
    ("drawn with replacement", "estimators_features_", "of another feature"),
    ("stages of several trees", "n_trees_per_iteration_", 2), ("stages of several trees", "_prior", "fewer"),
    ("stages of several trees", "estimators_", "of more outputs"), ("from zero", "n_features_in_", 3),
    ("from an estimator", "n_features_in_", 3),
    ("isolation", "estimators_features_", "fewer"), ("isolation", "n_features_in_", 3),
    ("isolation", "estimators_features_", "of another feature"), ("isolation", "_how", None),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
def test_ensembles_whose_parts_do_not_fit_are_refused(name, part, bad, iris, path):
    est = ENSEMBLES[name].fit(*iris)
    spoil(est, part, bad)
    fastml.save_model(est, path)
    refused(path)


@pytest.mark.parametrize("name", ["_n_classes", "n_features_in_"])
def test_forests_without_numbers_are_refused(name, iris, path):
    est = RandomForestRegressor(2, random_state=0).fit(*iris)
    del vars(est)[name]
    fastml.save_model(est, path)
    refused(path)


def test_sets_of_categories_that_are_missing_are_refused(path):
    X = np.random.RandomState(0).randint(6, size=(300, 1)).astype(float)
    fastml.save_model(
        HistGradientBoostingRegressor(max_iter=3, categorical_features=[0]).fit(X, X[:, 0] == 3), path
    )
    described, arrays = contents(path)
    key = state_of(described, "_records", "sets")["array"]
    for bad in (arrays[key][:-1], arrays[key][:, :4], arrays[key].astype(np.int64)):
        write(path, described, {**arrays, key: np.ascontiguousarray(bad)})
        refused(path, "sets of categories")


MODELS = {
    "forest": RandomForestClassifier(3, random_state=0),
    "best first": RandomForestRegressor(3, max_leaf_nodes=8, random_state=0),
    "boosting": HistGradientBoostingClassifier(max_iter=3),
    "neighbours": KNeighborsClassifier(algorithm="kd_tree"),
    "votes": AdaBoostClassifier(n_estimators=3, random_state=0),
    "drawn features": BaggingRegressor(n_estimators=2, max_features=2, random_state=0),
    "stages": GradientBoostingClassifier(n_estimators=2, random_state=0),
    "isolation": IsolationForest(n_estimators=3, max_features=2, random_state=0),
    "clusters": KMeans(3, random_state=0),
    "scaler": StandardScaler(),
    "machine": SVC(),
    "sparse machine": SVC(),
    "sparse one class": OneClassSVM(),
    "discriminant": LinearDiscriminantAnalysis(),
    "logistic": LogisticRegression(max_iter=1000),
    "descent": SGDClassifier("log_loss", average=True, random_state=0),
    "outliers of a line": HuberRegressor(max_iter=1000),
    "labels": RidgeClassifier(),
}


def load_and_use(path, X):
    """Load a damaged file: it must be refused, or be a model whose use stays in its arrays."""
    try:
        model = fastml.load_model(path)
    except ValueError:
        return False
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for name in ("predict", "predict_proba", "decision_function", "transform", "apply"):
            if hasattr(model, name) and not (name == "transform" and hasattr(model, "predict")):
                try:
                    getattr(model, name)(X)
                except (ValueError, TypeError, IndexError, AttributeError, KeyError, OverflowError):
                    return False
    return True


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_damaged_files_do_no_harm(name, path, iris):
    X, y = iris
    y = y[:, None] == [0, 1] if name == "labels" else y
    fastml.save_model(MODELS[name].fit(sparse.csr_matrix(X) if name.startswith("sparse") else X, y), path)
    good = path.read_bytes()
    for stop in range(0, len(good), max(1, len(good) // 60)):
        path.write_bytes(good[:stop])
        refused(path)
    rng, body = np.random.RandomState(0), 8 + int.from_bytes(good[:8], "little")
    harmless = 0
    for i in range(300):
        data = bytearray(good)
        low, high = ((0, body), (body, len(good)))[i % 2]
        for place in rng.randint(low, high, size=1 + i % 4):
            data[place] = rng.randint(256)
        path.write_bytes(bytes(data))
        harmless += load_and_use(path, X)
    assert harmless < 300
    path.write_bytes(good)
    assert load_and_use(path, X)


def test_without_the_library_the_error_names_the_extra(python, tmp_path):
    printed = python(f"""
        import sys
        sys.modules["safetensors"] = None
        import fastml
        from fastml.cluster import KMeans
        path = {str(tmp_path / "m")!r}
        for call in (lambda: fastml.save_model(KMeans(), path), lambda: fastml.load_model(path)):
            try:
                call()
            except ImportError as error:
                print(error)
    """)
    assert printed.count("fastml[files]") == 2


def test_plain_models_load_without_scikit_learn(python, path, iris):
    fastml.save_model(RandomForestClassifier(3, random_state=0).fit(*iris), path)
    printed = python(f"""
        import sys
        import numpy as np
        import fastml
        fastml.load_model({str(path)!r}).predict(np.zeros((2, 4)))
        print("sklearn" in sys.modules)
    """)
    assert printed == "False\n"
