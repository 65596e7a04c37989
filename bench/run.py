#!/usr/bin/env python3
"""Every row of "Speed and cost" that concerns two parties and an idle daemon, beside baresip where it is installed.

`make bench` runs it; `BENCH_RUNS` (5) and `BENCH_SECONDS` (30) set how much. It prints a table, writes
`bench-out/bars.json`, and says which rows fall short. The machine must be quiet for the times to mean anything; the
ratios to baresip are of the same minute.
"""

import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys

import baresip
import ours

ROOT = pathlib.Path(__file__).resolve().parent.parent
MIB = 1024 * 1024
SPEED = ["cargo", "test", "--release", "--locked", "-p", "ahoy-tests", "--test", "swarm", "speed", "--", "--ignored",
         "--nocapture", "--test-threads=1"]
CONTROL = ["cargo", "bench", "--locked", "--offline", "-p", "ahoy-tests", "--bench", "control", "--", "all"]
IDLE = ["cargo", "bench", "--locked", "--offline", "-p", "ahoy-tests", "--bench", "network", "--", "idle"]


class Table:
    """Rows as they are found."""

    def __init__(self):
        self.rows = []

    def add(self, what, unit, bar, value, peer=None, peer_name=None, note=None, bar_ratio=None):
        """A row; `bar` is the largest value that is ok, `bar_ratio` the largest share of the peer's."""
        ratio = value / peer if value is not None and peer else None
        limit = bar_ratio * peer if bar_ratio and peer else bar
        verdict = "not measured" if value is None else "no bar" if limit is None else "ok" if value <= limit else "SHORT"
        row = {"what": what, "unit": unit, "bar": limit, "ours": value, "peer": peer, "peer_name": peer_name,
               "ratio": ratio, "verdict": verdict, "note": note}
        self.rows.append(row)
        print(line(row), flush=True)

    def skip(self, what, why):
        self.add(what, "", None, None, note=why)

    def short(self):
        return [row["what"] for row in self.rows if row["verdict"] in ("SHORT", "not measured")]

    def met(self):
        return sum(row["verdict"] == "ok" for row in self.rows)


def line(row):
    number = lambda value: "-" if value is None else f"{value:.4g}"
    peer = f"{number(row['peer'])} {row['peer_name'] or ''}".strip()
    cells = [f"{row['what']:<66}", f"{number(row['bar']):>7}", f"{number(row['ours']):>7}", f"{row['unit']:<5}",
             f"{peer:<22}", f"{number(row['ratio']):>6}", row["verdict"], row["note"] or ""]
    return " ".join(cells).rstrip()


