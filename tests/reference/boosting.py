"""A tree of gradient boosting, grown naively: every split of every feature, sums over the rows.

A node is a dict; a split is kept as the set of codes that go left.
"""

import numpy as np

EPSILON = 1e-15


def value_of(g, h, lower, upper, l2):
    return min(max(-g / (h + l2 + EPSILON), lower), upper)


def candidates(codes, n_bins, kind, missing, gradients, hessians):
    """Sets of codes that may go left."""
    if not kind & 2:
        for b in range(n_bins - 1 + (kind & 1)):
            yield set(range(b + 1)), b
        if kind & 1:
            for b in range(n_bins - 2, -1, -1):
                yield {*range(b + 1), missing}, b
        return
    support = len(codes) / hessians.sum()
    ratios = []
    for code in [*range(n_bins), *([missing] if kind & 1 else [])]:
        here = codes == code
        if hessians[here].sum() * support >= 10:
            ratios.append((gradients[here].sum() / (hessians[here].sum() + 10), code))
    order = [code for _, code in sorted(ratios)]
    if len(order) > 1:
        middle = (len(order) + 1) // 2
        for i in range(middle):
            yield set(order[: i + 1]), 0
        for i in range(middle - 1):
            yield set(order[len(order) - 1 - i :]), 0


def best_split(node, codes, n_bins, kinds, missing, gradients, allowed, min_samples, min_hessian, l2):
    rows, (g, h) = node["rows"], gradients[node["rows"]].astype(np.float64).sum(axis=0)
    best = {"gain": 0.0}
    for f in allowed:
        own = codes[rows, f]
        for left_codes, b in candidates(own, n_bins[f], kinds[f], missing, *gradients[rows].astype(float).T):
            left = np.isin(own, list(left_codes))
            gl, hl = gradients[rows[left]].astype(np.float64).sum(axis=0)
            if min(left.sum(), (~left).sum()) < min_samples or min(hl, h - hl) < min_hessian:
                continue
            vl = value_of(gl, hl, node["lower"], node["upper"], l2)
            vr = value_of(g - gl, h - hl, node["lower"], node["upper"], l2)
            if (kinds[f] & 4 and vl > vr) or (kinds[f] & 8 and vl < vr):
                continue
            gain = g * node["value"] - gl * vl - (g - gl) * vr
            if gain > best["gain"] * (1 + 1e-12) + 1e-10:
                best = {"gain": gain, "feature": f, "bin": b, "left": left, "values": (vl, vr)}
    return best


def grow(codes, n_bins, kinds, missing, gradients, groups=None, *, max_leaf_nodes=31, max_depth=None,
         min_samples_leaf=20, l2=0.0, min_hessian=1e-3):  # fmt: skip
    """The leaves: a list of rows and value, and the splits in the order they were made."""
    n_features = codes.shape[1]
    groups = [set(range(n_features))] if groups is None else [set(np.flatnonzero(group)) for group in groups]
    root = {"rows": np.arange(len(codes)), "value": 0.0, "depth": 0, "groups": groups, "lower": -np.inf,
            "upper": np.inf}  # fmt: skip
    options = (codes, n_bins, kinds, missing, gradients)
    leaves, splits = [root], []

    def search(node):
        allowed = sorted(set().union(*node["groups"]))
        node["split"] = {"gain": 0.0}
        if len(node["rows"]) >= 2 * min_samples_leaf and node["depth"] != max_depth:
            node["split"] = best_split(node, *options, allowed, min_samples_leaf, min_hessian, l2)

    search(root)
    while max_leaf_nodes is None or len(leaves) < max_leaf_nodes:
        node = max(leaves, key=lambda leaf: leaf["split"]["gain"])
        split = node["split"]
        if split["gain"] <= 0:
            break
        leaves = [leaf for leaf in leaves if leaf is not node]
        splits.append((split["feature"], split["gain"], len(node["rows"])))
        middle = sum(split["values"]) / 2
        for side in range(2):
            child = {
                "rows": node["rows"][split["left"] if side == 0 else ~split["left"]],
                "value": split["values"][side],
                "depth": node["depth"] + 1,
                "groups": [group for group in node["groups"] if split["feature"] in group],
                "lower": node["lower"],
                "upper": node["upper"],
            }
            kind = kinds[split["feature"]]
            if kind & 12:
                child["upper" if (kind & 4 > 0) == (side == 0) else "lower"] = middle
            leaves.append(child)
            search(child)
    return leaves, splits


def predictions(leaves, n_rows):
    raw = np.empty(n_rows)
    for leaf in leaves:
        raw[leaf["rows"]] = leaf["value"]
    return raw
