// Listings of objects, uploads and parts, as the SDKs page through them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { openRoom, quotedMd5 } from '../room.mjs';

const KEYS = ['a/1.jpg', 'a/2.jpg', 'a/b/3.jpg', 'b/%41+ &<>.txt', 'c', '中文/文件.jpg', '😀'];

export function listingCases(sdk) {
  describe('listing', () => {
    const room = openRoom(sdk);

    async function filled() {
      const bucket = await room.bucket();
      for (const key of KEYS) await room.put(bucket, key, key);
      return bucket;
    }

    // seed: S12
    test('all objects, in the order of their bytes, with what is known of them', async () => {
      const bucket = await filled();
      const data = await room.succeed('getBucket', bucket.place);
      assert.equal(data.Name, bucket.name);
      assert.equal(data.IsTruncated, 'false');
      assert.deepEqual(
        data.Contents.map(({ Key }) => Key),
        KEYS,
      );
      for (const { Key, ETag, Size, StorageClass, LastModified, Owner } of data.Contents) {
        assert.equal(ETag, quotedMd5(Buffer.from(Key)));
        assert.equal(Size, String(Buffer.byteLength(Key)));
        assert.equal(StorageClass, 'STANDARD');
        assert.match(LastModified, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
        assert.ok(Owner.ID);
      }
    });

    // seed: S12
    test('prefix, delimiter and encoding', async () => {
      const bucket = await filled();
      const folders = await room.succeed('getBucket', { ...bucket.place, Delimiter: '/' });
      assert.deepEqual(
        folders.Contents.map(({ Key }) => Key),
        ['c', '😀'],
      );
      assert.deepEqual(
        folders.CommonPrefixes.map(({ Prefix }) => Prefix),
        ['a/', 'b/', '中文/'],
      );
      const inside = await room.succeed('getBucket', { ...bucket.place, Prefix: 'a/', Delimiter: '/' });
      assert.deepEqual(
        inside.Contents.map(({ Key }) => Key),
        ['a/1.jpg', 'a/2.jpg'],
      );
      assert.deepEqual(inside.CommonPrefixes, [{ Prefix: 'a/b/' }]);
      const encoded = await room.succeed('getBucket', { ...bucket.place, EncodingType: 'url' });
      assert.equal(encoded.EncodingType, 'url');
      assert.deepEqual(
        encoded.Contents.map(({ Key }) => decodeURIComponent(Key)),
        KEYS,
      );
      assert.notEqual(encoded.Contents[3].Key, KEYS[3]);
    });

    // seed: S12
    test('page by page, with and without a delimiter', async () => {
      const bucket = await filled();
      for (const Delimiter of [undefined, '/']) {
        const whole = await room.succeed('getBucket', { ...bucket.place, Delimiter });
        const items = (page) => [
          ...page.Contents.map(({ Key }) => Key),
          ...page.CommonPrefixes.map(({ Prefix }) => Prefix),
        ];
        const seen = [];
        let Marker;
        for (;;) {
          const page = await room.succeed('getBucket', { ...bucket.place, Delimiter, Marker, MaxKeys: 2 });
          assert.ok(items(page).length <= 2);
          seen.push(...items(page));
          if (page.IsTruncated === 'false') break;
          Marker = page.NextMarker;
        }
        assert.deepEqual(seen.toSorted(), items(whole).toSorted());
      }
    });

    // seed: S64, S83
    test('uploads by prefix and page, and abort', async () => {
      const bucket = await room.bucket();
      const made = [];
      for (const key of ['a/1', 'a/2', 'a/2', 'b'])
        made.push([key, (await room.succeed('multipartInit', bucket.at(key))).UploadId]);
      const pairs = (uploads) => uploads.map(({ Key, UploadId }) => [Key, UploadId]);
      const seen = [];
      let markers = {};
      for (;;) {
        const page = await room.succeed('multipartList', { ...bucket.place, MaxUploads: 1, ...markers });
        assert.equal(page.Upload.length, 1);
        seen.push(...pairs(page.Upload));
        if (page.IsTruncated === 'false') break;
        markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
      }
      assert.deepEqual(
        seen.map(([key]) => key),
        ['a/1', 'a/2', 'a/2', 'b'],
      );
      assert.deepEqual(seen.toSorted(), made.toSorted());
      const ofA = await room.succeed('multipartList', { ...bucket.place, Prefix: 'a/' });
      assert.deepEqual(pairs(ofA.Upload), seen.slice(0, 3));
      for (const [key, UploadId] of made) {
        assert.equal((await room.succeed('multipartAbort', { ...bucket.at(key), UploadId })).statusCode, 204);
        await room.refuse(404, 'NoSuchUpload', 'multipartAbort', { ...bucket.at(key), UploadId });
      }
      assert.deepEqual((await room.succeed('multipartList', bucket.place)).Upload ?? [], []);
    });

    // seed: S84
    test('parts page by page', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'source', 'body');
      const { UploadId } = await room.succeed('multipartInit', bucket.at('target'));
      const target = { ...bucket.at('target'), UploadId };
      const numbers = ['1', '2', '7', '10', '10000'];
      for (const PartNumber of numbers)
        await room.succeed('uploadPartCopy', { ...target, PartNumber, CopySource: bucket.source('source') });
      const seen = [];
      let PartNumberMarker;
      for (;;) {
        const page = await room.succeed('multipartListPart', { ...target, MaxParts: 2, PartNumberMarker });
        seen.push(...page.Part.map(({ PartNumber }) => PartNumber));
        if (page.IsTruncated === 'false') break;
        PartNumberMarker = page.NextPartNumberMarker;
      }
      assert.deepEqual(seen, numbers);
    });

    // seed: S10, S11
    test('the buckets of an account, with their regions', async () => {
      const near = await room.bucket({ region: 'ap-guangzhou' });
      const far = await room.bucket({ region: 'ap-beijing' });
      const { Buckets, Owner } = await room.succeed('getService', {});
      const places = new Map(Buckets.map(({ Name, Location }) => [Name, Location]));
      assert.equal(places.get(near.name), 'ap-guangzhou');
      assert.equal(places.get(far.name), 'ap-beijing');
      assert.ok(Owner.ID);
      const there = await room.succeed('getService', { Region: 'ap-beijing' });
      const names = there.Buckets.map(({ Name }) => Name);
      assert.ok(names.includes(far.name) && !names.includes(near.name), 'a region has its own buckets only');
      await room.succeed('headBucket', near.place);
      await room.refuse(404, undefined, 'headBucket', { ...near.place, Region: 'ap-beijing' });
    });
  });
}
