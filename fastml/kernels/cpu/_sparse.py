"""How sparse matrices are cut into blocks."""

BLOCK = 1 << 17  # stored values in a block for one thread


def lines_in_block(data, n_lines):
    """Rows of a CSR matrix, or columns of a CSC one, that hold BLOCK values on average."""
    return max(1, BLOCK * n_lines // max(len(data), 1))
