"""Decision trees out of a file, looked at before they are asked: scikit-learn follows their branches unchecked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.tree._tree import Tree


def check_trees(classifier: object) -> None:
    """Refuse trees that would end the whole program (or never end) once they are asked, however deep they lie.

    A `ValueError` if a branch leads outside of its tree or back, or a node asks for a feature that there is not.
    """
    parts = list(_parts_of(classifier))
    trees = [part for part in parts if isinstance(part, Tree | TreePredictor)]
    widths = [part.n_features_in_ for part in parts if hasattr(part, "n_features_in_")]
    for tree in trees:
        if not _is_sound(*_nodes_of(tree), n_features=min(widths)):
            raise ValueError("one of its trees has branches or features that lead outside")


def _nodes_of(tree: Tree | TreePredictor) -> tuple[np.ndarray, ...]:
    """Left child, right child and feature of each node, and whether it is a leaf."""
    if isinstance(tree, Tree):
        left, right = tree.children_left, tree.children_right
        return left, right, tree.feature, left == -1
    nodes = tree.nodes
    # Categories are looked up in another table; none of our features is one.
    feature = np.where(nodes["is_categorical"], -1, nodes["feature_idx"])
    return nodes["left"].astype(np.int64), nodes["right"].astype(np.int64), feature, nodes["is_leaf"].astype(bool)


def _is_sound(left: np.ndarray, right: np.ndarray, feature: np.ndarray, leaf: np.ndarray, n_features: int) -> bool:
    number, inner = np.arange(len(left)), ~leaf
    leads_on = [(number < child) & (child < len(left)) for child in (left, right)]  # children stand behind parents
    asks = (feature >= 0) & (feature < n_features)
    return len(left) > 0 and bool((leads_on[0] & leads_on[1] & asks)[inner].all())


def _parts_of(thing: object) -> Iterator[object]:
    """Everything that an object holds, in its attributes, lists, dicts and arrays of objects."""
    seen, left = set(), [thing]
    while left:
        part = left.pop()
        if id(part) in seen or isinstance(part, str | bytes | int | float | type):
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, dict):
            left += part.values()
        elif isinstance(part, list | tuple | set):
            left += part
        elif isinstance(part, np.ndarray):
            left += part.ravel().tolist() if part.dtype == object else []
        else:
            left += getattr(part, "__dict__", {}).values()
