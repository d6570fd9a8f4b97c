// SPDX-License-Identifier: MIT
//
// ai_sdk.mjs API MODEL CASE PROMPT PICTURE DIRECTORY: one case of clients.py with Vercel's AI SDK. The address and the key of
// the gateway are the only settings; limits of output and of tries are the SDK's own.
import { readFileSync, writeFileSync } from 'node:fs';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';

const [api, name, kind, prompt, picture, directory] = process.argv.slice(2);
const gateway = process.env.GATEWAY;
const apiKey = process.env.GATEWAY_KEY;
const model = {
  responses: () => createOpenAI({ baseURL: `${gateway}/v1`, apiKey })(name),
  chat: () => createOpenAI({ baseURL: `${gateway}/v1`, apiKey }).chat(name),
  anthropic: () => createAnthropic({ baseURL: `${gateway}/v1`, apiKey })(name),
  google: () => createGoogleGenerativeAI({ baseURL: `${gateway}/v1beta`, apiKey })(name),
}[api]();
const weather = tool({
  description: 'The weather of a city.',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => {
    writeFileSync(`${directory}/${/case:([a-z0-9-]+)/.exec(prompt)[1]}.proof`, city);
    return `rain in ${city}`;
  },
});
const content = [{ type: 'text', text: prompt }];
if (kind === 'image') content.push({ type: 'image', image: readFileSync(picture), mediaType: 'image/png' });
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const result = streamText({
  model,
  messages: [{ role: 'user', content }],
  abortSignal: stop.signal,
  ...(kind === 'tool' ? { tools: { weather }, stopWhen: stepCountIs(3) } : {}),
  onError: ({ error }) => console.error(error.responseBody ?? error.message),
});
for await (const piece of result.textStream) process.stdout.write(piece);
