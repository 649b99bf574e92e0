"""Names that are imported when they are first used."""

import importlib
import sys

__all__ = ["lazy_names", "sk"]


def sk(path):
    """Return the object at a dotted path of scikit-learn's, importing it first.

    This is the one way in which fastml reaches scikit-learn, and it is for slow paths only: importing
    scikit-learn takes longer than fitting most models.

    Parameters
    ----------
    path : str
        The object's module and name, such as ``"sklearn.utils.check_array"``.

    Returns
    -------
    object
        The class, function or module of that name.

    Examples
    --------
    >>> from fastml._lazy import sk
    >>> sk("sklearn.utils.check_array").__name__
    'check_array'
    """
    # The package first and alone: threads that import `sklearn` and `sklearn.x` at the same time wait
    # for each other's import locks; CPython breaks the deadlock by showing one of them a half-made
    # module.
    import sklearn  # noqa: F401

    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def lazy_names(module, names=(), fallback=None):
    """Return the ``__getattr__`` and ``__dir__`` that make names of a module lazy (PEP 562).

    A module that falls back on one of scikit-learn's needs no ``__all__``: it becomes all public names
    of both. A module without a fallback lists its own.

    Parameters
    ----------
    module : str
        The module's ``__name__``.
    names : mapping of str to str, default=()
        For each name the full name of the module that defines it, or of the submodule that it stands for.
    fallback : str, default=None
        The module of scikit-learn's that has all further public names.

    Returns
    -------
    tuple of two callables
        The functions to be assigned to ``__getattr__`` and ``__dir__``.

    Examples
    --------
    The whole of ``fastml/pipeline.py``:

    >>> from fastml._lazy import lazy_names
    >>> __getattr__, __dir__ = lazy_names("fastml.pipeline", fallback="sklearn.pipeline")
    >>> __getattr__("make_pipeline").__module__
    'sklearn.pipeline'
    """
    names = dict(names)

    def __getattr__(name):
        if name in names:
            value = _import_name(names[name], name)
            setattr(sys.modules[module], name, value)  # next time without this function
            return value
        # Other dunder names are asked for by all kinds of tools that only look around: nothing is
        # loaded for them.
        if fallback is not None and name == "__all__":
            return sorted({*names, *_public(sk(fallback))})
        if fallback is not None and not name.startswith("_"):
            theirs = sk(fallback)
            if hasattr(theirs, name):
                return getattr(theirs, name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*vars(sys.modules[module]), *names, *(_public(sk(fallback)) if fallback else ())})

    return __getattr__, __dir__


def _import_name(module, name):
    found = importlib.import_module(module)
    return found if module.rpartition(".")[2] == name else getattr(found, name)


def _public(module):
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    return [name for name in names if _is_there(module, name)]


def _is_there(module, name):
    try:
        return hasattr(module, name)
    except ImportError:  # what scikit-learn raises for names that are to be enabled first
        return False
