import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hardstand.detector import OutputError, PaintDetector
from hardstand.inference.charts import chart
from hardstand.inference.folder import write_results
from hardstand.inference.report import ETHICS, report
from hardstand.inference.survey import Opening, Survey, run_survey
from hardstand.inference.tiles import Tile


class _Balanced(HTMLParser):
    """Follows the nesting of elements, and collects what they load."""

    void = frozenset({"meta", "br", "img", "link", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "srcset")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _pictures(survey: Survey) -> dict[str, tuple[str, bytes]]:
    return {look.name: (f"quicklook-{look.name}.png", b"\xff\xd8") for look in survey.looks}


def test_the_page_is_whole_and_loads_nothing(survey: Survey) -> None:
    html = report(survey, _pictures(survey))
    page = _Balanced()
    page.feed(html)
    assert page.open == []
    assert len(page.loads) == 4
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.loads)
    assert not re.search(r"https?://(?!www\.w3\.org/|purl\.org/|creativecommons\.org/)", html)
    assert "<script" not in html


def test_the_page_answers_the_question(survey: Survey) -> None:
    page = _Balanced()
    page.feed(report(survey, _pictures(survey)))
    text = " ".join(page.text)
    assert re.search(r"Fixed-wing aircraft: 12 \(.*?\) on 2024-11-02, 3 \(.*?\) on 2024-12-14: 9 fewer", text)
    assert "more than noise" in text
    assert "not comparable" in text
    assert "not seen" in text
    assert "partial" in text
    for setting in ("paint", "abab", "2024-11-20", "0.5 m", "Nothing was measured at night.", ETHICS):
        assert setting in text
    assert "not measured for: sam launcher" in text


def test_names_cannot_inject_markup(survey: Survey) -> None:
    evil = "<img src=x onerror=alert(1)>"
    looks = tuple(
        replace(look, passes=tuple(replace(one, site=evil) for one in look.passes if one.site == "West"))
        for look in survey.looks
    )
    html = report(replace(survey, looks=looks, sites=(replace(survey.sites[0], name=evil),)), _pictures(survey))
    assert evil not in html
    assert "&lt;img src=x" in html


def test_a_chart_is_an_svg_with_the_colours_of_the_page(survey: Survey) -> None:
    svg = chart(survey.series()["West"], "fw")
    assert svg.startswith("<svg ")
    assert "var(--root)" in svg
    assert "#0102" not in svg
    assert svg == chart(survey.series()["West"], "fw")


def test_a_folder_has_every_result(survey: Survey, tmp_path: Path) -> None:
    written = write_results(survey, tmp_path / "out")
    names = sorted(path.name for path in written.files)
    assert names == sorted(
        [
            "counts.csv",
            "detections.csv",
            "detections.geojson",
            "hardstand.sqlite",
            "report.html",
            *(f"quicklook-base_{date}.png" for date in ("20241102", "20241120", "20241203", "20241214")),
        ]
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names


def test_an_image_without_a_place_leaves_no_geojson_of_an_earlier_run(
    tmp_path: Path, write_scene: Callable[..., Path]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "detections.geojson").write_text("old")
    scene = write_scene(tmp_path / "photo 1.tif", jets=2, placed=False)
    found = run_survey([scene], PaintDetector(), opening=Opening(gsd=0.5))
    written = write_results(found, tmp_path / "out")
    assert not (tmp_path / "out" / "detections.geojson").exists()
    assert (tmp_path / "out" / "quicklook-photo_1.png").exists()
    assert any("detections.geojson is not written" in remark for remark in written.remarks)


def test_what_was_not_read_is_said(survey: Survey, tmp_path: Path) -> None:
    look = survey.looks[0]
    broken = replace(look, result=replace(look.result, unread=(Tile(0, 0, 480, 480, 0, 0, 480, 480, 0),)))
    written = write_results(replace(survey, looks=(broken,)), tmp_path)
    assert any("1 tiles could not be read (base_20241102)" in remark for remark in written.remarks)
    assert "1 tiles could not be read" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_scene_too_coarse_for_the_small_classes_says_so(survey: Survey, tmp_path: Path) -> None:
    look = survey.looks[0]
    coarse = replace(look, result=replace(look.result, scene=replace(look.result.scene, gsd_x=1.2, gsd_y=1.2)))
    written = write_results(replace(survey, looks=(coarse, survey.looks[1])), tmp_path)
    (said,) = (remark for remark in written.remarks if "Coarse for small objects" in remark)
    assert "base_20241102 (1.2 m)" in said
    assert "base_20241120" not in said
    assert "Helicopter and SAM launcher was measured at 0.5 m" in said
    assert not any("Coarse" in remark for remark in write_results(survey, tmp_path / "fine").remarks)


def test_a_failure_at_the_end_leaves_an_empty_place(
    survey: Survey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, survey: Survey, key: str) -> int:
        raise OutputError(f"cannot write the store {path}: disk is full")

    monkeypatch.setattr("hardstand.inference.folder.store.save", full)
    with pytest.raises(OutputError, match="disk is full"):
        write_results(survey, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
