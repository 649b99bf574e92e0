"""Validation: every input is treated as scikit-learn treats it, and plain inputs without scikit-learn."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

import fastml
from fastml import _lazy, _validation
from fastml._base import Estimator
from fastml._validation import (
    FLOATS,
    check_array_fast,
    check_fitted,
    check_weight,
    check_X,
    check_X_y,
    random_state,
)

rng = np.random.RandomState(0)
PLAIN = rng.rand(12, 3)


class Dummy(Estimator):
    """Takes part in validation only."""


class Theirs(BaseEstimator):
    pass


Theirs.__name__ = "Dummy"  # it occurs in messages


@pytest.fixture
def no_sklearn(monkeypatch):
    """Fail where a slow path is taken."""

    def refuse(path):
        raise AssertionError(f"{path} is not for plain data")

    monkeypatch.setattr(_validation, "sk", refuse)


def unaligned(X):
    """The same array, at an odd address."""
    buffer = np.empty(X.nbytes + 1, np.uint8)
    out = buffer[1:].view(X.dtype).reshape(X.shape)
    out[...] = X
    assert not out.flags.aligned
    return out


def frozen(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def with_(X, value):
    X = X.copy()
    X.flat[4] = value
    return X


with warnings.catch_warnings():
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    MATRIX = np.asmatrix(PLAIN)

INPUTS = {
    "plain": PLAIN,
    "float32": PLAIN.astype(np.float32),
    "float16": PLAIN.astype(np.float16),
    "longdouble": PLAIN.astype(np.longdouble),
    "big-endian": PLAIN.astype(">f8"),
    "int": (PLAIN * 9).astype(int),
    "uint8": (PLAIN * 9).astype(np.uint8),
    "uint64": np.full((4, 2), 2**64 - 1, np.uint64),
    "bool": PLAIN > 0.5,
    "fortran": np.asfortranarray(PLAIN),
    "strided": PLAIN[::2, ::2],
    "reversed": PLAIN[::-1],
    "broadcast": np.broadcast_to(PLAIN[:1], (5, 3)),
    "unaligned": unaligned(PLAIN),
    "read-only": frozen(PLAIN),
    "one row": PLAIN[:1],
    "one column": PLAIN[:, :1],
    "one value": PLAIN[:1, :1],
    "no rows": PLAIN[:0],
    "no columns": PLAIN[:, :0],
    "one dimension": PLAIN[0],
    "no dimension": np.array(1.0),
    "three dimensions": PLAIN[None],
    "nan": with_(PLAIN, np.nan),
    "inf": with_(PLAIN, np.inf),
    "both infinities": with_(with_(PLAIN, np.inf), -np.inf),
    "overflowing sum": np.full((4, 3), 1e308),
    "overflowing float32 sum": np.full((4, 3), 3e38, np.float32),
    "narrowing overflow": with_(PLAIN, 1e300),
    "complex": PLAIN + 1j,
    "object": PLAIN.astype(object),
    "strings": np.array([["1", "2"], ["3", "4"]]),
    "words": np.array([["a", "b"], ["c", "d"]]),
    "dates": np.zeros((3, 2), "datetime64[s]"),
    "structured": np.zeros((3, 2), [("a", float)]),
    "list": PLAIN.tolist(),
    "ragged": [[1.0], [1.0, 2.0]],
    "masked": np.ma.masked_array(PLAIN, PLAIN > 0.5),
    "matrix": MATRIX,
    "pandas": pd.DataFrame(PLAIN, columns=list("abc")),
    "pandas with missing": pd.DataFrame({"a": [1, None, 3], "b": [1.0, 2.0, 3.0]}, dtype="Float64"),
    "pandas with words": pd.DataFrame({"a": ["x", "y"]}),
    "polars": pl.DataFrame(PLAIN, schema=list("abc")),
    "series": pd.Series(PLAIN[0]),
    "csr": sp.csr_matrix(PLAIN),
    "coo array": sp.coo_array(PLAIN),
    "text": "text",
    "none": None,
    "number": 3.0,
}
OPTIONS = {
    "defaults": {},
    "float64": {"dtype": np.float64},
    "float32": {"dtype": np.float32},
    "numeric": {"dtype": "numeric"},
    "any dtype": {"dtype": None},
    "fortran": {"order": "F"},
    "any order": {"order": None},
    "copy": {"copy": True},
    "allow-nan": {"ensure_all_finite": "allow-nan"},
    "allow all": {"ensure_all_finite": False},
    "ten samples": {"ensure_min_samples": 10},
    "two features": {"ensure_min_features": 2},
    "sparse": {"accept_sparse": ["csr", "csc"], "accept_large_sparse": False},
    "more dimensions": {"allow_nd": True},
    "writeable": {"force_writeable": True},
}


def outcome(function):
    """What a call gives: its value, or its error, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = function()
        except Exception as error:
            value = error
    return value, [(w.category, str(w.message)) for w in caught]


