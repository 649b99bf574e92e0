"""Rows of a boosted tree's nodes: numbers in fixed point, which rows go left, the sums of bins.

Gradients and hessians are whole numbers of a unit, a power of two. Their sums are exact in whatever order the
threads come, so the same tree is grown every time. A number has 36 bits in two parts, each a word that is
added in shared memory, where 32 bits are fast.
"""

import math

from .._boosted import DEPTH, FEATURE, START, STOP, WORDS
from .._cuda import BLOCK, cuda, cuda_kernel, float32, float64, helper, int32, int64, u32
from ._growth_state import (
    BITS,
    CHUNK,
    FEATURES,
    GRADIENT_UNIT,
    HESSIAN_UNIT,
    JOB_BUILD,
    JOB_BUILD_SLOT,
    JOB_NODE,
    LOW_BITS,
    N_BINS,
    N_JOBS,
    N_LEFT,
    N_ROWS,
    WIDTH,
)
from ._reduce import FULL

LOW = (1 << LOW_BITS) - 1
WARPS = BLOCK // 32
PARTS = 5  # what is summed up for a bin: two words of gradients, two of hessians, and how many rows
CELLS = PARTS * FEATURES * WIDTH


# ---- fixed point -------------------------------------------------------------------------------------
@helper
def unit_of(largest, bits):
    """The power of two that the largest number is less than `2**bits` times of."""
    unit = float64(1)
    limit = float64(int64(1) << bits)
    for _ in range(400):  # float32 has fewer powers
        if largest < unit * limit * float64(0.5):
            unit *= float64(0.5)
        elif largest >= unit * limit:
            unit *= float64(2)
    return unit


@helper
def write_fixed(value, unit, fixed_out, at):
    """Write a number in fixed point, in two parts."""
    whole = int64(math.floor(float64(value) / unit + float64(0.5)))
    fixed_out[at] = int32(whole >> int64(LOW_BITS))
    fixed_out[at + int64(1)] = int32(whole & int64(LOW))


@cuda_kernel
def fix_gradients(
    gradients: float32[:],  # IN  (2 n_samples,) gradient and hessian of each row
    largest: float32[:],  # IN  (2,) of their absolute values
    header: int64[:],  # IN
    numbers_out: float64[:],  # OUT (NUMBERS,) the units
    fixed_out: int32[:],  # OUT (4 n_samples,)
    rows_out: int32[:],  # OUT (2 n_samples,) all rows in order
    sums_out: int64[:],  # OUT zeros in the root's slot
    slot_size: int64,
):
    thread = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    gradient_unit = unit_of(float64(largest[0]), header[BITS])
    hessian_unit = unit_of(float64(largest[1]), header[BITS])
    if thread == int64(0):
        numbers_out[GRADIENT_UNIT] = gradient_unit
        numbers_out[HESSIAN_UNIT] = hessian_unit
    if thread < header[N_ROWS]:
        rows_out[thread] = int32(thread)
        at = int64(2) * thread
        write_fixed(gradients[at], gradient_unit, fixed_out, int64(2) * at)
        write_fixed(gradients[at + int64(1)], hessian_unit, fixed_out, int64(2) * at + int64(2))
    for i in range(thread, slot_size, int64(cuda.gridDim.x) * int64(BLOCK)):
        sums_out[i] = int64(0)


# ---- chunks of jobs ----------------------------------------------------------------------------------
@helper
def find_job(header, jobs, nodes, column, chunk):
    """The job whose chunk this is, or -1; which of the job's chunks; the node in that column of the job."""
    found = int64(-1)
    node = int64(-1)
    for job in range(header[N_JOBS]):
        if found < int64(0) and jobs[job, column] >= int64(0):
            size = nodes[jobs[job, column], STOP] - nodes[jobs[job, column], START]
            n_chunks = (size + int64(CHUNK - 1)) // int64(CHUNK)
            if chunk < n_chunks:
                found = job
                node = jobs[job, column]
            else:
                chunk -= n_chunks
    return found, chunk, node


@helper
def load_table(nodes, node, table):
    """Bring to shared memory, for each code, whether it goes left."""
    for code in range(u32(cuda.threadIdx.x), u32(WIDTH), u32(BLOCK)):
        word = nodes[node, int64(WORDS) + (int64(code) >> int64(6))]
        table[u32(code)] = int32((word >> (int64(code) & int64(63))) & int64(1))


