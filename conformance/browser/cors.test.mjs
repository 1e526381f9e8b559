// What the browser itself demands: preflights, and reply headers that the bucket's rules expose.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { environment } from '../shared/environment.mjs';
import { call, openRoom } from '../shared/room.mjs';
import { close, maker, sdk } from './sdk.mjs';

describe('CORS as Chromium sees it', () => {
  const room = openRoom(sdk);
  after(close);

  test('without rules nothing is let through, and nothing is written', async () => {
    const bucket = await room.bucket();
    await call(maker(environment.root), 'deleteBucketCors', bucket.place);
    const { err, data } = await call(room.root, 'putObject', { ...bucket.at('k'), Body: sdk.body(Buffer.from('x')) });
    assert.ok(err && !data, 'the browser refuses');
    const listed = await call(maker(environment.root), 'getBucket', bucket.place);
    assert.deepEqual(listed.data.Contents, []);
  });

  test('only exposed headers can be read', async () => {
    const bucket = await room.bucket();
    await room.put(bucket, 'k', Buffer.from('x'), { 'x-cos-meta-colour': 'blue' });
    const rule = { AllowedOrigin: ['*'], AllowedMethod: ['GET', 'PUT', 'HEAD'], AllowedHeader: ['*'], MaxAgeSeconds: '0' };
    const rules = { ...bucket.place, CORSRules: [{ ...rule, ExposeHeader: ['ETag'] }] };
    assert.ok(!(await call(maker(environment.root), 'putBucketCors', rules)).err);
    const { data } = await call(room.root, 'headObject', bucket.at('k'));
    assert.ok(data.headers.etag, 'ETag is exposed');
    assert.equal(data.headers['x-cos-meta-colour'], undefined, 'what is not exposed stays hidden');
  });

  test('another origin than the rule names is refused', async () => {
    const bucket = await room.bucket();
    const rule = { AllowedOrigin: ['https://www.example.com'], AllowedMethod: ['GET', 'PUT'], AllowedHeader: ['*'] };
    assert.ok(!(await call(maker(environment.root), 'putBucketCors', { ...bucket.place, CORSRules: [rule] })).err);
    const { err } = await call(room.root, 'putObject', { ...bucket.at('k'), Body: sdk.body(Buffer.from('x')) });
    assert.ok(err);
  });
});
