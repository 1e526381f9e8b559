// Moving and renaming: a copy, then the deletion of the source. What the samples do, and what happens when a step fails.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { MIB, call, openRoom, pattern, quotedMd5 } from '../room.mjs';
import { requestsDuring } from '../wire.mjs';

/** The sample: the copy, and in its callback the deletion. Returns the last callback's arguments. */
function copyThenDelete(client, copy, deletion, operation = 'putObjectCopy') {
  return new Promise((resolve) => {
    client[operation](copy, (err) => {
      if (err) return resolve({ err });
      client.deleteObject(deletion, (err, data) => resolve({ err, data }));
    });
  });
}

export function moveCases(sdk) {
  describe('move', () => {
    const room = openRoom(sdk);

    // seed: S07, S51, S52, S53, S54, S57
    test('the sample in one bucket: the new identifier has the object, the old one is gone', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/1.jpg', 'picture', { ContentType: 'image/jpeg', 'x-cos-meta-colour': 'blue' });
      const requests = await requestsDuring([bucket], async () => {
        const copy = { ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/1.jpg') };
        const { err, data } = await copyThenDelete(room.root, copy, bucket.at('a/1.jpg'));
        assert.ok(!err, JSON.stringify(err));
        assert.equal(data.statusCode, 204);
        assert.equal(typeof data.headers, 'object');
      });
      assert.deepEqual(
        requests.map(({ method, key, query, status }) => [method, key, [...query].length, status]),
        [
          ['PUT', 'b/1.jpg', 0, 200],
          ['DELETE', 'a/1.jpg', 0, 204],
        ],
      );
      await room.assertAbsent(bucket, 'a/1.jpg');
      await room.assertBytes(bucket, 'b/1.jpg', Buffer.from('picture'));
      const { headers } = await room.head(bucket, 'b/1.jpg');
      assert.equal(headers['content-type'], 'image/jpeg');
      assert.equal(headers['x-cos-meta-colour'], 'blue');
    });

    // seed: S58
    test('the sample as written: the source in sourcebucket stays, for the deletion names examplebucket', async () => {
      const source = await room.bucket();
      const example = await room.bucket();
      await room.put(source, 'a/1.jpg', 'picture');
      const copy = { ...example.at('b/1.jpg'), CopySource: source.source('a/1.jpg') };
      const asWritten = await copyThenDelete(room.root, copy, example.at('a/1.jpg'));
      assert.ok(!asWritten.err);
      assert.equal(asWritten.data.statusCode, 204, 'deleting what is not there succeeds');
      await room.assertBytes(source, 'a/1.jpg', Buffer.from('picture'));
      await room.assertBytes(example, 'b/1.jpg', Buffer.from('picture'));

      const meant = await copyThenDelete(room.root, copy, source.at('a/1.jpg'));
      assert.equal(meant.data.statusCode, 204);
      await room.assertAbsent(source, 'a/1.jpg');
      await room.assertBytes(example, 'b/1.jpg', Buffer.from('picture'));
    });

    // seed: S55
    test('a copy that fails is reported and deletes nothing', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/1.jpg', 'picture');
      const copy = { ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/1.jpg') };
      const failures = [
        [412, room.root, { ...copy, CopySourceIfMatch: quotedMd5(Buffer.from('another')) }],
        [404, room.root, { ...copy, CopySource: bucket.source('a/2.jpg') }],
        [403, room.second, copy],
      ];
      for (const [status, client, params] of failures) {
        await room.unchanged([bucket], async () => {
          const requests = await requestsDuring([bucket], async () => {
            const { err, data } = await copyThenDelete(client, params, bucket.at('a/1.jpg'));
            assert.equal(err.statusCode, status);
            assert.ok(!data);
          });
          assert.deepEqual(
            requests.map(({ method }) => method),
            ['PUT'],
          );
        });
      }
    });

    // seed: S56, S57
    test('a deletion that fails is reported, and both objects are there', async () => {
      const source = await room.bucket();
      const theirs = await room.bucket({ owner: 'second' });
      await room.put(source, 'a/1.jpg', 'picture', { GrantRead: 'id="100000000002"' });
      const copy = { ...theirs.at('b/1.jpg'), CopySource: source.source('a/1.jpg') };
      const { err, data } = await copyThenDelete(room.second, copy, source.at('a/1.jpg'));
      assert.equal(err.statusCode, 403);
      assert.equal(err.error.Code, 'AccessDenied');
      assert.ok(!data);
      await room.assertBytes(source, 'a/1.jpg', Buffer.from('picture'));
      assert.deepEqual(await room.read(theirs, 'b/1.jpg', {}, room.second), Buffer.from('picture'));
    });

    // seed: S57
    test('deleteObject needs Bucket, Region and Key', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/1.jpg', 'picture');
      await room.unchanged([bucket], async () => {
        await room.refuseUnsent('deleteObject', { Region: bucket.region, Key: 'a/1.jpg' });
        await room.refuseUnsent('deleteObject', { Bucket: bucket.name, Key: 'a/1.jpg' });
        await room.refuseUnsent('deleteObject', bucket.place);
      });
    });

    // seed: S59
    test('sliceCopyFile in the place of putObjectCopy, above the slice size', async () => {
      const source = await room.bucket();
      const target = await room.bucket();
      const bytes = pattern(3 * MIB + 1);
      await room.put(source, 'a/1.jpg', bytes, { ContentType: 'image/jpeg', 'x-cos-meta-colour': 'blue' });
      const copy = {
        ...target.at('b/1.jpg'),
        CopySource: source.source('a/1.jpg'),
        CopySliceSize: MIB,
        CopyChunkSize: MIB,
      };
      const requests = await requestsDuring([source, target], async () => {
        const { err, data } = await copyThenDelete(room.root, copy, source.at('a/1.jpg'), 'sliceCopyFile');
        assert.ok(!err, JSON.stringify(err));
        assert.equal(data.statusCode, 204);
      });
      assert.deepEqual([requests[0].method, requests.at(-1).method], ['HEAD', 'DELETE']);
      assert.equal(requests.at(-2).method, 'POST');
      await room.assertAbsent(source, 'a/1.jpg');
      await room.assertBytes(target, 'b/1.jpg', bytes);
      if (sdk.sliceCopyKeepsHeaders) {
        const { headers } = await room.head(target, 'b/1.jpg');
        assert.equal(headers['content-type'], 'image/jpeg');
        assert.equal(headers['x-cos-meta-colour'], 'blue');
      }
    });

    // seed: S51
    test('a rename in a versioned bucket leaves a delete marker and the old version', async () => {
      const bucket = await room.bucket({ versioning: 'Enabled' });
      const { VersionId } = await room.put(bucket, 'a/1.jpg', 'picture');
      const copy = { ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/1.jpg', VersionId) };
      const { err, data } = await copyThenDelete(room.root, copy, bucket.at('a/1.jpg'));
      assert.ok(!err);
      assert.equal(data.DeleteMarker, 'true');
      await room.assertAbsent(bucket, 'a/1.jpg');
      await room.assertBytes(bucket, 'a/1.jpg', Buffer.from('picture'), { VersionId });
      await room.assertBytes(bucket, 'b/1.jpg', Buffer.from('picture'));
    });

    // seed: S57
    test('deleteMultipleObject: what was there, what was not, and quietly', async () => {
      const bucket = await room.bucket();
      for (const key of ['a', 'b', '<c>&', 'keep']) await room.put(bucket, key, 'x');
      const Objects = ['a', 'b', 'never there', '<c>&'].map((Key) => ({ Key }));
      const loud = await room.succeed('deleteMultipleObject', { ...bucket.place, Objects });
      assert.deepEqual(loud.Deleted.map(({ Key }) => Key).sort(), ['<c>&', 'a', 'b', 'never there']);
      assert.deepEqual(loud.Error, []);
      const quiet = await room.succeed('deleteMultipleObject', { ...bucket.place, Objects, Quiet: true });
      assert.deepEqual([quiet.Deleted, quiet.Error], [[], []]);
      const { Contents } = await room.succeed('getBucket', bucket.place);
      assert.deepEqual(
        Contents.map(({ Key }) => Key),
        ['keep'],
      );

      const { data } = await call(room.second, 'deleteMultipleObject', { ...bucket.place, Objects: [{ Key: 'keep' }] });
      if (data)
        assert.deepEqual(
          data.Error.map(({ Key, Code }) => [Key, Code]),
          [['keep', 'AccessDenied']],
        );
      await room.assertBytes(bucket, 'keep', Buffer.from('x'));
    });
  });
}
