// The four conditions on the source, alone and together, on whole copies and on part copies. One table serves both: a
// copy happens if and only if every condition given holds, and whatever fails is 412.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { openRoom, quotedMd5 } from '../room.mjs';

const BYTES = Buffer.from('the source');
const ETAG = quotedMd5(BYTES);
const OTHER_ETAG = quotedMd5(Buffer.from('something else'));

const SINCE = 'CopySourceIfModifiedSince';
const UNMODIFIED = 'CopySourceIfUnmodifiedSince';
const MATCH = 'CopySourceIfMatch';
const NONE_MATCH = 'CopySourceIfNoneMatch';

/**
 * Each condition's values that hold and that fail, for a source last modified at `modified` (ms). Times are written as
 * headers have them, and as the results of copies do.
 */
function values(modified) {
  const at = (seconds) => new Date(modified + seconds * 1000).toUTCString();
  const result = (seconds) => new Date(modified + seconds * 1000).toISOString();
  return {
    [SINCE]: { holds: [at(-1), at(-86_400), result(-1)], fails: [at(0), at(86_400), result(0)] },
    [UNMODIFIED]: { holds: [at(0), at(86_400), result(0)], fails: [at(-1), at(-86_400), result(-1)] },
    [MATCH]: { holds: [ETAG, ETAG.replaceAll('"', '')], fails: [OTHER_ETAG] },
    [NONE_MATCH]: { holds: [OTHER_ETAG], fails: [ETAG, ETAG.replaceAll('"', '')] },
  };
}

const LEGAL_PAIRS = [
  [SINCE, NONE_MATCH],
  [UNMODIFIED, MATCH],
];

/** Every set of two to four conditions that is not a legal pair. */
function otherMixes() {
  const all = [SINCE, UNMODIFIED, MATCH, NONE_MATCH];
  const sets = Array.from({ length: 16 }, (_, bits) => all.filter((_, i) => bits & (1 << i)));
  const legal = new Set(LEGAL_PAIRS.map((pair) => pair.toSorted().join()));
  return sets.filter((set) => set.length > 1 && !legal.has(set.toSorted().join()));
}

/** All ways in which the conditions of a set hold or fail: `[{ params, holds }]`. */
function truthTable(set, table) {
  return Array.from({ length: 2 ** set.length }, (_, bits) => {
    const params = {};
    set.forEach((name, i) => (params[name] = table[name][bits & (1 << i) ? 'fails' : 'holds'][0]));
    return { params, holds: bits === 0 };
  });
}

/** A whole copy, each time onto the same target, which holds something else when the copy is refused. */
async function wholeCopies(room) {
  const bucket = await room.bucket();
  await room.put(bucket, 'source', BYTES);
  const copy = { ...bucket.at('target'), CopySource: bucket.source('source') };
  return {
    bucket,
    async happens(params) {
      await room.put(bucket, 'target', 'before');
      const data = await room.succeed('putObjectCopy', { ...copy, ...params });
      assert.equal(data.ETag, ETAG);
      await room.assertBytes(bucket, 'target', BYTES);
    },
    async refused(params) {
      await room.put(bucket, 'target', 'before');
      await room.unchanged([bucket], () =>
        room.refuse(412, 'PreconditionFailed', 'putObjectCopy', { ...copy, ...params }),
      );
    },
  };
}

/** A copy into part 1 of one upload, which holds something else when the copy is refused. */
async function partCopies(room) {
  const bucket = await room.bucket();
  await room.put(bucket, 'source', BYTES);
  const { UploadId } = await room.succeed('multipartInit', bucket.at('target'));
  const part = { ...bucket.at('target'), UploadId, PartNumber: '1' };
  const before = () => room.succeed('multipartUpload', { ...part, Body: sdkBody(room, 'before') });
  return {
    bucket,
    async happens(params) {
      await before();
      const data = await room.succeed('uploadPartCopy', { ...part, CopySource: bucket.source('source'), ...params });
      assert.equal(data.ETag, ETAG);
      const { Part } = await room.succeed('multipartListPart', { ...bucket.at('target'), UploadId });
      assert.deepEqual(
        Part.map(({ PartNumber, ETag }) => [PartNumber, ETag]),
        [['1', ETAG]],
      );
    },
    async refused(params) {
      await before();
      const copy = { ...part, CopySource: bucket.source('source'), ...params };
      await room.unchanged([bucket], () => room.refuse(412, 'PreconditionFailed', 'uploadPartCopy', copy));
    },
  };
}

const sdkBody = (room, text) => room.sdk.body(Buffer.from(text));

export function conditionCases(sdk) {
  for (const [name, prepare] of [
    ['putObjectCopy', wholeCopies],
    ['uploadPartCopy', partCopies],
  ]) {
    describe(`conditions: ${name}`, () => {
      const room = openRoom(sdk);

      async function prepared() {
        const copies = await prepare(room);
        const { headers } = await room.head(copies.bucket, 'source');
        return { ...copies, table: values(Date.parse(headers['last-modified'])) };
      }

      async function alone(condition) {
        const { table, happens, refused } = await prepared();
        for (const value of table[condition].holds) await happens({ [condition]: value });
        for (const value of table[condition].fails) await refused({ [condition]: value });
      }

      // seed: S30, S96
      test('if modified since: an earlier time passes; that very second and any later one are 412', () => alone(SINCE));

      // seed: S31, S95
      test('if unmodified since: that very second and any later one pass; an earlier time is 412', () =>
        alone(UNMODIFIED));

      // seed: S32, S93
      test('if match: the source ETag, quoted or not, passes; another is 412', () => alone(MATCH));

      // seed: S33, S94
      test('if none match: another ETag passes; the source ETag, quoted or not, is 412 and never 304', () =>
        alone(NONE_MATCH));

      // seed: S34, S35, S97
      test('the legal pairs: both must hold', async () => {
        const { table, happens, refused } = await prepared();
        for (const pair of LEGAL_PAIRS) {
          for (const { params, holds } of truthTable(pair, table)) await (holds ? happens(params) : refused(params));
        }
      });

      // seed: S36, S98
      test('any other mix: no condition is skipped', async () => {
        const { table, happens, refused } = await prepared();
        for (const set of otherMixes()) {
          for (const { params, holds } of truthTable(set, table)) await (holds ? happens(params) : refused(params));
        }
      });

      // seed: S97
      test('the header names in any letter case', async () => {
        const { refused } = await prepared();
        await refused({ Headers: { 'X-COS-COPY-SOURCE-IF-MATCH': OTHER_ETAG } });
        await refused({ Headers: { 'x-cos-copy-source-if-none-match': ETAG } });
      });
    });
  }
}
