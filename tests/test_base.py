"""The estimator base: stand-ins that are exchanged for scikit-learn's classes when scikit-learn is loaded."""

import json
import pickle
import re
import textwrap

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, ClusterMixin, RegressorMixin, TransformerMixin
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError

import fastml
from fastml import _base
from tests import base_scenarios
from tests.toys import Centers, Centroids, Ridge, Scaler

BEGIN = """
import sys
import numpy as np
from tests.toys import Centers, Centroids, Ridge, Scaler
from fastml import _base

X = np.random.RandomState(0).rand(60, 3)
loaded = lambda: "sklearn" in sys.modules
watched = lambda: _base._WhenLoaded in sys.meta_path
assert loaded() == LOADED
"""


@pytest.fixture(scope="module")
def fastml_first(python):
    """Run source after BEGIN in a process that has not imported scikit-learn."""

    def run(source, **kw):
        return python(BEGIN.replace("LOADED", "False") + textwrap.dedent(source), **kw)

    return run


@pytest.fixture(scope="module")
def sklearn_first(python):
    def run(source, **kw):
        return python(
            "import sklearn.base\n" + BEGIN.replace("LOADED", "True") + textwrap.dedent(source), **kw
        )

    return run


# ---- before scikit-learn is loaded -----------------------------------------------------------------
def test_plain_data_does_not_load_scikit_learn(fastml_first):
    fastml_first("""
        import copy, pickle
        y = np.arange(60) % 3
        for est in (Centers(3), Centroids(), Ridge(), Scaler()):
            est.fit(X, y)
            for method in ("predict", "predict_proba", "transform", "inverse_transform"):
                if hasattr(type(est), method):
                    getattr(est, method)(X)
            est.set_params(**est.get_params())
            assert set(vars(copy.deepcopy(pickle.loads(pickle.dumps(est))))) == set(vars(est))
        Centers(2).fit_predict(X), Centers(2).fit_transform(X), Scaler().fit_transform(X)
        assert not loaded()
    """)


def test_without_scikit_learn_installed(fastml_first):
    fastml_first("""
        class Missing:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if name.partition(".")[0] == "sklearn":
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        sys.meta_path.insert(0, Missing)
        est = Centers(2).fit(X).set_params(tol=0.1)
        est.predict(X), est.fit_predict(X), est.fit_transform(X)
        try:
            repr(est)
        except ImportError:
            sys.meta_path.remove(Missing)
        assert repr(est) == "Centers(tol=0.1)"
    """)


SLOW_PATHS = [
    "repr(est)",
    "dir(est)",
    "est._repr_html_()",
    "est._repr_mimebundle_()",
    "est.__sklearn_tags__()",
    "est.__sklearn_clone__()",
    "est.get_metadata_routing()",
    "est.set_output(transform='pandas')",
    "est.get_feature_names_out()",
    "est._validate_params()",
    "est.set_params(tol=1, nothing=2)",
    "est.predict(X.tolist())",
    "inspect.signature(Centers.set_fit_request)",
    "Centers._get_metadata_request",
    "Ridge().fit(X, X[:, 0]).score(X, X[:, 0])",
    "Centroids().fit(X, X[:, 0] > 0.5).score(X, X[:, 0] > 0.5)",
]
ANSWER = """
def answer(use):
    est = Centers(2).fit(X)
    try:
        out = eval(use)
    except Exception as error:
        out = error
    return f"{type(out).__name__} {out}"
import inspect, json
"""


@pytest.fixture(scope="module")
def plain_answers(python):
    """What each slow path answers where the classes are plainly inherited."""
    source = (
        BEGIN.replace("LOADED", "True") + ANSWER + f"print(json.dumps([answer(use) for use in {SLOW_PATHS}]))"
    )
    return dict(zip(SLOW_PATHS, json.loads(python(source, env={"FASTML_EAGER_SKLEARN": "1"}))))


