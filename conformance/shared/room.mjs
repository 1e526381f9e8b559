// A room is what the cases of one subject share: a client per account, buckets of their own that are removed when the
// subject is done, and the assertions every reply has to stand.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after } from 'node:test';

import { APPID, SECOND_APPID, environment } from './environment.mjs';
import { anonymous } from './wire.mjs';

export const REGION = 'ap-guangzhou';
export const OTHER_REGION = 'ap-beijing';
export const MIB = 1024 * 1024;

export const quotedMd5 = (bytes) => `"${createHash('md5').update(bytes).digest('hex')}"`;

/** Bytes that differ from place to place, and from salt to salt. */
export function pattern(size, salt = 0) {
  const bytes = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i += 1) bytes[i] = i * 31 + (i >> 8) + (i >> 16) + salt;
  return bytes;
}

/** A bucket by name and region, and the two ways a case names objects in it. */
export class Bucket {
  constructor(name, region) {
    this.name = name;
    this.region = region;
    this.place = { Bucket: name, Region: region };
    this.host = `${name}.cos.${region}.myqcloud.com`;
  }

  at(key) {
    return { ...this.place, Key: key };
  }

  /** The copy source of a key as the samples write it: host and key, without a scheme, escaped but for `/`. */
  source(key, versionId) {
    const escaped = encodeURIComponent(key).replaceAll('%2F', '/');
    return `${this.host}/${escaped}${versionId === undefined ? '' : `?versionId=${versionId}`}`;
  }
}

/** Calls an operation in its callback form and returns both arguments of the callback. */
export function call(client, operation, params) {
  return new Promise((resolve) => {
    client[operation](params, (err, data) => resolve({ err, data }));
  });
}

export class Room {
  #made = [];

  constructor(sdk) {
    this.sdk = sdk;
    this.root = sdk.connect(environment.root);
    this.second = sdk.connect(environment.second);
    this.sub = sdk.connect(environment.sub);
  }

  /** The operation must succeed: err is empty, data carries statusCode and headers. Returns data. */
  async succeed(operation, params, client = this.root) {
    const { err, data } = await call(client, operation, params);
    assert.ok(!err, `${operation} failed: ${JSON.stringify(err)}`);
    assert.equal(typeof data, 'object');
    assert.equal(typeof data.statusCode, 'number', 'data.statusCode is a Number');
    assert.equal(Math.floor(data.statusCode / 100), 2, `${operation} status ${data.statusCode}`);
    assert.equal(typeof data.headers, 'object', 'data.headers is an Object');
    assert.ok(data.headers['x-cos-request-id'], 'every reply has a request id');
    return data;
  }

  /** The operation must be refused by the service: data is empty, err carries status, headers, code and request id. */
  async refuse(status, code, operation, params, client = this.root) {
    const { err, data } = await call(client, operation, params);
    assert.ok(!data, `${operation} was not refused: ${JSON.stringify(data)}`);
    assert.equal(typeof err, 'object');
    assert.equal(typeof err.statusCode, 'number', `err.statusCode is a Number: ${JSON.stringify(err)}`);
    assert.equal(err.statusCode, status, `${operation}: ${JSON.stringify(err.error)}`);
    assert.equal(typeof err.headers, 'object', 'err.headers is an Object');
    const requestId = err.headers['x-cos-request-id'];
    assert.ok(requestId, 'every error has a request id');
    if (code !== undefined) {
      assert.equal(err.error.Code, code, err.error.Message);
      assert.ok(err.error.Message, 'an error has a message');
      assert.ok(err.error.Resource, 'an error names its resource');
      assert.equal(err.error.RequestId, requestId);
    }
    return err;
  }

  /**
   * What is wrong is the place itself. A page is told no more than that it may not ask there: a bucket that is not
   * there has no rules for pages.
   */
  async refuseThere(status, code, operation, params, client = this.root) {
    if (this.sdk.isPage) return this.refuseUnsent(operation, params, client);
    return this.refuse(status, code, operation, params, client);
  }

  /** The SDK itself refuses before it sends anything: an error without a status. */
  async refuseUnsent(operation, params, client = this.root) {
    const { err, data } = await call(client, operation, params);
    assert.ok(err, `${operation} was let through`);
    assert.ok(!data);
    assert.equal(err.statusCode, undefined);
    return err;
  }

