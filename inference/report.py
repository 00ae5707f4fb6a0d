"""The report: counts, changes, charts and pictures of a survey in one HTML file that needs no network."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from importlib.metadata import version

from ..detector.taxonomy import COUNTED, root
from .change import Change, changes
from .charts import chart, worth_a_chart
from .counts import CERTAIN, MIN_RECALL
from .legend import DRAWN
from .page import facts, page
from .passes import Pass, depth, shown_nodes
from .survey import Look, Survey
from .words import (
    NOT_SEEN,
    answer,
    change_interval,
    covered,
    interval,
    node_name,
    pass_labels,
    signed,
    since,
    unmeasured,
    verdict,
    when,
)  # fmt: skip

ETHICS = (
    "For overhead monitoring, journalism, research and the verification of public imagery. Counts are estimates."
    " Not for targeting."
)
_ARROWS = {"up": "▲", "down": "▼", "same": "=", "none": "?"}


def report(survey: Survey, pictures: Mapping[str, tuple[str, bytes]]) -> str:
    """The report as HTML. `pictures` has, per scene name, the file name of its quick-look and a JPEG of it to embed."""
    series = survey.series()
    body = [_header(survey, series)]
    body += [_site(number, site, passes) for number, (site, passes) in enumerate(series.items(), start=1)]
    body += [_scenes(survey, pictures), _reading(survey), _settings(survey)]
    body.append(f'<section class="ethics"><p>{ETHICS}</p></section>')
    return page("Hardstand: counts per site and date", "\n".join(body))


def _header(survey: Survey, series: Mapping[str, Sequence[Pass]]) -> str:
    times = sorted(look.result.scene.time for look in survey.looks if look.result.scene.time is not None)
    span = f", {times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}" if times else ""
    links = "".join(f'<a href="#site-{number}">{escape(site)}</a>' for number, site in enumerate(series, start=1))
    unread = ""
    if survey.unread:
        unread = f'<p><span class="tag">{survey.unread} tiles could not be read</span> They count as not seen.</p>'
    for failure in survey.failed:
        unread += f'<p><span class="tag">scene not used</span> {escape(failure.reason)}</p>'
    return (
        '<header><div class="brand">Hardstand</div><h1>What stood where, and what changed</h1>'
        f'<p class="soft">{_plural(len(survey.looks), "scene")}, {_plural(len(series), "site")}{span}.'
        f" Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.</p>{unread}"
        f'<nav>{links}<a href="#scenes">Scenes</a><a href="#reading">How to read this</a>'
        '<a href="#settings">Settings</a></nav></header>'
    )


def _site(number: int, site: str, passes: Sequence[Pass]) -> str:
    sentences = "".join(
        f'<li class="{direction}"><b>{_ARROWS[direction]}</b>{escape(sentence)}</li>'
        for direction, sentence in answer(passes)
    )
    charts = "".join(
        f'<div class="{_root_class(node)}">{chart(passes, node)}</div>'
        for node in COUNTED
        if worth_a_chart(passes, node)
    )
    return (
        f'<section id="site-{number}"><h2>{escape(site)}</h2><ul class="answer">{sentences}</ul>'
        f"{_counts_table(passes)}" + (f'<div class="charts">{charts}</div>' if charts else "") + "</section>"
    )


def _counts_table(passes: Sequence[Pass]) -> str:
    nodes = shown_nodes(passes)
    heads = "".join(_pass_head(label, one) for label, one in zip(pass_labels(passes), passes, strict=True))
    changed = [changes(passes, index) for index in range(len(passes))]
    rows = []
    for row, node in enumerate(nodes):
        indent = depth(node, nodes)
        mark = '<span class="dot"></span>' if node in COUNTED else ""
        cells = "".join(
            _cell(one, node, change.get(node)) if one.seen else _unseen(row, len(nodes))
            for one, change in zip(passes, changed, strict=True)
        )
        kind = f"{'root ' if node in COUNTED else ''}{_root_class(node)}"
        rows.append(
            f'<tr class="{kind}"><th style="padding-left:{12 + 20 * indent}px">{mark}{escape(node_name(node))}</th>'
            f"{cells}</tr>"
        )
    if not nodes:
        rows.append("<tr><th>Every class</th>" + "".join(_unseen(0, 1) for _ in passes) + "</tr>")
    return (
        '<div class="scroll"><table class="counts"><thead><tr><th>Expected count<br><small class="soft">90 % interval,'
        " boxes, change since the pass before</small></th>"
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _pass_head(label: str, one: Pass) -> str:
    tag = ' <span class="tag">partial</span>' if one.partial else ""
    width = round(one.coverage * 100) if one.seen else 0
    seen = f"{covered(one)} seen" if one.seen else NOT_SEEN
    return (
        f'<th scope="col">{escape(label)}<br><small class="soft">{seen}</small>{tag}'
        f'<span class="bar"><i style="width:{width}%"></i></span></th>'
    )


def _unseen(row: int, rows: int) -> str:
    return f'<td class="unseen" rowspan="{rows}"><span>{NOT_SEEN}</span></td>' if row == 0 else ""


def _cell(one: Pass, node: str, change: Change | None) -> str:
    count = one.counts[node]
    boxes = _plural(count.detections, "box", "boxes")
    return (
        f'<td><span class="value">{count.median}</span>'
        f'<span class="interval">{interval(count)}, {boxes}</span>{_change(change)}</td>'
    )


def _change(change: Change | None) -> str:
    if change is None:
        return ""
    extra = f"<i>{escape(since(change))}</i>" if since(change) else ""
    if not change.comparable:
        return '<span class="change none">not comparable</span>'
    if not change.more_than_noise:
        text = f"{signed(change.difference)} ({change_interval(change)})"
        return f'<span class="change">{text} {verdict(change)}{extra}</span>'
    direction = "up" if change.low > 0 else "down"
    text = f"{_ARROWS[direction]} {signed(change.difference)} ({change_interval(change)})"
    return f'<span class="change {direction}">{text} {verdict(change)}{extra}</span>'


def _scenes(survey: Survey, pictures: Mapping[str, tuple[str, bytes]]) -> str:
    figures = "".join(_figure(look, *pictures[look.name]) for look in survey.looks)
    return f'<section id="scenes"><h2>Scenes</h2><div class="scenes">{figures}</div></section>'


def _figure(look: Look, file: str, jpeg: bytes) -> str:
    scene = look.result.scene
    data = b64encode(jpeg).decode()
    certain = int((look.result.detections.probability >= CERTAIN).sum())
    notes = [
        when(scene.time),
        f"{scene.width} x {scene.height} px",
        f"GSD {_gsd(look)}",
        f"bands {', '.join(map(str, scene.bands))}",
        stretch_text(look),
        f"{look.result.valid_fraction:.0%} seen",
        _plural(certain, "box", "boxes") + f" from a probability of {CERTAIN:g}",
    ]
    if look.result.unread:
        notes.append(f"{len(look.result.unread)} tiles could not be read")
    return (
        f'<figure><a href="{escape(file)}"><img alt="Quick-look of {escape(look.name)}" loading="lazy"'
        f' src="data:image/jpeg;base64,{data}"></a>'
        f"<figcaption><b>{escape(look.name)}</b>: {escape('; '.join(notes))}.</figcaption></figure>"
    )


def stretch_text(look: Look) -> str:
    """How a scene's values became 8 bit, in words."""
    stretch = look.result.scene.stretch
    if stretch is None:
        return "8 bit as it is"
    return "stretched from " + ", ".join(dict.fromkeys(f"{low:g} to {high:g}" for low, high in stretch))


