# SPDX-License-Identifier: GPL-2.0-only
#
# make stress and make test are all that a fresh clone needs.  Each target prints the command that it
# stands for; what is not here is in .venv/bin/mmutorture --help.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:
.DELETE_ON_ERROR:

# --- Variables of the command line ------------------------------------------------------------------

SCENARIO ?=
SEED ?=
VCPUS ?=
DURATION ?=
SEEDS ?=
BUDGET ?=
BUG ?=
JOBS ?=
RUN ?=
TOKEN ?=
WHAT ?= scenarios
ARGS ?=

# PYTHON=... builds .venv with that interpreter; MMUTORTURE_BUILD and MMUTORTURE_WERROR: native/build_core.py.
export PYTHON MMUTORTURE_BUILD MMUTORTURE_WERROR

common = $(if $(SEED),--seed $(SEED)) $(if $(VCPUS),--vcpus $(VCPUS))
scenarios = $(if $(SCENARIO),$(SCENARIO),--all)
parallel = $(if $(JOBS),--jobs $(JOBS))

run = @tools/run.sh
mmutorture = $(run) mmutorture
pytest = $(run) pytest -n $(or $(JOBS),auto) --dist loadgroup --max-worker-restart=0

# The suite starts Python some two thousand times: the harness is compiled once, whatever the user's setting.
test determinism: export PYTHONDONTWRITEBYTECODE :=
test determinism: export PYTHONPYCACHEPREFIX := $(CURDIR)/build/pycache

# --- What can be made -------------------------------------------------------------------------------

.PHONY: help
help:
	@echo 'On a fresh machine (Linux x86-64, Python 3.11 or later, a C compiler, make):'
	@echo
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo 'Variables: SCENARIO= SEED= VCPUS= DURATION= BUDGET= BUG= SEEDS= JOBS= RUN= TOKEN= ARGS= PYTHON='
	@echo 'Each target prints the command that it stands for; .venv/bin/mmutorture --help lists the rest.'

##   make stress        build, then run every storm with real processes, and report the contention (two minutes)
.PHONY: stress
stress: build
	$(mmutorture) stress $(scenarios) --duration $(or $(DURATION),$(if $(SCENARIO),10s,2s)) $(common) $(ARGS)

##   make test          build, then run the whole test suite (five minutes at most on 2 cores)
.PHONY: test
test: build
	$(pytest) $(ARGS)

## 
## The harness, day by day:
## 
##   make build         make .venv and compile the core; leaves .venv/bin/mmutorture
.PHONY: build
build: .venv/.built
	@:

##   make explore       search schedules; SCENARIO=zap-vs-fault BUDGET=10s BUG=... JOBS=...
.PHONY: explore
explore: build
	$(mmutorture) explore $(scenarios) --budget $(or $(BUDGET),$(if $(SCENARIO),10s,3s)) \
		$(if $(BUG),--bug $(BUG)) $(parallel) $(common) $(ARGS)

##   make reproduce     replay a failure: TOKEN=mt2:... or RUN=results/latest/NAME/failure-1
.PHONY: reproduce
reproduce: build
	@if [ -z '$(TOKEN)$(RUN)' ]; then \
		echo 'make reproduce needs TOKEN=mt2:... or RUN=results/latest/NAME/failure-1.' >&2; exit 2; fi
	$(mmutorture) reproduce $(if $(TOKEN),'$(TOKEN)',$(RUN)) $(ARGS)

##   make locks         lock contention of a run; RUN=results/latest
.PHONY: locks
locks: build
	$(mmutorture) locks $(or $(RUN),results/latest) $(ARGS)

##   make trace         what each task did, and who waited for whom; RUN=results/latest ARGS='--perfetto FILE'
.PHONY: trace
trace: build
	$(mmutorture) trace $(or $(RUN),results/latest) $(ARGS)

##   make report        a run as one HTML file; RUN=results/latest
.PHONY: report
report: build
	$(mmutorture) report $(or $(RUN),results/latest) $(ARGS)

##   make list          what there is; WHAT=scenarios|bugs|oracles|strategies|contracts
.PHONY: list
list: build
	$(mmutorture) list $(WHAT) $(ARGS)

##   make bench         the harness's own figures, beside its peers on this machine
.PHONY: bench
bench: build
	$(mmutorture) bench $(ARGS)

##   make doctor        what this machine can and cannot do
.PHONY: doctor
doctor: build
	$(mmutorture) doctor $(ARGS)

## 
## How good it is (each takes minutes, some hours):
## 
##   make quality       how soon each planted bug is found, by strategy; SEEDS=5 BUDGET=3s JOBS= ARGS='--only A08'
.PHONY: quality
quality: build
	$(run) python tools/quality.py $(if $(SEEDS),--seeds $(SEEDS)) $(if $(BUDGET),--budget $(BUDGET:s=)) \
		$(parallel) $(ARGS)

