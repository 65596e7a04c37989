"""What is measured of our own programs."""

import json
import os
import subprocess
import threading
import time

import baresip
import chromium
from control import Daemon


def percentile(values, part):
    """The value below which this part of all lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round((len(ordered) - 1) * part))] if ordered else None


def median(values):
    return percentile(values, 0.5)


class Programs:
    """The release build, and where to keep what it makes."""

    def __init__(self, target, out):
        self.ahoy, self.ahoyd, self.out = target / "ahoy", target / "ahoyd", out

    def call(self, name, seconds, frame_ms=20, speech=None, settings=""):
        """One call between two daemons; its figures. `settings` are lines of the configuration."""
        config = self.out / f"{name}.toml"
        config.write_text(f"frame_ms = {frame_ms}\n{settings}")
        command = [self.ahoy, "--json", "demo", "--talk", str(seconds), "--keep", self.out / name, "--config", config]
        if speech:
            command += ["--speech-a", speech[0], "--speech-b", speech[1]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        # Processed sound differs from what was said, so the demo may not take it for that; the figures are there all the same.
        measured = lines and (done.returncode == 0 or (settings and json.loads(lines[-1]).get("kind") == "result"))
        if not measured:
            raise RuntimeError(f"a call failed: {done.stderr.strip() or done.stdout[-300:]}")
        return json.loads(lines[-1])


def both(calls, what):
    """The figures of both sides of all calls."""
    return [call[what][side] for call in calls for side in "ab" if call[what][side] is not None]


def windows(calls):
    """Mouth to ear of every window of speech."""
    return [delay for call in calls for side in "ab" for delay in call["mouth_to_ear_windows_ms"][side]]


def talk(programs, runs, seconds, frame_ms):
    """Calls with nothing beside them."""
    return [programs.call(f"call-{frame_ms}ms-{run}", seconds, frame_ms) for run in range(runs)]


class Sampled(threading.Thread):
    """CPU of the peers while something else goes on."""

    def __init__(self, pairs):
        super().__init__()
        self.pairs, self.over = pairs, threading.Event()
        self.per_minute = {name: [] for name in pairs}

    def run(self):
        # The demo meets, rings and is answered before it talks; the peers talk all the time.
        begun, before = time.monotonic(), {name: pair.cpu() for name, pair in self.pairs.items()}
        self.over.wait()
        minutes = (time.monotonic() - begun) / 60
        for name, pair in self.pairs.items():
            self.per_minute[name] = [(now - then) / minutes for now, then in zip(pair.cpu(), before[name])]


def cost(programs, runs, seconds, speech):
    """CPU seconds a call minute of ours and of baresip, at the same time on the same machine; and peak memory."""
    ours, peers, peaks, why = [], {"dtls": [], "plain": []}, {"dtls": [], "plain": []}, baresip.missing()
    for run in range(runs):
        if why:
            ours.append(programs.call(f"cost-{run}", seconds, speech=speech))
            continue
        with baresip.Namespace(), baresip.Pair(True, speech) as dtls:
            with_peer(programs, ("dtls", dtls), f"cost-dtls-{run}", seconds, speech, (ours, peers, peaks))
        with baresip.Namespace(), baresip.Pair(False, speech) as plain:
            with_peer(programs, ("plain", plain), f"cost-plain-{run}", seconds, speech, (ours, peers, peaks))
    return {"ours": ours, "peers": peers, "peaks": peaks, "skipped": why}


def with_peer(programs, peer, name, seconds, speech, found, settings=""):
    (kind, pair), (ours, peers, peaks) = peer, found
    sampled = Sampled({kind: pair})
    sampled.start()
    try:
        ours.append(programs.call(name, seconds, speech=speech, settings=settings))
    finally:
        sampled.over.set()
        sampled.join()
    peers[kind] += sampled.per_minute[kind]
    peaks[kind].append(pair.peak())


# What a call with sound cards does by itself, here also with files.
PROCESSED = "[processing]\n" + "".join(
    f'{stage} = "on"\n' for stage in ("high_pass", "echo_cancellation", "noise_suppression", "gain_control", "even_levels"))


def processed(programs, runs, seconds, speech):
    """The same beside Chromium, with the processing of both off and on; and the peer's memory, summed over its processes."""
    found, why = {}, chromium.missing()
    for on, settings in ((False, ""), (True, PROCESSED)):
        ours, peers, peaks = [], {on: []}, {on: []}
        for run in range(runs):
            name = f"cost-processing-{'on' if on else 'off'}-{run}"
            if why:
                ours.append(programs.call(name, seconds, speech=speech, settings=settings))
                continue
            with chromium.Pair(on, speech) as pair:
                with_peer(programs, (on, pair), name, seconds, speech, (ours, peers, peaks), settings)
        found[on] = {"ours": ours, "peers": peers[on], "peaks": peaks[on]}
    return found, why


def start_to_ready(programs, runs):
    """Milliseconds from the start to a socket that takes connections: with a new home, and with one that is there."""
    new, known = [], []
    for _ in range(runs):
        with Daemon(programs.ahoyd) as daemon:
            new.append(daemon.start())
            daemon.stop()
            known.append(daemon.start())
    return new, known


def cold_dial(programs, runs):
    """Milliseconds from `call.offer` to ringing there, where the caller knows nothing but a card, which it was given the
    moment before, and the callee has the caller's card without an address."""
    found = []
    for _ in range(runs):
        with Daemon(programs.ahoyd) as caller, Daemon(programs.ahoyd) as callee:
            caller.start()
            card = caller.client().ask("account.card", no_addresses=True)["card"]
            caller.stop()
            callee.start()
            there = callee.client()
            there.ask("contact.add", card=card, name="caller")
            card = there.ask("account.card")["card"]
            there.ask("subscribe")
            caller.start()
            here = caller.client()
            here.ask("subscribe")
            here.ask("contact.add", card=card, name="callee")
            began = time.monotonic()
            here.ask("call.offer", to=["callee"])
            here.until(lambda event: event["kind"] == "call_state" and event["state"] == "ringing")
            found.append((time.monotonic() - began) * 1000)
            here.ask("call.hang_up")
    return found


def stripped_bytes(programs):
    return os.path.getsize(programs.ahoyd)
