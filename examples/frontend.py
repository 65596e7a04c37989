#!/usr/bin/env python3
"""The same frontend in Python, with the standard library only: frontend.py HOME [--once]

Takes every call and tells what happens, until the daemon stops (or until the first call has ended, with --once).
"""
import json
import os
import socket
import sys



def find_socket():
    """Where the daemon listens: in a home that was named, else where systems keep sockets of a user."""
    if len(sys.argv) > 1 or os.environ.get("AHOY_HOME"):
        return os.path.join(sys.argv[1] if len(sys.argv) > 1 else os.environ["AHOY_HOME"], "ahoyd.sock")
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(os.environ.get("XDG_RUNTIME_DIR") or state, "ahoy", "ahoyd.sock")


once = "--once" in sys.argv[2:]

ahoy = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
try:
    ahoy.connect(find_socket())
except OSError as error:
    sys.exit(f"no daemon answers at {find_socket()} ({error.strerror}): start one with `ahoy start`")
lines = ahoy.makefile("rw", encoding="utf-8", newline="\n")
waiting = []  # events that came before an answer
last_id = 0


def call(method, **params):
    """Asks, and returns the answer; events that come meanwhile wait their turn."""
    global last_id
    last_id += 1
    print(json.dumps({"jsonrpc": "2.0", "id": last_id, "method": method, "params": params}), file=lines, flush=True)
    for line in lines:
        message = json.loads(line)
        if message.get("method") == "event":
            waiting.append(message["params"])
        elif message.get("id") == last_id:
            if "error" in message:
                raise RuntimeError(message["error"]["message"])
            return message["result"]
    raise SystemExit("the daemon closed the connection")


def events():
    """Every event, until the daemon closes the connection."""
    while True:
        while waiting:
            yield waiting.pop(0)
        line = lines.readline()
        if not line:
            return
        message = json.loads(line)
        if message.get("method") == "event":
            yield message["params"]


call("hello", client="frontend.py", api="1.0")
print("I am", call("account.show")["name"], flush=True)
call("subscribe")
for event in events():
    if event["kind"] == "incoming_call":
        print(event["from"].get("name", event["from"]["account"]), "calls", flush=True)
        try:
            call("call.accept", call=event["call"])
            print("answered", flush=True)
        except RuntimeError as why:  # another frontend was faster, or the caller gave up
            print("not answered:", why, flush=True)
    elif event["kind"] == "call_state" and event["state"] == "active":
        print("talking", flush=True)
    elif event["kind"] == "call_state" and event["state"] == "ended":
        print("ended:", event.get("reason", ""), flush=True)
        if once:
            break
