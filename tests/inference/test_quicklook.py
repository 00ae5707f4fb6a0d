from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hardstand.detector.opencv import cv2
from hardstand.inference.legend import COLOURS, strip
from hardstand.inference.quicklook import LONG_SIDE_PX, draw, encode, shrink
from hardstand.inference.survey import Survey
from hardstand.inference.tiles import Tile


def _near(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture.astype(int) - colour).max(axis=2) < 40)


def test_boxes_are_drawn_where_the_objects_are(survey: Survey) -> None:
    look = survey.looks[0]
    picture = draw(look, np.full((480, 480, 3), 110, np.uint8), survey.sites)
    scene = picture[-480:]
    assert picture.shape[1] == 480
    assert _near(scene[35:85, 25:75], COLOURS["fw"]).any()
    assert _near(scene[330:370, 40:80], COLOURS["heli"]).any()
    assert not _near(scene[200:300, 100:400], COLOURS["fw"]).any()


def test_the_pixels_that_came_in_are_not_changed(survey: Survey) -> None:
    pixels = np.full((240, 240, 3), 110, np.uint8)
    draw(survey.looks[0], pixels, survey.sites)
    assert (pixels == 110).all()


def test_what_was_not_seen_is_hatched(survey: Survey) -> None:
    pixels = np.full((480, 480, 3), 110, np.uint8)
    blind = draw(survey.looks[1], pixels, ())[-480:]
    assert (blind[200:300, 100:250] == 110).all()
    assert (blind[:, 310:] != 110).any(axis=2).mean() > 0.9
    look = survey.looks[0]
    broken = replace(look, result=replace(look.result, unread=(Tile(0, 0, 480, 480, 0, 400, 480, 480, 0),)))
    assert _near(draw(broken, pixels, ())[-80:], (235, 70, 60)).any()


@pytest.mark.parametrize("width", [60, 480, LONG_SIDE_PX])
def test_the_strip_fits_any_width(survey: Survey, width: int) -> None:
    picture = strip(survey.looks[0], width, 0.5)
    assert picture.shape[1] == width
    assert picture.max() > 200


def test_pictures_can_be_stored_and_shrunk() -> None:
    picture = np.zeros((30, 60, 3), np.uint8)
    picture[..., 0] = 200
    back = cv2.imdecode(np.frombuffer(encode(picture), np.uint8), cv2.IMREAD_COLOR)
    assert back is not None
    assert (cv2.cvtColor(back, cv2.COLOR_BGR2RGB) == picture).all()
    assert shrink(picture, 20).shape == (10, 20, 3)
    assert shrink(picture, 100) is picture
    assert encode(picture, ".jpg")[:2] == b"\xff\xd8"


def test_boxes_that_are_hardly_believed_are_not_drawn(survey: Survey) -> None:
    look = survey.looks[0]
    for probability, seen in ((0.19, False), (0.21, True)):
        doubted = replace(
            look.result.detections, probability=np.full(len(look.result.detections), probability, np.float32)
        )
        picture = draw(
            replace(look, result=replace(look.result, detections=doubted)), np.full((480, 480, 3), 110, np.uint8), ()
        )
        assert _near(picture[-480:], COLOURS["fw"]).any() == seen
