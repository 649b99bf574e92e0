"""scikit-learn's checks of estimators: which estimators, which checks, and a report of running them all.

Run as ``python -m tests.sklearn_checks {toys,all}``, it imports fastml first, uses every estimator, and only
then loads scikit-learn; it prints the status of each check as JSON.
"""

import contextlib
import json
import sys
import warnings

from tests.names import target_for

# Not among `check_estimator`'s, but in scikit-learn's own test suite: (name, which estimators)
MORE_CHECKS = {
    "check_param_validation": lambda est: True,
    "check_dataframe_column_names_consistency": lambda est: not is_pairwise(est),
    "check_get_feature_names_out_error": lambda est: hasattr(est, "get_feature_names_out"),
    "check_transformer_get_feature_names_out": lambda est: hasattr(est, "get_feature_names_out"),
    "check_transformer_get_feature_names_out_pandas": lambda est: hasattr(est, "get_feature_names_out"),
    "check_set_output_transform": lambda est: hasattr(est, "set_output"),
    "check_set_output_transform_pandas": lambda est: hasattr(est, "set_output"),
    "check_global_output_transform_pandas": lambda est: hasattr(est, "set_output"),
    "check_set_output_transform_polars": lambda est: hasattr(est, "set_output"),
    "check_global_set_output_transform_polars": lambda est: hasattr(est, "set_output"),
    "check_inplace_ensure_writeable": lambda est: hasattr(est, "copy"),
    "check_all_zero_sample_weights_error": lambda est: takes_weights(est),  # since scikit-learn 1.9
}


def is_pairwise(est):
    return est.__sklearn_tags__().input_tags.pairwise


def takes_weights(est):
    from sklearn.utils.validation import has_fit_parameter

    return has_fit_parameter(est, "sample_weight")


def fails_for_all(est):
    """Checks that no estimator of this kind can pass in the installed version of scikit-learn."""
    import sklearn

    if sklearn.__version__.startswith("1.6.") and takes_weights(est) and est.get_params().get("with_mean"):
        return {
            "check_sample_weight_equivalence_on_sparse_data": "1.6 runs it though means are to be removed"
        }
    return {}


def instances(classes):
    """Each class with the parameters that scikit-learn checks its own class of that name with."""
    from sklearn.utils._test_common.instance_generator import INIT_PARAMS

    known = {cls.__name__: params for cls, params in INIT_PARAMS.items()}
    made = []
    for cls in classes:
        params = known.get(cls.__name__, {})
        made += [cls(**p) for p in (params if isinstance(params, list) else [params])]
    return made


def more_checks(est):
    """Names of the checks in MORE_CHECKS that are for an estimator."""
    from sklearn.utils import estimator_checks

    return [name for name, wanted in MORE_CHECKS.items() if hasattr(estimator_checks, name) and wanted(est)]


def run_more_check(name, est):
    from sklearn.base import clone
    from sklearn.utils import estimator_checks

    est = clone(est)
    if name == "check_inplace_ensure_writeable":
        est.set_params(copy=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        getattr(estimator_checks, name)(type(est).__name__, est)


def report(est):
    """Run all checks; return ``{check: "passed" | "skipped" | the error}``."""
    from sklearn.utils.estimator_checks import check_estimator

    out = {}
    for result in check_estimator(est, on_fail=None, on_skip=None):
        name, status = result["check_name"], result["status"]
        if out.get(name, "passed") in ("passed", "skipped"):  # a name can occur with several arguments
            out[name] = repr(result["exception"]) if status == "failed" else status
    for name in more_checks(est):
        try:
            run_more_check(name, est)
            out[name] = "passed"
        except Exception as error:
            out[name] = repr(error)
    return out


def label(est):
    """A short name for an estimator and its parameters, without line breaks."""
    return " ".join(repr(est).split())


def use(classes):
    """Fit every class that can be fitted without a choice of parameters, before scikit-learn is there."""
    import numpy as np

    X = np.random.RandomState(0).rand(40, 3)
    for cls in classes:
        est = cls()
        with contextlib.suppress(TypeError):  # fit needs y
            est.fit(X)
            continue
        y = np.arange(40) % 2
        est.fit(X, target_for(cls, y))


def main(which):
    if which == "toys":
        from tests import toys

        classes = toys.CLASSES
    else:
        from fastml._discovery import all_estimators

        classes = [cls for _, cls in all_estimators()]
    use(classes)
    assert "sklearn" not in sys.modules, "the fast paths loaded scikit-learn"
    made = toys.TOYS if which == "toys" else instances(classes)
    warnings.simplefilter("ignore")
    json.dump({label(est): report(est) for est in made}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
