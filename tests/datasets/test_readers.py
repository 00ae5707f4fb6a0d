"""Every reader on a tiny fixture in its set's true structure."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from hardstand.datasets import aerial_airport, airbus, allplanes, dior, dota, dota_text, hrplanes, nwpu, simd
from hardstand.detector.errors import DatasetNotFoundError, LabelError

ImageWriter = Callable[..., Path]


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("reader", [aerial_airport, airbus, allplanes, dior, dota, hrplanes, nwpu, simd])
def test_a_folder_without_the_set_is_an_error(tmp_path: Path, reader: ModuleType) -> None:
    with pytest.raises(DatasetNotFoundError, match=tmp_path.name):
        reader.read(tmp_path)


def test_airbus(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("images/a.jpg", 256, 256)
    write_image("images/b.jpg", 256, 256)
    rows = [
        '1,a.jpg,"[(10, 20), (50, 20), (50, 70), (10, 70), (10, 20)]",Airplane',
        '2,a.jpg,"[(0, 100), (10, 100), (10, 150), (0, 150), (0, 100)]",Truncated_airplane',
        '3,a.jpg,"[(216, 100), (256, 100), (256, 140), (216, 140), (216, 100)]",Truncated_Aircraft',
    ]
    put(tmp_path, "annotations.csv", "\n".join(["id,image_id,geometry,class", *rows]))
    put(tmp_path, "groups.json", json.dumps({"same_airport_groups": [["a.jpg", "c.jpg"]]}))
    first, second = airbus.read(tmp_path)
    assert (first.width, first.gsd, first.group) == (256, 0.5, "airport1")
    assert first.exhaustive == {"fw"}
    assert first.annotations[0].bounds == (10, 20, 50, 70)
    assert [item.ignore for item in first.annotations] == [False, True, False]  # a sliver; nearly whole
    assert [item.truncated for item in first.annotations] == [False, True, True]
    assert (second.group, second.annotations) == ("b", ())


def test_airbus_tables_that_are_not_whole(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("images/a.jpg", 100, 100)
    put(tmp_path, "annotations.csv", "")
    with pytest.raises(LabelError, match=r"annotations\.csv: no column class, geometry, image_id"):
        airbus.read(tmp_path)
    put(tmp_path, "annotations.csv", 'id,image_id,geometry,class\n1,b.jpg,"[(1, 2), (3, 4)]",Aircraft\n')
    with pytest.raises(DatasetNotFoundError, match=r"1 images are labelled but not in images, as b\.jpg"):
        airbus.read(tmp_path)
    put(tmp_path, "annotations.csv", "id,image_id,geometry,class\n")
    put(tmp_path, "groups.json", "{")
    with pytest.raises(LabelError, match=r"groups\.json: Expecting"):
        airbus.read(tmp_path)


def test_airbus_geometry_is_data_not_code(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("images/a.jpg")
    put(tmp_path, "annotations.csv", "id,image_id,geometry,class\n7,a.jpg,\"__import__('os')\",Airplane\n")
    with pytest.raises(LabelError, match=r"annotation 7 of a\.jpg"):
        airbus.read(tmp_path)
    put(tmp_path, "annotations.csv", 'id,image_id,geometry,class\n7,a.jpg,"[(NaN, 1), (4, 5)]",Airplane\n')
    with pytest.raises(LabelError, match=r"annotation 7 of a\.jpg"):
        airbus.read(tmp_path)


def test_hrplanes(tmp_path: Path) -> None:
    coco = {
        "images": [
            {"id": 4, "file_name": "GBG_002.jpg", "width": 640, "height": 360},
            {"id": 3, "file_name": "12_DT8.jpg", "width": 640, "height": 360},
        ],
        "categories": [{"id": 1, "name": "airplane"}],
        "annotations": [{"id": 0, "image_id": 4, "category_id": 1, "bbox": [18, 123, 20.5, 20.5]}],
    }
    put(tmp_path, "annotations.coco.json", json.dumps(coco))
    empty, full = hrplanes.read(tmp_path)
    assert (empty.group, empty.gsd, empty.annotations) == ("DT8", 0.65, ())
    assert full.annotations[0].bounds == (18, 123, 38.5, 143.5)
    assert full.annotations[0].node == "fw"
    assert full.gsd == pytest.approx((0.65 * 36 / 20.5) ** 0.5)


def test_dota_lines() -> None:
    text = (
        "imagesource:GoogleEarth\r\ngsd:null\r\n1 0 9 0 9 4 1 4 plane 0 \r\n\r\n"
        "-3.0 0 9 0 9 4 1 4 plane\n1 0 9 0 9 4 1 4 small-vehicle tr\n"
    )
    lines = list(dota_text.parse_lines(text))
    assert [(line.label, line.difficult) for line in lines] == [("plane", 0), ("plane", 0), ("small-vehicle", 1)]
    assert lines[1].polygon[0].tolist() == [-3, 0]
    with pytest.raises(LabelError, match="eight coordinates"):
        list(dota_text.parse_lines("a b c d e f g h plane 0"))


def test_dota(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("images/P0001__1__0___0.png", 100, 80)
    write_image("images/P0002.png", 100, 80)
    slanted = "10 10 40 40 30 50 0 20"  # 42.4 by 14.1 along 45 degrees
    text = f"gsd:0.25\n{slanted} plane 0\n{slanted} helicopter 1\n{slanted} ship 0\n5 5 9 5 9 15 5 15 small-vehicle 1\n"
    put(tmp_path, "labelTxt/P0001__1__0___0.txt", text)
    put(tmp_path, "labelTxt/P0002.txt", "")
    first, second = dota.read(tmp_path)
    plane, heli, car = first.annotations
    assert (first.group, first.gsd) == ("P0001", 0.25)
    assert plane.oriented
    assert (plane.length_px, plane.width_px) == pytest.approx((42.43, 14.14), abs=0.01)
    assert plane.angle == pytest.approx(np.pi / 4, abs=1e-4)
    assert (plane.ignore, heli.node, heli.ignore, car.ignore) == (False, "heli", True, False)
    assert (plane.difficult, heli.difficult, car.difficult) == (False, True, True)
    assert (second.annotations, second.gsd) == ((), 0.3)


def test_dota_axis_is_the_longer_side_whatever_edge_comes_first() -> None:
    item = dota_text.longer_side_first("fw", np.array([[0, 0], [0, 30], [-10, 30], [-10, 0]], dtype=np.float64))
    assert (item.length_px, item.width_px) == pytest.approx((30, 10))
    assert item.angle == pytest.approx(np.pi / 2)


def test_a_missing_dota_label_is_not_an_empty_one(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("images/P0001.png")
    with pytest.raises(DatasetNotFoundError, match=r"P0001\.txt"):
        dota.read(tmp_path)


def test_aerial_airport(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("images/airport_7.jpg", 600, 600)
    put(tmp_path, "labelTxt/airport_7.txt", "223 116 259 116 259 152.00000000000003 223 152 airplane 0\n")
    (record,) = aerial_airport.read(tmp_path)
    assert record.annotations[0].bounds == pytest.approx((223, 116, 259, 152))
    assert not record.annotations[0].oriented
    assert record.group == "airport_7"
    assert record.gsd == pytest.approx(1.3**0.5)  # 36 px that stand for 36 m


def test_nwpu(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("positive image set/001.jpg", 900, 700)
    write_image("negative image set/001.jpg", 300, 200)
    put(tmp_path, "ground truth/001.txt", "(563,478),(608,523),1 \r\n\n( 10 , 20 ),( 30,40 ), 10\n(1,1),(9,9),9\n")
    record, negative = nwpu.read(tmp_path)
    assert (record.group, negative.group) == ("001", "negative_001")
    assert (negative.width, negative.annotations) == (300, ())
    assert negative.exhaustive == {"fw"}
    assert [item.node for item in record.annotations] == ["fw", "civ.car"]
    assert record.gsd == pytest.approx((0.5 * 36 / 45) ** 0.5)
    put(tmp_path, "ground truth/001.txt", "(10,10),(62,40),10\n(100,10),(154,40),10\n(200,10),(256,40),10\n")
    assert nwpu.read(tmp_path)[0].gsd == pytest.approx(4.4 / 54)  # vehicles are labelled in the fine images alone
    put(tmp_path, "ground truth/001.txt", "(10,10),(62,40),10\n")
    assert nwpu.read(tmp_path)[0].gsd == 0.08
    with pytest.raises(LabelError, match="class expected"):
        nwpu.parse_lines("(1,1),(2,2)")
    with pytest.raises(LabelError, match="'11' is not known in nwpu"):
        nwpu.parse_lines("(1,1),(2,2),11")


def test_simd(tmp_path: Path, write_image: ImageWriter) -> None:
    for name in ("0006", "0008", "0012"):
        write_image(f"images/{name}.jpg", 1024, 768)
        put(tmp_path, f"labels/{name}.txt", "")
    cars = "".join(f"0 0.5 0.{i} 0.0215 0.01\n" for i in range(1, 4))  # 22 px long: 0.2 m
    put(tmp_path, "labels/0006.txt", f"{cars}13 0.98 0.5 0.08 0.1\n14 0.5 0.5 0.1 0.1\n9 0.2 0.2 0.1 0.1")
    first, second, third = simd.read(tmp_path)
    assert [item.node for item in first.annotations] == [*["civ.car"] * 3, "heli", "fw"]
    assert first.annotations[3].bounds[2] == 1024  # clipped at the border
    assert first.gsd == pytest.approx(0.2, abs=0.001)
    assert (second.gsd, second.annotations) == (0.25, ())
    assert [record.group for record in (first, second, third)] == ["run0006", "run0006", "run0012"]


@pytest.mark.parametrize("line", ["15 0.5 0.5 0.1 0.1", "-1 0.5 0.5 0.1 0.1", "0 0.5 0.5 0.1", "car 0.5 0.5 0.1 0.1"])
def test_simd_refuses_lines_of_another_set(line: str) -> None:
    with pytest.raises(LabelError, match=r"class 0 to 14|a class and four numbers"):
        simd.parse_lines(line, width=10, height=10)


def test_dior(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("JPEGImages-trainval/00001.jpg", 800, 800)
    write_image("JPEGImages-test/00002.jpg", 800, 800)
    box = "<xmin>10</xmin><ymin>20</ymin><xmax>50</xmax><ymax>60</ymax>"
    plain = f"<object><name>Airplane</name><bndbox>{box}</bndbox></object>"
    dropped = f"<object><name>Expressway-Service-area</name><bndbox>{box}</bndbox></object>"
    names = ("left_top", "right_top", "right_bottom", "left_bottom")
    corners = zip(names, ((10, 10), (50, 10), (50, 30), (10, 30)), strict=True)
    vertices = "".join(f"<x_{name}>{x}</x_{name}><y_{name}>{y}</y_{name}>" for name, (x, y) in corners)
    turned = f"<object><name>airplane</name><robndbox>{vertices}</robndbox></object>"
    put(tmp_path, "Annotations/Horizontal Bounding Boxes/00001.xml", f"<annotation>{plain}{dropped}</annotation>")
    put(tmp_path, "Annotations/Oriented Bounding Boxes/00002.xml", f"<annotation>{turned}</annotation>")
    first, second = dior.read(tmp_path)
    assert [item.bounds for item in first.annotations] == [(10, 20, 50, 60)]
    assert second.annotations[0].oriented
    assert second.annotations[0].length_px == pytest.approx(40)


def test_dior_without_annotations_is_a_folder_of_negatives(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("00003.jpg", 800, 800)
    (record,) = dior.read(tmp_path)
    assert (record.annotations, record.gsd) == ((), 0.5)
    assert record.exhaustive == {"fw"}


def test_allplanes(tmp_path: Path) -> None:
    path = tmp_path / "Field_google_20230224.tif"
    transform = Affine(0.3, 0.0, 1_093_460, 0.0, -0.3, 7_080_000)  # about 53.5 degrees north
    with rasterio.open(
        path, "w", driver="GTiff", width=30, height=20, count=3, dtype="uint8", crs="EPSG:3857", transform=transform
    ) as sink:
        sink.write(np.full((3, 20, 30), 90, np.uint8))
    boxes = [("A20N", False), ("ZZ9", True), ("T22M", False)]
    features = [{"properties": {"icao": c, "bbox_px": [1, 2, 9, 8], "touches_crop_edge": edge}} for c, edge in boxes]
    put(tmp_path, "Field_google_20230224.geojson", json.dumps({"features": features}))
    put(tmp_path, "AllPlanes.csv", "ICAO,name\nZZ9,something rare\n")
    (record,) = allplanes.read(tmp_path)
    assert record.gsd == pytest.approx(0.3 * np.cos(np.radians(53.5)), rel=0.01)
    assert [item.node for item in record.annotations] == ["fw.airliner.a320fam", "fw", "fw.bomber.tu22m"]
    assert [item.ignore for item in record.annotations] == [False, True, False]
    assert [item.truncated for item in record.annotations] == [False, True, False]
    assert record.group == "Field"
    put(tmp_path, "AllPlanes.csv", "ICAO,name\n")
    with pytest.raises(LabelError, match="'ZZ9'"):
        allplanes.read(tmp_path)
