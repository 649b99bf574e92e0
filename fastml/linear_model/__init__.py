"""Linear models; the rest is scikit-learn's. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "GammaRegressor",
    "HuberRegressor",
    "Lasso",
    "LassoCV",
    "LinearRegression",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "PassiveAggressiveClassifier",
    "PassiveAggressiveRegressor",
    "Perceptron",
    "PoissonRegressor",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "SGDClassifier",
    "SGDRegressor",
    "enet_path",
    "lasso_path",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "ElasticNet": "fastml.linear_model._elastic_net",
        "ElasticNetCV": "fastml.linear_model._elastic_net_cv",
        "GammaRegressor": "fastml.linear_model._glm",
        "HuberRegressor": "fastml.linear_model._huber",
        "Lasso": "fastml.linear_model._lasso",
        "LassoCV": "fastml.linear_model._lasso_cv",
        "LinearRegression": "fastml.linear_model._least_squares",
        "LogisticRegression": "fastml.linear_model._logistic",
        "LogisticRegressionCV": "fastml.linear_model._logistic_cv",
        "MultiTaskElasticNet": "fastml.linear_model._multi_task",
        "MultiTaskElasticNetCV": "fastml.linear_model._multi_task_cv",
        "MultiTaskLasso": "fastml.linear_model._multi_task",
        "MultiTaskLassoCV": "fastml.linear_model._multi_task_cv",
        "PassiveAggressiveClassifier": "fastml.linear_model._passive_aggressive",
        "PassiveAggressiveRegressor": "fastml.linear_model._passive_aggressive",
        "Perceptron": "fastml.linear_model._perceptron",
        "PoissonRegressor": "fastml.linear_model._glm",
        "Ridge": "fastml.linear_model._ridge",
        "RidgeCV": "fastml.linear_model._ridge_cv",
        "RidgeClassifier": "fastml.linear_model._ridge",
        "RidgeClassifierCV": "fastml.linear_model._ridge_cv",
        "SGDClassifier": "fastml.linear_model._sgd_classification",
        "SGDRegressor": "fastml.linear_model._sgd_regression",
        "enet_path": "fastml.linear_model._path",
        "lasso_path": "fastml.linear_model._path",
    },
    fallback="sklearn.linear_model",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._elastic_net import ElasticNet
    from ._elastic_net_cv import ElasticNetCV
    from ._glm import GammaRegressor, PoissonRegressor
    from ._huber import HuberRegressor
    from ._lasso import Lasso
    from ._lasso_cv import LassoCV
    from ._least_squares import LinearRegression
    from ._logistic import LogisticRegression
    from ._logistic_cv import LogisticRegressionCV
    from ._multi_task import MultiTaskElasticNet, MultiTaskLasso
    from ._multi_task_cv import MultiTaskElasticNetCV, MultiTaskLassoCV
    from ._passive_aggressive import PassiveAggressiveClassifier, PassiveAggressiveRegressor
    from ._path import enet_path, lasso_path
    from ._perceptron import Perceptron
    from ._ridge import Ridge, RidgeClassifier
    from ._ridge_cv import RidgeClassifierCV, RidgeCV
    from ._sgd_classification import SGDClassifier
    from ._sgd_regression import SGDRegressor
