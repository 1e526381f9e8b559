"""The `minio` package for Python, which signs and reads replies by its own code."""

import io
from datetime import timedelta

from minio import Minio
from minio.commonconfig import REPLACE, ComposeSource, CopySource
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.versioningconfig import ENABLED, VersioningConfig

from support import HOST, KEY_ID, MIB, SECRET, S3TestCase, http, pattern


class MinioClient(S3TestCase):
    def setUp(self):
        super().setUp()
        self.name = self.bucket()
        self.minio = Minio(HOST, access_key=KEY_ID, secret_key=SECRET, secure=False)

    def put(self, key, body, **options):
        return self.minio.put_object(self.name, key, io.BytesIO(body), len(body), **options)

    def get(self, key, **options):
        reply = self.minio.get_object(self.name, key, **options)
        try:
            return reply.read()
        finally:
            reply.close()

    def test_buckets(self):
        self.assertTrue(self.minio.bucket_exists(self.name))
        self.assertFalse(self.minio.bucket_exists("no-such-bucket-here"))
        self.assertIn(self.name, [one.name for one in self.minio.list_buckets()])

    def test_put_get_stat(self):
        body = pattern(100_000)
        self.put("a/ü 1+2", body, content_type="text/x", metadata={"colour": "blue"})
        told = self.minio.stat_object(self.name, "a/ü 1+2")
        self.assertEqual((told.size, told.content_type), (100_000, "text/x"))
        self.assertEqual(told.metadata["x-amz-meta-colour"], "blue")
        self.assertEqual(self.get("a/ü 1+2"), body)
        self.assertEqual(self.get("a/ü 1+2", offset=10, length=5), body[10:15])

    def test_a_stream_of_unknown_length_in_parts(self):
        body = pattern(12 * MIB)
        self.minio.put_object(self.name, "big", io.BytesIO(body), -1, part_size=5 * MIB)
        self.assertEqual(self.get("big"), body)

    def test_listing(self):
        for key in ["a/1", "a/2", "a/b/3", "z"]:
            self.put(key, b"v")
        found = [one.object_name for one in self.minio.list_objects(self.name, prefix="a/")]
        self.assertEqual(found, ["a/1", "a/2", "a/b/"])
        found = [one.object_name for one in self.minio.list_objects(self.name, recursive=True)]
        self.assertEqual(found, ["a/1", "a/2", "a/b/3", "z"])

    def test_copy_compose_and_move(self):
        body = pattern(6 * MIB)
        self.put("one", body, metadata={"a": "b"})
        self.minio.copy_object(self.name, "two", CopySource(self.name, "one"))
        self.assertEqual(self.minio.stat_object(self.name, "two").metadata["x-amz-meta-a"], "b")
        self.minio.copy_object(
            self.name, "two", CopySource(self.name, "one"), metadata={"c": "d"}, metadata_directive=REPLACE
        )
        self.assertEqual(self.minio.stat_object(self.name, "two").metadata["x-amz-meta-c"], "d")
        sources = [ComposeSource(self.name, "one"), ComposeSource(self.name, "two", offset=0, length=100)]
        self.minio.compose_object(self.name, "both", sources)
        self.assertEqual(self.get("both"), body + body[:100])

    def test_removing_many(self):
        for number in range(5):
            self.put(f"k{number}", b"v")
        errors = self.minio.remove_objects(self.name, [DeleteObject(f"k{number}") for number in range(4)])
        self.assertEqual(list(errors), [])
        self.assertEqual(self.keys(self.name), ["k4"])

    def test_versions(self):
        self.minio.set_bucket_versioning(self.name, VersioningConfig(ENABLED))
        first = self.put("k", b"one").version_id
        self.put("k", b"two")
        self.minio.remove_object(self.name, "k")
        listed = list(self.minio.list_objects(self.name, include_version=True))
        self.assertEqual(sorted(one.is_delete_marker for one in listed), [False, False, True])
        self.assertEqual(self.get("k", version_id=first), b"one")

    def test_presigned_addresses(self):
        self.put("k", b"secret")
        url = self.minio.presigned_get_object(self.name, "k", expires=timedelta(minutes=1))
        self.assertEqual(http(url), (200, b"secret"))
        url = self.minio.presigned_put_object(self.name, "new", expires=timedelta(minutes=1))
        self.assertEqual(http(url, b"made", "PUT")[0], 200)
        self.assertEqual(self.get("new"), b"made")

    def test_errors_are_read(self):
        with self.assertRaises(S3Error) as caught:
            self.get("none")
        self.assertEqual(caught.exception.code, "NoSuchKey")
