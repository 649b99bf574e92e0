"""The scalers against scikit-learn's: attributes, results, errors and warnings."""

import inspect
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import sklearn.preprocessing as theirs
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone

import fastml.preprocessing as ours

SETTINGS = [
    ("StandardScaler", {}),
    ("StandardScaler", {"with_mean": False}),
    ("StandardScaler", {"with_std": False}),
    ("StandardScaler", {"with_mean": False, "with_std": False}),
    ("MinMaxScaler", {}),
    ("MinMaxScaler", {"feature_range": (-3, 1.5), "clip": True}),
    ("MaxAbsScaler", {}),
    ("MaxAbsScaler", {"clip": True}),
    ("RobustScaler", {}),
    ("RobustScaler", {"quantile_range": (5.0, 80.0), "unit_variance": True}),
    ("RobustScaler", {"quantile_range": (0, 100), "with_centering": False}),
    ("RobustScaler", {"with_scaling": False}),
    ("RobustScaler", {"with_centering": False, "with_scaling": False}),
    ("Normalizer", {}),
    ("Normalizer", {"norm": "l1"}),
    ("Normalizer", {"norm": "max"}),
]
DATA = ["iris", "wine", "breast_cancer", "digits"]
NAMES = sorted({name for name, _ in SETTINGS})
BATCHED = ["StandardScaler", "MinMaxScaler", "MaxAbsScaler"]
GAPS = [name for name in NAMES if name != "Normalizer"]

each_setting = pytest.mark.parametrize(
    ("name", "params"), SETTINGS, ids=[f"{name}-{'-'.join(map(str, p))}" for name, p in SETTINGS]
)
each_name = pytest.mark.parametrize("name", NAMES)
each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64], ids=lambda d: d.__name__)


def pair(name, params=None):
    return getattr(ours, name)(**(params or {})), getattr(theirs, name)(**(params or {}))


def tolerance(dtype):
    return 3e-6 if dtype == np.float32 else 1e-12


def close(found, expected, dtype, what=""):
    """Same type, dtype and shape, and values that are equal up to rounding."""
    assert type(found) is type(expected), what
    if isinstance(expected, (np.ndarray, np.generic)):
        assert found.dtype == expected.dtype, what
        assert found.shape == expected.shape, what
    if expected is not None:
        size = np.nanmax(np.abs(expected), initial=1e-300)
        rtol = tolerance(dtype)
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * size, err_msg=what)


def same_state(mine, other, dtype):
    fitted = {key for key in vars(other) if key.endswith("_")}
    assert {key for key in vars(mine) if key.endswith("_")} == fitted
    for key in fitted - {"feature_names_in_"}:
        close(getattr(mine, key), getattr(other, key), dtype, key)


def same_outcome(mine, other, call):
    """Both return, or both raise the same error with the same text."""
    outcomes = []
    for est in (mine, other):
        try:
            outcomes.append(call(est))
        except Exception as error:
            outcomes.append((type(error).__name__, str(error)))
    assert outcomes[0] == outcomes[1]
    return outcomes[0]


# ---- signatures


@each_name
def test_parameters_are_scikit_learns_and_a_device_last(name):
    mine = inspect.signature(getattr(ours, name)).parameters
    other = inspect.signature(getattr(theirs, name)).parameters
    assert list(mine) == [*other, "device"]
    for key, parameter in other.items():
        assert (mine[key].default, mine[key].kind) == (parameter.default, parameter.kind)
    assert mine["device"].default is None


@each_name
def test_methods_are_scikit_learns(name):
    mine, other = getattr(ours, name), getattr(theirs, name)
    methods = [m for m in dir(other) if not m.startswith("_") and callable(getattr(other, m))]
    assert not [m for m in methods if not hasattr(mine, m)]
    for method in ("fit", "partial_fit", "transform", "inverse_transform"):
        if hasattr(other, method):
            found = inspect.signature(getattr(mine, method)).parameters
            assert [(p.name, p.default) for p in found.values()] == [
                (p.name, p.default) for p in inspect.signature(getattr(other, method)).parameters.values()
            ]
        else:
            assert not hasattr(mine, method)


@each_setting
def test_tags_are_scikit_learns(name, params):
    mine, other = pair(name, params)
    tags, expected = mine.__sklearn_tags__(), other.__sklearn_tags__()
    for part in ("input_tags", "transformer_tags"):
        assert getattr(tags, part) == getattr(expected, part)
    assert tags.requires_fit == expected.requires_fit


