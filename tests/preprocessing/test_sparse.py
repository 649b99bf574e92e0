"""The scalers on sparse matrices, against scikit-learn's."""

import numpy as np
import pytest
import sklearn.preprocessing as theirs
from scipy import sparse

import fastml
import fastml.preprocessing as ours

SETTINGS = [
    ("StandardScaler", {"with_mean": False}),
    ("StandardScaler", {"with_mean": False, "with_std": False}),
    ("MaxAbsScaler", {}),
    ("MaxAbsScaler", {"clip": True}),
    ("RobustScaler", {"with_centering": False}),
    ("RobustScaler", {"with_centering": False, "quantile_range": (1.0, 95.0), "unit_variance": True}),
    ("RobustScaler", {"with_centering": False, "with_scaling": False}),
    ("Normalizer", {}),
    ("Normalizer", {"norm": "l1"}),
    ("Normalizer", {"norm": "max"}),
]
FORMATS = [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array, sparse.coo_matrix]
each_setting = pytest.mark.parametrize(("name", "params"), SETTINGS, ids=lambda v: str(v))


@pytest.fixture(params=[np.float64, np.float32, np.int64], ids=["float64", "float32", "int64"])
def X(request, digits):
    return digits[0].astype(request.param)


def same(found, expected, dtype):
    rtol = 3e-6 if dtype == np.float32 else 1e-12
    assert type(found) is type(expected)
    if sparse.issparse(expected):
        assert found.dtype == expected.dtype
        assert found.format == expected.format
        found, expected = found.toarray(), expected.toarray()
    if expected is not None:
        assert np.asarray(found).dtype == np.asarray(expected).dtype
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * 10)


def same_state(mine, other, dtype):
    fitted = {key for key in vars(other) if key.endswith("_")}
    assert {key for key in vars(mine) if key.endswith("_")} == fitted
    for key in fitted:
        same(getattr(mine, key), getattr(other, key), dtype)


@pytest.mark.parametrize("make", FORMATS, ids=lambda f: f.__name__)
@each_setting
def test_real_data(name, params, make, X):
    data = make(X)
    kept = data.copy()
    mine, other = getattr(ours, name)(**params), getattr(theirs, name)(**params)
    found, expected = mine.fit_transform(data), other.fit_transform(data)
    same_state(mine, other, X.dtype)
    same(found, expected, X.dtype)
    if hasattr(other, "inverse_transform"):
        same(mine.inverse_transform(expected), other.inverse_transform(expected), X.dtype)
    assert (kept != data).nnz == 0


@pytest.mark.parametrize("make", FORMATS[:2], ids=["csr", "csc"])
def test_equal_to_dense(make, X):
    for name, params in SETTINGS:
        est = getattr(ours, name)(**params)
        dense = est.fit_transform(X.astype(np.float64))
        rtol = 1e-6 if X.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(est.fit_transform(make(X)).toarray(), dense, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("make", FORMATS[:2], ids=["csr", "csc"])
@pytest.mark.parametrize("with_std", [True, False])
def test_batches_and_weights(make, with_std, X):
    weights = np.random.RandomState(0).randint(1, 4, len(X)).astype(float)
    params = {"with_mean": False, "with_std": with_std}
    for weighted in (False, True):
        mine, other = ours.StandardScaler(**params), theirs.StandardScaler(**params)
        for part in (slice(0, 100), slice(100, 101), slice(101, None)):
            for est in (mine, other):
                est.partial_fit(make(X[part]), sample_weight=weights[part] if weighted else None)
        same_state(mine, other, X.dtype)
    mine, other = ours.MaxAbsScaler(), theirs.MaxAbsScaler()
    for part in (slice(0, 100), slice(100, None)):
        mine.partial_fit(make(X[part]))
        other.partial_fit(make(X[part]))
    same_state(mine, other, X.dtype)


@pytest.mark.parametrize("make", FORMATS[:2], ids=["csr", "csc"])
def test_gaps(make):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 6)) * (rng.random((50, 6)) < 0.5)
    X[rng.random(X.shape) < 0.2] = np.nan
    for name, params in SETTINGS[:7]:
        mine, other = getattr(ours, name)(**params), getattr(theirs, name)(**params)
        same(mine.fit_transform(make(X)), other.fit_transform(make(X)), X.dtype)
        same_state(mine, other, X.dtype)


@pytest.mark.parametrize("make", FORMATS[:2], ids=["csr", "csc"])
def test_in_place(make, X):
    for name, params in SETTINGS:
        est = getattr(ours, name)(**params, copy=False)
        data = make(X.astype(np.float64))
        expected = est.set_params(copy=True).fit_transform(data)
        found = est.set_params(copy=False).transform(data)
        np.testing.assert_array_equal(found.toarray(), expected.toarray())
        if found.format == data.format:
            np.testing.assert_array_equal(data.toarray(), expected.toarray())
        data = make(X.astype(np.float64))
        data.data.flags.writeable = False
        np.testing.assert_array_equal(est.transform(data).toarray(), expected.toarray())


def test_long_indices(X):
    data = sparse.csr_matrix(X.astype(float))
    data.indices, data.indptr = data.indices.astype(np.int64), data.indptr.astype(np.int64)
    same(
        ours.MaxAbsScaler().fit_transform(data),
        theirs.MaxAbsScaler().fit_transform(sparse.csr_matrix(X.astype(float))),
        float,
    )


@pytest.mark.parametrize(
    ("name", "params", "call"),
    [
        ("StandardScaler", {}, lambda est, S, X: est.fit(S)),
        ("StandardScaler", {}, lambda est, S, X: est.fit(X).transform(S)),
        ("StandardScaler", {}, lambda est, S, X: est.fit(X).inverse_transform(S)),
        ("RobustScaler", {}, lambda est, S, X: est.fit(S)),
        ("MinMaxScaler", {}, lambda est, S, X: est.fit(S)),
        ("MinMaxScaler", {}, lambda est, S, X: est.fit(X).transform(S)),
        ("MaxAbsScaler", {}, lambda est, S, X: est.fit(S * np.inf)),
        ("Normalizer", {}, lambda est, S, X: est.fit(X).transform(S * np.inf)),
    ],
)
def test_errors_are_scikit_learns(name, params, call, iris):
    X = iris[0]
    errors = []
    for module in (ours, theirs):
        with pytest.raises((ValueError, TypeError)) as error, np.errstate(invalid="ignore"):
            call(getattr(module, name)(**params), sparse.csr_matrix(X), X)
        errors.append((error.type, str(error.value)))
    assert errors[0] == errors[1]


def test_threads_do_not_change_results():
    S = sparse.random(20_000, 300, density=0.1, format="csr", random_state=0)
    for data in (S, S.tocsc()):
        found = ours.StandardScaler(with_mean=False).fit(data)
        with fastml.config_context(n_threads=1):
            serial = ours.StandardScaler(with_mean=False).fit(data)
        np.testing.assert_array_equal(found.var_, serial.var_)
