# Two commands: `make run` and `make test`. Each does all of its own set-up.
PYTHON := .venv/bin/python
# The lock files are compiled with this uv; nothing else here needs it.
UV := uv==0.13.9

# One thread a process: several processes share the cores better than the threads of one.
export OMP_NUM_THREADS ?= 1
export PYTHONUNBUFFERED := 1
.NOTPARALLEL:
.PHONY: help run test setup setup-dev lint test-sqlite test-postgres lock screenshots bench bench-data

help:
	@echo "make run             start everything: web server, worker, scheduler (PORT=8000, HOST=127.0.0.1)"
	@echo "make test            all checks and all tests, on SQLite and on Postgres"
	@echo "make lint            style, types, import direction, deployment checks, migrations"
	@echo "make test-sqlite     the tests on SQLite      (ARGS='-k name' for some of them)"
	@echo "make test-postgres   the tests that touch the database, on Postgres"
	@echo "make screenshots     take the pictures in docs/images anew"
	@echo "make bench           measure accuracy and speed (DATA=folder with one folder a set; SETS, JOBS)"
	@echo "make lock            compile the lock files anew from pyproject.toml"

run: export LOG_LEVEL ?= WARNING
run: setup
	@exec $(PYTHON) manage.py serve

test: lint test-sqlite test-postgres

setup:
	@.ci/venv requirements.lock

setup-dev:
	@.ci/venv requirements-dev.lock

# Two processes side by side; tests/groups.py tells which tests stay together.
PYTEST_ARGS := -n 2 --dist loadgroup

lint: setup-dev
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m djlint templates --lint --quiet
	$(PYTHON) -m mypy
	.venv/bin/lint-imports --no-cache
	$(PYTHON) manage.py makemigrations --check --dry-run
	SKILLBUILDER_HTTPS=1 ALLOWED_HOSTS=skills.example \
		$(PYTHON) manage.py check --deploy --fail-level WARNING

test-sqlite: setup-dev
	@.ci/chromium
	env -u DATABASE_URL $(PYTHON) -m pytest $(PYTEST_ARGS) $(ARGS)

test-postgres: setup-dev
	@.ci/chromium
	$(PYTHON) tests/on_postgres.py $(PYTEST_ARGS) -m database $(ARGS)

lock: setup-dev
	$(PYTHON) -m pip install --quiet $(UV)
	$(PYTHON) -m uv pip compile pyproject.toml --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --output-file requirements.lock
	$(PYTHON) -m uv pip compile pyproject.toml --python-version 3.11 --generate-hashes \
		--extra s3 --constraint requirements.lock \
		--no-header --no-annotate --output-file requirements-s3.lock
	$(PYTHON) -m uv pip compile pyproject.toml --python-version 3.11 --generate-hashes \
		--extra dev --constraint requirements.lock \
		--no-header --no-annotate --output-file requirements-dev.lock

screenshots: setup-dev
	@.ci/chromium
	$(PYTHON) -m tests.browser.screenshots

SETS ?= snips10 snips70 xsid-en xsid-de atis snips banking77@10 banking77 clinc150
JOBS ?= 1

bench: bench-data setup-dev
	$(PYTHON) -m benchmarks.accuracy "$(DATA)" --sets $(SETS) --jobs $(JOBS) --readme
	$(PYTHON) -m benchmarks.speed "$(DATA)/snips70/train.jsonl.gz" \
		"$(DATA)/snips70/test.jsonl.gz" --readme

# Before the set-up, which takes minutes on a new machine.
bench-data:
	@test -n "$(DATA)" || { \
		echo "DATA is not set. Run: make bench DATA=folder with one folder a set" >&2; exit 2; }