def assert_same(ours, theirs, order=None):
    """The same arrays or the same errors."""
    (ours, our_warnings), (theirs, their_warnings) = ours, theirs
    assert our_warnings == their_warnings
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs), ours
        assert str(ours) == str(theirs)
        return
    assert not isinstance(ours, Exception), ours
    for a, b in zip(ours, theirs) if isinstance(theirs, tuple) else [(ours, theirs)]:
        assert type(a) is type(b)
        assert a.dtype == b.dtype
        if sp.issparse(b):
            a, b = a.toarray(), b.toarray()
        np.testing.assert_array_equal(a, b)


# ---- arrays of features ----------------------------------------------------------------------------
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", INPUTS)
def test_check_X_is_validate_data(name, options):
    kw = OPTIONS[options]
    given = INPUTS[name]
    full = {"dtype": FLOATS, "order": "C", **kw}
    est, ref = Dummy(), Theirs()
    got = outcome(lambda: check_X(est, given, reset=True, **kw))
    wanted = outcome(lambda: validate_data(ref, given, reset=True, **full))
    assert_same(got, wanted)
    X = got[0]
    if isinstance(X, Exception):
        return
    assert vars(est).keys() == vars(ref).keys()
    assert est.n_features_in_ == ref.n_features_in_
    if type(X) is np.ndarray:
        assert X.flags.aligned
        assert X.flags.c_contiguous or full["order"] != "C"
        assert X.flags.f_contiguous or full["order"] != "F"
        if kw.get("copy") and isinstance(given, np.ndarray):
            assert not np.may_share_memory(X, given)
        if kw.get("force_writeable"):
            assert X.flags.writeable


@pytest.mark.parametrize("name", INPUTS)
def test_check_array_fast_is_check_array(name):
    given = INPUTS[name]
    got = outcome(lambda: check_array_fast(given))
    assert_same(got, outcome(lambda: check_array(given, dtype=FLOATS, order="C")))


PLAINLY_VALID = [
    "plain",
    "float32",
    "int",
    "uint8",
    "bool",
    "fortran",
    "strided",
    "read-only",
    "one value",
    "unaligned",
]


@pytest.mark.parametrize("name", PLAINLY_VALID)
def test_plain_data_needs_no_scikit_learn(no_sklearn, name):
    est = Dummy()
    X = INPUTS[name]
    check_X(est, X, reset=True)
    check_X(est, X, reset=False)
    check_array_fast(X)
    check_X_y(est, np.repeat(X, 4, axis=0), np.zeros(4 * len(X), int), y_float=False)


def test_missing_values_need_no_scikit_learn(no_sklearn):
    check_X(Dummy(), INPUTS["nan"], reset=True, ensure_all_finite="allow-nan")
    check_X(Dummy(), INPUTS["both infinities"], reset=True, ensure_all_finite=False)


@pytest.mark.parametrize("name", ["plain", "float32", "read-only"])
def test_what_needs_no_conversion_is_not_copied(name):
    X = INPUTS[name]
    assert check_X(Dummy(), X, reset=True) is X
    assert check_array_fast(X) is X
    y = np.zeros(len(X))
    assert check_X_y(Dummy(), X, y, y_float=True)[1] is y


def test_a_file_in_memory_becomes_an_ordinary_array(tmp_path):
    mapped = np.memmap(tmp_path / "X", dtype=np.float64, mode="w+", shape=PLAIN.shape)
    mapped[...] = PLAIN
    X = check_X(Dummy(), mapped, reset=True)
    assert type(X) is np.ndarray and np.may_share_memory(X, mapped)


