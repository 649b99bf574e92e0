"""What the growing of a tree has ahead of it: nodes to be evaluated, evaluated nodes to be split, features to
be drawn.

A record is RECORD numbers in a row of the frontier. Depth first, a stack of records waits for evaluation.
Best first, evaluated records wait in a heap, and the two children of the one taken wait in the stack. All of
it is scikit-learn's, step by step, its generator of random numbers and the order of its heap included: a seed
gives the same draws, ties are broken alike.
"""

import numpy as np

from .._compile import helper, int64

# ---- the columns of `features`, of the grown `nodes` and of their `reals` -------------------------
N_VALUES, HAS_MISSING, SPAN, MONOTONIC, IS_BINNED = range(5)
FEATURE_COLUMNS = 5
LEFT, RIGHT, FEATURE, N_SAMPLES, MISSING_LEFT = range(5)
NODE_COLUMNS = 5
THRESHOLD, IMPURITY, WEIGHT, VALUE = range(4)  # from VALUE on: n_outputs x n_classes values
LEAF, UNDEFINED = -1, -2

# ---- settings ---------------------------------------------------------------------------------------
(
    CRITERION, N_OUTPUTS, N_CLASSES, MAX_FEATURES, MIN_SPLIT, MIN_LEAF, MIN_LEAF_WEIGHT, MIN_DECREASE,
    MAX_DEPTH, MAX_LEAVES, RANDOM, SEED, CONSTRAINED, TOTAL_WEIGHT,
) = range(14)  # fmt: skip
N_SETTINGS = 14
GINI, ENTROPY, SQUARED_ERROR, ABSOLUTE_ERROR, POISSON = range(5)

# ---- a record of the frontier -------------------------------------------------------------------------
(
    START, STOP, DEPTH, PARENT, IS_LEFT, N_CONSTANT, IMPURE, LOWER, UPPER,  # of a node to be evaluated
    NODE, POSITION, IMPURE_LEFT, IMPURE_RIGHT, GAIN, MIDDLE, SPLITS,  # and of one that was
) = range(16)  # fmt: skip
RECORD = 16
CURRENT, FOUND = 0, 1  # rows of the frontier: the record at hand, the best split so far; then the stack
STACK = 2
SCORE, BEST_FEATURE, BEST_RANK, BEST_NEXT, BEST_MISSING, BEST_THRESHOLD = range(6)  # the row FOUND

# ---- choices: counters, then the order of the features, the constant ones, and the heap --------------
RNG, N_STACKED, N_NODES, N_SPLITS_LEFT, N_HEAP, DEEPEST = range(6)
UNDRAWN, VISITED, N_FOUND, N_DRAWN, N_KNOWN, DRAWN_AT = range(6, 12)
COUNTERS = 12

EPSILON = float(np.finfo(np.float64).eps)  # an impurity, or a loss by a split, that counts as none
CLOSE = np.float32(1e-7)  # values nearer to each other than that are not told apart


# ---- random numbers --------------------------------------------------------------------------------
@helper
def next_random(choices):
    """The next number of the xorshift generator, from 0 to 2^31 - 1."""
    state = choices[RNG]
    if state == 0:
        state = 1
    state ^= (state << 13) & 0xFFFFFFFF
    state ^= state >> 17
    state ^= (state << 5) & 0xFFFFFFFF
    choices[RNG] = state
    return state & 0x7FFFFFFF


# ---- drawing features without replacement --------------------------------------------------------------
@helper
def begin_drawing(choices, frontier, n_features):
    choices[UNDRAWN] = n_features
    choices[VISITED] = choices[N_FOUND] = choices[N_DRAWN] = 0
    choices[N_KNOWN] = int64(frontier[CURRENT, N_CONSTANT])
    frontier[FOUND, SCORE] = -np.inf


