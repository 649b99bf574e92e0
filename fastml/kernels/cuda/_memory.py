"""How much scratch memory on the GPU a launcher may take at a time."""

from ..._config import current


def scratch_bytes():
    """A quarter of the configuration's `working_memory`: CuPy's expressions make temporaries of their own."""
    return int(current()["working_memory"] * 2**18)
