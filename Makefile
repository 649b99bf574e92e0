# Everything runs in .venv, which is made on first use and grows by what a command needs. Delete .venv to start over.
#   make demo       install fastml and race it against scikit-learn on real data
#   make test       the whole test suite
#   make lint       ruff, mypy, numpydoc
#   make cuda-lint  compile the CUDA kernels without a GPU and check what came out
#   make compare    the speed targets against every peer
#   make gates      no slower than scikit-learn: pytest-benchmark's table, fails when slower
#   make bench      the asv suites, on this checkout
#   make tables     start-up, small inputs and scaling
# ARGS adds arguments: make test ARGS="-k kmeans -x"

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
# Relative paths and `python -m` throughout: a path with a space in it stays out of command lines and shebangs.
RUN := $(VENV)/bin/python
STAMPS := $(VENV)/stamps
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check
EDITABLE := $(INSTALL) --no-build-isolation --editable
ARGS ?=

.PHONY: demo test lint cuda-lint compare gates bench tables docs clean
.DELETE_ON_ERROR:

demo: $(STAMPS)/vision
	$(RUN) -m fastml compare $(ARGS)

test: $(STAMPS)/test
	$(RUN) -m pytest -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder -m "not cuda_lint" $(ARGS)

lint: $(STAMPS)/lint
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(RUN) -m tools.check_docstrings

cuda-lint: $(STAMPS)/test $(STAMPS)/cuda-lint
	$(RUN) -m pytest -m cuda_lint tests/kernels/test_cuda_lint.py $(ARGS)

compare: $(STAMPS)/peers
	$(RUN) -m fastml compare --targets --peers $(ARGS)

gates: $(STAMPS)/test
	$(RUN) -m pytest benchmarks/test_gates.py --benchmark-enable --benchmark-columns=median,iqr,rounds $(ARGS)

tables: $(STAMPS)/vision $(STAMPS)/bench
	$(RUN) -m benchmarks.startup --kernels
	$(RUN) -m benchmarks.small_inputs
	$(RUN) -m benchmarks.scaling

bench: $(STAMPS)/bench
	$(RUN) -m asv machine --yes
	$(RUN) -m asv run --python=same --quick --show-stderr $(ARGS)

docs: $(STAMPS)/docs
	$(RUN) -m sphinx -W -b html docs docs/_build/html

clean:
	rm -rf "$(VENV)" build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .asv .benchmarks docs/_build fastml/kernels/_lib fastml/kernels/*.so

$(STAMPS)/python:
	@test -n "$(PYTHON)" || { echo "fastml needs Python 3.11 or later: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

# What pyproject.toml's build-system requires.
$(STAMPS)/build: $(STAMPS)/python pyproject.toml
	$(INSTALL) 'setuptools>=77' numpy numba
	@touch $@

# One stamp for each extra: make demo needs one of them only. Installing compiles the kernels, with the Numba that is
# in the environment already; what has not changed since the last time is not compiled again.
$(STAMPS)/%: $(STAMPS)/build
	@echo "Installing fastml[$*] into $(VENV) (the first time this compiles the kernels) ..."
	$(EDITABLE) ".[$*]"
	@touch $@

# It comes from a later toolkit than the rest and would drag it along.
$(STAMPS)/cuda-lint: $(STAMPS)/build
	@echo "Installing fastml[cuda-lint] into $(VENV) ..."
	$(EDITABLE) ".[cuda-lint]"
	$(INSTALL) --no-deps 'nvidia-cuda-nvdisasm==13.2.*'
	@touch $@
