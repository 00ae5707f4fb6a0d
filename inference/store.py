"""The store: every run's scenes, detections, passes and counts, in one SQLite file."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection, Engine, TextClause, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from ..detector.errors import OutputError
from .export import iso
from .sites import placed
from .survey import Look, Survey


@dataclass(frozen=True, slots=True)
class StoredCount:
    """One count as stored: site, scene, ISO date ("" if undated), coverage, node and its numbers."""

    site: str
    scene: str
    date: str
    coverage: float
    node: str
    detections: int
    median: int
    expected: float
    low: int
    high: int


def _first(connection: Connection) -> None:
    """Version 1: runs, sites, scenes, detections, passes, counts."""
    for statement in (
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY, started TEXT NOT NULL, hardstand TEXT NOT NULL,
            weights TEXT NOT NULL, weights_sha256 TEXT NOT NULL, settings TEXT NOT NULL) STRICT""",
        """CREATE TABLE sites (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, wkt TEXT NOT NULL, UNIQUE (name, wkt)) STRICT""",
        """CREATE TABLE scenes (
            id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            name TEXT NOT NULL, path TEXT NOT NULL, date TEXT NOT NULL, crs TEXT NOT NULL,
            width INTEGER NOT NULL, height INTEGER NOT NULL, gsd_x_m REAL NOT NULL, gsd_y_m REAL NOT NULL,
            stretch TEXT NOT NULL, unread_tiles INTEGER NOT NULL, UNIQUE (run, name)) STRICT""",
        """CREATE TABLE detections (
            id INTEGER PRIMARY KEY, scene INTEGER NOT NULL REFERENCES scenes (id) ON DELETE CASCADE,
            node TEXT NOT NULL, score REAL NOT NULL, probability REAL NOT NULL,
            length_m REAL NOT NULL, width_m REAL NOT NULL, corners_px TEXT NOT NULL,
            longitude REAL, latitude REAL) STRICT""",
        "CREATE INDEX detections_by_scene ON detections (scene)",
        """CREATE TABLE passes (
            id INTEGER PRIMARY KEY, scene INTEGER NOT NULL REFERENCES scenes (id) ON DELETE CASCADE,
            site INTEGER NOT NULL REFERENCES sites (id), coverage REAL NOT NULL, seen INTEGER NOT NULL,
            UNIQUE (scene, site)) STRICT""",
        """CREATE TABLE members (
            pass INTEGER NOT NULL REFERENCES passes (id) ON DELETE CASCADE,
            detection INTEGER NOT NULL REFERENCES detections (id) ON DELETE CASCADE,
            PRIMARY KEY (pass, detection)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE counts (
            pass INTEGER NOT NULL REFERENCES passes (id) ON DELETE CASCADE, node TEXT NOT NULL,
            detections INTEGER NOT NULL, expected REAL NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
            PRIMARY KEY (pass, node)) STRICT, WITHOUT ROWID""",
    ):
        connection.execute(text(statement))


def _second(connection: Connection) -> None:
    """Version 2: counts have a median; in those of before it is the expected count, rounded."""
    connection.execute(text("ALTER TABLE counts ADD COLUMN median INTEGER NOT NULL DEFAULT 0"))
    connection.execute(text("UPDATE counts SET median = min(max(CAST(round(expected) AS INTEGER), low), high)"))


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_first, _second)
"""Migration number n brings a store from version n - 1 to version n; the file's `user_version` is its version."""


def save(path: Path, survey: Survey, *, key: str = "") -> int:
    """Add a survey to the store at `path` as one run, in one transaction, and return the run's number.

    `key` names the run where it can be saved twice, because it was stopped before it was done: the later one stays.

    The file is made where there is none and brought to the newest version where it is older. A pass that did not see
    its site has a row in `passes` and none in `counts`. Raises OutputError; the store is then as it was.
    """
    with _transaction(path) as connection:
        _migrate(path, connection)
        if key:
            connection.execute(text("DELETE FROM runs WHERE json_extract(settings, '$.key') = :key"), {"key": key})
        run = _insert(
            connection, "runs", started=datetime.now(UTC).isoformat(timespec="seconds"), hardstand=version("hardstand"),
            weights=survey.weights.name, weights_sha256=survey.weights.sha256,
            settings=json.dumps(
                {
                    "min_score": survey.weights.min_score,
                    "recall": dict(survey.weights.recall),
                    "doubt": dict(survey.weights.doubt),
                    "arithmetic": survey.weights.arithmetic,
                    "key": key,
                }
            ),
        )  # fmt: skip
        sites = {site.name: _site(connection, site.name, site.polygon.wkt if site.polygon else "")
                 for site in survey.sites}  # fmt: skip
        for look in survey.looks:
            _save_look(connection, run, look, sites)
    return run


