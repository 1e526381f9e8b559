// multipartComplete: the parts become the object.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { APPID } from '../environment.mjs';
import { MIB, openRoom, pattern, quotedMd5 } from '../room.mjs';
import { anonymous } from '../wire.mjs';

const BYTES = pattern(3 * MIB);

export function completeCases(sdk) {
  describe('multipartComplete', () => {
    const room = openRoom(sdk);

    /** An upload of `key` with parts 1 to 3, a MiB each, copied in the given order. Returns what complete needs. */
    async function threeParts(key = 'target', params = {}, order = [1, 2, 3]) {
      const bucket = await room.bucket();
      await room.put(bucket, 'source', BYTES);
      const { UploadId } = await room.succeed('multipartInit', { ...bucket.at(key), ...params });
      const target = { ...bucket.at(key), UploadId };
      const etags = {};
      for (const PartNumber of order) {
        const CopySourceRange = `bytes=${(PartNumber - 1) * MIB}-${PartNumber * MIB - 1}`;
        const copy = {
          ...target,
          PartNumber: String(PartNumber),
          CopySource: bucket.source('source'),
          CopySourceRange,
        };
        etags[PartNumber] = (await room.succeed('uploadPartCopy', copy)).ETag;
      }
      const Parts = [1, 2, 3].map((number) => ({ PartNumber: String(number), ETag: etags[number] }));
      return { bucket, target, Parts };
    }

    // seed: S02, S103, S107, S109, S111, S112, S113, S115, S116, S117, S118, S119, S120
    test('the three steps of a multipart copy make an object equal to its source', async () => {
      const { bucket, target, Parts } = await threeParts('dir/目标 1.jpg', { ACL: 'public-read' });
      await room.assertAbsent(bucket, target.Key);
      const data = await room.succeed('multipartComplete', { ...target, Parts });
      assert.equal(data.statusCode, 200);
      assert.equal(data.Bucket, bucket.name);
      assert.ok(data.Bucket.endsWith(`-${APPID}`));
      assert.equal(data.Key, target.Key);
      assert.match(data.ETag, /^"[0-9a-f]{32}-3"$/);
      assert.ok(!('VersionId' in data));

      const escaped = target.Key.split('/').map(encodeURIComponent).join('/');
      assert.equal(data.Location, `${bucket.host}/${escaped}`);
      const [, host, path] = data.Location.match(/^([^/]+)(.*)$/);
      const got = await anonymous(host, path);
      assert.equal(got.status, 200);
      assert.ok(got.body.equals(BYTES));

      const source = await room.head(bucket, 'source');
      const made = await room.head(bucket, target.Key);
      assert.equal(made.ETag, data.ETag);
      assert.equal(made.headers['content-length'], source.headers['content-length']);
      assert.equal(made.headers['x-cos-hash-crc64ecma'], source.headers['x-cos-hash-crc64ecma']);
      const { Contents } = await room.succeed('getBucket', { ...bucket.place, Prefix: 'dir/' });
      assert.equal(Contents[0].ETag, data.ETag);
      await room.assertBytes(bucket, target.Key, BYTES);
      assert.deepEqual((await room.succeed('multipartList', bucket.place)).Upload ?? [], []);
    });

    // seed: S109, S120
    test('the sample: one part', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'sourceObject', 'body');
      const data = await room.copyInOnePart(bucket, '1.jpg', bucket.source('sourceObject'));
      assert.match(data.ETag, /^"[^"]+-1"$/);
      await room.assertBytes(bucket, '1.jpg', Buffer.from('body'));
    });

    // seed: S103
    test('until it is completed the old object stays', async () => {
      const { bucket, target, Parts } = await threeParts();
      await room.put(bucket, 'target', 'old');
      await room.assertBytes(bucket, 'target', Buffer.from('old'));
      await room.succeed('multipartComplete', { ...target, Parts });
      await room.assertBytes(bucket, 'target', BYTES);
    });

    // seed: S113
    test('the number decides the place, whatever the order of the copies', async () => {
      const { bucket, target, Parts } = await threeParts('target', {}, [3, 1, 2]);
      await room.succeed('multipartComplete', {
        ...target,
        Parts: Parts.map((part) => ({ ...part, PartNumber: Number(part.PartNumber) })),
      });
      await room.assertBytes(bucket, 'target', BYTES);
    });

    // seed: S114
    test('ETags without their quotes pass', async () => {
      const { bucket, target, Parts } = await threeParts();
      const unquoted = Parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag: ETag.replaceAll('"', '') }));
      await room.succeed('multipartComplete', { ...target, Parts: unquoted });
      await room.assertBytes(bucket, 'target', BYTES);
    });

    // seed: S112, S120
    test('parts that are not listed do not count', async () => {
      const { bucket, target, Parts } = await threeParts();
      const data = await room.succeed('multipartComplete', { ...target, Parts: [Parts[0], Parts[2]] });
      assert.match(data.ETag, /-2"$/);
      await room.assertBytes(bucket, 'target', Buffer.concat([BYTES.subarray(0, MIB), BYTES.subarray(2 * MIB)]));
    });

    // seed: S104, S114
    test('a list that does not fit the parts is refused, and the upload stays usable', async () => {
      const { bucket, target, Parts } = await threeParts();
      const replaced = Parts[1].ETag;
      const again = {
        ...target,
        PartNumber: '2',
        CopySource: bucket.source('source'),
        CopySourceRange: `bytes=0-${MIB - 1}`,
      };
      const { ETag } = await room.succeed('uploadPartCopy', again);
      const right = [Parts[0], { PartNumber: '2', ETag }, Parts[2]];
      const wrong = [
        ['InvalidPart', [right[0], { PartNumber: '2', ETag: quotedMd5(Buffer.from('x')) }, right[2]]],
        ['InvalidPart', [right[0], { PartNumber: '2', ETag: replaced }, right[2]]],
        ['InvalidPart', [...right, { PartNumber: '4', ETag }]],
        ['InvalidPartOrder', [right[1], right[0], right[2]]],
        ['InvalidPartOrder', [right[0], right[0], right[2]]],
      ];
      for (const [code, list] of wrong) {
        const listed = list.map((part) => ({ ...part }));
        await room.unchanged([bucket], () => room.refuse(400, code, 'multipartComplete', { ...target, Parts: listed }));
      }
      const malformed = [
        [],
        [{ PartNumber: 'one', ETag }],
        [{ PartNumber: '0', ETag }],
        [{ PartNumber: '10001', ETag }],
        [{ ETag }],
      ];
      for (const list of malformed) {
        await room.unchanged([bucket], async () => {
          const err = await room.refuse(400, undefined, 'multipartComplete', { ...target, Parts: list });
          assert.ok(['MalformedXML', 'InvalidArgument', 'InvalidPart'].includes(err.error.Code), err.error.Code);
        });
      }
      await room.unchanged([bucket], () =>
        room.refuse(400, 'InvalidPart', 'multipartComplete', { ...target, Parts: [{ PartNumber: '1', ETag: '' }] }),
      );
      await room.succeed('multipartComplete', { ...target, Parts: right });
      await room.assertBytes(
        bucket,
        'target',
        Buffer.concat([BYTES.subarray(0, MIB), BYTES.subarray(0, MIB), BYTES.subarray(2 * MIB)]),
      );
    });

    // seed: S104
    test('a part under 1 MiB before the last is refused', async () => {
      const { bucket, target, Parts } = await threeParts();
      const small = {
        ...target,
        PartNumber: '2',
        CopySource: bucket.source('source'),
        CopySourceRange: `bytes=0-${MIB - 2}`,
      };
      const { ETag } = await room.succeed('uploadPartCopy', small);
      const list = [Parts[0], { PartNumber: '2', ETag }, Parts[2]];
      await room.unchanged([bucket], () =>
        room.refuse(400, 'EntityTooSmall', 'multipartComplete', { ...target, Parts: list }),
      );
      await room.succeed('multipartComplete', { ...target, Parts: list.slice(0, 2) });
      await room.assertBytes(bucket, 'target', Buffer.concat([BYTES.subarray(0, MIB), BYTES.subarray(0, MIB - 1)]));
    });

    // seed: S108, S110, S111, S115
    test('an upload that does not exist is 404 NoSuchUpload', async () => {
      const { bucket, target, Parts } = await threeParts();
      const { UploadId: aborted } = await room.succeed('multipartInit', bucket.at('target'));
      await room.succeed('multipartAbort', { ...bucket.at('target'), UploadId: aborted });
      for (const params of [
        { UploadId: 'exampleUploadId' },
        { UploadId: '!/?' },
        { UploadId: aborted },
        { Key: 'another' },
      ]) {
        await room.unchanged([bucket], () =>
          room.refuse(404, 'NoSuchUpload', 'multipartComplete', { ...target, Parts, ...params }),
        );
      }
      await room.unchanged([bucket], () =>
        room.refuse(404, 'NoSuchUpload', 'multipartComplete', {
          ...target,
          UploadId: 'exampleUploadId',
          Parts: [{ PartNumber: '1', ETag: 'exampleETag' }],
        }),
      );
    });

    // seed: S107, S115
    test('the same complete sent again gets the first answer', async () => {
      const { bucket, target, Parts } = await threeParts();
      const first = await room.succeed('multipartComplete', { ...target, Parts });
      const before = await room.snapshot(bucket);
      const second = await room.succeed('multipartComplete', { ...target, Parts });
      assert.equal(second.ETag, first.ETag);
      assert.deepEqual(await room.snapshot(bucket), before);
    });
  });
}
