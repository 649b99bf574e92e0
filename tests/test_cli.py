"""``python -m fastml``: the registry is complete, the numbers are honest, the exit status is what it says."""

import functools
import io
import json

import numpy as np
import pytest

from fastml.__main__ import main
from fastml._cli import compare, info, libraries, measure, racing, scores, tables, workloads
from fastml._cli.data import load
from fastml._cli.progress import ProgressBar
from fastml._cli.targets import TARGETS
from tools.public_api import MODULES, names_of

NAMES = {workload.name for workload in workloads.WORKLOADS}


# ---- the registry


def test_everything_there_is_can_be_compared():
    families = [module for module in MODULES if module != "fastml"]
    there = {f"{module}.{name}".removeprefix("fastml.") for module in families for name in names_of(module)}
    assert there == NAMES


@pytest.mark.parametrize("workload", workloads.WORKLOADS, ids=lambda workload: workload.name)
def test_each_workload_runs_on_both(workload):
    assert workload.data
    data = load(workload.data[0], quick=True)
    for library in (libraries.FASTML, libraries.SKLEARN):
        model = workload.fit(library, data)
        assert workload.answer(library, data, model) is not None
        assert (model is None) == (not workload.method)


def test_fastml_is_raced_and_not_scikit_learn_twice():
    for name in NAMES:
        assert libraries.FASTML.find(name).__module__.startswith("fastml."), name
        assert libraries.SKLEARN.find(name).__module__.startswith("sklearn."), name


def test_targets_know_their_peers():
    known = {libraries.SKLEARN.name, *(peer.name for peer in libraries._PEERS)}
    for entry in TARGETS:
        assert set(entry.goals) <= known
        assert all(goal >= 1 for goal in entry.goals.values())


# ---- scores


@pytest.mark.parametrize(
    ("score", "ours", "theirs", "worse"),
    [
        (scores.ACCURACY, 0.90, 0.95, True),
        (scores.ACCURACY, 0.95, 0.90, False),
        (scores.INERTIA, 101.0, 100.0, True),
        (scores.INERTIA, 99.0, 100.0, False),
        (scores.ROUGH_INERTIA, 101.0, 100.0, False),
        (scores.SAME, 1e-3, 0.0, True),
        (scores.SAME, 1e-9, 0.0, False),
        (scores.SAME, float("nan"), 0.0, True),
    ],
)
def test_worse_is_told_from_better(score, ours, theirs, worse):
    assert score.is_worse(ours, theirs) is worse


def test_a_difference_is_seen_in_every_part_of_an_answer():
    same = np.array([1.0, 2.0])
    assert scores.SAME.of(None, None, (same, same), (same, same)) == 0
    assert scores.SAME.of(None, None, (same, same), (same, same + 1)) > 0.1
    assert np.isnan(scores.SAME.of(None, None, same, same[:1]))


def test_inertia_is_that_of_the_centres():
    class Model:
        cluster_centers_ = np.array([[0.0], [10.0]])

    data = type("Data", (), {"X": np.array([[1.0], [9.0], [12.0]])})
    assert scores.INERTIA.of(data, Model, None, None) == pytest.approx(1 + 1 + 4)


# ---- racing


