#!/bin/sh
# Makes a virtual environment that holds exactly one lock file, and Hardstand itself in editable mode.
#   scripts/setup.sh FOLDER LOCK        e.g. scripts/setup.sh .venv requirements/core.txt
# PYTHON=... chooses the interpreter. Running it again brings the same folder up to date.
set -eu
venv=$1
lock=$2

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "error: no Python 3.11 or newer found (tried: ${PYTHON:-python3, python3.13, python3.12, python3.11, python});" \
        "install one, or name it: make PYTHON=/path/to/python3" >&2
    return 1
}

make_venv() {
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "error: $("$python" -c 'import sys; print(sys.executable)') cannot make virtual environments;" \
            "on Debian and Ubuntu: apt install python3-venv, elsewhere: a Python with ensurepip" >&2
        return 1
    fi
    "$python" -m venv --clear "$venv"
}

# A folder that was copied from elsewhere still points there: start anew.
if [ "$(cat "$venv/made-in" 2>/dev/null)" != "$PWD" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    make_venv
    echo "$PWD" >"$venv/made-in"
fi

# uv does not read pip's settings: where pip is told of another index, tell uv too.
index=${PIP_INDEX_URL:-$("$venv/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
if [ -n "$index" ]; then
    export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
fi

echo "installing $lock into $venv"
pip="$venv/bin/python -m pip --disable-pip-version-check --quiet"
$pip install --no-deps --require-hashes -r requirements/uv.txt
if ! "$venv/bin/uv" pip sync --quiet --python "$venv/bin/python" "$lock"; then
    echo "uv could not install $lock; trying pip, which takes longer" >&2
    $pip install --no-deps --require-hashes -r "$lock"
fi
$pip install --no-deps --no-build-isolation --editable .
