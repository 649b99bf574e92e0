"""Linear models; what is not here is handed on from scikit-learn. Names are loaded when they are first used."""

from .._lazy import lazy_names

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "enet_path",
    "lasso_path",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "ElasticNet": "fastml.linear_model._elastic_net",
        "ElasticNetCV": "fastml.linear_model._elastic_net_cv",
        "Lasso": "fastml.linear_model._lasso",
        "LassoCV": "fastml.linear_model._lasso_cv",
        "MultiTaskElasticNet": "fastml.linear_model._multi_task",
        "MultiTaskElasticNetCV": "fastml.linear_model._multi_task_cv",
        "MultiTaskLasso": "fastml.linear_model._multi_task",
        "MultiTaskLassoCV": "fastml.linear_model._multi_task_cv",
        "enet_path": "fastml.linear_model._path",
        "lasso_path": "fastml.linear_model._path",
    },
    fallback="sklearn.linear_model",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._elastic_net import ElasticNet
    from ._elastic_net_cv import ElasticNetCV
    from ._lasso import Lasso
    from ._lasso_cv import LassoCV
    from ._multi_task import MultiTaskElasticNet, MultiTaskLasso
    from ._multi_task_cv import MultiTaskElasticNetCV, MultiTaskLassoCV
    from ._path import enet_path, lasso_path
