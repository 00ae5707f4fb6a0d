import errno
import os
from pathlib import Path

import pytest

from hardstand.detector import HardstandError, OutputError
from hardstand.inference.output import Staging, output_errors, write_whole


def test_files_appear_together_under_their_names(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    with Staging(out) as staging:
        staging.write("a.txt", "one")
        staging.write("b.txt", b"two")
        assert not (out / "a.txt").exists()
        assert staging.publish() == (out / "a.txt", out / "b.txt")
    assert sorted(path.name for path in out.iterdir()) == ["a.txt", "b.txt"]


def _fail_half_way(out: Path) -> None:
    with Staging(out) as staging:
        staging.write("a.txt", "half")
        raise HardstandError("stop")


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(HardstandError, match="stop"):
        _fail_half_way(tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(HardstandError, match="stop"):
        _fail_half_way(tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*file/out"):
        write_whole(tmp_path / "file" / "out" / "a.txt", "x")


def _full_disk(path: Path) -> None:
    with output_errors(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_says_what_to_do() -> None:
    with pytest.raises(OutputError, match=r"out\.csv: No space left on device; free some space"):
        _full_disk(Path("out.csv"))


def test_other_errors_of_hardstand_pass_unchanged() -> None:
    original = OutputError("said already")
    with pytest.raises(OutputError) as caught, output_errors(Path("x")):
        raise original
    assert caught.value is original