def counts(path: Path, run: int | None = None) -> tuple[StoredCount, ...]:
    """The counts of a run (the newest for None), by site, date, scene and node. Raises OutputError."""
    with _transaction(path) as connection:
        _migrate(path, connection)
        rows = connection.execute(
            text(
                """SELECT sites.name, scenes.name, scenes.date, passes.coverage, counts.node,
                          counts.detections, counts.median, counts.expected, counts.low, counts.high
                   FROM counts JOIN passes ON passes.id = counts.pass JOIN sites ON sites.id = passes.site
                   JOIN scenes ON scenes.id = passes.scene
                   WHERE scenes.run = coalesce(:run, (SELECT max(id) FROM runs))
                   ORDER BY sites.name, scenes.date, scenes.id, counts.node"""
            ),
            {"run": run},
        )
        return tuple(StoredCount(*row) for row in rows)


def _save_look(connection: Connection, run: int, look: Look, sites: dict[str, int]) -> None:
    scene = look.result.scene
    scene_id = _insert(
        connection, "scenes", run=run, name=look.name, path=str(scene.path or ""), date=iso(scene.time),
        crs=scene.crs_wkt or "", width=scene.width, height=scene.height, gsd_x_m=scene.gsd_x, gsd_y_m=scene.gsd_y,
        stretch=str(scene.stretch), unread_tiles=len(look.result.unread),
    )  # fmt: skip
    outlines = look.result.pixel_polygons()
    lonlat = look.result.lonlat().tolist() if placed(scene) else [(None, None)] * len(outlines)
    first = int(connection.execute(text("SELECT coalesce(max(id), 0) + 1 FROM detections")).scalar_one())
    _insert_all(
        connection,
        "detections",
        [
            {
                "id": first + number, "scene": scene_id, "node": detection.node, "score": detection.score,
                "probability": detection.probability, "length_m": detection.length_m, "width_m": detection.width_m,
                "corners_px": json.dumps(outline), "longitude": longitude, "latitude": latitude,
            }
            for number, (detection, outline, (longitude, latitude)) in enumerate(
                zip(look.result.detections, outlines.round(1).tolist(), lonlat, strict=True)
            )
        ],
    )  # fmt: skip
    for one in look.passes:
        seen = int(one.seen)
        pass_id = _insert(connection, "passes", scene=scene_id, site=sites[one.site], coverage=one.coverage, seen=seen)
        members = [{"pass": pass_id, "detection": first + member} for member in one.members.tolist()]
        _insert_all(connection, "members", members)
        counted = [
            {"pass": pass_id, "node": count.node, "detections": count.detections, "median": count.median,
             "expected": count.expected, "low": count.low, "high": count.high}
            for count in one.counts.values()
        ]  # fmt: skip
        _insert_all(connection, "counts", counted)


def _insert_all(connection: Connection, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows with the same columns; one at a time takes ten times as long."""
    if rows:
        connection.execute(_statement(table, rows[0]), rows)


def _insert(connection: Connection, table: str, **values: object) -> int:
    """Insert a row and return its rowid."""
    return int(connection.execute(_statement(table, values), values).lastrowid or 0)


def _statement(table: str, columns: Iterable[str]) -> TextClause:
    """The statement that inserts a row; table and column names come from this module alone."""
    names = list(columns)
    return text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)})")


def _site(connection: Connection, name: str, wkt: str) -> int:
    found = connection.execute(
        text("SELECT id FROM sites WHERE name = :name AND wkt = :wkt"), {"name": name, "wkt": wkt}
    ).scalar()
    return int(found) if found is not None else _insert(connection, "sites", name=name, wkt=wkt)


def _migrate(path: Path, connection: Connection) -> None:
    current = int(connection.execute(text("PRAGMA user_version")).scalar_one())
    if current > len(MIGRATIONS):
        raise OutputError(
            f"{path} is a store of version {current}, this Hardstand knows up to {len(MIGRATIONS)};"
            " update Hardstand or give another folder with --out"
        )
    for number, migration in enumerate(MIGRATIONS[current:], start=current + 1):
        migration(connection)
        connection.execute(text(f"PRAGMA user_version = {number}"))


@contextmanager
def _transaction(path: Path) -> Iterator[Connection]:
    """One transaction on the store: committed at the end, rolled back on any error; SQLite's errors are OutputError."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    _prepare(engine)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise OutputError(
            f"cannot write the store {path}: {error.orig}; free some space or give another --out"
        ) from error
    finally:
        engine.dispose()


def _prepare(engine: Engine) -> None:
    """Foreign keys on, and transactions that hold schema changes too (sqlite3 alone would commit them at once)."""

    @event.listens_for(engine, "connect")
    def connected(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
