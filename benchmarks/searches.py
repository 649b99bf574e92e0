"""What searches gain from work that clones share: kernel rows across C, products of features across alpha.

Run as ``python -m benchmarks.searches``. Each search is scikit-learn's `GridSearchCV` with five folds: of
fastml's estimator, of the same whose clones share nothing, and of scikit-learn's, interleaved; where
scikit-learn's takes long, that runs once. The last column is the memory that was kept at most.
"""

import argparse
import warnings
from typing import Any, NamedTuple

import numpy as np

from fastml import _shared_work
from fastml._cli.libraries import FASTML, SKLEARN
from fastml._cli.racing import busy_lines, load_average, race, same_threads, seconds
from fastml._lazy import sk
from fastml._threads import effective_threads

ROW = "{:<44} {:>9} {:>9} {:>12} {:>7} {:>13} {:>7}"
SLOW = 3.0  # seconds


class Search(NamedTuple):
    """What is searched: an estimator's name, its parameters, the grid and the data."""

    title: str
    name: str
    grid: dict
    data: Any
    parameters: dict = {}


def made_classes(n_samples, n_features):
    """Return data of two classes that overlap a little."""
    make = sk("sklearn.datasets.make_classification")
    return make(n_samples, n_features, n_informative=min(n_features // 2, 30), random_state=0)


def made_sparse(n_samples, n_features):
    """Return a sparse matrix with one value in a hundred, and classes."""
    from scipy.sparse import random

    X = random(n_samples, n_features, 0.01, format="csr", random_state=0)
    half = n_features // 2
    sums = (np.asarray(part.sum(axis=1)).ravel() for part in (X[:, :half], X[:, half:]))
    return X, np.greater(*sums).astype(int)


def made_line(n_samples, n_features):
    """Return features and a target that depends on a tenth of them."""
    random = np.random.RandomState(0)
    X = random.standard_normal((n_samples, n_features))
    used = max(n_features // 10, 1)
    return X, X[:, :used] @ random.standard_normal(used) + random.standard_normal(n_samples)


def searches():
    """Yield what is raced."""
    Cs, few_Cs = np.logspace(-2, 2, 5), np.logspace(-1, 1, 3)
    large, small = np.logspace(-2, 4, 10), np.logspace(-3, 0, 10)
    digits = sk("sklearn.datasets.load_digits")(return_X_y=True)
    yield Search("SVC, 5 C, digits", "svm.SVC", {"C": Cs}, digits)
    yield Search("SVC, 5 C, 5,000 x 20", "svm.SVC", {"C": Cs}, made_classes(5000, 20))
    yield Search("SVC, 5 C, 3,000 x 784", "svm.SVC", {"C": Cs}, made_classes(3000, 784))
    grid = {"C": few_Cs, "gamma": [1e-4, 3e-4, 1e-3]}
    yield Search("SVC, 3 C x 3 gamma, 1,500 x 512", "svm.SVC", grid, made_classes(1500, 512))
    yield Search("SVC, 5 C, sparse 2,000 x 1,000", "svm.SVC", {"C": Cs}, made_sparse(2000, 1000))
    yield Search("SVR, 5 C, 1,000 x 500", "svm.SVR", {"C": Cs}, made_line(1000, 500))
    for shape in ((50_000, 100), (500, 5000)):
        title = "Ridge, 10 alpha, {:,} x {:,}".format(*shape)
        yield Search(title, "linear_model.Ridge", {"alpha": large}, made_line(*shape))
    for name, *shape in (("Lasso", 50_000, 100), ("Lasso", 10_000, 500), ("ElasticNet", 10_000, 500)):
        title = "{}, 10 alpha, {:,} x {:,}".format(name, *shape)
        yield Search(title, f"linear_model.{name}", {"alpha": small}, made_line(*shape))
    title, options = "Lasso(precompute=True), 10 alpha, 10,000 x 500", {"precompute": True}
    yield Search(title, "linear_model.Lasso", {"alpha": small}, made_line(10_000, 500), options)


def without_sharing(cls):
    """Return a class of the same estimator whose clones share nothing."""
    copy = sk("sklearn.base._clone_parametrized")
    return type(cls.__name__, (cls,), {"__sklearn_clone__": lambda est: copy(est)})


def runs(search):
    """Return the calls to race, by name."""
    ours = FASTML.find(search.name)
    kinds = {"shared": ours, "alone": without_sharing(ours), SKLEARN.name: SKLEARN.find(search.name)}
    search_class = sk("sklearn.model_selection.GridSearchCV")

    def run(cls):
        return lambda: search_class(cls(**search.parameters), search.grid, cv=5).fit(*search.data)

    return {name: run(cls) for name, cls in kinds.items()}


def most_kept(call):
    """Return the most megabytes that were kept during a call."""
    most = [0]
    keep = _shared_work._Known.keep

    def watched(known, *args):
        keep(known, *args)
        most[0] = max(most[0], known.nbytes)

    _shared_work._Known.keep = watched
    try:
        call()
    finally:
        _shared_work._Known.keep = keep
    return most[0] / 2**20


def main(argv=None):
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="only titles that contain this")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    print(*busy_lines(load_average()), sep="\n")
    print(
        ROW.format("5 folds, seconds", "reuse", "without", "scikit-learn", "gain", "x scikit-learn", "kept")
    )
    with same_threads(effective_threads()):
        for search in searches():
            if options.only.lower() not in search.title.lower():
                continue
            calls = runs(search)
            kept = most_kept(calls["shared"])
            times = race(calls, rounds=1)
            if times[SKLEARN.name] > SLOW:
                del calls[SKLEARN.name]
            times.update(race(calls, options.rounds))
            gain, ahead = times["alone"] / times["shared"], times[SKLEARN.name] / times["shared"]
            shown = [*map(seconds, times.values()), f"{gain:.2f}", f"{ahead:.1f}", f"{kept:.0f} MB"]
            print(ROW.format(search.title, *shown), flush=True)


if __name__ == "__main__":
    main()
