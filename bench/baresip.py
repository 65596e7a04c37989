"""The peer: two ends of baresip (Debian's baresip-core) in a network namespace of our own, saying the same speech.

baresip encodes two channels at 32 kbit/s, which is its way; we encode one at 40. It plays into nothing, we write a file.
"""

import array
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import wave

from control import cpu_seconds, peak_bytes

NAMESPACE = f"ahoybench{os.getpid()}"
ADDRESS = "10.77.9.2"
MODULES = "/usr/lib/baresip/modules"
# Time to be registered, called and connected, seconds.
SETTLE_S = 15

CONFIG = """poll_method epoll
sip_listen {address}:{port}
audio_player aufile,{dir}/heard.wav
audio_source aufile,{dir}/said.wav
ausrc_srate 48000
auplay_srate 48000
ausrc_channels 2
auplay_channels 2
audio_buffer 20-160
net_interface bar0
opus_bitrate 32000
module_path {modules}
module opus.so
module aufile.so
module srtp.so
module dtls_srtp.so
module ice.so
module stdio.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
"""


def missing():
    """Why it cannot run here, or nothing."""
    if os.geteuid() != 0:
        return "not root: no network namespace"
    for program in ("baresip", "ip"):
        if not shutil.which(program):
            return f"no {program} here (Debian: apt-get install baresip-core iproute2)"
    if not os.path.isdir(MODULES):
        return f"no {MODULES}"
    return None


def ip(*args):
    subprocess.run(["ip", *args], check=True, capture_output=True)


class Namespace:
    """A network of its own, gone with this value."""

    def __enter__(self):
        ip("netns", "add", NAMESPACE)
        try:
            ip("-n", NAMESPACE, "link", "add", "bar0", "type", "veth", "peer", "name", "bar1")
            ip("-n", NAMESPACE, "addr", "add", f"{ADDRESS}/24", "dev", "bar0")
            for link in ("lo", "bar0", "bar1"):
                ip("-n", NAMESPACE, "link", "set", link, "up")
        except subprocess.CalledProcessError:
            ip("netns", "del", NAMESPACE)
            raise
        return self

    def __exit__(self, *_):
        ip("netns", "del", NAMESPACE)


def stereo(source, target):
    """A mono WAV at 48 kHz as two equal channels, which is what its file device takes."""
    with wave.open(str(source)) as said:
        samples = array.array("h", said.readframes(said.getnframes()))
    both = array.array("h", bytes(4 * len(samples)))
    both[0::2] = samples
    both[1::2] = samples
    write(target, 2, both)


def write(path, channels, samples):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(48000)
        out.writeframes(samples.tobytes())


def long_speech(source, target, seconds):
    """The speech at 48 kHz mono, again and again for at least this long: what both say."""
    with wave.open(str(source)) as said:
        rate, samples = said.getframerate(), array.array("h", said.readframes(said.getnframes()))
    if rate != 48000:
        # Straight lines between the samples are good enough for a measurement of cost.
        times = 48000 // rate
        samples = array.array("h", (a + (b - a) * n // times for a, b in zip(samples, samples[1:]) for n in range(times)))
    write(target, 1, samples * (seconds * 48000 // len(samples) + 1))


class Pair:
    """Two ends in a call."""

    def __init__(self, encrypted, speech):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ahoy-baresip-"))
        self.ends = []
        for name, port, said in (("a", 5070, speech[0]), ("b", 5080, speech[1])):
            folder = self.dir / name
            folder.mkdir()
            stereo(said, folder / "said.wav")
            text = CONFIG.format(address=ADDRESS, port=port, dir=folder, modules=MODULES)
            (folder / "config").write_text(text)
            way = ";mediaenc=dtls_srtp;medianat=ice" if encrypted else ""
            account = f"<sip:{name}@{ADDRESS}:{port}>;regint=0;answermode=auto;audio_codecs=opus/48000/2{way}\n"
            (folder / "accounts").write_text(account)

    def begin(self, name, *args):
        folder = self.dir / name
        command = ["ip", "netns", "exec", NAMESPACE, "baresip", "-f", str(folder), *args]
        with open(folder / "log", "wb") as log:
            end = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.ends.append(end)

    def log(self, name):
        return (self.dir / name / "log").read_text(errors="replace")

    def __enter__(self):
        try:
            self.begin("b")
            self.wait("b", "baresip is ready")
            self.begin("a", "-e", f"/dial sip:b@{ADDRESS}:5080")
            self.wait("a", "incoming rtp for 'audio' established")
            self.wait("b", "incoming rtp for 'audio' established")
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait(self, name, what):
        until = time.monotonic() + SETTLE_S
        while what not in self.log(name):
            if time.monotonic() > until:
                raise RuntimeError(f"baresip {name} never said `{what}`: {self.log(name)[-400:]}")
            time.sleep(0.05)

    def cpu(self):
        return [cpu_seconds(end.pid) for end in self.ends]

    def peak(self):
        return max(peak_bytes(end.pid) for end in self.ends)

    def __exit__(self, *_):
        for end in self.ends:
            end.terminate()
            end.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
