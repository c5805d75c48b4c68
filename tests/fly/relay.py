"""A radio as a process of its own: passes MAVLink packets between a ground station and a vehicle that listens on UDP.

``python relay.py VEHICLE_HOST:PORT GROUND [--loss …]``; GROUND is ``udp`` (the ground station speaks to us),
``udp:HOST:PORT`` (it listens there), ``tcp`` or ``pty``. The first line on standard output is where the ground station
finds us; then ``cut``, ``join`` and ``stats`` on standard input; its end is ours.
"""

import argparse
import heapq
import itertools
import os
import random
import selectors
import socket
import struct
import sys
import time
import tty

from pymavlink.generator.mavcrc import x25crc

HEADERS = {0xFE: (6, 2), 0xFD: (10, 2)}
ITEM_INT, ITEM_INT_EXTRA, HEIGHT, SEQUENCE = b"\x49\0\0", 38, 10 + 24, 10 + 28
HOLD_S = 0.05


def raised(packet, sequence):
    """Return the packet, with 5 m more height if it is the MISSION_ITEM_INT of this number."""
    if packet[0] != 0xFD or packet[7:10] != ITEM_INT or packet[SEQUENCE] != sequence:
        return packet
    (height,) = struct.unpack_from("<f", packet, HEIGHT)
    body = bytearray(packet[:-2])
    struct.pack_into("<f", body, HEIGHT, height + 5.0)
    crc = x25crc(bytes(body[1:]))
    crc.accumulate(bytes([ITEM_INT_EXTRA]))
    return bytes(body) + struct.pack("<H", crc.crc)


class Datagrams:
    def __init__(self, peer=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.peer, self.fixed = peer, peer is not None
        self.url = "udp:{}:{}".format(*self.socket.getsockname())

    def fileno(self):
        return self.socket.fileno()

    def read(self):
        try:
            packet, sender = self.socket.recvfrom(65535)
        except ConnectionError:
            return []
        if not self.fixed:
            self.peer = sender
        return [packet]

    def write(self, packet):
        if self.peer:
            try:
                self.socket.sendto(packet, self.peer)
            except ConnectionError:
                return


class Stream:
    """A TCP connection, accepted when it comes, or a pseudo terminal; bytes are cut into packets."""

    def __init__(self, kind):
        self.rest = b""
        self.server = self.connection = None
        if kind == "tcp":
            self.server = socket.create_server(("127.0.0.1", 0))
            self.url = "tcp:{}:{}".format(*self.server.getsockname())
        else:
            self.file, self.slave = os.openpty()
            tty.setraw(self.slave)
            self.url = f"serial:{os.ttyname(self.slave)}:57600"

    def fileno(self):
        if self.server is None:
            return self.file
        return (self.connection or self.server).fileno()

    def read(self):
        if self.server is not None and self.connection is None:
            self.connection = self.server.accept()[0]
            return []
        chunk = self.connection.recv(65535) if self.server is not None else os.read(self.file, 65535)
        if not chunk:
            self.connection.close()
            self.connection = None
        self.rest += chunk
        return list(self.cut())

    def cut(self):
        while len(self.rest) > 2:
            if self.rest[0] not in HEADERS:
                self.rest = self.rest[1:]
                continue
            head, tail = HEADERS[self.rest[0]]
            length = head + self.rest[1] + tail
            if len(self.rest) < length:
                return
            yield self.rest[:length]
            self.rest = self.rest[length:]

    def write(self, packet):
        if self.server is None:
            os.write(self.file, packet)
        elif self.connection is not None:
            self.connection.sendall(packet)


class Relay:
    def __init__(self, how):
        self.how, self.dice = how, random.Random(how.seed)
        host, _, port = how.vehicle.rpartition(":")
        self.air = Datagrams((host, int(port)))
        if how.ground.startswith("udp:"):
            host, _, port = how.ground.removeprefix("udp:").rpartition(":")
            self.ground = Datagrams((host, int(port)))
            self.air.write(b"\0")  # so that the vehicle knows whom to speak to
        else:
            self.ground = Datagrams() if how.ground == "udp" else Stream(how.ground)
        self.other = {self.ground: self.air, self.air: self.ground}
        self.flying, self.held, self.order = [], {}, itertools.count()
        self.is_cut, self.passed, self.lost = False, 0, 0

    def run(self):
        print(self.ground.url, flush=True)
        with selectors.DefaultSelector() as selector:
            for part in (self.ground, self.air, sys.stdin):
                selector.register(part, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select(0.01 if self.flying or self.held else 0.2):
                    if key.fileobj is sys.stdin:
                        if not self.obey(sys.stdin.readline().strip()):
                            return
                        continue
                    for packet in key.fileobj.read():
                        self.take(key.fileobj, packet)
                    if key.fileobj.fileno() != key.fd:  # a connection has taken the place of its server, or back
                        selector.unregister(key.fd)
                        selector.register(key.fileobj, selectors.EVENT_READ)
                self.land()

    def obey(self, word):
        if word == "stats":
            print(self.passed, self.lost, flush=True)
        elif word in {"cut", "join"}:
            self.is_cut = word == "cut"
            print("ok", flush=True)
        return bool(word)

    def take(self, part, packet):
        if self.is_cut or self.dice.random() < self.how.loss:
            self.lost += 1
            return
        self.passed += 1
        if part is self.ground:
            packet = raised(packet, self.how.raises)
        now = time.monotonic()
        before = self.held.pop(part, None)
        if before is None and self.dice.random() < self.how.swaps:
            self.held[part] = (now, packet)
            return
        for one in (packet, packet) if self.dice.random() < self.how.repeats else (packet,):
            self.send(part, one, now)
        if before:
            self.send(part, before[1], now)

    def send(self, part, packet, now):
        if self.how.latency:
            heapq.heappush(self.flying, (now + self.how.latency, next(self.order), self.other[part], packet))
        else:
            self.other[part].write(packet)

    def land(self):
        now = time.monotonic()
        for part, (since, packet) in list(self.held.items()):
            if now - since > HOLD_S:
                del self.held[part]
                self.send(part, packet, now)
        while self.flying and self.flying[0][0] <= now:
            _, _, part, packet = heapq.heappop(self.flying)
            part.write(packet)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("vehicle")
    parser.add_argument("ground")
    for name in ("loss", "repeats", "swaps", "latency"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--raises", type=int, default=-1, help="the number of an item that arrives higher than it left")
    Relay(parser.parse_args()).run()
