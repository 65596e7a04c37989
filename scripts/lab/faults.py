#!/usr/bin/env python3
"""Calls between real daemons in namespaces while the network fails: faults.py AHOYD [--seed N] [--calls N] [--keep DIR] [NAME..]

NAME is blackout, address, both or devices; without one, all. Each prints one JSON line of figures and exits non-zero if a bar is missed.
"""
import argparse
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import daemon  # noqa: E402
import road  # noqa: E402
import weather  # noqa: E402

HOSTS = {"a": "10.79.0.1", "b": "10.79.0.2", "c": "10.79.0.3"}
TONES = {"a": 440, "b": 660, "c": 880}
BACK_S = 3.0
QUIET_S = 1.0


class Lab:
    """A road with daemons on it."""

    def __init__(self, options, hosts):
        self.home = tempfile.mkdtemp(prefix="ahoy-lab-")
        self.options = options
        self.road = road.Road(f"ahoylab{os.getpid() % 1000}", {name: HOSTS[name] for name in hosts}, options.seed)
        self.hosts = []
        try:
            for name in hosts:
                home = os.path.join(self.home, name)
                self.hosts.append(daemon.Host(self.road, options.ahoyd, home, name, tone=TONES[name]))
        except BaseException:
            self.close()
            raise

    def close(self):
        for host in self.hosts:
            host.stop()
        self.road.close()
        if self.options.keep:
            shutil.copytree(self.home, os.path.join(self.options.keep, str(int(time.time()))))
        shutil.rmtree(self.home)


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def cut(lab, seconds):
    """Nothing gets through for so long; returns when it began and when it ended."""
    lab.road.weather.cut = True
    began = time.monotonic()
    time.sleep(seconds)
    lab.road.weather.cut = False
    return began, time.monotonic()


def move(lab):
    """The first host has another address from now on: the old one goes, then the new one comes."""
    name = lab.hosts[0].name
    old = lab.road.address[name]
    new = "10.79.%d.1" % (int(old.split(".")[2]) + 1)
    began = time.monotonic()
    lab.road.take(name, old)
    time.sleep(lab.options.gap)
    lab.road.give(name, new)
    return began, time.monotonic()


def interrupted(options, name, breaks):
    """Two in a call; what `breaks` does is measured by what each heard."""
    lab = Lab(options, "ab")
    try:
        one, other = lab.hosts
        daemon.meet(one, other)
        call = daemon.call(one, other)
        time.sleep(4)
        marks = []
        for break_it in breaks:
            marks.append(break_it(lab))
            time.sleep(12)
        for host in lab.hosts:
            state = [c["state"] for c in host.client.ask("call.list")["calls"] if c["call"] == call]
            if state != ["active"]:
                raise daemon.Failed(f"{host.name} says {state} of the call")
        one.client.ask("call.hang_up", call=call)
        for host in lab.hosts:
            host.client.state(call, "ended")
        return judge(lab, name, marks)
    finally:
        lab.close()


def judge(lab, name, marks):
    good = True
    for host in lab.hosts:
        host.stop()
    for host, other in (lab.hosts, lab.hosts[::-1]):
        steps = daemon.tone_steps(host.heard, other.tone)
        began = host.client.sink_began
        for number, (from_s, to_s) in enumerate(marks):
            back = daemon.back_after(steps, began, to_s)
            good = good and back is not None and back <= BACK_S
            daemon.show(
                name,
                part=number + 1,
                at=host.name,
                path_gone_s=round(to_s - from_s, 2),
                heard_again_after_s=back if back is None else round(back, 2),
                states=host.client.states(from_s),
            )
    return good


def devices(options):
    """Two devices of one account ring; one answers. When does the other stop?"""
    lab = Lab(options, "abc")
    try:
        caller, first, second = lab.hosts
        daemon.meet(caller, first)
        daemon.link(first, second)
        caller.knows("b", devices=2)
        second.knows("a")
        lab.road.weather = weather.Weather(delay_s=0.1, jitter_s=0.025, loss=0.05)
        took = []
        for number in range(options.calls):
            answering, resting = (first, second) if number % 2 else (second, first)
            took.append(daemon.answered_elsewhere(caller, answering, resting))
            say(f"call {number + 1}: {took[-1] * 1000:.0f} ms")
        took.sort()
        p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
        daemon.show(
            "devices",
            calls=len(took),
            median_ms=round(took[len(took) // 2] * 1000),
            p99_ms=round(p99 * 1000),
            worst_ms=round(took[-1] * 1000),
            packets=sum(way.packets for way in lab.road.ways.values()),
            packets_lost=sum(way.lost for way in lab.road.ways.values()),
        )
        return p99 <= QUIET_S
    finally:
        lab.close()


def blackout(lab):
    return cut(lab, lab.options.blackout)


RUNS = {
    "blackout": lambda options: interrupted(options, "blackout", [blackout]),
    "address": lambda options: interrupted(options, "address", [move]),
    "both": lambda options: interrupted(options, "both", [blackout, move]),
    "devices": devices,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ahoyd")
    parser.add_argument("names", nargs="*", metavar="NAME", help="|".join(RUNS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--blackout", type=float, default=20.0, help="seconds")
    parser.add_argument("--gap", type=float, default=0.5, help="seconds without an address when it changes")
    parser.add_argument("--keep", help="where recordings and logs are kept")
    options = parser.parse_intermixed_args()
    why = road.missing()
    if why:
        print(f"SKIPPED, nothing was measured: {why}", flush=True)
        return 0
    options.ahoyd = os.path.abspath(options.ahoyd)
    good = True
    for name in options.names or RUNS:
        say(name)
        try:
            good = RUNS[name](options) and good
        except daemon.Failed as why:
            daemon.show(name, failed=str(why))
            good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
