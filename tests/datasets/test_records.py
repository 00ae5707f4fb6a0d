"""The steps that the readers share: parsing a label file, the image's edge."""

import json
from pathlib import Path

import pytest

from hardstand.datasets.annotation import horizontal, oriented
from hardstand.datasets.images import labelled_folders
from hardstand.datasets.labels import meaning_of
from hardstand.datasets.records import parsed, within_image
from hardstand.datasets.voc_xml import parse_xml
from hardstand.detector.errors import DatasetNotFoundError, LabelError


def test_a_label_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"no label file .*7\.txt"):
        parsed(tmp_path / "7.txt", str)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_bytes(b"\xef\xbb\xbf12 3")
    assert parsed(tmp_path / "1.txt", str.split) == ["12", "3"]


@pytest.mark.parametrize("text", ["{", '{"a": 1}', '{"label": "zeppelin"}'])
def test_what_cannot_be_parsed_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "1.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelError, match=r"1\.json: .*(zeppelin|'label' is missing|Expecting)"):
        parsed(path, lambda text: meaning_of("dota", json.loads(text)["label"]))


def test_broken_xml_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "1.xml").write_text("<annotation><object>", encoding="utf-8")
    with pytest.raises(LabelError, match=r"1\.xml"):
        parsed(tmp_path / "1.xml", lambda text: parse_xml(text, "dior"))


def test_boxes_are_clipped_to_the_image_and_say_so() -> None:
    boxes = [
        (10, 10, 30, 20),
        (-10, 10, 10, 30),
        (-30, 0, 10, 10),
        (90, 70, 101, 80),
        (-50, 0, 1, 30),
        (120, 0, 150, 9),
    ]
    kept = list(within_image((horizontal("fw", box) for box in boxes), width=100, height=80))
    assert [item.bounds for item in kept] == [(10, 10, 30, 20), (0, 10, 10, 30), (0, 0, 10, 10), (90, 70, 100, 80)]
    assert [item.truncated for item in kept] == [False, True, True, True]
    assert [item.ignore for item in kept] == [False, False, False, False]


def test_less_than_a_quarter_is_an_ignore_region() -> None:
    quarter, less = (horizontal("fw", (x, 0, 10, 10)) for x in (-30, -31))
    assert [item.ignore for item in within_image([quarter, less], width=50, height=50)] == [False, True]


def test_an_oriented_box_stays_whole() -> None:
    item = oriented("fw", (0, 25, 40, 10, 0.0))
    (half,) = within_image([item], width=50, height=50)
    assert (half.length_px, half.truncated, half.oriented) == (40, True, True)
    (sliver,) = within_image([oriented("fw", (-15, 25, 40, 10, 0.0))], width=50, height=50)
    assert (sliver.ignore, sliver.oriented, sliver.bounds) == (True, False, (0, 20, 5, 30))


def test_what_is_thinner_than_two_pixels_is_no_object() -> None:
    thin = [horizontal("fw", (5, 5, 6.9, 30)), horizontal("fw", (5, 5, 30, 5))]
    assert list(within_image(thin, width=50, height=50)) == []


def test_images_without_labels_beside_them_are_left_out(tmp_path: Path) -> None:
    for name in ("train/images", "train/labelXmls", "test/images"):
        (tmp_path / name).mkdir(parents=True)
    ((images, labels),) = labelled_folders(tmp_path, ("labelXml", "labelXmls"))
    assert (images.parent.name, labels.name) == ("train", "labelXmls")
    with pytest.raises(DatasetNotFoundError, match="labelTxt or labels"):
        labelled_folders(tmp_path, ("labelTxt", "labels"))


def test_voc_boxes_must_be_there() -> None:
    with pytest.raises(LabelError, match="airplane has neither bndbox nor robndbox"):
        parse_xml("<annotation><object><name>airplane</name></object></annotation>", "dior")
    with pytest.raises(LabelError, match="missing or no number"):
        parse_xml("<annotation><object><name>airplane</name><bndbox/></object></annotation>", "dior")
    with pytest.raises(LabelError, match="'' is not known in dior"):
        parse_xml("<annotation><object/></annotation>", "dior")
