"""The embedding in leaves of random trees against scikit-learn's."""

import numpy as np
import pytest
import sklearn.ensemble
from scipy import sparse

import fastml
from fastml.ensemble import RandomTreesEmbedding


def fit_both(X, sample_weight=None, **params):
    params = {"n_estimators": 7, "random_state": 2, **params}
    models = RandomTreesEmbedding(**params), sklearn.ensemble.RandomTreesEmbedding(**params)
    return models, [model.fit_transform(X, sample_weight=sample_weight) for model in models]


def assert_same(a, b):
    assert type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape
    if sparse.issparse(a):
        np.testing.assert_array_equal(a.indices, b.indices)
        a, b = a.toarray(), b.toarray()
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("data", ["iris", "digits", "diabetes"])
@pytest.mark.parametrize("params", [
    {}, {"max_depth": None, "max_leaf_nodes": 9}, {"min_samples_leaf": 4, "sparse_output": False},
    {"max_depth": 1, "min_impurity_decrease": 0.01},
], ids=str)  # fmt: skip
def test_real_data(request, data, params):
    X = request.getfixturevalue(data)[0]
    (ours, theirs), embedded = fit_both(X, **params)
    assert_same(*embedded)
    assert_same(ours.transform(X[:9] + 1), theirs.transform(X[:9] + 1))
    np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
    for a, b in zip(ours.one_hot_encoder_.categories_, theirs.one_hot_encoder_.categories_, strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_missing_values_and_sparse_data(wine):
    X = wine[0].copy()
    X[::9, 1] = np.nan
    weight = np.random.RandomState(0).randint(0, 3, len(X)).astype(float)
    assert_same(*fit_both(X, weight)[1])
    assert_same(*fit_both(sparse.csc_matrix(wine[0]))[1])
    with fastml.config_context(on_fallback="raise"), pytest.raises(fastml.exceptions.FallbackError):
        RandomTreesEmbedding().fit(sparse.csc_matrix(wine[0]))


def test_warm_starts_and_twins(iris):
    X = iris[0]
    (ours, theirs), _ = fit_both(X, warm_start=True)
    for model in (ours, theirs):
        model.set_params(n_estimators=11).fit(X)
    expected = theirs.transform(X)
    for model in (ours, ours.to_sklearn(), RandomTreesEmbedding.from_sklearn(theirs)):
        assert_same(model.transform(X), expected)


def test_it_starts_without_scikit_learn(python):
    printed = python("""
        import sys
        import numpy as np
        from fastml.ensemble import RandomTreesEmbedding
        X = np.random.RandomState(0).normal(size=(300, 3))
        print(RandomTreesEmbedding(2, max_depth=1).fit_transform(X).shape, "sklearn" in sys.modules)
    """)
    assert printed == "(300, 4) False\n"
