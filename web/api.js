// SPDX-License-Identifier: MIT
// api.js: questions to /api/v1. A problem (RFC 9457) becomes an error with its words.

export class Problem extends Error {
    constructor(status, words) {
        super(words);
        this.status = status;
    }
}

async function problemOf(answer) {
    let said = {};
    try {
        said = await answer.json();
    } catch {
        // No JSON: the status says it.
    }
    return new Problem(answer.status, said.detail || said.title || `the server answered ${answer.status}`);
}

export function url(path, query = {}) {
    const kept = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
    const text = new URLSearchParams(kept).toString();
    return "/api/v1/" + path + (text ? "?" + text : "");
}

export async function ask(path, query, signal) {
    const answer = await fetch(url(path, query), {signal, headers: {Accept: "application/json"}});
    if (!answer.ok) throw await problemOf(answer);
    return answer.json();
}

export async function post(path, body) {
    const answer = await fetch(path, {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(body ?? {}),
    });
    if (!answer.ok) throw await problemOf(answer);
}