def test_other_names_are_scikit_learns():
    assert ours.OneHotEncoder is theirs.OneHotEncoder
    assert ours.scale is theirs.scale
    with pytest.raises(AttributeError, match="NoSuchScaler"):
        ours.NoSuchScaler  # noqa: B018


# ---- real data


@each_dtype
@pytest.mark.parametrize("data", DATA)
@each_setting
def test_real_data(name, params, data, dtype, request):
    X = request.getfixturevalue(data)[0].astype(dtype)
    X.flags.writeable = False
    mine, other = pair(name, params)
    found, expected = mine.fit_transform(X), other.fit_transform(X)
    same_state(mine, other, X.dtype)
    close(found, expected, X.dtype)
    close(mine.transform(X), expected, X.dtype)
    if hasattr(other, "inverse_transform"):
        close(mine.inverse_transform(expected), other.inverse_transform(expected), X.dtype)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("name", BATCHED)
def test_batches(name, data, request):
    X = request.getfixturevalue(data)[0]
    mine, other = pair(name)
    for batch in np.array_split(X, [1, 2, 40, 100]):
        mine.partial_fit(batch)
        other.partial_fit(batch)
        same_state(mine, other, X.dtype)
    whole = clone(mine).fit(X)
    close(mine.scale_, whole.scale_, X.dtype)
    # fit forgets the batches.
    same_state(mine.fit(X), whole, X.dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize(
    "params", [{}, {"with_std": False}, {"with_mean": False, "with_std": False}], ids=str
)
def test_sample_weight(params, dtype, wine):
    X = wine[0].astype(dtype)
    weights = np.random.RandomState(0).randint(0, 3, len(X))
    mine, other = pair("StandardScaler", params)
    for w in (weights, weights.astype(dtype), list(weights), 2.5):
        same_state(mine.fit(X, sample_weight=w), other.fit(X, sample_weight=w), X.dtype)
    for part in (slice(0, 60), slice(60, None)):
        mine.partial_fit(X[part], sample_weight=weights[part])
        other.partial_fit(X[part], sample_weight=weights[part])
    same_state(mine, other, X.dtype)


def test_whole_weights_are_repetitions(wine):
    X = wine[0]
    weights = np.random.RandomState(0).randint(0, 4, len(X))
    weighted = ours.StandardScaler().fit(X, sample_weight=weights)
    repeated = ours.StandardScaler().fit(np.repeat(X, weights, axis=0))
    close(weighted.mean_, repeated.mean_, X.dtype)
    close(weighted.var_, repeated.var_, X.dtype)


# ---- random data


@st.composite
def matrices(draw, gaps=True):
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))
    # Not so small that squares underflow, nor so large that they overflow in float32
    numbers = st.floats(-1000, 1000, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3)
    X = draw(hnp.arrays(dtype, shape, elements=numbers | st.just(np.nan) if gaps else numbers))
    return X, draw(st.sampled_from("CF")), draw(st.integers(1, 7))


@pytest.mark.parametrize(("name", "params"), SETTINGS[:-3])
@settings(max_examples=40, deadline=None)
@given(case=matrices())
def test_random_data_with_gaps(name, params, case):
    X, order, repeats = case
    X = np.tile(X, (repeats, 1)).copy(order)
    mine, other = pair(name, params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns of nothing but NaN
        found, expected = mine.fit_transform(X), other.fit_transform(X)
    same_state_of_data(mine, other, X)
    # A tiny scale enlarges what rounding has left of a center.
    with np.errstate(invalid="ignore"):
        slack = 8 * tolerance(X.dtype) * np.nanmax(np.abs(X), initial=1) / _smallest_scale(other)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=slack)
    assert found.dtype == expected.dtype


def same_state_of_data(mine, other, X):
    largest = np.nanmax(np.abs(X), initial=1e-300)
    for key in (key for key in vars(other) if key.endswith("_")):
        found, expected = getattr(mine, key), getattr(other, key)
        if expected is not None and not np.isnan(expected).all():
            assert np.asarray(found).dtype == np.asarray(expected).dtype
        # What is derived by a root or a reciprocal is checked on the transformed data.
        if expected is not None and not (key in ("scale_", "min_") and hasattr(other, "n_samples_seen_")):
            # Variances are as inexact as the squares of the values.
            atol = tolerance(X.dtype) * (largest**2 if key == "var_" else largest)
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=atol, err_msg=key)


