"""A caller that speaks QUIC by aioquic, for `cargo xtask interop quic`.

It is told on standard input what to call and how, one JSON object a line, answers on standard output in the same way, and ends with standard input. It knows
of bitpie what docs/PROTOCOL.md says of UDP: the caller's proof is made here a second time, from that text alone.

aioquic knows certificates and no raw public keys (RFC 7250). `RawKeys` adds them to its TLS: the two extensions, and a key where a certificate would stand.
Everything else is aioquic's own, so what it says of the node's signature and of the node's answer is its own judgment.
"""

import datetime
import hashlib
import hmac
import json
import os
import socket
import ssl
import sys
import time

import aioquic
from aioquic import tls
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicProtocolVersion
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

# Within this time everything comes about that is waited for.
PATIENCE_S = 20

# What has not answered by then is silent.
SILENCE_S = 1.5

# Client and server certificate type (RFC 7250, section 3), and the type that is a raw public key.
CERTIFICATE_TYPES = (19, 20)
RAW_PUBLIC_KEY = 2

# What stands before the 32 bytes of an Ed25519 key (RFC 8410, section 4).
KEY_PREFIX = bytes.fromhex("302a300506032b6570032100")

VERSIONS = {1: QuicProtocolVersion.VERSION_1, 2: QuicProtocolVersion.VERSION_2}


class RawKey:
    """A raw public key, where aioquic expects a certificate."""

    def __init__(self, key: bytes):
        self.bytes = key

    def public_bytes(self, _encoding) -> bytes:
        return self.bytes

    def public_key(self):
        return serialization.load_der_public_key(self.bytes)


class RawKeys(tls.Context):
    """The TLS of aioquic, with raw public keys."""

    def _client_send_hello(self, output):
        self.handshake_extensions += [(kind, bytes([1, RAW_PUBLIC_KEY])) for kind in CERTIFICATE_TYPES]
        super()._client_send_hello(output)

    def _set_peer_certificate(self, certificate):
        self._peer_certificate = RawKey(certificate.certificates[0][0])


CERTIFICATES_ONLY = tls.Context


class Call(QuicConnection):
    """A connection that knows whether the node has ended it, or aioquic has."""

    closed_by_node = None

    def _handle_connection_close_frame(self, context, frame_type, buf):
        super()._handle_connection_close_frame(context, frame_type, buf)
        # aioquic would tell it only after a while, in which nothing comes any more.
        self.closed_by_node = self._close_event


def proof(called: bytes, day: int) -> bytes:
    """The caller's proof (docs/PROTOCOL.md, UDP)."""
    # HKDF (RFC 5869) of one block.
    extracted = hmac.new(b"bitpie/quic-caller/1", called, hashlib.sha256).digest()
    key = hmac.new(extracted, b"\x01", hashlib.sha256).digest()
    chance = os.urandom(8)
    return chance + hmac.new(key, chance + day.to_bytes(8, "big"), hashlib.sha256).digest()[:12]


def certificate():
    """A certificate that somebody has signed for himself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
    return builder.not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256()), key


def raw(key) -> RawKey:
    return RawKey(key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def shown(what: str):
    """What the caller shows of itself, and what it signs with."""
    own = ed25519.Ed25519PrivateKey.generate()
    if what == "own key":
        return raw(own), own
    if what == "key of another":
        return raw(ed25519.Ed25519PrivateKey.generate()), own
    if what == "certificate":
        other, _ = certificate()
        # It signs by an algorithm that the node takes, so that it is the certificate which is judged.
        return other, own
    if what == "key of another kind":
        return raw(ec.generate_private_key(ec.SECP256R1())), own
    return None, None


def connection(request) -> Call:
    tls.Context = RawKeys if request.get("raw_keys", True) else CERTIFICATES_ONLY
    version = VERSIONS[request.get("version", 1)]
    configuration = QuicConfiguration(
        is_client=True,
        alpn_protocols=[request.get("alpn", "bitpie/1")],
        verify_mode=ssl.CERT_NONE,
        original_version=version,
        supported_versions=[version],
    )
    configuration.certificate, configuration.private_key = shown(request.get("shows", "own key"))
    made = Call(configuration=configuration)
    if "called" in request:
        day = int(time.time()) // 86_400 + request.get("days_later", 0)
        first = proof(bytes.fromhex(request["called"]), day)
        # aioquic chooses the first destination connection id by chance, and has no setting for it.
        made._peer_cid.cid = first
        made._original_destination_connection_id = first
    return made


def call(request) -> dict:
    """Makes a call, and says what came of it."""
    to = (request["host"], request["port"])
    quic = connection(request)
    silent_until = time.monotonic() + SILENCE_S
    until = time.monotonic() + PATIENCE_S
    said = {"bytes": 0, "handshake": False, "taken": False, "closed": None, "given_up": None, "peer": None}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((request["host"], 0))
        quic.connect(to, now=time.monotonic())
        while time.monotonic() < until and (said["bytes"] or time.monotonic() < silent_until):
            now = time.monotonic()
            for datagram, _ in quic.datagrams_to_send(now=now):
                udp.sendto(datagram, to)
            timer = quic.get_timer()
            wait = min(until, timer if timer is not None else until) - now
            udp.settimeout(min(max(wait, 0.001), 0.1))
            try:
                datagram, _ = udp.recvfrom(65_536)
                said["bytes"] += len(datagram)
                quic.receive_datagram(datagram, to, now=time.monotonic())
            except TimeoutError:
                pass
            if timer is not None and time.monotonic() >= timer:
                quic.handle_timer(now=time.monotonic())
            if took_in(quic, said):
                break
        quic.close()
        for datagram, _ in quic.datagrams_to_send(now=time.monotonic()):
            udp.sendto(datagram, to)
    return said


def took_in(quic: Call, said: dict) -> bool:
    """Notes what has happened. Whether that is the end."""
    while (event := quic.next_event()) is not None:
        if isinstance(event, events.HandshakeCompleted):
            said["handshake"] = True
            key = quic.tls._peer_certificate
            if isinstance(key, RawKey) and key.bytes.startswith(KEY_PREFIX):
                said["peer"] = key.bytes[len(KEY_PREFIX) :].hex()
            # The node can answer this only once it has taken the handshake as a whole.
            quic.send_ping(1)
        elif isinstance(event, events.PingAcknowledged):
            said["taken"] = True
            return True
        elif isinstance(event, events.ConnectionTerminated):
            said["given_up"] = f"{event.error_code:#x} {event.reason_phrase}"
            return True
    if (event := quic.closed_by_node) is not None:
        said["closed"] = {"code": event.error_code, "reason": event.reason_phrase}
    return said["closed"] is not None


def main():
    print(json.dumps({"version": aioquic.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(call(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
