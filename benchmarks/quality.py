"""How good tree models are: held-out scores beside the peers', on data with and without missing values.

Run as ``python -m benchmarks.quality``. Boosting: five data sets, five splits each, the same parameters for
all libraries. Forests: out-of-bag and held-out scores over ten seeds. A difference counts once it is larger
than two standard errors of the paired differences.
"""

import argparse
import warnings

import numpy as np

from fastml._cli.libraries import FASTML, SKLEARN, installed_peers
from fastml._lazy import sk

ROW = "{:<39} {:<12} {:>10} {:>10} {:>22}"
BOOSTING = {"max_iter": 100, "early_stopping": False, "random_state": 0}


def with_missing(X, part=0.2):
    """Leave out a part of the values."""
    random = np.random.RandomState(0)
    X = np.array(X, np.float64)
    X[random.random_sample(X.shape) < part] = np.nan
    return X


def categories_and_missing(n=6000):
    """Return a table with codes of categories and missing values, its classes, and which are categories."""
    random = np.random.RandomState(0)
    codes = random.randint(0, 12, size=(n, 3)).astype(np.float64)
    numbers = random.standard_normal((n, 5))
    effects = random.standard_normal((3, 12))
    total = sum(effects[j, codes[:, j].astype(int)] for j in range(3)) + numbers[:, 0] - np.abs(numbers[:, 1])
    y = (total + random.logistic(size=n) > np.median(total)).astype(np.int64)
    return with_missing(np.column_stack([codes, numbers]), 0.1), y, [0, 1, 2]


def data_sets():
    """Yield name, X, y, columns of categories, and whether y is classes."""
    yield "breast_cancer", *sk("sklearn.datasets.load_breast_cancer")(return_X_y=True), None, True
    yield "digits", *sk("sklearn.datasets.load_digits")(return_X_y=True), None, True
    X, y = sk("sklearn.datasets.load_breast_cancer")(return_X_y=True)
    yield "breast_cancer, 20 % missing", with_missing(X), y, None, True
    yield "diabetes", *sk("sklearn.datasets.load_diabetes")(return_X_y=True), None, False
    yield "made: categories and missing", *categories_and_missing(), True


def loss(y, answer, is_classes):
    """Log-loss, or mean squared error."""
    if not is_classes:
        return np.mean((y - answer) ** 2)
    chances = np.take_along_axis(np.asarray(answer, np.float64), y[:, None].astype(np.int64), axis=1)
    return -np.mean(np.log(np.clip(chances, 1e-15, 1)))


def boosting_losses(library, X, y, categories, is_classes, splits):
    """Return the held-out loss of each split; None where the library has no such model."""
    kind, method = ("Classifier", "predict_proba") if is_classes else ("Regressor", "predict")
    make = library.find(f"ensemble.HistGradientBoosting{kind}")
    if make is None:
        return None
    losses = []
    for train, test in splits:
        model = make(**BOOSTING, categorical_features=categories)
        model.fit(X[train], y[train])
        losses.append(loss(y[test], getattr(model, method)(X[test]), is_classes))
    return np.array(losses)


def compare(title, measure, theirs, ours, more_is_better):
    """Print a line: the means, and the mean of the paired differences with two standard errors."""
    difference = (ours - theirs if more_is_better else theirs - ours) / max(np.mean(np.abs(theirs)), 1e-12)
    error = 2 * difference.std(ddof=1) / np.sqrt(len(difference))
    verdict = "" if abs(difference.mean()) <= error else "  better" if difference.mean() > 0 else "  worse"
    shown = f"{difference.mean():+.3%} +- {error:.3%}{verdict}"
    print(ROW.format(title, measure, f"{ours.mean():.5f}", f"{theirs.mean():.5f}", shown), flush=True)


def compare_boosting():
    """Print the losses of boosting."""
    # XGBoost bounds leaves by their hessians alone, so that no parameters make it grow the same trees.
    peers = [SKLEARN, *(peer for peer in installed_peers() if peer.name == "lightgbm")]
    for name, X, y, categories, is_classes in data_sets():
        kind = "StratifiedShuffleSplit" if is_classes else "ShuffleSplit"
        split = sk(f"sklearn.model_selection.{kind}")(n_splits=5, test_size=0.25, random_state=0)
        splits = list(split.split(X, y))
        ours = boosting_losses(FASTML, X, y, categories, is_classes, splits)
        for peer in peers:
            if categories and peer is not SKLEARN:
                continue  # it takes the columns of categories in a way of its own
            theirs = boosting_losses(peer, X, y, categories, is_classes, splits)
            compare(f"boosting {name}", peer.name, theirs, ours, more_is_better=False)


def forest_scores(library, kind, X, y, seeds, **parameters):
    """Return out-of-bag and held-out scores by seed."""
    found = []
    for seed in seeds:
        train, test = sk("sklearn.model_selection.train_test_split")(np.arange(len(X)), random_state=seed)
        model = library.find(f"ensemble.RandomForest{kind}")(
            n_estimators=100, oob_score=True, random_state=seed, **parameters
        ).fit(X[train], y[train])
        found.append((model.oob_score_, model.score(X[test], y[test])))
    return np.array(found).T


def compare_forests(seeds=range(10)):
    """Print the scores of forests."""
    for name, kind in (("breast_cancer", "Classifier"), ("digits", "Classifier"), ("diabetes", "Regressor")):
        X, y = sk(f"sklearn.datasets.load_{name}")(return_X_y=True)
        theirs = forest_scores(SKLEARN, kind, X, y, seeds)
        for splitter in ("exact", "hist"):
            ours = forest_scores(FASTML, kind, X, y, seeds, splitter=splitter)
            for measure, mine, other in zip(("out of bag", "held out"), ours, theirs):
                compare(f"forest {name}, {splitter}", measure, other, mine, more_is_better=True)


def main(argv=None):
    """Run the command."""
    argparse.ArgumentParser(description=__doc__).parse_args(argv)
    warnings.simplefilter("ignore")
    print(ROW.format("", "peer, score", "fastml", "peer", "better by"))
    compare_boosting()
    compare_forests()


if __name__ == "__main__":
    main()
