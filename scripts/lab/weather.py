"""What befalls packets on a road: delay, jitter, loss, bursts of it, a narrow place. A seed decides; tests/quality/src/road.rs does the same in
virtual time."""
import dataclasses

MASK = (1 << 64) - 1


class Numbers:
    """Numbers out of a seed: splitmix64 (Steele, Lea and Flood 2014)."""

    def __init__(self, seed):
        self.state = seed & MASK

    def share(self):
        """Evenly from 0 (included) to 1 (not included)."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return ((mixed ^ (mixed >> 31)) >> 11) / (1 << 53)


@dataclasses.dataclass
class Weather:
    """The same for all ways of a road."""

    delay_s: float = 0.0
    jitter_s: float = 0.0  # evenly drawn around the delay; packets keep their order, as behind a queue
    loss: float = 0.0  # 0..1 of packets, at random
    burst: tuple = None  # Gilbert's channel: 0..1 of packets at which a burst of losses begins, and at which it ends
    rate_bps: float = 0.0  # of the narrowest place, with all heads; 0: as wide as this machine
    queue_s: float = 0.2  # packets that would wait there for longer are dropped
    cut: bool = False  # nothing passes


def of_profile(weather, queue_ms):
    """As `ahoy-heard roads` writes it."""
    burst = weather["burst_percent"]
    return Weather(
        delay_s=weather["delay_ms"] / 1000,
        jitter_s=weather["jitter_ms"] / 1000,
        loss=weather["loss_percent"] / 100,
        burst=burst and tuple(percent / 100 for percent in burst),
        rate_bps=(weather["rate_kbps"] or 0) * 1000,
        queue_s=queue_ms / 1000,
        cut=weather["cut"],
    )


class Way:
    """One direction: from one host to another."""

    def __init__(self, seed, number):
        self.numbers = Numbers(((seed * 0xD1342543DE82EF95) & MASK) ^ number)
        self.in_burst = False
        self.free_at = self.last_at = 0.0
        self.packets = self.lost = self.dropped = 0
        self.bytes = {}  # by what the packets are

    def send(self, weather, now, size, kind):
        """A packet of `size` bytes leaves at `now`. When it arrives; none if it is lost."""
        self.packets += 1
        self.bytes[kind] = self.bytes.get(kind, 0) + size
        if weather.burst and self.numbers.share() < weather.burst[1 if self.in_burst else 0]:
            self.in_burst = not self.in_burst
        if (weather.burst and self.in_burst) or self.numbers.share() < weather.loss or weather.cut:
            self.lost += 1
            return None
        at = now
        if weather.rate_bps:
            begin = max(self.free_at, now)
            if begin - now > weather.queue_s:
                self.dropped += 1
                return None
            at = self.free_at = begin + size * 8 / weather.rate_bps
        jitter = (self.numbers.share() * 2 - 1) * weather.jitter_s if weather.jitter_s else 0.0
        self.last_at = max(self.last_at, at + max(0.0, weather.delay_s + jitter))
        return self.last_at

    def counts(self):
        return {"packets": self.packets, "lost": self.lost + self.dropped, "bytes": dict(self.bytes)}
