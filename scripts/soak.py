#!/usr/bin/env python3
"""Many calls between two real daemons, with everything they hold read after each: what isn't given back leaks.

    scripts/soak.py AHOYD [--calls N] [--seed N] [--out DIR] [--again N]

A seeded mix of calls that are answered (a short talk), declined, cancelled, that fail (nobody there; media that never
come, because the callee is frozen when it answers) and that are killed (kill -9 of the callee, which is then started
again). The caller is `a` or `b` by turns; only `b` is ever killed, so that `a` lives through all of it.

After each call both daemons are read, from outside (/proc/PID: descriptors, threads, memory, sockets) and as they count
themselves (`status`: tasks by kind, links, sessions, pair channels, topics, timers, queues). After the call with the
number WARM every level has to come back to what it was then, within SETTLE seconds, after every single call; a process
that was started anew has its own level, taken after its first five calls. Memory of `a`: see `flat`. At last the same
peer is called again and again without a pause, and all of these calls have to work.

Writes samples.jsonl (a line a call and side), report.html (the series as pictures) and summary.json. Exit code 1 if
something leaks, 2 if a call went otherwise than it must. Linux only; standard library only.
"""
import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time

from soak_daemon import PERSONS, Daemon, Failed
from soak_report import flat, leaked_words, report

WARM = 100  # calls after which everything has been used once
SETTLE = 15.0  # s: 5 s for last words, 10 s for idle threads of the runtime
MIX = [("answered", 55), ("declined", 15), ("cancelled", 15), ("unreachable", 5), ("frozen", 5), ("killed", 5)]


def above(levels, base):
    """Levels that are not back. Fewer than before is no leak: two daemons that dialled each other at once have two
    connections until one is closed."""
    return {key: (levels[key], base[key]) for key in base if levels[key] > base[key]}


def settled(daemon, base):
    """Reads until everything is back (or, without a base, until no call is left), and says what is not."""
    until = time.monotonic() + SETTLE
    while True:
        levels, counts = daemon.levels()
        if base is None:
            held = ("links", "sessions", "pairs", "timers", "tasks of links")
            over = {key: (levels[key], 0) for key in held if levels[key]}
        else:
            over = above(levels, base)
        if not over or time.monotonic() > until:
            return levels, counts, over
        time.sleep(0.02)


def ring(caller, callee):
    call = caller.client.ask("call.offer", to=[callee.person])["call"]
    if caller.client.state(call, "ringing")["state"] != "ringing":
        raise Failed("the call ended before it rang")
    callee.client.until("ringing", lambda e: e["kind"] == "incoming_call" and e["call"] == call)
    return call


def ended(daemon, call, *reasons):
    event = daemon.client.state(call, "ended")
    if event.get("reason") not in reasons:
        raise Failed(f"{daemon.name}: the call ended {event.get('reason')}, not {' or '.join(reasons)}")
    return event["reason"]


def answered(caller, callee, dice):
    call = ring(caller, callee)
    callee.client.ask("call.accept", call=call)
    for side in (caller, callee):
        if side.client.state(call, "active")["state"] != "active":
            raise Failed(f"{side.name}: no talk")
    time.sleep(dice.uniform(0.05, 0.6))
    (caller if dice.random() < 0.5 else callee).client.ask("call.hang_up", call=call)
    ended(caller, call, "hung_up")
    return ended(callee, call, "hung_up")


def declined(caller, callee, _dice):
    call = ring(caller, callee)
    callee.client.ask("call.decline", call=call)
    ended(caller, call, "declined")
    return ended(callee, call, "declined")


def cancelled(caller, callee, dice):
    if dice.random() < 0.3:
        # Right behind the offer: the other side may or may not have heard of it.
        call = caller.client.ask("call.offer", to=[callee.person])["call"]
        caller.client.ask("call.hang_up", call=call)
        return ended(caller, call, "cancelled")
    call = ring(caller, callee)
    time.sleep(dice.uniform(0, 0.2))
    caller.client.ask("call.hang_up", call=call)
    ended(caller, call, "cancelled")
    return ended(callee, call, "cancelled")


