// The official Node.js SDK over TLS: an object up, copied, and down again. Whom it trusts comes from the environment,
// and so does what it says about it.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

// The SDK is installed for the suite beside this one.
const require = createRequire(new URL('../node/package.json', import.meta.url));
const COS = require('cos-nodejs-sdk-v5');

const { COSETTE_ENDPOINT, COSETTE_SECRET_ID: SecretId, COSETTE_SECRET_KEY: SecretKey, BUCKET } = process.env;
const { hostname, port } = new URL(COSETTE_ENDPOINT);
const place = { Bucket: BUCKET, Region: 'ap-guangzhou' };
const cos = new COS({
  SecretId,
  SecretKey,
  Protocol: 'https:',
  Domain: `${hostname}:${port}`,
  ForcePathStyle: true,
  ConfCwd: process.cwd(),
});

const body = Buffer.alloc(3 * 1024 * 1024, 'node');
await cos.putObject({ ...place, Key: 'node/中 1.jpg', Body: body });
const CopySource = `${BUCKET}.cos.ap-guangzhou.myqcloud.com/${encodeURIComponent('node/中 1.jpg')}`;
await cos.putObjectCopy({ ...place, Key: 'node/copy', CopySource });
const read = await cos.getObject({ ...place, Key: 'node/copy' });
assert.ok(read.Body.equals(body));
const url = cos.getObjectUrl({ ...place, Key: 'node/copy', Sign: true, Protocol: 'https:' });
const reply = await fetch(url);
assert.equal(reply.status, 200);
assert.ok(Buffer.from(await reply.arrayBuffer()).equals(body));
console.log('transferred');
