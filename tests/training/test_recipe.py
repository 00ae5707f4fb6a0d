from pathlib import Path

import pytest

from hardstand.detector import RecipeError
from hardstand.detector.weights import DEFAULT, find_weights, read_record
from hardstand.training.recipe import read_recipe

GOOD = 'name = "x"\nnodes = ["fw"]\n[schedule]\nsteps = 5\n[crop]\nsize_px = 64\n[[sets]]\nfolder = "a"\nshare = 1.0\n'
SHIPPED = Path(__file__).parents[2] / "training" / "recipes"


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_nodes_family_and_size_may_come_from_the_start(tmp_path: Path) -> None:
    text = GOOD.replace('nodes = ["fw"]', f'start = "{DEFAULT}"')
    recipe = read_recipe(_written(tmp_path / "r.toml", text))
    record = read_record(find_weights(DEFAULT))
    assert (recipe.nodes, recipe.size) == (record.nodes, record.architecture["scale"])


def test_a_recipe_is_read(tmp_path: Path) -> None:
    recipe = read_recipe(_written(tmp_path / "r.toml", GOOD))
    assert (recipe.schedule.steps, recipe.sets[0].folder, recipe.crop.size_px) == (5, "a", 64)


def test_roles_are_reported_from_a_lower_score_than_types(tmp_path: Path) -> None:
    nodes = 'nodes = ["fw", "fw.isr", "fw.isr.a50", "fw.combat", "fw.combat.f15", "heli"]'
    text = GOOD.replace('nodes = ["fw"]', nodes) + '[thresholds]\nheli = 0.1\n"fw.isr" = 0.4\n'
    assert read_recipe(_written(tmp_path / "r.toml", text)).all_thresholds == {
        "fw.isr": 0.4, "fw.isr.a50": 0.3, "fw.combat": 0.2, "fw.combat.f15": 0.3, "heli": 0.1
    }  # fmt: skip


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_recipes_are_read(path: Path) -> None:
    assert read_recipe(path).nodes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps = [", "not TOML"),
        (GOOD.replace("[schedule]", "colour = 1\n[schedule]"), "unknown key colour; known are"),
        (GOOD.replace("steps = 5", "step = 5"), "unknown key step"),
        (GOOD.replace("size_px = 64", ""), "missing key size_px"),
        (GOOD.replace('"fw"', '"zeppelin"'), "zeppelin"),
        (GOOD[: GOOD.index("[[sets]]")], "no \\[\\[sets\\]\\]"),
        (GOOD.replace('nodes = ["fw"]', 'nodes = ["fw"]\nfamily = "yolo9"'), "not one of yolo11, yolo26"),
        (GOOD.replace('nodes = ["fw"]', 'nodes = ["fw"]\ntile_px = 1000'), "tile_px 1000: a multiple of 32"),
        (GOOD.replace('nodes = ["fw"]', 'nodes = ["fw.combat"]'), "without their counted root"),
        (GOOD.replace('nodes = ["fw"]\n', ""), "missing key nodes"),
        (GOOD.replace("steps = 5", 'steps = "five"'), "steps = 'five' is not of the kind whole number"),
        (GOOD.replace("steps = 5", "steps = 0"), "steps = 0 is less than 1"),
        (GOOD.replace("size_px = 64", "size_px = 65"), "no multiple of 32"),
        (GOOD.replace("size_px = 64", 'size_px = 64\nrotation = "spin"'), "not one of any, quarter, none"),
        (
            GOOD.replace("[[sets]]", "[augmentation]\nfog = 0.1\n[[sets]]"),
            "unknown key fog; known are blur, cloud_shadow",
        ),
        (GOOD.replace("[[sets]]", "[augmentation]\nhaze = 2.0\n[[sets]]"), "haze = 2.0 is not from 0 to 1"),
        (GOOD.replace("[[sets]]", "[thresholds]\nheli = 0.1\n[[sets]]"), "nodes that the network has not: heli"),
        (GOOD + "shere_end = 0.1\n", "unknown key shere_end; known are around, empty_share"),
        (GOOD.replace("share = 1.0", "share = 0.0"), "must be above 0"),
        (GOOD + 'around = ["balloon"]\n', "around not in the taxonomy: balloon"),
        (GOOD + "scale = [1.1]\n", r"scale \[1.1\] is not \[low, high\]"),
        (GOOD + "scale = [1.1, 0.9]\n", "with 0 < low <= high"),
    ],
)
def test_a_wrong_recipe_is_an_error_that_says_what(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        read_recipe(_written(tmp_path / "r.toml", text))
