"""The base classes of every estimator. Importing this module does not import scikit-learn.

Until scikit-learn is loaded, `Estimator` and the mixins derive from the small stand-ins below, which
hold what fitting and predicting with plain arrays needs. As soon as it is loaded, by anyone, each
stand-in is exchanged in ``__bases__`` for scikit-learn's own class, before ``sklearn.base`` counts as
imported. So whoever can name ``BaseEstimator`` finds that ``issubclass(KMeans, BaseEstimator)``, and
what scikit-learn does with estimators (tags, repr, HTML, set_output, metadata routing, feature names,
clone) is its own code, of whatever version: no copy of it is kept here. A slow path, such as
``repr(estimator)``, loads it.

With the environment variable ``FASTML_EAGER_SKLEARN=1`` the classes derive from scikit-learn's from the
beginning.
"""

import importlib
import inspect
import os
import sys
import threading
import weakref

from . import __version__
from ._parameters import SklearnConstraints

__all__ = [
    "ClassNamePrefix",
    "Classifier",
    "Clusterer",
    "Estimator",
    "MultiOutput",
    "OneToOne",
    "OutlierDetector",
    "Regressor",
    "Transformer",
    "stand_for",
    "when_loaded",
]

_waiting: list = []  # (class, class keywords) that scikit-learn's __init_subclass__ has not seen yet
_lock = threading.RLock()


# ---- stand-ins, each in the place of the class of scikit-learn's that has its name ---------------
class _Lazy:
    """An attribute that scikit-learn provides: load it, then look again."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        adopt()
        return getattr(owner if instance is None else instance, self.name)


class _StandIn:
    def __init_subclass__(cls, **kwargs):
        _waiting.append((weakref.ref(cls), dict(kwargs)))
        kwargs.pop("auto_wrap_output_keys", None)  # scikit-learn's own
        super().__init_subclass__(**kwargs)


class _BaseEstimator(_StandIn):
    @classmethod
    def _get_param_names(cls):
        if cls.__init__ is object.__init__:
            return []
        parameters = [p for p in inspect.signature(cls.__init__).parameters.values() if p.name != "self"]
        if any(p.kind is p.VAR_POSITIONAL for p in parameters):  # an error
            adopt()
            return cls._get_param_names()
        return sorted(p.name for p in parameters if p.kind is not p.VAR_KEYWORD)

    def get_params(self, deep=True):
        """Get the parameters of this estimator and, if `deep`, of the estimators in it."""
        params = {}
        for name in self._get_param_names():
            value = params[name] = getattr(self, name)
            if deep and hasattr(value, "get_params") and not isinstance(value, type):
                params.update((f"{name}__{key}", v) for key, v in value.get_params().items())
        return params

    def set_params(self, **params):
        """Set parameters; `<component>__<parameter>` reaches those of an estimator in this one."""
        names = self._get_param_names()
        if any(key not in names for key in params):  # in a component, or an error
            adopt()
            return self.set_params(**params)
        for key, value in params.items():
            setattr(self, key, value)
        return self

    def __getstate__(self):
        if getattr(self, "__slots__", None):  # an error
            adopt()
            return self.__getstate__()
        return dict(self.__dict__)

    def __repr__(self, N_CHAR_MAX=700):
        adopt()
        return self.__repr__(N_CHAR_MAX)

    def __dir__(self):
        adopt()
        return self.__dir__()

    __sklearn_tags__ = _Lazy()
    __sklearn_clone__ = _Lazy()
    get_metadata_routing = _Lazy()
    _get_metadata_request = _Lazy()
    _repr_html_ = _Lazy()
    _repr_mimebundle_ = _Lazy()
    _validate_params = _Lazy()
    set_callbacks = _Lazy()
    set_fit_request = _Lazy()
    set_partial_fit_request = _Lazy()
    set_predict_request = _Lazy()
    set_predict_proba_request = _Lazy()
    set_predict_log_proba_request = _Lazy()
    set_decision_function_request = _Lazy()
    set_score_request = _Lazy()
    set_transform_request = _Lazy()
    set_inverse_transform_request = _Lazy()


class _ClassifierMixin(_StandIn):
    score = _Lazy()


class _RegressorMixin(_StandIn):
    score = _Lazy()


class _ClusterMixin(_StandIn):
    def fit_predict(self, X, y=None, **kwargs):
        """Fit, and return the labels."""
        return self.fit(X, **kwargs).labels_


class _OutlierMixin(_StandIn):
    def fit_predict(self, X, y=None, **kwargs):
        """Fit, and tell inliers from outliers of the same data."""
        return self.fit(X, **kwargs).predict(X)


class _TransformerMixin(_StandIn):
    set_output = _Lazy()

    def fit_transform(self, X, y=None, **fit_params):
        """Fit, and transform the same data."""
        fitted = self.fit(X, **fit_params) if y is None else self.fit(X, y, **fit_params)
        return fitted.transform(X)


class _MultiOutputMixin(_StandIn):
    pass


class _OneToOneFeatureMixin(_StandIn):
    get_feature_names_out = _Lazy()


class _ClassNamePrefixFeaturesOutMixin(_StandIn):
    get_feature_names_out = _Lazy()


# ---- the classes to derive from ------------------------------------------------------------------
_EAGER = os.environ.get("FASTML_EAGER_SKLEARN", "0") not in ("", "0")


def _sklearn_bases(name):
    """Return the classes of scikit-learn's that take the place of the stand-in for `name`."""
    import sklearn  # noqa: F401 - the package first and alone: see `_lazy.sk`

    base = getattr(importlib.import_module("sklearn.base"), name)
    if name != "BaseEstimator":
        return (base,)
    try:
        callback = importlib.import_module("sklearn.callback")
    except ModuleNotFoundError:  # before scikit-learn 1.9
        return (base,)
    return callback.CallbackSupportMixin, base


