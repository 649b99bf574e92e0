"""Parameters: what each may be, and the decorator of methods that fit."""

import inspect
import numbers
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.utils._param_validation import Interval as TheirInterval
from sklearn.utils._param_validation import InvalidParameterError

from fastml._base import Estimator
from fastml._parameters import DEVICE, Interval, Options, _accepts, fit_method, validate_params
from tests.toys import Centers, Centroids, Ridge, Scaler

PLAIN = np.random.RandomState(0).rand(12, 3)


# ---- constraints ----
VALUES = [0, 1, 5, -1, 0.0, 0.5, 1.0, 5.5, np.nan, np.inf, -np.inf, True, np.True_, "a", None, [1], 1j]
VALUES += [
    np.float32(1),
    np.float16(2),
    np.int8(1),
    np.uint64(1),
    10**400,
    -(10**400),
]


@pytest.mark.parametrize("closed", ["left", "right", "both", "neither"])
@pytest.mark.parametrize("kind", [numbers.Integral, numbers.Real])
@pytest.mark.parametrize("ends", [(0, 5), (1, None), (None, 5), (None, None), (0, 1)])
def test_what_an_interval_accepts_scikit_learns_accepts(kind, ends, closed):
    ours = Interval(kind, *ends, closed=closed)
    try:
        theirs = ours.to_sklearn()
    except ValueError:  # a closed end where there is none
        assert kind is numbers.Integral and None in ends
        return
    assert isinstance(theirs, TheirInterval)
    for value in VALUES:
        if ours.accepts(value):
            assert theirs.is_satisfied_by(value), value
        elif theirs.is_satisfied_by(value):  # left to scikit-learn because it is not plain
            assert isinstance(value, (bool, np.bool_)) or value in (np.inf, -np.inf), value


CONSTRAINTS = [
    "boolean",
    "random_state",
    "array-like",
    None,
    callable,
    str,
    dict,
    np.ndarray,
    "verbose",
    "cv_object",
]
THINGS = [
    *VALUES,
    np.zeros(3),
    np.array(1.0),
    (1, 2),
    len,
    str,
    {},
    np.random.RandomState(0),
    2**32,
    2**32 - 1,
]


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=str)
def test_what_a_constraint_accepts_scikit_learns_accepts(constraint):
    from sklearn.utils._param_validation import make_constraint

    theirs = make_constraint(constraint)
    for value in THINGS:
        if _accepts(constraint, value):
            assert theirs.is_satisfied_by(value), value


class Tuned(Estimator):
    _constraints = {
        "size": [Interval(numbers.Integral, 1), None],
        "rate": [Interval(numbers.Real, 0, 1, closed="both")],
        "mode": [Options("fast", "slow"), callable],
        "device": DEVICE,
    }

    def __init__(self, size=1, *, rate=0.5, mode="fast", device=None):
        self.size = size
        self.rate = rate
        self.mode = mode
        self.device = device

    @fit_method
    def fit(self, X, y=None):
        self.done_ = True
        return self


@pytest.mark.parametrize(
    "params",
    [
        {"size": 0},
        {"size": 1.5},
        {"size": "1"},
        {"rate": np.nan},
        {"rate": 2},
        {"mode": "medium"},
        {"device": "gpu"},
    ],
    ids=str,
)
def test_bad_parameters_get_scikit_learns_error(params):
    est = Tuned(**params)
    with pytest.raises(InvalidParameterError, match=f"The '{next(iter(params))}' parameter of Tuned must be"):
        est.fit(PLAIN)
    assert "done_" not in vars(est)
    with sklearn.config_context(skip_parameter_validation=True):
        assert est.fit(PLAIN).done_


@pytest.mark.parametrize(
    "params", [{}, {"size": None, "mode": len}, {"rate": 1, "device": "cuda"}, {"size": np.int32(3)}], ids=str
)
def test_plain_parameters_need_no_scikit_learn(monkeypatch, params):
    from fastml import _parameters

    monkeypatch.setattr(_parameters, "sk", lambda path: pytest.fail(path))
    validate_params(Tuned(**params))


def test_unusual_parameters_are_left_to_scikit_learn():
    assert Tuned(size=True).fit(PLAIN).done_  # for scikit-learn, True is an integer


