"""Another peer: two headless Chromiums in a call with each other, each with a file as its microphone, playing into nothing.

Counted is a browser with all of its processes, from the moment the call is up. Its default settings, so Opus at about 32 kbit/s.
"""

import http.server
import json
import os
import pathlib
import queue
import shutil
import subprocess
import tempfile
import threading
import time

from control import cpu_seconds

# From the start of both browsers to a call, seconds: two browsers that start take most of it.
SETTLE_S = 60

PAGE = """<!doctype html><title>call</title><script>
const say = (to, what) => fetch(to, {method: 'POST', body: JSON.stringify(what)});
const hear = async from => (await fetch(from)).json();
(async () => {
  const name = location.search[1], on = location.search[2] === '1';
  const wish = {echoCancellation: on, noiseSuppression: on, autoGainControl: on};
  const microphone = await navigator.mediaDevices.getUserMedia({audio: wish});
  const peer = new RTCPeerConnection();
  microphone.getTracks().forEach(track => peer.addTrack(track, microphone));
  peer.ontrack = ({streams}) => { const out = new Audio(); out.srcObject = streams[0]; out.play(); };
  const gathered = new Promise(done => peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done());
  if (name === 'a') {
    await peer.setLocalDescription();
    await gathered;
    await say('/to-b', peer.localDescription);
    await peer.setRemoteDescription(await hear('/from-b'));
  } else {
    await peer.setRemoteDescription(await hear('/from-a'));
    await peer.setLocalDescription();
    await gathered;
    await say('/to-a', peer.localDescription);
  }
  setInterval(async () => {
    const all = [...(await peer.getStats()).values()];
    const inbound = all.find(one => one.type === 'inbound-rtp');
    say('/heard-' + name, {packets: inbound ? inbound.packetsReceived : 0, energy: inbound ? inbound.totalAudioEnergy : 0});
  }, 500);
})().catch(error => say('/failed', String(error)));
</script>"""


def program():
    """Where it is, or nothing."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def missing():
    """Why it cannot run here, or nothing."""
    return None if program() else "no chromium here (Debian: apt-get install chromium)"


def tree(root):
    """A process and all that came from it."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            parent = int(pathlib.Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(entry))
    found, open_ = [], [root]
    while open_:
        one = open_.pop()
        found.append(one)
        open_ += children.get(one, [])
    return found


class Server(http.server.ThreadingHTTPServer):
    """Gives out the page, carries the two descriptions, and hears how the call is."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.mail = {"a": queue.Queue(), "b": queue.Queue()}
        self.heard, self.failed = {}, []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(http.server.BaseHTTPRequestHandler):
    """One request."""

    def log_message(self, *_):
        """Says nothing."""

    def reply(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):  # noqa: N802 (the library's name)
        if not self.path.startswith("/from-"):
            self.reply("text/html", PAGE)
            return
        # What comes from b is mail for a.
        mail = self.server.mail["a" if self.path.endswith("b") else "b"]
        self.reply("application/json", json.dumps(mail.get(timeout=SETTLE_S)))

    def do_POST(self):  # noqa: N802
        what = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.path[-1]
        if self.path.startswith("/to-"):
            self.server.mail[name].put(what)
        elif self.path.startswith("/heard-"):
            self.server.heard[name] = what
        else:
            self.server.failed.append(what)
        self.reply("text/plain", "")


class Pair:
    """Two browsers in a call, with their echo cancellation, noise suppression and gain control on or off."""

    def __init__(self, processing, speech):
        self.processing, self.speech = processing, speech
        self.dir, self.server, self.ends = pathlib.Path(tempfile.mkdtemp(prefix="ahoy-chromium-")), Server(), []

    def begin(self, name, speech):
        page = f"http://127.0.0.1:{self.server.server_port}/?{name}{int(self.processing)}"
        flags = ["--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu", "--use-fake-ui-for-media-stream",
                 "--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={speech}",
                 "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={self.dir / name}"]
        with open(self.dir / f"{name}.log", "wb") as log:
            self.ends.append(subprocess.Popen([program(), *flags, page], stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def __enter__(self):
        try:
            for name, speech in zip("ab", self.speech):
                self.begin(name, speech)
            until = time.monotonic() + SETTLE_S
            while not all(self.server.heard.get(name, {}).get("energy", 0) > 0 for name in "ab"):
                if self.server.failed or time.monotonic() > until:
                    raise RuntimeError(f"no call between two browsers: {self.server.failed or self.server.heard}")
                time.sleep(0.05)
        except BaseException:
            self.__exit__()
            raise
        return self

    def cpu(self):
        """Processor seconds of each end so far."""
        return [sum(map(alive, tree(end.pid))) for end in self.ends]

    def peak(self):
        """Resident memory of the larger end, all its processes summed, bytes; pages they share count in each."""
        return max(sum(map(resident, tree(end.pid))) for end in self.ends)

    def __exit__(self, *_):
        for end in self.ends:
            end.terminate()
            end.wait()
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.dir, ignore_errors=True)


def alive(pid):
    """Processor seconds, of which a process that is gone has none."""
    try:
        return cpu_seconds(pid)
    except OSError:
        return 0.0


def resident(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
