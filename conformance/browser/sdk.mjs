// The browser SDK as the shared cases see it: the cases run in Node.js, and each call of a client is carried into a page
// of headless Chromium, where the unmodified SDK makes it. Names of COS hosts lead to the server by Chromium's own
// resolver rules, so that the SDK and the browser see the service's hosts and every request crosses origins.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';

import NodeCOS from 'cos-nodejs-sdk-v5';
import { chromium } from 'playwright-core';

import { environment } from '../shared/environment.mjs';

const script = readFileSync(createRequire(import.meta.url).resolve('cos-js-sdk-v5/dist/cos-js-sdk-v5.js'));

const site = http.createServer((request, reply) => {
  const isScript = request.url === '/sdk.js';
  reply.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
  reply.end(isScript ? script : '<!doctype html><meta charset="utf-8"><script src="/sdk.js"></script>');
});
await new Promise((listening) => site.listen(0, '127.0.0.1', listening));

const { host } = environment.endpoint;
const browser = await chromium.launch({
  executablePath: process.env.COSETTE_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-proxy-server',
    // A page of loopback that asks other names of loopback is no attack here.
    '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
    `--host-resolver-rules=MAP *.myqcloud.com ${host}`,
  ],
});
const page = await browser.newPage();

/**
 * The browser's cache is that of one person. The shared cases are several accounts that ask for one address within a
 * second, so they go without.
 */
export async function withoutCache() {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
}

// Functions among the parameters stay here; the page calls them by their number.
const functions = [];
await page.exposeFunction('cosetteCalled', (number, args) => functions[number](...args));
await page.goto(`http://127.0.0.1:${site.address().port}/`);
await page.evaluate(() => {
  const clients = [];
  const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const arrive = (value) => {
    if (Array.isArray(value)) return value.map(arrive);
    if (value === null || typeof value !== 'object') return value;
    if ('$bytes' in value) return new Blob([fromBase64(value.$bytes)], { type: '' });
    if ('$answer' in value) return () => value.$answer;
    if ('$function' in value) return (...args) => void window.cosetteCalled(value.$function, args);
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, arrive(inner)]));
  };
  const leave = async (value) => {
    if (value instanceof Blob) value = await value.arrayBuffer();
    if (value instanceof ArrayBuffer) {
      const bytes = new Uint8Array(value);
      const pieces = [];
      for (let at = 0; at < bytes.length; at += 0x4000) {
        pieces.push(String.fromCharCode(...bytes.subarray(at, at + 0x4000)));
      }
      return { $bytes: btoa(pieces.join('')) };
    }
    if (Array.isArray(value)) return Promise.all(value.map(leave));
    if (value === null || value === undefined || typeof value !== 'object') return value;
    const own = value instanceof Error ? { message: value.message, ...value } : value;
    const pairs = Object.entries(own).filter(([, inner]) => typeof inner !== 'function');
    return Object.fromEntries(await Promise.all(pairs.map(async ([name, inner]) => [name, await leave(inner)])));
  };
  window.cosetteConnect = (options) => clients.push(new window.COS(arrive(options))) - 1;
  window.cosetteClockOffset = (number) => clients[number].options.SystemClockOffset;
  window.cosetteCall = (number, operation, params) =>
    new Promise((resolve) => {
      clients[number][operation](arrive(params), async (err, data) => {
        resolve({ err: await leave(err), data: await leave(data) });
      });
    });
});

function depart(value) {
  if (typeof value === 'function') return { $function: functions.push(value) - 1 };
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('base64') };
  if (Array.isArray(value)) return value.map(depart);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, depart(inner)]));
}

function comeBack(value) {
  if (Array.isArray(value)) return value.map(comeBack);
  if (value === null || typeof value !== 'object') return value;
  if ('$bytes' in value) return Buffer.from(value.$bytes, 'base64');
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, comeBack(inner)]));
}

