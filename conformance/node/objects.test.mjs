// What programs do around a copy with this SDK: upload from files and streams, signed URLs, downloads, many parts.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { environment } from '../shared/environment.mjs';
import { MIB, call, openRoom, pattern } from '../shared/room.mjs';
import { anonymous } from '../shared/wire.mjs';
import { connect, sdk } from './sdk.mjs';

const PARTS_MAX = 10_000;

describe('objects', () => {
  const room = openRoom(sdk);

  async function folder() {
    const made = await mkdtemp(path.join(tmpdir(), 'cosette-conformance-'));
    after(() => rm(made, { recursive: true }));
    return made;
  }

  // seed: S120, S141
  test('sliceUploadFile, a copy of what it made, downloadFile', async () => {
    const bucket = await room.bucket();
    const files = await folder();
    const bytes = pattern(3 * MIB + 1);
    await writeFile(path.join(files, 'up'), bytes);
    const params = { ...bucket.at('a/1.jpg'), FilePath: path.join(files, 'up'), ChunkSize: MIB };
    const { ETag } = await room.succeed('sliceUploadFile', params);
    assert.match(ETag, /^"[0-9a-f]{32}-4"$/);
    const data = await room.succeed('putObjectCopy', { ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/1.jpg') });
    assert.equal(data.ETag, ETag, 'a copy in one request keeps the ETag of the assembled source');
    await room.succeed('downloadFile', {
      ...bucket.at('b/1.jpg'),
      FilePath: path.join(files, 'down'),
      ChunkSize: MIB,
      onProgress() {},
    });
    assert.ok((await readFile(path.join(files, 'down'))).equals(bytes));
  });

  // seed: S03
  test('hundreds of copies at once on connections that stay, and hundreds after them on others', async () => {
    const bucket = await room.bucket();
    await room.put(bucket, 'a/1.jpg', 'picture');
    for (const KeepAlive of [true, false]) {
      const client = connect(environment.root, { KeepAlive });
      const copies = Array.from({ length: 300 }, (_, i) =>
        call(client, 'putObjectCopy', { ...bucket.at(`${KeepAlive}/${i}`), CopySource: bucket.source('a/1.jpg') }),
      );
      const failed = (await Promise.all(copies)).filter(({ err }) => err);
      assert.deepEqual(failed, []);
    }
    const { Contents } = await room.succeed('getBucket', bucket.place);
    assert.equal(Contents.length, 601);
  });

  // seed: S03
  test('putObject from a stream without a length, then a copy', async () => {
    const bucket = await room.bucket();
    const files = await folder();
    const bytes = pattern(MIB + 3);
    await writeFile(path.join(files, 'up'), bytes);
    await room.succeed('putObject', { ...bucket.at('a/1.jpg'), Body: createReadStream(path.join(files, 'up')) });
    await room.succeed('putObjectCopy', { ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/1.jpg') });
    await room.assertBytes(bucket, 'b/1.jpg', bytes);
  });

  // seed: S17
  test('a signed URL opens a private copy, and only while its signature fits', async () => {
    const bucket = await room.bucket();
    await room.put(bucket, 'a/1.jpg', 'picture');
    const key = 'b/中文 +1.jpg';
    await room.succeed('putObjectCopy', { ...bucket.at(key), CopySource: bucket.source('a/1.jpg') });
    const query = { 'response-content-type': 'text/plain; charset=utf-8' };
    const { Url } = await new Promise((resolve, reject) => {
      room.root.getObjectUrl({ ...bucket.at(key), Sign: true, Query: query }, (err, data) =>
        err ? reject(err) : resolve(data),
      );
    });
    const [, host, target] = Url.match(/^http:\/\/([^/]+)(.*)$/);
    const { status, headers, body } = await anonymous(host, target);
    assert.equal(status, 200, body.toString());
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(body.toString(), 'picture');
    assert.equal((await anonymous(host, target.replace('%2B1', '%2B2'))).status, 403);
    assert.equal((await anonymous(host, target.replace(/q-signature=./, 'q-signature=z'))).status, 403);
    assert.equal((await room.visit(bucket, key)).status, 403);
  });

  // seed: S12, S41
  test('ranges and conditions on GET', async () => {
    const bucket = await room.bucket();
    const { ETag } = await room.put(bucket, 'a/1.jpg', '0123456789');
    const get = bucket.at('a/1.jpg');
    const part = await room.succeed('getObject', { ...get, Range: 'bytes=2-4' });
    assert.equal(part.statusCode, 206);
    assert.equal(part.headers['content-range'], 'bytes 2-4/10');
    assert.equal(part.Body.toString(), '234');
    await room.refuse(416, 'InvalidRange', 'getObject', { ...get, Range: 'bytes=10-' });
    await room.refuse(412, 'PreconditionFailed', 'getObject', { ...get, IfMatch: '"0"' });
    await room.refuse(304, undefined, 'getObject', { ...get, IfNoneMatch: ETag });
  });

  test('lifecycle rules come back as they were set', async () => {
    const bucket = await room.bucket();
    const { Bucket, Region } = bucket.at('');
    // No rules are 404 on the wire, and an empty list to this SDK.
    const told = async () => (await call(room.root, 'getBucketLifecycle', { Bucket, Region })).data.Rules;
    assert.deepEqual(await told(), []);
    const Rules = [
      {
        ID: 'logs',
        Filter: { Prefix: 'logs/' },
        Status: 'Enabled',
        Transition: { Days: '30', StorageClass: 'ARCHIVE' },
        Expiration: { Days: '365' },
      },
      {
        ID: 'uploads',
        Filter: { Prefix: '' },
        Status: 'Enabled',
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: '3' },
      },
    ];
    await room.succeed('putBucketLifecycle', { Bucket, Region, Rules });
    assert.deepEqual(await told(), Rules);
    const twice = { Bucket, Region, Rules: [Rules[0], Rules[0]] };
    await room.refuse(400, 'InvalidArgument', 'putBucketLifecycle', twice);
    assert.deepEqual(await told(), Rules);
    await room.succeed('deleteBucketLifecycle', { Bucket, Region });
    assert.deepEqual(await told(), []);
  });

  // seed: S112, S120
  test('an upload of 10,000 copied parts', async () => {
    const bucket = await room.bucket();
    const bytes = pattern(MIB);
    await room.put(bucket, 'source', bytes);
    const { UploadId } = await room.succeed('multipartInit', bucket.at('target'));
    const client = sdk.connect(environment.root);
    const copy = { ...bucket.at('target'), UploadId, CopySource: bucket.source('source') };
    const Parts = new Array(PARTS_MAX);
    let next = 0;
    const worker = async () => {
      while (next < PARTS_MAX) {
        const index = next++;
        const PartNumber = String(index + 1);
        Parts[index] = { PartNumber, ETag: (await client.uploadPartCopy({ ...copy, PartNumber })).ETag };
      }
    };
    await Promise.all(Array.from({ length: 32 }, worker));
    const data = await room.succeed('multipartComplete', { ...bucket.at('target'), UploadId, Parts });
    assert.match(data.ETag, /^"[0-9a-f]{32}-10000"$/);
    const { headers } = await room.head(bucket, 'target');
    assert.equal(headers['content-length'], String(PARTS_MAX * MIB));
    const middle = 5_000 * MIB - 5;
    const read = await room.read(bucket, 'target', { Range: `bytes=${middle}-${middle + 9}` });
    assert.deepEqual(read, Buffer.concat([bytes.subarray(-5), bytes.subarray(0, 5)]));
    const whole = await room.succeed('putObjectCopy', { ...bucket.at('copy'), CopySource: bucket.source('target') });
    assert.equal(whole.ETag, data.ETag);
  });
});
