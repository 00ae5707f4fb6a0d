"""Exceptions of Hardstand: one base class, one class per cause that a caller would handle.

    HardstandError
    ├── MissingFileError (FileNotFoundError)      ├── WeightsNotFoundError
    ├── NotARasterError                           ├── WeightsCorruptError
    ├── NoCrsError                                ├── UntrustedPickleError
    ├── NoGsdError                                ├── MissingDependencyError (ImportError)
    ├── TooCoarseError                            ├── OutputError (OSError)
    ├── EmptySceneError                           ├── TileReadError
    ├── SiteFileError                             ├── LabelError
    ├── SiteOutsideError                          ├── RecipeError
    ├── DatasetNotFoundError
    ├── CloudMaskError                            ├── ShortMemoryError (MemoryError)
    ├── BackendError (ValueError)
    └── BandError (ValueError)

Messages are one line: what was given, where, what is allowed, and what to do next.
"""


class HardstandError(Exception):
    """Base of every error that Hardstand raises for bad input or a bad environment."""


class MissingFileError(HardstandError, FileNotFoundError):
    """A file that was named does not exist."""


class NotARasterError(HardstandError):
    """A file exists, but GDAL cannot open it as a raster."""


class NoCrsError(HardstandError):
    """A scene has no coordinate reference system where one is needed."""


class NoGsdError(HardstandError):
    """A scene has neither a coordinate reference system nor a stated ground sampling distance."""


class BandError(HardstandError, ValueError):
    """Bands were asked for that a scene does not have, or a number of bands other than one or three."""


class TooCoarseError(HardstandError):
    """Imagery is too coarse for the network."""


class EmptySceneError(HardstandError):
    """A scene has nothing to see: zero size, all NaN or all no-data."""


class SiteFileError(HardstandError):
    """A site file cannot be read or holds a polygon that is not usable."""


class SiteOutsideError(HardstandError):
    """A site lies outside of every scene."""


class CloudMaskError(HardstandError):
    """A cloud mask cannot be read, or does not lie over its scene."""


class WeightsNotFoundError(HardstandError):
    """No weight file has the name or the path that was given."""


class WeightsCorruptError(HardstandError):
    """A weight file, or its export, is damaged, incomplete or does not belong together (hashes differ)."""


class UntrustedPickleError(HardstandError):
    """A weight file is a pickle, which can run code, and the user has not said that it is trusted."""


class MissingDependencyError(HardstandError, ImportError):
    """An optional package is needed and not installed; the message has the `pip install` line."""


class BackendError(HardstandError, ValueError):
    """A back end, a device and a precision were asked for that do not go together or are not there."""


class ExportError(HardstandError):
    """An export does not put out what the network does."""


class OutputError(HardstandError, OSError):
    """A result could not be written (disk full, no permission)."""


class TileReadError(HardstandError):
    """A window of a scene could not be read."""


class LabelError(HardstandError):
    """A label is not a node of the taxonomy, or a data set's label is not known."""


class RecipeError(HardstandError):
    """A training recipe has an unknown key or a value out of range."""


class DatasetNotFoundError(HardstandError):
    """The folder that was given does not hold the data set."""


class ShortMemoryError(HardstandError, MemoryError):
    """A training run does not fit into the memory of its device."""
