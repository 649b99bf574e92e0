"""Models of LightGBM and XGBoost predict here what they predict there.

The models in ``tests/data/boosted`` and their predictions were written by ``tests/data/boosted/make.py``;
where the libraries are installed, fresh models are compared too.
"""

import json
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import fastml
from fastml.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from tests.data.boosted import make

DATA = Path(make.__file__).parent
ROWS, EXPECTED = make.rows(), dict(np.load(DATA / "expected.npz"))
NAMES = sorted(EXPECTED)
TOLERANCE = {"lightgbm": {"rtol": 1e-12, "atol": 1e-12}, "xgboost": {"rtol": 2e-6, "atol": 2e-6}}


def class_of(name):
    classifies = "binary" in name or "multi" in name
    return HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor


def file_of(name):
    return next(DATA.glob(f"{name}.*"))


def read(name, model=None):
    library = name.split("-")[0]
    return getattr(class_of(name), f"from_{library}")(file_of(name) if model is None else model)


def predict(est, X):
    if not hasattr(est, "predict_proba"):
        return est.predict(X)
    found = est.predict_proba(X)
    return found[:, 1] if found.shape[1] == 2 else found


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_those_of_the_library(name):
    est = read(name)
    np.testing.assert_allclose(predict(est, ROWS), EXPECTED[name], **TOLERANCE[name.split("-")[0]])
    np.testing.assert_allclose(predict(est, ROWS[:1]), EXPECTED[name][:1], **TOLERANCE[name.split("-")[0]])
    if hasattr(est, "classes_"):
        assert (est.predict(ROWS) == est.classes_[est.predict_proba(ROWS).argmax(axis=1)]).all()
    assert est.n_features_in_ == ROWS.shape[1]
    assert est.n_iter_ * est.n_trees_per_iteration_ == len(est._records.sizes)


@pytest.mark.parametrize("name", NAMES)
def test_text_path_and_bytes_are_the_same(name):
    text = file_of(name).read_text()
    for model in (text, text.encode(), str(file_of(name))):
        np.testing.assert_array_equal(predict(read(name, model), ROWS), predict(read(name), ROWS))


