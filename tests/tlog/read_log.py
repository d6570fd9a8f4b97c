#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads a log that is served as c2sp.org/tlog-tiles with nothing of aiaudit: Python's hashlib, and openssl for signatures.

usage: read_log.py URL KEY [--witness KEY] [--token TOKEN] [--rows FILE]
  KEY is a verification key. The checkpoint's signature, and the cosignature of a witness, are verified; every tile of the
  tree is fetched and must lead to the signed root; with a token every record is fetched and hashed too. --rows writes what
  a sink would hold: {"origin", "seq", "leaf", "record"} a line, in order.
exit status: 0 all of it holds, 1 it does not, 2 it cannot be read
"""
import argparse
import base64
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

PUBLIC_KEY_HEAD = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: SubjectPublicKeyInfo of an Ed25519 key


class Lie(Exception):
    pass


def sha256(data):
    return hashlib.sha256(data).digest()


def parse_key(text, kind):
    name, identifier, material = text.strip().split("+", 2)
    material = base64.b64decode(material, validate=True)
    if material[0] != kind or len(material) != 33 or sha256(name.encode() + b"\n" + material)[:4].hex() != identifier:
        raise ValueError(f"no verification key of type {kind}")
    return name, bytes.fromhex(identifier), material[1:]


def signature_holds(public_key, text, signature):
    with tempfile.TemporaryDirectory() as place:
        for name, data in (("key", PUBLIC_KEY_HEAD + public_key), ("text", text), ("signature", signature)):
            with open(os.path.join(place, name), "wb") as file:
                file.write(data)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin", "-in", "text",
                   "-sigfile", "signature"]
        return subprocess.run(command, cwd=place, capture_output=True, check=False).returncode == 0


def signatures_of(note, key):
    """The text of a note, and what the key signed of it."""
    text, lines = note.rsplit("\n\n", 1)
    found = []
    for line in lines.splitlines():
        dash, signer, blob = line.split(" ")
        blob = base64.b64decode(blob, validate=True)
        if dash == "\u2014" and signer == key[0] and blob[:4] == key[1]:
            found.append(blob[4:])
    return (text + "\n").encode(), found


def fetch(url, token=None):
    request = urllib.request.Request(url)
    if token:
        request.add_header("Authorization", "Bearer " + token)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def tile_path(level, index, width):
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03d}")
    return f"tile/{level}/" + "/".join(groups) + (f".p/{width}" if width < 256 else "")


def merkle_root(hashes):
    """RFC 6962, section 2.1, over hashes of leaves."""
    if not hashes:
        return sha256(b"")
    stack = []  # of (level, hash)
    for leaf in hashes:
        level, now = 0, leaf
        while stack and stack[-1][0] == level:
            now = sha256(b"\1" + stack.pop()[1] + now)
            level += 1
        stack.append((level, now))
    now = stack.pop()[1]
    while stack:
        now = sha256(b"\1" + stack.pop()[1] + now)
    return now


def read_level(url, level, count):
    hashes = []
    for first in range(0, count, 256):
        width = min(256, count - first)
        tile = fetch(f"{url}/" + tile_path(level, first // 256, width))
        if len(tile) != 32 * width:
            raise Lie(f"tile {level}/{first // 256} has {len(tile)} bytes for {width} hashes")
        hashes += [tile[i:i + 32] for i in range(0, len(tile), 32)]
    return hashes


def split_bundle(bundle):
    records = []
    while bundle:
        size, = struct.unpack(">H", bundle[:2])
        if len(bundle) < 2 + size:
            raise Lie("a bundle ends within a record")
        records.append(bundle[2:2 + size])
        bundle = bundle[2 + size:]
    return records


def open_checkpoint(url, key, witness):
    note = fetch(f"{url}/checkpoint").decode()
    text, found = signatures_of(note, key)
    if not found or not all(signature_holds(key[2], text, each) for each in found):
        raise Lie("the checkpoint is not signed by the log's key")
    if witness:
        text, found = signatures_of(note, witness)
        for each in found:
            time, = struct.unpack(">Q", each[:8])
            if not signature_holds(witness[2], b"cosignature/v1\ntime %d\n" % time + text, each[8:]):
                raise Lie("the cosignature does not match")
        if not found:
            raise Lie("the witness has not cosigned")
    origin, size, root = text.decode().split("\n")[:3]
    if origin != key[0]:
        raise Lie("the checkpoint is of another log")
    return int(size), base64.b64decode(root, validate=True)


def main():
    parser = argparse.ArgumentParser(description="Reads a log, and holds it to its checkpoint.")
    parser.add_argument("url")
    parser.add_argument("key")
    parser.add_argument("--witness")
    parser.add_argument("--token")
    parser.add_argument("--rows")
    arguments = parser.parse_args()
    url = arguments.url.rstrip("/")
    size, root = open_checkpoint(url, parse_key(arguments.key, 1),
                                 parse_key(arguments.witness, 4) if arguments.witness else None)
    leaves = read_level(url, 0, size)
    if merkle_root(leaves) != root:
        raise Lie("the tiles do not lead to the signed root")
    below, level = leaves, 1
    while len(below) >= 256:
        hashes = read_level(url, level, len(below) // 256)
        for place, each in enumerate(hashes):
            if merkle_root(below[256 * place:256 * place + 256]) != each:
                raise Lie(f"hash {place} of level {level} is not that of the tile below")
        below, level = hashes, level + 1
    records = []
    if arguments.token:
        for first in range(0, size, 256):
            width = min(256, size - first)
            path = tile_path(0, first // 256, width).replace("tile/0/", "tile/entries/", 1)
            bundle = split_bundle(fetch(f"{url}/{path}", arguments.token))
            if len(bundle) != width:
                raise Lie(f"the bundle {first // 256} has not {width} records")
            records += bundle
        for place, each in enumerate(records):
            if sha256(b"\0" + each) != leaves[place]:
                raise Lie(f"record {place + 1} is not the one under its leaf")
    if arguments.rows:
        with open(arguments.rows, "w", encoding="ascii") as out:
            for place, each in enumerate(records):
                out.write(json.dumps({"origin": parse_key(arguments.key, 1)[0], "seq": place + 1, "leaf": leaves[place].hex(),
                                      "record": base64.b64encode(each).decode()}) + "\n")
    print(f"{size} records, root {root.hex()}, {level} levels of tiles, {len(records)} records read")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Lie as lie:
        print(f"read_log: {lie}")
        sys.exit(1)
    except (OSError, ValueError, urllib.error.URLError) as wrong:
        print(f"read_log: {wrong}", file=sys.stderr)
        sys.exit(2)
