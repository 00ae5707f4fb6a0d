"""Files that GDAL opens."""


def is_remote(name: str) -> bool:
    """True for an address that GDAL reads but the file system does not know."""
    return "://" in name or name.startswith("/vsi")
