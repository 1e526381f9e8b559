// multipartInit: the start of a multipart copy, and the metadata that the finished object has from it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { openRoom } from '../room.mjs';

/** Each content header: the parameter, the header it comes back in, and a value to see again byte for byte. */
const CONTENT = [
  ['CacheControl', 'cache-control', 'no-cache, max-age=0'],
  ['ContentDisposition', 'content-disposition', "attachment; filename*=UTF-8''%E4%B8%AD%E6%96%87.jpg"],
  ['ContentEncoding', 'content-encoding', 'x-unknown'],
  ['ContentType', 'content-type', 'image/jpeg; q=1'],
  ['Expires', 'expires', 'Thu, 01 Jan 1970 00:00:00 GMT'],
];

export function multipartInitCases(sdk) {
  describe('multipartInit', () => {
    const room = openRoom(sdk);

    // seed: S02, S64, S65, S80, S81, S82, S83, S100
    test('the sample: Bucket, Key and UploadId, a new one each time', async () => {
      const bucket = await room.bucket();
      const first = await room.succeed('multipartInit', bucket.at('1.jpg'));
      const second = await room.succeed('multipartInit', bucket.at('1.jpg'));
      for (const data of [first, second]) {
        assert.equal(data.statusCode, 200);
        assert.equal(data.Bucket, bucket.name);
        assert.equal(data.Key, '1.jpg');
        assert.equal(typeof data.UploadId, 'string');
        assert.ok(data.UploadId);
      }
      assert.notEqual(first.UploadId, second.UploadId);
      const { Upload } = await room.succeed('multipartList', bucket.place);
      assert.deepEqual(
        Upload.map(({ Key, UploadId }) => [Key, UploadId]).sort(),
        [
          ['1.jpg', first.UploadId],
          ['1.jpg', second.UploadId],
        ].sort(),
      );
      await room.assertAbsent(bucket, '1.jpg');
    });

    // seed: S82, S119
    test('keys in Chinese and with XML characters come back as they are', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'source', 'body');
      for (const key of ['中文/文件 1.jpg', '<a>&"b\'.txt', 'x+y%41']) {
        const { Key, UploadId } = await room.succeed('multipartInit', bucket.at(key));
        assert.equal(Key, key);
        const part = { ...bucket.at(key), UploadId, PartNumber: '1', CopySource: bucket.source('source') };
        const { ETag } = await room.succeed('uploadPartCopy', part);
        const done = await room.succeed('multipartComplete', {
          ...bucket.at(key),
          UploadId,
          Parts: [{ PartNumber: '1', ETag }],
        });
        assert.equal(done.Key, key);
        await room.assertBytes(bucket, key, Buffer.from('body'));
      }
    });

    for (const [parameter, header, value] of CONTENT) {
      // seed: S66, S67, S68, S69, S70
      test(`${parameter} is stored with the object and comes back as ${header}`, async () => {
        const bucket = await room.bucket();
        await room.put(bucket, 'source', 'body', {
          CacheControl: 'max-age=7',
          ContentType: 'text/source',
          'x-cos-meta-a': 'b',
        });
        await room.copyInOnePart(bucket, '1.jpg', bucket.source('source'), { [parameter]: value });
        const replies = [
          await room.head(bucket, '1.jpg'),
          await room.succeed('getObject', { ...bucket.at('1.jpg'), ...sdk.readOptions }),
        ];
        for (const { headers } of replies) {
          assert.equal(headers[header], value);
          for (const [, other] of CONTENT) {
            if (other !== header && other !== 'content-type')
              assert.equal(headers[other], undefined, `${other} was not given`);
          }
          assert.equal(headers['x-cos-meta-a'], undefined, 'the metadata of the source does not come along');
        }
        await room.assertBytes(bucket, '1.jpg', Buffer.from('body'));
      });
    }

    // seed: S71
    test('an object whose Expires is past goes on as any other', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'source', 'body');
      const Expires = 'Thu, 01 Jan 1970 00:00:00 GMT';
      await room.copyInOnePart(bucket, 'stale', bucket.source('source'), { Expires });
      await room.assertBytes(bucket, 'stale', Buffer.from('body'));
      assert.equal((await room.head(bucket, 'stale')).headers.expires, Expires);
      const { Contents } = await room.succeed('getBucket', { ...bucket.place, Prefix: 'stale' });
      assert.equal(Contents.length, 1);
      await room.succeed('putObjectCopy', { ...bucket.at('copy'), CopySource: bucket.source('stale') });
      await room.assertBytes(bucket, 'copy', Buffer.from('body'));
      assert.equal((await room.head(bucket, 'copy')).headers.expires, Expires);
    });

    // seed: S78
    test('user metadata comes back from HEAD and GET', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'source', 'body');
      await room.copyInOnePart(bucket, '1.jpg', bucket.source('source'), {
        'x-cos-meta-colour': 'blue',
        'x-cos-meta-Two-Words': '%E4%B8%AD',
      });
      const replies = [
        await room.head(bucket, '1.jpg'),
        await room.succeed('getObject', { ...bucket.at('1.jpg'), ...sdk.readOptions }),
      ];
      for (const { headers } of replies) {
        assert.equal(headers['x-cos-meta-colour'], 'blue');
        assert.equal(headers['x-cos-meta-two-words'], '%E4%B8%AD');
      }
    });

    // seed: S65, S85, S110, S122
    test('Bucket, Region and Key are required', async () => {
      const { Bucket, Region } = (await room.bucket()).place;
      for (const operation of ['multipartInit', 'multipartComplete', 'putObjectCopy']) {
        for (const params of [
          { Region, Key: 'k' },
          { Bucket, Key: 'k' },
          { Bucket, Region },
          { Bucket: 'without', Region, Key: 'k' },
        ]) {
          await room.refuseUnsent(operation, {
            Parts: [],
            CopySource: `${Bucket}.cos.${Region}.myqcloud.com/k`,
            ...params,
          });
        }
      }
    });

    // seed: S80
    test('in a bucket that is not there', async () => {
      const place = { Bucket: 'nobody-made-this-one-1250000000', Region: 'ap-guangzhou', Key: '1.jpg' };
      await room.refuseThere(404, 'NoSuchBucket', 'multipartInit', place);
    });
  });
}