def test_inputs_are_never_written_to():
    for X in INPUTS.values():
        if not isinstance(X, np.ndarray):
            continue
        before = X.copy()
        for options in OPTIONS.values():
            outcome(lambda X=X, options=options: check_X(Dummy(), X, reset=True, **options))
        np.testing.assert_array_equal(X, before)


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(
        dtype=st.sampled_from([np.float64, np.float32, np.int8, np.uint16, np.bool_]),
        shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4),
    ),
    st.sampled_from([True, "allow-nan", False]),
)
def test_any_array_is_treated_as_by_scikit_learn(X, finite):
    got = outcome(lambda: check_X(Dummy(), X, reset=True, ensure_all_finite=finite))
    kw = {"dtype": FLOATS, "order": "C", "ensure_all_finite": finite}
    assert_same(got, outcome(lambda: validate_data(Theirs(), X, reset=True, **kw)))


# ---- numbers and names of features -----------------------------------------------------------------
FRAME = pd.DataFrame(PLAIN, columns=list("abc"))
FITTED_WITH = {"array": PLAIN, "frame": FRAME, "nothing": None}
LATER = [PLAIN, PLAIN[:, :2], FRAME, FRAME[["b", "a", "c"]], FRAME.rename(columns={"a": "z"}), PLAIN.tolist()]


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("fitted", FITTED_WITH)
@pytest.mark.parametrize("later", range(len(LATER)))
def test_features_are_compared_as_by_scikit_learn(fitted, later, reset):
    est, ref = Dummy(), Theirs()
    if fitted != "nothing":
        check_X(est, FITTED_WITH[fitted], reset=True)
        validate_data(ref, FITTED_WITH[fitted], reset=True)
    X = LATER[later]
    got = outcome(lambda: check_X(est, X, reset=reset))
    assert_same(got, outcome(lambda: validate_data(ref, X, reset=reset)))
    assert vars(est).keys() == vars(ref).keys()


def test_a_transformer_that_needs_no_fit_needs_no_number_of_features(no_sklearn):
    est = Dummy()
    check_X(est, PLAIN, reset=False)
    assert vars(est) == {}


def test_a_number_of_features_that_is_computed_counts(no_sklearn):
    class Computed(Dummy):
        n_features_in_ = property(lambda self: 3)

    check_X(Computed(), PLAIN, reset=False)
    with pytest.raises(AssertionError, match="not for plain data"):
        check_X(Computed(), PLAIN[:, :2], reset=False)


