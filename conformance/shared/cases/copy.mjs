// putObjectCopy as the samples use it: where from, where to, and what the result says.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { environment } from '../environment.mjs';
import { MIB, OTHER_REGION, REGION, openRoom, pattern, quotedMd5 } from '../room.mjs';

const CONTENT_HEADERS = ['cache-control', 'content-disposition', 'content-encoding', 'content-type', 'expires'];

export function copyCases(sdk) {
  describe('copy', () => {
    const room = openRoom(sdk);

    // seed: S01, S03, S05, S08, S13, S40, S41, S45, S46, S47, S48, S50
    test('the copy sample: a/1.jpg to b/1.jpg', async () => {
      const bucket = await room.bucket();
      const bytes = pattern(100_000);
      await room.put(bucket, 'a/1.jpg', bytes, {
        CacheControl: 'max-age=600',
        ContentDisposition: 'attachment; filename="1.jpg"',
        ContentEncoding: 'identity',
        ContentType: 'image/jpeg',
        Expires: 'Wed, 21 Oct 2037 07:28:00 GMT',
        'x-cos-meta-colour': 'blue',
        'x-cos-meta-size': 'large',
      });
      const data = await room.succeed('putObjectCopy', {
        ...bucket.at('b/1.jpg'),
        CopySource: bucket.source('a/1.jpg'),
      });
      assert.equal(data.statusCode, 200);
      assert.equal(data.ETag, quotedMd5(bytes));
      assert.match(data.LastModified, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(!('VersionId' in data), 'no VersionId without versioning');

      const source = await room.head(bucket, 'a/1.jpg');
      const target = await room.head(bucket, 'b/1.jpg');
      assert.equal(target.ETag, data.ETag);
      const second = (time) => Math.floor(Date.parse(time) / 1000);
      assert.equal(second(data.LastModified), second(target.headers['last-modified']));
      assert.equal(data.CRC64, target.headers['x-cos-hash-crc64ecma']);
      for (const name of [
        ...CONTENT_HEADERS,
        'x-cos-meta-colour',
        'x-cos-meta-size',
        'content-length',
        'x-cos-hash-crc64ecma',
      ]) {
        assert.ok(source.headers[name], `${name} of the source`);
        assert.equal(target.headers[name], source.headers[name], name);
      }
      await room.assertBytes(bucket, 'b/1.jpg', bytes);
      await room.assertBytes(bucket, 'a/1.jpg', bytes);
    });

    // seed: S03, S12
    test('keys of both sample shapes, empty objects and large ones; a second write replaces the first', async () => {
      const bucket = await room.bucket();
      const bodies = { '1.jpg': pattern(10), 'a/b/test.txt': pattern(3 * MIB + 17), empty: Buffer.alloc(0) };
      for (const [key, bytes] of Object.entries(bodies)) {
        await room.put(bucket, key, bytes);
        const data = await room.succeed('putObjectCopy', { ...bucket.at('target'), CopySource: bucket.source(key) });
        assert.equal(data.ETag, quotedMd5(bytes));
        await room.assertBytes(bucket, 'target', bytes);
      }
      const { Contents } = await room.succeed('getBucket', bucket.place);
      assert.deepEqual(
        Contents.map(({ Key }) => Key),
        ['1.jpg', 'a/b/test.txt', 'empty', 'target'],
      );
    });

    // seed: S12
    test('keys that a path would rewrite stay as they are', async () => {
      const bucket = await room.bucket();
      const dotted = ['a/./b', 'a/../b'];
      if (!sdk.keepsDotSegments) {
        // What was signed is not what arrives: nothing may come of it under another key.
        for (const key of dotted) {
          const put = { ...bucket.at(key), Body: sdk.body(Buffer.from('x')) };
          await room.unchanged([bucket], () => room.refuse(403, 'SignatureDoesNotMatch', 'putObject', put));
        }
      }
      const kept = sdk.keepsDotSegments ? dotted : [];
      const keys = ['a//b', ...kept, 'x+y z', '50%', 'q?a=b&c#d', "it's!(*)~", '照片/😀.jpg', '<&>"'];
      for (const [i, key] of keys.entries()) {
        const bytes = Buffer.from(`body ${i}`);
        await room.put(bucket, key, bytes);
        await room.succeed('putObjectCopy', { ...bucket.at(`copy/${key}`), CopySource: bucket.source(key) });
        await room.assertBytes(bucket, `copy/${key}`, bytes);
        await room.assertBytes(bucket, key, bytes);
      }
    });

    // seed: S09, S11, S16
    test('the source region and the target region are independent', async () => {
      const near = await room.bucket({ region: REGION });
      const far = await room.bucket({ region: OTHER_REGION });
      await room.put(near, 'a/1.jpg', pattern(1000, 1));
      await room.put(far, 'a/1.jpg', pattern(1000, 2));
      await room.succeed('putObjectCopy', { ...far.at('b/1.jpg'), CopySource: near.source('a/1.jpg') });
      await room.succeed('putObjectCopy', { ...near.at('b/1.jpg'), CopySource: far.source('a/1.jpg') });
      await room.assertBytes(far, 'b/1.jpg', pattern(1000, 1));
      await room.assertBytes(near, 'b/1.jpg', pattern(1000, 2));
    });

    // seed: S11
    test('a source host that names another region than the bucket is in is refused', async () => {
      const bucket = await room.bucket({ region: REGION });
      await room.put(bucket, 'a/1.jpg', 'one');
      const CopySource = bucket.source('a/1.jpg').replace(REGION, OTHER_REGION);
      await room.unchanged([bucket], () =>
        room.refuse(400, 'InvalidArgument', 'putObjectCopy', { ...bucket.at('b/1.jpg'), CopySource }),
      );
    });

    // seed: S14, S86
    test('a Chinese name in the source, escaped by the whole key or segment by segment', async () => {
      const bucket = await room.bucket();
      const key = 'a/中文 1.jpg';
      await room.put(bucket, key, 'chinese');
      const whole = `${bucket.host}/${encodeURIComponent(key)}`;
      const bySegment = `${bucket.host}/${key.split('/').map(encodeURIComponent).join('/')}`;
      assert.ok(whole.includes('a%2F%E4%B8%AD%E6%96%87%201.jpg'));
      for (const [i, CopySource] of [whole, bySegment].entries()) {
        await room.succeed('putObjectCopy', { ...bucket.at(`b/${i}`), CopySource });
        await room.assertBytes(bucket, `b/${i}`, Buffer.from('chinese'));
        await room.copyInOnePart(bucket, `c/${i}`, CopySource);
        await room.assertBytes(bucket, `c/${i}`, Buffer.from('chinese'));
      }
    });

    // seed: S14
    test('a Chinese name that is not escaped goes nowhere', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/中文.jpg', 'chinese');
      await room.unchanged([bucket], () =>
        room.refuseUnsent('putObjectCopy', { ...bucket.at('b/1.jpg'), CopySource: `${bucket.host}/a/中文.jpg` }),
      );
    });

    // seed: S13, S86
    test('an empty or malformed copy source is 400, and neither an empty object nor an empty part', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/1.jpg', 'one');
      const { UploadId } = await room.succeed('multipartInit', bucket.at('upload'));
      // The SDK's own check of the copy source is taken out of the way by the option it has for that.
      const client = sdk.connect(environment.root, {
        CopySourceParser: () => ({ Bucket: bucket.name, Region: bucket.region, Key: 'k' }),
      });
      const sources = [
        '',
        'nonsense',
        `http://${bucket.source('a/1.jpg')}`,
        `${bucket.host}/`,
        bucket.host,
        `${bucket.host}/%zz`,
        `${bucket.host}/%ff%fe`,
      ];
      for (const CopySource of sources) {
        await room.unchanged([bucket], async () => {
          await room.refuse(400, 'InvalidArgument', 'putObjectCopy', { ...bucket.at('b/1.jpg'), CopySource }, client);
          const part = { ...bucket.at('upload'), UploadId, PartNumber: '1', CopySource };
          await room.refuse(400, 'InvalidArgument', 'uploadPartCopy', part, client);
        });
      }
    });

    // seed: S13, S40, S86
    test('without a copy source nothing is sent', async () => {
      const bucket = await room.bucket();
      await room.unchanged([bucket], async () => {
        await room.refuseUnsent('putObjectCopy', bucket.at('b/1.jpg'));
        await room.refuseUnsent('uploadPartCopy', { ...bucket.at('b/1.jpg'), UploadId: 'u', PartNumber: '1' });
        await room.refuseUnsent('sliceCopyFile', { ...bucket.at('b/1.jpg'), CopySource: 'nonsense' });
      });
    });

    // seed: S16
    test('from one bucket into another, by whoever may read the one and write the other', async () => {
      const source = await room.bucket();
      const target = await room.bucket();
      const theirs = await room.bucket({ owner: 'second' });
      await room.put(source, 'closed', 'closed');
      await room.put(source, 'open', 'open', { GrantRead: 'id="100000000002"' });
      await room.succeed('putObjectCopy', { ...target.at('b/1.jpg'), CopySource: source.source('closed') });
      await room.assertBytes(target, 'b/1.jpg', Buffer.from('closed'));

      const copy = (bucket, key) => ({ ...bucket.at('b/2.jpg'), CopySource: source.source(key) });
      await room.succeed('putObjectCopy', copy(theirs, 'open'), room.second);
      assert.deepEqual(await room.read(theirs, 'b/2.jpg', {}, room.second), Buffer.from('open'));
      await room.unchanged([source, target, theirs], async () => {
        await room.refuse(403, 'AccessDenied', 'putObjectCopy', copy(theirs, 'closed'), room.second);
        await room.refuse(403, 'AccessDenied', 'putObjectCopy', copy(target, 'open'), room.second);
      });
    });
  });
}