@helper
def draw_feature(choices, max_features):
    """Draw a feature that no ancestor found constant; -1 when enough were drawn."""
    found, known = choices[N_FOUND], choices[N_KNOWN]
    while choices[UNDRAWN] > known + found and (
        choices[VISITED] < max_features or choices[VISITED] <= found + choices[N_DRAWN]
    ):
        choices[VISITED] += 1
        drawn = choices[N_DRAWN]
        at = drawn + next_random(choices) % (choices[UNDRAWN] - found - drawn)
        if at >= known:
            choices[DRAWN_AT] = at + found
            return choices[COUNTERS + at + found]
        swap(choices, COUNTERS + drawn, COUNTERS + at)
        choices[N_DRAWN] += 1
    return -1


@helper
def swap(choices, i, j):
    choices[i], choices[j] = choices[j], choices[i]


@helper
def note_feature(choices, is_constant):
    """Put the feature that was drawn last with the constant ones, or with those that were searched."""
    if is_constant:
        swap(choices, COUNTERS + choices[DRAWN_AT], COUNTERS + choices[N_KNOWN] + choices[N_FOUND])
        choices[N_FOUND] += 1
    else:
        choices[UNDRAWN] -= 1
        swap(choices, COUNTERS + choices[UNDRAWN], COUNTERS + choices[DRAWN_AT])


@helper
def end_drawing(choices, frontier, n_features):
    """Restore the order of the features known to be constant, and remember the new ones."""
    known, found = choices[N_KNOWN], choices[N_FOUND]
    for i in range(known):
        choices[COUNTERS + i] = choices[COUNTERS + n_features + i]
    for i in range(known, known + found):
        choices[COUNTERS + n_features + i] = choices[COUNTERS + i]
    frontier[CURRENT, N_CONSTANT] = known + found


# ---- the nodes ahead ----------------------------------------------------------------------------------
@helper
def begin_tree(choices, frontier, settings, n_samples, n_features):
    for i in range(COUNTERS):
        choices[i] = 0
    for i in range(n_features):
        choices[COUNTERS + i] = i
    choices[RNG] = int64(settings[SEED])
    choices[N_SPLITS_LEFT] = int64(settings[MAX_LEAVES]) - 1
    choices[N_STACKED] = 1
    for i in range(RECORD):
        frontier[STACK, i] = 0
    frontier[STACK, STOP] = n_samples
    frontier[STACK, PARENT] = UNDEFINED
    frontier[STACK, LOWER], frontier[STACK, UPPER] = -np.inf, np.inf


@helper(apart=True)
def next_record(choices, frontier, features, settings, nodes, reals):
    """Make the next record to be evaluated the current one; False when the tree is complete.

    Best first, the records in the heap stand from the end of the frontier backwards, by their node.
    """
    while choices[N_STACKED] == 0:
        if choices[N_HEAP] == 0:
            return False
        row = pop_heap(choices, frontier, choices[N_HEAP], COUNTERS + 2 * features.shape[0])
        choices[N_HEAP] -= 1
        if frontier[row, SPLITS] != 0 and choices[N_SPLITS_LEFT] > 0:
            choices[N_SPLITS_LEFT] -= 1
            frontier[row, N_CONSTANT] = 0
            feature = nodes[int64(frontier[row, NODE]), FEATURE]
            push_children(choices, frontier, row, features[feature, MONOTONIC])
        else:
            make_leaf(nodes, reals, int64(frontier[row, NODE]))
    choices[N_STACKED] -= 1
    for i in range(RECORD):
        frontier[CURRENT, i] = frontier[STACK + choices[N_STACKED], i]
    return True


@helper
def make_leaf(nodes, reals, node):
    nodes[node, LEFT], nodes[node, RIGHT], nodes[node, FEATURE] = LEAF, LEAF, UNDEFINED
    reals[node, THRESHOLD] = UNDEFINED


@helper
def push_children(choices, frontier, row, monotonic):
    """Stack the right child, then the left one; a monotonic feature bounds their values."""
    for side in range(2):
        is_left = side == 1
        child = STACK + choices[N_STACKED]
        choices[N_STACKED] += 1
        frontier[child, START] = frontier[row, START] if is_left else frontier[row, POSITION]
        frontier[child, STOP] = frontier[row, POSITION] if is_left else frontier[row, STOP]
        frontier[child, DEPTH] = frontier[row, DEPTH] + 1
        frontier[child, PARENT] = frontier[row, NODE]
        frontier[child, IS_LEFT] = is_left
        frontier[child, N_CONSTANT] = frontier[row, N_CONSTANT]
        frontier[child, IMPURE] = frontier[row, IMPURE_LEFT] if is_left else frontier[row, IMPURE_RIGHT]
        above = is_left if monotonic < 0 else not is_left
        bounded = monotonic != 0
        frontier[child, LOWER] = frontier[row, MIDDLE] if bounded and above else frontier[row, LOWER]
        frontier[child, UPPER] = frontier[row, MIDDLE] if bounded and not above else frontier[row, UPPER]


