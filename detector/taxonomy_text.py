"""The tree of classes as text, for people: the whole of it, or one node with all that is known of it."""

from collections.abc import Iterator

from .taxonomy import COUNTED, NODES, Size, ancestors, is_a, lookalikes

__all__ = ["node_text", "tree_text"]


def tree_text(node: str | None = None, *, sizes: bool = True) -> str:
    """A line per node, children indented: id, name and, with `sizes`, length by width in metres.

    node: only this node and what is below it; LabelError where the taxonomy lacks it. Examples of mixed nodes are
    not sizes of the node and are left out.
    """
    top = 0 if node is None else len(ancestors(node)) - 1
    chosen = [id for id in NODES if node is None or is_a(id, node)]
    ids = ["  " * (len(ancestors(id)) - 1 - top) + id for id in chosen]
    widths = max(map(len, ids)), max(len(NODES[id].name) for id in chosen)
    lines = []
    for id, shown in zip(chosen, ids, strict=True):
        known = ", ".join(_size(size) for size in NODES[id].sizes if not size.example) if sizes else ""
        lines.append(f"{shown:<{widths[0]}}  {NODES[id].name:<{widths[1]}}  {known}".rstrip())
    return "\n".join(lines)


def node_text(node: str) -> str:
    """The node's path, whether it is counted, sizes with their sources, and what it cannot be told from.

    LabelError where the taxonomy lacks it.
    """
    path = " > ".join(f"{NODES[id].name}" for id in ancestors(node))
    return "\n".join([f"{node}: {path}", *_counted(node), *_sizes(node), *_lookalikes(node)])


def _counted(node: str) -> Iterator[str]:
    counted = [id for id in ancestors(node) if id in COUNTED]
    yield f"counted as {NODES[counted[0]].name}" if counted else "not counted: context, or a thing to be told apart"


def _sizes(node: str) -> Iterator[str]:
    for size in NODES[node].sizes:
        yield f"{_size(size)}{' (one example of many)' if size.example else ''}: {size.source}"


def _lookalikes(node: str) -> Iterator[str]:
    others = lookalikes(node)
    if others:
        yield "cannot be told from " + ", ".join(f"{other.what} ({other.node})" for other in others)


def _size(size: Size) -> str:
    swept = "" if size.swept_width_m is None else f" ({size.swept_width_m:g} swept or folded)"
    return f"{size.length_m:g} x {size.width_m:g} m{swept}"
