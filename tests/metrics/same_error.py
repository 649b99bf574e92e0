"""The same error from fastml as from scikit-learn."""

import pytest


def same_error(ours, theirs, *args, **kwargs):
    """Call both; both raise the same kind of error with the same words."""
    with pytest.raises(Exception) as wanted:
        theirs(*args, **kwargs)
    with pytest.raises(wanted.type) as found:
        ours(*args, **kwargs)
    assert str(found.value) == str(wanted.value)
