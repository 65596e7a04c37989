"""Two ends of baresip (Debian's baresip-core) on a road, saying the same speech: Opus at 32 kbit/s with FEC, DTLS-SRTP and ICE."""
import array
import glob
import os
import shutil
import subprocess
import time
import wave

MODULES = "/usr/lib/baresip/modules"
SETTLE_S = 20.0
CONFIG = """poll_method epoll
sip_listen {address}:5070
audio_source aufile,{said}
audio_player aubridge,nowhere
ausrc_srate 48000
auplay_srate 48000
ausrc_channels 2
auplay_channels 2
audio_buffer 20-160
jitter_buffer_delay 5-10
net_interface road
opus_bitrate 32000
opus_inbandfec yes
opus_packet_loss 10
snd_path {folder}
module_path {modules}
module opus.so
module aufile.so
module aubridge.so
module sndfile.so
module srtp.so
module dtls_srtp.so
module ice.so
module stdio.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
"""


class Failed(Exception):
    """It could not be measured."""


def missing():
    """Why it cannot run here; none if it can."""
    if not shutil.which("baresip") or not os.path.exists(f"{MODULES}/sndfile.so"):
        return f"no baresip with {MODULES}/sndfile.so here (Debian: apt-get install baresip-core)"
    return None


def stereo(source, target):
    """A mono WAV at 48 kHz as two equal channels, which is what its file device takes."""
    with wave.open(source) as said:
        samples = array.array("h", said.readframes(said.getnframes()))
    both = array.array("h", bytes(4 * len(samples)))
    both[0::2] = both[1::2] = samples
    with wave.open(target, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(48000)
        out.writeframes(both.tobytes())


class Pair:
    """Two ends in a call, from its beginning to the end of this value."""

    def __init__(self, road, hosts, spoken, home):
        self.road, self.hosts, self.home, self.ends = road, hosts, home, []
        for name, address in hosts.items():
            folder = os.path.join(home, name)
            os.makedirs(folder)
            said = os.path.join(folder, "said.wav")
            stereo(spoken, said)
            with open(os.path.join(folder, "config"), "w", encoding="utf-8") as config:
                config.write(CONFIG.format(address=address, folder=folder, said=said, modules=MODULES))
            with open(os.path.join(folder, "accounts"), "w", encoding="utf-8") as accounts:
                way = ";mediaenc=dtls_srtp;medianat=ice;answermode=auto;audio_codecs=opus/48000/2"
                accounts.write(f"<sip:{name}@{address}:5070>;regint=0{way}\n")

    def begin(self, name, *words):
        folder = os.path.join(self.home, name)
        with open(os.path.join(folder, "log"), "wb") as log:
            command = self.road.command(name, ["baresip", "-f", folder, *words])
            self.ends.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def wait(self, name, what):
        until = time.monotonic() + SETTLE_S
        while True:
            with open(os.path.join(self.home, name, "log"), encoding="utf-8", errors="replace") as log:
                said = log.read()
            if what in said:
                return
            if time.monotonic() > until:
                raise Failed(f"baresip {name} never said `{what}`: {said[-300:]}")
            time.sleep(0.05)

    def __enter__(self):
        try:
            self.begin("b")
            self.wait("b", "baresip is ready")
            self.begin("a", "-e", f"/dial sip:b@{self.hosts['b']}:5070")
            for name in self.hosts:
                self.wait(name, "incoming rtp for 'audio' established")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for end in self.ends:
            end.terminate()
            end.wait()

    def heard(self, name, to):
        """Keeps what this end decoded, as one channel; when it began, s: unknown, so as if it had begun with the speech."""
        found = glob.glob(os.path.join(self.home, name, "dump-*-dec.wav"))
        if not found:
            raise Failed(f"baresip {name} wrote nothing down")
        with wave.open(max(found, key=os.path.getsize)) as file:
            rate, channels = file.getframerate(), file.getnchannels()
            samples = array.array("h", file.readframes(file.getnframes()))
        with wave.open(to, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(rate)
            out.writeframes(samples[::channels].tobytes())
        return 0.0
