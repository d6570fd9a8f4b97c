#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks a proof of `aiaudit prove` with nothing of aiaudit: Python's hashlib, and openssl for the signature.

usage: verify_proof.py PROOF KEY      KEY is the verification key, or a file that holds it
exit status: 0 proven, 1 not proven, 2 not readable
"""
import base64
import hashlib
import os
import subprocess
import sys
import tempfile

ED25519 = 1
PUBLIC_KEY_HEAD = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: SubjectPublicKeyInfo of an Ed25519 key


class NotProven(Exception):
    pass


def sha256(data):
    return hashlib.sha256(data).digest()


def node(left, right):
    return sha256(b"\1" + left + right)


def parse_key(text):
    name, identifier, material = text.strip().split("+", 2)
    material = base64.b64decode(material, validate=True)
    if material[0] != ED25519 or sha256(name.encode() + b"\n" + material)[:4].hex() != identifier:
        raise ValueError("not an Ed25519 verification key")
    return name, bytes.fromhex(identifier), material[1:]


def signature_holds(public_key, text, signature):
    with tempfile.TemporaryDirectory() as place:
        for name, data in (("key", PUBLIC_KEY_HEAD + public_key), ("text", text), ("signature", signature)):
            with open(os.path.join(place, name), "wb") as file:
                file.write(data)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin", "-in", "text",
                   "-sigfile", "signature"]
        return subprocess.run(command, cwd=place, capture_output=True, check=False).returncode == 0


def open_checkpoint(note, key):
    """The size and root of a signed note, once its signature by the key was checked."""
    name, identifier, public_key = key
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    for line in signatures.splitlines():
        dash, signer, blob = line.split(" ")
        blob = base64.b64decode(blob, validate=True)
        if dash == "\u2014" and signer == name and blob[:4] == identifier:
            if not signature_holds(public_key, text.encode(), blob[4:]):
                raise NotProven("the signature is not that of the key")
            origin, size, root = text.split("\n")[:3]
            if origin != name:
                raise NotProven("the checkpoint is of another log: " + origin)
            return int(size), base64.b64decode(root, validate=True)
    raise NotProven("nobody who is trusted signed")


def check_inclusion(index, size, leaf, path, root):  # RFC 9162, 2.1.3.2
    if index >= size:
        raise NotProven("the record is past the end of the log")
    fn, sn, hash_ = index, size - 1, leaf
    for step in path:
        if sn == 0:
            raise NotProven("the path is too long")
        if fn & 1 or fn == sn:
            hash_ = node(step, hash_)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            hash_ = node(hash_, step)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or hash_ != root:
        raise NotProven("the path does not lead to the root")


def check_consistency(first, second, path, first_root, second_root):  # RFC 9162, 2.1.4.2
    if first == second:
        if path or first_root != second_root:
            raise NotProven("two different logs of one size")
        return
    if not 0 < first < second or not path:
        raise NotProven("no proof of growth")
    if first & (first - 1) == 0:
        path = [first_root] + path
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for step in path[1:]:
        if sn == 0:
            raise NotProven("the path is too long")
        if fn & 1 or fn == sn:
            fr, sr = node(step, fr), node(step, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, step)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or fr != first_root or sr != second_root:
        raise NotProven("the newer log does not begin with the older one")


def check(proof, key):
    head, rest = proof.split("\n\n", 1)
    lines = head.split("\n")
    if lines[0] == "aiaudit consistency proof v1":
        path = [base64.b64decode(line, validate=True) for line in lines[1:]]
        text, signatures, newer = rest.split("\n\n", 2)
        first, first_root = open_checkpoint(text + "\n\n" + signatures + "\n", key)
        second, second_root = open_checkpoint(newer, key)
        check_consistency(first, second, path, first_root, second_root)
        return f"the log of {second} records begins with all {first} of the older checkpoint"
    if lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise ValueError("not a proof with a record")
    record = base64.b64decode(lines[1][6:], validate=True)
    index = int(lines[2][6:])
    path = [base64.b64decode(line, validate=True) for line in lines[3:]]
    size, root = open_checkpoint(rest, key)
    check_inclusion(index, size, sha256(b"\0" + record), path, root)
    return f"record {index + 1} ({len(record)} bytes) is in the log of {size} records"


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        key = arguments[1]
        if os.path.exists(key):
            with open(key, encoding="utf-8") as file:
                key = file.read()
        with open(arguments[0], encoding="utf-8") as file:
            print(check(file.read(), parse_key(key)))
        return 0
    except NotProven as why:
        print("NOT PROVEN: " + str(why))
        return 1
    except (OSError, ValueError, IndexError) as why:
        print(f"verify_proof: {arguments[0]}: {why}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
