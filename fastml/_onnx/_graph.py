"""A graph of ONNX operators in the making."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .. import __version__

__all__ = ["ML", "Graph", "tensor"]

ML = "ai.onnx.ml"
OPSET, IR_VERSION = 21, 10  # as old as the operators allow, so that not only the newest runtimes read it
OLD_ML, NEW_ML = 3, 5  # versions of the operators for trees


def tensor(values, name="") -> Any:
    """Return an array as ONNX's tensor.

    Parameters
    ----------
    values : ndarray
        Numbers or strings.
    name : str, default=""
        The tensor's.

    Returns
    -------
    tensor : onnx.TensorProto
        A copy.
    """
    values = np.asarray(values)
    return numpy_helper.from_array(values.astype(object) if values.dtype.kind == "U" else values, name)


def _value_info(name, kind):
    dtype, shape = kind
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)


class Graph:
    """Operators that are added one after the other.

    Parameters
    ----------
    dtype : dtype
        Of the input.
    n_features : int
        Of the input.

    Attributes
    ----------
    at : str
        The value that the next estimator takes.
    """

    def __init__(self, dtype, n_features):
        self.at = "X"
        self.dtype = dtype
        self.ml_version = OLD_ML
        self._count = 0
        self._nodes: list = []
        self._constants: list = []
        self._outputs: list = []
        self._input = _value_info("X", (dtype, [None, n_features]))

    def add(self, operator, *inputs, domain="", **attributes) -> str:
        """Add an operator; return the name of its result.

        Parameters
        ----------
        operator : str
            Its name.
        *inputs : str or ndarray
            Names of values, or constants.
        domain : str, default=""
            Its domain.
        **attributes : dict
            Its attributes.

        Returns
        -------
        name : str
            Of the result.
        """
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        name = self._name(operator)
        self._nodes.append(helper.make_node(operator, names, [name], domain=domain, **attributes))
        return name

    def _name(self, stem):
        self._count += 1
        return f"{stem}_{self._count}"

    def _constant(self, value):
        name = f"constant_{len(self._constants)}"
        self._constants.append(tensor(value, name))
        return name

    def cast(self, value, dtype) -> str:
        """Convert a value.

        Parameters
        ----------
        value : str
            Its name.
        dtype : dtype
            The wanted one.

        Returns
        -------
        name : str
            Of the result.
        """
        return self.add("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def repeat(self, most, step, values) -> list[str]:
        """Add operators that are computed again and again.

        Parameters
        ----------
        most : int
            How often at most.
        step : callable
            Adds them: takes the names of the step's number, from 0, and of the values, and returns those of
            whether another step is wanted, and of the new values.
        values : list of tuple of (str, dtype, list of int or None)
            What the first step takes: name, dtype and shape.

        Returns
        -------
        names : list of str
            Of the values after the last step.
        """
        kinds = [(np.int64, []), (bool, []), *(kind for _, *kind in values)]
        given = [self._name("given") for _ in kinds]
        around, self._nodes = self._nodes, []
        found = step(given[0], *given[2:])
        inputs = [_value_info(*pair) for pair in zip(given, kinds)]
        outputs = [_value_info(*pair) for pair in zip(found, kinds[1:])]
        body = helper.make_graph(self._nodes, "step", inputs, outputs)
        self._nodes = around
        names = [self._name("Loop") for _ in values]
        begin = [self._constant(np.array(most)), self._constant(np.array(True))]
        self._nodes.append(helper.make_node("Loop", begin + [name for name, *_ in values], names, body=body))
        return names

    def output(self, value, name, dtype, shape):
        """Make a value a result of the model.

        Parameters
        ----------
        value : str
            Its present name.
        name : str
            The result's name.
        dtype : dtype
            The result's.
        shape : list of int or None
            The result's.
        """
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        dtype = np.dtype(object if np.dtype(dtype).kind == "U" else dtype)
        self._outputs.append(_value_info(name, (dtype, shape)))

    def to_model(self) -> Any:
        """Return the finished model, checked by ONNX.

        Returns
        -------
        model : onnx.ModelProto
            The model.
        """
        graph = helper.make_graph(self._nodes, "fastml", [self._input], self._outputs, self._constants)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, self.ml_version)],
            ir_version=IR_VERSION,
            producer_name="fastml",
            producer_version=__version__,
        )
        onnx.checker.check_model(model)
        return model
