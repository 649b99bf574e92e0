"""Machine learning at the speed of the machine, with scikit-learn's interface.

Importing this package imports nothing else: its names are loaded when they are first used.
"""

from ._lazy import lazy_names

__version__ = "0.1.0"

_FAMILIES = (
    "cluster",
    "discriminant_analysis",
    "ensemble",
    "linear_model",
    "metrics",
    "neighbors",
    "preprocessing",
    "svm",
    "tree",
)
_FORWARDED = ("compose", "datasets", "exceptions", "model_selection", "pipeline")

# Public name -> the module that defines it. A family's estimators are found from here (`_discovery`).
_NAMES = {
    **{name: f"fastml.{name}" for name in (*_FAMILIES, *_FORWARDED)},
    "config_context": "fastml._config",
    "get_config": "fastml._config",
    "set_config": "fastml._config",
    "last_dispatch": "fastml._device",
    "load_model": "fastml._model_file",
    "save_model": "fastml._model_file",
    "to_onnx": "fastml._onnx",
}

__all__ = [
    "__version__",
    "cluster",
    "compose",
    "config_context",
    "datasets",
    "discriminant_analysis",
    "ensemble",
    "exceptions",
    "get_config",
    "last_dispatch",
    "linear_model",
    "load_model",
    "metrics",
    "model_selection",
    "neighbors",
    "pipeline",
    "preprocessing",
    "save_model",
    "set_config",
    "svm",
    "to_onnx",
    "tree",
]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import of typing
if TYPE_CHECKING:
    from . import (
        cluster,
        compose,
        datasets,
        discriminant_analysis,
        ensemble,
        exceptions,
        linear_model,
        metrics,
        model_selection,
        neighbors,
        pipeline,
        preprocessing,
        svm,
        tree,
    )
    from ._config import config_context, get_config, set_config
    from ._device import last_dispatch
    from ._model_file import load_model, save_model
    from ._onnx import to_onnx
