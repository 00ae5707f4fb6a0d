import inspect

import pytest

from hardstand.detector import HardstandError, MissingDependencyError, MissingFileError, OutputError, errors

CLASSES = [value for _, value in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_every_error_is_a_hardstand_error_with_its_message(error: type[HardstandError]) -> None:
    assert issubclass(error, HardstandError)
    assert error.__doc__
    assert str(error("scene.tif is gone")) == "scene.tif is gone"


def test_errors_are_caught_as_their_built_in_cause() -> None:
    assert issubclass(MissingFileError, FileNotFoundError)
    assert issubclass(MissingDependencyError, ImportError)
    assert issubclass(OutputError, OSError)
