// Copies of and into versioned buckets.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { environment } from '../environment.mjs';
import { MIB, openRoom, pattern, quotedMd5 } from '../room.mjs';

// Well-formed, and never given out: a version id is the base64 of a decimal number.
const UNKNOWN_VERSION = Buffer.from('18445157446192835402').toString('base64').replaceAll('=', '');

export function versionCases(sdk) {
  describe('versions', () => {
    const room = openRoom(sdk);

    /** A versioned bucket with two versions of `source`; the older one is `first`. */
    async function twoVersions(older, newer) {
      const bucket = await room.bucket({ versioning: 'Enabled' });
      const first = await room.put(bucket, 'source', older, { ContentType: 'text/first', 'x-cos-meta-age': 'older' });
      const second = await room.put(bucket, 'source', newer, { ContentType: 'text/second', 'x-cos-meta-age': 'newer' });
      assert.ok(first.VersionId);
      assert.ok(second.VersionId);
      assert.notEqual(first.VersionId, second.VersionId);
      return { bucket, first: first.VersionId, second: second.VersionId };
    }

    // seed: S15
    test('versionId on the copy source selects a previous version, its bytes and its metadata', async () => {
      const { bucket, first } = await twoVersions('one', 'two');
      const data = await room.succeed('putObjectCopy', {
        ...bucket.at('old'),
        CopySource: bucket.source('source', first),
      });
      assert.equal(data.ETag, quotedMd5(Buffer.from('one')));
      assert.equal(data.headers['x-cos-copy-source-version-id'], first);
      await room.assertBytes(bucket, 'old', Buffer.from('one'));
      const { headers } = await room.head(bucket, 'old');
      assert.equal(headers['content-type'], 'text/first');
      assert.equal(headers['x-cos-meta-age'], 'older');

      await room.succeed('putObjectCopy', { ...bucket.at('new'), CopySource: bucket.source('source') });
      await room.assertBytes(bucket, 'new', Buffer.from('two'));
    });

    // seed: S15, S87
    test('an unknown version is 404, a malformed one is 400', async () => {
      const { bucket } = await twoVersions('one', 'two');
      const { UploadId } = await room.succeed('multipartInit', bucket.at('target'));
      await room.unchanged([bucket], async () => {
        for (const [status, code, version] of [
          [404, 'NoSuchVersion', UNKNOWN_VERSION],
          [400, 'InvalidArgument', '!'],
        ]) {
          const copy = { ...bucket.at('target'), CopySource: bucket.source('source', version) };
          await room.refuse(status, code, 'putObjectCopy', copy);
          await room.refuse(status, code, 'uploadPartCopy', { ...copy, UploadId, PartNumber: '1' });
        }
      });
    });

    // seed: S15
    test('a deleted source is 404, a delete marker named as the source is 400, the versions beneath can be copied', async () => {
      const { bucket, first, second } = await twoVersions('one', 'two');
      const { VersionId, DeleteMarker } = await room.succeed('deleteObject', bucket.at('source'));
      assert.ok(VersionId);
      assert.equal(DeleteMarker, 'true');
      const from = (version) => ({ ...bucket.at('target'), CopySource: bucket.source('source', version) });
      await room.unchanged([bucket], async () => {
        await room.refuse(404, 'NoSuchKey', 'putObjectCopy', from(undefined));
        await room.refuse(400, 'InvalidRequest', 'putObjectCopy', from(VersionId));
      });
      for (const [version, bytes] of [
        [first, 'one'],
        [second, 'two'],
      ]) {
        await room.succeed('putObjectCopy', from(version));
        await room.assertBytes(bucket, 'target', Buffer.from(bytes));
      }
    });

    // seed: S15, S29
    test('an older version copied onto its own key becomes the current one', async () => {
      const { bucket, first, second } = await twoVersions('one', 'two');
      const data = await room.succeed('putObjectCopy', {
        ...bucket.at('source'),
        CopySource: bucket.source('source', first),
      });
      assert.ok(data.VersionId && ![first, second].includes(data.VersionId));
      await room.assertBytes(bucket, 'source', Buffer.from('one'));
      await room.assertBytes(bucket, 'source', Buffer.from('two'), { VersionId: second });
    });

    // seed: S49
    test('into a versioned bucket: the id of the new version, in the body and the header', async () => {
      const { bucket } = await twoVersions('one', 'two');
      const copy = { ...bucket.at('target'), CopySource: bucket.source('source') };
      const earlier = await room.succeed('putObjectCopy', copy);
      const later = await room.succeed('putObjectCopy', copy);
      assert.notEqual(earlier.VersionId, later.VersionId);
      for (const data of [earlier, later]) {
        assert.equal(data.VersionId, data.headers['x-cos-version-id']);
        await room.assertBytes(bucket, 'target', Buffer.from('two'), { VersionId: data.VersionId });
      }
      assert.equal((await room.head(bucket, 'target')).VersionId, later.VersionId);
    });

    // seed: S50
    test('versioning never enabled, or suspended: no VersionId', async () => {
      const never = await room.bucket();
      const suspended = await room.bucket({ versioning: 'Enabled' });
      await room.setVersioning(suspended, 'Suspended');
      for (const bucket of [never, suspended]) {
        await room.put(bucket, 'source', 'one');
        const data = await room.succeed('putObjectCopy', {
          ...bucket.at('target'),
          CopySource: bucket.source('source'),
        });
        assert.ok(!('VersionId' in data), `VersionId ${data.VersionId}`);
        assert.ok(!('x-cos-version-id' in data.headers));
      }
    });

    // seed: S87
    test('a part made from an older version', async () => {
      const { bucket, first } = await twoVersions('one', 'other');
      const data = await room.copyInOnePart(bucket, 'target', bucket.source('source', first));
      assert.match(data.ETag, /-1"$/);
      await room.assertBytes(bucket, 'target', Buffer.from('one'));
    });

    // seed: S124, S142
    test('sliceCopyFile of an older version, in one request and in parts', async () => {
      const older = pattern(2 * MIB, 1);
      const newer = pattern(2 * MIB, 2);
      const { bucket, first } = await twoVersions(older, newer);
      // Left alone, this SDK asks HEAD for a key that ends in `?versionId=`; its option for odd sources helps. It then
      // reads the size of the current version, which is the same here.
      const client = sdk.connect(environment.root, {
        CopySourceParser: () => ({ Bucket: bucket.name, Region: bucket.region, Key: 'source' }),
      });
      for (const [CopySliceSize, etag] of [
        [2 * MIB, quotedMd5(older)],
        [0, /^"[0-9a-f]{32}-2"$/],
      ]) {
        const copy = {
          ...bucket.at(`copy/${CopySliceSize}`),
          CopySource: bucket.source('source', first),
          CopySliceSize,
          CopyChunkSize: MIB,
        };
        const data = await room.succeed('sliceCopyFile', copy, client);
        if (etag instanceof RegExp) assert.match(data.ETag, etag);
        else assert.equal(data.ETag, etag);
        assert.ok(data.VersionId);
        await room.assertBytes(bucket, copy.Key, older, { VersionId: data.VersionId });
      }
    });

    // seed: S12, S57
    test('the list of versions, and what deletes do to it', async () => {
      const { bucket, first, second } = await twoVersions('one', 'two!');
      const { VersionId: marker } = await room.succeed('deleteObject', bucket.at('source'));
      let { Versions, DeleteMarkers } = await room.succeed('listObjectVersions', bucket.place);
      assert.deepEqual(
        Versions.map(({ Key, VersionId, IsLatest, Size }) => [Key, VersionId, IsLatest, Size]),
        [
          ['source', second, 'false', '4'],
          ['source', first, 'false', '3'],
        ],
      );
      assert.equal(Versions[0].ETag, quotedMd5(Buffer.from('two!')));
      assert.equal(Versions[0].StorageClass, 'STANDARD');
      assert.match(Versions[0].LastModified, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
      assert.deepEqual(
        DeleteMarkers.map(({ Key, VersionId, IsLatest }) => [Key, VersionId, IsLatest]),
        [['source', marker, 'true']],
      );

      const removed = await room.succeed('deleteObject', { ...bucket.at('source'), VersionId: marker });
      assert.equal(removed.DeleteMarker, 'true');
      await room.assertBytes(bucket, 'source', Buffer.from('two!'));
      await room.succeed('deleteObject', { ...bucket.at('source'), VersionId: second });
      await room.assertBytes(bucket, 'source', Buffer.from('one'));
      ({ Versions, DeleteMarkers } = await room.succeed('listObjectVersions', bucket.place));
      assert.deepEqual(
        Versions.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
        [[first, 'true']],
      );
      assert.deepEqual(DeleteMarkers, []);
    });

    // seed: S15
    test('the list of versions by pages', async () => {
      const bucket = await room.bucket({ versioning: 'Enabled' });
      const made = [];
      for (const key of ['a', 'b']) {
        for (const body of ['1', '2', '3']) made.push([key, (await room.put(bucket, key, body)).VersionId]);
      }
      const expected = [...made.slice(0, 3).reverse(), ...made.slice(3).reverse()];
      const seen = [];
      let markers = {};
      for (;;) {
        const page = await room.succeed('listObjectVersions', { ...bucket.place, MaxKeys: 2, ...markers });
        assert.ok(page.Versions.length <= 2);
        seen.push(...page.Versions.map(({ Key, VersionId }) => [Key, VersionId]));
        if (page.IsTruncated === 'false') break;
        markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
      }
      assert.deepEqual(seen, expected);
    });
  });
}
