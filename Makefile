# make demo   set up and run the whole loop on the embedded vehicle
# make test   set up and run every test (as root it installs the Debian packages that tests need)
PYTHON ?= python3.11
BIN := .venv/bin
# Debian packages of tests that need a real browser (libatomic1 is for its driver), Chinese fonts, and the reference metadata reader
TEST_PACKAGES := chromium libatomic1 fonts-noto-cjk libimage-exiftool-perl

.PHONY: demo test lint format campaign lock clean packages
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# make/make/p' Makefile

.venv/ready: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "missing: $(PYTHON) (Debian package python3.11)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; } || \
	  { echo "missing: Debian package python3-venv (apt-get install python3-venv)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch .venv/ready

demo: .venv/ready
	$(BIN)/dronepatrol demo --out demo-out

packages:
	@missing=""; for p in $(TEST_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing) \
	      >/dev/null 2>&1 || echo "could not install:$$missing; the tests that need them will skip"; \
	  else echo "not root, and missing:$$missing; the tests that need them will skip"; fi; fi

test: .venv/ready packages
	$(BIN)/python -m pytest -m "not campaign" -n 3 --dist loadfile

campaign: .venv/ready packages
	$(BIN)/python -m pytest -m campaign

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Resolves the newest versions that pyproject.toml allows; run it to renew requirements.lock.
lock:
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --upgrade pip
	.venv-lock/bin/python -m pip install --quiet hatchling editables . --group test --group lint
	.venv-lock/bin/python -m pip uninstall --quiet --yes dronepatrol
	.venv-lock/bin/python -m pip freeze --exclude pip --exclude setuptools > requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv .venv-lock demo-out build dist
