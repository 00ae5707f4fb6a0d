"""The one place where OpenCV is imported: `from ..detector.opencv import cv2`.

Two distributions install the same folder `cv2/`: `opencv-python` (asked for by ultralytics; links libGL and Qt) and
`opencv-python-headless` (asked for by Hardstand and albumentations). `make` installs the headless one alone. Where a
plain `pip install` brought both, whichever came last has won, and removing one of them damages the other. If the
result does not load, that is said here in one line.
"""

from importlib.metadata import PackageNotFoundError, version

from .errors import MissingDependencyError

__all__ = ["cv2"]

_HEADLESS = "opencv-python-headless"
_WITH_DISPLAY = "opencv-python"


def repair() -> str:
    """Return the command that makes OpenCV load again, as a sentence, by what is installed."""
    try:
        version(_WITH_DISPLAY)
    except PackageNotFoundError:
        return f"run: pip install --force-reinstall --no-deps {_HEADLESS}"
    return (
        f"{_WITH_DISPLAY} has overwritten {_HEADLESS}; run: "
        f"pip uninstall -y {_WITH_DISPLAY} {_HEADLESS} && pip install {_HEADLESS}"
    )


ERRORS_ALONE = 2
"""OpenCV's level of messages, LOG_LEVEL_ERROR."""

try:
    import cv2

    # Every tag of a GeoTIFF that OpenCV does not know would be a warning on stderr. Up to 4.12 the function is in cv2.
    (getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel)(ERRORS_ALONE)
    _ = cv2.resize  # one of the two uninstalled leaves a cv2/ with nothing in it
except (ImportError, AttributeError) as fault:
    raise MissingDependencyError(f"OpenCV does not load ({fault}); {repair()}") from fault