def _smallest_scale(est):
    scale = getattr(est, "scale_", None)
    return 1 if scale is None or np.isnan(scale).all() else min(1, np.nanmin(scale))


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@settings(max_examples=40, deadline=None)
@given(case=matrices(gaps=False))
def test_random_samples(norm, case):
    X, order, _ = case
    mine, other = pair("Normalizer", {"norm": norm})
    found, expected = mine.fit_transform(X.copy(order)), other.fit_transform(X.copy(order))
    np.testing.assert_allclose(found, expected, rtol=4 * tolerance(X.dtype))
    assert found.dtype == X.dtype


# ---- where numbers are difficult


def test_far_from_zero():
    X = np.random.default_rng(0).normal(size=(10_000, 3)) + 1e8
    scaler = ours.StandardScaler().fit(X)
    exact = (X - 1e8).astype(np.longdouble)  # subtracted without rounding
    np.testing.assert_allclose(scaler.mean_ - 1e8, exact.mean(axis=0).astype(float), atol=1.5e-8)
    np.testing.assert_allclose(scaler.var_, exact.var(axis=0).astype(float), rtol=1e-11)
    batches = ours.StandardScaler()
    for part in np.array_split(X, 7):
        batches.partial_fit(part)
    np.testing.assert_allclose(batches.var_, scaler.var_, rtol=1e-8)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1 / 3, 1e-20, -1e8, 1e100])
@pytest.mark.parametrize("weighted", [False, True])
def test_constant_features_are_divided_by_one(value, weighted):
    for dtype in (np.float64, np.float32) if abs(value) < 1e38 else (np.float64,):
        X = np.full((100, 2), value, dtype)
        X[::7, 1] = np.nan
        weights = np.random.RandomState(0).uniform(size=100) if weighted else None
        scaler = ours.StandardScaler().fit(X, sample_weight=weights)
        assert scaler.scale_.tolist() == [1, 1]
        assert (scaler.transform(X)[:, 0] == 0).all()


def test_a_batch_without_values_changes_nothing():
    X = np.random.default_rng(0).normal(size=(20, 2))
    empty = X.copy()
    empty[:, 1] = np.nan
    scaler = ours.StandardScaler().fit(X)
    before = scaler.mean_[1], scaler.var_[1]
    scaler.partial_fit(empty)
    np.testing.assert_allclose((scaler.mean_[1], scaler.var_[1]), before, rtol=1e-15)
    assert scaler.n_samples_seen_.tolist() == [40, 20]
    late = ours.StandardScaler()
    with pytest.warns(RuntimeWarning):
        late.fit(empty)
    assert np.isnan(late.mean_[1])
    late.partial_fit(X)
    np.testing.assert_allclose(late.mean_[1], X[:, 1].mean())
    np.testing.assert_allclose(late.var_[1], X[:, 1].var())


@pytest.mark.parametrize("name", GAPS)
def test_a_feature_without_values(name):
    X = np.array([[np.nan, 1.0], [np.nan, 2.0], [np.nan, 4.0]])
    mine, other = pair(name)
    with pytest.warns(RuntimeWarning) as found:
        mine.fit(X)
    with pytest.warns(RuntimeWarning) as expected:
        other.fit(X)
    assert {str(w.message) for w in found} <= {str(w.message) for w in expected}
    assert {w.filename for w in found} == {__file__}
    same_state(mine, other, X.dtype)
    close(mine.transform(X), other.transform(X), X.dtype)


def test_half_precision():
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float16)
    X[3, 1] = np.nan
    for name in GAPS:
        mine, other = pair(name)
        found, expected = mine.fit_transform(X), other.fit_transform(X)
        assert found.dtype == expected.dtype == np.float16
        np.testing.assert_allclose(found, expected, atol=0.01)
        for key in (key for key in vars(other) if key.endswith("_")):
            assert np.asarray(getattr(mine, key)).dtype == np.asarray(getattr(other, key)).dtype, key
        again = mine.set_params(copy=False).transform(found)
        assert again is found
    X = np.nan_to_num(X)
    found = ours.Normalizer().fit_transform(X)
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, theirs.Normalizer().fit_transform(X), atol=0.01)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_overflow_is_no_infinity():
    X = np.full((40, 2), 1.7e308)
    X[:, 1] = -1e308
    for name in ("MinMaxScaler", "MaxAbsScaler"):
        mine, other = pair(name)
        close(mine.fit_transform(X), other.fit_transform(X), X.dtype)
    # The mean of two middle values overflows in scikit-learn's median.
    assert (ours.RobustScaler().fit_transform(X) == 0).all()
    assert np.isfinite(ours.Normalizer().fit_transform(X)).all()
    ours.StandardScaler().fit(X)  # no error: nothing is infinite


