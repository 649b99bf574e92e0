"""
Models that travel
==================

A support vector machine for handwritten digits leaves the process that trained it in two ways: as a file that
holds no code, for fastml elsewhere, and as an ONNX graph, for runtimes and languages that know nothing of
fastml. Both say what the model said.

Run as ``python examples/travelling_models.py``; it needs the extras ``files`` and ``onnx``, and onnxruntime.
"""

import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

import fastml
from fastml.datasets import load_digits
from fastml.model_selection import train_test_split
from fastml.pipeline import make_pipeline
from fastml.preprocessing import MinMaxScaler
from fastml.svm import SVC


def main():
    """Print what the model and its two copies say."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = make_pipeline(MinMaxScaler(), SVC(C=10.0)).fit(X_train, y_train)
    print(f"accuracy on the {len(y_test)} test digits: {model.score(X_test, y_test):.3f}")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.safetensors"
        fastml.save_model(model, path)
        again = fastml.load_model(path)
        print(f"the file takes {path.stat().st_size / 1024:.0f} kB")
    same = np.array_equal(again.decision_function(X_test), model.decision_function(X_test))
    print("decision values of the loaded model:", "the same to the last bit" if same else "others")

    graph = fastml.to_onnx(model, "float64").SerializeToString()
    labels, scores = onnxruntime.InferenceSession(graph).run(["label", "scores"], {"X": X_test})
    difference = abs(scores - model.decision_function(X_test)).max()
    print(f"onnxruntime gives {(labels == model.predict(X_test)).mean():.0%} of the labels, and the decision")
    print(f"values up to {difference:.0e}")


if __name__ == "__main__":
    main()
