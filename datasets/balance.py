"""How often a tile should be drawn, so that rare classes are seen: repeat factor sampling.

A. Gupta, P. Dollar, R. Girshick, "LVIS", 2019, https://arxiv.org/abs/1908.03195, section 5.2. Every label counts for
its node and all ancestors, so that a frequent class is no rarer for being split into types.
"""

import math
from collections import Counter
from collections.abc import Collection, Sequence

from ..detector.taxonomy import ancestors

__all__ = ["RARE_SHARE", "repeat_factors"]

RARE_SHARE = 0.1
"""A class on a smaller share of the tiles than this is drawn more often than it occurs."""


def repeat_factors(tiles: Sequence[Collection[str]], *, rare_share: float = RARE_SHARE) -> list[float]:
    """Weight of every tile from the nodes on it: the largest max(1, sqrt(rare_share / share of tiles)) of its nodes.

    A tile without objects has 1.

    >>> repeat_factors([["fw"]] * 96 + [["fw", "heli"], ["fw"], [], []], rare_share=0.09)[95:98]
    [1.0, 3.0, 1.0]
    """
    above = [{node for label in labels for node in ancestors(label)} for labels in tiles]
    seen = Counter(node for nodes in above for node in nodes)
    factor = {node: max(1.0, math.sqrt(rare_share * len(tiles) / count)) for node, count in seen.items()}
    return [round(max((factor[node] for node in nodes), default=1.0), 4) for nodes in above]
