"""Voting and stacking are scikit-learn's; here they are given fastml's estimators."""

import numpy as np
import pytest
import sklearn.ensemble
from sklearn.base import clone
from sklearn.tree import DecisionTreeClassifier

from fastml import ensemble, tree
from fastml.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from fastml.neighbors import KNeighborsClassifier, KNeighborsRegressor


@pytest.mark.parametrize(
    "name", ["VotingClassifier", "VotingRegressor", "StackingClassifier", "StackingRegressor"]
)
def test_they_are_handed_on(name):
    assert getattr(ensemble, name) is getattr(sklearn.ensemble, name)


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_classifiers_vote(iris, voting):
    X, y = iris
    parts = [
        ("forest", RandomForestClassifier(5, random_state=0, class_weight="balanced")),
        ("neighbours", KNeighborsClassifier()),
    ]
    model = ensemble.VotingClassifier(parts, voting=voting, weights=[2, 1]).fit(X, y)
    assert [type(est) for est in model.estimators_] == [type(est) for _, est in parts]
    alone = [clone(est).fit(X, y) for _, est in parts]
    if voting == "soft":
        expected = np.average([est.predict_proba(X) for est in alone], axis=0, weights=[2, 1])
        np.testing.assert_array_equal(model.predict_proba(X), expected)
    else:
        np.testing.assert_array_equal(model.predict(X), alone[0].predict(X))  # two votes of three


def test_weights_of_samples_reach_the_estimators(iris):
    X, y = iris
    weight = np.random.RandomState(0).randint(1, 5, len(y)).astype(float)
    ours, theirs = (
        ensemble.VotingClassifier([("tree", cls(max_depth=2, random_state=0))], voting="soft")
        .fit(X, y, sample_weight=weight)
        for cls in (tree.DecisionTreeClassifier, DecisionTreeClassifier)
    )  # fmt: skip
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-12)


def test_regressors_vote(diabetes):
    X, y = diabetes
    parts = [("forest", ExtraTreesRegressor(5, random_state=0)), ("neighbours", KNeighborsRegressor())]
    model = ensemble.VotingRegressor(parts).fit(X, y)
    expected = np.mean([clone(est).fit(X, y).predict(X) for _, est in parts], axis=0)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-12)


def test_regressors_are_stacked(diabetes):
    X, y = diabetes
    final = RandomForestRegressor(5, random_state=0)
    model = ensemble.StackingRegressor([("neighbours", KNeighborsRegressor())], final, cv=2).fit(X, y)
    assert type(model.final_estimator_) is RandomForestRegressor and model.score(X, y) > 0.2
