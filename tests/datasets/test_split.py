import pytest

from hardstand.datasets.hrplanes import airport_of
from hardstand.datasets.split import NAMED, split_of


def test_named_places_and_hashed_places() -> None:
    assert split_of("airbus", "airport4") == "test"
    assert split_of("hrplanes", "PIN") == "dev"
    assert split_of("airbus", "airport99") == "train"
    assert split_of("hrplanes", airport_of("109_set1.jpg")) == "aside"
    assert {split_of("simd", f"block{i}") for i in range(300)} == {"train", "dev", "test"}


@pytest.mark.parametrize("source", sorted(NAMED))
def test_no_place_is_in_two_splits(source: str) -> None:
    places = [place for held_back in NAMED[source].values() for place in held_back]
    assert len(places) == len(set(places))
