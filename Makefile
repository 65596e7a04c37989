# `make demo` (hear a call), `make test` (everything that must hold), `make soak` (nothing leaks, no order of events surprises),
# `make bench` (what it costs), `make quality` (how it sounds), `make deb` (a Debian package).
.PHONY: demo soak test bench quality deb lab lab-sound help
.DEFAULT_GOAL := help

help:
	@echo 'make demo    build, then a real call between two daemons on this machine; DEMO="--keep DIR" and the like are passed on'
	@echo 'make soak    a million random sequences of calls, then 1,000 real calls and a look at what the daemons hold after each;'
	@echo '             SEQUENCES=10000 CALLS=100 PROFILE=debug for less'
	@echo 'make test    format, lints, docs, licences and all tests'
	@echo 'make lab     calls in network namespaces (as root) through a blackout, a new address, loss; LAB="blackout" for one, PROFILE=release'
	@echo 'make lab-sound calls of real daemons (as root) over the roads of make quality, in real time; LAB="loss5 rate24 --seeds 2 --peer clean"'
	@echo 'make deb     build the release and make a Debian package in target/'
	@echo 'make quality calls over bad roads in virtual time, scored with PESQ and STOI, and drawn (python3 with venv); QUALITY="--seeds 1 --profiles loss10" for less,'
	@echo '             SPEECH=FILE.wav for other speech than our own'
	@echo 'make bench   a release build, measured against every bar of speed and cost, beside baresip where it is installed (as root)'

demo:
	@./scripts/setup
	@./scripts/demo $(DEMO)

CALLS ?= 1000
SEQUENCES ?= 1000000
export SEQUENCES
soak:
	@./scripts/setup
	@PROFILE=$(or $(PROFILE),release) ./scripts/search
	@PROFILE=$(or $(PROFILE),release) ./scripts/soak --calls $(CALLS) $(SOAK)

test:
	@./scripts/setup
	@./scripts/test

lab:
	@./scripts/setup
	@PROFILE=$(or $(PROFILE),debug) ./scripts/lab/run $(LAB)

lab-sound:
	@./scripts/setup
	@PROFILE=$(or $(PROFILE),release) ./scripts/lab/sound $(LAB)

deb:
	@./scripts/setup
	@./scripts/deb

bench:
	@./scripts/setup
	@./scripts/bench

quality:
	@./scripts/setup
	@./scripts/quality $(QUALITY)
