"""Nodes of libtorrent that carry a DHT on loopback, for `cargo xtask interop`.

It is told what to do on standard input and answers on standard output, one JSON object a line each. It ends with standard input, whoever closes it and
however they ended, and takes with it what it was told to guard: so nothing stays behind, neither after a failure nor after Ctrl-C.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import libtorrent

LOOPBACK = "127.0.0.1"

# Within this time everything comes about that is waited for.
PATIENCE_S = 30

# A lookup that has found a record waits so long for a newer one. libtorrent takes whoever writes a record for a node, read-only or not, and waits for its
# answer for 15 s; all that are nodes answer at once.
ENOUGH_S = 2

# A guarded process has this long to end in order.
GRACE_S = 5

# Nothing of these nodes leaves loopback, and nothing of the public network is known to them: no routers, no search in the local network, no mapping of
# ports. Three defaults stand in the way of nodes that share one address, and are switched off: that a routing table and a lookup take one node for each
# address, and that nodes are preferred whose id fits their address (BEP 42). The limits of rates are made for one node at home, and not for twenty that
# are asked all the time.
SETTINGS = {
    "listen_interfaces": LOOPBACK + ":0",
    "dht_bootstrap_nodes": "",
    "enable_dht": True,
    "enable_lsd": False,
    "enable_natpmp": False,
    "enable_upnp": False,
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_prefer_verified_node_ids": False,
    "dht_upload_rate_limit": 10_000_000,
    "dht_block_ratelimit": 10_000,
    "alert_mask": libtorrent.alert.category_t.dht_notification
    | libtorrent.alert.category_t.dht_operation_notification
    | libtorrent.alert.category_t.error_notification
    | libtorrent.alert.category_t.status_notification,
}


class Failure(Exception):
    """What was asked for did not come about, and why."""


class Guard:
    """Processes that are not to outlive this one, and their folders."""

    def __init__(self):
        self.processes = {}

    def watch(self, pid, folder):
        self.processes[pid] = folder

    def end_all(self):
        # A number may belong to another process by now: the folder stands in the command line of ours.
        for pid, folder in self.processes.items():
            if is_in(pid, folder):
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        for pid, folder in self.processes.items():
            while is_in(pid, folder) and time.monotonic() < deadline:
                time.sleep(0.05)
            if is_in(pid, folder):
                os.kill(pid, signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)


def is_in(pid, folder):
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return folder in shown.stdout


class Nodes:
    """The sessions of libtorrent."""

    def __init__(self):
        self.sessions = []

    def start(self, count):
        """Starts that many, which know one another and nobody else."""
        self.sessions = [libtorrent.session(SETTINGS) for _ in range(count)]
        until("all sessions listen", lambda: all(self.ports()))
        # Eight keep a record, so a lookup has to find that many.
        enough = min(count - 1, 8)
        until("each session knows others", lambda: self.introduce(enough))
        return {"version": libtorrent.version, "ports": self.ports(), "known": self.known()}

    def introduce(self, enough):
        """Whether each knows enough others. Who does not is told of all of them: what was lost in a burst is not sent again by itself."""
        ports = self.ports()
        few = [place for place, known in enumerate(self.known()) if known < enough]
        for place in few:
            for port in ports:
                if port != ports[place]:
                    self.sessions[place].add_dht_node((LOOPBACK, port))
        return not few

    def ports(self):
        return [session.listen_port() for session in self.sessions]

    def known(self):
        """How many nodes each has in its routing table."""
        return [self.statistic(session, "dht.dht_nodes") for session in self.sessions]

    def statistic(self, session, name):
        session.post_session_stats()
        return wait_for(session, libtorrent.session_stats_alert, lambda _: True).values[name]

    def get(self, session, key, salt):
        """Looks a record up; what comes back has a signature that libtorrent has verified. Nothing if there is none."""
        session = self.sessions[session]
        key, salt = bytes.fromhex(key), bytes.fromhex(salt)
        forget(session)
        session.dht_get_mutable_item(key, salt)
        found, deadline = None, time.monotonic() + ENOUGH_S
        while found is None or time.monotonic() < deadline:
            alert = wait_for(
                session, libtorrent.dht_mutable_item_alert, lambda alert: alert.key == key and alert.salt == salt, found and deadline
            )
            if alert is None:
                break
            # A record that nobody has is told as an empty one of number 0, with whatever signature was looked at last.
            if alert.seq > 0 or alert.item:
                found = {
                    "value": alert.item.hex(),
                    "sequence": alert.seq,
                    "signature": bytes(alert.signature).hex(),
                    "salt": bytes(alert.salt).hex(),
                }
            if alert.authoritative:
                break
        return {"found": found}

    def put(self, session, seed, key, salt, value):
        """Writes a record as libtorrent signs it. Says how many nodes have taken it."""
        session = self.sessions[session]
        key, salt = bytes.fromhex(key), bytes.fromhex(salt)
        forget(session)
        session.dht_put_mutable_item(expanded(bytes.fromhex(seed)), key, bytes.fromhex(value), salt)
        put = wait_for(
            session,
            libtorrent.dht_put_alert,
            lambda alert: bytes(alert.public_key) == key and bytes(alert.salt) == salt,
        )
        return {"nodes": put.num_success, "sequence": put.seq}

    def kept(self):
        """How many records each of them keeps."""
        return {"records": [self.statistic(session, "dht.dht_mutable_data") for session in self.sessions]}

    def leave(self, count):
        """The first of them go away, without a word to the others."""
        for session in self.sessions[:count]:
            session.apply_settings({"enable_dht": False})
        del self.sessions[:count]
        return {"left": len(self.sessions)}


def expanded(seed):
    """The private key as libtorrent wants it: scalar and prefix (RFC 8032, 5.1.5), not the seed."""
    half = bytearray(hashlib.sha512(seed).digest())
    half[0] &= 248
    half[31] &= 63
    half[31] |= 64
    return bytes(half)


def forget(session):
    """Whatever was told before is not to be taken for an answer."""
    session.pop_alerts()


def wait_for(session, kind, is_it, enough=None):
    """Waits for an alert; nothing comes of it if it has not come when it is enough, and a failure if that is not said."""
    deadline = enough or time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        session.wait_for_alert(200)
        for alert in session.pop_alerts():
            if isinstance(alert, kind) and is_it(alert):
                return alert
    if enough:
        return None
    raise Failure(f"libtorrent has not told `{kind.__name__}` within {PATIENCE_S} s")


def until(what, is_so):
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise Failure(f"not within {PATIENCE_S} s: {what}")
        time.sleep(0.1)


def answer(nodes, guard, request):
    what = request.pop("do")
    if what == "guard":
        guard.watch(request["pid"], request["folder"])
        return {}
    return getattr(nodes, what)(**request)


def serve(nodes, guard):
    for line in sys.stdin:
        try:
            answered = answer(nodes, guard, json.loads(line))
        except Exception as error:  # noqa: BLE001 (whatever it is, whoever asked has to know)
            answered = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answered), flush=True)


def main():
    # Ctrl-C is for whoever started this; its end is noticed here.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard = Guard()
    lines, writes = os.pipe()
    source = sys.stdin.fileno()

    def pass_on():
        # On a thread of its own, so that the end of standard input is noticed while something is waited for.
        while bytes := os.read(source, 65536):
            os.write(writes, bytes)
        guard.end_all()
        os._exit(0)

    signal.signal(signal.SIGTERM, lambda *_: (guard.end_all(), os._exit(1)))
    threading.Thread(target=pass_on, daemon=True).start()
    sys.stdin = os.fdopen(lines)
    serve(Nodes(), guard)


if __name__ == "__main__":
    main()
