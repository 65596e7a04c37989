#!/usr/bin/env python3
"""Draws what was said and what was heard: DIR/report.html, a page that needs nothing else.

report.py DIR   reads DIR/scores.json (of score.py) and the recordings it names; of each profile the first seed, one direction
"""
import base64
import html
import json
import os
import struct
import sys
import zlib

import numpy as np

from score import COLUMNS, RATE, read, spread

WINDOW, HOP = 512, 320
# What is drawn black and what white, dB of full scale.
DARK, BRIGHT = -95.0, -25.0
# From dark to bright: black, blue, purple, orange, yellow, white.
COLOURS = np.array([[0, 0, 0], [20, 20, 110], [130, 20, 130], [235, 100, 30], [250, 215, 60], [255, 255, 255]], dtype=float)


def png(pixels):
    """8-bit RGB as PNG (RFC 2083)."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def spectrogram(sound):
    """Up: 0 to 8 kHz; to the right: 20 ms a pixel."""
    pieces = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(pieces, axis=1)) ** 2 / (WINDOW / 4) ** 2
    shares = np.clip((10 * np.log10(power + 1e-12) - DARK) / (BRIGHT - DARK), 0, 1).T[::-1]
    places = np.linspace(0, 1, len(COLOURS))
    pixels = np.stack([np.interp(shares, places, COLOURS[:, part]) for part in range(3)], axis=2)
    return png(pixels.astype(np.uint8))


def image(sound, title):
    data = base64.b64encode(spectrogram(sound)).decode()
    return f'<figure><img src="data:image/png;base64,{data}" alt="{title}"><figcaption>{title}</figcaption></figure>'


def beside(call, length):
    """What was heard on the timeline of what was said, so that it stands below it, later by its delay."""
    heard, lead = read(call["heard"]), round(call["start_s"] * RATE)
    placed = np.zeros(length)
    begin, end = max(0, lead), min(length, lead + len(heard))
    placed[begin:end] = heard[begin - lead:end - lead]
    return placed


def main(folder):
    with open(os.path.join(folder, "scores.json"), encoding="utf-8") as file:
        calls = json.load(file)
    spoken = read(os.path.join(folder, "spoken.wav"))
    head = "".join(f"<th>{html.escape(name)}</th>" for name, _, _ in COLUMNS)
    rows, figures = [], [image(spoken, "what was said")]
    for profile in dict.fromkeys(call["profile"] for call in calls):
        group = [call for call in calls if call["profile"] == profile]
        cells = "".join(f"<td>{html.escape(spread(group, key, digits))}</td>" for _, key, digits in COLUMNS)
        rows.append(f"<tr><th>{html.escape(profile)}</th>{cells}</tr>")
        first = group[0]
        about = f'{profile}: PESQ-WB {first["pesq"]:.2f}, STOI {first["stoi"]:.3f}, {first["m2e_ms"]:.0f} ms from mouth to ear'
        figures.append(image(beside(first, len(spoken)), html.escape(about)))
    page = f"""<!doctype html><meta charset="utf-8"><title>How it sounds</title>
<style>body{{font:14px sans-serif;margin:2em}}td,th{{padding:2px 8px;text-align:right}}img{{width:100%;height:160px}}
figure{{margin:1em 0}}figcaption{{color:#555}}</style>
<h1>How it sounds</h1><p>Median (least-most) of all calls of a profile; below, one call of each: 0 to 8 kHz upwards, {len(spoken) / RATE:.0f} s
to the right, black is {DARK:.0f} dB of full scale and less, white {BRIGHT:.0f} dB and more.</p>
<table><tr><th></th>{head}</tr>{"".join(rows)}</table>{"".join(figures)}"""
    path = os.path.join(folder, "report.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write(page)
    print(f"\nlook at it: {path}")


if __name__ == "__main__":
    main(sys.argv[1])
