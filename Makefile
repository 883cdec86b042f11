# make demo: the whole drill on a lab guest, from nothing. make test: everything CI runs. make help: the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.tree
# Into a pipe or a log, too, what takes minutes says how far it is while it is on its way.
export PYTHONUNBUFFERED := 1
VENV := .venv
# Whoever is neither root nor let in by sudo without a password is asked for it, once.
BECOME := $(shell [ "$$(id -u)" = 0 ] || sudo -n true 2>/dev/null || echo --ask-become-pass)
PLAYBOOK := $(VENV)/bin/ansible-playbook $(BECOME)
NOX := $(VENV)/bin/nox
SECONDS := 600
ARCH := x86_64

.PHONY: help demo drill test check matrix fuzz bench lab-down controller clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):.*## /\1\t/' | column -t -s $$'\t'

$(VENV)/.ready: requirements/controller.txt requirements/nox.txt
	@tools/bootstrap $(VENV) $^

demo: $(VENV)/.ready ## The whole drill on a lab guest: build, deploy, crash, capture, collect, verify
	@$(PLAYBOOK) linux.kdump.demo

drill: $(VENV)/.ready ## The same on an emulated machine of ARCH: x86_64 (default), i386, ppc64le, arm64, s390x
	@$(PLAYBOOK) linux.kdump.drill --extra-vars kdump_drill_architecture=$(ARCH)

controller: $(VENV)/.ready ## Install what the controller needs (QEMU, mmdebstrap, build tools)
	@$(PLAYBOOK) linux.kdump.controller

test: $(VENV)/.ready ## Everything CI runs
	@$(PLAYBOOK) linux.kdump.controller --extra-vars @tests/packages.yml
	@$(NOX)

check: $(VENV)/.ready ## Lint and unit tests, under a minute once the environments are made
	@$(NOX) --session lint units

matrix: $(VENV)/.ready ## Drills on every architecture, profile and target; takes an hour or more
	@$(PLAYBOOK) linux.kdump.controller --extra-vars @tests/packages.yml --extra-vars @tests/matrix/architectures.yml
	@$(NOX) --session matrix
	@$(NOX) --session molecule -- targets undo grub-efi systemd-boot extlinux audit engine-distribution

fuzz: $(VENV)/.ready ## Fuzz the readers of dumps for SECONDS (600), from another start each time
	@$(NOX) --session fuzz -- --seconds $(SECONDS) --seed 0

bench: $(VENV)/.ready ## Benchmarks
	@for file in tests/benchmarks/*.py; do PYTHONPATH=.tree $(VENV)/bin/python $$file; done

lab-down: $(VENV)/.ready ## Stop every guest of the lab and remove it
	@$(PLAYBOOK) linux.kdump.lab_down

clean: ## Remove environments and artefacts of this checkout; caches of kernels and images stay
	@rm -rf .venv .nox .tree artifacts tests/output
