// Storage classes: the class of a copy, and changing the class of an object in place.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { MIB, openRoom, pattern, quotedMd5 } from '../room.mjs';
import { requestsDuring } from '../wire.mjs';

const CLASSES = ['STANDARD', 'STANDARD_IA', 'INTELLIGENT_TIERING', 'ARCHIVE', 'DEEP_ARCHIVE'];

export function storageClassCases(sdk) {
  describe('storage class', () => {
    const room = openRoom(sdk);

    /** HEAD leaves STANDARD out, a listing names it. */
    async function assertClass(bucket, key, expected) {
      const { headers } = await room.head(bucket, key);
      assert.equal(headers['x-cos-storage-class'], expected === 'STANDARD' ? undefined : expected, `HEAD of ${key}`);
      const { Contents } = await room.succeed('getBucket', { ...bucket.place, Prefix: key });
      assert.equal(Contents[0].StorageClass, expected, `listing of ${key}`);
    }

    // seed: S37, S62, S76
    test('each class is what HEAD and the listing show', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'source', 'body');
      for (const StorageClass of CLASSES) {
        const copy = { ...bucket.at(`copy/${StorageClass}`), CopySource: bucket.source('source'), StorageClass };
        await room.succeed('putObjectCopy', copy);
        await assertClass(bucket, `copy/${StorageClass}`, StorageClass);
        await room.copyInOnePart(bucket, `parts/${StorageClass}`, bucket.source('source'), { StorageClass });
        await assertClass(bucket, `parts/${StorageClass}`, StorageClass);
      }
    });

    // seed: S37, S76
    test('an unknown class is refused', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'source', 'body');
      await room.unchanged([bucket], async () => {
        const copy = { ...bucket.at('b'), CopySource: bucket.source('source'), StorageClass: 'GLASS' };
        await room.refuse(400, 'InvalidArgument', 'putObjectCopy', copy);
        await room.refuse(400, 'InvalidArgument', 'multipartInit', { ...bucket.at('b'), StorageClass: 'GLASS' });
      });
    });

    // seed: S38, S77
    test('without a class a copy is STANDARD, whatever the source is', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'source', 'body', { StorageClass: 'STANDARD_IA' });
      await assertClass(bucket, 'source', 'STANDARD_IA');
      await room.succeed('putObjectCopy', { ...bucket.at('copy'), CopySource: bucket.source('source') });
      await assertClass(bucket, 'copy', 'STANDARD');
      await room.copyInOnePart(bucket, 'parts', bucket.source('source'));
      await assertClass(bucket, 'parts', 'STANDARD');
    });

    // seed: S60
    test('in place: with no directive and with Copy, also a second time', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, '1.jpg', 'body', { ContentType: 'image/jpeg', 'x-cos-meta-colour': 'blue' });
      for (const directive of [{}, {}, { MetadataDirective: 'Copy' }, { MetadataDirective: 'Copy' }]) {
        const onItself = { ...bucket.at('1.jpg'), CopySource: bucket.source('1.jpg'), StorageClass: 'STANDARD_IA' };
        const data = await room.succeed('putObjectCopy', { ...onItself, ...directive });
        assert.equal(data.statusCode, 200);
        assert.equal(data.ETag, quotedMd5(Buffer.from('body')));
        await assertClass(bucket, '1.jpg', 'STANDARD_IA');
        const { headers } = await room.head(bucket, '1.jpg');
        assert.equal(headers['content-type'], 'image/jpeg');
        assert.equal(headers['x-cos-meta-colour'], 'blue');
        await room.assertBytes(bucket, '1.jpg', Buffer.from('body'));
      }
    });

    // seed: S61, S62
    test('the sample: 1.jpg to ARCHIVE, as written and in place; then it needs a restore', async () => {
      const source = await room.bucket();
      const example = await room.bucket();
      await room.put(source, '1.jpg', 'body');
      const asWritten = { ...example.at('1.jpg'), CopySource: source.source('1.jpg'), StorageClass: 'ARCHIVE' };
      await room.succeed('putObjectCopy', asWritten);
      await assertClass(example, '1.jpg', 'ARCHIVE');
      await assertClass(source, '1.jpg', 'STANDARD');
      const inPlace = { ...source.at('1.jpg'), CopySource: source.source('1.jpg'), StorageClass: 'ARCHIVE' };
      await room.succeed('putObjectCopy', inPlace);
      await assertClass(source, '1.jpg', 'ARCHIVE');

      await room.unchanged([source, example], async () => {
        await room.refuse(403, 'InvalidObjectState', 'getObject', source.at('1.jpg'));
        const copy = { ...example.at('2.jpg'), CopySource: source.source('1.jpg') };
        await room.refuse(403, 'InvalidObjectState', 'putObjectCopy', copy);
      });
      await room.unchanged([source], async () => {
        const { err, data } = await new Promise((resolve) => {
          const params = { ...example.at('3.jpg'), CopySource: source.source('1.jpg'), CopySliceSize: 0 };
          room.root.sliceCopyFile(params, (err, data) => resolve({ err, data }));
        });
        assert.ok(err && !data, 'sliceCopyFile refuses an archived source');
      });
    });

    // seed: S63
    test('sliceCopyFile changes the class in place, in one request and in parts', async () => {
      const bucket = await room.bucket();
      const bytes = pattern(2 * MIB + 5);
      await room.put(bucket, '1.jpg', bytes, { ContentType: 'image/jpeg' });
      const inPlace = { ...bucket.at('1.jpg'), CopySource: bucket.source('1.jpg') };

      const below = await requestsDuring([bucket], () =>
        room.succeed('sliceCopyFile', { ...inPlace, StorageClass: 'STANDARD_IA', CopySliceSize: bytes.length }),
      );
      assert.deepEqual(
        below.map(({ method }) => method),
        ['HEAD', 'PUT'],
      );
      await assertClass(bucket, '1.jpg', 'STANDARD_IA');

      const above = { ...inPlace, StorageClass: 'INTELLIGENT_TIERING', CopySliceSize: 0, CopyChunkSize: MIB };
      const data = await room.succeed('sliceCopyFile', above);
      assert.match(data.ETag, /-3"$/);
      await assertClass(bucket, '1.jpg', sdk.sliceCopyKeepsHeaders ? 'INTELLIGENT_TIERING' : 'STANDARD');
      await room.assertBytes(bucket, '1.jpg', bytes);
    });
  });
}