@helper
def must_be_leaf(frontier, settings, weight):
    n_samples = frontier[CURRENT, STOP] - frontier[CURRENT, START]
    return (
        frontier[CURRENT, DEPTH] >= settings[MAX_DEPTH]
        or n_samples < settings[MIN_SPLIT]
        or n_samples < 2 * settings[MIN_LEAF]
        or weight < 2 * settings[MIN_LEAF_WEIGHT]
        or frontier[CURRENT, IMPURE] <= EPSILON
    )


@helper(apart=True)
def settle_node(choices, frontier, features, settings, nodes, reals):
    """Add the current record's node to the tree, as a leaf where its record does not split."""
    node = choices[N_NODES]
    choices[N_NODES] += 1
    choices[DEEPEST] = max(choices[DEEPEST], int64(frontier[CURRENT, DEPTH]))
    parent = int64(frontier[CURRENT, PARENT])
    if parent != UNDEFINED:
        nodes[parent, LEFT if frontier[CURRENT, IS_LEFT] != 0 else RIGHT] = node
    frontier[CURRENT, NODE] = node
    splits = frontier[CURRENT, SPLITS] != 0
    nodes[node, N_SAMPLES] = int64(frontier[CURRENT, STOP] - frontier[CURRENT, START])
    nodes[node, MISSING_LEFT] = int64(frontier[FOUND, BEST_MISSING]) if splits else 0
    reals[node, IMPURITY] = frontier[CURRENT, IMPURE]
    feature = int64(frontier[FOUND, BEST_FEATURE]) if splits else 0
    if splits:
        nodes[node, FEATURE] = feature
        reals[node, THRESHOLD] = frontier[FOUND, BEST_THRESHOLD]
    else:
        make_leaf(nodes, reals, node)
    if settings[MAX_LEAVES] > 0:
        push_heap(choices, frontier, COUNTERS + 2 * features.shape[0])
    elif splits:
        push_children(choices, frontier, CURRENT, features[feature, MONOTONIC])


# ---- the heap, as the C++ standard library that scikit-learn is built with keeps it -------------------
@helper
def push_heap(choices, frontier, heap):
    """Keep the current record, and put its row into the heap by its gain."""
    row = frontier.shape[0] - choices[N_NODES]
    if frontier[CURRENT, SPLITS] == 0:
        frontier[CURRENT, GAIN] = 0
    for i in range(RECORD):
        frontier[row, i] = frontier[CURRENT, i]
    sift_up(choices, frontier, heap, choices[N_HEAP], row)
    choices[N_HEAP] += 1


@helper
def sift_up(choices, frontier, heap, hole, row):
    while hole > 0 and frontier[choices[heap + (hole - 1) // 2], GAIN] < frontier[row, GAIN]:
        choices[heap + hole] = choices[heap + (hole - 1) // 2]
        hole = (hole - 1) // 2
    choices[heap + hole] = row


@helper
def pop_heap(choices, frontier, n, heap):
    """Take the row of the largest gain out of a heap of n."""
    top, row = choices[heap], choices[heap + n - 1]
    n -= 1
    hole = child = 0
    while child < (n - 1) // 2:
        child = 2 * child + 2
        if frontier[choices[heap + child], GAIN] < frontier[choices[heap + child - 1], GAIN]:
            child -= 1
        choices[heap + hole] = choices[heap + child]
        hole = child
    if n % 2 == 0 and n > 0 and child == (n - 2) // 2:
        child = 2 * child + 1
        choices[heap + hole] = choices[heap + child]
        hole = child
    if n > 0:
        sift_up(choices, frontier, heap, hole, row)
    return top
