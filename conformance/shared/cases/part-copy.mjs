// uploadPartCopy: parts made from a source.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { MIB, openRoom, pattern, quotedMd5 } from '../room.mjs';

export function partCopyCases(sdk) {
  describe('uploadPartCopy', () => {
    const room = openRoom(sdk);

    /** A bucket with an object `source` and an upload of `target`. */
    async function upload(bytes) {
      const bucket = await room.bucket();
      await room.put(bucket, 'source', bytes);
      const { UploadId } = await room.succeed('multipartInit', bucket.at('target'));
      const target = { ...bucket.at('target'), UploadId };
      return {
        bucket,
        target,
        part: (PartNumber, params) => ({ ...target, PartNumber, CopySource: bucket.source('source'), ...params }),
        parts: async () =>
          (await room.succeed('multipartListPart', target)).Part.map(({ PartNumber, Size, ETag }) => [
            PartNumber,
            Size,
            ETag,
          ]),
      };
    }

    // seed: S84, S85, S92, S99, S100, S101, S102
    test('the sample: one part of the whole source', async () => {
      const bytes = pattern(12_345);
      const { target, part, parts } = await upload(bytes);
      const data = await room.succeed('uploadPartCopy', part('1'));
      assert.equal(data.statusCode, 200);
      assert.equal(data.ETag, quotedMd5(bytes));
      const made = Date.parse(data.LastModified);
      assert.ok(Math.abs(made - Date.parse(data.headers.date)) < 60_000, `LastModified ${data.LastModified}`);
      assert.match(data.LastModified, /Z$|GMT$/);
      assert.ok(!('VersionId' in data));
      assert.deepEqual(await parts(), [['1', '12345', data.ETag]]);
      const { Bucket, Key, UploadId, Part } = await room.succeed('multipartListPart', target);
      assert.deepEqual([Bucket, Key, UploadId], [target.Bucket, 'target', target.UploadId]);
      assert.match(Part[0].LastModified, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    });

    // seed: S90, S91
    test('bytes=0-9 is the first ten bytes; the last byte is size - 1', async () => {
      const bytes = pattern(1000);
      const { part, parts } = await upload(bytes);
      const ranges = [
        [0, 9],
        [5, 5],
        [990, 999],
        [0, 999],
      ];
      for (const [i, [first, last]] of ranges.entries()) {
        const data = await room.succeed('uploadPartCopy', part(i + 1, { CopySourceRange: `bytes=${first}-${last}` }));
        assert.equal(data.ETag, quotedMd5(bytes.subarray(first, last + 1)));
      }
      assert.deepEqual(
        await parts(),
        ranges.map(([first, last], i) => [
          String(i + 1),
          String(last - first + 1),
          quotedMd5(bytes.subarray(first, last + 1)),
        ]),
      );
    });

    // seed: S91, S107
    test('ten bytes make a whole object as its only part', async () => {
      const bytes = pattern(1000);
      const { bucket, target, part } = await upload(bytes);
      const { ETag } = await room.succeed('uploadPartCopy', part('1', { CopySourceRange: 'bytes=0-9' }));
      await room.succeed('multipartComplete', { ...target, Parts: [{ PartNumber: '1', ETag }] });
      await room.assertBytes(bucket, 'target', bytes.subarray(0, 10));
    });

    // seed: S90
    test('a range in any other form, reversed or beyond the end is refused', async () => {
      const { bucket, part } = await upload(pattern(1000));
      const ranges = [
        'bytes=5-',
        'bytes=-5',
        '0-9',
        'bytes=a-b',
        'bytes=9-0',
        'bytes=0-1000',
        'bytes=1000-1000',
        'bytes=0-9,20-29',
        'bytes 0-9',
      ];
      for (const CopySourceRange of ranges) {
        await room.unchanged([bucket], () =>
          room.refuse(400, 'InvalidArgument', 'uploadPartCopy', part('1', { CopySourceRange })),
        );
      }
    });

    // seed: S92
    test('an empty range header means the whole source, as does none', async () => {
      const bytes = pattern(1000);
      const { part, parts } = await upload(bytes);
      await room.succeed('uploadPartCopy', part('1', { CopySourceRange: '' }));
      await room.succeed('uploadPartCopy', part('2'));
      assert.deepEqual(await parts(), [
        ['1', '1000', quotedMd5(bytes)],
        ['2', '1000', quotedMd5(bytes)],
      ]);
    });

    // seed: S88
    test('part numbers are 1 to 10000, as text or number', async () => {
      const { bucket, part, parts } = await upload(pattern(10));
      await room.succeed('uploadPartCopy', part('1'));
      await room.succeed('uploadPartCopy', part(10_000));
      assert.deepEqual(
        (await parts()).map(([number]) => number),
        ['1', '10000'],
      );
      for (const number of ['0', '10001', '-1', 'one', '1.5', '']) {
        await room.unchanged([bucket], () => room.refuse(400, 'InvalidArgument', 'uploadPartCopy', part(number)));
      }
      await room.unchanged([bucket], () => room.refuse(400, 'InvalidArgument', 'uploadPartCopy', part(undefined)));
    });

    // seed: S85, S89
    test('an upload that is unknown, aborted, completed or of another key is NoSuchUpload', async () => {
      const { bucket, target, part } = await upload(pattern(10));
      const { UploadId: aborted } = await room.succeed('multipartInit', bucket.at('target'));
      await room.succeed('multipartAbort', { ...bucket.at('target'), UploadId: aborted });
      const { UploadId: completed } = await room.succeed('multipartInit', bucket.at('target'));
      const { ETag } = await room.succeed('uploadPartCopy', part('1', { UploadId: completed }));
      await room.succeed('multipartComplete', { ...target, UploadId: completed, Parts: [{ PartNumber: '1', ETag }] });
      const wrong = [
        { UploadId: 'exampleUploadId' },
        { UploadId: aborted.replace(/.$/, (last) => (last === '0' ? '1' : '0')) },
        { UploadId: aborted },
        { UploadId: completed },
        { Key: 'another' },
      ];
      for (const params of wrong) {
        await room.unchanged([bucket], () => room.refuse(404, 'NoSuchUpload', 'uploadPartCopy', part('1', params)));
      }
    });

    // seed: S99
    test('a source that is missing or closed', async () => {
      const { bucket, part } = await upload(pattern(10));
      const theirs = await room.bucket({ owner: 'second' });
      const { UploadId } = await room.succeed('multipartInit', theirs.at('target'), room.second);
      await room.unchanged([bucket], async () => {
        await room.refuse(404, 'NoSuchKey', 'uploadPartCopy', part('1', { CopySource: bucket.source('missing') }));
        const nowhere = { CopySource: 'nobody-made-this-one-1250000000.cos.ap-guangzhou.myqcloud.com/1.jpg' };
        await room.refuse(404, 'NoSuchBucket', 'uploadPartCopy', part('1', nowhere));
        await room.refuse(403, 'AccessDenied', 'uploadPartCopy', part('1'), room.second);
      });
      const copy = { ...theirs.at('target'), UploadId, PartNumber: '1', CopySource: bucket.source('source') };
      await room.refuse(403, 'AccessDenied', 'uploadPartCopy', copy, room.second);
      const { Part } = await room.succeed('multipartListPart', { ...theirs.at('target'), UploadId }, room.second);
      assert.deepEqual(Part, []);
    });

    // seed: S84, S101
    test('a part copied again replaces the first; an uploaded part stands beside copied ones', async () => {
      const bytes = pattern(2 * MIB);
      const { bucket, target, part, parts } = await upload(bytes);
      await room.succeed('uploadPartCopy', part('1', { CopySourceRange: 'bytes=0-9' }));
      await room.succeed('uploadPartCopy', part('1', { CopySourceRange: `bytes=${MIB}-${2 * MIB - 1}` }));
      const sent = await room.succeed('multipartUpload', {
        ...target,
        PartNumber: '2',
        Body: sdk.body(Buffer.from('end')),
      });
      assert.equal(sent.ETag, quotedMd5(Buffer.from('end')));
      const list = await parts();
      assert.deepEqual(
        list.map(([number, size]) => [number, size]),
        [
          ['1', String(MIB)],
          ['2', '3'],
        ],
      );
      const Parts = list.map(([PartNumber, , ETag]) => ({ PartNumber, ETag }));
      await room.succeed('multipartComplete', { ...target, Parts });
      await room.assertBytes(bucket, 'target', Buffer.concat([bytes.subarray(MIB), Buffer.from('end')]));
    });
  });
}
