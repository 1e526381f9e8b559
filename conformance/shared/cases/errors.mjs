// What a caller is told when a copy does not happen.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';

import { environment } from '../environment.mjs';
import { call, openRoom } from '../room.mjs';
import { anonymous } from '../wire.mjs';

/** A port of this machine that nobody listens on. */
async function closedPort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function errorCases(sdk) {
  describe('errors', () => {
    const room = openRoom(sdk);

    // seed: S41, S42, S43, S44, S99, S115, S136
    test('service errors carry status, headers, code, message, resource and request id', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/1.jpg', 'picture');
      const copy = { ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/1.jpg') };
      await room.unchanged([bucket], async () => {
        const missing = await room.refuse(404, 'NoSuchKey', 'putObjectCopy', {
          ...copy,
          CopySource: bucket.source('a/2.jpg'),
        });
        assert.ok(missing.error.Resource.startsWith(`${bucket.host}/b/1.jpg`), missing.error.Resource);
        assert.equal(missing.RequestId, missing.headers['x-cos-request-id']);
        assert.ok(missing.error.TraceId);
        const elsewhere = { CopySource: 'nobody-made-this-one-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg' };
        await room.refuse(404, 'NoSuchBucket', 'putObjectCopy', { ...copy, ...elsewhere });
        await room.refuse(403, 'AccessDenied', 'putObjectCopy', copy, room.second);
        await room.refuse(403, 'AccessDenied', 'putObjectCopy', copy, room.sub);
      });
      await room.refuseThere(404, 'NoSuchBucket', 'putObjectCopy', { ...copy, Bucket: 'nobody-made-this-one-1250000000' });
    });

    // seed: S42, S43
    test('a wrong key id and a wrong secret', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/1.jpg', 'picture');
      const copy = { ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/1.jpg') };
      const stranger = sdk.connect({ SecretId: 'AKIDnobody', SecretKey: 'secret' });
      const impostor = sdk.connect({ ...environment.root, SecretKey: 'not the secret' });
      await room.unchanged([bucket], async () => {
        await room.refuse(403, 'InvalidAccessKeyId', 'putObjectCopy', copy, stranger);
        await room.refuse(403, 'SignatureDoesNotMatch', 'putObjectCopy', copy, impostor);
      });
    });

    // seed: S42
    test('a clock that is off is set right by the SDK from the reply', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/1.jpg', 'picture');
      const copy = { ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/1.jpg') };
      const late = sdk.connect(environment.root, { SystemClockOffset: -7 * 86_400_000 });
      await room.succeed('putObjectCopy', copy, late);
      assert.ok(Math.abs(await sdk.clockOffset(late)) < 3_600_000);
      const stubborn = sdk.connect(environment.root, { SystemClockOffset: -7 * 86_400_000, CorrectClockSkew: false });
      const err = await room.refuse(403, 'AccessDenied', 'putObjectCopy', copy, stubborn);
      assert.equal(err.error.Message, 'Request has expired');
    });

    // seed: S41, S42
    test('an error of the network has no status', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/1.jpg', 'picture');
      const copy = { ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/1.jpg') };
      const client = sdk.connectTo(environment.root, await closedPort());
      const { err, data } = await call(client, 'putObjectCopy', copy);
      assert.ok(err && !data);
      assert.equal(err.statusCode, undefined);
      assert.match(JSON.stringify(err), sdk.isPage ? /network error/ : /ECONNREFUSED/);
      await room.assertAbsent(bucket, 'b/1.jpg');
    });

    // seed: S10, S65, S81
    test('a bucket without an APPID is refused by the SDK, and by the server when a host names it', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/1.jpg', 'picture');
      await room.unchanged([bucket], async () => {
        const copy = {
          Bucket: 'examplebucket',
          Region: bucket.region,
          Key: 'b/1.jpg',
          CopySource: bucket.source('a/1.jpg'),
        };
        await room.refuseUnsent('putObjectCopy', copy);
        await room.refuseUnsent('multipartInit', copy);
        const { status, headers } = await anonymous('examplebucket.cos.ap-guangzhou.myqcloud.com', '/b/1.jpg', {
          method: 'PUT',
          headers: { 'x-cos-copy-source': bucket.source('a/1.jpg'), 'Content-Length': '0' },
        });
        assert.ok(status >= 400 && status < 500, `status ${status}`);
        assert.ok(headers['x-cos-request-id']);
      });
    });

    // seed: S11, S40
    test('a call without a region or without a key sends nothing', async () => {
      const bucket = await room.bucket();
      const CopySource = bucket.source('a/1.jpg');
      await room.refuseUnsent('putObjectCopy', { Bucket: bucket.name, Key: 'b/1.jpg', CopySource });
      await room.refuseUnsent('putObjectCopy', { ...bucket.place, CopySource });
      await room.refuseUnsent('putObjectCopy', { ...bucket.place, Key: '', CopySource });
    });

    // seed: S42
    test('keys that are too long or start with a backslash', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'a/1.jpg', 'picture');
      const CopySource = bucket.source('a/1.jpg');
      await room.unchanged([bucket], async () => {
        await room.refuseThere(400, 'KeyTooLong', 'putObjectCopy', { ...bucket.at('k'.repeat(851)), CopySource });
        await room.refuseThere(400, 'InvalidObjectName', 'putObjectCopy', { ...bucket.at('\\k'), CopySource });
      });
      await room.succeed('putObjectCopy', { ...bucket.at('k'.repeat(850)), CopySource });
    });
  });
}