@helper
def goes_left(codes, rows, table, place, feature, n_rows):
    """The row at a place of the rows, and whether it goes left."""
    row = rows[place]
    word = codes[(feature >> int64(2)) * n_rows + int64(row)]
    return row, table[u32((word >> int32((feature & int64(3)) << int64(3))) & int32(255))]


@cuda_kernel
def count_left(
    codes: int32[:],  # IN  (n_blocks * n_samples,) four features a word
    rows: int32[:],  # IN  (2 n_samples,) node by node; of even and of odd depth
    header: int64[:],  # IN
    jobs: int64[:, :],  # IN  (MOST_JOBS, JOB_WORDS)
    nodes: int64[:, :],  # IN  (MOST_NODES, NODE_WORDS)
    counts_out: int32[:],  # OUT (n_chunks,) rows of a chunk that go left
    sums_out: int64[:],  # OUT zeros in the slots that are summed up next
    slot_size: int64,
):
    table = cuda.shared.array(WIDTH, int32)
    total = cuda.shared.array(1, int32)
    thread = u32(cuda.threadIdx.x)
    for job in range(header[N_JOBS]):
        if jobs[job, JOB_BUILD] >= int64(0):
            base = jobs[job, JOB_BUILD_SLOT] * slot_size
            first = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(thread)
            for i in range(first, slot_size, int64(cuda.gridDim.x) * int64(BLOCK)):
                sums_out[base + i] = int64(0)
    job, chunk, node = find_job(header, jobs, nodes, JOB_NODE, int64(cuda.blockIdx.x))
    if job < int64(0):
        return
    load_table(nodes, node, table)
    if thread == u32(0):
        total[0] = int32(0)
    cuda.syncthreads()
    n_rows = header[N_ROWS]
    half = (nodes[node, DEPTH] & int64(1)) * n_rows
    start = nodes[node, START] + chunk * int64(CHUNK)
    stop = min(start + int64(CHUNK), nodes[node, STOP])
    count = int32(0)
    for place in range(start + int64(thread), stop, int64(BLOCK)):
        row, left = goes_left(codes, rows, table, half + place, nodes[node, FEATURE], n_rows)
        count += left
    cuda.atomic.add(total, 0, count)
    cuda.syncthreads()
    if thread == u32(0):
        counts_out[cuda.blockIdx.x] = total[0]


@helper
def left_before(counts, chunk, total):
    """How many rows of a node's earlier chunks go left; `total` is shared, and zero."""
    first = int64(cuda.blockIdx.x) - chunk
    count = int32(0)
    for c in range(first + int64(cuda.threadIdx.x), int64(cuda.blockIdx.x), int64(BLOCK)):
        count += counts[c]
    cuda.atomic.add(total, 0, count)
    cuda.syncthreads()
    return int64(total[0])


@helper
def rank_among_left(left, warps):
    """How many threads before this one hold a row that goes left, and how many of all; `warps` is shared."""
    thread = u32(cuda.threadIdx.x)
    lane = thread & u32(31)
    held = u32(cuda.ballot_sync(FULL, left))
    if lane == u32(0):
        warps[thread >> u32(5)] = int32(cuda.popc(held))
    cuda.syncthreads()
    before = int64(cuda.popc(held & ((u32(1) << lane) - u32(1))))
    everyone = int64(0)
    for warp in range(WARPS):
        if u32(warp) < thread >> u32(5):
            before += int64(warps[warp])
        everyone += int64(warps[warp])
    cuda.syncthreads()
    return before, everyone


@cuda_kernel
def move_rows(
    codes: int32[:],  # IN  (n_blocks * n_samples,)
    header: int64[:],  # IN
    jobs: int64[:, :],  # IN  (MOST_JOBS, JOB_WORDS)
    nodes: int64[:, :],  # IN  (MOST_NODES, NODE_WORDS)
    counts: int32[:],  # IN  (n_chunks,) rows of a chunk that go left
    rows_out: int32[:],  # OUT (2 n_samples,) those of the children, in the order of the node's
):
    table = cuda.shared.array(WIDTH, int32)
    total = cuda.shared.array(1, int32)
    warps = cuda.shared.array(WARPS, int32)
    job, chunk, node = find_job(header, jobs, nodes, JOB_NODE, int64(cuda.blockIdx.x))
    if job < int64(0):
        return
    load_table(nodes, node, table)
    thread = int64(cuda.threadIdx.x)
    if thread == int64(0):
        total[0] = int32(0)
    cuda.syncthreads()
    n_rows = header[N_ROWS]
    odd = nodes[node, DEPTH] & int64(1)
    half, other = odd * n_rows, (int64(1) - odd) * n_rows
    start = nodes[node, START]
    n_left = nodes[node, N_LEFT]
    before = left_before(counts, chunk, total)
    stop = min((chunk + int64(1)) * int64(CHUNK), nodes[node, STOP] - start)
    for first in range(chunk * int64(CHUNK), stop, int64(BLOCK)):
        place = int64(first) + thread
        row = int32(0)
        left = int32(0)
        inside = place < stop
        if inside:
            row, left = goes_left(codes, rows_out, table, half + start + place, nodes[node, FEATURE], n_rows)
        rank, everyone = rank_among_left(left != int32(0), warps)
        if inside:
            to = before + rank
            if left == int32(0):
                to = n_left + place - to
            rows_out[other + start + to] = row
        before += everyone


