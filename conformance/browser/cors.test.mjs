// What the browser itself demands: preflights, and reply headers that the bucket's rules expose.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { environment } from '../shared/environment.mjs';
import { call, openRoom } from '../shared/room.mjs';
import { requestsDuring } from '../shared/wire.mjs';
import { allowPages, close, maker, sdk } from './sdk.mjs';

// Whatever fails: with the browser open, this process would never end.
after(close);

describe('CORS as Chromium sees it', () => {
  const room = openRoom(sdk);

  /** A bucket whose rules a test may change; they are put back before the page empties it. */
  async function bucketOf(t) {
    const bucket = await room.bucket();
    t.after(() => allowPages(environment.root, bucket.place));
    return bucket;
  }

  test('without rules nothing is let through, and nothing is written', async (t) => {
    const bucket = await bucketOf(t);
    await call(maker(environment.root), 'deleteBucketCors', bucket.place);
    const { err, data } = await call(room.root, 'putObject', { ...bucket.at('k'), Body: sdk.body(Buffer.from('x')) });
    assert.ok(err && !data, 'the browser refuses');
    const listed = await call(maker(environment.root), 'getBucket', bucket.place);
    assert.deepEqual(listed.data.Contents, []);
  });

  test('only exposed headers can be read', async (t) => {
    const bucket = await bucketOf(t);
    await room.put(bucket, 'k', Buffer.from('x'), { 'x-cos-meta-colour': 'blue' });
    const rule = { AllowedOrigin: ['*'], AllowedMethod: ['GET', 'PUT', 'HEAD'], AllowedHeader: ['*'], MaxAgeSeconds: '0' };
    const rules = { ...bucket.place, CORSRules: [{ ...rule, ExposeHeader: ['ETag'] }] };
    assert.ok(!(await call(maker(environment.root), 'putBucketCors', rules)).err);
    const { data } = await call(room.root, 'headObject', bucket.at('k'));
    assert.ok(data.headers.etag, 'ETag is exposed');
    assert.equal(data.headers['x-cos-meta-colour'], undefined, 'what is not exposed stays hidden');
  });

  test('another origin than the rule names is refused', async (t) => {
    const bucket = await bucketOf(t);
    const rule = { AllowedOrigin: ['https://www.example.com'], AllowedMethod: ['GET', 'PUT'], AllowedHeader: ['*'] };
    assert.ok(!(await call(maker(environment.root), 'putBucketCors', { ...bucket.place, CORSRules: [rule] })).err);
    const { err } = await call(room.root, 'putObject', { ...bucket.at('k'), Body: sdk.body(Buffer.from('x')) });
    assert.ok(err);
  });

  test('a page that has an object in its cache sees what it became', async (t) => {
    const bucket = await bucketOf(t);
    await room.put(bucket, 'k', Buffer.from('old'));
    await room.assertBytes(bucket, 'k', Buffer.from('old'));
    // As long ago as it takes for the cache to ask again: it adds conditions that the SDK did not sign.
    for (const bytes of ['newer', 'newest']) {
      await room.put(bucket, 'k', Buffer.from(bytes), { CacheControl: 'no-cache' });
      for (const _ of [1, 2]) await room.assertBytes(bucket, 'k', Buffer.from(bytes));
    }
    const asked = await requestsDuring([bucket], () => room.assertBytes(bucket, 'k', Buffer.from('newest')));
    assert.deepEqual(
      asked.map(({ method, status }) => [method, status]),
      [['GET', 304]],
      'the cache was asked, and had it',
    );
  });
});
