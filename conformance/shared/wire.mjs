// The little that no SDK offers: an anonymous request with a host of our choice, and the server's request log.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';

import { environment } from './environment.mjs';

const LOG_WAIT_MS_MAX = 10_000;

/** Sends one unsigned request to the server, with `host` in its Host header. */
export function anonymous(host, path, { method = 'GET', headers = {} } = {}) {
  const { hostname, port } = environment.endpoint;
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path, headers: { Host: host, ...headers } }, (reply) => {
      const chunks = [];
      reply.on('data', (chunk) => chunks.push(chunk));
      reply.on('error', reject);
      reply.on('end', () => {
        resolve({ status: reply.statusCode, headers: reply.headers, body: Buffer.concat(chunks) });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

async function logEntries() {
  const text = await readFile(environment.requestLog, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** Sends a request that is recognisable in the log and waits until it is there: all requests before it are too. */
async function mark() {
  const path = `/marker-${randomUUID()}`;
  await anonymous('marker-1250000000.cos.ap-guangzhou.myqcloud.com', path, { method: 'HEAD' });
  const deadline = Date.now() + LOG_WAIT_MS_MAX;
  for (;;) {
    const entries = await logEntries();
    const at = entries.findIndex((entry) => entry.path === path);
    if (at >= 0) return { entries, at };
    if (Date.now() > deadline) throw new Error(`the request log ${environment.requestLog} never showed ${path}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

/**
 * Runs `action` and returns the requests that the server logged for these buckets meanwhile, in the order of the log:
 * `{ method, bucket, key, query, status }` with the key decoded and the query as URLSearchParams.
 */
export async function requestsDuring(buckets, action) {
  const before = await mark();
  await action();
  const after = await mark();
  return after.entries.slice(before.at + 1, after.at).flatMap((entry) => {
    const bucket = buckets.find(({ name }) => entry.host.startsWith(`${name}.`));
    // A browser asks beforehand whether it may ask.
    if (!bucket || entry.method === 'OPTIONS') return [];
    const key = decodeURIComponent(entry.path).replace(/^\//, '');
    return [{ method: entry.method, bucket, key, query: new URLSearchParams(entry.query), status: entry.status }];
  });
}