def _bases(name):
    return _sklearn_bases(name) if _EAGER else (globals()[f"_{name}"],)


class Estimator(*_bases("BaseEstimator")):  # type: ignore[misc]
    """Base class of every estimator.

    A subclass takes its parameters by name, as keyword arguments of ``__init__`` that are stored
    unchanged, and states in ``_constraints`` what each may be. Methods that fit are decorated with
    `fastml._validation.fit_method`. The mixins of this module stand to the left of this class.

    Parameters
    ----------
    n_jobs : int, default=None
        Number of threads; None and negative numbers mean what `fastml.set_config` says.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says.

    Attributes
    ----------
    n_features_in_ : int
        The number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of features, if X had any.

    Examples
    --------
    >>> import numbers
    >>> from fastml._base import Estimator
    >>> from fastml._validation import Interval, check_X, fit_method
    >>> class Smallest(Estimator):
    ...     _constraints = {"k": [Interval(numbers.Integral, 1)]}
    ...
    ...     def __init__(self, k=1):
    ...         self.k = k
    ...
    ...     @fit_method
    ...     def fit(self, X, y=None):
    ...         self.smallest_ = sorted(check_X(self, X, reset=True).ravel())[: self.k]
    ...         return self
    >>> Smallest(k=2).fit([[3.0, 1.0], [2.0, 4.0]]).n_features_in_
    2
    """

    # name of a parameter -> what it may be; the terms are those of scikit-learn's
    # `_parameter_constraints`, with `Interval` and `Options` in the place of its classes
    _constraints: dict = {}
    _parameter_constraints = SklearnConstraints()

    def __getstate__(self):
        return {**super().__getstate__(), "_fastml_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_fastml_version", None)
        if version != __version__:
            import warnings

            from .exceptions import InconsistentVersionWarning

            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=type(self).__name__,
                    current_sklearn_version=__version__,
                    original_sklearn_version=version,
                )
            )
        self.__dict__.update(state)


class Classifier(*_bases("ClassifierMixin")):  # type: ignore[misc]
    """Mixin for classifiers: `score` is the accuracy."""


class Regressor(*_bases("RegressorMixin")):  # type: ignore[misc]
    """Mixin for regressors: `score` is the coefficient of determination."""


class Clusterer(*_bases("ClusterMixin")):  # type: ignore[misc]
    """Mixin for clusterers: `fit_predict`."""


class OutlierDetector(*_bases("OutlierMixin")):  # type: ignore[misc]
    """Mixin for detectors of outliers: `fit_predict`."""


class Transformer(*_bases("TransformerMixin")):  # type: ignore[misc]
    """Mixin for transformers: `fit_transform` and `set_output`."""