  /** A new bucket. It and all it holds are removed when the subject's cases are done. */
  async bucket({ region = REGION, acl, versioning, owner = 'root' } = {}) {
    const appid = owner === 'second' ? SECOND_APPID : APPID;
    const bucket = new Bucket(`conf-${randomBytes(6).toString('hex')}-${appid}`, region);
    const client = this[owner];
    await this.succeed('putBucket', { ...bucket.place, ...(acl && { ACL: acl }) }, client);
    this.#made.push({ bucket, client });
    if (versioning) await this.setVersioning(bucket, versioning);
    return bucket;
  }

  async setVersioning(bucket, status) {
    await this.succeed('putBucketVersioning', { ...bucket.place, VersioningConfiguration: { Status: status } });
  }

  async put(bucket, key, bytes, params = {}) {
    const data = await this.succeed('putObject', {
      ...bucket.at(key),
      Body: this.sdk.body(Buffer.from(bytes)),
      ...params,
    });
    assert.equal(data.ETag, quotedMd5(Buffer.from(bytes)));
    return data;
  }

  async head(bucket, key, params = {}) {
    return this.succeed('headObject', { ...bucket.at(key), ...params });
  }

  /** The bytes of an object. */
  async read(bucket, key, params = {}, client = this.root) {
    const data = await this.succeed('getObject', { ...bucket.at(key), ...this.sdk.readOptions, ...params }, client);
    return this.sdk.bytes(data.Body);
  }

  async assertBytes(bucket, key, expected, params = {}) {
    const actual = await this.read(bucket, key, params);
    assert.equal(actual.length, expected.length, `size of ${key}`);
    assert.ok(actual.equals(Buffer.from(expected)), `bytes of ${key}`);
  }

  async assertAbsent(bucket, key) {
    await this.refuse(404, undefined, 'headObject', bucket.at(key));
  }

  /** An anonymous GET of an object. */
  async visit(bucket, key) {
    return anonymous(bucket.host, `/${encodeURIComponent(key).replaceAll('%2F', '/')}`);
  }

  /** A finished multipart copy of the whole source, in one part, started with `params`. */
  async copyInOnePart(bucket, key, source, params = {}) {
    const { UploadId } = await this.succeed('multipartInit', { ...bucket.at(key), ...params });
    const part = { ...bucket.at(key), UploadId, PartNumber: '1', CopySource: source };
    const { ETag } = await this.succeed('uploadPartCopy', part);
    return this.succeed('multipartComplete', { ...bucket.at(key), UploadId, Parts: [{ PartNumber: '1', ETag }] });
  }

  /** All that can be seen in a bucket: objects, versions, uploads and their parts. */
  async snapshot(bucket) {
    const objects = await this.succeed('getBucket', bucket.place);
    const versions = await this.succeed('listObjectVersions', bucket.place);
    const uploads = await this.succeed('multipartList', bucket.place);
    assert.equal(objects.IsTruncated, 'false');
    const parts = [];
    for (const { Key, UploadId } of uploads.Upload ?? []) {
      parts.push((await this.succeed('multipartListPart', { ...bucket.at(Key), UploadId })).Part);
    }
    return {
      contents: objects.Contents,
      versions: versions.Versions,
      markers: versions.DeleteMarkers,
      uploads: uploads.Upload,
      parts,
    };
  }

  /** Whatever `action` tries, these buckets hold the same before and after. */
  async unchanged(buckets, action) {
    const before = await Promise.all(buckets.map((bucket) => this.snapshot(bucket)));
    const result = await action();
    const now = await Promise.all(buckets.map((bucket) => this.snapshot(bucket)));
    assert.deepEqual(now, before);
    return result;
  }

  async #empty({ bucket, client }) {
    const uploads = await this.succeed('multipartList', bucket.place, client);
    for (const { Key, UploadId } of uploads.Upload ?? []) {
      await this.succeed('multipartAbort', { ...bucket.at(Key), UploadId }, client);
    }
    for (;;) {
      const { Versions, DeleteMarkers } = await this.succeed('listObjectVersions', bucket.place, client);
      const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) =>
        VersionId ? { Key, VersionId } : { Key },
      );
      if (Objects.length === 0) return;
      const { Error: errors } = await this.succeed(
        'deleteMultipleObject',
        { ...bucket.place, Objects, Quiet: true },
        client,
      );
      assert.deepEqual(errors, []);
    }
  }

  async cleanUp() {
    for (const made of this.#made.splice(0)) {
      await this.#empty(made);
      await this.succeed('deleteBucket', made.bucket.place, made.client);
    }
  }
}

/** Opens a room for one subject's cases and has it cleaned up after them. */
export function openRoom(sdk) {
  const room = new Room(sdk);
  after(() => room.cleanUp());
  return room;
}
