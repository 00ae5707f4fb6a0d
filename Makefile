# What a person runs and what CI runs. Needed beforehand: Python 3.11 or newer, make, and the package index.
#   make demo     install the core, count a made-up series of scenes, write demo-output/report.html
#   make test     install everything, run the tests
#   make check    lint, type checks and tests
#   make PYTHON=/path/to/python3 ...   chooses the interpreter;  make test PYTEST="-k tiles"  chooses the tests
.DEFAULT_GOAL := help
.PHONY: help demo test test-minimum lint format types check lock clean

CORE := .venv/ready
DEV := .venv-dev/ready
JOBS ?= 2
PYTEST ?=

# A stamp of another folder (a copied checkout) does not count.
ifneq ($(shell cat .venv/made-in 2>/dev/null),$(CURDIR))
$(shell rm -f $(CORE))
endif
ifneq ($(shell cat .venv-dev/made-in 2>/dev/null),$(CURDIR))
$(shell rm -f $(DEV))
endif

help:
	@sed -n '2,5s/^# *//p' Makefile

$(CORE): requirements/core.txt requirements/uv.txt pyproject.toml scripts/setup.sh
	@PYTHON="$(PYTHON)" sh scripts/setup.sh .venv requirements/core.txt
	@touch $@

$(DEV): requirements/all.txt requirements/uv.txt pyproject.toml scripts/setup.sh
	@PYTHON="$(PYTHON)" sh scripts/setup.sh .venv-dev requirements/all.txt
	@touch $@

demo: $(CORE)
	.venv/bin/hardstand demo --out demo-output

test: $(DEV)
	.venv-dev/bin/pytest -n $(JOBS) --durations=10 $(PYTEST)

lint: $(DEV)
	.venv-dev/bin/ruff check .
	.venv-dev/bin/ruff format --check .

format: $(DEV)
	.venv-dev/bin/ruff check --fix .
	.venv-dev/bin/ruff format .

types: $(DEV)
	.venv-dev/bin/mypy
	.venv-dev/bin/pyright --pythonpath .venv-dev/bin/python

check: lint types test

# The oldest release of each direct dependency that pyproject.toml allows, on the oldest Python.
test-minimum: $(DEV)
	.venv-dev/bin/uv venv --quiet --clear --python "$(or $(PYTHON),python3)" .venv-minimum
	.venv-dev/bin/uv pip install --quiet --python .venv-minimum/bin/python --resolution lowest-direct \
	  --editable ".[train,onnx]" --group dev --group install
	.venv-minimum/bin/python -P -m pytest -n $(JOBS) -W default $(PYTEST) # old packages warn of what is newer

# Newest releases that fit pyproject.toml; core.txt takes the same ones as all.txt.
COMPILE = .venv-dev/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --custom-compile-command "make lock"
lock: $(DEV)
	$(COMPILE) pyproject.toml --extra train --extra onnx --group dev --group install -c requirements/constraints.txt \
	  -o requirements/all.txt
	$(COMPILE) pyproject.toml --group install -c requirements/all.txt -o requirements/core.txt
	echo uv | $(COMPILE) - -o requirements/uv.txt

clean:
	rm -rf .venv .venv-dev .venv-minimum build dist *.egg-info demo-output .mypy_cache .pytest_cache .ruff_cache .hypothesis
