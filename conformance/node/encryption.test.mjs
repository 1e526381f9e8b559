// Encryption with keys of the service (SSE-COS) and of the customer (SSE-C), by the headers that this SDK takes.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';

import { openRoom } from '../shared/room.mjs';
import { sdk } from './sdk.mjs';

const MANAGED = 'x-cos-server-side-encryption';
const CUSTOMER = 'x-cos-server-side-encryption-customer-';
const SOURCE = 'x-cos-copy-source-server-side-encryption-customer-';
const OWN = Buffer.from('0123456789abcdef0123456789abcdef');
const OTHER = Buffer.alloc(32, 7);

const key = (bytes, prefix = CUSTOMER) => ({
  [`${prefix}algorithm`]: 'AES256',
  [`${prefix}key`]: bytes.toString('base64'),
  [`${prefix}key-MD5`]: createHash('md5').update(bytes).digest('base64'),
});

describe('encryption', () => {
  const room = openRoom(sdk);

  const store = (bucket, name, headers) =>
    room.succeed('putObject', { ...bucket.at(name), Body: Buffer.from('secret'), Headers: headers });

  test('a key of the service: put, get, copy', async () => {
    const bucket = await room.bucket();
    const { headers } = await store(bucket, 'a', { [MANAGED]: 'AES256' });
    assert.equal(headers[MANAGED], 'AES256');
    assert.equal((await room.head(bucket, 'a')).headers[MANAGED], 'AES256');
    await room.assertBytes(bucket, 'a', 'secret');
    const copy = { CopySource: bucket.source('a') };
    await room.succeed('putObjectCopy', { ...bucket.at('plain'), ...copy });
    assert.equal((await room.head(bucket, 'plain')).headers[MANAGED], undefined);
    await room.succeed('putObjectCopy', { ...bucket.at('b'), ...copy, Headers: { [MANAGED]: 'AES256' } });
    assert.equal((await room.head(bucket, 'b')).headers[MANAGED], 'AES256');
    await room.assertBytes(bucket, 'b', 'secret');
  });

  test('a key of the customer: put, head, get; another key or none is refused', async () => {
    const bucket = await room.bucket();
    await store(bucket, 'a', key(OWN));
    const { headers } = await room.head(bucket, 'a', { Headers: key(OWN) });
    assert.equal(headers[`${CUSTOMER}key-md5`], key(OWN)[`${CUSTOMER}key-MD5`]);
    await room.assertBytes(bucket, 'a', 'secret', { Headers: key(OWN) });
    await room.unchanged([bucket], async () => {
      await room.refuse(400, undefined, 'getObject', bucket.at('a'));
      await room.refuse(400, undefined, 'getObject', { ...bucket.at('a'), Headers: key(OTHER) });
    });
  });

  test('a copy from one key to another, in one request and in parts', async () => {
    const bucket = await room.bucket();
    await store(bucket, 'a', key(OWN));
    const copy = { CopySource: bucket.source('a') };
    const both = { ...key(OTHER), ...key(OWN, SOURCE) };
    await room.succeed('putObjectCopy', { ...bucket.at('b'), ...copy, Headers: both });
    await room.assertBytes(bucket, 'b', 'secret', { Headers: key(OTHER) });
    await room.unchanged([bucket], () =>
      room.refuse(400, undefined, 'putObjectCopy', { ...bucket.at('c'), ...copy, Headers: key(OTHER) }),
    );
    const { UploadId } = await room.succeed('multipartInit', { ...bucket.at('d'), Headers: key(OTHER) });
    const part = { ...bucket.at('d'), UploadId, PartNumber: '1', ...copy, Headers: both };
    const { ETag } = await room.succeed('uploadPartCopy', part);
    await room.succeed('multipartComplete', { ...bucket.at('d'), UploadId, Parts: [{ PartNumber: '1', ETag }] });
    await room.assertBytes(bucket, 'd', 'secret', { Headers: key(OTHER) });
  });
});