@pytest.mark.slow
@pytest.mark.parametrize("use", SLOW_PATHS)
def test_a_slow_path_loads_scikit_learn_and_answers_as_it(fastml_first, plain_answers, use):
    answer = fastml_first(
        f"{ANSWER}\nprint(json.dumps(answer({use!r})))\nassert loaded() and not watched()",
        env={"FASTML_EAGER_SKLEARN": "0"},
    )
    assert _without_ids(json.loads(answer)) == _without_ids(plain_answers[use])


def _without_ids(text):
    return re.sub(r"0x[0-9a-f]+|id-\d+|sk-[a-z-]*id-\d+", "", text)


def test_an_attribute_that_is_not_there_is_not_made_up(fastml_first):
    fastml_first("""
        model = Ridge().fit(X, X[:, 0])
        assert not hasattr(model, "set_output") and not hasattr(model, "transform")
        assert not loaded()
        assert hasattr(Ridge, "set_fit_request") and not hasattr(model, "set_transform_request")
    """)


def test_a_probe_for_the_module_neither_loads_nor_adopts(fastml_first):
    fastml_first("""
        import importlib.util
        assert importlib.util.find_spec("sklearn")
        assert not loaded() and watched() and Centers.__mro__[-2] is _base._StandIn
        import sklearn.base
        assert isinstance(Centers(), sklearn.base.BaseEstimator) and not watched()
        assert "exec_module" not in vars(sklearn.base.__spec__.loader)
    """)


def test_an_import_of_scikit_learn_that_fails_half_way_can_be_repeated(fastml_first):
    fastml_first("""
        est = Centers(2).fit(X)
        sys.modules["scipy"] = None
        try:
            import sklearn.base
        except ImportError:
            pass
        else:
            raise AssertionError
        for name in [name for name in sys.modules if name.partition(".")[0] in ("sklearn", "scipy")]:
            del sys.modules[name]
        assert Centers.__mro__[-2] is _base._StandIn and watched()
        import sklearn.base
        assert isinstance(est, sklearn.base.BaseEstimator) and not watched()
    """)


def test_a_finder_of_the_old_kind_is_passed_over(fastml_first):
    fastml_first("""
        class Old:
            def find_module(self, name, path=None): return None
        sys.meta_path.append(Old())
        import sklearn.base
        assert issubclass(Centers, sklearn.base.BaseEstimator)
    """)


def test_where_the_exchange_fails_scikit_learn_loads_all_the_same(fastml_first):
    fastml_first("""
        import warnings
        def broken():
            raise RuntimeError("broken")
        _base.adopt = broken
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import sklearn.base
        assert "could not adopt" in str(caught[-1].message)
        assert Centers(2).fit(X).predict(X).shape == (60,)
    """)


def test_no_warning_in_either_order(fastml_first, sklearn_first):
    use = "Centers(2).fit(X).transform(X); import sklearn.base; repr(Centers()); Centers(2).fit(X.tolist())"
    fastml_first(use, flags=["-W", "error"])
    sklearn_first(use, flags=["-W", "error"])


# ---- classes of users, defined before scikit-learn is loaded ---------------------------------------
def test_users_classes_become_scikit_learns_too(fastml_first):
    fastml_first("""
        from abc import ABC, abstractmethod
        from typing import Generic, TypeVar
        V = TypeVar("V")
        class Tagged:
            def __init_subclass__(cls, tag="-", **kw):
                super().__init_subclass__(**kw)
                cls.tag = tag
        class Abstract(ABC, Centers):
            @abstractmethod
            def question(self): ...
        class Concrete(Tagged, Abstract, Generic[V], tag="t"):
            def question(self): return 1
        class Unwrapped(Tagged, Scaler, tag="u", auto_wrap_output_keys=None): pass
        class MixedIn(Scaler, Tagged, tag="right"): pass
        class Grouped(Scaler):
            __slots__ = ()
            def fit(self, X, y=None, groups=None): return super().fit(X)
            def fit_transform(self, X, y=None, *, flag=None): return self.fit(X).transform(X)
        class Slots(Scaler):
            __slots__ = ("extra",)
        assert (Concrete.tag, Unwrapped.tag, MixedIn.tag) == ("t", "u", "right")
        early = Concrete(2).fit(X)
        Grouped().fit(X)
        assert not loaded()

        from sklearn.base import BaseEstimator, clone
        assert isinstance(early, BaseEstimator) and early.question() == 1
        assert (Concrete.tag, Unwrapped.tag, MixedIn.tag) == ("t", "u", "right")
        assert clone(Concrete(3)).n_clusters == 3 and Concrete[int](2).n_clusters == 2
        assert not hasattr(Unwrapped(), "set_output")
        frame = Grouped().set_output(transform="pandas").fit_transform(X)
        assert type(frame).__name__ == "DataFrame" and Grouped.fit_transform.__name__ == "fit_transform"
        assert "groups" in str(Grouped.set_fit_request.__doc__)
        try:
            Abstract()
        except TypeError: pass
        else: raise AssertionError
        try:
            Slots().__getstate__()
        except TypeError as error:
            assert "__slots__" in str(error)
    """)