def test_a_race_runs_everyone_in_every_round():
    turns = []
    racing.race({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, rounds=1)
    assert turns == ["a", "b"]
    turns.clear()
    racing.race({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, rounds=2)
    assert turns[:4] == ["a", "b", "b", "a"]


def test_all_have_the_same_threads():
    from threadpoolctl import threadpool_info

    from fastml._threads import effective_threads

    before = [pool["num_threads"] for pool in threadpool_info()]
    with racing.same_threads(1):
        assert effective_threads() == 1
        assert {pool["num_threads"] for pool in threadpool_info()} <= {1}
    assert [pool["num_threads"] for pool in threadpool_info()] == before


# ---- the commands


def run(capsys, *arguments):
    status = main([*arguments])
    return status, capsys.readouterr()


def test_compare_prints_a_line_for_each_race(capsys):
    status, printed = run(capsys, "compare", "--quick", "--only", "iris")
    assert status == 0
    lines = [line for line in printed.out.splitlines() if " iris " in line]
    assert len(lines) == sum("iris" in workload.data for workload in workloads.WORKLOADS)
    assert printed.err == ""  # no terminal, no progress bar


def test_compare_in_json_has_all_that_the_table_has(capsys):
    status, printed = run(capsys, "compare", "--quick", "--json", "--only", "cluster.kmeans|diabetes")
    found = json.loads(printed.out)
    assert status == 0
    assert found["threads"] >= 1
    assert {"cluster.KMeans", "neighbors.KNeighborsRegressor"} <= {
        row["workload"] for row in found["results"]
    }
    for row in found["results"]:
        assert set(row["laps"]) == {"fastml", "sklearn"}
        assert row["device"] in ("cpu", "cuda")
        assert row["ratios"]["sklearn"] > 0


def test_compare_of_nothing_is_an_error(capsys):
    status, printed = run(capsys, "compare", "--only", "no such thing")
    assert status == 2
    assert "no such thing" in printed.err


def test_compare_on_a_gpu_that_is_not_there(capsys, monkeypatch):
    monkeypatch.setattr(compare, "why_no_cuda", lambda: "no GPU in this test")
    status, printed = run(capsys, "compare", "--device", "cuda")
    assert status == 2
    assert "no GPU in this test" in printed.err


def test_a_worse_score_is_shown_and_gives_exit_status_1(capsys, monkeypatch):
    never_good = scores.Score("accuracy", lambda *anything: float("nan"), 0.0)
    workload = workloads.Workload("preprocessing.StandardScaler", ("iris",), never_good, "transform")
    entry = measure.Entry("StandardScaler", "iris", workload, functools.partial(load, "iris"))
    monkeypatch.setattr(compare, "ENTRIES", (entry,))
    status, printed = run(capsys, "compare", "--quick")
    assert status == 1
    assert "WORSE" in printed.out


def test_targets_are_measured_at_a_tenth(capsys):
    status, printed = run(capsys, "compare", "--targets", "--quick", "--only", "scaler|silhouette")
    assert status == 0
    assert sum("[" in line for line in printed.out.splitlines()) >= 2


def test_a_missed_target_is_marked():
    laps = {"fastml": measure.Lap(1.0, None, 0, None), "sklearn": measure.Lap(1.5, None, 0, None)}
    result = measure.Result("x", "x", "x", "score", laps, "cpu", 2, False, {"sklearn": 2})
    assert "1.50! [2]" in tables.Targets([]).lines(result)[0]
    laps["sklearn"].fit = 0.5
    assert "0.50!! [2]" in tables.Targets([]).lines(result)[0]
    laps["sklearn"].fit = 2.5
    assert "2.50 [2]" in tables.Targets([]).lines(result)[0]


def test_the_picture_is_written_in_few_colours(capsys, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="pictures are written with Pillow")
    status, _ = run(capsys, "compare", "--quick", "--only", "KDTree iris", "--output", str(tmp_path))
    assert status == 0
    original, painted = (
        np.asarray(image.open(tmp_path / name)) for name in ("china.jpg", "china-64-colors.png")
    )
    assert original.shape == painted.shape
    assert len(np.unique(painted.reshape(-1, 3), axis=0)) <= 64
    assert np.abs(original.astype(float) - painted).mean() < 10


def test_info_knows_what_is_compiled(capsys):
    status, printed = run(capsys, "info", "--json")
    found = json.loads(printed.out)
    assert status == 0
    assert found["threads"]["used"] >= 1
    assert found["versions"]["fastml"]
    states = {state for variants in found["kernels"].values() for state in variants.values()}
    assert states <= {"library", "cached", "cache", "jit", "not compiled yet"}
    status, printed = run(capsys, "info")
    assert "cpu.kmeans." in printed.out


def test_info_says_why_there_is_no_gpu(monkeypatch):
    from fastml import _device

    monkeypatch.setattr(_device, "why_no_cuda", lambda: "no GPU in this test")
    assert info.collect()["devices"]["cuda"] == "no: no GPU in this test"


# ---- the progress bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_fills_on_a_terminal_and_goes_away():
    terminal = Terminal()
    with ProgressBar(2, width=4, stream=terminal) as bar:
        bar.step("one")
        bar.step("two")
    assert "[##..] 1/2 one" in terminal.getvalue()
    assert "[####] 2/2 two" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_no_bar_where_nobody_looks():
    stream = io.StringIO()
    with ProgressBar(2, stream=stream) as bar:
        bar.step("one")
    assert stream.getvalue() == ""
