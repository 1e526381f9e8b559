// sliceCopyFile: one call that copies an object of any size and reports its progress. The shipped SDKs call the slice
// size CopySliceSize and the chunk size CopyChunkSize, with 10 MiB each when nothing is given.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { environment } from '../environment.mjs';
import { MIB, call, openRoom, pattern, quotedMd5 } from '../room.mjs';
import { requestsDuring } from '../wire.mjs';

/** What a sequence of progress events has to look like, to the last one, at which all is done. */
function assertProgress(events, size) {
  assert.ok(events.length > 0, 'onProgress was called');
  let loaded = 0;
  for (const event of events) {
    // Both SDKs pass on the size as the text of a header.
    assert.equal(Number(event.total), size);
    assert.ok(Number(event.loaded) >= loaded && Number(event.loaded) <= size, JSON.stringify(event));
    loaded = Number(event.loaded);
    assert.equal(typeof event.speed, 'number');
    assert.ok(Number.isFinite(event.speed) && event.speed >= 0);
    assert.equal(typeof event.percent, 'number');
    assert.ok(event.percent >= 0 && event.percent <= 1);
  }
  assert.equal(loaded, size);
  // An empty file is 0 / 0 to these SDKs, which they report as 0 or 1.
  if (size > 0) assert.equal(events.at(-1).percent, 1);
}

/** The operations of a log, by what their method and query say. */
function operations(requests) {
  return requests.map(({ method, query }) => {
    if (method === 'POST') return query.has('uploads') ? 'init' : 'complete';
    if (method === 'PUT') return query.has('partNumber') ? `part ${query.get('partNumber')}` : 'copy';
    return method.toLowerCase();
  });
}

