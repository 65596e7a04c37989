"""Daemons on hosts of a road, and what was heard there."""
import array
import json
import math
import os
import subprocess
import sys
import time
import wave

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from soak_daemon import PATIENCE, Client, Failed  # noqa: E402

STEP_S = 0.02  # heard in steps of a packet


class Frontend(Client):
    """Keeps the states of calls and when sound began, whoever waits for what."""

    def __init__(self, path):
        self.sink_began, self.source_began, self.seen = None, None, []
        super().__init__(path)

    def _read(self, until):
        message = super()._read(until)
        if message.get("method") == "event":
            event = message["params"]
            if event["kind"] == "sink_started":
                self.sink_began = event["at_us"] / 1e6
            if event["kind"] == "source_started":
                self.source_began = event["at_us"] / 1e6
            if event["kind"] == "call_state":
                self.seen.append((time.monotonic() - (time.time() - event["at_ms"] / 1000), event["state"]))
        return message

    def states(self, since):
        """What was told since then (monotonic s): state and how long after."""
        return [f"{state} {at - since:+.1f} s" for at, state in self.seen if at >= since]


class Host:
    """A daemon that says a tone, or what stands in a file, and writes down what it hears."""

    def __init__(self, road, program, home, name, tone=0, says=None, log=None, listen="/ip4/0.0.0.0/tcp/4001"):
        self.road, self.name, self.home, self.tone = road, name, home, tone
        os.makedirs(home, mode=0o700)
        self.heard = os.path.join(home, "heard.wav")
        with open(os.path.join(home, "config.toml"), "w", encoding="utf-8") as config:
            config.write(f'name = "{name}"\ncalls_a_minute = 6000\n')
        command = [program, "--home", home, "--no-mdns", "--listen", listen]
        command += ["--audio-in", says or f"tone:{tone}", "--audio-out", f"file:{self.heard}"]
        command += ["--log", log] if log else []
        with open(os.path.join(home, "said.log"), "ab") as said:
            self.process = subprocess.Popen(
                road.command(name, command), stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.client = Frontend(os.path.join(home, "ahoyd.sock"))
                break
            except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError, Failed):
                if self.process.poll() is not None or time.monotonic() > until:
                    raise Failed(f"{name} does not start; see {home}/said.log") from None
                time.sleep(0.02)
        self.client.ask("subscribe")

    def card(self):
        return self.client.ask("account.card")["card"]

    def knows(self, name, devices=1):
        """Waits until the contact is connected, has told its inbox, and has so many devices."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for contact in self.client.ask("contact.list")["contacts"]:
                met = contact["online"] and contact["acquainted"] and len(contact["devices"]) >= devices
                if contact["name"] == name and met:
                    return
            time.sleep(0.05)
        raise Failed(f"{self.name} does not meet {name}")

    def stop(self):
        try:
            self.client.ask("shutdown")
            self.process.wait(PATIENCE)
        except (Failed, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def meet(one, other):
    """Both become contacts of each other and meet."""
    one.client.ask("contact.add", card=other.card(), name=other.name)
    other.client.ask("contact.add", card=one.card(), name=one.name)
    one.knows(other.name)
    other.knows(one.name)


def call(one, other):
    """A call in which both hear each other; returns its id."""
    call_id = one.client.ask("call.offer", to=[other.name])["call"]
    other.client.until("it rings", lambda e: e["kind"] == "incoming_call" and e["call"] == call_id)
    other.client.ask("call.accept", call=call_id)
    for host in (one, other):
        if host.client.state(call_id, "active")["state"] != "active":
            raise Failed(f"the call does not begin at {host.name}")
    return call_id


def tone_steps(path, hz):
    """For each 20 ms of a recording: whether it is this tone and next to nothing else."""
    with wave.open(path) as recording:
        rate = recording.getframerate()
        samples = array.array("h", recording.readframes(recording.getnframes()))
    length = int(rate * STEP_S)
    turns = [2 * math.pi * hz * n / rate for n in range(length)]
    sines, cosines = [math.sin(turn) for turn in turns], [math.cos(turn) for turn in turns]
    steps = []
    for at in range(0, len(samples) - length + 1, length):
        step = samples[at : at + length]
        power = sum(value * value for value in step)
        if power < length * 300 * 300:
            steps.append(False)
            continue
        sine = sum(map(lambda a, b: a * b, step, sines))
        cosine = sum(map(lambda a, b: a * b, step, cosines))
        steps.append(2 * (sine * sine + cosine * cosine) / (power * length) > 0.85)
    return steps


def back_after(steps, began_at, at, steady_s=0.2):
    """How long after `at` (monotonic s) the tone is heard without a gap of its own for `steady_s`; none: never."""
    need = round(steady_s / STEP_S)
    first = max(0, math.ceil((at - began_at) / STEP_S))
    for index in range(first, len(steps) - need + 1):
        if all(steps[index : index + need]):
            return began_at + index * STEP_S - at
    return None


def link(old, new):
    """Makes `new` a device of the account of `old`, as two people would."""
    code = new.client.ask("device.link")["code"]
    old.client.ask("device.link", code=code)

    def linking(host, state):
        return host.client.until(state, lambda e: e["kind"] == "linking" and e["state"] == state)

    there, here = linking(new, "compare")["letters"], linking(old, "compare")["letters"]
    old.client.ask("device.confirm", letters=there)
    new.client.ask("device.confirm", letters=here)
    for host in (old, new):
        linking(host, "done")


def answered_elsewhere(caller, answering, resting):
    """A call that rings at two devices; returns how long after the answer the other one stops, s."""
    call_id = caller.client.ask("call.offer", to=["b"])["call"]
    for host in (answering, resting):
        host.client.until("it rings", lambda e: e["kind"] == "incoming_call" and e["call"] == call_id)
    said_at = time.time()
    answering.client.ask("call.accept", call=call_id)
    ended = resting.client.state(call_id, "ended")
    if ended["reason"] != "answered_elsewhere":
        raise Failed(f"it ended there as {ended['reason']}")
    caller.client.state(call_id, "active")
    caller.client.ask("call.hang_up", call=call_id)
    for host in (caller, answering):
        host.client.state(call_id, "ended")
    return ended["at_ms"] / 1000 - said_at


def show(what, **figures):
    print(json.dumps({"what": what, **figures}), flush=True)
