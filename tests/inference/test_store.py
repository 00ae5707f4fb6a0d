import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hardstand.detector import OutputError
from hardstand.inference import store
from hardstand.inference.survey import Survey


def _query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_a_survey_comes_back_as_it_went_in(survey: Survey, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    assert store.save(path, survey) == 1
    fighters = [one for one in store.counts(path) if one.site == "West" and one.node == "fw.combat.su27fam"]
    assert [(one.date, one.detections) for one in fighters][::3] == [("2024-11-02", 12), ("2024-12-14", 3)]
    expected = survey.series()["West"][0].counts["fw.combat.su27fam"]
    assert (fighters[0].median, fighters[0].expected) == (expected.median, expected.expected)
    assert (fighters[0].low, fighters[0].high) == (expected.low, expected.high)


def test_a_run_that_is_saved_again_is_there_once(survey: Survey, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    for key in ("", "a", "b", "a"):
        store.save(path, survey, key=key)
    keys = _query(path, "SELECT json_extract(settings, '$.key') FROM runs ORDER BY id")
    assert keys == [("",), ("b",), ("a",)]
    assert _query(path, "SELECT count(*) FROM scenes") == [(3 * len(survey.looks),)]


def test_a_pass_that_did_not_see_the_site_has_a_row_and_no_count(survey: Survey, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    store.save(path, survey)
    rows = _query(
        path,
        "SELECT passes.id, count(counts.node) FROM passes LEFT JOIN counts ON counts.pass = passes.id"
        " WHERE seen = 0 GROUP BY passes.id",
    )
    assert len(rows) == 1
    assert rows[0][1] == 0


def test_runs_add_up_and_the_newest_is_read(survey: Survey, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    store.save(path, survey)
    assert store.save(path, replace(survey, looks=survey.looks[:1])) == 2
    assert {one.date for one in store.counts(path)} == {"2024-11-02"}
    assert len({one.date for one in store.counts(path, run=1)}) == 4
    assert _query(path, "SELECT count(*) FROM sites") == [(2,)]


def test_tables_are_strict_and_members_point_at_detections(survey: Survey, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    store.save(path, survey)
    assert all(row[5] == 1 for row in _query(path, "PRAGMA table_list") if not str(row[1]).startswith("sqlite_"))
    assert _query(path, "PRAGMA foreign_key_check") == []
    members = _query(path, "SELECT count(*) FROM members")[0][0]
    assert members == sum(len(one.members) for look in survey.looks for one in look.passes)


def test_an_error_half_way_leaves_the_store_as_it_was(
    survey: Survey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.sqlite"
    store.save(path, survey)
    monkeypatch.setattr(store, "_save_look", lambda connection, *_: connection.exec_driver_sql("SELECT nonsense"))
    with pytest.raises(OutputError, match="cannot write the store"):
        store.save(path, survey)
    assert _query(path, "SELECT count(*) FROM runs") == [(1,)]


def test_a_store_of_version_1_gets_medians(survey: Survey, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    store.save(path, survey)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE counts DROP COLUMN median")
        connection.execute("UPDATE counts SET expected = 2.6, low = 1, high = 4")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    assert {(each.median, each.expected) for each in store.counts(path)} == {(3, 2.6)}
    assert _query(path, "PRAGMA user_version") == [(len(store.MIGRATIONS),)]


def test_a_newer_store_is_left_alone(survey: Survey, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(OutputError, match=f"version 99, this Hardstand knows up to {len(store.MIGRATIONS)}"):
        store.save(path, survey)


def test_a_file_that_is_no_store(survey: Survey, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_text("not a database, but long enough to look like something else" * 20)
    with pytest.raises(OutputError, match="not a database"):
        store.save(path, survey)