def _reading(survey: Survey) -> str:
    limits = [
        "The count is as likely too high as too low. It weighs every box in the site by its calibrated probability, and"
        " adds what the detector misses by the measured share of objects that it finds: little for clear boxes, more"
        " for doubtful ones.",
        "The interval holds the true number in 90 of 100 cases, as far as the calibration holds for this imagery:"
        " it knows false alarms and missed objects, not a sensor, season or camouflage that was never tried.",
        f"Boxes are those with a probability of at least {CERTAIN:g}; the pictures draw the others thin, down to"
        f" {DRAWN:g}.",
        "A class includes the classes indented below it. An object whose type is not clear is counted at the class"
        f" above. {_types_known(survey)}",
        "“More than noise” stands only where the 90 % interval of the difference excludes zero. One in ten such"
        " intervals misses by chance; look at the pictures before you write.",
        "“Not seen” means that there is no count, not that it is zero. A partial pass counts what was seen of the site"
        " and is compared only with passes that saw the same part, within 5 points of its area.",
        "Objects in hangars, under nets or under clouds are not counted. Decoys are.",
    ]
    if remark := unmeasured(survey.nodes, survey.weights.recall):
        limits.append(remark)
    weak = [node for node, share in survey.weights.recall.items() if share < MIN_RECALL and node in survey.nodes]
    if weak:
        names = ", ".join(node_name(node).lower() for node in weak)
        limits.append(f"The detector finds less than {MIN_RECALL:.0%} of: {names}. Their counts are too low.")
    limits += survey.weights.not_measured
    items = "".join(f"<li>{escape(text)}</li>" for text in limits)
    return f'<section id="reading"><h2>How to read this, and its limits</h2><ul class="limits">{items}</ul></section>'


