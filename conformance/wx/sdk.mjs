// The mini-program SDK as the shared cases see it, over the `wx` global of wx-shim.mjs.

import { createRequire } from 'node:module';

import { environment } from '../shared/environment.mjs';
import { createWx } from './wx-shim.mjs';

globalThis.wx = createWx(environment.endpoint);
// The runtime of mini-programs passes `window` to each module, undefined; the SDK's bundle mentions it.
globalThis.window = undefined;
const COS = createRequire(import.meta.url)('cos-wx-sdk-v5');

export function connect(account, options = {}) {
  return new COS({ ...account, ...options });
}

const arrayBuffer = (buffer) => buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);

export const sdk = {
  name: 'cos-wx-sdk-v5',
  connect,
  /** A client whose every request goes to a port where nobody listens. */
  connectTo: (account, port) => connect(account, { Domain: `127.0.0.1:${port}` }),
  body: arrayBuffer,
  bytes: (data) => Buffer.from(data),
  readOptions: { DataType: 'arraybuffer' },
  keepsDotSegments: true,
  clockOffset: (client) => client.options.SystemClockOffset,
  /** In this SDK a shadowed variable loses the headers that a multipart copy should start with. */
  sliceCopyKeepsHeaders: false,
  /** In this SDK the error for a missing source has only its own text. */
  sliceCopyTellsMissingSource: false,
};
