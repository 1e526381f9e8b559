// ACLs and grants, on both ways to make a copy: putObjectCopy, and an upload started with the same parameters.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ROOT_UIN, SECOND_UIN, SUB_UIN, principal } from '../environment.mjs';
import { openRoom } from '../room.mjs';

const WAYS = [
  {
    name: 'putObjectCopy',
    make: (room, bucket, key, params) =>
      room.succeed('putObjectCopy', { ...bucket.at(key), CopySource: bucket.source('source'), ...params }),
    refused: (room, bucket, params) =>
      room.refuse(400, 'InvalidArgument', 'putObjectCopy', {
        ...bucket.at('b'),
        CopySource: bucket.source('source'),
        ...params,
      }),
  },
  {
    name: 'multipart copy',
    make: (room, bucket, key, params) => room.copyInOnePart(bucket, key, bucket.source('source'), params),
    refused: (room, bucket, params) =>
      room.refuse(400, 'InvalidArgument', 'multipartInit', { ...bucket.at('b'), ...params }),
  },
];

export function accessCases(sdk) {
  for (const way of WAYS) {
    describe(`access: ${way.name}`, () => {
      const room = openRoom(sdk);

      async function sourceBucket(params) {
        const bucket = await room.bucket(params);
        await room.put(bucket, 'source', 'secret');
        return bucket;
      }
      const make = (bucket, key, params) => way.make(room, bucket, key, params);
      const aclOf = (bucket, key) => room.succeed('getObjectAcl', bucket.at(key));
      const grants = async (bucket, key, permission) => {
        const { Grants } = await aclOf(bucket, key);
        return Grants.filter(({ Permission }) => Permission === permission).map(({ Grantee }) => Grantee.ID);
      };
      const mayRead = async (client, bucket, key) =>
        assert.deepEqual(await room.read(bucket, key, {}, client), Buffer.from('secret'));
      const mayNot = (client, operation, params) => room.refuse(403, 'AccessDenied', operation, params, client);

      // seed: S17, S72
      test('the preset ACLs', async () => {
        const bucket = await sourceBucket();
        const presets = [
          { ACL: 'default', shown: 'default', anonymous: 403, second: false },
          { ACL: 'private', shown: 'private', anonymous: 403, second: false },
          { ACL: 'public-read', shown: 'public-read', anonymous: 200, second: true },
          { ACL: 'authenticated-read', shown: 'private', anonymous: 403, second: true },
          { ACL: 'bucket-owner-read', shown: 'private', anonymous: 403, second: false },
          { ACL: 'bucket-owner-full-control', shown: 'private', anonymous: 403, second: false },
        ];
        for (const { ACL, shown, anonymous, second } of presets) {
          await make(bucket, ACL, { ACL });
          assert.equal((await aclOf(bucket, ACL)).ACL, shown, ACL);
          assert.equal((await room.visit(bucket, ACL)).status, anonymous, `anonymous GET under ${ACL}`);
          if (second) await mayRead(room.second, bucket, ACL);
          else await mayNot(room.second, 'getObject', bucket.at(ACL));
        }
      });

      // seed: S17, S72
      test('an unknown ACL is refused', async () => {
        const bucket = await sourceBucket();
        await room.unchanged([bucket], () => way.refused(room, bucket, { ACL: 'everybody' }));
      });

      // seed: S18, S73
      test('without an ACL, and with default, the bucket decides, also later', async () => {
        const open = await sourceBucket({ acl: 'public-read' });
        const closed = await sourceBucket();
        for (const [key, params] of [
          ['none', {}],
          ['default', { ACL: 'default' }],
        ]) {
          await make(open, key, params);
          await make(closed, key, params);
          assert.equal((await aclOf(closed, key)).ACL, 'default');
          assert.equal((await room.visit(open, key)).status, 200);
          assert.equal((await room.visit(closed, key)).status, 403);
        }
        await room.succeed('putBucketAcl', { ...closed.place, ACL: 'public-read' });
        await room.succeed('putBucketAcl', { ...open.place, ACL: 'private' });
        for (const key of ['none', 'default']) {
          assert.equal((await room.visit(closed, key)).status, 200);
          assert.equal((await room.visit(open, key)).status, 403);
        }
      });

      // seed: S19, S20, S74
      test('GrantRead by a bare uin lets that account read, and nothing more', async () => {
        const bucket = await sourceBucket();
        await mayNot(room.second, 'getObject', bucket.at('source'));
        await make(bucket, 'granted', { GrantRead: `id="${SECOND_UIN}"` });
        await mayRead(room.second, bucket, 'granted');
        await room.succeed('headObject', bucket.at('granted'), room.second);
        assert.deepEqual(await grants(bucket, 'granted', 'READ'), [principal(SECOND_UIN)]);
        await room.unchanged([bucket], async () => {
          await mayNot(room.second, 'putObject', { ...bucket.at('granted'), Body: sdk.body(Buffer.from('x')) });
          await mayNot(room.second, 'deleteObject', bucket.at('granted'));
          await mayNot(room.second, 'getObjectAcl', bucket.at('granted'));
          await mayNot(room.second, 'putObjectAcl', { ...bucket.at('granted'), ACL: 'public-read' });
        });
        await mayNot(room.sub, 'getObject', bucket.at('granted'));
        assert.equal((await room.visit(bucket, 'granted')).status, 403);
      });

      // seed: S21, S23, S74
      test('the example of two grantees, with the blank after the comma', async () => {
        const bucket = await sourceBucket();
        const example = `id="${principal('100000000001')}", id="${principal('100000000001', '100000000011')}"`;
        await make(bucket, 'granted', { GrantRead: example });
        const expected = [principal('100000000001'), principal('100000000001', '100000000011')];
        assert.deepEqual((await grants(bucket, 'granted', 'READ')).sort(), expected);
      });

      // seed: S22, S74
      test('a grant to a sub-account reaches exactly that sub-account', async () => {
        const bucket = await sourceBucket();
        await mayNot(room.sub, 'getObject', bucket.at('source'));
        await make(bucket, 'ours', { GrantRead: `id="${principal(ROOT_UIN, SUB_UIN)}"` });
        await make(bucket, 'other', { GrantRead: `id="${principal(ROOT_UIN, '100000000012')}"` });
        await mayRead(room.sub, bucket, 'ours');
        await mayNot(room.sub, 'getObject', bucket.at('other'));
        await mayNot(room.second, 'getObject', bucket.at('ours'));
      });

      // seed: S23, S74
      test('the form of a root account means the same as the bare uin, also of an account nobody knows', async () => {
        const bucket = await sourceBucket();
        await make(bucket, 'granted', { GrantRead: `id="${principal(SECOND_UIN)}",id="100000000999"` });
        assert.deepEqual((await grants(bucket, 'granted', 'READ')).sort(), [
          principal(SECOND_UIN),
          principal('100000000999'),
        ]);
        await mayRead(room.second, bucket, 'granted');
      });

      // seed: S23, S74
      test('a grantee in none of the forms is refused', async () => {
        const bucket = await sourceBucket();
        for (const GrantRead of ['somebody', 'id=""', 'id="somebody"', 'id="qcs::cam::uin/1"', `mail="a@b.c"`]) {
          await room.unchanged([bucket], () => way.refused(room, bucket, { GrantRead }));
        }
      });

      // seed: S25, S75
      test('GrantFullControl lets the grantee read, read the ACL and write it', async () => {
        const bucket = await sourceBucket();
        await make(bucket, 'granted', { GrantFullControl: `id="${SECOND_UIN}"` });
        assert.deepEqual(
          (await grants(bucket, 'granted', 'FULL_CONTROL')).filter((id) => id !== principal(ROOT_UIN)),
          [principal(SECOND_UIN)],
        );
        await mayRead(room.second, bucket, 'granted');
        await room.succeed('getObjectAcl', bucket.at('granted'), room.second);
        await room.succeed('putObjectAcl', { ...bucket.at('granted'), ACL: 'public-read' }, room.second);
        assert.equal((await room.visit(bucket, 'granted')).status, 200);
      });
    });
  }

  describe('access: GrantWrite', () => {
    const room = openRoom(sdk);

    // seed: S24
    test('GrantWrite lets the grantee write the ACL of the object, and no one else', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'source', 'secret');
      const copy = { ...bucket.at('granted'), CopySource: bucket.source('source'), GrantWrite: `id="${SECOND_UIN}"` };
      await room.succeed('putObjectCopy', copy);
      const { Grants } = await room.succeed('getObjectAcl', bucket.at('granted'));
      const granted = Grants.filter(({ Grantee }) => Grantee.ID === principal(SECOND_UIN));
      assert.deepEqual(
        granted.map(({ Permission }) => Permission),
        ['WRITE_ACP'],
      );
      await room.refuse(403, 'AccessDenied', 'getObject', bucket.at('granted'), room.second);
      await room.refuse(403, 'AccessDenied', 'getObjectAcl', bucket.at('granted'), room.second);
      await room.refuse(403, 'AccessDenied', 'putObjectAcl', { ...bucket.at('granted'), ACL: 'public-read' }, room.sub);
      assert.equal((await room.visit(bucket, 'granted')).status, 403);
      await room.succeed('putObjectAcl', { ...bucket.at('granted'), ACL: 'public-read' }, room.second);
      assert.equal((await room.visit(bucket, 'granted')).status, 200);
    });

    // seed: S17
    test('an ACL written as XML comes back as written', async () => {
      const bucket = await room.bucket();
      await room.put(bucket, 'key', 'secret');
      const { Owner } = await room.succeed('getObjectAcl', bucket.at('key'));
      assert.equal(Owner.ID, principal(ROOT_UIN));
      await room.succeed('putObjectAcl', {
        ...bucket.at('key'),
        AccessControlPolicy: {
          Owner: { ID: Owner.ID },
          Grants: [{ Grantee: { ID: principal(SECOND_UIN), DisplayName: principal(SECOND_UIN) }, Permission: 'READ' }],
        },
      });
      const { GrantRead } = await room.succeed('getObjectAcl', bucket.at('key'));
      assert.equal(GrantRead, `id="${principal(SECOND_UIN)}"`);
      assert.deepEqual(await room.read(bucket, 'key', {}, room.second), Buffer.from('secret'));
    });
  });
}