export function sliceCopyCases(sdk) {
  describe('sliceCopyFile', () => {
    const room = openRoom(sdk);

    async function buckets(bytes, params) {
      const source = await room.bucket();
      const target = await room.bucket();
      await room.put(source, 'a/1.jpg', bytes, params);
      const copy = { ...target.at('b/1.jpg'), CopySource: source.source('a/1.jpg') };
      return { source, target, copy };
    }

    // seed: S121, S123, S129, S131, S132, S133, S134, S135, S136, S137, S141, S143
    test('the sample, at the slice size and below it: one copy request', async () => {
      const bytes = pattern(3 * MIB);
      const { source, target, copy } = await buckets(bytes, { ContentType: 'image/jpeg', 'x-cos-meta-colour': 'blue' });
      for (const CopySliceSize of [undefined, 3 * MIB, 3 * MIB + 1]) {
        const events = [];
        let data;
        const requests = await requestsDuring([source, target], async () => {
          data = await room.succeed('sliceCopyFile', {
            ...copy,
            CopySliceSize,
            onProgress: (event) => events.push(event),
          });
        });
        assert.deepEqual(operations(requests), ['head', 'copy']);
        assert.equal(requests[0].bucket, source);
        assert.equal(requests[1].bucket, target);
        assert.equal(data.statusCode, 200);
        assert.equal(data.ETag, quotedMd5(bytes));
        assert.ok(!('VersionId' in data));
        assertProgress(events, bytes.length);
        await room.assertBytes(target, 'b/1.jpg', bytes);
        const { headers } = await room.head(target, 'b/1.jpg');
        assert.equal(headers['content-type'], 'image/jpeg');
        assert.equal(headers['x-cos-meta-colour'], 'blue');
      }
    });

    // seed: S121, S125, S127, S130, S131, S132, S133, S134, S135, S137, S138, S139, S140, S141, S143
    test('above the slice size: init, parts, complete', async () => {
      const bytes = pattern(3 * MIB);
      const { source, target, copy } = await buckets(bytes, { ContentType: 'image/jpeg', 'x-cos-meta-colour': 'blue' });
      for (const [CopySliceSize, CopyChunkSize, count] of [
        [0, MIB, 3],
        [0, 2 * MIB, 2],
        [3 * MIB - 1, 4 * MIB, 1],
      ]) {
        const events = [];
        let data;
        const requests = await requestsDuring([source, target], async () => {
          const onProgress = (event) => events.push(event);
          data = await room.succeed('sliceCopyFile', { ...copy, CopySliceSize, CopyChunkSize, onProgress });
        });
        const names = operations(requests);
        assert.deepEqual([names[0], names[1], names.at(-1)], ['head', 'init', 'complete']);
        assert.deepEqual(
          names.slice(2, -1).sort(),
          Array.from({ length: count }, (_, i) => `part ${i + 1}`),
        );
        assert.equal(data.statusCode, 200);
        assert.equal(data.Location, `${target.host}/b/1.jpg`);
        assert.equal(data.Bucket, target.name);
        assert.equal(data.Key, 'b/1.jpg');
        assert.match(data.ETag, new RegExp(`^"[0-9a-f]{32}-${count}"$`));
        assert.ok(!('VersionId' in data));
        assertProgress(events, bytes.length);
        await room.assertBytes(target, 'b/1.jpg', bytes);
        const { headers, ETag } = await room.head(target, 'b/1.jpg');
        assert.equal(ETag, data.ETag);
        if (sdk.sliceCopyKeepsHeaders) {
          assert.equal(headers['content-type'], 'image/jpeg');
          assert.equal(headers['x-cos-meta-colour'], 'blue');
        }
      }
    });

    // seed: S126, S128
    test('what the shipped SDK does when no sizes are given: 10 MiB each', async () => {
      const { source, target, copy } = await buckets(pattern(10 * MIB));
      const at = await requestsDuring([source, target], () => room.succeed('sliceCopyFile', copy));
      assert.deepEqual(operations(at), ['head', 'copy']);
      await room.put(source, 'a/1.jpg', pattern(10 * MIB + 1));
      const above = await requestsDuring([source, target], () => room.succeed('sliceCopyFile', copy));
      assert.deepEqual(operations(above).sort(), ['complete', 'head', 'init', 'part 1', 'part 2']);
      await room.assertBytes(target, 'b/1.jpg', pattern(10 * MIB + 1));
    });

    // seed: S129, S132, S135
    test('an empty source is one copy request', async () => {
      const { source, target, copy } = await buckets(Buffer.alloc(0));
      const events = [];
      const requests = await requestsDuring([source, target], () =>
        room.succeed('sliceCopyFile', { ...copy, CopySliceSize: 0, onProgress: (event) => events.push(event) }),
      );
      assert.deepEqual(operations(requests), ['head', 'copy']);
      assertProgress(events, 0);
      await room.assertBytes(target, 'b/1.jpg', Buffer.alloc(0));
    });

    // seed: S142
    test('into a versioned bucket: VersionId on both paths', async () => {
      const bytes = pattern(2 * MIB);
      const { target, copy } = await buckets(bytes);
      await room.setVersioning(target, 'Enabled');
      for (const CopySliceSize of [2 * MIB, 0]) {
        const data = await room.succeed('sliceCopyFile', { ...copy, CopySliceSize, CopyChunkSize: MIB });
        assert.equal(typeof data.VersionId, 'string');
        await room.assertBytes(target, 'b/1.jpg', bytes, { VersionId: data.VersionId });
        assert.equal((await room.head(target, 'b/1.jpg')).VersionId, data.VersionId);
      }
    });

    // seed: S136, S137
    test('what fails is reported, and the target stays as it was', async () => {
      const { source, target, copy } = await buckets(pattern(2 * MIB));
      await room.unchanged([source, target], async () => {
        const missing = await call(room.root, 'sliceCopyFile', { ...copy, CopySource: source.source('a/2.jpg') });
        assert.ok(missing.err && !missing.data);
        if (sdk.sliceCopyTellsMissingSource) assert.equal(missing.err.statusCode, 404);
        await room.refuse(403, undefined, 'sliceCopyFile', copy, room.second);
        await room.refuse(412, 'PreconditionFailed', 'sliceCopyFile', { ...copy, CopySourceIfMatch: '"0"' });
      });
      const gone = { Bucket: 'nobody-made-this-one-1250000000', Region: target.region, Key: 'b/1.jpg' };
      for (const CopySliceSize of [2 * MIB, 0]) {
        await room.refuseThere(404, 'NoSuchBucket', 'sliceCopyFile', { ...copy, ...gone, CopySliceSize });
      }
    });

    // seed: S09, S16
    test('across regions, by an account that may read the source, into its own bucket', async () => {
      const bytes = pattern(2 * MIB + 1);
      const source = await room.bucket({ region: 'ap-beijing' });
      await room.put(source, 'a/1.jpg', bytes, { GrantRead: 'id="100000000002"' });
      const theirs = await room.bucket({ owner: 'second' });
      const copy = {
        ...theirs.at('b/1.jpg'),
        CopySource: source.source('a/1.jpg'),
        CopySliceSize: 0,
        CopyChunkSize: MIB,
      };
      const data = await room.succeed('sliceCopyFile', copy, sdk.connect(environment.second));
      assert.match(data.ETag, /-3"$/);
      assert.ok((await room.read(theirs, 'b/1.jpg', {}, room.second)).equals(bytes));
    });
  });
}
