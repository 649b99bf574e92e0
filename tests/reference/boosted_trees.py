"""Predictions of recorded trees, one row and one node at a time."""

import numpy as np


def split_records(records):
    at = set_at = 0
    for n_nodes, n_sets in records.sizes:
        yield records.nodes[at : at + n_nodes], records.sets[set_at : set_at + n_sets]
        at, set_at = at + n_nodes, set_at + n_sets


def goes_left(node, sets, code, missing):
    if node["is_categorical"]:
        return bool(sets[node["bitset_idx"]][code // 32] >> (code % 32) & 1)
    if code == missing:
        return bool(node["missing_go_to_left"]) or code <= node["bin_threshold"]
    return code <= node["bin_threshold"]


def predict_codes(records, codes, missing, raw):
    for t, (nodes, sets) in enumerate(split_records(records)):
        for i, row in enumerate(codes):
            node = nodes[0]
            while not node["is_leaf"]:
                left = goes_left(node, sets, int(row[node["feature_idx"]]), missing)
                node = nodes[node["left"] if left else node["right"]]
            raw[t % len(raw), i] += node["value"]


def average(nodes, point, targets, at=0):
    """The mean over the training rows with some features given."""
    node = nodes[at]
    if node["is_leaf"]:
        return node["value"]
    left, right = int(node["left"]), int(node["right"])
    if node["feature_idx"] in targets:
        x = point[list(targets).index(node["feature_idx"])]
        return average(nodes, point, targets, left if x <= node["num_threshold"] else right)
    share = nodes[left]["count"] / node["count"]
    return share * average(nodes, point, targets, left) + (1 - share) * average(nodes, point, targets, right)


def average_trees(records, grid, targets, averages):
    for t, (nodes, _) in enumerate(split_records(records)):
        for i, point in enumerate(grid):
            averages[t % len(averages), i] += average(nodes, np.asarray(point), targets)
