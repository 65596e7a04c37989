"""What the soak run makes of its samples: whether memory is flat, pictures, and what logs must not hold."""
import html
import json
import os
import re
import statistics


def slope(values):
    """KiB a call, by Theil and Sen: the median of the slopes between calls far apart, so that single jumps don't count."""
    if len(values) < 4:
        return 0.0
    half = len(values) // 2
    return statistics.median((values[i + half][1] - values[i][1]) / (values[i + half][0] - values[i][0]) for i in range(half))


def flat(samples, warm):
    """Whether memory of `a` is flat after the first `warm` calls.

    What is judged is anonymous memory without the events kept for frontends that come back (they are counted with what
    each takes beside its text, and bounded by 4 MiB). It must not rise by more than 1 KiB a call: a link that is not
    released is 250 KiB (measured), the state of a call some 20 KiB. Below that are what is kept on purpose and bounded:
    pages of the store (256 KiB), call ids (96 h, 4,096 a contact), ended calls (10 min), and what the allocator keeps of
    the highest moment.
    """
    points = [(s["call"], s["memory"]["RssAnon"] - s["events_bytes"] / 1024) for s in samples if s["side"] == "a" and s["call"] > warm]
    rise = slope(points)
    return rise, (rise <= 1.0 or len(points) < 100)


def picture(title, series, base=None):
    """One series as SVG: a polyline a side, and the level as a line."""
    width, height, left = 900, 130, 60
    points = [point for line in series.values() for point in line]
    if not points:
        return ""
    low, high = min(y for _, y in points), max(y for _, y in points)
    last, span = max(x for x, _ in points), (high - low) or 1
    place = lambda x, y: f"{left + x * (width - left - 10) / max(last, 1):.1f},{height - 20 - (y - low) * (height - 40) / span:.1f}"
    lines = "".join(
        f'<polyline fill="none" stroke="{colour}" points="{" ".join(place(x, y) for x, y in series[side])}"/>'
        for side, colour in (("a", "#1f77b4"), ("b", "#ff9f40"))
        if side in series
    )
    if base is not None and low <= base <= high:
        start, end = place(0, base), place(last, base)
        (x1, y1), (x2, y2) = start.split(","), end.split(",")
        lines += f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#999" stroke-dasharray="4"/>'
    texts = f'<text x="4" y="14">{html.escape(title)}</text><text x="4" y="{height - 20}">{low:.0f}</text><text x="4" y="34">{high:.0f}</text>'
    texts += f'<text x="{width - 60}" y="{height - 4}">{last}</text>'
    return f'<svg width="{width}" height="{height}" font-family="sans-serif" font-size="12">{texts}{lines}</svg><br>'


def report(path, samples, base, summary):
    keys = list(samples[0]["levels"])
    by = lambda value: {side: [(s["call"], value(s)) for s in samples if s["side"] == side] for side in ("a", "b")}
    body = [picture("RSS, KiB (a blue, b orange)", by(lambda s: s["memory"]["VmRSS"]))]
    body.append(picture("anonymous memory without kept events, KiB", by(lambda s: s["memory"]["RssAnon"] - s["events_bytes"] / 1024)))
    body += [picture(key, by(lambda s, k=key: s["levels"][k]), base.get(key)) for key in keys]
    body.append(picture("settled after, ms", by(lambda s: s["settled_ms"])))
    with open(path, "w", encoding="utf-8") as page:
        page.write(f"<!doctype html><meta charset=utf-8><title>Soak</title><h1>Soak</h1><pre>{html.escape(json.dumps(summary, indent=1))}</pre>")
        page.write("".join(body))


def leaked_words(daemons, secrets):
    """Lines of the daemons' logs that hold an id, an address or a name of theirs: there must be none, and some lines."""
    lines, found, words = 0, [], set()
    for daemon in daemons:
        shown = daemon.client.ask("account.show")
        words |= {shown["account"], shown["device"], *shown["listen"]}
        words |= {f"/tcp/{daemon.port}", f":{daemon.port}"}
    # Of a card, the part that no other text begins with.
    words |= {secret.removeprefix("ahoy:")[:40] for secret in secrets}
    address = re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b|/ip[46]/|\b(12D3Koo|ahoy1)\w{6,}|candidate:|a=fingerprint|\b[0-9a-f]{32,}\b")
    for daemon in daemons:
        folder = os.path.join(daemon.home, "logs")
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as log:
                for line in log:
                    lines += 1
                    if address.search(line) or any(word in line for word in words):
                        found.append(line.strip())
    return lines, found