@pytest.mark.parametrize("name", NAMES)
def test_what_was_read_goes_on_its_way(name):
    est = read(name)
    want = predict(est, ROWS)
    np.testing.assert_array_equal(predict(pickle.loads(pickle.dumps(est)), ROWS), want)
    np.testing.assert_allclose(predict(est.to_sklearn(), ROWS), want, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_read_is_saved(name, tmp_path):
    pytest.importorskip("safetensors", reason="model files need the extra `files`")
    est = read(name)
    fastml.save_model(est, tmp_path / "model")
    found = fastml.load_model(tmp_path / "model")
    np.testing.assert_array_equal(predict(found, ROWS), predict(est, ROWS))
    assert found._read_from == est._read_from


@pytest.mark.parametrize("name", NAMES)
def test_what_was_read_is_exported(name):
    pytest.importorskip("onnx", reason="export needs the extra `onnx`")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime computes the exported models")
    est = read(name)
    session = runtime.InferenceSession(fastml.to_onnx(est, "float64").SerializeToString())
    found = session.run(None, {"X": ROWS})[-1]
    found = found[:, 1] if found.ndim == 2 and found.shape[1] == 2 else found
    np.testing.assert_allclose(found, predict(est, ROWS), rtol=1e-12)


def test_names_of_features():
    est = read("lightgbm-regression")
    assert est.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert not hasattr(read("lightgbm-binary"), "feature_names_in_")
    assert read("xgboost-regression").feature_names_in_.tolist() == ["a", "b", "c", "d"]


def test_it_is_fitted_anew_or_not_at_all():
    est = read("lightgbm-regression")
    y = ROWS[:, 0]
    with pytest.raises(ValueError, match="read from LightGBM cannot be fitted further"):
        est.set_params(warm_start=True).fit(ROWS, y)
    est.set_params(warm_start=False).fit(ROWS, y)
    est.set_params(warm_start=True, max_iter=110).fit(ROWS, y)


def test_float32_is_compared_as_float64():
    X = ROWS.astype(np.float32)
    for name in NAMES:
        est = read(name)
        np.testing.assert_array_equal(predict(est, X), predict(est, X.astype(np.float64)))


# ---- what is refused ------------------------------------------------------------------------------------
def refused(name, text, match):
    with pytest.raises(ValueError, match=match):
        read(name, text)


@pytest.mark.parametrize(("old", "new", "match"), [
    ("objective=regression", "objective=lambdarank", "lambdarank"),
    ("objective=regression", "objective=regression sqrt", "square roots"),
    ("objective=regression", "objective=binary sigmoid:1", "a model for classification"),
    ("is_linear=0", "is_linear=1", "linear"),
    ("pandas_categorical:null", 'pandas_categorical:[["x", "y"]]', "pandas"),
    ("num_tree_per_iteration=1", "num_tree_per_iteration=2", "2 trees a round"),
    ("num_leaves=", "num_leaves=1", "leaves has"),
    ("max_feature_idx=3", "max_feature_idx=2", "name"),
    ("tree\n", "trunk\n", "no model of LightGBM's"),
    ("leaf_value=", "leaf_value=nan ", "leaf_value"),
    ("split_feature=", "split_feature=9 ", "split_feature"),
])  # fmt: skip
def test_lightgbm_models_that_are_not_representable(old, new, match):
    text = file_of("lightgbm-regression").read_text()
    assert old in text
    refused("lightgbm-regression", text.replace(old, new), match)


def edited(text, field, change):
    """The text with the values of a field of the first tree changed."""
    return re.sub(
        rf"\n{field}=(.*)\n", lambda m: f"\n{field}={' '.join(change(m[1].split()))}\n", text, count=1
    )


@pytest.mark.parametrize(("field", "value", "match"), [
    ("left_child", "0", "no tree"), ("left_child", "99", "no tree"), ("right_child", "-99", "no tree"),
    ("split_feature", "4", "feature"), ("split_feature", "-1", "feature"), ("threshold", "nan", "no numbers"),
    ("leaf_value", "inf", "no numbers"), ("leaf_value", "x", "could not convert"),
    ("left_child", "1e400", "invalid"),
    ("decision_type", "4", "zeros count"), ("decision_type", "1", "damaged"),
])  # fmt: skip
def test_lightgbm_trees_that_lead_astray(field, value, match):
    text = file_of("lightgbm-regression").read_text()
    bad = edited(text, field, lambda values: [*values[:-1], value])
    if field == "decision_type" and value == "4":  # zero as missing: harmless where zero goes that way anyway
        bad = edited(
            text, field, lambda values: [str(6 if float(t) < 0 else 4) for t in first_thresholds(text)]
        )
    refused("lightgbm-regression", bad, match)


def first_thresholds(text):
    return re.search(r"\nthreshold=(.*)\n", text)[1].split()


def changed(name, *path, to):
    described = json.loads(file_of(name).read_text())
    inner = described
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return json.dumps(described)


TREE = "learner", "gradient_booster", "model", "trees", 0


@pytest.mark.parametrize(("path", "value", "match"), [
    (("learner", "objective", "name"), "rank:ndcg", "rank:ndcg"),
    (("learner", "objective", "name"), "binary:logistic", "the base score is no probability"),
    (("learner", "gradient_booster", "name"), "gblinear", "gblinear"),
    (("learner", "learner_model_param", "num_target"), "2", "several targets"),
    (("learner", "learner_model_param", "base_score"), "nan", "base score"),
    (("learner", "learner_model_param", "num_feature"), "1000000000", "features"),
    (("learner", "learner_model_param", "num_feature"), "1", "feature"),
    (("learner", "gradient_booster", "model", "cats"), {"enc": [1]}, "data frame"),
    (("learner", "gradient_booster", "model", "tree_info"), [0], "same number"),
    (("learner", "gradient_booster", "model", "tree_info"), [-1, 0], "negative"),
    (("version",), [1, 0, 0], "older"),
    (("version",), None, "damaged"),
    (("learner",), [], "damaged"),
    ((*TREE, "left_children", 0), 0, "no tree"),
    ((*TREE, "left_children", 0), 2, "no tree"),
    ((*TREE, "left_children", 0), 10**9, "no tree"),
    ((*TREE, "left_children", 0), -5, "one child"),
    ((*TREE, "split_indices", 0), 77, "feature"),
    ((*TREE, "split_conditions"), [], "split_conditions"),
    ((*TREE, "split_conditions", 0), "x", "could not convert"),
    ((*TREE, "left_children"), [], "values of"),
    ((*TREE, "tree_param", "size_leaf_vector"), "3", "several values"),
])  # fmt: skip
def test_xgboost_models_that_are_not_representable(path, value, match):
    refused("xgboost-regression", changed("xgboost-regression", *path, to=value), match)


def test_too_many_thresholds_are_refused():
    described = json.loads(file_of("xgboost-regression").read_text())
    model = described["learner"]["gradient_booster"]["model"]
    model["trees"] = [
        {**model["trees"][0], "left_children": [1, -1, -1], "right_children": [2, -1, -1],
         "split_indices": [0] * 3, "split_conditions": [float(i), 0.0, 1.0],
         "default_left": [0] * 3, "split_type": [0] * 3}
        for i in range(255)
    ]  # fmt: skip
    model["tree_info"] = [0] * 255
    refused("xgboost-regression", json.dumps(described), "feature 0 is split at 255 thresholds")
    model["trees"].pop(), model["tree_info"].pop()
    est = read("xgboost-regression", json.dumps(described))
    # As many leaves of one as thresholds that are above the value
    below = (np.float32(ROWS[:, :1]) < np.arange(254)).sum(axis=1)
    np.testing.assert_allclose(est.predict(ROWS) - est._baseline[0], 254 - below)


@pytest.mark.parametrize("name", ["xgboost-regression", "lightgbm-regression"])
def test_categories_that_are_too_many_are_refused(name):
    categories = name.replace("regression", "categories")
    text = file_of(categories).read_text()
    if "xgboost" in name:
        text = re.sub(r'("categories": ?\[)(\d+)', r"\g<1>255", text, count=1)
    else:
        text = edited(text, "cat_threshold", lambda words: ["0", "0", "0", "0", "0", "0", "0", str(2**31)])
        text = edited(text, "cat_boundaries", lambda ends: ["0", *["8"] * (len(ends) - 1)])
    refused(categories, text, "categories above 254")


def test_rounding_to_float32_decides_as_in_xgboost():
    """Around a threshold, and at the middles between neighbouring float32."""
    from fastml.ensemble._xgboost import _thresholds

    for condition in np.float32([1.0, 1.5, -2.0, 1e-45, 0.0, 3.1415927, -1e-38, 65504.0, 1e30]):
        below, above = (np.nextafter(condition, np.float32(side)) for side in (-np.inf, np.inf))
        middles = [(float(condition) + float(near)) / 2 for near in (below, above)]
        values = np.array([float(below), float(condition), float(above), *middles])
        values = np.concatenate([values, np.nextafter(values, -np.inf), np.nextafter(values, np.inf)])
        (limit,) = _thresholds(np.array([condition], np.float32))
        np.testing.assert_array_equal(values <= limit, values.astype(np.float32) < condition)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_damaged_models_do_no_harm(name):
    good = file_of(name).read_bytes()
    for stop in range(0, len(good), len(good) // 15):
        try:
            predict(read(name, good[:stop]), ROWS)
        except (ValueError, OSError):  # what is too short counts as the name of a file
            continue
    rng = np.random.RandomState(0)
    digits = np.flatnonzero(np.isin(np.frombuffer(good, np.uint8), np.frombuffer(b"0123456789", np.uint8)))
    n_refused = 0
    for i in range(150):
        data = bytearray(good)
        for place in rng.choice(digits if i % 2 else len(good), 1 + i % 3):
            data[place] = rng.choice(list(b"0123456789-., e\n"))
        try:
            with np.errstate(all="ignore"):
                predict(read(name, bytes(data)), ROWS)
        except ValueError:
            n_refused += 1
    assert 0 < n_refused < 150


# ---- fresh models -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", make.MODELS)
@pytest.mark.parametrize("seed", [1, 2])
def test_fresh_models(name, seed):
    pytest.importorskip(name.split("-")[0], reason="the library that makes the models")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text, X, want = make.train(name, seed=seed, n_rounds=20, n_rows=2000)
    np.testing.assert_allclose(predict(read(name, text), X), want, **TOLERANCE[name.split("-")[0]])