def calls(table, programs, runs, seconds):
    """Latencies, with nothing else on the machine."""
    twenty = ours.talk(programs, runs, seconds, 20)
    offer = [call["offer_to_ringing_ms"] for call in twenty]
    table.add("offer -> ringing there, connected (over two control sockets), median", "ms", 15, ours.median(offer))
    heard = ours.both(twenty, "accept_to_audio_ms")
    table.add("accept -> the other is heard (whole frame and both sockets), median", "ms", None, ours.median(heard))
    delays = ours.windows(twenty)
    note = f"{len(delays)} windows"
    table.add("mouth to ear, 20 ms frames, median", "ms", 45, ours.median(delays), note=note)
    table.add("mouth to ear, 20 ms frames, p99", "ms", 50, ours.percentile(delays, 0.99), note=note)
    delays = ours.windows(ours.talk(programs, max(1, runs // 2), seconds, 10))
    note = f"{len(delays)} windows"
    table.add("mouth to ear, 10 ms frames, median", "ms", 30, ours.median(delays), note=note)
    table.add("mouth to ear, 10 ms frames, p99", "ms", None, ours.percentile(delays, 0.99), note=note)


def cost(table, programs, runs, seconds):
    """CPU and memory, beside the peer."""
    speech = [programs.out / "ada.wav", programs.out / "ben.wav"]
    for path in speech:
        # Longer than the talk by what meeting, ringing and judging take.
        baresip.long_speech(ROOT / "tests/speech" / path.name, path, seconds + 30)
    found = ours.cost(programs, runs, seconds, speech)
    if found["skipped"]:
        print(f"SKIPPED: baresip: {found['skipped']}", file=sys.stderr, flush=True)
    cpu = ours.median(ours.both(found["ours"], "cpu_s_per_call_minute"))
    for kind, name in (("dtls", "baresip DTLS-SRTP, ICE"), ("plain", "baresip plain RTP")):
        what = f"CPU seconds a call minute, one daemon, beside {name}"
        peer = ours.median(found["peers"][kind])
        if peer is None:
            table.add(what, "s", 1.65, cpu, note="the bar is 0.7 x baresip, which is 2.35 s elsewhere")
        else:
            table.add(what, "s", None, cpu, peer, "s", bar_ratio=0.7)
    peaks = ours.both(found["ours"], "peak_rss_bytes")
    peer = ours.median(found["peaks"]["dtls"])
    table.add("peak memory of a daemon in a call", "MiB", 32, max(peaks) / MIB, peer and peer / MIB, "MiB")
    beside_chromium(table, programs, runs, seconds, speech)


def beside_chromium(table, programs, runs, seconds, speech):
    """CPU with all the processing of the microphone, and with none."""
    found, why = ours.processed(programs, runs, seconds, speech)
    if why:
        print(f"SKIPPED: chromium: {why}", file=sys.stderr, flush=True)
    for on, calls in found.items():
        peer, memory = ours.median(calls["peers"]), ours.median(calls["peaks"])
        what = f"CPU seconds a call minute, one daemon, processing {'on' if on else 'off'}, beside Chromium"
        note = f"its processes hold {memory / MIB:.0f} MiB" if memory else "the bar is 0.35 x Chromium, which is 9.1 s elsewhere"
        cpu, peak = (ours.both(calls["ours"], key) for key in ("cpu_s_per_call_minute", "peak_rss_bytes"))
        table.add(what, "s", 3.2 if on else None, ours.median(cpu), peer, "s", note, bar_ratio=0.35 if on else None)
        if on:
            table.add("peak memory of a daemon in a call, processing on", "MiB", 32, max(peak) / MIB)


def said(command, **environment):
    """What a measurement in Rust prints, or why it prints nothing."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **environment})
    if done.returncode == 0:
        return done.stdout.splitlines(), None
    tail = (done.stdout + done.stderr).strip().splitlines()[-1:] or ["no output"]
    return [], f"`{' '.join(command)}`: {tail[0]}"


def at_the_wire(table, runs):
    """Times of a call measured where the packets are: in one process, over sockets of loopback, and 50 ms apart."""
    lines, why = said(SPEED, AHOY_SPEED_RUNS=str(4 * runs))
    if why:
        table.skip("accept -> first packet with live sound", why)
    for text in lines:
        start = text.find('{"')
        if start < 0:
            continue
        row = json.loads(text[start:])
        accept = row["what"].startswith("accept")
        bar = (130 if row["way_ms"] else 25) if accept else 60 if row["what"].startswith("cold") else 15
        peer, name = (None, None) if not accept else (330, "Chromium") if row["way_ms"] else (36, "baresip, from dial")
        what = f"{row['what']}{', 50 ms each way' if row['way_ms'] else ''}, median"
        table.add(what, "ms", bar, row["median_ms"], peer, name, f"p95 {row['p95_ms']:.1f}, {row['runs']} runs; peer elsewhere")


def control(table, programs):
    """Methods that wait for nothing: alone, beside events, and while other clients are hostile."""
    lines, why = said(CONTROL, AHOY_DAEMON=str(programs.ahoyd))
    if why:
        table.skip("control methods that wait for nothing", why)
    for row in map(json.loads, lines):
        bar = 10 if row["what"].startswith("others") else 2
        events = row.get("events_a_second")
        note = f"{row['n']} asked, worst {row['max_ms']:.1f}" + (f", {events:.0f} events a second" if events else "")
        table.add(f"{row['what']}, p99", "ms", bar, row["p99_ms"], note=note)


def idle(table, seconds):
    """A daemon with 20 connected contacts; the bytes need a network of its own."""
    own = "ip link set lo up; exec " + " ".join(IDLE)
    command = ["unshare", "-n", "sh", "-c", own] if os.geteuid() == 0 else IDLE
    lines, why = said(command, AHOY_SECONDS=str(seconds))
    if why:
        table.skip("idle with 20 contacts", why)
    bars = {"cpu_s_a_minute": ("CPU seconds a minute", "s", 0.1, 1), "wakeups_a_minute": ("wake-ups a minute", "", 90, 1),
            "bytes_a_day": ("bytes a day", "MB", 2, 1e-6), "rss_mib": ("memory", "MiB", None, 1)}
    for text in lines:
        words = text.split()
        if len(words) < 3 or words[0] != "idle" or words[1] not in bars:
            continue
        what, unit, bar, scale = bars[words[1]]
        try:
            value = float(words[2]) * scale
        except ValueError:
            table.skip(f"idle with 20 contacts: {what}", " ".join(words[2:]))
            continue
        table.add(f"idle with 20 contacts: {what}", unit, bar, value, note=f"over {seconds} s")


def main():
    runs, seconds = int(os.environ.get("BENCH_RUNS", "5")), int(os.environ.get("BENCH_SECONDS", "30"))
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    out = ROOT / "bench-out"
    out.mkdir(exist_ok=True)
    programs, table = ours.Programs(target, out), Table()
    load = os.getloadavg()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load[0]:.1f}; {runs} runs of {seconds} s\n")
    print(line({"what": "what", "bar": None, "ours": None, "unit": "", "peer": None, "peer_name": "", "ratio": None,
                "verdict": "", "note": "(bar, ours, unit, peer, ratio)"}))
    calls(table, programs, runs, seconds)
    cost(table, programs, max(1, runs // 2), seconds)
    cold = ours.cold_dial(programs, 2 * runs)
    table.add("cold: only the card is known, dial -> ringing there, median", "ms", 60, ours.median(cold),
              note=f"worst {max(cold):.0f}")
    new, known = ours.start_to_ready(programs, 2 * runs)
    table.add("start of ahoyd -> socket ready, new home, median", "ms", 150, ours.median(new))
    table.add("start of ahoyd -> socket ready, known home, median", "ms", 150, ours.median(known))
    control(table, programs)
    table.add("stripped ahoyd", "MB", 30, ours.stripped_bytes(programs) / 1e6)
    at_the_wire(table, runs)
    idle(table, int(os.environ.get("BENCH_IDLE_SECONDS", "1000")))
    result = {"at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), "load": load, "runs": runs,
              "seconds": seconds, "rows": table.rows}
    (out / "bars.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"\n{table.met()} of {len(table.rows)} rows are met; short or not measured: {table.short() or 'none'}")
    print(f"written to {out / 'bars.json'}")


if __name__ == "__main__":
    main()
