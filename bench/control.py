"""A daemon of our own in a home of its own, driven over its control socket."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

# Longest that anything here may take, seconds: it only ends a run that would hang.
PATIENCE_S = 60


class Client:
    """One connection to the control socket."""

    def __init__(self, path, name="bench"):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.number = 0
        self.events = []
        self.ask("hello", client=name, api="1.0")

    def ask(self, method, **params):
        """The answer to a request; events that come before it are kept."""
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.socket.sendall((json.dumps(request) + "\n").encode())
        while True:
            line = json.loads(self.lines.readline())
            if line.get("id") == self.number:
                if "error" in line:
                    raise RuntimeError(f"{method}: {line['error']}")
                return line["result"]
            self.events.append(line["params"])

    def until(self, fits):
        """The first event that fits, of those that came and those to come."""
        while True:
            while self.events:
                event = self.events.pop(0)
                if fits(event):
                    return event
            self.events.append(json.loads(self.lines.readline())["params"])

    def close(self):
        self.lines.close()
        self.socket.close()


class Daemon:
    """A daemon that ends, and whose home vanishes, with this value."""

    def __init__(self, program, config=""):
        self.program = program
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="ahoy-bench-"))
        (self.home / "config.toml").write_text(config)
        self.process = None

    def start(self):
        """Starts the daemon; milliseconds until its socket took a connection."""
        socket_path = self.home / "ahoyd.sock"
        args = ["--home", str(self.home), "--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns", "--audio-in", "none",
                "--audio-out", "none"]
        began = time.monotonic()
        self.process = subprocess.Popen([self.program, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while time.monotonic() < began + PATIENCE_S:
            probe = socket.socket(socket.AF_UNIX)
            try:
                probe.connect(str(socket_path))
                return (time.monotonic() - began) * 1000
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError(f"the daemon ended with {self.process.returncode}") from None
                time.sleep(0.0005)
            finally:
                probe.close()
        raise RuntimeError("the daemon does not become ready")

    def client(self):
        return Client(self.home / "ahoyd.sock")

    def stop(self):
        """Asks it to end, and waits for that."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            shutil.rmtree(self.home, ignore_errors=True)


def cpu_seconds(pid):
    """CPU seconds that a process has used: fields 14 and 15 of its stat, in hundredths."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_bytes(pid):
    """Peak memory of a process."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None
