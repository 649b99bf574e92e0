"""What an import loads, and the names that are loaded on first use."""

import inspect
import sys
from importlib import metadata

import pytest

import fastml

HEAVY = ("numpy", "scipy", "sklearn", "numba", "joblib", "pandas", "cupy", "concurrent", "logging")
HANDED_ON = ("compose", "datasets", "exceptions", "model_selection", "pipeline")
LOADED = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


@pytest.fixture(scope="session")
def bare(python):
    """Top-level modules of an interpreter that has imported nothing."""
    return set(python(LOADED).split())


def test_import_fastml_loads_nothing_heavy(python, bare):
    loaded = set(python(f"import fastml; {LOADED}").split()) - bare
    assert "fastml" in loaded
    assert not loaded & set(HEAVY)


def test_import_fastml_is_a_few_modules(python):
    source = "import sys; before = set(sys.modules); import fastml; print(*sorted(set(sys.modules) - before))"
    loaded = python(source).split()
    assert {name for name in loaded if name.startswith("fastml")} == {"fastml", "fastml._lazy"}
    assert len(loaded) < 15, loaded


def test_looking_around_loads_nothing(python):
    python(f"""
        import fastml, sys
        dir(fastml), fastml.__version__, fastml.__all__
        from fastml import {", ".join(HANDED_ON)}
        for module in {", ".join(HANDED_ON)}:
            hasattr(module, "__wrapped__"), hasattr(module, "__path__"), hasattr(module, "_private")
        assert not {{"sklearn", "numpy"}} & set(sys.modules)
    """)


@pytest.mark.parametrize("family", fastml._FAMILIES)
def test_a_family_and_its_names_load_no_scikit_learn_scipy_or_numba(python, family):
    python(f"""
        import sys
        from fastml import {family}
        for name in vars({family}).get("__all__", ()):
            getattr({family}, name)
        heavy = {{"sklearn", "scipy", "numba", "joblib", "cupy"}} & set(sys.modules)
        assert not heavy, (name, heavy)
    """)


def test_version_is_that_of_the_installed_package():
    try:
        installed = metadata.version("fastml")
    except metadata.PackageNotFoundError:
        pytest.skip("fastml is imported from its source tree, not installed")
    assert fastml.__version__ == installed


def test_every_public_name_is_there():
    for name in fastml.__all__:
        assert getattr(fastml, name) is not None
        assert name in dir(fastml)
    assert set(fastml._NAMES) <= set(fastml.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'fastml' has no attribute 'kmeans'"):
        _ = fastml.kmeans
    with pytest.raises(ImportError):
        from fastml import nothing_of_the_kind  # noqa: F401


@pytest.mark.parametrize("name", HANDED_ON)
def test_scikit_learns_names_are_handed_on(name):
    ours, theirs = getattr(fastml, name), __import__(f"sklearn.{name}", fromlist=["x"])
    public = set(theirs.__all__) - {"HalvingGridSearchCV", "HalvingRandomSearchCV"}  # to be enabled first
    assert len(public) > 2
    assert public <= set(ours.__all__)
    assert public <= set(dir(ours))
    assert all(getattr(ours, n) is getattr(theirs, n) for n in public)
    with pytest.raises(AttributeError, match=f"module 'fastml.{name}' has no attribute 'nothing'"):
        _ = ours.nothing


def test_import_star_gives_what_scikit_learn_gives(python):
    python("""
        from fastml.pipeline import *
        from fastml.model_selection import *
        assert {"Pipeline", "make_pipeline", "GridSearchCV", "train_test_split"} <= globals().keys()
    """)


def test_an_experimental_name_keeps_its_explanation():
    if "sklearn.experimental.enable_halving_search_cv" in sys.modules:
        pytest.skip("enabled in this process already")
    with pytest.raises(ImportError, match="enable_halving_search_cv"):
        from fastml.model_selection import HalvingGridSearchCV  # noqa: F401


def test_exceptions_are_fastmls_own_and_scikit_learns():
    from sklearn.exceptions import InconsistentVersionWarning, NotFittedError

    from fastml import exceptions
    from fastml._device import DeviceUnavailableError, FallbackError

    assert exceptions.NotFittedError is NotFittedError
    assert exceptions.InconsistentVersionWarning is InconsistentVersionWarning
    assert exceptions.FallbackError is FallbackError
    assert exceptions.DeviceUnavailableError is DeviceUnavailableError


def test_a_second_use_does_not_look_again(monkeypatch):
    first = fastml.set_config
    monkeypatch.delitem(sys.modules, "fastml._config")
    assert fastml.set_config is first


def test_threads_that_load_names_at_once_get_whole_modules(python):
    python("""
        import sys, threading
        sys.setswitchinterval(1e-6)
        import fastml
        barrier, errors = threading.Barrier(12), []
        def work(i):
            try:
                barrier.wait()
                if i % 3 == 0: import sklearn; sklearn.base.clone
                if i % 3 == 1: fastml.model_selection.KFold(3), fastml.exceptions.NotFittedError
                if i % 3 == 2: fastml.pipeline.make_pipeline, fastml.datasets.load_iris, fastml.set_config()
            except BaseException as error:
                errors.append(repr(error))
        threads = [threading.Thread(target=work, args=(i,)) for i in range(12)]
        [t.start() for t in threads]
        [t.join(100) for t in threads]
        assert not any(t.is_alive() for t in threads), "deadlock"
        assert not errors, errors
    """)


def test_public_functions_have_signatures():
    assert "device" in inspect.signature(fastml.set_config).parameters