# ---- errors


@each_name
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("copy", [True, False])
def test_bad_values_raise_and_leave_everything_as_it_was(name, value, copy, iris):
    X = iris[0].copy()
    mine, other = pair(name, {"copy": copy})
    mine.fit(X)
    other.fit(X)
    before = pickle.dumps(mine)
    bad = X.copy()
    bad[77, 2] = value
    kept = bad.copy()
    methods = ["fit"] + ["partial_fit"] * (name in BATCHED)
    for method in methods:
        outcome = same_outcome(
            mine, other, lambda est, m=method: getattr(clone(est).fit(X), m)(bad) and "fitted"
        )
        assert (outcome == "fitted") == (np.isnan(value) and name != "Normalizer")
    for method in ["transform"] + ["inverse_transform"] * (name != "Normalizer"):
        passes = np.isnan(value) and name != "Normalizer"
        if not passes:
            same_outcome(mine, other, lambda est, m=method: getattr(est, m)(bad))
            np.testing.assert_array_equal(bad, kept)
    with pytest.raises(ValueError) if not passes else warnings.catch_warnings():
        mine.fit(bad)
    if not passes:
        assert pickle.dumps(mine) == before


def test_infinities_pass_where_scikit_learn_assumes_there_are_none():
    X = np.array([[1.0, 2.0], [np.inf, 3.0], [4.0, 5.0]])
    for name in ("MinMaxScaler", "MaxAbsScaler"):
        mine, other = pair(name)
        with sklearn.config_context(assume_finite=True), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            close(mine.fit_transform(X), other.fit_transform(X), X.dtype)


@pytest.mark.parametrize(
    ("name", "params", "call"),
    [
        ("StandardScaler", {"copy": "yes"}, lambda est: est.fit([[1.0]])),
        ("StandardScaler", {"with_mean": 1.5}, lambda est: est.partial_fit([[1.0]])),
        ("MinMaxScaler", {"feature_range": (2, 1)}, lambda est: est.fit([[1.0]])),
        ("MinMaxScaler", {"feature_range": [0, 1]}, lambda est: est.fit([[1.0]])),
        ("RobustScaler", {"quantile_range": (90, 10)}, lambda est: est.fit([[1.0]])),
        ("RobustScaler", {"quantile_range": (-1, 10)}, lambda est: est.fit([[1.0]])),
        ("Normalizer", {"norm": "l3"}, lambda est: est.fit([[1.0]])),
        *[
            (name, {}, call)
            for name in NAMES
            for call in (
                lambda est: est.fit([1.0, 2.0]),
                lambda est: est.fit(np.empty((0, 3))),
                lambda est: est.fit([["a", "b"]]),
                lambda est: est.fit(np.ones((3, 2))).transform(np.ones((3, 4))),
                lambda est: est.transform(np.ones((3, 4))).shape,
                lambda est: est.fit(np.ones((3, 2), complex)),
            )
        ],
        *[
            (name, {}, call)
            for name in GAPS
            for call in (
                lambda est: est.inverse_transform(np.ones((3, 2))),
                lambda est: est.fit(np.ones((3, 1))).inverse_transform(np.ones((3, 4))).shape,
                lambda est: est.fit(np.ones((3, 2))).inverse_transform([1.0, 2.0]),
            )
        ],
        ("StandardScaler", {}, lambda est: est.fit(np.ones((3, 2)), sample_weight=[1, 2])),
        ("StandardScaler", {}, lambda est: est.fit(np.ones((3, 2)), sample_weight=[1, np.nan, 2])),
        ("StandardScaler", {}, lambda est: est.fit(np.ones((3, 2))).partial_fit(np.ones((3, 1)))),
    ],
)
def test_errors_are_scikit_learns(name, params, call):
    same_outcome(*pair(name, params), call)


def test_a_wrong_number_of_features_to_undo():
    for name in GAPS:
        mine, other = pair(name)
        for est in (mine.fit(np.ones((3, 2))), other.fit(np.ones((3, 2)))):
            with pytest.raises(ValueError, match="broadcast"):
                est.inverse_transform(np.ones((3, 4)))


