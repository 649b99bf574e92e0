"""Splitting, cross-validation and parameter search: scikit-learn's own, loaded on first use."""

from ._lazy import lazy_names

__getattr__, __dir__ = lazy_names(__name__, fallback="sklearn.model_selection")
