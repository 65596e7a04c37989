#!/usr/bin/env python3
"""Scores what `ahoy-quality` recorded: PESQ-WB (ITU-T P.862.2) and STOI, beside the figures that it measured itself.

score.py join OUT.wav IN.wav..   recordings one after the other
score.py score DIR               reads DIR/calls.jsonl and the recordings it names; prints a table, writes DIR/scores.json

PESQ is the mean of three pieces of a third of the speech each, each moved by the median delay of the windows in it, as PESQ's own
alignment gives up on a delay that changes. STOI is of the whole, each tenth of a second moved by the window next to it.
"""
import json
import os
import statistics
import sys
import wave

import numpy as np
from pesq import pesq
from pystoi import stoi
from scipy.signal import resample_poly

RATE = 16_000
PIECES = 3
HOP = RATE // 10


def read(path):
    with wave.open(path, "rb") as file:
        rate, sound = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768.0
    if rate == RATE:
        return sound
    divisor = np.gcd(rate, RATE)
    return resample_poly(sound, RATE // divisor, rate // divisor)


def join(out, paths):
    with wave.open(out, "wb") as joined:
        for number, path in enumerate(paths):
            with wave.open(path, "rb") as file:
                if number == 0:
                    joined.setparams(file.getparams())
                joined.writeframes(file.readframes(file.getnframes()))


def cut(sound, start, length):
    """`length` samples from `start` on, which may lie outside."""
    piece = np.zeros(length)
    first, last = max(0, start), min(len(sound), start + length)
    if last > first:
        piece[first - start:last - start] = sound[first:last]
    return piece


def scores(call, spoken):
    heard = read(call["heard"])
    lags, start = call["lags"], call["start_s"]
    if not lags:
        return 1.0, 0.0

    def place(at, ms):
        return at + round((ms / 1000 - start) * RATE)

    first, last = int(call["lead_s"] * RATE), len(spoken) - RATE
    length = (last - first) // PIECES
    values = []
    for piece in range(PIECES):
        begin = first + piece * length
        inside = [lag["ms"] for lag in lags if begin <= lag["at_s"] * RATE < begin + length]
        ms = statistics.median(inside or [lag["ms"] for lag in lags])
        try:
            values.append(pesq(RATE, spoken[begin:begin + length], cut(heard, place(begin, ms), length), "wb"))
        except Exception:  # no speech found in it: the worst there is
            values.append(1.0)
    aligned = np.zeros(len(spoken))
    middles = np.array([lag["at_s"] for lag in lags])
    for begin in range(0, len(spoken), HOP):
        nearest = lags[int(np.argmin(np.abs(middles - (begin + HOP / 2) / RATE)))]
        piece = min(HOP, len(spoken) - begin)
        aligned[begin:begin + piece] = cut(heard, place(begin, nearest["ms"]), piece)
    return float(np.mean(values)), float(stoi(spoken[first:last], aligned[first:last], RATE))


def spread(calls, key, digits):
    values = [call[key] for call in calls if call[key] is not None]
    if not values:
        return "-"
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


COLUMNS = [("PESQ-WB", "pesq", 2), ("STOI", "stoi", 3), ("m2e ms", "m2e_ms", 0), ("p99", "m2e_p99_ms", 0), ("max", "m2e_max_ms", 0),
           ("drift ms", "drift_ms", 0), ("silence ms", "silence_ms", 0), ("distance dB", "distance_db", 2), ("kbit/s", "kbps", 1),
           ("lost %", "lost_percent", 1), ("recover ms", "recover_ms", 0), ("m2e after gap", "after_gap_ms", 0)]

# Of calls in real time only: what the daemon itself says of the delay, and what the machine did meanwhile.
REAL_COLUMNS = [("shown m2e", "shown_m2e_ms", 0), ("load", "load", 1), ("road late ms", "late_ms", 2)]


def main(words):
    if words[:1] == ["join"]:
        return join(words[1], words[2:])
    folder = words[1]
    spoken = read(os.path.join(folder, "spoken.wav"))
    with open(os.path.join(folder, "calls.jsonl"), encoding="utf-8") as file:
        calls = [json.loads(line) for line in file if line.strip()]
    for call in calls:
        call["pesq"], call["stoi"] = scores(call, spoken)
    with open(os.path.join(folder, "scores.json"), "w", encoding="utf-8") as file:
        json.dump([{key: value for key, value in call.items() if key not in ("lags", "shown")} for call in calls], file, indent=1)
    columns = COLUMNS + [column for column in REAL_COLUMNS if all(column[1] in call for call in calls)]
    print("| profile | n | " + " | ".join(name for name, _, _ in columns) + " |")
    print("| --- " * (len(columns) + 2) + "|")
    for profile in dict.fromkeys(call["profile"] for call in calls):
        group = [call for call in calls if call["profile"] == profile]
        print(f"| {profile} | {len(group)} | " + " | ".join(spread(group, key, digits) for _, key, digits in columns) + " |")
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
