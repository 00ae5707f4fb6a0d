"""A user's own labels: every format on a tiny fixture, the same two objects in each, and what is refused."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine

from hardstand.datasets import coco, cvat, geojson, labelstudio, voc, yolo
from hardstand.datasets.own import ImageIndex, OwnLabels, outline, read_table, rectangle
from hardstand.datasets.records import noted_faults
from hardstand.detector.errors import DatasetNotFoundError, HardstandError, LabelError, NoGsdError

ImageWriter = Callable[..., Path]
OWN = OwnLabels(exhaustive=frozenset({"fw"}), gsd=0.5)
BOX = (20.0, 10.0, 60.0, 40.0)
TURN = np.radians(30)
# A launcher, 26 by 8 px about (70, 60), its long side 30 degrees from +x toward +y.
ALONG, ACROSS = np.array([np.cos(TURN), np.sin(TURN)]) * 13, np.array([-np.sin(TURN), np.cos(TURN)]) * 4
SLANTED = np.array([70, 60]) + [-ALONG - ACROSS, ALONG - ACROSS, ALONG + ACROSS, ACROSS - ALONG]


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _coco(root: Path, plane: str, launcher: str) -> None:
    content = {
        "images": [{"id": 5, "file_name": "sub/a.png", "width": 120, "height": 80}],
        "categories": [{"id": 1, "name": plane}, {"id": 2, "name": launcher}],
        "annotations": [
            {"id": 1, "image_id": 5, "category_id": 1, "bbox": [20, 10, 40, 30], "segmentation": []},
            {"id": 2, "image_id": 5, "category_id": 2, "segmentation": [SLANTED.ravel().tolist()]},
        ],
    }
    put(root, "labels.json", json.dumps(content))


def _yolo(root: Path, plane: str, launcher: str) -> None:
    put(root, "data.yaml", f"path: x\nnames:\n  0: {plane}\n  1: '{launcher}'  # with launch tubes\nnc: 2\n")
    corners = " ".join(map(str, (SLANTED / [120, 80]).ravel()))
    put(root, "sub/a.txt", f"0 {40 / 120} {25 / 80} {40 / 120} {30 / 80}\n1 {corners}\n\n")


def _voc(root: Path, plane: str, launcher: str) -> None:
    put(
        root,
        "Annotations/a.xml",
        f"<annotation><filename>wrong.png</filename><size><width>120</width><height>80</height></size>"
        f"<object><name>{plane}</name><difficult>1</difficult><bndbox><xmin>20</xmin><ymin>10</ymin><xmax>60</xmax>"
        f"<ymax>40</ymax></bndbox></object><object><name>{launcher}</name><robndbox><cx>70</cx><cy>60</cy><w>8</w>"
        f"<h>26</h><angle>{TURN - np.pi / 2}</angle></robndbox></object></annotation>",
    )


def _cvat(root: Path, plane: str, launcher: str) -> None:
    put(
        root,
        "annotations.xml",
        '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>'
        '<image id="0" name="sub/a.png" width="120" height="80"><tag label="cloudy"/>'
        f'<box label="{plane}" xtl="20" ytl="10" xbr="60" ybr="40"/>'
        f'<box label="{launcher}" xtl="57" ytl="56" xbr="83" ybr="64" rotation="30"/></image></annotations>',
    )


def _labelstudio(root: Path, plane: str, launcher: str) -> None:
    size = {"original_width": 120, "original_height": 80, "image_rotation": 0, "type": "rectanglelabels"}
    first = {"x": 20 / 1.2, "y": 10 / 0.8, "width": 40 / 1.2, "height": 30 / 0.8, "rectanglelabels": [plane]}
    x, y = SLANTED[0] / [1.2, 0.8]
    second = {"x": x, "y": y, "width": 26 / 1.2, "height": 8 / 0.8, "rotation": 30, "rectanglelabels": [launcher]}
    results = [{**size, "value": first}, {**size, "value": second}, {"type": "choices", "value": {}}]
    task = {"id": 3, "data": {"image": "/data/upload/1/0a1b2c3d-a.png"}, "annotations": [{"result": results}]}
    put(root, "export.json", json.dumps([task]))


FORMATS: list[tuple[ModuleType, Callable[[Path, str, str], None]]] = [
    (coco, _coco),
    (yolo, _yolo),
    (voc, _voc),
    (cvat, _cvat),
    (labelstudio, _labelstudio),
]
each_format = pytest.mark.parametrize(("reader", "write"), FORMATS, ids=[row[0].__name__[19:] for row in FORMATS])


@each_format
def test_two_objects(tmp_path: Path, write_image: ImageWriter, reader: ModuleType, write: Callable[..., None]) -> None:
    path = write_image("sub/a.png", 120, 80)
    write(tmp_path, "fw.transport", "ad.launcher")
    (record,) = reader.read(tmp_path, OWN)
    assert (record.path, record.width, record.height, record.gsd) == (path, 120, 80, 0.5)
    assert (record.group, record.source, record.exhaustive) == ("sub/a", tmp_path.name, {"fw"})
    plane, launcher = record.annotations
    assert (plane.node, plane.oriented, launcher.node, launcher.oriented) == (
        "fw.transport",
        False,
        "ad.launcher",
        True,
    )
    assert plane.bounds == pytest.approx(BOX)
    assert (launcher.length_px, launcher.width_px) == pytest.approx((26, 8), abs=1e-3)
    assert launcher.angle == pytest.approx(TURN, abs=1e-4)
    assert launcher.polygon.mean(axis=0) == pytest.approx((70, 60), abs=1e-3)


@each_format
def test_labels_are_mapped_dropped_or_named(
    tmp_path: Path, write_image: ImageWriter, reader: ModuleType, write: Callable[..., None]
) -> None:
    write_image("sub/a.png", 120, 80)
    write(tmp_path, "Big Plane", "Lorry")
    put(tmp_path, "table.csv", "label,node,flag\nbig plane,fw.airliner,~\nLORRY,,-\n")
    table = OwnLabels(gsd=0.5, meanings=read_table(tmp_path / "table.csv"))
    assert [item.node for item in reader.read(tmp_path, table)[0].annotations] == ["fw.airliner"]
    put(tmp_path, "table.csv", "label,node,flag\nbig plane,fw,I\nLORRY,civ.truck,N\n")
    table = OwnLabels(gsd=0.5, meanings=read_table(tmp_path / "table.csv"))
    assert [item.ignore for item in reader.read(tmp_path, table)[0].annotations] == [True, False]
    with pytest.raises(LabelError, match=r"label 'Big Plane' in .*--labels"):
        reader.read(tmp_path, OWN)


def _spoil_coco(root: Path) -> None:
    content = json.loads((root / "labels.json").read_text())
    content["images"].append({"id": 6, "file_name": "b.png", "width": 120, "height": 80})
    content["annotations"] += [
        {"id": 3, "image_id": 6, "category_id": 99, "bbox": [1, 2, 30, 4]},
        {"id": 4, "category_id": 1, "bbox": [1, 2, 30, 4]},
    ]
    put(root, "labels.json", json.dumps(content))


def _spoil_cvat(root: Path) -> None:
    broken = '<image id="1" name="b.png" width="120" height="80"><box label="fw" xtl="2"/></image></annotations>'
    put(root, "annotations.xml", (root / "annotations.xml").read_text().replace("</annotations>", broken))


def _spoil_labelstudio(root: Path) -> None:
    tasks = json.loads((root / "export.json").read_text())
    put(root, "export.json", json.dumps([*tasks, {"id": 4, "data": {"image": "b.png"}}, {"id": 5}]))


@pytest.mark.parametrize(
    ("reader", "write", "spoil", "said"),
    [
        (coco, _coco, _spoil_coco, ["annotations? 3|category 99", "annotation 4: image None is not among"]),
        (yolo, _yolo, lambda root: put(root, "b.txt", "7 0.5 0.5 0.1 0.1\n"), ["class 7 has no name"]),
        (voc, _voc, lambda root: put(root, "Annotations/b.xml", "<annotation><object>"), ["not well-formed"]),
        (voc, _voc, lambda _: None, ["no XML file for"]),
        (cvat, _cvat, _spoil_cvat, ["the box labelled 'fw' is broken"]),
        (labelstudio, _labelstudio, _spoil_labelstudio, ["exactly one annotation", "field 'data' is missing"]),
    ],
)
def test_faults_are_listed_beside_what_could_be_read(
    tmp_path: Path,
    write_image: ImageWriter,
    reader: ModuleType,
    write: Callable[..., None],
    spoil: Callable[[Path], None],
    said: list[str],
) -> None:
    good, bad = write_image("sub/a.png", 120, 80), write_image("b.png", 120, 80)
    write(tmp_path, "fw", "ad.launcher")
    spoil(tmp_path)
    with noted_faults() as faults:
        records = reader.read(tmp_path, OWN)
    assert [record.path for record in records] == [good]
    assert bad in {fault.path for fault in faults}
    assert len(faults) == len(said)
    for text in said:
        assert any(re.search(text, str(fault.error)) for fault in faults)
    with pytest.raises((LabelError, DatasetNotFoundError), match="|".join(said)):
        reader.read(tmp_path, OWN)
    with noted_faults(), pytest.raises(NoGsdError, match="--gsd"):  # an option, not a fault of the labels
        reader.read(tmp_path, OwnLabels())


@each_format
def test_what_is_missing_is_said(
    tmp_path: Path, write_image: ImageWriter, reader: ModuleType, write: Callable[..., None]
) -> None:
    with pytest.raises(DatasetNotFoundError, match=tmp_path.name):
        reader.read(tmp_path, OWN)
    write_image("sub/other.png", 120, 80)
    with pytest.raises(DatasetNotFoundError):
        reader.read(tmp_path, OWN)
    write(tmp_path, "fw", "ad.launcher")
    with pytest.raises(DatasetNotFoundError, match=r"other|a\.png|a\.jpg"):
        reader.read(tmp_path, OWN)
    (tmp_path / "sub/other.png").rename(tmp_path / "sub/a.png")
    with pytest.raises(NoGsdError, match="--gsd"):
        reader.read(tmp_path, OwnLabels())


@pytest.mark.parametrize(("reader", "write"), [(coco, _coco), (voc, _voc), (cvat, _cvat), (labelstudio, _labelstudio)])
def test_labels_of_another_size_are_refused(
    tmp_path: Path, write_image: ImageWriter, reader: ModuleType, write: Callable[..., None]
) -> None:
    write_image("sub/a.png", 60, 40)
    write(tmp_path, "fw", "ad.launcher")
    with pytest.raises(LabelError, match="60 x 40 pixels, but its labels were made on 120 x 80"):
        reader.read(tmp_path, OWN)


def test_flags_of_voc(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("JPEGImages/a.png", 120, 80)
    _voc(tmp_path, "fw", "ad.launcher")
    plane, launcher = voc.read(tmp_path, OWN)[0].annotations
    assert (plane.difficult, plane.ignore, launcher.difficult) == (True, False, False)


def test_coco_crowds_masks_and_turned_boxes(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("a.png", 120, 80)
    mask = {"counts": "abc", "size": [80, 120]}
    row = {"image_id": 5, "category_id": 1, "bbox": [57, 56, 26, 8]}
    content = {
        "images": [{"id": 5, "file_name": "a.png", "width": 120, "height": 80, "gsd": 0.3}],
        "categories": [{"id": 1, "name": "ad"}],
        "annotations": [
            {**row, "id": 1, "segmentation": mask, "iscrowd": 1},
            {**row, "id": 2, "segmentation": mask},
            {**row, "id": 3, "segmentation": [], "attributes": {"rotation": 30.0}},
        ],
    }
    put(tmp_path, "a.json", json.dumps(content))
    (record,) = coco.read(tmp_path, OwnLabels())
    assert record.gsd == 0.3
    assert [item.ignore for item in record.annotations] == [True, False, False]
    assert record.annotations[1].bounds == (57, 56, 83, 64)
    assert np.sort(record.annotations[2].polygon[:, 0]) == pytest.approx(np.sort(SLANTED[:, 0]), abs=1e-3)
    content["annotations"][1]["bbox"] = [1, 2]
    put(tmp_path, "a.json", json.dumps(content))
    with pytest.raises(LabelError, match=r"a\.json, annotation 2"):
        coco.read(tmp_path, OWN)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.1", "3 numbers after the class"),
        ("0 0.5 0.5 0.1 0.1 0.9", "5 numbers after the class"),
        ("0 50 50 10 10", "shares of the image"),
        ("4 0.5 0.5 0.1 0.1", "class 4 has no name: there are 0"),
        ("plane 0.5 0.5 0.1 0.1", "a class number"),
    ],
)
def test_broken_yolo_lines(tmp_path: Path, write_image: ImageWriter, line: str, message: str) -> None:
    write_image("images/train/a.png", 120, 80)
    put(tmp_path, "data.yaml", "names: [fw]")
    put(tmp_path, "labels/train/a.txt", line)
    with pytest.raises(LabelError, match=rf"a\.txt, line 1: .*{message}"):
        yolo.read(tmp_path, OWN)


@pytest.mark.parametrize("text", ["names: ['fw', heli]", "names:\n- fw\n- heli\nnc: 2", "names: {0: fw, 1: heli}"])
def test_names_of_yolo(text: str) -> None:
    assert yolo.parse_names("train: x\n" + text) == {0: "fw", 1: "heli"}


def test_an_image_without_yolo_labels_is_not_an_empty_one(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("a.png", 120, 80)
    put(tmp_path, "classes.txt", "fw\n")
    with pytest.raises(DatasetNotFoundError, match=r"a\.txt for a\.png"):
        yolo.read(tmp_path, OWN)
    put(tmp_path, "a.txt", "")
    assert yolo.read(tmp_path, OWN)[0].annotations == ()


def test_shapes_without_area_and_videos_are_refused(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("a.png", 120, 80)
    start = '<annotations><image id="0" name="a.png" width="120" height="80">'
    put(tmp_path, "a.xml", f'{start}<polyline label="fw" points="1,1;2,2"/></image></annotations>')
    with pytest.raises(LabelError, match="a polyline has no area"):
        cvat.read(tmp_path, OWN)
    put(tmp_path, "a.xml", '<annotations><track id="0" label="fw"/></annotations>')
    with pytest.raises(LabelError, match="video export"):
        cvat.read(tmp_path, OWN)
    put(tmp_path, "a.xml", '<!DOCTYPE x [<!ENTITY a "b">]><annotations/>')
    with pytest.raises(LabelError, match="entities"):
        cvat.read(tmp_path, OWN)


def test_unfinished_tasks_are_refused(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("a.png", 120, 80)
    task: dict[str, Any] = {"id": 9, "data": {"image": "http://x/data/local-files/?d=dir/a.png"}, "annotations": []}
    put(tmp_path, "a.json", json.dumps([task]))
    with pytest.raises(LabelError, match="task 9 needs exactly one annotation"):
        labelstudio.read(tmp_path, OWN)
    task["annotations"] = [{"result": []}, {"result": [], "was_cancelled": True}]
    put(tmp_path, "a.json", json.dumps([task]))
    assert labelstudio.read(tmp_path, OWN)[0].annotations == ()


def _geotiff(path: Path, east: float, north: float, *, kind: str = "uint8", crs: str | None = "EPSG:32636") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    transform = Affine(0.5, 0, east, 0, -0.5, north)
    size: dict[str, Any] = {"width": 120, "height": 80, "count": 3, "dtype": kind}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=transform, **size) as target:
        target.write(np.full((3, 80, 120), 90, kind))


def _layer(*rings: np.ndarray[Any, Any], crs: str | None = None, kind: str = "MultiPolygon", **named: str) -> str:
    features = []
    for ring in rings:
        closed = [*ring.tolist(), ring[0].tolist()]
        shape = {"type": kind, "coordinates": [[closed]] if kind == "MultiPolygon" else closed}
        features.append({"type": "Feature", "properties": named or {"class": "ad.launcher"}, "geometry": shape})
    head = {"crs": {"type": "name", "properties": {"name": crs}}} if crs else {}
    return json.dumps({"type": "FeatureCollection", **head, "features": features})


EAST, NORTH = 500000.0, 3800000.0
ON_THE_MAP = SLANTED * [0.5, -0.5] + [EAST, NORTH]


def test_geojson_in_any_system(tmp_path: Path) -> None:
    _geotiff(tmp_path / "a.tif", EAST, NORTH)
    _geotiff(tmp_path / "b.tif", EAST + 30, NORTH)  # overlaps a: the same place
    _geotiff(tmp_path / "c.tif", EAST + 900, NORTH)
    degrees = np.stack(Transformer.from_crs(32636, 4326, always_xy=True).transform(*ON_THE_MAP.T), axis=-1)
    for crs, ring in ((None, degrees), ("urn:ogc:def:crs:OGC:1.3:CRS84", degrees), ("EPSG:32636", ON_THE_MAP)):
        put(tmp_path, "labels.geojson", _layer(ring, crs=crs))
        first, second, third = geojson.read(tmp_path, OwnLabels(exhaustive=frozenset({"ad.launcher"})))
        assert [record.group for record in (first, second, third)] == ["a", "a", "c"]
        assert first.gsd == pytest.approx(0.5, rel=1e-3)
        (item,) = first.annotations
        assert (item.length_px, item.width_px) == pytest.approx((26, 8), abs=0.01)
        assert item.angle == pytest.approx(TURN, abs=1e-3)
        assert item.polygon.mean(axis=0) == pytest.approx((70, 60), abs=0.01)
        assert second.annotations[0].polygon.mean(axis=0) == pytest.approx((10, 60), abs=0.01)
        assert third.annotations == ()


def test_a_layer_named_like_a_raster_labels_only_that(tmp_path: Path) -> None:
    _geotiff(tmp_path / "a.tif", EAST, NORTH)
    _geotiff(tmp_path / "b.tif", EAST, NORTH)
    put(tmp_path, "b.geojson", _layer(ON_THE_MAP, crs="EPSG:32636", type="lorry"))
    table = {"lorry": OWN.meaning("ad.launcher", "here")}
    first, second = geojson.read(tmp_path, OwnLabels(attribute="type", meanings=table))
    assert (len(first.annotations), len(second.annotations)) == (0, 1)
    with pytest.raises(LabelError, match=r"feature 1 has no attribute 'class' \(it has type\)"):
        geojson.read(tmp_path, OwnLabels(meanings=table))


def test_geojson_that_cannot_be_placed(tmp_path: Path) -> None:
    _geotiff(tmp_path / "a.tif", EAST, NORTH)
    put(tmp_path, "l.geojson", _layer(ON_THE_MAP))  # metres taken for degrees
    with pytest.raises(LabelError, match="no feature lies on an image"):
        geojson.read(tmp_path, OWN)
    put(tmp_path, "l.geojson", _layer(ON_THE_MAP, crs="EPSG:32636", kind="LineString"))
    with pytest.raises(LabelError, match="feature 1 is a LineString"):
        geojson.read(tmp_path, OWN)
    put(tmp_path, "l.geojson", _layer(ON_THE_MAP, crs="EPSG:1"))
    with pytest.raises(LabelError, match="is not known"):
        geojson.read(tmp_path, OWN)
    _geotiff(tmp_path / "a.tif", EAST, NORTH, kind="uint16")
    with pytest.raises(DatasetNotFoundError, match="uint16"):
        geojson.read(tmp_path, OWN)
    _geotiff(tmp_path / "a.tif", 36.0, 70.0, crs="EPSG:4326")
    with pytest.raises(DatasetNotFoundError, match="not square on the ground"):
        geojson.read(tmp_path, OWN)


def test_the_axis_follows_the_type_where_it_is_wider_than_long() -> None:
    box = [[0, 0], [50, 0], [50, 20], [0, 20]]
    assert rectangle("fw", box).length_px == pytest.approx(50)
    assert rectangle("fw.bomber.b2", box).length_px == pytest.approx(20)


def test_free_outlines_by_what_they_are_drawn_around() -> None:
    drawn = [[40, 0], [45, 20], [80, 30], [45, 35], [42, 60], [38, 60], [35, 35], [0, 30], [35, 20]]
    plane, launcher = outline("fw", drawn), outline("ad.launcher", drawn)
    assert (plane.oriented, plane.bounds) == (False, (0, 0, 80, 60))
    assert launcher.oriented
    assert outline("fw", SLANTED).oriented
    assert not outline("fw", [[0, 0], [9, 0], [9, 5], [0, 5]]).oriented


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("plane,fw.zeppelin,=", "'fw.zeppelin' is not in the taxonomy"),
        ("plane,fw,?", "line 2: label,node,flag expected"),
        ("plane,,=", "line 2: label,node,flag expected"),
        ("plane,fw,=\nPlane,fw,=", "line 3: label 'Plane' is listed twice"),
    ],
)
def test_tables_are_checked(tmp_path: Path, row: str, message: str) -> None:
    put(tmp_path, "t.csv", f"label,node,flag\n{row}\n")
    with pytest.raises(LabelError, match=message):
        read_table(tmp_path / "t.csv")


def test_what_the_user_says_is_checked(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="'plane' is not in the taxonomy"):
        OwnLabels(exhaustive=frozenset({"plane"}))
    with pytest.raises(NoGsdError, match="not a positive number"):
        OwnLabels(gsd=-1)
    with pytest.raises(HardstandError, match="no table of labels"):
        read_table(tmp_path / "none.csv")


def test_images_are_found_by_the_longest_common_ending(tmp_path: Path, write_image: ImageWriter) -> None:
    first, second = write_image("x/train/a.png"), write_image("x/val/a.png")
    index = ImageIndex(tmp_path)
    assert index.find("train/a.png", "here") == first
    assert index.find("other\\val\\a.png", "here") == second
    with pytest.raises(LabelError, match="could be"):
        index.find("a.png", "here")


def test_a_broken_feature_is_listed_and_the_others_are_read(tmp_path: Path) -> None:
    _geotiff(tmp_path / "a.tif", EAST, NORTH)
    _geotiff(tmp_path / "b.tif", EAST, NORTH, kind="uint16")
    layer = json.loads(_layer(ON_THE_MAP, ON_THE_MAP, crs="EPSG:32636"))
    layer["features"][0]["geometry"] = {"type": "Point", "coordinates": [0, 0]}
    put(tmp_path, "l.geojson", json.dumps(layer))
    with noted_faults() as faults:
        (only,) = geojson.read(tmp_path, OWN)
    assert len(only.annotations) == 1
    assert [fault.path.name for fault in faults] == ["b.tif", "l.geojson"]
