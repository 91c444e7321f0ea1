"""Asks a node's API over WebSocket (by websockets) and WebTransport (by aioquic), for `cargo xtask interop api`.

One JSON object comes on standard input: the ports `websocket` and `webtransport`, the SHA-256 `hash` of the certificate that is to be shown, and the `token`.
What was answered goes to standard output, one JSON object for each way. It knows of bitpie what docs/API.md says.
"""

import asyncio
import hashlib
import json
import ssl
import sys

import aioquic
import websockets
from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import FrameType, H3Connection
from aioquic.h3.events import HeadersReceived, WebTransportStreamDataReceived
from aioquic.quic.configuration import QuicConfiguration
from cryptography.hazmat.primitives.serialization import Encoding

# Within this time everything comes about that is waited for.
PATIENCE_S = 20


def request(number, method, params=None):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}})


async def over_websocket(asked):
    answers = []
    async with websockets.connect(f"ws://127.0.0.1:{asked['websocket']}/") as socket:

        async def ask(method, params=None):
            await socket.send(request(len(answers), method, params))
            answers.append(json.loads(await socket.recv()))

        await conversation(ask, asked)
    return {"way": "websocket", "version": websockets.__version__, "answers": answers}


async def conversation(ask, asked):
    await ask("getnodeinfo")
    await ask("status")
    await ask("authenticate", {"token": asked["token"]})
    await ask("status")
    await ask("subscribe", {"topic": "conversations"})


class WebTransport(QuicConnectionProtocol):
    """A session, and one stream of it."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.h3 = H3Connection(self._quic, enable_webtransport=True)
        self.status = asyncio.get_running_loop().create_future()
        self.lines = asyncio.Queue()
        self.begun = b""

    def quic_event_received(self, event):
        for told in self.h3.handle_event(event):
            if isinstance(told, HeadersReceived) and not self.status.done():
                self.status.set_result(dict(told.headers)[b":status"].decode())
            elif isinstance(told, WebTransportStreamDataReceived):
                *whole, self.begun = (self.begun + told.data).split(b"\n")
                for line in whole:
                    self.lines.put_nowait(line)

    async def open(self, authority):
        session = self._quic.get_next_available_stream_id()
        headers = {":method": "CONNECT", ":scheme": "https", ":authority": authority, ":path": "/", ":protocol": "webtransport"}
        self.h3.send_headers(session, [(name.encode(), value.encode()) for name, value in headers.items()])
        self.transmit()
        status = await self.status
        if status != "200":
            return status
        self.stream = self.h3.create_webtransport_stream(session)
        # aioquic 1.7 reads what comes back by a stream of its own as frames of HTTP/3, unless it is told what it is.
        with self.h3._get_or_create_stream(self.stream) as stream:
            stream.frame_type, stream.session_id = FrameType.WEBTRANSPORT_STREAM, session
        return status

    async def ask(self, line):
        self._quic.send_stream_data(self.stream, line.encode() + b"\n")
        self.transmit()
        return json.loads(await self.lines.get())

    def hash(self):
        return hashlib.sha256(self._quic.tls._peer_certificate.public_bytes(Encoding.DER)).hexdigest()


async def over_webtransport(asked):
    # No authority has signed the certificate: it is recognised by its hash, as a browser does it.
    configuration = QuicConfiguration(is_client=True, alpn_protocols=["h3"], max_datagram_frame_size=65536)
    configuration.verify_mode = ssl.CERT_NONE
    answers = []
    port = asked["webtransport"]
    async with connect("127.0.0.1", port, configuration=configuration, create_protocol=WebTransport) as client:
        if client.hash() != asked["hash"]:
            raise SystemExit(f"the certificate has another hash: {client.hash()}")
        status = await client.open(f"127.0.0.1:{port}")

        async def ask(method, params=None):
            answers.append(await client.ask(request(len(answers), method, params)))

        if status == "200":
            await conversation(ask, asked)
    async with connect("127.0.0.1", port, configuration=configuration, create_protocol=WebTransport) as client:
        elsewhere = await client.open("node.example:443")
    return {"way": "webtransport", "version": aioquic.__version__, "answers": answers, "elsewhere": elsewhere}


async def main():
    asked = json.loads(sys.stdin.readline())
    for way in (over_websocket, over_webtransport):
        print(json.dumps(await asyncio.wait_for(way(asked), PATIENCE_S)), flush=True)


asyncio.run(main())
