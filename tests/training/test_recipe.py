from pathlib import Path

import pytest

from hardstand.detector import RecipeError
from hardstand.training.recipe import read_recipe

GOOD = 'name = "x"\nnodes = ["fw"]\n[schedule]\nsteps = 5\n[crop]\nsize_px = 64\n[[sets]]\nfolder = "a"\nshare = 1.0\n'
SHIPPED = Path(__file__).parents[2] / "training" / "recipes"


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_recipe_is_read(tmp_path: Path) -> None:
    recipe = read_recipe(_written(tmp_path / "r.toml", GOOD))
    assert (recipe.schedule.steps, recipe.sets[0].folder, recipe.crop.size_px) == (5, "a", 64)


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
    ],
)
def test_a_wrong_recipe_is_an_error_that_says_what(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        read_recipe(_written(tmp_path / "r.toml", text))
