"""The coarse look: a small network on coarse pixels, to say where a scene is worth a close one."""

from .detector import Detector
from .weights import find_weights, read_record

LOOK = "hardstand-look"
"""The shipped network for it (`training/recipes/look.toml`)."""
NEAR_M = 10.0
"""A coarse box may be this far from its object, along both axes: it is placed coarsely."""
SEEN_M = 30.0
"""What is this close to a coarse box, along both axes, is nearly always seen with it (`inference/cover.py`)."""


def coarse_detector(detector: Detector) -> Detector:
    """The network that looks before `detector`, on the same device: whatever may be an object of any counted class.

    It takes what is fastest on that device, whatever back end and precision the detector has. It reports all boxes from
    its record's `screen_score` on; they say where to look closely, and nothing is counted from them.
    """
    device = "auto" if detector.choice is None else detector.choice.device
    return Detector.load(LOOK, device=device, min_score=read_record(find_weights(LOOK)).screen_score)
