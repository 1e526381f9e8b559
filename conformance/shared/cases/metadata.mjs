// The metadata directive: what a copy keeps of its source and what it takes from the request.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { openRoom, quotedMd5 } from '../room.mjs';

const OLD = {
  CacheControl: 'max-age=1',
  ContentDisposition: 'attachment; filename="old.txt"',
  ContentEncoding: 'x-old',
  ContentType: 'text/plain',
  Expires: 'Wed, 21 Oct 2037 07:28:00 GMT',
  'x-cos-meta-colour': 'blue',
  'x-cos-meta-shape': 'round',
};
const NEW = {
  ContentDisposition: 'attachment; filename="new.html"',
  ContentType: 'text/html; charset=UTF-8',
  'x-cos-meta-colour': 'red',
  'x-cos-meta-weight': '12 g',
};
const NAMES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-type',
  'expires',
  'x-cos-meta-colour',
  'x-cos-meta-shape',
  'x-cos-meta-weight',
];
const OLD_SHOWN = {
  'cache-control': 'max-age=1',
  'content-disposition': 'attachment; filename="old.txt"',
  'content-encoding': 'x-old',
  'content-type': 'text/plain',
  expires: 'Wed, 21 Oct 2037 07:28:00 GMT',
  'x-cos-meta-colour': 'blue',
  'x-cos-meta-shape': 'round',
};
const NEW_SHOWN = {
  'content-disposition': 'attachment; filename="new.html"',
  'content-type': 'text/html; charset=UTF-8',
  'x-cos-meta-colour': 'red',
  'x-cos-meta-weight': '12 g',
};

const shown = ({ headers }) =>
  Object.fromEntries(NAMES.filter((name) => name in headers).map((name) => [name, headers[name]]));

/** User metadata of exactly `size` bytes, names and values together. */
export function metadataOf(size) {
  const metadata = { 'x-cos-meta-first': 'a'.repeat(1000), 'x-cos-meta-second-one': 'b'.repeat(500) };
  const used = 'first'.length + 1000 + 'second-one'.length + 500;
  return { ...metadata, 'x-cos-meta-rest': 'c'.repeat(size - used - 'rest'.length) };
}

export function metadataCases(sdk) {
  describe('metadata', () => {
    const room = openRoom(sdk);

    async function sourceBucket() {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/1.txt', 'one', OLD);
      assert.deepEqual(shown(await room.head(bucket, 'a/1.txt')), OLD_SHOWN);
      return bucket;
    }

    // seed: S26, S27
    test('Copy, given or not, keeps the source metadata and ignores what the request carries', async () => {
      const bucket = await sourceBucket();
      for (const directive of [{}, { MetadataDirective: 'Copy' }]) {
        const copy = { ...bucket.at('b/1.txt'), CopySource: bucket.source('a/1.txt'), ...NEW, ...directive };
        await room.succeed('putObjectCopy', copy);
        assert.deepEqual(shown(await room.head(bucket, 'b/1.txt')), OLD_SHOWN);
      }
    });

    // seed: S28, S39
    test('Replaced drops the source metadata and takes what the request carries', async () => {
      const bucket = await sourceBucket();
      const copy = {
        ...bucket.at('b/1.txt'),
        CopySource: bucket.source('a/1.txt'),
        MetadataDirective: 'Replaced',
        ...NEW,
      };
      await room.succeed('putObjectCopy', copy);
      assert.deepEqual(shown(await room.head(bucket, 'b/1.txt')), NEW_SHOWN);
      assert.deepEqual(
        shown(await room.succeed('getObject', { ...bucket.at('b/1.txt'), ...sdk.readOptions })),
        NEW_SHOWN,
      );
      assert.deepEqual(shown(await room.head(bucket, 'a/1.txt')), OLD_SHOWN);
      await room.assertBytes(bucket, 'b/1.txt', Buffer.from('one'));
    });

    // seed: S01, S04
    test('one request copies, replaces the metadata and sets an ACL', async () => {
      const bucket = await sourceBucket();
      await room.succeed('putObjectCopy', {
        ...bucket.at('b/1.txt'),
        CopySource: bucket.source('a/1.txt'),
        MetadataDirective: 'Replaced',
        ACL: 'public-read',
        ...NEW,
      });
      assert.deepEqual(shown(await room.head(bucket, 'b/1.txt')), NEW_SHOWN);
      assert.equal((await room.succeed('getObjectAcl', bucket.at('b/1.txt'))).ACL, 'public-read');
      assert.equal((await room.visit(bucket, 'b/1.txt')).status, 200);
    });

    // seed: S06, S29
    test('a copy onto itself changes the metadata with Replaced, and is refused without', async () => {
      const bucket = await sourceBucket();
      const onItself = { ...bucket.at('a/1.txt'), CopySource: bucket.source('a/1.txt'), ...NEW };
      await room.unchanged([bucket], async () => {
        await room.refuse(400, 'InvalidRequest', 'putObjectCopy', onItself);
        await room.refuse(400, 'InvalidRequest', 'putObjectCopy', { ...onItself, MetadataDirective: 'Copy' });
        assert.deepEqual(shown(await room.head(bucket, 'a/1.txt')), OLD_SHOWN);
      });
      const data = await room.succeed('putObjectCopy', { ...onItself, MetadataDirective: 'Replaced' });
      assert.equal(data.ETag, quotedMd5(Buffer.from('one')));
      assert.deepEqual(shown(await room.head(bucket, 'a/1.txt')), NEW_SHOWN);
      await room.assertBytes(bucket, 'a/1.txt', Buffer.from('one'));
    });

    // seed: S26
    test('a third directive is refused', async () => {
      const bucket = await sourceBucket();
      const copy = { ...bucket.at('b/1.txt'), CopySource: bucket.source('a/1.txt'), MetadataDirective: 'Merge' };
      await room.unchanged([bucket], () => room.refuse(400, 'InvalidArgument', 'putObjectCopy', copy));
    });

    // seed: S39, S79
    test('user metadata of 2048 bytes passes and of 2049 does not, on a copy and on the start of an upload', async () => {
      const bucket = await sourceBucket();
      const copy = { ...bucket.at('b/1.txt'), CopySource: bucket.source('a/1.txt'), MetadataDirective: 'Replaced' };
      await room.unchanged([bucket], async () => {
        await room.refuse(400, 'KeyTooLong', 'putObjectCopy', { ...copy, ...metadataOf(2049) });
        await room.refuse(400, 'KeyTooLong', 'multipartInit', { ...bucket.at('c/1.txt'), ...metadataOf(2049) });
      });
      await room.succeed('putObjectCopy', { ...copy, ...metadataOf(2048) });
      await room.copyInOnePart(bucket, 'c/1.txt', bucket.source('a/1.txt'), metadataOf(2048));
      for (const key of ['b/1.txt', 'c/1.txt']) {
        const { headers } = await room.head(bucket, key);
        for (const [name, value] of Object.entries(metadataOf(2048)))
          assert.equal(headers[name], value, `${name} of ${key}`);
      }
    });

    // seed: S27
    test('metadata that Copy ignores does not count against the bound', async () => {
      const bucket = await sourceBucket();
      await room.succeed('putObjectCopy', {
        ...bucket.at('b/1.txt'),
        CopySource: bucket.source('a/1.txt'),
        ...metadataOf(2049),
      });
      assert.deepEqual(shown(await room.head(bucket, 'b/1.txt')), OLD_SHOWN);
    });
  });
}
