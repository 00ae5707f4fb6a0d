"""What is done with a set of any kind: recognise, check, preview, count, tile again, convert."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine

from hardstand.datasets import coco, looks, yolo
from hardstand.datasets.annotation import Annotation, ImageRecord, horizontal, oriented
from hardstand.datasets.balance import repeat_factors
from hardstand.datasets.catalogue import OWN_FORMATS, labelled_in_full, labels_of, open_set, public_sets, recognise
from hardstand.datasets.check import check_records
from hardstand.datasets.convert import to_coco, to_geojson, to_yolo_obb
from hardstand.datasets.cutting import Cut, cut_tiles
from hardstand.datasets.fingerprint import difference_hash, near_pairs
from hardstand.datasets.own import OwnLabels
from hardstand.datasets.preview import Sheet, write_preview
from hardstand.datasets.records import noted_faults
from hardstand.datasets.stats import plot_stats, stats_of
from hardstand.datasets.tiles import TileLine, clip_to, read_tiles, write_rows
from hardstand.datasets.words import check_lines, set_lines, stats_lines, write_problems
from hardstand.detector.errors import DatasetNotFoundError, LabelError, OutputError

PLANE = oriented("fw.transport.il76", (60, 40, 46, 50, 0.3))


def paint(path: Path, seed: int, *, width: int = 200, height: int = 120) -> Path:
    """A smooth random picture; the same seed gives the same picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
    return path


def record(path: Path, *items: Annotation, group: str = "here", source: str = "simd", gsd: float = 1.0) -> ImageRecord:
    return ImageRecord(path, 200, 120, gsd, group, source, frozenset({"fw"}), items)


def quiet(done: int, total: int) -> None:
    """No progress."""