def _types_known(survey: Survey) -> str:
    known = [node for node in survey.nodes if node not in COUNTED and node in survey.weights.calibration]
    if not known:
        return "Whether the type is right is not part of the interval."
    names = ", ".join(node_name(node).lower() for node in known)
    return f"Whether the type is right is part of the interval for these alone: {names}."


def _settings(survey: Survey) -> str:
    weights = survey.weights
    rows = [
        ("Hardstand", version("hardstand")),
        ("Weights", weights.name),
        ("Parameters, SHA-256", weights.sha256 or "none"),
        ("Ran on", weights.arithmetic or "not known"),
        ("Lowest score reported", "not limited" if weights.min_score is None else f"{weights.min_score:g}"),
        ("Counted from a score of", ", ".join(f"{node_name(node).lower()} {score:g}"
                                              for node, score in weights.thresholds.items() if node in COUNTED)
                                    or "the lowest reported"),
        ("Share of objects found", ", ".join(f"{node_name(root(node)).lower()} {share:.0%}"
                                             for node, share in weights.recall.items() if node in COUNTED)
                                   or "not measured"),
        ("Classes", ", ".join(survey.nodes)),
    ]  # fmt: skip
    if survey.opening.within is not None:
        rows.append(("Looked at only within", ", ".join(site.name for site in survey.opening.within)))
    if survey.opening.clouds is not None:
        rows.append(("Cloud masks", survey.opening.clouds))
    for look in survey.looks:
        scene = look.result.scene
        rows.append(
            (
                f"Scene {look.name}",
                f"{scene.path or 'array'}; {when(scene.time)}; GSD {_gsd(look)}; {stretch_text(look)}",
            )
        )
    return f'<section id="settings"><h2>Settings</h2>{facts(rows)}</section>'


def _gsd(look: Look) -> str:
    scene = look.result.scene
    same = abs(scene.gsd_x - scene.gsd_y) < 0.005 * scene.gsd_x
    return f"{scene.gsd_x:.3g} m" if same else f"{scene.gsd_x:.3g} x {scene.gsd_y:.3g} m"


def _root_class(node: str) -> str:
    return "root-" + root(node).replace(".", "-")


def _plural(number: int, word: str, words: str | None = None) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {words or word + 's'}"
