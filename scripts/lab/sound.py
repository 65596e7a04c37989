#!/usr/bin/env python3
"""Calls between real daemons over the bad roads of `make quality`, one after the other: sound.py AHOYD HEARD SPEECH.wav OUT [ROAD..]

HEARD is `ahoy-heard`, which knows the roads and measures what was heard. --seeds N calls of each road; --peer ROAD,.. holds a call of baresip's
besides, on a road of its own with the same seed. Writes OUT/calls.jsonl for score.py. What the machine did meanwhile stands beside each
figure: its load, and by how much packets came later than the road meant them to.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import daemon  # noqa: E402
import peer  # noqa: E402
import road  # noqa: E402
import weather  # noqa: E402

HOSTS = {"a": "10.79.0.1", "b": "10.79.0.2"}
LOOK_S = 5.0  # between two looks at what a daemon shows of its call
TAIL_S = 1.0  # after the last word, so that it arrives


class Roads:
    """What `ahoy-heard roads` prints."""

    def __init__(self, heard):
        told = json.loads(subprocess.check_output([heard, "roads"]))
        self.lead_s, self.all = told["lead_s"], {}
        for name, parts in told["roads"].items():
            self.all[name] = [(from_s, weather.of_profile(part, told["queue_ms"])) for from_s, part in parts]


def live(the_road, parts, speech_s, length_s, look):
    """The weather of a road until all is said: `speech_s` is when speech began (monotonic). When it was worse for a while: from, to."""
    marks, begun = [], {pair: way.counts() for pair, way in the_road.ways.items()}
    looked, over = time.monotonic(), speech_s + length_s + TAIL_S
    parts = list(parts[1:])
    while True:
        now = time.monotonic()
        if parts and now >= speech_s + parts[0][0]:
            the_road.weather = parts.pop(0)[1]
            marks.append(now)
        if now >= looked + LOOK_S:
            looked = now
            look()
        if now >= over:
            break
        next_s = min([over, looked + LOOK_S] + ([speech_s + parts[0][0]] if parts else []))
        time.sleep(max(0.0, next_s - time.monotonic()))
    seconds = time.monotonic() - speech_s
    traffic = {}
    for pair, way in the_road.ways.items():
        now, then = way.counts(), begun[pair]
        rates = {key: (now["bytes"][key] - then["bytes"].get(key, 0)) * 8 / 1000 / seconds for key in now["bytes"]}
        packets, lost = (now[key] - then[key] for key in ("packets", "lost"))
        traffic[pair] = {
            "kbps": sum(rates.values()),
            "kbps_by_kind": {key: round(rate, 1) for key, rate in rates.items()},
            "lost_percent": 100 * lost / max(1, packets),
        }
    return traffic, tuple(marks) if len(marks) == 2 else None


def late_ms(the_road):
    """99 of 100 packets came this much later than meant, at most."""
    late = sorted(the_road.late_s)
    return round(1000 * late[int(len(late) * 0.99)], 2) if late else None


def seconds_of(path):
    with wave.open(path) as file:
        return file.getnframes() / file.getframerate()


def shown(host, call, into):
    """What the daemon shows of a call, for those who read it afterwards."""
    for participant in host.client.ask("call.stats", call=call)["participants"]:
        into.append({"at": time.monotonic(), **participant})


def middle(values):
    return statistics.median(values) if values else None


def ours(options, roads, name, seed, spoken, home):
    """One call; a line for each direction."""
    the_road = road.Road(f"ahoysound{os.getpid() % 1000}", HOSTS, seed)
    hosts, figures = [], {"a": [], "b": []}
    load = os.getloadavg()[0]
    try:
        for host in HOSTS:
            folder = os.path.join(home, host)
            hosts.append(daemon.Host(the_road, options.ahoyd, folder, host, says=f"file:{spoken}", log=options.log))
        # They meet on the road that they talk over: what they are told there says how slow it is.
        the_road.weather = roads.all[name][0][1]
        daemon.meet(*hosts)
        call = daemon.call(*hosts)
        began = hosts[0].client.source_began
        speech_s = began + roads.lead_s
        length_s = seconds_of(spoken) - roads.lead_s

        def look():
            for host in hosts:
                shown(host, call, figures[host.name])

        traffic, marks = live(the_road, roads.all[name], speech_s, length_s, look)
        the_road.weather = weather.Weather()
        hosts[0].client.ask("call.hang_up", call=call)
        for host in hosts:
            host.client.state(call, "ended")
            host.stop()
        lines = []
        for way, (talker, listener) in enumerate((hosts, hosts[::-1])):
            kept = os.path.join(options.out, f"{name}-{seed}-{way}.wav")
            shutil.copyfile(listener.heard, kept)
            source = talker.client.source_began
            seen = figures[listener.name]
            lines.append({
                "profile": name, "seed": seed, "way": way, "heard": kept,
                "start_s": listener.client.sink_began - source,
                "gap_s": marks and [mark - source for mark in marks],
                **traffic[(talker.name, listener.name)],
                "load": round(max(load, os.getloadavg()[0]), 1),
                "late_ms": late_ms(the_road),
                "shown_m2e_ms": middle([f["mouth_to_ear_ms"] for f in seen if f.get("mouth_to_ear_ms") is not None]),
                "shown": seen, "states": listener.client.states(speech_s),
            })
        return lines
    finally:
        for host in hosts:
            if host.process.poll() is None:
                host.process.kill()
                host.process.wait()
        the_road.close()


def of_peer(options, roads, name, seed, spoken, home):
    """The same of baresip's. It plays what it decodes into a file without its times, so nothing is said about its delay."""
    the_road = road.Road(f"ahoypeer{os.getpid() % 1000}", HOSTS, seed)
    load = os.getloadavg()[0]
    try:
        the_road.weather = roads.all[name][0][1]
        with peer.Pair(the_road, HOSTS, spoken, home) as pair:
            speech_s = time.monotonic() + roads.lead_s
            length_s = seconds_of(spoken) - roads.lead_s
            traffic, _ = live(the_road, roads.all[name], speech_s, length_s, lambda: None)
        lines = []
        for way, (talker, listener) in enumerate((("a", "b"), ("b", "a"))):
            kept = os.path.join(options.out, f"{name}-baresip-{seed}-{way}.wav")
            start_s = pair.heard(listener, kept)
            lines.append({
                "profile": f"{name} baresip", "seed": seed, "way": way, "heard": kept, "start_s": start_s, "gap_s": None,
                **traffic[(talker, listener)],
                "load": round(max(load, os.getloadavg()[0]), 1), "late_ms": late_ms(the_road), "shown_m2e_ms": None,
            })
        return lines
    finally:
        the_road.close()


