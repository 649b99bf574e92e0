"""Train small models with LightGBM and XGBoost, and note what they predict.

``python -m tests.data.boosted.make`` writes the files in this folder.
"""

from pathlib import Path

import numpy as np

CATEGORY = 3  # the last feature
MODELS = {
    "lightgbm-binary": {"objective": "binary", "sigmoid": 1.5},
    "lightgbm-multiclass": {"objective": "multiclass", "num_class": 3},
    "lightgbm-regression": {"objective": "regression"},
    "lightgbm-poisson": {"objective": "poisson", "use_missing": False},
    "lightgbm-forest": {
        "objective": "regression_l1", "boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1
    },
    "lightgbm-categories": {"objective": "regression", "categorical": True},
    "xgboost-binary": {"objective": "binary:logistic", "num_parallel_tree": 2, "subsample": 0.5},
    "xgboost-multiclass": {"objective": "multi:softprob", "num_class": 3},
    "xgboost-regression": {"objective": "reg:squarederror"},
    "xgboost-gamma": {"objective": "reg:gamma", "booster": "dart", "rate_drop": 0.5},
    "xgboost-categories": {"objective": "reg:squarederror", "categorical": True},
}  # fmt: skip


def rows(n_rows=300, seed=0, n_categories=12):
    """Return rows with missing values, zeros, and a feature of categories."""
    rng = np.random.RandomState(seed)
    X = rng.randn(n_rows, CATEGORY + 1)
    X[:, CATEGORY] = rng.randint(n_categories, size=n_rows)
    X[::7, 1] = X[::11, CATEGORY] = np.nan
    X[::5, 2] = 0
    return X


def train(name, seed=0, n_rounds=3, n_rows=300):
    """Return the text of a model, rows some of which it has not seen, and what it predicts."""
    X = rows(n_rows, seed)
    score = np.nan_to_num(X[:, 0]) + np.nan_to_num(X[:, 1]) ** 2 + np.nan_to_num(X[:, CATEGORY]) % 3
    y = np.abs(score) + 0.1
    if "binary" in name:
        y = (score > 1).astype(int)
    elif "multi" in name:
        y = np.digitize(score, [1, 2])
    params = dict(MODELS[name])
    categorical = params.pop("categorical", False)
    asked = np.concatenate([rows(300), rows(200, seed + 100, n_categories=30), np.full((1, 4), np.nan)])
    how = train_lightgbm if name.startswith("lightgbm") else train_xgboost
    names = list("abcd") if name.endswith("regression") else None
    text, found = how(X, y, asked, params, categorical, names, n_rounds)
    return text, asked, found


def train_lightgbm(X, y, asked, params, categorical, names, n_rounds):
    import lightgbm

    data = lightgbm.Dataset(
        X, y, categorical_feature=[CATEGORY] if categorical else [], feature_name=names or "auto"
    )
    params = {**params, "verbose": -1, "num_threads": 1, "num_leaves": 6, "min_data_in_leaf": 5}
    booster = lightgbm.train(params, data, n_rounds)
    return booster.model_to_string(), booster.predict(asked)


def train_xgboost(X, y, asked, params, categorical, names, n_rounds):
    import xgboost

    kinds = ["q"] * CATEGORY + ["c" if categorical else "q"]

    def matrix(X, y=None):
        return xgboost.DMatrix(X, y, feature_names=names, feature_types=kinds, enable_categorical=True)

    booster = xgboost.train({**params, "nthread": 1, "max_depth": 3}, matrix(X, y), n_rounds)
    return booster.save_raw("json").decode(), booster.predict(matrix(asked))


def main():
    """Write the models, and their predictions for `rows()`."""
    folder, expected = Path(__file__).parent, {}
    for name in MODELS:
        text, asked, found = train(name)
        suffix = "txt" if name.startswith("lightgbm") else "json"
        (folder / f"{name}.{suffix}").write_text(text.rstrip() + "\n")
        expected[name] = found[: len(rows())]
        assert np.array_equal(asked[: len(rows())], rows(), equal_nan=True)
    np.savez_compressed(folder / "expected.npz", **expected)


if __name__ == "__main__":
    main()
