// What is special to mini-programs: files through the runtime's file system, and its own ways around a host.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';

import { environment } from '../shared/environment.mjs';
import { MIB, openRoom, pattern } from '../shared/room.mjs';
import { requestsDuring } from '../shared/wire.mjs';
import { connect, sdk } from './sdk.mjs';

describe('runtime', () => {
  const room = openRoom(sdk);

  // seed: S120
  test('sliceUploadFile of a file, then a copy of what it made', async () => {
    const bucket = await room.bucket();
    const folder = await mkdtemp(path.join(tmpdir(), 'cosette-conformance-'));
    try {
      const bytes = pattern(2 * MIB + 1);
      await writeFile(path.join(folder, 'up'), bytes);
      const params = { ...bucket.at('a/1.jpg'), FilePath: path.join(folder, 'up'), ChunkSize: MIB };
      const { ETag } = await room.succeed('sliceUploadFile', params);
      assert.match(ETag, /^"[0-9a-f]{32}-3"$/);
      const data = await room.succeed('putObjectCopy', {
        ...bucket.at('b/1.jpg'),
        CopySource: bucket.source('a/1.jpg'),
      });
      assert.equal(data.ETag, ETag);
      await room.assertBytes(bucket, 'b/1.jpg', bytes);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  // seed: S08
  test('the second public suffix', async () => {
    const bucket = await room.bucket();
    await room.put(bucket, 'a/1.jpg', 'picture');
    const client = connect(environment.root, { Domain: '{Bucket}.cos.{Region}.tencentcos.cn' });
    const requests = await requestsDuring([bucket], () =>
      room.succeed('putObjectCopy', { ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/1.jpg') }, client),
    );
    assert.deepEqual(
      requests.map(({ method, key }) => [method, key]),
      [['PUT', 'b/1.jpg']],
    );
    await room.assertBytes(bucket, 'b/1.jpg', Buffer.from('picture'));
  });

  // seed: S08, S64, S84, S109
  test('the samples as promises', async () => {
    const bucket = await room.bucket();
    await room.put(bucket, 'a/1.jpg', 'picture');
    const CopySource = bucket.source('a/1.jpg');
    assert.equal((await room.root.putObjectCopy({ ...bucket.at('b/1.jpg'), CopySource })).statusCode, 200);
    const { UploadId } = await room.root.multipartInit(bucket.at('c/1.jpg'));
    const { ETag } = await room.root.uploadPartCopy({ ...bucket.at('c/1.jpg'), UploadId, PartNumber: '1', CopySource });
    const { Location } = await room.root.multipartComplete({
      ...bucket.at('c/1.jpg'),
      UploadId,
      Parts: [{ PartNumber: '1', ETag }],
    });
    assert.equal(Location, `${bucket.host}/c/1.jpg`);
    await assert.rejects(room.root.putObjectCopy({ ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/2.jpg') }), {
      statusCode: 404,
    });
  });
});
