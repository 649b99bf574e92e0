"""scikit-learn's own checks, on every estimator that fastml has and on the toys, in both import orders."""

import json

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastml._discovery import all_estimators
from tests import sklearn_checks, toys

# Class name, or `label` of an instance -> {check: why it fails}. An entry that does not fail is an error; so
# is one that scikit-learn's own estimator of that name does not need.
WEIGHTS_AND_STARTS = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "Random starts are drawn by sample: with other samples the same seed gives other starts.",
)
PRECOMPUTED = dict.fromkeys(
    ("check_n_features_in_after_fitting",),
    "The shape of a distance matrix is refused in other words, as scikit-learn's is.",
)
REPEATED_ROWS = {
    "check_sample_weight_equivalence_on_dense_data": "A row of weight two is one row for min_samples_leaf.",
}
DRAWN_SAMPLES = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "Samples are drawn by their number: with repeated samples the same seed draws others.",
)
DRAWN_TARGETS = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "A target is drawn for each sample: with repeated samples the same seed draws others.",
)
VISITED_SAMPLES = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "Two visits of a sample are not one visit of double weight, as in scikit-learn.",
)
SOLVED_TO_A_TOLERANCE = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "What is done in twenty iterations depends on the number of samples, as in scikit-learn.",
)
ROUNDED_GRADIENTS = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "Which of equally good splits of gradients is taken is a matter of rounding, as in scikit-learn.",
)
DIRECT = {
    "check_non_transformer_estimators_n_iter": "Equations are solved at once: there is no number of passes.",
}
SUMMED_WEIGHTS = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "gamma='scale' counts rows without regard to weights, and training stops at a tolerance.",
)
SHARES = {
    **SUMMED_WEIGHTS,
    "check_class_weight_classifiers": "A share of support vectors leaves no room for weights of classes.",
    "check_classifiers_one_label_sample_weights": "A share that is infeasible is an error of its own.",
}
EXPECTED_FAILURES = {
    "Ridge": DIRECT,
    "RidgeClassifier": DIRECT,
    "HistGradientBoostingClassifier": REPEATED_ROWS,
    "HistGradientBoostingRegressor": REPEATED_ROWS,
    "GradientBoostingClassifier": ROUNDED_GRADIENTS,
    "GradientBoostingRegressor": ROUNDED_GRADIENTS,
    "KMeans": WEIGHTS_AND_STARTS,
    "MiniBatchKMeans": WEIGHTS_AND_STARTS,
    "BaggingClassifier": DRAWN_SAMPLES,
    "BaggingRegressor": DRAWN_SAMPLES,
    "IsolationForest": DRAWN_SAMPLES,
    "LinearSVC": SOLVED_TO_A_TOLERANCE,
    "LinearSVR": SOLVED_TO_A_TOLERANCE,
    "Perceptron": VISITED_SAMPLES,
    "SGDClassifier": VISITED_SAMPLES,
    "SGDRegressor": VISITED_SAMPLES,
    "RandomForestClassifier": DRAWN_SAMPLES,
    "RandomForestRegressor": DRAWN_SAMPLES,
    "RandomTreesEmbedding": DRAWN_TARGETS,
    "SVC()": SUMMED_WEIGHTS,
    "SVR()": SUMMED_WEIGHTS,
    "NuSVC": SHARES,
    "NuSVR": SUMMED_WEIGHTS,
    "OneClassSVM": SUMMED_WEIGHTS,
    "KNeighborsClassifier(metric='precomputed')": PRECOMPUTED,
    "KNeighborsRegressor(metric='precomputed')": PRECOMPUTED,
}

CLASSES = [cls for _, cls in all_estimators()]
INSTANCES = [*sklearn_checks.instances(CLASSES), *toys.TOYS]
MORE = [(est, name) for est in INSTANCES for name in sklearn_checks.more_checks(est)]


def expected_failures(est):
    if type(est) in toys.CLASSES:
        return sklearn_checks.fails_for_all(est)
    listed = [EXPECTED_FAILURES.get(key, {}) for key in (type(est).__name__, sklearn_checks.label(est))]
    return {**sklearn_checks.fails_for_all(est), **listed[0], **listed[1]}


# Data that a check makes may not suit an estimator's defaults: scikit-learn's suite ignores these too.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


# ---- scikit-learn was imported first --------------------------------------------------------------
@parametrize_with_checks(INSTANCES, expected_failed_checks=expected_failures)
def test_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "check"), MORE, ids=[f"{sklearn_checks.label(est)}-{name}" for est, name in MORE]
)
def test_estimator_further(request, estimator, check):
    reason = expected_failures(estimator).get(check)
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    sklearn_checks.run_more_check(check, estimator)


# ---- fastml was imported, and used, first -----------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize("which", ["toys", "all"])
def test_every_check_when_fastml_is_imported_first(python, which):
    reports = json.loads(python(module=["tests.sklearn_checks", which], timeout=900))
    made = toys.TOYS if which == "toys" else INSTANCES[: -len(toys.TOYS)]
    assert list(reports) == [sklearn_checks.label(est) for est in made]
    for est, report in zip(made, reports.values()):
        assert len(report) > 40
        failed = {check: error for check, error in report.items() if error not in ("passed", "skipped")}
        assert failed.keys() == expected_failures(est).keys(), (
            sklearn_checks.label(est),
            failed,
        )


# ---- the list of expected failures ------------------------------------------------------------------
def test_expected_failures_are_among_those_of_scikit_learn():
    from sklearn.utils._test_common.instance_generator import _get_expected_failed_checks, _tested_estimators

    theirs = {sklearn_checks.label(est): _get_expected_failed_checks(est) for est in _tested_estimators()}
    used = set()
    for est in INSTANCES[: -len(toys.TOYS)]:
        name, label = type(est).__name__, sklearn_checks.label(est)
        used |= {name, label}
        ours = {**EXPECTED_FAILURES.get(name, {}), **EXPECTED_FAILURES.get(label, {})}
        assert ours.keys() <= theirs.get(label, {}).keys()
        assert all(len(reason) > 20 for reason in ours.values()), "an expected failure needs its reason"
    assert EXPECTED_FAILURES.keys() <= used


def test_estimators_are_found():
    names = [cls.__name__ for cls in CLASSES]
    assert "KMeans" in names
    assert names == sorted(names)
