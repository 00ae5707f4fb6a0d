import json
from pathlib import Path

import numpy as np
import rasterio

from hardstand.datasets.series import Series, make_series


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def series(out: Path) -> Series:
    return make_series(out, seed=5, size_px=640)


def test_series_is_complete_and_reproducible(tmp_path: Path) -> None:
    steps: list[float] = []
    made = make_series(tmp_path / "a", seed=5, size_px=640, progress=lambda _, share: steps.append(share))
    series(tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert len(made.scenes) == 8
    assert steps == [k / 8 for k in range(1, 9)]
    truth = json.loads(made.truth.read_text())["passes"]
    sites = {f["properties"]["name"] for f in json.loads(made.sites.read_text())["features"]}
    assert {entry["site"] for entry in truth} == sites
    cut = 0
    for path, entry in zip(made.scenes, truth, strict=True):
        with rasterio.open(path) as scene:
            assert scene.crs.to_epsg() == 32637
            assert scene.res == (0.5, 0.5)
            assert scene.tags()["TIFFTAG_DATETIME"][:10].replace(":", "") in path.name
            assert entry["file"] == path.name
            cut += int(not np.all(scene.dataset_mask()))
        assert all(entry["visible"][node] <= count for node, count in entry["counts"].items() if count)
    assert cut == 1


def test_no_object_is_called_a_node_twice(tmp_path: Path) -> None:
    for entry in json.loads(series(tmp_path).truth.read_text())["passes"]:
        roles = sum(count for node, count in entry["counts"].items() if node.startswith("fw."))
        assert roles == entry["counts"]["fw"]
