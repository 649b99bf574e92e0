"""Transformers for columns and for targets: scikit-learn's own, loaded on first use."""

from ._lazy import lazy_names

__getattr__, __dir__ = lazy_names(__name__, fallback="sklearn.compose")
