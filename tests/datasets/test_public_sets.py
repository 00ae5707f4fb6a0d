"""The readers of the public sets on tiny fixtures in each set's true structure, one test per known trap."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from hardstand.datasets import (
    adcos,
    cors_add,
    dior,
    dota,
    dota_text,
    fair1m,
    hrplanes,
    mar20,
    mvrsd,
    rareplanes,
    rareplanes_synth,
    rsod,
    soda_a,
    ucas_aod,
    vedai,
    vme,
    xview,
)
from hardstand.datasets.images import read_rgb
from hardstand.detector.errors import DatasetNotFoundError, LabelError

ImageWriter = Callable[..., Path]
CORNERS = ("left_top", "right_top", "right_bottom", "left_bottom")
READERS = [xview, dota, fair1m, mar20, rareplanes, rareplanes_synth, hrplanes, rsod, ucas_aod, soda_a, cors_add, adcos]


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def voc(*objects: str, head: str = "") -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n\t<annotation>{head}{"".join(objects)}\n\t</annotation>'


def bndbox(name: str, *box: int, flags: str = "") -> str:
    sides = "".join(f"<{side}>{value}</{side}>" for side, value in zip(SIDES, box, strict=True))
    return f"<object><name>{name}</name>{flags}<bndbox>{sides}</bndbox></object>"


def robndbox(name: str, points: Iterable[tuple[float, float]]) -> str:
    pairs = zip(CORNERS, points, strict=True)
    vertices = "".join(f"<x_{corner}>{x}</x_{corner}><y_{corner}>{y}</y_{corner}>" for corner, (x, y) in pairs)
    return f"<object><type>robndbox</type><name>{name}</name><robndbox>{vertices}</robndbox><angle>0</angle></object>"


SIDES = ("xmin", "ymin", "xmax", "ymax")
FLAGS = "<pose>Unspecified</pose><truncated>1</truncated><difficult>1</difficult>"


@pytest.mark.parametrize("reader", [*READERS, mvrsd, vedai, vme], ids=lambda reader: reader.__name__.split(".")[-1])
def test_a_folder_without_the_set_is_an_error(tmp_path: Path, reader: ModuleType) -> None:
    with pytest.raises(DatasetNotFoundError, match=tmp_path.name):
        reader.read(tmp_path)


# xView


def feature(image: str, type_id: int, bounds: object, cat_id: str = "104001000A") -> dict[str, Any]:
    properties = {"image_id": image, "type_id": type_id, "bounds_imcoords": bounds, "cat_id": cat_id, "feature_id": 7}
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": []}}


def put_xview(root: Path, *features: dict[str, Any]) -> None:
    put(root, "train_labels/xView_train.geojson", json.dumps({"type": "FeatureCollection", "features": features}))


def test_xview(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("train_images/5.tif", 400, 300)
    write_image("train_images/104.tif", 400, 300)
    write_image("val_images/6.tif")
    put_xview(
        tmp_path,
        feature("104.tif", 13, "10,20,130,140"),
        feature("104.tif", 15, "200,100,245,140"),
        feature("104.tif", 73, "0,0,90,90"),
        feature("5.tif", 18, "1,2,15,10", cat_id="104001000B"),
    )
    first, second = xview.read(tmp_path)
    assert [item.node for item in first.annotations] == ["fw", "heli"]  # buildings are dropped
    assert first.annotations[0].bounds == (10, 20, 130, 140)
    assert (first.group, second.group, first.gsd) == ("104001000A", "104001000B", 0.3)  # cat_id is the scene
    assert first.exhaustive == {"fw", "heli", "civ", "ctx.helipad"}


def test_xview_types_75_and_82_are_artefacts_and_any_other_is_an_error() -> None:
    for number in (75, 82):
        assert xview.parse_properties(feature("1.tif", number, "1,2,3,4")["properties"]) is None
    with pytest.raises(LabelError, match="'99' is not known in xview"):
        xview.parse_properties(feature("1.tif", 99, "1,2,3,4")["properties"])


@pytest.mark.parametrize("bounds", [[], "[]"])
def test_xview_empty_bounds_are_no_object(bounds: object) -> None:
    assert xview.parse_properties(feature("1.tif", 11, bounds)["properties"]) is None


@pytest.mark.parametrize("bounds", ["1,2,3", "a,b,c,d", [1, 2]])
def test_xview_broken_bounds_are_an_error(bounds: object) -> None:
    with pytest.raises(LabelError, match="feature 7"):
        xview.parse_properties(feature("1.tif", 11, bounds)["properties"])


def test_xview_1395_was_never_published(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("train_images/5.tif")
    put_xview(tmp_path, feature("5.tif", 18, "1,2,15,10"), feature("1395.tif", 18, "1,2,15,10"))
    assert len(xview.read(tmp_path)) == 1
    put_xview(tmp_path, feature("5.tif", 18, "1,2,15,10"), feature("1396.tif", 18, "1,2,15,10"))
    with pytest.raises(DatasetNotFoundError, match=r"1396\.tif is labelled but not in train_images"):
        xview.read(tmp_path)


def test_xview_junk_of_a_file_manager_is_no_image(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("train_images/100.tif")
    put(tmp_path, "train_images/._100.tif", "Mac OS X")
    put_xview(tmp_path, feature("100.tif", 18, "1,2,15,10"))
    assert [record.path.name for record in xview.read(tmp_path)] == ["100.tif"]


def test_xview_boxes_out_of_the_image_inverted_thin_or_huge(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("train_images/5.tif", 400, 300)
    boxes = ["350,100,420,160", "130,140,10,20", "5,5,6,6", "0,0,390,290", "20,20,30,30"]
    put_xview(tmp_path, *(feature("5.tif", 11, box) for box in boxes))
    cut, inverted, huge, tiny = xview.read(tmp_path)[0].annotations
    assert (cut.bounds, cut.truncated) == ((350, 100, 400, 160), True)
    assert inverted.bounds == (10, 20, 130, 140)
    assert [item.ignore for item in (cut, inverted, huge, tiny)] == [False, False, True, True]  # 117 m and 3 m


# DOTA


def test_dota_takes_the_newest_labels_of_the_published_layout(tmp_path: Path, write_image: ImageWriter) -> None:
    quad = "10 10 40 10 40 20 10 20"
    for split in ("train", "val"):
        write_image(f"{split}/images/P0003.png", 90, 60)
        put(tmp_path, f"{split}/labelTxt-v1.0/labelTxt/P0003.txt", f"imagesource:GF\ngsd:0.15\n{quad} ship 0\n")
    put(tmp_path, "train/labelTxt-v2.0/DOTA-v2.0_train/P0003.txt", f"{quad} helipad 0\n{quad} container-crane 0\n")
    put(tmp_path, "train/labelTxt-v2.0/DOTA-v2.0_train_hbb/P0003.txt", f"{quad} plane 0\n")
    meta = "acquisition date:2016-04-17\nimagesource:GoogleEarth\ngsd:0.2987\n"
    put(tmp_path, "train/labelTxt-v2.0/train_meta/meta/P0003.txt", meta)
    train, val = dota.read(tmp_path)
    assert [item.node for item in train.annotations] == ["ctx.helipad", "civ.crane"]
    assert (train.gsd, val.gsd) == (0.2987, 0.15)
    assert "ctx.helipad" in train.exhaustive
    assert val.annotations == ()
    assert val.exhaustive == {"fw", "heli"}


def test_dota_v1_5_knows_container_cranes(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("val/images/P0003.png", 90, 60)
    put(tmp_path, "val/labelTxt-v1.5/DOTA-v1.5_val/P0003.txt", "1 1 20 1 20 9 1 9 container-crane 0\n")
    (record,) = dota.read(tmp_path)
    assert [item.node for item in record.annotations] == ["civ.crane"]
    assert record.exhaustive == {"fw", "heli", "civ"}


def test_dota_scale_may_be_null_and_cut_objects_are_ignored(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("images/P0001.png", 90, 60)
    text = "imagesource:GoogleEarth\r\ngsd:None\r\n-3.0 5 40 5 40 20 -3 20 plane 2 \r\n1 1 30 1 30 9 1 9 plane\r\n"
    put(tmp_path, "labelTxt/P0001.txt", text)
    (record,) = dota.read(tmp_path)
    assert record.gsd == 0.3
    assert [(item.ignore, item.truncated) for item in record.annotations] == [(True, True), (False, False)]
    assert record.annotations[0].bounds[0] == pytest.approx(-3)  # an oriented box stays whole


def test_a_grey_png_is_read_as_rgb(tmp_path: Path) -> None:
    path = tmp_path / "P0001.png"
    assert cv2.imwrite(str(path), np.full((6, 8), 90, np.uint8))
    assert read_rgb(path).shape == (6, 8, 3)


# FAIR1M


def fair(name: str, points: Iterable[str]) -> str:
    ring = "".join(f"<point>{point}</point>" for point in points)
    return (
        "<object><coordinate>pixel</coordinate><type>rectangle</type><description>None</description>"
        f"<possibleresult><name>{name}</name></possibleresult><points>{ring}</points></object>"
    )


RING = ("100.000000,50.000000", "110, 60", "50,120", "40.0,110.0", "100.000000,50.000000")


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 0), (0, 3, 2, 1, 0), (2, 3, 0, 1, 2)])
def test_fair1m_points_start_anywhere_and_run_either_way(order: tuple[int, ...]) -> None:
    (item,) = fair1m.parse_xml(voc(fair("Boeing737", [RING[index] for index in order])))
    assert (item.node, item.oriented) == ("fw.airliner.b737", True)
    assert (item.length_px, item.width_px) == pytest.approx((84.85, 14.14), abs=0.01)
    assert item.angle == pytest.approx(3 * np.pi / 4 - np.pi, abs=1e-3) or item.angle == pytest.approx(3 * np.pi / 4)


def test_fair1m_names_have_blanks_and_unknown_ones_are_errors() -> None:
    kept = fair1m.parse_xml(voc(fair("Small Car", RING), fair("Liquid Cargo Ship", RING), fair("other-airplane", RING)))
    assert [item.node for item in kept] == ["civ.car", "fw"]
    with pytest.raises(LabelError, match="'A380' is not known in fair1m"):
        fair1m.parse_xml(voc(fair("A380", RING)))
    with pytest.raises(LabelError, match=r"four of x,y expected"):
        fair1m.parse_xml(voc(fair("A220", RING[:3])))


def test_fair1m_parts_are_merged_and_numbers_of_the_splits_kept_apart(tmp_path: Path, write_image: ImageWriter) -> None:
    for folder, labels in (("train/part1", "labelXml"), ("train/part2", "labelXmls"), ("validation", "labelXml")):
        name = "1" if folder.endswith("2") else "0"
        write_image(f"{folder}/images/{name}.tif", 200, 150)
        put(tmp_path, f"{folder}/{labels}/{name}.xml", voc(fair("Boeing737", RING)))
    write_image("test/images/0.tif")
    records = fair1m.read(tmp_path)
    assert [record.group for record in records] == ["train/0", "train/1", "validation/0"]
    assert records[0].gsd == pytest.approx(39.47 / 84.85, abs=1e-3)  # the type is known


# MAR20


def test_mar20_two_dialects_of_xml(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("JPEGImages/777.jpg", 800, 800)
    write_image("JPEGImages/12.jpg", 800, 800)
    full = "<folder>Unknown</folder><filename>777.jpg</filename><path>Unknown</path><segmented>0</segmented>"
    put(
        tmp_path,
        "Annotations/Horizontal Bounding Boxes/777.xml",
        voc(bndbox("A17", 402, 590, 611, 800, flags=FLAGS), head=full),
    )
    put(
        tmp_path,
        "Annotations/Horizontal Bounding Boxes/12.xml",
        voc(bndbox("A2", 10, 20, 90, 99), head="<filename>12.xml</filename>"),
    )
    short, long = mar20.read(tmp_path)
    assert (short.path.name, long.path.name) == ("12.jpg", "777.jpg")
    assert [item.node for item in (*short.annotations, *long.annotations)] == ["fw.transport.c130", "fw.bomber.tu95"]
    assert (long.annotations[0].truncated, long.annotations[0].difficult) == (True, True)
    assert (short.annotations[0].truncated, short.annotations[0].difficult) == (False, False)


def test_mar20_oriented_boxes_are_read_before_horizontal_ones(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("JPEGImages/1.jpg", 800, 800)
    put(tmp_path, "Annotations/Horizontal Bounding Boxes/1.xml", voc(bndbox("A3", 485, 10, 554, 90)))
    slanted = [(300.25, 140.5), (370.96, 69.79), (441.67, 140.5), (370.96, 211.21)]  # 100 px square at 45 degrees
    put(tmp_path, "Annotations/Oriented Bounding Boxes/1.xml", voc(robndbox("A3", slanted)))
    (record,) = mar20.read(tmp_path)
    (item,) = record.annotations
    assert item.oriented
    assert item.length_px == pytest.approx(100, abs=0.1)
    assert record.gsd == pytest.approx(0.53, abs=0.001)  # a C-17 is 53 m long
    assert "fw" not in record.exhaustive


# RarePlanes

AFFINE = Affine(3e-6, 0.0, 138.5, 0.0, -2.5e-6, -34.9)


def put_tile(root: Path, stem: str, *, aux: bool = True) -> None:
    path = root / "real/train/PS-RGB_tiled" / f"{stem}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    if aux:
        profile = {"driver": "PNG", "width": 512, "height": 512, "count": 3, "dtype": "uint8"}
        with rasterio.open(path, "w", crs="EPSG:4326", transform=AFFINE, **profile) as sink:
            sink.write(np.full((3, 512, 512), 90, np.uint8))
        assert path.with_name(f"{stem}.png.aux.xml").is_file()
    else:
        assert cv2.imwrite(str(path), np.full((512, 512, 3), 90, np.uint8))


def plane(pixels: list[tuple[float, float]], **properties: object) -> dict[str, Any]:
    ring = [[AFFINE.c + AFFINE.a * x, AFFINE.f + AFFINE.e * y] for x, y in (*pixels, pixels[0])]
    values = {"role": "Large Civil Transport/Utility", "truncated": 0, "partialDec": 1.0, **properties}
    return {"type": "Feature", "properties": values, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def put_planes(root: Path, stem: str, *planes: dict[str, Any]) -> None:
    put(root, f"real/train/geojson_aircraft_tiled/{stem}.geojson", json.dumps({"features": planes}))


DIAMOND = [(200.0, 100.0), (150.0, 160.0), (200.0, 210.0), (250.0, 160.0)]  # nose up, 110 long, 100 wide
STEM = "100_104001003F0D9E00_tile_7"


def test_rareplanes_longitudes_become_pixels_and_the_nose_gives_the_axis(tmp_path: Path) -> None:
    put_tile(tmp_path, STEM)
    put_planes(tmp_path, STEM, plane(DIAMOND), plane(DIAMOND, role=None))
    (record,) = rareplanes.read(tmp_path)
    first, second = record.annotations
    assert first.polygon.mean(axis=0) == pytest.approx([200, 155], abs=1e-4)
    assert (first.length_px, first.width_px) == pytest.approx((110, 100), abs=1e-4)
    assert first.polygon[1] - first.polygon[0] == pytest.approx([0, -110], abs=1e-4)  # tail to nose
    assert (first.node, second.node) == ("fw.airliner", "fw")
    assert record.group == "100"
    assert record.gsd == pytest.approx(0.275, abs=0.001)


def test_rareplanes_clipped_polygons_have_lost_their_order(tmp_path: Path) -> None:
    put_tile(tmp_path, STEM)
    five = [(0.0, 40.0), (50.0, 60.0), (60.0, 80.0), (50.0, 100.0), (0.0, 120.0)]
    four = [(0.0, 300.0), (40.0, 320.0), (40.0, 340.0), (0.0, 360.0)]
    put_planes(
        tmp_path,
        STEM,
        plane(five, truncated=1, partialDec=0.6),
        plane(four, truncated=1, partialDec=0.2),
    )
    (record,) = rareplanes.read(tmp_path)
    assert [item.oriented for item in record.annotations] == [False, False]
    assert [item.truncated for item in record.annotations] == [True, True]
    assert [item.ignore for item in record.annotations] == [False, True]
    assert record.annotations[0].bounds == pytest.approx((0, 40, 60, 120), abs=1e-3)


def test_rareplanes_without_georeference_is_an_error(tmp_path: Path) -> None:
    put_tile(tmp_path, STEM, aux=False)
    put_planes(tmp_path, STEM, plane(DIAMOND))
    with pytest.raises(DatasetNotFoundError, match=r"tile_7\.png\.aux\.xml"):
        rareplanes.read(tmp_path)


def test_rareplanes_roles_go_by_name() -> None:
    def node(**properties: object) -> str:
        text = json.dumps({"features": [plane(DIAMOND, **properties)]})
        return rareplanes.parse_features(text, lambda points: points)[0].node

    medium = "Medium Civil Transport/Utility"
    assert node(role=medium, propulsion="jet", faa_wingspan_class=3) == "fw.airliner"
    assert node(role=medium, propulsion="propeller", faa_wingspan_class=3) == "fw"
    assert node(role=medium, propulsion="jet", faa_wingspan_class=2) == "fw"
    assert node(role="Military Bomber", role_id=7) == "fw.bomber"
    with pytest.raises(LabelError, match="'Airship' is not known in rareplanes"):
        node(role="Airship")


def synth_object(
    points: dict[str, tuple[float, float]] | None, categories: tuple[str, ...], box: str = "9,9,90,90"
) -> str:
    kinds = "".join(f"<category{level}>{name}</category{level}>" for level, name in enumerate(categories))
    sockets = "".join(
        f"<{bone}><world>X=1 Y=2 Z=3</world><screen>X={x} Y={y}</screen></{bone}>"
        for bone, (x, y) in ((f"Bone_PlaneAnnotation_{name}", point) for name, point in (points or {}).items())
    )
    sides = (
        "".join(f"<{side}>{value}</{side}>" for side, value in zip(SIDES, box.split(","), strict=True)) if box else ""
    )
    bounds = f"<bndbox2D>{sides}<ratio_visible>0.0</ratio_visible></bndbox2D>" if box else ""
    return f'<object id="1">{kinds}<Sockets>{sockets}</Sockets>{bounds}</object>'


def synth(*objects: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<image><annotation vendor="AIReverie" />'
        "<image_resolution><width>1920</width><height>1080</height></image_resolution>"
        "<camera><horizontal_field_of_view>34.068344</horizontal_field_of_view></camera>"
        f"<platform><ctr_dist>92957.734375</ctr_dist></platform>{''.join(objects)}</image>"
    )


POINTS = {"Nose": (200.0, 100.0), "RightWing": (250.0, 160.0), "Tail": (200.0, 210.0), "LeftWing": (150.0, 160.0)}


def test_rareplanes_synthetic(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("synthetic/train/images/Some_Airport_0_0_101.png", 192, 108)
    objects = [
        synth_object(POINTS, ("Airplane", "Civil", "Sport", "PiperAircraft", "PA-28")),
        synth_object(POINTS, ("Airplane", "Civil", "Stealth")),
        synth_object(None, ("Airport", "GroundSupport", "Bus")),
        synth_object(POINTS, ("Airplane", "Civil", "Transport"), box=""),  # not in the picture
    ]
    put(tmp_path, "synthetic/train/xmls/Some_Airport_0_0_101.xml", synth(*objects))
    (record,) = rareplanes_synth.read(tmp_path)
    assert [item.node for item in record.annotations] == ["fw.light.ga", "fw", "civ.airport_gse"]
    assert (record.width, record.group) == (1920, "Some_Airport")
    assert record.gsd == pytest.approx(0.2967, abs=1e-3)
    first = record.annotations[0]
    assert (first.length_px, first.width_px) == pytest.approx((110, 100))
    assert first.oriented


def test_rareplanes_synthetic_slivers_and_unknown_families(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("train/images/Some_Airport_0_0_1.png")
    below = {name: (x, y + 960) for name, (x, y) in POINTS.items()}
    put(tmp_path, "train/xmls/Some_Airport_0_0_1.xml", synth(synth_object(below, ("Airplane", "Civil", "Private"))))
    (record,) = rareplanes_synth.read(tmp_path)
    (sliver,) = record.annotations
    assert (sliver.ignore, sliver.truncated, sliver.bounds[3]) == (True, True, 1080)
    with pytest.raises(LabelError, match="'Boat/Civil' is not known"):
        rareplanes_synth.parse_xml(synth(synth_object(None, ("Boat", "Civil"))))


# DIOR


def test_dior_r_has_whole_numbers_and_names_in_mixed_case(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("JPEGImages-trainval/00001.jpg", 800, 800)
    corners = [(10, 10), (50, 10), (50, 30), (10, 30)]
    objects = [
        robndbox("airplane", corners),
        robndbox("Expressway-Service-area", corners),
        robndbox("Vehicle", corners),
    ]
    put(tmp_path, "Annotations/Oriented Bounding Boxes/00001.xml", voc(*objects))
    put(tmp_path, "ImageSets/Main/train.txt", "00001\r\n")
    (record,) = dior.read(tmp_path)
    assert [item.node for item in record.annotations] == ["fw", "civ"]
    assert record.annotations[0].length_px == pytest.approx(40)


# HRPlanes


def test_hrplanes_as_published(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("img/GBG_001.jpg", 480, 270)
    write_image("img/GBG_002.jpg", 480, 270)
    put(tmp_path, "img/GBG_001.txt", "0 0.500000 0.500000 0.250000 0.444444\n")
    put(tmp_path, "img/GBG_002.txt", "")
    put(tmp_path, "train.txt", "/content/drive/somebody/img/GBG_001.jpg\n")
    first, second = hrplanes.read(tmp_path)
    assert first.annotations[0].bounds == pytest.approx((180, 75, 300, 195), abs=1e-3)
    enlarged = 480 / 640
    assert first.gsd == pytest.approx((0.65 / enlarged * 36 / 120) ** 0.5)  # 120 px that stand for 36 m
    assert (second.annotations, second.group, second.gsd) == ((), "GBG", 0.65 / enlarged)
    put(tmp_path, "img/GBG_002.txt", "1 0.5 0.5 0.1 0.1\n")
    with pytest.raises(LabelError, match=r"GBG_002\.txt: label '1' is not known in hrplanes"):
        hrplanes.read(tmp_path)


# RSOD


def test_rsod_archives_label_only_their_own_class(tmp_path: Path, write_image: ImageWriter) -> None:
    for name in ("aircraft", "oiltank", "playground"):
        write_image(f"{name}/JPEGImages/{name}_1.jpg", 1000, 900)
        put(tmp_path, f"{name}/Annotation/xml/{name}_1.xml", voc(bndbox(name, 100, 100, 145, 145)))
    aircraft, tank, playground = rsod.read(tmp_path)
    assert [item.node for item in (*aircraft.annotations, *tank.annotations)] == ["fw", "ctx.storage_tank"]
    assert playground.annotations == ()
    assert ["fw" in record.exhaustive for record in (aircraft, tank, playground)] == [True, False, False]
    assert aircraft.gsd == pytest.approx(0.8)


# UCAS-AOD


def test_ucas_aod_has_thirteen_columns_and_the_folder_is_the_class(tmp_path: Path, write_image: ImageWriter) -> None:
    numbers = [100, 50, 110, 60, 50, 120, 40, 110, 135, 40, 50, 70, 70]
    for folder in ("PLANE", "CAR"):
        write_image(f"{folder}/P0001.png", 1280, 659)
        put(tmp_path, f"{folder}/P0001.txt", "\t".join(f"{number:.6e}" for number in numbers) + " \r\n")
    write_image("Neg/P0001.png", 1280, 659)
    plane, car, negative = ucas_aod.read(tmp_path)
    assert (plane.annotations[0].node, car.annotations[0].node) == ("fw", "civ.car")
    assert plane.annotations[0].length_px == pytest.approx(84.85, abs=0.01)
    assert [record.group for record in (plane, car, negative)] == ["PLANE/P0001", "CAR/P0001", "Neg/P0001"]
    assert ["fw" in record.exhaustive for record in (plane, car, negative)] == [True, False, True]
    with pytest.raises(LabelError, match="13 numbers expected"):
        ucas_aod.parse_lines("1 2 3 4 5 6 7 8 plane 0", label="PLANE")


# SODA-A


def soda(*objects: tuple[int, list[float]]) -> str:
    names = ["airplane", "helicopter", "small-vehicle", "large-vehicle", "ship"]
    names += ["container", "storage-tank", "swimming-pool", "windmill", "ignore"]
    entries = [
        {"poly": poly, "area": 1.0, "category_id": c, "image_id": 1, "id": i} for i, (c, poly) in enumerate(objects)
    ]
    image = {"file_name": "00001.jpg", "height": 300, "width": 400, "id": 1}
    categories = [{"id": index, "name": name} for index, name in enumerate(names)]
    return json.dumps({"type": "instances", "images": image, "annotations": entries, "categories": categories})


def test_soda_a(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("Images/00001.jpg", 400, 300)
    square = [10.0, 10.0, 50.0, 10.0, 50.0, 30.0, 10.0, 30.0]
    ten = [10.0, 10.0, 30.0, 5.0, 50.0, 10.0, 50.0, 30.0, 10.0, 30.0]
    negative = [-5.0, 100.0, 35.0, 100.0, 35.0, 120.0, -5.0, 120.0]
    put(tmp_path, "Annotations/val/00001.json", soda((0, square), (1, ten), (9, square), (4, square), (0, negative)))
    (record,) = soda_a.read(tmp_path)
    plane, heli, region, cut = record.annotations
    assert (plane.node, heli.node, heli.oriented) == ("fw", "heli", True)  # numbers count from 0
    assert (heli.length_px, heli.width_px) == pytest.approx((40, 25), abs=0.01)
    assert [item.ignore for item in record.annotations] == [False, False, True, False]
    assert (region.node, cut.truncated) == ("fw", True)
    with pytest.raises(LabelError, match="category 10 is not among"):
        soda_a.parse_json(soda((10, square)))


# CORS-ADD and ADCOS


@pytest.mark.parametrize("reader", [cors_add, adcos], ids=["cors_add", "adcos"])
def test_single_class_sets_in_dota_text(tmp_path: Path, write_image: ImageWriter, reader: ModuleType) -> None:
    for name in ("dubai_0_0", "dubai_0_480"):
        write_image(f"train/images/{name}.png", 640, 640)
        put(tmp_path, f"train/labelTxt/{name}.txt", "100 100 151 100 151 151 100 151 plane 0\n")
    records = reader.read(tmp_path)
    assert [record.group for record in records] == ["dubai", "dubai"]  # patches of a scene overlap
    assert [item.node for record in records for item in record.annotations] == ["fw", "fw"]
    assert records[0].gsd == pytest.approx((0.7 * 36 / 51) ** 0.5)
    assert records[0].exhaustive == {"fw"}
    put(tmp_path, "train/labelTxt/dubai_0_480.txt", "100 100 151 100 151 151 100 151 helicopter 0\n")
    with pytest.raises(LabelError, match=r"dubai_0_480\.txt: .* has one class, but its labels have helicopter, plane"):
        reader.read(tmp_path)


# MVRSD


def test_mvrsd_counts_from_one(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("images/train/AUAU010001.jpg", 640, 640)
    write_image("test/1.tif")
    objects = [bndbox("LMV", 1, 204, 38, 641), bndbox("CV", 101, 101, 137, 137), bndbox("AFV", 50, 60, 105, 115)]
    put(tmp_path, "labels/train/xml/AUAU010001.xml", voc(*objects))
    (record,) = mvrsd.read(tmp_path)
    assert record.annotations[0].bounds == (0, 203, 37, 640)
    assert [item.node for item in record.annotations] == ["mil.truck", "civ", "mil.armoured"]
    assert (record.group, record.exhaustive) == ("AUAU01", frozenset())
    assert record.gsd == pytest.approx(0.1)


# VEDAI


def test_vedai_has_all_x_before_all_y(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("Vehicules512/00000007_co.png", 512, 512)
    write_image("Vehicules512/00000007_ir.png", 512, 512)
    plane = "75 85 2.356 31 1 0 100 110 50 40 50 60 120 110"
    boat = "75 85 2.356 23 1 0 100 110 50 40 50 60 120 110"
    pickup = "5 5 0 11 0 1 -10 20 20 -10 1 1 9 9"
    put(tmp_path, "Annotations512/00000007.txt", "\n".join((plane, boat, pickup)))
    put(tmp_path, "Annotations512/annotation512.txt", "everything again in another order")
    (record,) = vedai.read(tmp_path)
    first, second = record.annotations
    assert (first.node, second.node, record.gsd) == ("fw.light", "civ.car", 0.25)
    assert (first.length_px, first.width_px) == pytest.approx((84.85, 14.14), abs=0.01)
    assert (second.truncated, second.difficult, first.truncated) == (True, True, False)


def test_vedai_rows_of_five_columns_have_no_box(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("Vehicules1024/00000001_co.png")
    write_image("Vehicules1024/00000002_co.png")
    put(tmp_path, "Annotations1024/00000001.txt", "75 85 2.356 1 1\n")
    put(tmp_path, "Annotations1024/00000002.txt", "")
    assert [record.group for record in vedai.read(tmp_path)] == ["00000002"]
    with pytest.raises(LabelError, match="'6' is not known in vedai"):
        vedai.parse_lines("75 85 2.356 6 1 0 100 110 50 40 50 60 120 110")
    with pytest.raises(LabelError, match="14 numbers expected"):
        vedai.parse_lines("75 85 2.356 1 1 0 100")


# VME


def test_vme_class_comes_last(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("satellite_images/VME0001.png", 512, 512)
    cars = "".join(f"100 {y} 120 {y} 120 {y + 8} 100 {y + 8} 0\n" for y in (10, 30, 50))
    put(tmp_path, "annotations_OBB/VME0001.txt", f"{cars}10 10 60 10 60 22 10 22 2\n10 90 60 90 60 102 10 102 1\n")
    (record,) = vme.read(tmp_path)
    assert [item.node for item in record.annotations] == [*["civ.car"] * 3, "civ.truck", "civ.bus"]
    assert record.gsd == pytest.approx(4.4 / 20)
    with pytest.raises(LabelError, match="class '3' is not in VME"):
        vme.parse_text("1 1 9 1 9 9 1 9 3")


def test_a_word_for_difficult_in_old_dota_files() -> None:
    assert [line.difficult for line in dota_text.parse_lines("1 0 9 0 9 4 1 4 small-vehicle tr")] == [1]