def tidy(value):
    return round(value, 2) if isinstance(value, float) else value


def one(hold, options, roads, name, seed, spoken):
    """One call, measured; says what came of it."""
    home = tempfile.mkdtemp(prefix="ahoy-sound-")
    try:
        lines = hold(options, roads, name, seed, spoken, home)
    finally:
        if options.keep:
            kept = os.path.join(options.keep, f"{name}-{seed}-{int(time.time())}")
            shutil.copytree(home, kept, ignore=shutil.ignore_patterns("*.sock"))
        shutil.rmtree(home)
    asked = "".join(json.dumps(line) + "\n" for line in lines)
    told = subprocess.run(["nice", options.heard, "measure", spoken], input=asked, capture_output=True, text=True, check=True)
    for line in map(json.loads, told.stdout.splitlines()):
        if "baresip" in line["profile"]:
            line["m2e_ms"] = line["m2e_p99_ms"] = line["m2e_max_ms"] = line["drift_ms"] = None
        daemon.show(line["profile"], **{key: tidy(line[key]) for key in (
            "seed", "way", "m2e_ms", "m2e_p99_ms", "m2e_max_ms", "shown_m2e_ms", "drift_ms", "silence_ms", "distance_db", "found_percent",
            "kbps", "kbps_by_kind", "lost_percent", "recover_ms", "after_gap_ms", "states", "load", "late_ms") if key in line})
    return told.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ahoyd")
    parser.add_argument("heard")
    parser.add_argument("speech")
    parser.add_argument("out")
    parser.add_argument("names", nargs="*", metavar="ROAD")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--peer", default="", help="roads on which baresip is measured too, by commas")
    parser.add_argument("--keep", help="where the homes of the daemons are kept")
    parser.add_argument("--log", help="log filter of the daemons; their words are in the homes")
    parser.add_argument("--urgent", action="store_true", help="calls and road run before all else (SCHED_RR): where this machine is busy")
    options = parser.parse_intermixed_args()
    options.ahoyd = os.path.abspath(options.ahoyd)
    if options.urgent:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    roads = Roads(options.heard)
    unknown = [name for name in options.names if name not in roads.all]
    if unknown:
        parser.error(f"no road is called {', '.join(unknown)}; there are {', '.join(roads.all)}")
    beside = set(filter(None, options.peer.split(",")))
    if beside and peer.missing():
        print(f"SKIPPED: baresip: {peer.missing()}", file=sys.stderr, flush=True)
        beside = set()
    spoken = os.path.join(options.out, "spoken.wav")
    subprocess.run([options.heard, "prepare", options.speech, spoken], check=True)
    failed = 0
    with open(os.path.join(options.out, "calls.jsonl"), "w", encoding="utf-8") as table:
        for name in options.names or roads.all:
            for seed in range(1, options.seeds + 1):
                for hold in [ours] + ([of_peer] if name in beside else []):
                    try:
                        table.write(one(hold, options, roads, name, seed, spoken))
                        table.flush()
                    except (daemon.Failed, peer.Failed) as why:
                        daemon.show(name, seed=seed, who="ahoyd" if hold is ours else "baresip", failed=str(why))
                        failed += hold is ours
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
