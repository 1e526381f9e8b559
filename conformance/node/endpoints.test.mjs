// The other ways a program may bring this SDK to a server: its own domain, an address, the second public suffix.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { environment } from '../shared/environment.mjs';
import { MIB, OTHER_REGION, openRoom, pattern } from '../shared/room.mjs';
import { requestsDuring } from '../shared/wire.mjs';
import { connect, sdk } from './sdk.mjs';

/** A client without the proxy: the URL's host is sent and signed, the connection goes to the server's address. */
const direct = (options) => connect(environment.root, { Proxy: '', Ip: environment.endpoint.host, ...options });

describe('endpoints', () => {
  const room = openRoom(sdk);

  async function copies(client, bucket) {
    await room.put(bucket, 'a/中 1.jpg', 'picture');
    const copy = { ...bucket.at('b/+ 1.jpg'), CopySource: bucket.source('a/中 1.jpg') };
    const requests = await requestsDuring([bucket], () => room.succeed('putObjectCopy', copy, client));
    assert.deepEqual(
      requests.map(({ method, key }) => [method, key]),
      [['PUT', 'b/+ 1.jpg']],
    );
    await room.assertBytes(bucket, 'b/+ 1.jpg', Buffer.from('picture'));
  }

  // seed: S08
  test('straight to the address, with the default hosts', async () => {
    await copies(direct(), await room.bucket());
  });

  // seed: S08
  test('the second public suffix, straight and through the proxy', async () => {
    const Domain = '{Bucket}.cos.{Region}.tencentcos.cn';
    await copies(direct({ Domain }), await room.bucket());
    await copies(connect(environment.root, { Domain }), await room.bucket({ region: OTHER_REGION }));
  });

  // seed: S08, S117
  test('a domain of our own that names bucket and region', async () => {
    const bucket = await room.bucket();
    const client = direct({ Domain: '{Bucket}.cos.{Region}.localhost:8080' });
    await copies(client, bucket);
    const { UploadId } = await room.succeed('multipartInit', bucket.at('c/1.jpg'), client);
    const part = { ...bucket.at('c/1.jpg'), UploadId, PartNumber: '1', CopySource: bucket.source('a/中 1.jpg') };
    const { ETag } = await room.succeed('uploadPartCopy', part, client);
    const done = { ...bucket.at('c/1.jpg'), UploadId, Parts: [{ PartNumber: '1', ETag }] };
    const data = await room.succeed('multipartComplete', done, client);
    assert.equal(data.Location, `${bucket.name}.cos.${bucket.region}.localhost:8080/c/1.jpg`);
    await room.assertBytes(bucket, 'c/1.jpg', Buffer.from('picture'));
  });

  // seed: S13, S123
  test('a bucket below localhost, where the copy source names it too', async () => {
    const bucket = await room.bucket();
    const bytes = pattern(3 * MIB);
    await room.put(bucket, 'a/中 1.jpg', bytes);
    const client = direct({
      Domain: '{Bucket}.localhost:9000',
      CopySourceParser(source) {
        const [host, ...key] = source.split('/');
        return { Bucket: host.split('.')[0], Region: bucket.region, Key: key.join('/') };
      },
    });
    const CopySource = `${bucket.name}.localhost:9000/a/${encodeURIComponent('中 1.jpg')}`;
    await room.succeed('putObjectCopy', { ...bucket.at('b/1.jpg'), CopySource }, client);
    await room.assertBytes(bucket, 'b/1.jpg', bytes);
    const parts = { ...bucket.at('c/1.jpg'), CopySource, CopySliceSize: MIB, CopyChunkSize: MIB };
    const { Location, ETag } = await room.succeed('sliceCopyFile', parts, client);
    assert.equal(Location, `${bucket.name}.localhost:9000/c/1.jpg`);
    assert.match(ETag, /-3"$/);
    await room.assertBytes(bucket, 'c/1.jpg', bytes);
  });

  // seed: S08, S40
  test('the samples also work as promises, with the host left out of the signature', async () => {
    const bucket = await room.bucket();
    await room.put(bucket, 'a/1.jpg', 'picture');
    const client = connect(environment.root, { ForceSignHost: false });
    const data = await client.putObjectCopy({ ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/1.jpg') });
    assert.equal(data.statusCode, 200);
    await assert.rejects(client.putObjectCopy({ ...bucket.at('b/1.jpg'), CopySource: bucket.source('a/2.jpg') }), {
      statusCode: 404,
    });
  });
});
