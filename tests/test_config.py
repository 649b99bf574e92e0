import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import fastml
from fastml import _config, config_context, get_config, set_config

DEFAULTS = {"device": "auto", "n_threads": None, "on_fallback": "log", "working_memory": 1024}


@pytest.fixture(autouse=True)
def fresh_config(monkeypatch):
    """Give each test the configuration of a new thread in a clean environment."""
    monkeypatch.setattr(_config, "_local", threading.local())
    monkeypatch.setattr(_config, "_initial", None)
    for variable in _config._ENVIRONMENT.values():
        monkeypatch.delenv(variable, raising=False)


def in_thread(function):
    """Call `function` in a new thread and return what it returns."""
    result = []
    thread = threading.Thread(target=lambda: result.append(function()))
    thread.start()
    thread.join(10)
    return result[0]


def test_defaults():
    assert get_config() == DEFAULTS


@pytest.mark.parametrize(
    "option, value",
    [
        ("device", "cpu"),
        ("device", "cuda"),
        ("n_threads", 3),
        ("n_threads", np.int64(3)),
        ("n_threads", None),
        ("on_fallback", "raise"),
        ("on_fallback", "warn"),
        ("working_memory", 0.5),
        ("working_memory", np.float32(16)),
    ],
)
def test_set_config_changes_one_option(option, value):
    set_config(n_threads=7)
    set_config(**{option: value})
    assert get_config() == {**DEFAULTS, "n_threads": 7, option: value}


def test_n_threads_becomes_a_python_int():
    set_config(n_threads=np.int64(3))
    assert type(get_config()["n_threads"]) is int


@pytest.mark.parametrize(
    "option, value",
    [
        ("device", "gpu"),
        ("device", None),
        ("n_threads", 0),
        ("n_threads", -1),
        ("n_threads", 2.0),
        ("n_threads", True),
        ("n_threads", "2"),
        ("on_fallback", "ignore"),
        ("on_fallback", None),
        ("working_memory", 0),
        ("working_memory", -1.0),
        ("working_memory", float("inf")),
        ("working_memory", float("nan")),
        ("working_memory", True),
        ("working_memory", None),
    ],
)
def test_a_wrong_value_is_refused_and_nothing_changes(option, value):
    other = {"on_fallback": "warn"} if option != "on_fallback" else {"device": "cpu"}
    with pytest.raises(ValueError, match=rf"{option} must be .* Got .* instead"):
        set_config(**{option: value}, **other)
    with pytest.raises(ValueError, match=rf"{option} must be"), config_context(**{option: value}, **other):
        pass
    assert get_config() == DEFAULTS


def test_unknown_option_is_refused():
    with pytest.raises(TypeError, match="n_jobs"):
        set_config(n_jobs=2)


def test_get_config_returns_a_copy():
    get_config()["device"] = "cuda"
    assert get_config() == DEFAULTS


def test_config_context_restores_what_was_there():
    set_config(n_threads=4)
    with config_context(device="cpu", n_threads=1):
        assert get_config() == {**DEFAULTS, "device": "cpu", "n_threads": 1}
        with config_context(n_threads=None):
            assert get_config()["n_threads"] is None
        set_config(on_fallback="raise")
    assert get_config() == {**DEFAULTS, "n_threads": 4}


def test_config_context_restores_after_an_error():
    with pytest.raises(KeyError), config_context(device="cpu"):
        raise KeyError
    assert get_config() == DEFAULTS


def test_a_thread_has_its_own_configuration():
    set_config(n_threads=4)
    assert in_thread(get_config) == DEFAULTS
    in_thread(lambda: set_config(device="cpu"))
    assert get_config() == {**DEFAULTS, "n_threads": 4}


def test_get_config_round_trips():
    set_config(**get_config())
    with config_context(**get_config()):
        assert get_config() == DEFAULTS


def test_environment_gives_the_initial_values(monkeypatch):
    monkeypatch.setenv("FASTML_DEVICE", " CPU ")
    monkeypatch.setenv("FASTML_NUM_THREADS", "3")
    assert get_config() == {**DEFAULTS, "device": "cpu", "n_threads": 3}
    assert in_thread(get_config)["n_threads"] == 3


def test_empty_environment_variables_do_not_count(monkeypatch):
    monkeypatch.setenv("FASTML_DEVICE", "")
    monkeypatch.setenv("FASTML_NUM_THREADS", " ")
    assert get_config() == DEFAULTS


@pytest.mark.parametrize(
    "variable, text",
    [("FASTML_DEVICE", "tpu"), ("FASTML_NUM_THREADS", "0"), ("FASTML_NUM_THREADS", "many")],
)
def test_a_wrong_environment_variable_is_named(monkeypatch, variable, text):
    monkeypatch.setenv(variable, text)
    with pytest.raises(ValueError, match=f"{variable} must be .* Got '{text}' instead"):
        get_config()


def test_importing_fastml_does_not_read_the_environment():
    environment = {**os.environ, "FASTML_NUM_THREADS": "many"}
    program = "import fastml, fastml._threads"
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)


def test_public_names():
    assert fastml.set_config is set_config
    assert set(_config.__all__) == {"config_context", "get_config", "set_config"}
