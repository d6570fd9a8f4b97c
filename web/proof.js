// SPDX-License-Identifier: MIT
// proof.js: checks here, in the browser, that a record is in the log's tree (RFC 6962): from the
// record's bytes to its leaf's hash, and by the path to the root.

const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

async function hash(...parts) {
    const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of parts) {
        all.set(part, at);
        at += part.length;
    }
    return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
}

const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);

// The root that the path leads to; null where the path is too short or too long.
async function rootOf(leaf, index, size, hashes) {
    let place = BigInt(index);
    let last = BigInt(size) - 1n;
    let value = leaf;
    if (place > last) return null;
    for (const each of hashes) {
        if (last === 0n) return null;
        if (place % 2n === 1n || place === last) {
            value = await hash(nodeMark, each, value);
            while (place % 2n === 0n && place !== 0n) {
                place /= 2n;
                last /= 2n;
            }
        } else {
            value = await hash(nodeMark, value, each);
        }
        place /= 2n;
        last /= 2n;
    }
    return last === 0n ? value : null;
}

// {"holds": true | false | null, "words"}; null: this browser cannot check.
export async function check(proof) {
    if (!globalThis.crypto?.subtle)
        return {holds: null, words: "Not checked here: browsers offer hashing only over HTTPS or on this machine."};
    if (toHex(await hash(leafMark, fromBase64(proof.leaf_base64))) !== proof.leaf_hash)
        return {holds: false, words: "The record\u2019s bytes do not have the leaf\u2019s hash."};
    const root = await rootOf(fromHex(proof.leaf_hash), proof.index, proof.tree_size, proof.hashes.map(fromHex));
    if (root === null || toHex(root) !== proof.root)
        return {holds: false, words: "The path does not lead to the root."};
    return {holds: true, words: "Checked in this browser: the record\u2019s bytes lead to the root of the log."};
}