def test_unknown_class_keywords_are_refused_at_once(fastml_first):
    fastml_first("""
        try:
            class Wrong(Centers, nothing=1): pass
        except TypeError as error:
            assert "keyword" in str(error)
        else:
            raise AssertionError
    """)


def test_a_class_that_was_thrown_away_is_no_burden(fastml_first):
    fastml_first("""
        import gc
        for i in range(100):
            type(f"C{i}", (Scaler,), {})
        gc.collect()
        import sklearn.base
        assert not _base._waiting and not [c for c in Scaler.__subclasses__()]
    """)


def test_varargs_in_init_are_scikit_learns_error(fastml_first):
    fastml_first("""
        class Wrong(Centers):
            def __init__(self, *args): pass
        try:
            Wrong().get_params()
        except RuntimeError as error:
            assert "no varargs" in str(error)
        else:
            raise AssertionError
    """)


def test_classes_defined_after_scikit_learn(sklearn_first):
    sklearn_first("""
        class Grouped(Centers):
            def fit(self, X, y=None, groups=None): return super().fit(X)
        assert isinstance(Grouped(), sklearn.base.BaseEstimator)
        assert "groups" in str(Grouped.set_fit_request.__doc__)
        assert not watched() and not _base._waiting
    """)


# ---- threads and processes -------------------------------------------------------------------------
def test_sixteen_threads_at_once(fastml_first):
    """Fast paths, slow paths, reprs, imports of scikit-learn and twenty classes at the same time."""
    fastml_first("""
        import threading
        sys.setswitchinterval(1e-6)
        def transform(self, X, copy=None): return Scaler.transform(self, X)
        classes = [type(f"S{i}", (Scaler,), {"transform": transform}) for i in range(20)]
        errors, barrier, rows = [], threading.Barrier(16), X.tolist()
        def work(i):
            try:
                barrier.wait()
                if i % 5 == 1: import sklearn
                if i % 5 == 2: repr(Centers(3))
                if i % 5 == 3: Centers(2).fit(rows).predict(rows)
                if i % 5 == 4: Scaler().set_output(transform="pandas").fit(X).transform(X).index
                for j in range(60):
                    est = Centers(2).fit(X)
                    est.predict(X), classes[j % 20]().fit(X).transform(X)
                import sklearn
                from sklearn.base import BaseEstimator
                assert isinstance(est, BaseEstimator)
                frame = classes[i]().fit(X).set_output(transform="pandas").transform(X)
                assert type(frame).__name__ == "DataFrame"
            except BaseException as error:
                errors.append(repr(error))
        threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
        [t.start() for t in threads]
        [t.join(100) for t in threads]
        assert not any(t.is_alive() for t in threads), "deadlock"
        assert not errors, errors
    """)