# ---- sums --------------------------------------------------------------------------------------------
@helper
def add_row(word, fixed, row, cells):
    """Add a row's numbers to the cells of its four features."""
    at = int64(row) * int64(4)
    a, b = fixed[at], fixed[at + int64(1)]
    c, d = fixed[at + int64(2)], fixed[at + int64(3)]
    for feature in range(FEATURES):
        cell = u32(feature * WIDTH) + u32((word >> int32(8 * feature)) & int32(255))
        cuda.atomic.add(cells, cell, a)
        cuda.atomic.add(cells, cell + u32(FEATURES * WIDTH), b)
        cuda.atomic.add(cells, cell + u32(2 * FEATURES * WIDTH), c)
        cuda.atomic.add(cells, cell + u32(3 * FEATURES * WIDTH), d)
        cuda.atomic.add(cells, cell + u32(4 * FEATURES * WIDTH), int32(1))


@helper
def flush(cells, base, n_bins, sums_out):
    """Add the cells to the sums of the node."""
    part = u32(FEATURES * WIDTH)
    for cell in range(u32(cuda.threadIdx.x), part, u32(BLOCK)):
        place = u32(cell)
        code = int64(place) & int64(WIDTH - 1)
        if cells[u32(4) * part + place] != int32(0):
            to = base + (int64(place) >> int64(8)) * int64(3) * n_bins + code
            gradient = (int64(cells[place]) << int64(LOW_BITS)) + int64(cells[part + place])
            hessian = int64(cells[u32(2) * part + place]) << int64(LOW_BITS)
            hessian += int64(cells[u32(3) * part + place])
            cuda.atomic.add(sums_out, to, gradient)
            cuda.atomic.add(sums_out, to + n_bins, hessian)
            cuda.atomic.add(sums_out, to + int64(2) * n_bins, int64(cells[u32(4) * part + place]))


@cuda_kernel
def build_sums(
    codes: int32[:],  # IN  (n_blocks * n_samples,)
    fixed: int32[:],  # IN  (4 n_samples,)
    rows: int32[:],  # IN  (2 n_samples,)
    header: int64[:],  # IN
    jobs: int64[:, :],  # IN  (MOST_JOBS, JOB_WORDS)
    nodes: int64[:, :],  # IN  (MOST_NODES, NODE_WORDS)
    sums_out: int64[:],  # OUT (n_slots * slot_size,) += of a slot by feature, sum and bin
    slot_size: int64,
):
    """Sum up a chunk of rows by the codes of four features."""
    cells = cuda.shared.array(CELLS, int32)
    job, chunk, node = find_job(header, jobs, nodes, JOB_BUILD, int64(cuda.blockIdx.y))
    if job < int64(0):
        return
    thread = u32(cuda.threadIdx.x)
    for cell in range(thread, u32(CELLS), u32(BLOCK)):
        cells[u32(cell)] = int32(0)
    cuda.syncthreads()
    n_rows, n_bins = header[N_ROWS], header[N_BINS]
    half = (nodes[node, DEPTH] & int64(1)) * n_rows
    start = nodes[node, START] + chunk * int64(CHUNK)
    stop = min(start + int64(CHUNK), nodes[node, STOP])
    block = int64(cuda.blockIdx.x)
    for place in range(start + int64(thread), stop, int64(BLOCK)):
        row = rows[half + place]
        add_row(codes[block * n_rows + int64(row)], fixed, row, cells)
    cuda.syncthreads()
    base = jobs[job, JOB_BUILD_SLOT] * slot_size + block * int64(FEATURES * 3) * n_bins
    flush(cells, base, n_bins, sums_out)