def unreachable(caller, _callee, _dice):
    call = caller.client.ask("call.offer", to=[PERSONS["nobody"]])["call"]
    return ended(caller, call, "unreachable")


def frozen(caller, callee, _dice):
    """The callee answers and freezes: media never come, or stop at once."""
    call = ring(caller, callee)
    callee.client.ask("call.accept", call=call)
    os.kill(callee.process.pid, signal.SIGSTOP)
    try:
        event = caller.client.state(call, "ended", "reconnecting")
        if event["state"] == "reconnecting":
            caller.client.ask("call.hang_up", call=call)
            event = caller.client.state(call, "ended")
    finally:
        os.kill(callee.process.pid, signal.SIGCONT)
    # `lost` where it froze before its accept got out: to the caller it is gone while it rings.
    if event["reason"] not in ("media_failed", "hung_up", "lost"):
        raise Failed(f"a frozen callee ended the call {event['reason']}")
    ended(callee, call, "media_failed", "hung_up", "lost")
    return event["reason"]


def killed(caller, callee, dice):
    """kill -9 of `b` while it rings or in the talk, whoever called; then it is started again."""
    call = ring(caller, callee)
    a, b = (caller, callee) if callee.name == "b" else (callee, caller)
    talking = dice.random() < 0.5
    if talking:
        callee.client.ask("call.accept", call=call)
        a.client.state(call, "active")
    b.kill()
    if talking:
        a.client.state(call, "reconnecting")
        a.client.ask("call.hang_up", call=call)
        reason = ended(a, call, "hung_up")
        b.start()
    else:
        if dice.random() < 0.5:
            b.start()
            reason = ended(a, call, "lost")
        else:
            reason = ended(a, call, "lost")
            b.start()
    a.knows(b)
    b.knows(a)
    return reason


WAYS = {f.__name__: f for f in (answered, declined, cancelled, unreachable, frozen, killed)}


