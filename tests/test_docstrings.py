"""Docstrings take from those of the bases what they do not describe."""

import inspect

from fastml._base import Estimator
from fastml._docs import describe_like, inherit_docs


class Base(Estimator):
    """What two share.

    Parameters
    ----------
    p : int, default=1
        The base's p.

    q : int, default=2
        The base's q,

        in two paragraphs.

    other : int
        What only the other class takes.

    Attributes
    ----------
    a_, b_ : int
        The base's.
    """


@inherit_docs
class Derived(Base):
    """One of the two.

    Parameters
    ----------
    p : int, default=3
        Another p.

    r : int, default=4
        Its own.

    Notes
    -----
    One.

    Two.
    """

    def __init__(self, r=4, *, q=2, p=3, device=None):
        """Take no part in it."""


def model(x, y, z=0):
    """Do something.

    Parameters
    ----------
    x, y : float
        Two numbers.
    z : float, default=0
        A third.

    Returns
    -------
    float
        The model's.

    Raises
    ------
    ValueError
        Always.
    """


@describe_like(model)
def like(w, *, z=1):
    """Do something else.

    Parameters
    ----------
    w : int
        Another.

    Returns
    -------
    int
        Its own.

    Notes
    -----
    None.
    """


LIKE = """Do something else.

Parameters
----------
w : int
    Another.

z : float, default=0
    A third.

Returns
-------
int
    Its own.

Raises
------
ValueError
    Always.

Notes
-----
None.
"""

EXPECTED = """One of the two.

Parameters
----------
r : int, default=4
    Its own.

q : int, default=2
    The base's q,

    in two paragraphs.

p : int, default=3
    Another p.

device : {"auto", "cpu", "cuda"}, default=None
    Where to compute; None means what `fastml.set_config` says.

Attributes
----------
a_, b_ : int
    The base's.

n_features_in_ : int
    The number of features.

feature_names_in_ : ndarray of shape (n_features_in_,)
    The names of features, if X had any.

Notes
-----
One.

Two."""


@inherit_docs
class Further(Derived):
    """A third.

    Parameters
    ----------
    r : int, default=4
        More.

    Attributes
    ----------
    c_ : int
        The third's.
    """


@inherit_docs
class Alike(Derived):
    """A fourth.

    Notes
    -----
    Three.
    """


class Silent(Derived):
    def __init__(self):
        """Take nothing."""


def test_what_is_not_described_is_inherited():
    assert inspect.getdoc(Derived) == EXPECTED


def test_it_is_inherited_further():
    lines = inspect.getdoc(Further).splitlines()
    names = [line.split(" :")[0] for line in lines if " :" in line]
    assert names == ["r", "q", "p", "device", "c_", "a_, b_", "n_features_in_", "feature_names_in_"]
    assert lines[lines.index("r : int, default=4") + 1] == "    More."
    assert "Notes" not in lines


def test_a_class_may_describe_nothing_itself():
    assert inspect.getdoc(Alike) == EXPECTED.replace("One of the two.", "A fourth.").replace(
        "One.\n\nTwo.", "Three."
    )


def test_a_function_is_described_like_another():
    assert like.__doc__ == LIKE


def test_instances_and_classes_without_a_docstring_are_what_they_always_were():
    assert Derived().__doc__ == Derived.__doc__
    assert Silent.__doc__ is None
    assert inherit_docs(Silent) is Silent
    assert Silent.__doc__ is None
