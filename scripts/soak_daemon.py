"""A daemon under soak: started and killed, asked over its control socket, read from outside."""
import json
import os
import select
import socket
import subprocess
import time

PATIENCE = 40.0  # s: only ends runs that would hang
# Words that stand nowhere else, so that they can be looked for in the logs.
PERSONS = {"a": "Adalinde", "b": "Benedikta", "nobody": "Nepomuk"}
CONFIG = """calls_a_minute = 6000
[times]
reach_ms = 500
connecting_ms = 1000
"""


class Failed(Exception):
    """A call went otherwise than it must."""


class Client:
    """A frontend: asks, and keeps the events that come meanwhile."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.buffer, self.events, self.last = b"", [], 0
        self.ask("hello", client="soak", api="1.0")

    def _read(self, until):
        while b"\n" not in self.buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise Failed("the daemon says nothing")
            more = self.socket.recv(65536)
            if not more:
                raise Failed("the daemon closed the connection")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def ask(self, method, **params):
        self.last += 1
        request = {"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        until = time.monotonic() + PATIENCE
        while True:
            message = self._read(until)
            if message.get("method") == "event":
                self.events.append(message["params"])
            elif message.get("id") == self.last:
                if "error" in message:
                    raise Failed(f"{method}: {message['error']['message']}")
                return message["result"]

    def until(self, what, fits):
        """The first event that fits; those before it are dropped."""
        until = time.monotonic() + PATIENCE
        while True:
            while self.events:
                event = self.events.pop(0)
                if fits(event):
                    return event
            try:
                message = self._read(until)
            except Failed as why:
                raise Failed(f"waited for {what}: {why}") from None
            if message.get("method") == "event":
                self.events.append(message["params"])

    def state(self, call, *states):
        return self.until(
            " or ".join(states),
            lambda e: e["kind"] == "call_state" and e["call"] == call and (e["state"] in states or e["state"] == "ended"),
        )

    def close(self):
        self.socket.close()


class Daemon:
    """A process of its own, in a home of its own."""

    def __init__(self, program, home, name, tone):
        self.program, self.home, self.name, self.tone = program, home, name, tone
        self.person = PERSONS[name]
        os.makedirs(home, mode=0o700)
        with open(os.path.join(home, "config.toml"), "w", encoding="utf-8") as config:
            config.write(f'name = "{self.person}"\n{CONFIG}')
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.lives, self.process, self.client = 0, None, None

    def start(self):
        listen = f"/ip4/127.0.0.1/tcp/{self.port}"
        command = [self.program, "--home", self.home, "--no-mdns", "--listen", listen]
        command += ["--audio-in", f"tone:{self.tone}", "--audio-out", "none"]
        with open(os.path.join(self.home, "said.log"), "ab") as said:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.client = Client(os.path.join(self.home, "ahoyd.sock"))
                break
            except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError, Failed):
                if self.process.poll() is not None or time.monotonic() > until:
                    raise Failed(f"{self.name} does not start; see {self.home}/said.log") from None
                time.sleep(0.02)
        self.client.ask("subscribe")
        self.lives += 1

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.client.close()

    def stop(self):
        self.client.ask("shutdown")
        self.process.wait(PATIENCE)

    def clear(self):
        """Ends every call it still has."""
        for call in self.client.ask("call.list")["calls"]:
            if call["state"] != "ended":
                way = "call.decline" if call["state"] == "incoming" else "call.hang_up"
                try:
                    self.client.ask(way, call=call["call"])
                except Failed:
                    pass  # it ended meanwhile

    def card(self):
        return self.client.ask("account.card")["card"]

    def knows(self, other):
        """Waits until the contact is connected and has told its inbox."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            contacts = self.client.ask("contact.list")["contacts"]
            if any(c["name"] == other.person and c["online"] and c["acquainted"] for c in contacts):
                return
            time.sleep(0.05)
        raise Failed(f"{self.name} does not meet {other.name}")

    def levels(self):
        """What it holds, by its own count and by the system's: everything that has to come back."""
        proc = f"/proc/{self.process.pid}"
        targets = []
        for entry in os.listdir(f"{proc}/fd"):
            try:
                targets.append(os.readlink(f"{proc}/fd/{entry}"))
            except FileNotFoundError:
                pass  # closed meanwhile
        counts = self.client.ask("status")["counts"]
        tasks = counts["tasks"]
        levels = {
            "descriptors": len(targets),
            "sockets": sum(target.startswith("socket:") for target in targets),
            "threads": len(os.listdir(f"{proc}/task")),
        }
        for kind in ("actor", "network", "connections", "control", "links"):
            levels[f"tasks of {kind}"] = tasks[kind]["alive"]
        levels["tasks in all"] = tasks["runtime_alive"]
        for what in ("links", "sessions", "pairs", "topics", "timers", "queued"):
            levels[what] = counts[what]
        return levels, counts

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            fields = dict(line.split(":", 1) for line in status)
        return {key: int(fields[key].split()[0]) for key in ("VmRSS", "RssAnon", "VmHWM")}