/** What no page may do: make or remove a bucket, change its rules, list buckets. Those have no rules to let it. */
export function maker(account) {
  return new NodeCOS({ ...account, Protocol: 'http:', Proxy: environment.endpoint.origin });
}

const RULE = {
  AllowedOrigin: ['*'],
  AllowedMethod: ['GET', 'PUT', 'HEAD', 'POST', 'DELETE'],
  AllowedHeader: ['*'],
  // A page is shown no header of a reply but these, whatever it could be made to ask for.
  ExposeHeader: [
    'ETag',
    'Content-Length',
    'Content-Disposition',
    'Content-Encoding',
    'Cache-Control',
    'Expires',
    'Date',
    'Last-Modified',
    'Accept-Ranges',
    'Content-Range',
    'x-cos-request-id',
    'x-cos-trace-id',
    'x-cos-acl',
    'x-cos-copy-source-version-id',
    'x-cos-delete-marker',
    'x-cos-hash-crc64ecma',
    'x-cos-object-type',
    'x-cos-restore',
    'x-cos-storage-class',
    'x-cos-version-id',
    // A page is told no wildcard: each name of a case is here.
    ...['a', 'age', 'colour', 'first', 'rest', 'second-one', 'shape', 'size', 'two-words', 'weight'].map(
      (name) => `x-cos-meta-${name}`,
    ),
  ],
  MaxAgeSeconds: '600',
};

const MADE_OUTSIDE = new Set(['putBucket', 'deleteBucket', 'getService']);

/** Gives a bucket the rules that let any page work with it; resolves to the error, if any. */
export function allowPages(account, place) {
  return new Promise((resolve) => {
    maker(account).putBucketCors({ ...place, CORSRules: [RULE] }, (err) => resolve(err));
  });
}

export function connect(account, options = {}) {
  const { CopySourceParser: parser, ...plain } = options;
  // Asked and answered on the spot, so its answer must travel with it.
  const answers = parser && { CopySourceParser: { $answer: parser() } };
  const given = { ...depart({ ...account, Protocol: 'http:', ...plain }), ...answers };
  const made = page.evaluate((all) => window.cosetteConnect(all), given);
  const outside = maker(account);
  return new Proxy(
    {},
    {
      get: (_, operation) => {
        if (operation === 'made') return made;
        return (params, callback) => {
          if (!MADE_OUTSIDE.has(operation)) {
            made
              .then((number) => page.evaluate((all) => window.cosetteCall(...all), [number, operation, depart(params)]))
              .then(comeBack)
              // What the browser itself refuses, the SDK lets fly: a header that is no Latin-1, for one.
              .catch(({ message }) => ({ err: { message } }))
              .then(({ err, data }) => callback(err, data));
            return;
          }
          outside[operation](params, (err, data) => {
            if (err || operation !== 'putBucket') return void callback(err, data);
            const { Bucket, Region } = params;
            allowPages(account, { Bucket, Region }).then((refused) => callback(refused, refused ? undefined : data));
          });
        };
      },
    },
  );
}

export async function close() {
  await browser.close();
  site.closeAllConnections();
  site.close();
}

export const sdk = {
  name: 'cos-js-sdk-v5 in Chromium',
  connect,
  /** A client whose every request goes to a port where nobody listens. */
  connectTo: (account, port) => connect(account, { Domain: `127.0.0.1:${port}` }),
  body: (buffer) => buffer,
  bytes: (data) => Buffer.from(data ?? []),
  readOptions: { DataType: 'arraybuffer' },
  /** A browser takes `.` and `..` out of a path before anybody can sign it. */
  keepsDotSegments: false,
  /** It asks before it sends, and tells the page little of what was refused then. */
  isPage: true,
  clockOffset: (client) => client.made.then((number) => page.evaluate((at) => window.cosetteClockOffset(at), number)),
  sliceCopyKeepsHeaders: true,
  sliceCopyTellsMissingSource: true,
};
