"""What makes an estimator of a model of another library."""

from __future__ import annotations

from typing import Any

__all__ = ["ReadsModels"]


class ReadsModels:
    """Mixin for histogram gradient boosting: reads models of LightGBM and XGBoost."""

    @classmethod
    def from_lightgbm(cls, model: Any, device: str | None = None) -> Any:
        """Return an estimator that predicts what a model of LightGBM's does.

        Parameters
        ----------
        model : str, bytes or path-like
            The text of the model, or the path of its file: see `lightgbm.Booster.save_model`.
        device : {"auto", "cpu", "cuda"}, default=None
            Where to compute; None means what `fastml.set_config` says.

        Returns
        -------
        estimator : BaseHistGradientBoosting
            Fitted. `loss` is one with the model's link function, classes are 0, 1, ...; other parameters have
            their defaults.

        Raises
        ------
        ValueError
            If it is no such model, is damaged, or has what is not representable: an objective without a
            counterpart, zeros as missing values, linear leaves, a feature with more than 254 thresholds,
            categories above 254, or those of a pandas data frame.
        """
        from ._foreign import read
        from ._lightgbm import read_lightgbm

        return read(cls, read_lightgbm, model, device)

    @classmethod
    def from_xgboost(cls, model: Any, device: str | None = None) -> Any:
        """Return an estimator that predicts what a model of XGBoost's does.

        Parameters
        ----------
        model : str, bytes or path-like
            The JSON of the model, or the path of its file: see `xgboost.Booster.save_model`.
        device : {"auto", "cpu", "cuda"}, default=None
            Where to compute; None means what `fastml.set_config` says.

        Returns
        -------
        estimator : BaseHistGradientBoosting
            Fitted. `loss` is one with the model's link function, classes are 0, 1, ...; other parameters have
            their defaults. Sums are float64, where XGBoost's are float32.

        Raises
        ------
        ValueError
            If it is no such model, is damaged, or has what is not representable: an objective without a
            counterpart, a linear booster, several targets, a feature with more than 254 thresholds,
            categories above 254, or those of a data frame.
        """
        from ._foreign import read
        from ._xgboost import read_xgboost

        return read(cls, read_xgboost, model, device)
