# Two commands: `make demo` (hear a call) and `make test` (everything that must hold).
.PHONY: demo test help
.DEFAULT_GOAL := help

help:
	@echo 'make demo    build, then a real call between two daemons on this machine; DEMO="--keep DIR" and the like are passed on'
	@echo 'make test    format, lints, docs, licences and all tests'

demo:
	@./scripts/setup
	@./scripts/demo $(DEMO)

test:
	@./scripts/setup
	@./scripts/test