##   make independence  with any one oracle disabled, which planted bugs are missed; BUDGET=20 JOBS= ARGS='--only A08'
.PHONY: independence
independence: build
	$(run) python tools/independence.py $(if $(BUDGET),--budget $(BUDGET:s=)) $(parallel) $(ARGS)

##   make mutants       the model broken in one place at a time: what does no oracle notice?  ARGS='--kind if --only ^roots'
.PHONY: mutants
mutants: build
	$(run) python tools/mutants.py $(ARGS)

##   make calibrate     strategies against known probabilities; ARGS='--only twostage'
.PHONY: calibrate
calibrate: build
	$(run) python tools/calibrate.py $(ARGS)

##   make compare-check how often compare is wrong on this machine (half an hour); ARGS=
.PHONY: compare-check
compare-check: build
	$(run) python tools/compare_check.py $(ARGS)

##   make example       the figures and pictures of docs/comparing.md, on this machine (two minutes); ARGS=
.PHONY: example
example: build
	$(run) python tools/example.py $(ARGS)

##   make soak          explore everything until a violation; DURATION=1h, goes on from the last run
.PHONY: soak
soak: build
	$(run) python tools/soak.py $(if $(DURATION),--duration $(DURATION)) $(parallel) $(ARGS)

##   make determinism   one seed is one execution, byte for byte
.PHONY: determinism
determinism: build
	$(pytest) tests/determinism $(ARGS)

##   make coverage      which places of the protocol the suite reaches; ARGS=--write writes docs/coverage.md
.PHONY: coverage
coverage: build
	$(run) python tools/native_coverage.py $(parallel) $(ARGS)

##   make interleavings each switch of the catalogue as columns, in docs/bugs/; ARGS='--only A06'
.PHONY: interleavings
interleavings: build
	$(run) python tools/interleavings.py $(ARGS)

##   make survival      do tokens survive edits of the core?  ARGS='--seeds 5 --rounds 20'
.PHONY: survival
survival: build
	$(run) python tools/survival.py $(ARGS)

## 
## For those who change it:
## 
##   make lint          ruff, mypy, lock contracts (by clang), and whether generated pages are up to date
.PHONY: lint
lint: build
	@status=0; \
	tools/run.sh ruff check || status=1; \
	tools/run.sh ruff format --check || status=1; \
	tools/run.sh mypy || status=1; \
	for check in tools/lint_*.py; do tools/run.sh python "$$check" || status=1; done; \
	for page in contracts doc_tables interleavings; do tools/run.sh python tools/$$page.py --check || status=1; done; \
	exit $$status

##   make dist          the source distribution and the wheel, in dist/
.PHONY: dist sdist wheel
dist: wheel
sdist: build
	@rm -rf dist
	$(run) python setup.py -q sdist
# From the sdist, as everybody else builds it; what an earlier build left in build/ stays out of it.
wheel: sdist
	$(run) python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist dist/*.tar.gz

##   make clean         remove what was built; results/ stays
.PHONY: clean
clean:
	rm -rf .venv build dist *.egg-info harness/*.so native/bench/build native/tests/build
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find harness native tests tools scenarios -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# --- How it is built --------------------------------------------------------------------------------
# Two makes in one tree take turns (build/lock).

# .venv/.installed holds the directory it was made for: a checkout that moved, or whose interpreter has
# gone, is installed again.
ifneq ($(shell test -x .venv/bin/python && cat .venv/.installed 2>/dev/null),$(CURDIR))
.venv/.installed: FORCE
endif
.venv/.installed: pyproject.toml setup.py
	@mkdir -p build && flock build/lock tools/bootstrap.sh
	@echo '$(CURDIR)' >$@

# .venv/.built holds the profile it was built with.  A directory changes when a file comes or goes.
profile := $(or $(MMUTORTURE_BUILD),release)$(if $(filter 1,$(MMUTORTURE_WERROR)),+werror)
native := $(wildcard native native/*/. native/*.[ch] native/*.py native/*/*.[ch] native/*/*.def)
ifneq ($(shell cat .venv/.built 2>/dev/null),$(profile))
.venv/.built: FORCE
endif
ifeq ($(wildcard harness/_core*.so),)
.venv/.built: FORCE
endif
.venv/.built: .venv/.installed $(filter-out native/bench/% native/tests/%,$(native))
	@mkdir -p build && flock build/lock tools/build_core.sh
	@echo '$(profile)' >$@

.PHONY: FORCE
FORCE:
