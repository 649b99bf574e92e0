"""
A table of passengers
=====================

Boosted trees on a table as it comes: categories as words, missing values, no preprocessing. The table is
made up in the manner of a ship's list of passengers. Except for the first word of each import, this is a
script for scikit-learn.

Run as ``python examples/passengers.py``.
"""

import numpy as np
import pandas as pd

from fastml.ensemble import HistGradientBoostingClassifier
from fastml.model_selection import cross_val_score, train_test_split


def passengers(n=3000, seed=0):
    """A table of passengers, and who survived."""
    random = np.random.default_rng(seed)
    ticket = random.choice(["first", "second", "third"], size=n, p=[0.25, 0.2, 0.55])
    sex = random.choice(["female", "male"], size=n, p=[0.35, 0.65])
    age = np.clip(random.gamma(6, 5, size=n), 0.5, 80).round(1)
    fare = random.lognormal(np.select([ticket == "first", ticket == "second"], [4, 2.8], 2.2), 0.5).round(2)
    port = random.choice(["Southampton", "Cherbourg", "Queenstown"], size=n, p=[0.7, 0.2, 0.1])
    class_effect = 1.2 * (ticket == "first") - 0.8 * (ticket == "third")
    survived = 2.5 * (sex == "female") + class_effect + 1.5 * (age < 12) + random.logistic(size=n) > 1.2
    table = pd.DataFrame({"ticket": ticket, "sex": sex, "age": age, "fare": fare, "port": port})
    table = table.astype({"ticket": "category", "sex": "category", "port": "category"})
    table.loc[random.random(n) < 0.2, "age"] = np.nan
    table.loc[random.random(n) < 0.05, "port"] = None
    return table, survived


def main():
    """Print how well survival is told."""
    X, y = passengers()
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = HistGradientBoostingClassifier(max_iter=60, learning_rate=0.1, random_state=0)
    print("accuracy of five folds", cross_val_score(model, X_train, y_train).mean().round(3))
    model.fit(X_train, y_train)
    print("accuracy on new passengers", round(model.score(X_test, y_test), 3))
    unknown = pd.DataFrame(
        {"ticket": [None], "sex": ["female"], "age": [np.nan], "fare": [np.nan], "port": ["Cherbourg"]}
    ).astype(X.dtypes)
    print("chance of a woman of whom little is known", model.predict_proba(unknown)[0, 1].round(2))


if __name__ == "__main__":
    main()
