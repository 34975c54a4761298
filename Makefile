# make run    everything on this machine, a sample report made, then serving until Ctrl-C
# make demo   the same, then exit
# make test   lint, types, every test
# make verify ID=…   a job's report rendered again from its receipt, and its bytes compared
# make audit   what contradicts the records in the running stack's broker is put right
# make preview TYPE=sales [DATA=file.json] [ROWS=file.jsonl] [WATCH=1]   one report type as PDF and PNG, in out/preview
# make mutants   faults made in a copy, each of which a named test must notice
# make synth   the templates of every environment and profile, in cdk.out/; ENV=dev and PROFILE=lite choose
# make diff ENV=dev · make deploy ENV=dev · make destroy ENV=dev   in AWS; PROFILE=lite instead of the environment's own
# make smoke ENV=dev   makes a report where that was deployed, or at URL=…; the API key is in SMOKE_KEY
# make pipeline ENV=dev REPOSITORY=owner/name   the role that the workflow deploys with; once for an environment
# make image-test   builds the worker's image without Docker, and makes a report in it
# make lock [UPGRADE=1]   the requirements files, from the groups of pyproject.toml
# make sbom   what is shipped and under which licences, in out/sbom
# make lint · make setup · make clean
#
# Each needs Python 3.11 or newer and nothing else that is not fetched; what is there already is not fetched again.

# The first that is new enough.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,\
  $(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
PORT ?= 8080

# From fast to slow. The first share two processes, a file each; the others have the machine to themselves, for they are of
# whole stacks and crews of workers of which some are killed.
SHARED := $(addprefix tests/,unit queue ledger functions render attacks golden cdk page worker local docs)
ALONE := $(addprefix tests/,e2e chaos)

# What a renderer's start reads.
RENDERED := $(shell find layers/report_queue/python/report_queue -name '*.py' -o -name '*.html')

.PHONY: run demo verify audit preview test mutants synth diff deploy destroy pipeline smoke image-test lock sbom lint setup clean
.DELETE_ON_ERROR:

run: setup
	$(PY) -m cdk_app.local up --demo --port $(PORT)

demo: setup
	$(PY) -m cdk_app.local demo --port $(PORT)

verify: setup
	$(PY) -m cdk_app.local verify "$(ID)"

audit: .venv/.requirements
	$(PY) -m cdk_app.local audit

preview: .venv/.requirements .venv/.system-run .venv/.prepared
	$(PY) -m cdk_app.local preview $(if $(TYPE),"$(TYPE)") $(if $(DATA),--data "$(DATA)") $(if $(ROWS),--rows "$(ROWS)") $(if $(WATCH),--watch)

test: lint .venv/.system-test setup
	$(PY) -m pytest -n 2 --dist loadfile $(SHARED)
	$(PY) -m pytest $(ALONE)

mutants: .venv/.system-test setup
	$(PY) -m tests.mutants

synth diff deploy destroy pipeline: .venv/.cdk
	$(PY) -m cdk_app.deploy $@ $(if $(ENV),--env "$(ENV)") $(if $(PROFILE),--profile "$(PROFILE)") \
	  $(if $(REPOSITORY),--repository "$(REPOSITORY)")

smoke: .venv/.requirements
	$(PY) -m cdk_app.smoke $(if $(URL),--url "$(URL)",--outputs "cdk.out/$(ENV).outputs.json")

image-test: .venv/.system-image setup
	$(PY) -m pytest -s tests/image

lock: .venv/.requirements
	$(PY) -m cdk_app.supply.lock $(if $(UPGRADE),--upgrade)

sbom: .venv/.requirements
	$(PY) -m cdk_app.supply.sbom

lint: .venv/.requirements
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy -p report_queue -p cdk_app -p functions

setup: .venv/.requirements .venv/.rie .venv/.system-run .venv/.prepared

# The stamps live in the virtual environment, so that removing it is starting afresh.
.venv/.python:
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.requirements: requirements.txt pyproject.toml cdk_app/supply/tools.txt | .venv/.python
	$(PY) -m cdk_app.supply.install
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.rie: cdk_app/local/rie.py cdk_app/supply/tools.txt | .venv/.requirements
	$(PY) -m cdk_app.local.rie
	@touch $@

.venv/.system-run .venv/.system-test .venv/.system-image: .venv/.system-%: cdk_app/local/system.py | .venv/.python
	$(PY) -m cdk_app.local.system $*
	@touch $@

# The CDK's command line, its Node, and the wheels of the layer.
.venv/.cdk: cdk_app/toolchain.py cdk_app/wheels.py cdk_app/supply/tools.txt layers/dependencies/requirements.txt | .venv/.requirements
	$(PY) -m cdk_app.toolchain
	$(PY) -m cdk_app.wheels layers/dependencies/requirements.txt
	@touch $@

# Bytecode, compiled templates and declarations: whatever changed since is compiled by each start, and all works the same.
.venv/.prepared: functions/worker/requirements.txt $(RENDERED) | .venv/.requirements .venv/.system-run
	$(PY) -m report_queue.render.prepared
	@touch $@

clean:
	rm -rf .venv .data out cdk.out .mypy_cache .ruff_cache .pytest_cache .hypothesis