def test_a_sound_set_has_no_problems(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    records = [record(paint(tmp_path / f"{seed}.jpg", seed), PLANE, group=str(seed)) for seed in range(3)]
    found = check_records(records, progress=lambda *step: steps.append(step))
    assert found.problems == ()
    assert (found.images, found.objects, found.groups, found.unreadable) == (3, Counter({PLANE.node: 3}), 3, False)
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert list(check_lines(found, "simd"))[-1] == "no problems found"


def test_every_kind_of_problem(tmp_path: Path) -> None:
    whole = paint(tmp_path / "whole.jpg", 1)
    torn = paint(tmp_path / "torn.jpg", 2)
    torn.write_bytes(torn.read_bytes()[:-400])
    objects = (
        horizontal("fw", (-30, 10, 20, 40)),
        horizontal("fw", (50, 50, 51, 80)),
        oriented("fw.transport.il76", (100, 60, 90, 88, 0.1)),
        PLANE,
        oriented("fw.transport.il76", (60.5, 40, 46, 50, 0.3)),
    )
    (tmp_path / "copy.jpg").write_bytes(whole.read_bytes())
    other = paint(tmp_path / "smaller.jpg", 1, width=100, height=60)
    records = [
        record(tmp_path / "gone.jpg"),
        record(torn),
        record(other, group="elsewhere"),
        record(whole, *objects),
        record(tmp_path / "copy.jpg"),
    ]
    found = check_records(records)
    kinds = Counter(problem.kind for problem in found.problems)
    assert [problem.kind for problem in found.problems][:3] == ["missing", "broken", "size"]
    assert kinds.pop("alike", 0) + kinds.pop("leak", 0) == 2  # the smaller copy, with both of its size
    assert kinds == Counter(missing=1, broken=1, size=1, outside=1, thin=1, impossible=1, twice=1, copy=1)
    assert found.unreadable
    assert "a box of 90 m by 88 m cannot be: Il-76" in "\n".join(check_lines(found, "tiles"))
    write_problems(found, tmp_path / "problems.csv")
    assert len((tmp_path / "problems.csv").read_text().splitlines()) == 1 + len(found.problems)
    with pytest.raises(OutputError):
        write_problems(found, tmp_path / "none" / "problems.csv")


def test_all_that_cannot_be_read_is_listed_at_once(tmp_path: Path) -> None:
    for name in ("0001", "0002", "0003", "0004"):
        paint(tmp_path / "images" / f"{name}.jpg", int(name))
    labels = tmp_path / "labels"
    labels.mkdir()
    (labels / "0001.txt").write_text("5 0.5 0.5 0.2 0.3\n")
    (labels / "0002.txt").write_text("99 0.5 0.5 0.2 0.3\n")
    (labels / "0003.txt").write_text("5 0.5 0.5 0.2 0.3\n")
    (tmp_path / "images" / "0003.jpg").write_bytes(b"\xff\xd8\xff")
    (labels / "0077.txt").write_text("")
    (labels / "classes.txt").write_text("car\n")
    with noted_faults() as faults:
        _, records = open_set(tmp_path, "simd", OwnLabels())
    assert [(fault.path.name, str(fault.error).split(":")[0]) for fault in faults[:1]] == [
        ("0002.jpg", str(labels / "0002.txt"))
    ]
    assert [fault.path.name for fault in faults] == ["0002.jpg", "0003.jpg", "0004.jpg", "0077.txt"]
    found = check_records(records, faults=faults)
    assert (found.images, len(found.problems), found.unreadable) == (4, 4, True)
    assert "    0077.txt: a label file without an image" in list(check_lines(found, "simd"))
    with pytest.raises(LabelError, match="class 0 to 14"):  # a reader alone stops at the first
        open_set(tmp_path, "simd", OwnLabels())


def test_a_check_that_was_stopped_goes_on_and_the_next_one_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [record(paint(tmp_path / f"{seed}.jpg", seed), PLANE, group=str(seed)) for seed in range(6)]
    journal = tmp_path / "checks" / "one.jsonl"
    whole = check_records(records)

    def stop(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_records(records, journal=journal, progress=stop)
    with journal.open("a") as stream:
        stream.write('{"path": "torn')
    paint(tmp_path / "1.jpg", 77, width=300)  # changed since
    seen: list[str] = []
    look = looks._look

    def noticed(path: Path) -> looks.Look:
        seen.append(path.name)
        return look(path)

    monkeypatch.setattr(looks, "_look", noticed)
    found = check_records(records, journal=journal)
    assert sorted(seen) == ["1.jpg", "4.jpg", "5.jpg"]
    assert [(problem.kind, problem.path.name) for problem in found.problems] == [("size", "1.jpg")]
    assert not journal.exists()
    paint(tmp_path / "1.jpg", 1)
    assert check_records(records, journal=journal) == whole
    assert len(seen) == 9


def test_what_a_reader_clips_or_leaves_out_is_reported(tmp_path: Path) -> None:
    paint(tmp_path / "images" / "0001.jpg", 1)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "0001.txt").write_text("5 0.95 0.5 0.2 0.3\n9 0.5 0.5 0.004 0.3\n")
    _, (read,) = open_set(tmp_path, "simd", OwnLabels())
    assert [item.bounds for item in read.annotations] == [pytest.approx((170, 42, 200, 78))]
    found = check_records([read])
    assert [(problem.kind, problem.text) for problem in found.problems] == [
        ("outside", "fw.airliner at 170, 42: 10 px out of the image"),
        ("thin", "fw at 100, 42: 0.8 x 36.0 px"),
    ]


def test_a_picture_that_is_cut_short_or_has_more_than_8_bit_is_not_cut_into_tiles(tmp_path: Path) -> None:
    torn = paint(tmp_path / "torn.jpg", 1)
    torn.write_bytes(torn.read_bytes()[:-300])
    deep = tmp_path / "deep.png"
    assert cv2.imwrite(str(deep), np.full((120, 200, 3), 900, np.uint16))
    (tmp_path / "void.jpg").write_bytes(b"")
    for path, message in ((torn, "cut short"), (deep, "uint16; 8 bit"), (tmp_path / "void.jpg", "damaged")):
        with pytest.raises(DatasetNotFoundError, match=message):
            cut_tiles([record(path, PLANE)], tmp_path / "out")


def test_the_same_picture_in_two_splits_is_a_leak(tmp_path: Path) -> None:
    first, second = paint(tmp_path / "a.jpg", 1), paint(tmp_path / "b.png", 1)
    records = [record(first, group="airport4", source="airbus"), record(second, group="airport2", source="airbus")]
    (problem,) = check_records(records).problems
    assert (problem.kind, problem.path) == ("leak", first)
    assert "in test, looks like" in problem.text


def test_hashes_forgive_brightness_and_a_frame_and_flat_images_have_none() -> None:
    rng = np.random.default_rng(0)
    grey = cv2.resize(rng.integers(0, 255, (4, 4), dtype=np.uint8), (136, 128), interpolation=cv2.INTER_CUBIC)
    duller = np.round(np.asarray(grey, np.float64) * 0.8 + 20).astype(np.uint8)
    other = cv2.resize(rng.integers(0, 255, (4, 4), dtype=np.uint8), (136, 128), interpolation=cv2.INTER_CUBIC)
    flat = np.full((128, 136), 90, np.uint8)
    framed, frame_alone = np.zeros((2, 128, 136), np.uint8)
    framed[:, 30:106] = cv2.resize(grey, (76, 128), interpolation=cv2.INTER_AREA)
    pictures = [np.asarray(each, np.uint8) for each in (grey, flat, other, duller, framed, frame_alone)]
    assert list(near_pairs([difference_hash(each) for each in pictures])) == [(0, 3), (0, 4), (3, 4)]
    assert list(near_pairs([None, None])) == []


def test_a_contact_sheet(tmp_path: Path) -> None:
    records = [
        record(paint(tmp_path / "a.jpg", 1), PLANE, horizontal("heli", (150, 60, 170, 80), ignore=True)),
        record(paint(tmp_path / "b.jpg", 2)),
    ]
    assert write_preview(records, tmp_path / "sheet.png", Sheet(count=9, columns=2, cell_px=64)) == 3
    picture = cv2.imread(str(tmp_path / "sheet.png"))
    assert picture is not None
    assert picture.shape == (2 * (64 + 18), 2 * 64, 3)
    assert write_preview(records, tmp_path / "heli.png", Sheet(node="heli")) == 1
    assert write_preview(records, tmp_path / "none.png", Sheet(node="ad")) == 0
    assert not (tmp_path / "none.png").exists()
    with pytest.raises(OutputError, match="must end with"):
        write_preview(records, tmp_path / "sheet.doc")


def test_a_sheet_does_not_show_the_same_place_twice_and_is_as_wide_as_its_objects_need(tmp_path: Path) -> None:
    near = [horizontal("civ.car", (20 + 6 * n, 60, 24 + 6 * n, 62)) for n in range(5)]
    far = horizontal("civ.car", (180, 60, 184, 62))
    one = record(paint(tmp_path / "a.jpg", 1), *near, far)  # cars of 4 m: pieces of 30 m
    assert write_preview([one], tmp_path / "sheet.png", Sheet()) == 3  # two or three of the near ones and the far one
    assert write_preview([one], tmp_path / "wide.png", Sheet(size_m=400)) == 1


def test_statistics(tmp_path: Path) -> None:
    small = horizontal("heli", (0, 0, 20, 10))
    records = [record(tmp_path / "a.jpg", PLANE, small, small, gsd=0.5), record(tmp_path / "b.jpg", small, gsd=1.0)]
    found = stats_of([*records, record(tmp_path / "c.jpg", horizontal("fw", (0, 0, 9, 9), ignore=True))])
    plane, heli = found.nodes
    assert (found.images, found.ignored, found.gsd.tolist()) == (3, 1, [0.5, 1.0, 1.0])
    assert (plane.node, plane.objects, plane.oriented, plane.images) == ("fw.transport.il76", 1, 1, 1)
    assert (plane.longer_m[0], plane.shorter_m[0], plane.longer_px[0]) == pytest.approx((25, 23, 50))
    assert (heli.objects, heli.images, sorted(heli.longer_m)) == (3, 2, [10, 10, 20])
    lines = list(stats_lines(found))
    assert lines[1].split()[:4] == ["fw.transport.il76", "1", "1", "1"]
    assert "2 ########" in lines[-1]
    plot_stats(found, tmp_path / "plot.png", title="a set")
    assert cv2.imread(str(tmp_path / "plot.png")) is not None
    with pytest.raises(OutputError, match=r"must end with \.png, \.svg, \.pdf"):
        plot_stats(found, tmp_path / "plot.txt", title="a set")


def test_statistics_of_little(tmp_path: Path) -> None:
    nothing, empty = stats_of([]), stats_of([record(tmp_path / "a.jpg", gsd=0.5)])
    assert list(stats_lines(nothing))[-1] == "0 to be ignored; 0 images"
    assert list(stats_lines(empty))[-2:] == ["0 to be ignored; 1 image", "all at 0.500 m per pixel"]
    for number, stats in enumerate((nothing, empty)):
        plot_stats(stats, tmp_path / f"{number}.png", title="a set")
        assert cv2.imread(str(tmp_path / f"{number}.png")) is not None


def test_tiling_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    records = [record(paint(tmp_path / f"{n}" / "same.jpg", n), PLANE, group=str(n)) for n in range(4)]
    hidden = tmp_path / "2" / "hidden"
    (tmp_path / "2" / "same.jpg").rename(hidden)
    cut = Cut(gsd=1.0, tile_px=128, stride_px=100)
    with pytest.raises(DatasetNotFoundError, match="same"):
        cut_tiles(records, tmp_path / "out", cut)
    assert not (tmp_path / "out" / "index.jsonl").exists()
    journal = tmp_path / "out" / "journal.jsonl"
    assert len(journal.read_text().splitlines()) == 3  # a head, and the two images before the missing one
    hidden.rename(tmp_path / "2" / "same.jpg")
    # The key has the state of every file, so put back what was known before: the run was stopped, not the set changed.
    assert cut_tiles(records, tmp_path / "other", cut) == 8
    head = json.loads((tmp_path / "other" / "made.json").read_text())["key"]
    kept = journal.read_text().splitlines()
    journal.write_text("\n".join([json.dumps({"key": head}), *kept[1:], '{"image": "torn']))
    first = tmp_path / "out" / "images" / "same_0_0.jpg"
    before = first.stat().st_mtime_ns
    assert cut_tiles(records, tmp_path / "out", cut) == 8
    assert first.stat().st_mtime_ns == before
    assert not journal.exists()
    again = [(tmp_path / folder / "index.jsonl").read_bytes() for folder in ("out", "other")]
    assert again[0] == again[1]
    assert len({item.path for item in read_tiles(tmp_path / "out")}) == 8  # images of one name have tiles of their own


def test_the_same_run_again_has_nothing_to_do_and_another_one_has(tmp_path: Path) -> None:
    records = [record(paint(tmp_path / "a.jpg", 1), PLANE)]
    out = tmp_path / "out"
    assert cut_tiles(records, out, Cut(gsd=1.0, tile_px=256, stride_px=256)) == 1
    before = (out / "index.jsonl").stat().st_mtime_ns
    assert cut_tiles(records, out, Cut(gsd=1.0, tile_px=256, stride_px=256)) == 1
    assert (out / "index.jsonl").stat().st_mtime_ns == before
    assert cut_tiles(records, out, Cut(gsd=0.5, tile_px=256, stride_px=256)) == 2
    assert read_tiles(out)[0].gsd == 0.5


def test_an_index_says_what_is_visible_of_what_is_hidden(tmp_path: Path) -> None:
    hidden = oriented("fw", (10, 10, 8, 6, 0.2), visible=0.6)
    items = (hidden, replace(horizontal("heli", (0, 0, 5, 5)), visible=0.5), oriented("fw", (9, 9, 8, 6, 0.2)))
    window = tuple(clip_to(items, left=0, top=0, width=64, height=64))
    line = TileLine("images/a.jpg", "s", "g", 64, 64, 0.5, frozenset(["fw"]), window)
    write_rows(tmp_path, [line.row()])
    (tile,) = read_tiles(tmp_path)
    assert [item.visible for item in tile.annotations] == [0.6, 0.5, 1.0]
    assert [len(row) for row in line.row()["objects"]] == [9, 9, 8]
    (written,) = to_coco([replace(tile, path=paint(tmp_path / "a.png", 1))], tmp_path / "coco", lambda *_: None).files
    objects = json.loads(written.read_text())["annotations"]
    assert [item.get("visible") for item in objects] == [0.6, 0.5, None]


def test_new_tiles_do_not_keep_the_index_that_self_labels_started_from(tmp_path: Path) -> None:
    records = [record(paint(tmp_path / "a.jpg", 1), PLANE)]
    out = tmp_path / "out"
    cut_tiles(records, out, Cut(gsd=1.0))
    (out / "index.jsonl").rename(out / "index.horizontal.jsonl")
    cut_tiles(records, out, Cut(gsd=0.5))
    assert not (out / "index.horizontal.jsonl").exists()


def test_empty_tiles_are_drawn(tmp_path: Path) -> None:
    path = paint(tmp_path / "a.jpg", 1)
    cut = Cut(gsd=1.0, tile_px=32, stride_px=32, empty_share=0.0)
    some = horizontal("fw", (2, 2, 20, 20))
    assert cut_tiles([record(path, some)], tmp_path / "none", cut) == 1
    every = cut_tiles([record(path, some)], tmp_path / "all", Cut(gsd=1.0, tile_px=32, stride_px=32))
    half = cut_tiles([record(path, some)], tmp_path / "half", Cut(gsd=1.0, tile_px=32, stride_px=32, empty_share=0.5))
    assert 1 < half < every == 28
    unknown = ImageRecord(path, 200, 120, 1.0, "here", "x", frozenset(), (some,))
    assert cut_tiles([unknown], tmp_path / "unknown", Cut(gsd=1.0, tile_px=32, stride_px=32)) == 1


def test_rare_classes_weigh_more(tmp_path: Path) -> None:
    records = [record(paint(tmp_path / f"{n}.jpg", n), PLANE, group=str(n)) for n in range(39)]
    rare = record(paint(tmp_path / "rare.jpg", 99), PLANE, horizontal("heli", (10, 80, 30, 100)))
    cut_tiles([*records, rare], tmp_path / "out", Cut(gsd=1.0, tile_px=256, stride_px=256))
    rows = [json.loads(line) for line in (tmp_path / "out" / "index.jsonl").read_text().splitlines()]
    assert [row["weight"] for row in rows[-2:]] == [1.0, 2.0]  # one tile of forty: sqrt(0.1 / 0.025)
    assert repeat_factors([[], ["fw"]]) == [1.0, 1.0]


@pytest.mark.parametrize("wrong", [{"gsd": 0.0}, {"stride_px": 800}, {"empty_share": 1.5}])
def test_cuts_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Cut(**wrong)  # type: ignore[arg-type]


def _outlines(records: list[ImageRecord]) -> list[tuple[str, bool, list[float]]]:
    rows = [(item.node, item.oriented, item.bounds) for found in records for item in found.annotations]
    return [(node, exact, [round(value, 1) for value in bounds]) for node, exact, bounds in rows]


def test_coco_and_back(tmp_path: Path) -> None:
    ignored = horizontal("fw", (100, 10, 140, 50), ignore=True)
    heli = horizontal("heli", (150, 60, 170, 80))
    records = [record(paint(tmp_path / "a.jpg", 1), PLANE, heli, ignored, gsd=0.5)]
    written = to_coco(records, tmp_path, quiet)
    assert (written.objects, written.left_out) == (3, 0)
    content = json.loads(written.files[0].read_text())
    x, y, width, height = content["annotations"][0]["bbox"]
    # The box of the diamond in the oriented box: half extents 25 cos 0.3 and 25 cos 0.3, or 23 cos 0.3, by design.
    assert (2 * (60 - x), 2 * (40 - y)) == pytest.approx((46 * np.cos(0.3), 50 * np.cos(0.3)), abs=0.02)
    assert (width, height) == pytest.approx((46 * np.cos(0.3), 50 * np.cos(0.3)), abs=0.02)
    back = coco.read(tmp_path, OwnLabels())
    assert _outlines(back) == _outlines(records)
    assert [item.ignore for item in back[0].annotations] == [False, False, True]
    assert back[0].gsd == 0.5
    assert back[0].annotations[0].angle == pytest.approx(0.3, abs=1e-3)  # an Il-76 is wider than long


def test_yolo_and_back(tmp_path: Path) -> None:
    heli = horizontal("heli", (150, 60, 170, 80), ignore=True)
    sources = [record(paint(tmp_path / f"{n}" / "a.jpg", n), PLANE, heli, group=str(n)) for n in range(2)]
    written = to_yolo_obb(sources, tmp_path / "out", quiet)
    assert (written.objects, written.left_out) == (2, 2)
    back = yolo.read(tmp_path / "out", OwnLabels(gsd=1.0))
    assert [each.path.name for each in back] == ["a.jpg", "a~2.jpg"]
    assert back[0].annotations[0].polygon.mean(axis=0) == pytest.approx((60, 40), abs=0.01)
    assert back[0].annotations[0].angle == pytest.approx(0.3, abs=1e-3)


def test_a_set_of_negatives_keeps_the_classes_that_it_lacks(tmp_path: Path) -> None:
    empty = record(paint(tmp_path / "a.jpg", 1))
    to_yolo_obb([empty], tmp_path / "out", quiet)
    (back,) = yolo.read(tmp_path / "out", OwnLabels(gsd=1.0))
    assert back.annotations == ()
    assert yolo.class_names(tmp_path / "out") == {0: "fw"}
    with pytest.raises(LabelError, match="no classes to write"):
        to_yolo_obb([replace(empty, exhaustive=frozenset())], tmp_path / "other", quiet)


def test_geojson_and_back(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    transform = Affine(0.5, 0, 500000, 0, -0.5, 3800000)
    size = {"width": 200, "height": 120, "count": 3, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32636", transform=transform, **size) as target:
        target.write(np.full((3, 120, 200), 90, np.uint8))
    written = to_geojson([record(path, PLANE)], tmp_path, quiet)
    assert [file.name for file in written.files] == ["a.geojson"]
    name, back = open_set(tmp_path, None, OwnLabels())
    assert name == "geojson"
    assert back[0].annotations[0].angle == pytest.approx(0.3, abs=1e-3)
    assert back[0].annotations[0].length_px == pytest.approx(46, abs=0.05)


def test_geojson_needs_a_place(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with (
        pytest.warns(NotGeoreferencedWarning),
        rasterio.open(path, "w", driver="GTiff", width=200, height=120, count=1, dtype="uint8") as target,
    ):
        target.write(np.zeros((1, 120, 200), np.uint8))
    with pytest.raises(DatasetNotFoundError, match="need no place on the map"):
        to_geojson([record(path, PLANE)], tmp_path, quiet)


def test_the_catalogue() -> None:
    sets = public_sets()
    assert len({each.name for each in sets}) == len(sets) > 18
    folders = [folder for each in sets for folder in each.folders]
    assert len(set(folders)) == len(folders)
    assert all(each.licence and each.get and each.labels for each in sets)
    simd = next(each for each in sets if each.name == "simd")
    assert "get it   github.com/ihians/simd" in list(set_lines(simd))
    assert ("helicopter", "~", "heli") in list(labels_of("simd"))
    assert list(labelled_in_full("hrplanes")) == ["fw", "fw (in searched)", "heli (in searched)"]


def test_folders_are_recognised(tmp_path: Path, write_image: Callable[..., Path]) -> None:
    write_image("a.png")
    with pytest.raises(DatasetNotFoundError, match="holds no labels that are known: say what it is with --set"):
        recognise(tmp_path)
    (tmp_path / "data.yaml").write_text("names: [fw]")
    assert recognise(tmp_path) == "yolo"
    (tmp_path / "a.xml").write_text("<annotations/>")
    with pytest.raises(DatasetNotFoundError, match="could be cvat or yolo"):
        recognise(tmp_path)
    with pytest.raises(DatasetNotFoundError, match="is a file: give the folder"):
        open_set(tmp_path / "a.png", None, OwnLabels())
    with pytest.raises(DatasetNotFoundError, match="gone is not there: give the folder"):
        open_set(tmp_path / "gone", "simd", OwnLabels())
    (tmp_path / "SIMD").mkdir()
    with pytest.raises(DatasetNotFoundError, match=r"is a folder of sets: give one of them, as .*SIMD"):
        recognise(tmp_path)
    (tmp_path / "SIMD" / "foreign.json").write_text("{")  # no format is looked for where the name says it
    assert recognise(tmp_path / "SIMD") == "simd"
    (tmp_path / "SIMD" / "index.jsonl").write_text("")
    assert open_set(tmp_path / "SIMD", None, OwnLabels()) == ("tiles", [])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "torn.json").write_text('{"images": [')
    with pytest.raises(LabelError, match=r"torn\.json: Expecting value"):
        recognise(tmp_path / "mine")
    (tmp_path / "mine" / "torn.json").write_text('{"images": [{}], "annotations": [], "categories": []}')
    write_image("mine/a.png")
    with pytest.raises(LabelError, match=r"torn\.json: field 'id' is missing"):
        open_set(tmp_path / "mine", None, OwnLabels())
    with pytest.raises(DatasetNotFoundError, match=r"no set or format 'zoo': there are coco, .*xview"):
        open_set(tmp_path, "zoo", OwnLabels())
    assert set(OWN_FORMATS) == {"coco", "yolo", "voc", "geojson", "cvat", "labelstudio"}
