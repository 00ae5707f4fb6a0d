"""Labels in: one module per public data set, tiles, composites and synthetic scenes."""

if __name__ != "hardstand.datasets":
    raise ImportError(
        "this folder is hardstand.datasets, not a package of its own; start Python with -P, or outside the checkout"
    )