# ---- targets ---------------------------------------------------------------------------------------
N = 24
TARGETS = {
    "ints": np.arange(N) % 3,
    "int8": (np.arange(N) % 3).astype(np.int8),
    "far apart": (np.arange(N) % 3) * 10**12,
    "extremes": np.where(np.arange(N) % 2, np.iinfo(np.int64).min, np.iinfo(np.int64).max),
    "bools": np.arange(N) % 2 > 0,
    "words": np.array(["no", "yes"])[np.arange(N) % 2],
    "objects": np.array(["no", "yes"], object)[np.arange(N) % 2],
    "bytes": np.array([b"no", b"yes"])[np.arange(N) % 2],
    "whole floats": (np.arange(N) % 3).astype(float),
    "floats": np.linspace(0, 1, N),
    "float32": np.linspace(0, 1, N, dtype=np.float32),
    "float16": np.linspace(0, 1, N).astype(np.float16),
    "nearly all different": np.arange(N),
    "one class": np.zeros(N, int),
    "column": (np.arange(N) % 3)[:, None],
    "row": (np.arange(N) % 3)[None],
    "two columns": np.stack([np.arange(N) % 3, np.arange(N) % 2], 1),
    "two float columns": np.stack([np.linspace(0, 1, N), np.linspace(1, 0, N)], 1),
    "fortran": np.asfortranarray(np.stack([np.linspace(0, 1, N), np.linspace(1, 0, N)], 1)),
    "strided": np.arange(2 * N)[::2] % 3,
    "read-only": frozen(np.arange(N) % 3),
    "three dimensions": np.zeros((N, 2, 2)),
    "too short": np.zeros(N - 1, int),
    "too long": np.zeros(N + 1),
    "empty": np.zeros(0, int),
    "nan": with_(np.linspace(0, 1, N), np.nan),
    "inf": with_(np.linspace(0, 1, N), np.inf),
    "complex": np.zeros(N, complex),
    "dates": np.zeros(N, "datetime64[s]"),
    "list": [0, 1] * (N // 2),
    "list of lists": [[0, 1]] * N,
    "series": pd.Series(np.arange(N) % 3),
    "categories": pd.Series(["a", "b"] * (N // 2), dtype="category"),
    "polars": pl.Series("y", [0, 1] * (N // 2)),
    "none": None,
    "number": 1,
}
FEATURES = {"plain": rng.rand(N, 2), "nan": with_(rng.rand(N, 2), np.nan), "list": rng.rand(N, 2).tolist()}


@pytest.mark.parametrize("multi_output", [None, False, True])
@pytest.mark.parametrize("y_float", [False, True])
@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("name", TARGETS)
def test_check_X_y_is_validate_data(name, features, y_float, multi_output):
    def reference():
        several = y_float if multi_output is None else multi_output
        kw = {"dtype": FLOATS, "order": "C", "y_numeric": y_float, "multi_output": several}
        validated = validate_data(ref, X, y, reset=True, **kw)
        if not y_float:
            check_classification_targets(validated[1])
        return validated

    X, y = FEATURES[features], TARGETS[name]
    est, ref = Dummy(), Theirs()
    got = outcome(lambda: check_X_y(est, X, y, y_float=y_float, multi_output=multi_output))
    assert_same(got, outcome(reference))
    if not isinstance(got[0], Exception):
        assert vars(est) == vars(ref)


@pytest.mark.parametrize(
    "name", ["ints", "int8", "far apart", "extremes", "bools", "words", "one class", "strided"]
)
def test_plain_labels_need_no_scikit_learn(no_sklearn, name):
    check_X_y(Dummy(), FEATURES["plain"], TARGETS[name], y_float=False)


@pytest.mark.parametrize("name", ["ints", "floats", "float32", "two float columns", "bools"])
def test_plain_targets_need_no_scikit_learn(no_sklearn, name):
    check_X_y(Dummy(), FEATURES["plain"], TARGETS[name], y_float=True)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(-5, 5))
def test_labels_that_are_nearly_all_different_get_scikit_learns_warning(n, n_classes, step):
    y = np.arange(n) % n_classes * step
    got = outcome(lambda: check_X_y(Dummy(), np.zeros((n, 1)), y, y_float=False)[1])
    assert_same(got, (y, outcome(lambda: check_classification_targets(y))[1]))


# ---- weights ---------------------------------------------------------------------------------------
WEIGHTS = {
    "float64": np.arange(4.0),
    "float32": np.arange(4, dtype=np.float32),
    "ints": np.arange(4),
    "list": [1, 0, 2, 3],
    "number": 2.0,
    "negative": np.array([1.0, -1, 2, 3]),
    "zeros": np.zeros(4),
    "bools": np.array([True, False, True, True]),
    "strided": np.arange(8.0)[::2],
    "short": np.ones(3),
    "column": np.ones((4, 1)),
    "nan": np.array([1, np.nan, 1, 1]),
    "inf": np.array([1, np.inf, 1, 1]),
    "complex": np.ones(4, complex),
    "words": np.array(list("abcd")),
    "series": pd.Series([1.0, 2.0, 3.0, 4.0]),
}


@pytest.mark.parametrize("non_negative", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", WEIGHTS)
def test_check_weight_is_check_sample_weight(name, dtype, non_negative):
    from sklearn.utils.validation import _check_sample_weight

    def reference():
        out = _check_sample_weight(w, X, dtype=dtype, ensure_non_negative=non_negative)
        if not out.any():  # before scikit-learn 1.9
            raise ValueError("Sample weights must contain at least one non-zero number.")
        return out

    w, X = WEIGHTS[name], np.zeros((4, 2), dtype)
    got = outcome(lambda: check_weight(w, X, non_negative=non_negative))
    assert_same(got, outcome(reference))
    if isinstance(got[0], np.ndarray):
        assert got[0].flags.c_contiguous and got[0].dtype == dtype


def test_plain_weights_need_no_scikit_learn(no_sklearn):
    X = np.zeros((4, 2), np.float32)
    assert check_weight(None, X) is None
    w = WEIGHTS["float32"]
    assert check_weight(w, X) is w
    check_weight(WEIGHTS["ints"], X)
    check_weight(WEIGHTS["float32"], X.astype(np.float64))


def test_weights_of_sparse_data():
    w = np.arange(4.0)
    assert check_weight(w, sp.csr_matrix(np.eye(4))) is w


# ---- data on a GPU (its own module is tested with it) ------------------------------------------------
class OnGPU:
    """An array that says it lives on a GPU."""

    __cuda_array_interface__ = {}

    def __init__(self, array):
        self.array = array

    def copy_to_host(self):
        return self.array


class Tensor:
    """A torch tensor, as far as validation looks at it."""

    def __init__(self, array):
        self.array = array

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.array


Tensor.__module__ = "torch"


def test_tensors_keep_their_dtype(no_sklearn):
    X, est = PLAIN.astype(np.float32), Dummy()
    assert check_X(est, Tensor(X), reset=True) is X
    assert check_array_fast(Tensor(X)) is X
    y, w = np.arange(12) % 2, np.ones(12, np.float32)
    assert check_X_y(est, Tensor(X), Tensor(y), y_float=False) == (X, y)
    assert check_weight(Tensor(w), X) is w


def test_gpu_data_goes_to_the_device_module(monkeypatch):
    from fastml import _device

    seen = []
    monkeypatch.setattr(_device, "why_no_cuda", lambda: "")
    monkeypatch.setattr(
        _device, "check_cuda_array", lambda est, X, **kw: seen.append((est, X, kw)) or X.array
    )
    X, est = OnGPU(PLAIN), Dummy()
    assert check_X(est, X, reset=False, copy=True) is PLAIN
    assert check_array_fast(X) is PLAIN
    y = np.zeros(12, int)
    assert check_X_y(est, X, OnGPU(y), y_float=False) == (PLAIN, y)
    assert [call[0] for call in seen] == [est, None, est]
    assert seen[0][2] == {"reset": False, "copy": True}
    assert check_weight(OnGPU(np.ones(12)), PLAIN).sum() == 12


def test_bad_targets_of_gpu_data_get_scikit_learns_errors(monkeypatch):
    from fastml import _device

    monkeypatch.setattr(_device, "why_no_cuda", lambda: "")
    monkeypatch.setattr(_device, "check_cuda_array", lambda est, X, **kw: X.array)
    X, est = OnGPU(FEATURES["plain"]), Dummy()
    for y, message in [
        (TARGETS["too short"], "inconsistent numbers of samples"),
        (TARGETS["nan"], "Input y contains NaN"),
        (TARGETS["floats"], "Unknown label type"),
    ]:
        with pytest.raises(ValueError, match=message):
            check_X_y(est, X, y, y_float=False)
    assert check_X_y(est, X, TARGETS["list"], y_float=False)[1].tolist() == TARGETS["list"]


def test_gpu_data_without_cuda_is_computed_on_the_cpu_and_says_so(monkeypatch):
    from fastml import _device
    from fastml.exceptions import FallbackError

    monkeypatch.setattr(_device, "why_no_cuda", lambda: "there is none")
    est = Dummy()
    np.testing.assert_array_equal(check_X(est, OnGPU(PLAIN), reset=True), PLAIN)
    assert est.n_features_in_ == 3
    np.testing.assert_array_equal(check_array_fast(OnGPU(PLAIN)), PLAIN)
    with fastml.config_context(on_fallback="raise"), pytest.raises(FallbackError, match="there is none"):
        check_X(est, OnGPU(PLAIN), reset=True)


# ---- the rest ------------------------------------------------------------------------------------------
def test_random_states():
    assert random_state(None) is np.random.mtrand._rand
    generator = np.random.RandomState(1)
    assert random_state(generator) is generator
    for seed in (0, np.int64(7), 2**32 - 1):
        assert random_state(seed).randint(10**6) == check_random_state(seed).randint(10**6)
    for bad in ("seed", -1, 2**32, 0.5, np.random.default_rng(0)):
        got, wanted = (
            outcome(lambda bad=bad: random_state(bad)),
            outcome(lambda bad=bad: check_random_state(bad)),
        )
        assert type(got[0]) is type(wanted[0]) and str(got[0]) == str(wanted[0])


def test_fitted_or_not(no_sklearn):
    est = Dummy()
    est.value_ = 1
    check_fitted(est, "value_")
    with pytest.raises(AssertionError, match="check_is_fitted"):
        check_fitted(est, "other_")


def test_sk_finds_functions_and_modules():
    assert _lazy.sk("sklearn.utils.check_array") is check_array
    assert _lazy.sk("sklearn.utils.validation").check_array is check_array
    with pytest.raises(AttributeError):
        _lazy.sk("sklearn.utils.nothing_of_the_kind")
