# SPDX-License-Identifier: MIT
"""A picture for a prompt: 64 by 64 points, a grey bar on blue, as PNG."""
import struct
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(side=64):
    row = b"\0" + b"".join(b"\x80\x80\x80" if 24 <= x < 40 else b"\x20\x40\xc0" for x in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * side)) + chunk(b"IEND", b"")