# ---- fit_method ------------------------------------------------------------------------------------
BAD = [
    np.zeros((5, 0)),
    np.zeros((0, 3)),
    np.zeros(5),
    np.full((5, 3), np.nan),
    np.full((5, 3), 1j),
    np.array([["a", "b"], ["c", "d"]]),
    "text",
    None,
]


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize(
    "est", [Centers(3), Centroids(), Ridge(), Scaler()], ids=lambda est: type(est).__name__
)
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(est, fitted, iris):
    X, y = iris
    est = clone(est)
    if fitted:
        est.fit(X, y)
    before = dict(vars(est))
    frame = pd.DataFrame(X * np.inf, columns=list("abcd"))
    for bad in [*BAD, frame]:
        if (
            isinstance(est, Scaler)
            and isinstance(bad, np.ndarray)
            and bad.dtype.kind == "f"
            and np.isnan(bad).any()
        ):
            continue  # it takes missing values
        with pytest.raises((ValueError, TypeError)):
            est.fit(bad, np.zeros(5, int))
        assert vars(est).keys() == before.keys()
        assert all(vars(est)[name] is before[name] for name in before)


def test_an_interrupted_fit_leaves_the_estimator_as_it_was(iris):
    def interrupt(X, n_clusters):
        raise KeyboardInterrupt

    est = Centers(3).fit(iris[0])
    before = dict(vars(est.set_params(init=interrupt)))
    with pytest.raises(KeyboardInterrupt):
        est.fit(iris[0][:, :2])
    assert vars(est).keys() == before.keys()
    assert all(vars(est)[name] is before[name] for name in before)


def test_signatures_are_seen_through_the_decorator():
    assert list(inspect.signature(Centers.fit).parameters) == ["self", "X", "y", "sample_weight"]
    assert Centers.fit.__name__ == "fit"


# ---- callbacks (scikit-learn 1.9 and later) ---------------------------------------------------------
class Log:
    """A callback that notes every call."""

    max_propagation_depth = None

    def __init__(self):
        self.calls = []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None):
        self.calls.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        self.calls.append(("end", context.task_name))
        if fitted_estimator is not None and hasattr(fitted_estimator, "predict"):
            fitted_estimator.predict(np.eye(4))


def callbacks_or_skip():
    pytest.importorskip("sklearn.callback", reason="callbacks came with scikit-learn 1.9")


def test_a_fit_reports_its_steps(iris):
    callbacks_or_skip()
    log = Log()
    est = Centers(3, max_iter=2, tol=0).set_callbacks(log).fit(iris[0])
    step = [("begin", "iteration"), ("end", "iteration")]
    assert log.calls == ["setup", ("begin", "fit"), *step, *step, ("end", "fit"), "teardown"]
    assert {name for name in vars(est) if name.startswith("_")} == {"_skl_callbacks"}


def test_a_fit_that_reports_nothing_is_reported_as_one_task(iris):
    callbacks_or_skip()
    log = Log()
    Centroids().set_callbacks(log).fit(*iris)
    assert log.calls == ["setup", ("begin", "fit"), ("end", "fit"), "teardown"]


def test_callbacks_are_torn_down_when_a_fit_fails(iris):
    callbacks_or_skip()
    log = Log()
    est = Centers(1000).set_callbacks(log)
    with pytest.raises(ValueError, match="n_samples=150 should be >= n_clusters=1000"):
        est.fit(iris[0])
    assert log.calls == []  # nothing had been set up yet
    est = Centers(3, init=lambda X, k: 1 / 0).set_callbacks(log)
    with pytest.raises(ZeroDivisionError):
        est.fit(iris[0])
    assert log.calls == ["setup", ("begin", "fit"), "teardown"]
    assert set(vars(est)) == {*est.get_params(), "_skl_callbacks"}


@pytest.mark.parametrize(
    "est", [Centers(3), Centroids(), Ridge(), Scaler()], ids=lambda est: type(est).__name__
)
def test_a_pipeline_hands_its_callbacks_on(est, iris):
    callbacks_or_skip()
    from sklearn.pipeline import make_pipeline

    log = Log()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipe = make_pipeline(Scaler(), clone(est)).set_callbacks(log).fit(*iris)
    assert log.calls[0] == "setup" and log.calls[-1] == "teardown" and log.calls.count("setup") == 1
    names = [call[1] for call in log.calls[1:-1]]
    assert names.count("fit") >= 4  # of the pipeline, once; of its steps, each once; begin and end
    assert all(names.count(name) % 2 == 0 for name in names)
    assert not any(name.startswith("_") for step in pipe for name in vars(step))


def test_callbacks_exist_where_scikit_learn_has_them():
    has = tuple(int(part) for part in sklearn.__version__.split(".")[:2]) >= (1, 9)
    assert hasattr(Centers(), "set_callbacks") == has