def soak(arguments, out, work):
    dice = random.Random(arguments.seed)
    a = Daemon(arguments.program, os.path.join(work, "a"), "a", 440)
    b = Daemon(arguments.program, os.path.join(work, "b"), "b", 880)
    nobody = Daemon(arguments.program, os.path.join(work, "n"), "nobody", 500)
    daemons, samples, over_all, base, wrong = [a, b], [], [], {}, []
    began = time.monotonic()
    try:
        nobody.start()
        card = nobody.card()
        nobody.stop()
        for daemon in daemons:
            daemon.start()
        cards = [a.card(), b.card(), card]
        a.client.ask("contact.add", card=cards[1])
        b.client.ask("contact.add", card=cards[0])
        for daemon in daemons:
            daemon.client.ask("contact.add", card=card)
        a.knows(b)
        b.knows(a)
        ways = [way for way, weight in MIX for _ in range(weight)]
        done, since = {}, {"a": 0, "b": 0}
        for number in range(1, arguments.calls + 1):
            way = dice.choice(ways)
            caller, callee = (a, b) if dice.random() < 0.5 else (b, a)
            lives = b.lives
            try:
                reason = WAYS[way](caller, callee, dice)
            except Failed as why:
                # Told at the end, and cleared away, so that one surprise doesn't hide the next.
                reason = "otherwise"
                wrong.append(f"call {number} ({way}, from {caller.name}): {why}")
                print(wrong[-1], flush=True)
                for daemon in daemons:
                    daemon.clear()
            done[f"{way}: {reason}"] = done.get(f"{way}: {reason}", 0) + 1
            if b.lives != lives:
                base.pop("b", None)
                since["b"] = 0
            for daemon in daemons:
                began_settling = time.monotonic()
                levels, counts, over = settled(daemon, base.get(daemon.name))
                since[daemon.name] += 1
                if over:
                    over_all.append({"call": number, "side": daemon.name, "way": way, "over": over})
                sample = {
                    "call": number, "side": daemon.name, "way": way, "life": daemon.lives, "levels": levels,
                    "started": {kind: of["started"] for kind, of in counts["tasks"].items() if isinstance(of, dict)},
                    "events": counts["events"], "events_bytes": counts["events_bytes"], "letters": counts["letters"], "memory": daemon.memory_kib(),
                    "settled_ms": round((time.monotonic() - began_settling) * 1000),
                }
                samples.append(sample)
                out.write(json.dumps(sample) + "\n")
                daemon.client.events.clear()
                # `a` is warm after WARM calls; a process that was started anew, after five.
                warm = WARM if daemon is a or daemon.lives == 1 else 5
                if daemon.name not in base and since[daemon.name] >= min(warm, max(arguments.calls // 2, 1)):
                    base[daemon.name] = levels
            if number % 50 == 0:
                print(f"{number} calls, {time.monotonic() - began:.0f} s, a {samples[-2]['memory']['VmRSS']} KiB, "
                      f"b {samples[-1]['memory']['VmRSS']} KiB, {len(over_all)} not back", flush=True)
        again = time.monotonic()
        for number in range(arguments.again):
            try:
                answered(a, b, dice)
            except Failed as why:
                raise Failed(f"call again {number + 1}: {why}") from None
        again = time.monotonic() - again
        for daemon in daemons:
            over = settled(daemon, base.get(daemon.name))[2]
            if over:
                over_all.append({"call": "again", "side": daemon.name, "over": over})
        rise, is_flat = flat(samples, WARM)
        lines, words = leaked_words(daemons, [*cards, *PERSONS.values()])
        for daemon in daemons:
            daemon.stop()
        mine = [s for s in samples if s["side"] == "a"]
        summary = {
            "calls": arguments.calls, "otherwise": wrong, "seed": arguments.seed, "seconds": round(time.monotonic() - began), "done": done,
            "again": arguments.again, "again_seconds": round(again, 1), "base": base, "not back": over_all[:20],
            "times not back": len(over_all), "lives of b": b.lives, "memory rise, KiB a call": round(rise, 3), "memory flat": is_flat,
            "RSS of a, KiB": {"after 1": mine[0]["memory"]["VmRSS"], f"after {min(WARM, len(mine))}": mine[min(WARM, len(mine)) - 1]["memory"]["VmRSS"],
                              "last": mine[-1]["memory"]["VmRSS"], "peak": mine[-1]["memory"]["VmHWM"]},
            "log lines read": lines, "log lines with an id, address or name": words[:20],
        }
        return samples, base.get("a", {}), summary
    finally:
        for daemon in (*daemons, nobody):
            if daemon.process and daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()


def main():
    parser = argparse.ArgumentParser(description="many calls; what isn't given back leaks")
    parser.add_argument("program", help="the daemon, such as target/release/ahoyd")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--again", type=int, default=50, help="calls without a pause at the end")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("AHOY_SEED", "0")) or int(time.time()))
    parser.add_argument("--out", default="soak-out")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed} (AHOY_SEED repeats it)", flush=True)
    os.makedirs(arguments.out, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ahoy-soak-") as work, open(os.path.join(arguments.out, "samples.jsonl"), "w", encoding="utf-8") as out:
        try:
            samples, base, summary = soak(arguments, out, work)
        except Failed as why:
            print(f"soak: {why}", file=sys.stderr)
            return 2
    with open(os.path.join(arguments.out, "summary.json"), "w", encoding="utf-8") as file:
        json.dump(summary, file, indent=1)
    report(os.path.join(arguments.out, "report.html"), samples, base, summary)
    print(json.dumps(summary, indent=1))
    good = not summary["times not back"] and summary["memory flat"] and not summary["log lines with an id, address or name"]
    if summary["otherwise"]:
        print(f"soak: {len(summary['otherwise'])} calls went otherwise than they must")
        return 2
    print(f"soak: {'nothing leaks' if good else 'SOMETHING LEAKS'}; see {arguments.out}/report.html")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
