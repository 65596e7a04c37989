"""A network of namespaces on this machine: each host has one tun device, and a thread carries the packets between them.

No netem is needed (many kernels lack it): what befalls packets is drawn from a seed (weather.py). Root and `ip` are needed, Linux only.
"""
import ctypes
import fcntl
import heapq
import os
import select
import struct
import subprocess
import threading
import time

from weather import Way, Weather

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
CLONE_NEWNET = 0x40000000
PACKETS_WAITING = 20_000  # on the road at once: far above what calls make
PACKETS_TIMED = 100_000  # whose lateness is kept: some minutes of calls


def missing():
    """Why there can be no road here; none if there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        subprocess.run(["ip", "netns", "list"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open("/dev/net/tun", "rb"):
            pass
    except (OSError, subprocess.CalledProcessError) as why:
        return f"there are no namespaces or no tun devices here: {why}"
    return None


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def tun_in(namespace):
    """Opens tun device `road` inside a namespace. In a thread of its own, since a thread that moved stays there."""
    opened = []

    def work():
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/run/netns/{namespace}", "rb") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"road", IFF_TUN | IFF_NO_PI))
        opened.append(device)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return opened[0]


def kind(packet):
    """What an IPv4 packet is of a call: sound, reports about it, ICE, the handshake and `ctl`, or signals."""
    at = 4 * (packet[0] & 15) + 8
    if packet[9] != 17 or len(packet) <= at + 1:
        return "signals"
    # RFC 7983 and RFC 5761.
    first, second = packet[at], packet[at + 1]
    if 128 <= first < 192:
        return "reports" if 192 <= second < 224 else "media"
    return "ice" if first < 4 else "dtls" if 20 <= first < 64 else "signals"


class Road:
    """Hosts named by one letter, in namespaces `PREFIX` + letter; IPv4 only."""

    def __init__(self, prefix, hosts, seed):
        self.prefix, self.address = prefix, {}
        self.weather = Weather()
        self.devices, self.route, self.waiting = {}, {}, []
        self.late_s = []  # by how much packets came later than they had to: this machine's own part
        self.names = list(hosts)
        pairs = [(one, other) for one in hosts for other in hosts if one != other]
        # The numbers of the ways between the first two are those of the virtual calls.
        self.ways = {pair: Way(seed, 11 + 12 * number) for number, pair in enumerate(pairs)}
        self.stopped = threading.Event()
        try:
            for name, address in hosts.items():
                subprocess.run(["ip", "netns", "del", prefix + name], check=False, stderr=subprocess.DEVNULL)
                ip("netns", "add", prefix + name)
                ip("-n", prefix + name, "link", "set", "lo", "up")
                self.devices[name] = tun_in(prefix + name)
                ip("-n", prefix + name, "link", "set", "road", "up")
                self.give(name, address)
        except BaseException:
            self.remove()
            raise
        self.named = {device: name for name, device in self.devices.items()}
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    def give(self, name, address):
        """One more address of a host; a default route besides, as a router gives one."""
        ip("-n", self.prefix + name, "addr", "add", f"{address}/16", "dev", "road")
        ip("-n", self.prefix + name, "route", "replace", "default", "dev", "road")
        self.address[name] = address
        self.route[bytes(map(int, address.split(".")))] = name

    def take(self, name, address):
        """The host has this address no longer."""
        ip("-n", self.prefix + name, "addr", "del", f"{address}/16", "dev", "road")
        self.route.pop(bytes(map(int, address.split("."))), None)

    def command(self, name, words):
        """What runs these words on a host."""
        return ["ip", "netns", "exec", self.prefix + name, *words]

    def _carry(self):
        serial = 0
        while not self.stopped.is_set():
            now = time.monotonic()
            while self.waiting and self.waiting[0][0] <= now:
                at, _, device, packet = heapq.heappop(self.waiting)
                try:
                    os.write(device, packet)
                except OSError:
                    pass  # the device is going down
                if len(self.late_s) < PACKETS_TIMED:
                    self.late_s.append(time.monotonic() - at)
            wait = min(0.1, self.waiting[0][0] - now) if self.waiting else 0.1
            for device in select.select(list(self.devices.values()), [], [], max(0.0, wait))[0]:
                while True:
                    try:
                        packet = os.read(device, 65536)
                    except OSError:
                        break
                    serial += 1
                    self._take(device, packet, serial)

    def _take(self, device, packet, serial):
        to = self.route.get(packet[16:20]) if packet[:1] and packet[0] >> 4 == 4 else None
        way = self.ways.get((self.named.get(device), to))
        if way is None or len(self.waiting) >= PACKETS_WAITING:
            return
        at = way.send(self.weather, time.monotonic(), len(packet), kind(packet))
        if at is not None:
            heapq.heappush(self.waiting, (at, serial, self.devices[to], packet))

    def close(self):
        self.stopped.set()
        self.thread.join()
        self.remove()

    def remove(self):
        for device in self.devices.values():
            os.close(device)
        for name in self.names:
            subprocess.run(["ip", "netns", "del", self.prefix + name], check=False, stderr=subprocess.DEVNULL)
