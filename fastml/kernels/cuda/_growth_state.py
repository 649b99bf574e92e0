"""Where things are in the arrays on the GPU that a boosted tree is grown in; see `boosting`."""

from .._boosted import NODE_INTS
from .._cuda import BLOCK

# ---- the header: settings, then the state of the work ----------------------------------------------------
N_ROWS, N_FEATURES, N_BINS, MIN_SAMPLES, MAX_LEAVES, MAX_DEPTH, N_GROUPS = range(7)
MOST_JOBS, N_SLOTS, MOST_NODES = range(7, 10)
SEED, BITS, NEWEST_FIRST = range(10, 13)
N_NODES, N_LEAVES, N_FREE, N_JOBS, N_POPPED, DONE, N_ROUNDS = range(13, 20)
HEADER = 32

# ---- float64 settings: the values that fixed-point numbers of one stand for come last ---------------------
L2, MIN_HESSIAN, FRACTION, GRADIENT_UNIT, HESSIAN_UNIT = range(5)
NUMBERS = 5

# ---- nodes: behind the words that both targets have, sums in fixed point and what the planner notes --------
NODE_WORDS = NODE_INTS + 9
GRADIENT_SUM, HESSIAN_SUM, LEFT_GRADIENT_SUM, LEFT_HESSIAN_SUM, N_LEFT = range(NODE_INTS, NODE_INTS + 5)
KIND, POPPED, NODE_SEED, STATE = range(NODE_INTS + 5, NODE_WORDS)
# A node is closed; or may be split next; or will be once its parent is; or has been looked at in this round.
CLOSED, OPEN, HIDDEN, SEEN = range(4)

# ---- a job is a node to be split, or to be summed up only: the root, or one whose sums were given away ----
JOB_NODE, JOB_BUILD, JOB_BUILD_SLOT, JOB_LARGE, JOB_LARGE_SLOT, JOB_SEARCH = range(6)
JOB_WORDS = 6

# ---- the best split by a feature ---------------------------------------------------------------------------
FOUND_BIN, FOUND_MISSING, FOUND_GRADIENT, FOUND_HESSIAN, FOUND_COUNT, FOUND_KIND, FOUND_WORDS = range(7)
FOUND = 10

WIDTH = 256  # bins that fit shared memory, for each feature
FEATURES = 4  # of a block of codes, which is a word for each row
CHUNK = 16 * BLOCK  # rows of a block of threads
LOW_BITS = 18  # of a fixed-point number; sums of CHUNK of them fit 32 bits, and so do those of the high bits
MOST_BITS = 2 * LOW_BITS
