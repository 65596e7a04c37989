# `make demo` (hear a call), `make test` (everything that must hold), `make deb` (a Debian package).
.PHONY: demo test deb help
.DEFAULT_GOAL := help

help:
	@echo 'make demo    build, then a real call between two daemons on this machine; DEMO="--keep DIR" and the like are passed on'
	@echo 'make test    format, lints, docs, licences and all tests'
	@echo 'make deb     build the release and make a Debian package in target/'

demo:
	@./scripts/setup
	@./scripts/demo $(DEMO)

test:
	@./scripts/setup
	@./scripts/test

deb:
	@./scripts/setup
	@./scripts/deb