def test_processes_started_before_scikit_learn_is_loaded(tmp_path, python):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        import multiprocessing, sys
        import numpy as np
        from tests.toys import Centers

        def work(est):
            labels = est.fit(np.eye(4)).labels_.tolist()
            from sklearn.base import BaseEstimator
            return isinstance(est, BaseEstimator), labels

        if __name__ == "__main__":
            here = Centers(2).fit(np.eye(4)).labels_.tolist()
            for method in ("fork", "spawn", "forkserver"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    assert pool.map(work, [Centers(2)] * 3) == [(True, here)] * 3
            assert "sklearn" not in sys.modules
        """)
    )
    python(f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')")


# ---- pickles ---------------------------------------------------------------------------------------
def test_a_pickle_holds_the_version_and_an_estimator_does_not(iris):
    est = Centers(3).fit(iris[0])
    assert est.__getstate__()["_fastml_version"] == fastml.__version__
    loaded = pickle.loads(pickle.dumps(est))
    assert vars(loaded).keys() == vars(est).keys()
    assert np.array_equal(loaded.predict(iris[0]), est.labels_)


@pytest.mark.parametrize("version", ["0.0.1", None])
def test_a_pickle_of_another_version_warns(version):
    state = {**Ridge().__getstate__(), "_fastml_version": version}
    if version is None:
        del state["_fastml_version"]
    before = dict(state)
    with pytest.warns(InconsistentVersionWarning, match=f"Ridge from version {version}"):
        Ridge().__setstate__(state)
    assert state == before


def test_a_pickle_of_either_order_loads_in_the_other(python, tmp_path):
    save = "import pickle; pickle.dump(Centers(2).fit(X), open({!r}, 'wb'))"
    load = "import pickle; print(pickle.load(open({!r}, 'rb')).predict(X[:5]).tolist())"
    lazy, eager = BEGIN.replace("LOADED", "False"), "import sklearn.base\n" + BEGIN.replace("LOADED", "True")
    answers = set()
    for i, (first, second) in enumerate([(lazy, eager), (eager, lazy), (lazy, lazy)]):
        path = str(tmp_path / f"{i}.pkl")
        python(first + save.format(path))
        answers.add(python(second + load.format(path)))
    assert len(answers) == 1


# ---- after scikit-learn is loaded ------------------------------------------------------------------
def test_estimators_are_scikit_learns():
    assert all(isinstance(est, BaseEstimator) for est in (Centers(), Centroids(), Ridge(), Scaler()))
    assert issubclass(Centers, ClusterMixin) and issubclass(Centers, TransformerMixin)
    assert issubclass(Centroids, ClassifierMixin) and issubclass(Ridge, RegressorMixin)
    assert not any(issubclass(cls, _base._StandIn) for cls in (Centers, Centroids, Ridge, Scaler))


def test_the_eager_setting_is_plain_inheritance(python):
    python(
        """
        import sys
        from fastml import _base
        from sklearn.base import BaseEstimator
        assert BaseEstimator in _base.Estimator.__bases__
        assert _base._WhenLoaded not in sys.meta_path and not _base._exchanges
        """,
        env={"FASTML_EAGER_SKLEARN": "1"},
    )


def test_no_link_into_scikit_learns_documentation():
    assert Centers()._get_doc_link() == ""


# ---- equal to plain inheritance --------------------------------------------------------------------
@pytest.fixture(scope="module")
def scenarios(python):
    """What each scenario gives when the classes were exchanged, and when they were plainly inherited."""
    lazy, plain = (
        json.loads(
            python(
                module=["tests.base_scenarios"],
                # Sets of strings are printed in the order of their hashes.
                env={"FASTML_EAGER_SKLEARN": eager, "PYTHONHASHSEED": "0"},
            )
        )
        for eager in ("0", "1")
    )
    assert (lazy.pop("sklearn loaded before use"), plain.pop("sklearn loaded before use")) == (False, True)
    return lazy, plain


@pytest.mark.parametrize("name", [scenario.__name__ for scenario in base_scenarios.SCENARIOS])
def test_equal_to_plain_inheritance(scenarios, name):
    lazy, plain = scenarios
    assert not plain[name].startswith("RAISED"), plain[name]
    assert lazy[name] == plain[name]


def test_the_not_fitted_error_is_scikit_learns():
    with pytest.raises(NotFittedError, match="This Ridge instance is not fitted yet"):
        Ridge().predict(np.eye(3))
