// The Node.js SDK as the shared cases see it. It reaches the server as an HTTP proxy, so that it keeps the service's
// own host names in what it sends and signs.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import COS from 'cos-nodejs-sdk-v5';

import { environment } from '../shared/environment.mjs';

// The SDK remembers unfinished uploads in a file; each run has its own.
const memory = mkdtempSync(path.join(tmpdir(), 'cosette-conformance-'));

export function connect(account, options = {}) {
  return new COS({
    ...account,
    Protocol: 'http:',
    Proxy: environment.endpoint.origin,
    ConfCwd: memory,
    ...options,
  });
}

export const sdk = {
  name: 'cos-nodejs-sdk-v5',
  connect,
  /** A client whose every request goes to a port where nobody listens. */
  connectTo: (account, port) => connect(account, { Proxy: `http://127.0.0.1:${port}` }),
  body: (buffer) => buffer,
  bytes: (data) => data ?? Buffer.alloc(0),
  readOptions: {},
  keepsDotSegments: true,
  clockOffset: (client) => client.options.SystemClockOffset,
  /** sliceCopyFile above the slice size hands the source's headers and the wanted class to the upload. */
  sliceCopyKeepsHeaders: true,
  /** sliceCopyFile tells the status of a source that is not there. */
  sliceCopyTellsMissingSource: true,
};