class MultiOutput(*_bases("MultiOutputMixin")):  # type: ignore[misc]
    """Mixin for estimators that take several targets at once."""


class OneToOne(*_bases("OneToOneFeatureMixin")):  # type: ignore[misc]
    """Mixin for transformers whose output features are the input features."""


class ClassNamePrefix(*_bases("ClassNamePrefixFeaturesOutMixin")):  # type: ignore[misc]
    """Mixin for transformers whose output features are numbered, after the class's name."""


# ---- the exchange --------------------------------------------------------------------------------
_exchanges = {  # class -> the name of the class that its stand-in stands for; empty when all are exchanged
    cls: cls.__bases__[0].__name__[1:]
    for cls in (
        Classifier,
        Regressor,
        Clusterer,
        OutlierDetector,
        Transformer,
        MultiOutput,
        OneToOne,
        ClassNamePrefix,
        Estimator,  # last: else a class that inherits it in two ways has no consistent order half-way
    )
    if issubclass(cls, _StandIn)
}


def adopt():
    """Load scikit-learn and put its classes in the place of the stand-ins."""
    # Before the lock, because importing takes locks too.
    theirs = {cls: _sklearn_bases(name) for cls, name in list(_exchanges.items())}
    with _lock:
        for cls, bases in theirs.items():
            if _exchanges.pop(cls, None):
                cls.__bases__ = bases
        while _waiting:
            reference, kwargs = _waiting.pop(0)
            cls = reference()
            if cls is not None and not issubclass(cls, _StandIn):
                _introduce(cls, kwargs)
        _actions_of("sklearn.base")


def _introduce(cls, kwargs):
    """Do what happens when a class derived from scikit-learn's is defined.

    Methods are wrapped for set_output, set_{method}_request are made.
    """
    for base in cls.__mro__:
        if base.__module__.startswith("sklearn.") and "__init_subclass__" in vars(base):
            vars(base)["__init_subclass__"].__get__(None, cls)(**kwargs)
            return


_after_loading: dict = {}  # name of a module -> what is called as the last step of executing it


def when_loaded(module, action):
    """Call `action` as the last step of executing a module, or now if that is loaded already.

    No other thread gets hold of the module before.

    Parameters
    ----------
    module : str
        The full name of a module of scikit-learn's.
    action : callable
        Called without arguments.
    """
    with _lock:
        waits = module not in sys.modules or module in _after_loading
        if waits:
            _after_loading.setdefault(module, []).append(action)
            if _WhenLoaded not in sys.meta_path:
                sys.meta_path.insert(0, _WhenLoaded)
    if not waits:
        action()


class _WhenLoaded:
    """An import hook that finds nothing itself, but adds a last step to what others find."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _after_loading:
            return None
        spec = _find_spec_elsewhere(name, path, target)
        if spec is None or not hasattr(spec.loader, "exec_module"):
            return spec
        loader = spec.loader
        execute = loader.exec_module

        def exec_module(module):
            del loader.exec_module
            execute(module)
            _run_actions(name)

        loader.exec_module = exec_module
        return spec


def _run_actions(module):
    for action in _actions_of(module):
        try:
            action()
        except Exception as error:  # never the reason why scikit-learn does not load
            import warnings

            message = f"{__package__} could not adopt the classes of {module}: {error!r}"
            warnings.warn(message, RuntimeWarning)


def _actions_of(module):
    """Take what is to be done for a module off the list; with the last of them goes the hook."""
    with _lock:
        actions = _after_loading.pop(module, ())
        if not _after_loading and _WhenLoaded in sys.meta_path:
            sys.meta_path.remove(_WhenLoaded)
    return actions


def _find_spec_elsewhere(name, path, target):
    for finder in list(sys.meta_path):
        if finder is not _WhenLoaded and hasattr(finder, "find_spec"):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
    return None


def stand_for(cls, path):
    """Make a class count as a subclass of one of scikit-learn's that has an abstract base class's register.

    Parameters
    ----------
    cls : type
        The class.
    path : str
        Module and name of scikit-learn's class; the module is not loaded for it.
    """
    module, _, name = path.rpartition(".")
    # Not from `sys.modules`: another thread may just be executing the module.
    when_loaded(module, lambda: getattr(importlib.import_module(module), name).register(cls))


if not _EAGER:
    when_loaded("sklearn.base", lambda: adopt())
