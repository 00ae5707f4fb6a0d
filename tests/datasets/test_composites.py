"""Composites: ground and cut-outs in, exact types and boxes out."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.datasets.annotation import ImageRecord, horizontal
from hardstand.datasets.bases import Base, base_crop, crop_of, free_ground, load_bases, load_ground, open_ground
from hardstand.datasets.blend import Light, Placement, brightest, footprint, lay
from hardstand.datasets.composites import cut_composites, in_new_paint, make_composite
from hardstand.datasets.cutouts import CutOut, load_cutouts
from hardstand.datasets.generated import cut_generated
from hardstand.datasets.own import OwnLabels
from hardstand.datasets.tables import rows_of
from hardstand.detector.errors import DatasetNotFoundError, LabelError, NoGsdError
from hardstand.detector.taxonomy import NODES

ImageWriter = Callable[..., Path]


def arrow(node: str = "fw.combat.mig29", length: int = 80, width: int = 60, grey: float = 220) -> CutOut:
    """A dart with its nose toward +x, 0.2 m pixels: 16 by 12 m."""
    alpha = np.zeros((width, length), np.uint8)
    cv2.fillPoly(alpha, [np.array([[0, 0], [length - 1, width // 2], [0, width - 1]])], 1)
    rgba = np.dstack([np.full((width, length, 3), grey), alpha]).astype(np.float32)
    rgba[..., :3] *= rgba[..., 3:]
    return CutOut("dart", node, rgba, 0.2)


@pytest.fixture
def ground(write_image: ImageWriter) -> Base:
    path = write_image("base/images/1.jpg", 300, 240, grey=100)
    points = tuple((float(x), 120.0, x > 150) for x in range(40, 280, 40))
    return Base(path, (0, 0, 300, 240), 1.0, points, "base1")


def test_a_laid_cutout_fills_its_box_and_casts_its_shadow_down_sun() -> None:
    canvas = np.full((200, 200, 3), 120, np.float32)
    place = Placement(arrow(), 100, 90, 0.0, 1.0, False)
    light = Light(direction=np.pi / 2, cotangent=2.0, kept=0.3)
    left, top, outline = footprint(place, (200, 200), gsd=0.5)
    rows, columns = np.nonzero(outline)
    assert (columns.min() + left, columns.max() + left + 1) == pytest.approx((84, 116), abs=2)  # 16 m at 0.5 m
    assert (rows.min() + top, rows.max() + top + 1) == pytest.approx((78, 102), abs=2)
    lay(canvas, place, light, np.random.default_rng(1), gsd=0.5, blur_px=0.4)
    assert canvas[105, 86].mean() < 80  # below the left wing: shadow
    assert canvas[70, 86].mean() == pytest.approx(120)  # above it: sun
    assert abs(canvas[90, 92].mean() - 120) > 5  # the aircraft itself


def test_a_cutout_gets_only_the_blur_that_it_lacks() -> None:
    def laid(blur_m: float, blur_px: float) -> NDArray[np.float32]:
        canvas = np.full((200, 200, 3), 120, np.float32)
        place = Placement(replace(arrow(), blur_m=blur_m), 100, 90, 0.0, 1.0, False)
        lay(canvas, place, Light(0.0, 0.5, 1.0), np.random.default_rng(1), gsd=0.5, blur_px=blur_px)
        return canvas

    sharp, soft = laid(0.0, 0.02), laid(0.0, 2.0)
    np.testing.assert_allclose(laid(1.0, 2.0), sharp, atol=0.5)  # 1 m is 2 px at 0.5 m
    np.testing.assert_allclose(laid(3.0, 2.0), sharp, atol=0.5)
    between = laid(0.6, 2.0)
    steepest = [float(np.abs(np.diff(each[..., 0], axis=0)).max()) for each in (soft, between, sharp)]
    assert steepest == sorted(steepest)
    assert len(set(steepest)) == 3


def test_most_aircraft_shine_as_the_brightest_ground_does_and_the_others_are_as_dark_as_they_were() -> None:
    ground = np.full((200, 200, 3), 90, np.float32)
    ground[:20, :20] = 210
    taken = np.zeros((200, 200), bool)
    assert brightest(ground, taken) == pytest.approx(210)
    taken[:20, :20] = True
    assert brightest(ground, taken) == pytest.approx(90)
    assert brightest(ground, np.ones_like(taken)) == pytest.approx(210)
    place = Placement(arrow(grey=70), 100, 100, 0.0, 1.0, False)

    def laid(seed: int, bright: float | None) -> float:
        canvas = np.full((200, 200, 3), 90, np.float32)
        lay(canvas, place, Light(0.0, 0.5, 0.5, bright), np.random.default_rng(seed), gsd=0.5, blur_px=0.4)
        return float(canvas[100, 96].mean())

    plain, shining = ([laid(seed, bright) for seed in range(40)] for bright in (None, 150.0))
    lit = [after for before, after in zip(plain, shining, strict=True) if after != pytest.approx(before)]
    assert 20 <= len(lit) <= 32  # 0.65 of 40, drawn
    assert np.median(lit) > np.median(plain) + 30
    assert max(after / before for before, after in zip(plain, shining, strict=True)) == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize("angle", [0.0, 0.9, 2.5, 4.0])
def test_boxes_agree_with_footprints_at_any_angle(angle: float) -> None:
    place = Placement(arrow(length=120, width=40), 100.3, 99.6, angle, 1.03, True)
    left, top, outline = footprint(place, (200, 200), gsd=0.5)
    rows, columns = np.nonzero(outline)
    offsets = np.column_stack([columns + left + 0.5 - place.x, rows + top + 0.5 - place.y])
    along = offsets @ (np.cos(angle), np.sin(angle))
    across = offsets @ (-np.sin(angle), np.cos(angle))
    assert np.ptp(along) == pytest.approx(place.cutout.length_m * 1.03 / 0.5, abs=2.5)
    assert np.ptp(across) == pytest.approx(place.cutout.width_m * 1.03 / 0.5, abs=2.5)
    assert np.ptp(across[along > along.max() - 4]) < 6  # the nose leads


def test_composites_are_the_same_for_the_same_seed(ground: Base) -> None:
    cutouts = [arrow(), arrow("fw.bomber.tu95", 250, 250)]
    tiles = [make_composite(seed, bases=[ground], cutouts=cutouts, size_px=256) for seed in (5, 5, 6)]
    first, again, other = tiles
    assert np.array_equal(first.pixels, again.pixels)
    assert [item.polygon.tolist() for item in first.annotations] == [i.polygon.tolist() for i in again.annotations]
    assert not np.array_equal(first.pixels, other.pixels)


def test_a_share_of_the_aircraft_gets_new_paint_and_rows_of_one_picture_are_painted_alike(ground: Base) -> None:
    def tile(repaint: float) -> NDArray[np.uint8]:
        return make_composite(5, bases=[ground], cutouts=[arrow()], size_px=256, repaint=repaint).pixels

    assert np.array_equal(tile(0.0), make_composite(5, bases=[ground], cutouts=[arrow()], size_px=256).pixels)
    assert not np.array_equal(tile(0.0), tile(1.0))
    place = Placement(arrow(), 10, 10, 0.0, 1.0, False)
    row = list(in_new_paint([place] * 3, 1.0, np.random.default_rng(1)))
    assert row[0].cutout is row[1].cutout is row[2].cutout
    assert not np.array_equal(row[0].cutout.rgba, place.cutout.rgba)


def test_objects_do_not_overlap_and_lie_on_the_tile(ground: Base) -> None:
    seen = set()
    for seed in range(12):
        tile = make_composite(seed, bases=[ground], cutouts=[arrow()], size_px=256)
        assert tile.pixels.shape == (256, 256, 3)
        assert tile.group == "base1"
        centres = np.array([item.polygon.mean(axis=0) for item in tile.annotations]).reshape(-1, 2)
        assert ((centres >= 0) & (centres <= 256)).all()
        for index, centre in enumerate(centres):
            gaps = np.hypot(*(np.delete(centres, index, axis=0) - centre).T)
            assert (gaps > 8).all()
        seen |= {(item.node, item.oriented, item.ignore) for item in tile.annotations}
        for item in tile.annotations:
            assert item.ignore or item.length_px == pytest.approx(32, rel=0.05)
    assert ("fw.combat.mig29", True, False) in seen


def test_composites_need_material(ground: Base) -> None:
    with pytest.raises(ValueError, match="at least one"):
        make_composite(1, bases=[ground], cutouts=[])


class StoppedError(Exception):
    """Somebody stopped the run."""


def stop_at(number: int) -> Callable[[int, int], None]:
    def progress(done: int, _: int) -> None:
        if done == number:
            raise StoppedError

    return progress


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def composites(seeds: Sequence[int], out: Path, ground: Base, progress: Callable[[int, int], None]) -> int:
    return cut_composites(seeds, out, bases=[ground], cutouts=[arrow()], size_px=128, progress=progress)


def generated(seeds: Sequence[int], out: Path, ground: Base, progress: Callable[[int, int], None]) -> int:
    return cut_generated(seeds[:3], seeds[3:], out, bases=[ground], size_px=128, progress=progress)


@pytest.mark.parametrize("cut", [composites, generated])
def test_a_stopped_run_goes_on_and_gives_the_same_bytes(
    cut: Callable[[Sequence[int], Path, Base, Callable[[int, int], None]], int], tmp_path: Path, ground: Base
) -> None:
    done: list[int] = []
    assert cut(range(6), tmp_path / "whole", ground, lambda *_: None) == 6
    with pytest.raises(StoppedError):
        cut(range(6), tmp_path / "out", ground, stop_at(2))
    assert not (tmp_path / "out" / "index.jsonl").exists()
    with (tmp_path / "out" / "journal.jsonl").open("a") as journal:
        journal.write('{"image": "torn')
    assert cut(range(6), tmp_path / "out", ground, lambda number, _: done.append(number)) == 6
    assert done == [3, 4, 5, 6]
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert cut(range(6), tmp_path / "out", ground, lambda number, _: done.append(number)) == 6
    assert done[4:] == [6]  # nothing to do
    assert cut(range(5), tmp_path / "out", ground, lambda *_: None) == 5


def test_generated_tiles_on_real_ground_need_bases(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one base"):
        cut_generated([], [1], tmp_path)


def test_a_folder_of_composites(tmp_path: Path, ground: Base) -> None:
    assert cut_composites([3, 4], tmp_path / "out", bases=[ground], cutouts=[arrow()], size_px=128) == 2
    lines = [json.loads(text) for text in (tmp_path / "out" / "index.jsonl").read_text().splitlines()]
    assert [line["file"] for line in lines] == ["images/composite_000003.jpg", "images/composite_000004.jpg"]
    assert lines[0]["exhaustive"] == ["ad.launcher", "fw", "heli"]
    assert all((tmp_path / "out" / line["file"]).is_file() for line in lines)


def test_parking_points_move_with_the_pixels(write_image: ImageWriter, tmp_path: Path) -> None:
    path = write_image("spot.png", 200, 150, grey=60)
    pixels = cv2.imread(str(path))
    assert pixels is not None
    pixels[40:51, 30:41] = 250
    cv2.imwrite(str(path), pixels)
    base = Base(path, (0, 0, 200, 150), 1.0, ((35.5, 45.5, True),), "spot")
    for seed in range(20):
        crop = crop_of(base, np.random.default_rng(seed), gsd=0.5, size_px=200)
        for x, y in crop.points:
            assert crop.pixels[int(y), int(x)].mean() > 240


def test_bases_scale_points_and_split(tmp_path: Path, write_image: ImageWriter) -> None:
    for name in ("1", "5", "10"):
        write_image(f"images/{name}.jpg", 200, 100)
        path = tmp_path / "labels" / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("100,50 \n20,30,s\r\n40,50,b\n\n")
    (base,) = load_bases(tmp_path, split="train")
    assert base.gsd == pytest.approx(0.5)
    assert base.group == "base1"
    assert base.points == ((20, 30, False), (40, 50, True))
    assert [base.group for base in load_bases(tmp_path, split="holdout")] == ["base5", "base10"]
    (tmp_path / "labels" / "1.txt").write_text("100\n20,30,x\n")
    with pytest.raises(LabelError, match=r"1\.txt"):
        load_bases(tmp_path, split="train")
    (tmp_path / "labels" / "1.txt").unlink()
    with pytest.raises(DatasetNotFoundError, match=r"1\.txt"):
        load_bases(tmp_path, split="train")


def test_ground_of_ones_own_has_the_scale_that_is_said(tmp_path: Path, write_image: ImageWriter) -> None:
    write_image("plain/field one.jpg", 200, 100)
    (plain,) = load_ground(tmp_path / "plain", OwnLabels(gsd=0.3))
    assert (plain.gsd, plain.window, plain.group) == (0.3, (0, 0, 200, 100), "field one")
    with pytest.raises(NoGsdError, match="--gsd"):
        load_ground(tmp_path / "plain", OwnLabels())
    for name in ("5", "north"):
        write_image(f"images/{name}.jpg", 200, 100)
        (tmp_path / "labels").mkdir(exist_ok=True)
        (tmp_path / "labels" / f"{name}.txt").write_text("100\n")
    assert [base.group for base in load_ground(tmp_path, OwnLabels())] == ["basenorth"]  # the fifth is held back


def test_free_ground_has_no_aircraft() -> None:
    plane = horizontal("fw", (10, 10, 60, 60))
    record = ImageRecord(Path("a.jpg"), 400, 200, 0.5, "g", "airbus", frozenset({"fw"}), (plane,))
    windows = [base.window for base in free_ground([record], size_m=100)]
    assert windows == [(100, 0, 200, 200), (200, 0, 200, 200)]


def test_roofs_and_water_are_no_open_ground() -> None:
    pixels = np.full((400, 400, 3), 110, np.uint8)
    pixels += np.random.default_rng(0).integers(0, 8, pixels.shape, dtype=np.uint8)
    pixels[100:180, 100:220] = 190  # 40 m by 60 m, alone on a hard edge
    pixels[260:400, 260:400] = (40, 60, 70)
    mask = open_ground(pixels, gsd=0.5)
    assert mask[300, 60]
    assert not mask[100:180, 100:220].any()
    assert not mask[280:380, 280:380].any()
    assert open_ground(pixels, gsd=0.5, parking=np.array([[160.0, 140.0]]))[140, 160]
    far_edge = np.array([[float(pixels.shape[1]), 140.0], [160.0, float(pixels.shape[0])]])  # of a turned crop
    assert (open_ground(pixels, gsd=0.5, parking=far_edge) == mask).all()


def test_open_ground_is_smooth_ground() -> None:
    pixels: NDArray[np.uint8] = np.full((200, 200, 3), 130, np.uint8)
    pixels[:, :80] = np.random.default_rng(0).integers(0, 255, (200, 80, 3), dtype=np.uint8)
    mask = open_ground(pixels, gsd=0.5)
    assert not mask[:, :80].any()
    assert mask[50:150, 120:180].all()
    assert not mask[0].any()


def test_held_out_cutouts_are_one_per_type() -> None:
    held = [row["type"] for row in rows_of("cutouts.csv") if row["split"] == "holdout"]
    assert len(held) == len(set(held)) == len({row["type"] for row in rows_of("cutouts.csv")}) == 11


def test_missing_cutouts_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match="a50_1"):
        load_cutouts(tmp_path, split="train")


def test_real_cutouts_have_their_types_size(shared_data: Path) -> None:
    root = shared_data / "airbase_assets" / "cutouts"
    train, held = load_cutouts(root, split="train"), load_cutouts(root, split="holdout")
    assert (len(train), len(held)) == (48, 11)
    for cutout in (*train, *held):
        sizes = NODES[cutout.node].sizes
        if sizes:
            spans = [span for size in sizes for span in (size.width_m, size.swept_width_m) if span]
            assert cutout.length_m == pytest.approx(sizes[0].length_m, rel=0.1), cutout.name
            assert min(abs(np.log(cutout.width_m / span)) for span in spans) < 0.12, cutout.name


def test_real_bases(shared_data: Path) -> None:
    root = shared_data / "airbase_assets" / "empty_bases"
    train, held = load_bases(root, split="train"), load_bases(root, split="holdout")
    assert (len(train), len(held)) == (24, 6)
    assert all(0.3 < base.gsd < 1.5 for base in (*train, *held))
    pixels, free = base_crop(7, train)
    assert pixels.shape[:2] == free.shape
    assert free.any()