def test_statistics_set_by_hand():
    scaler = ours.StandardScaler()
    scaler.mean_, scaler.scale_ = np.array([1.0, 2.0]), np.array([2.0, 4.0])
    np.testing.assert_array_equal(scaler.transform([[3.0, 10.0]]), [[1, 2]])


# ---- memory


@each_name
def test_in_place(name, iris):
    for order in "CF":
        X = iris[0].copy(order)
        mine = getattr(ours, name)(copy=False).fit(X)
        expected = getattr(ours, name)().fit_transform(X)
        found = mine.transform(X)
        np.testing.assert_array_equal(found, expected)
        if order == "C":
            assert found is X
            if name in GAPS:
                assert mine.inverse_transform(found) is X
                np.testing.assert_allclose(X, iris[0], atol=1e-14)


@pytest.mark.parametrize("name", ["StandardScaler", "Normalizer"])
def test_copy_of_transform_overrides_the_parameter(name, iris):
    X = iris[0].copy()
    mine = getattr(ours, name)().fit(X)
    expected = mine.transform(X)
    np.testing.assert_array_equal(X, iris[0])
    assert mine.transform(X, copy=False) is X
    np.testing.assert_array_equal(X, expected)
    assert mine.set_params(copy=False).transform(X, copy=True) is not X


@each_name
def test_read_only_data_is_never_written_to(name, iris):
    X = iris[0]
    assert not X.flags.writeable
    kept = X.copy()
    found = getattr(ours, name)(copy=False).fit(X).transform(X)
    np.testing.assert_array_equal(X, kept)
    assert found.flags.writeable


@each_name
def test_layouts(name):
    base = np.random.default_rng(0).normal(size=(9000, 4)) + 3
    expected = getattr(ours, name)().fit_transform(base)
    spread = np.empty((18000, 8))
    spread[::2, ::2] = base
    for X in (np.asfortranarray(base), spread[::2, ::2], base[::-1][::-1]):
        X.flags.writeable = False
        np.testing.assert_allclose(getattr(ours, name)().fit_transform(X), expected, rtol=1e-11)
    unaligned = np.frombuffer(b"." + base.tobytes(), np.uint8)[1:].view(np.float64).reshape(base.shape)
    np.testing.assert_allclose(getattr(ours, name)().fit_transform(unaligned), expected, rtol=1e-11)


# ---- other kinds of data


@each_name
def test_dataframes(name, wine):
    X = wine[0]
    columns = [f"f{i}" for i in range(X.shape[1])]
    mine, other = pair(name)
    for frame in (pd.DataFrame(X, columns=columns), pl.DataFrame(X, schema=columns)):
        close(mine.fit_transform(frame), other.fit_transform(frame), X.dtype)
        assert list(mine.feature_names_in_) == list(mine.get_feature_names_out()) == columns
    with pytest.raises(ValueError, match="feature names"):
        mine.transform(pd.DataFrame(X, columns=columns[::-1]))


@each_name
def test_set_output(name, wine):
    X = wine[0]
    frame = pd.DataFrame(X, columns=[f"f{i}" for i in range(X.shape[1])], index=np.arange(len(X)) * 2)
    mine, other = pair(name)
    for kind in ("pandas", "polars"):
        mine.set_output(transform=kind)
        other.set_output(transform=kind)
        found, expected = mine.fit_transform(frame), other.fit_transform(frame)
        assert type(found) is type(expected)
        assert list(found.columns) == list(expected.columns)
        np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=1e-11, atol=1e-13)
    assert type(mine.set_output(transform="default").transform(frame)) is np.ndarray


@each_name
def test_pickles_and_clones(name, iris):
    mine = getattr(ours, name)().fit(iris[0])
    again = pickle.loads(pickle.dumps(mine))
    np.testing.assert_array_equal(again.transform(iris[0]), mine.transform(iris[0]))
    assert not [key for key in vars(clone(mine)) if key.endswith("_")]


@each_setting
def test_to_sklearn(name, params, wine):
    X = wine[0]
    mine, other = pair(name, params)
    twin = mine.fit(X).to_sklearn()
    assert type(twin) is type(other)
    assert twin.get_params() == other.get_params()
    close(twin.transform(X), mine.transform(X), X.dtype)
    assert not any(np.shares_memory(v, getattr(mine, k)) for k, v in vars(twin).items() if np.ndim(v))
    assert not [key for key in vars(clone(mine).to_sklearn()) if key.endswith("_")]
