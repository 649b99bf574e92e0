"""
Handwritten digits
==================

Classify, search and cluster the 1,797 digits of scikit-learn's data set: a pipeline, a grid search,
neighbours, clusters. Except for the first word of each import, this is a script for scikit-learn.

Run as ``python examples/digits.py``.
"""

from fastml.cluster import KMeans
from fastml.datasets import load_digits
from fastml.metrics import accuracy_score, adjusted_rand_score, confusion_matrix, silhouette_score
from fastml.model_selection import GridSearchCV, train_test_split
from fastml.neighbors import KNeighborsClassifier, NearestNeighbors
from fastml.pipeline import make_pipeline
from fastml.preprocessing import MinMaxScaler


def main():
    """Print what each step finds."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

    pipeline = make_pipeline(MinMaxScaler(), KNeighborsClassifier())
    grid = {
        "kneighborsclassifier__n_neighbors": [1, 3, 5],
        "kneighborsclassifier__weights": ["uniform", "distance"],
    }
    search = GridSearchCV(pipeline, grid).fit(X_train, y_train)
    predicted = search.predict(X_test)
    print("best parameters:", search.best_params_)
    print(f"accuracy on the {len(y_test)} test digits: {accuracy_score(y_test, predicted):.3f}")
    print(confusion_matrix(y_test, predicted))

    _, nearest = NearestNeighbors(n_neighbors=5).fit(X_train).kneighbors(X_test[:3])
    for truth, rows in zip(y_test[:3], nearest, strict=True):
        print(f"a {truth}: its nearest training digits are", *y_train[rows])

    labels = KMeans(n_clusters=10, n_init=4, random_state=0).fit_predict(X)
    print(f"10 clusters against the true digits: adjusted Rand index {adjusted_rand_score(y, labels):.3f}")
    print(f"how well they are apart: silhouette {silhouette_score(X, labels):.3f}")


if __name__ == "__main__":
    main()
