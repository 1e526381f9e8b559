"""Copies of and into versioned buckets."""

import base64

from support import MIB, CosTestCase, client, pattern, quoted_md5

UNKNOWN = base64.b64encode(b"18445157446192835402").decode().rstrip("=")


class Versions(CosTestCase):
    def two_versions(self, older=b"one", newer=b"two"):
        bucket = self.bucket(versioning="Enabled")
        first = self.put(bucket, "source", older, Metadata={"x-cos-meta-age": "older"})["x-cos-version-id"]
        second = self.put(bucket, "source", newer, Metadata={"x-cos-meta-age": "newer"})["x-cos-version-id"]
        self.assertNotEqual(first, second)
        return bucket, first, second

    # seed: S15
    def test_version_id_selects_a_previous_version(self):
        bucket, first, _ = self.two_versions()
        reply = self.root.copy_object(**bucket.at("old"), CopySource=bucket.source("source", first))
        self.assertEqual(reply["ETag"], quoted_md5(b"one"))
        self.assertEqual(reply["x-cos-copy-source-version-id"], first)
        self.assertEqual(self.read(bucket, "old"), b"one")
        self.assertEqual(self.head(bucket, "old")["x-cos-meta-age"], "older")
        self.root.copy_object(**bucket.at("new"), CopySource=bucket.source("source"))
        self.assertEqual(self.read(bucket, "new"), b"two")

    # seed: S15, S87
    def test_unknown_versions_and_delete_markers(self):
        bucket, _, _ = self.two_versions()
        upload = self.root.create_multipart_upload(**bucket.at("target"))["UploadId"]
        marker = self.root.delete_object(**bucket.at("source"))
        self.assertEqual(marker["x-cos-delete-marker"], "true")
        refusals = [
            (404, "NoSuchVersion", UNKNOWN),
            (400, "InvalidRequest", marker["x-cos-version-id"]),
            (404, "NoSuchKey", None),
        ]

        def attempts():
            for status, code, version in refusals:
                target = {**bucket.at("target"), "CopySource": bucket.source("source", version)}
                self.assert_refused(status, code, self.root.copy_object, **target)
                self.assert_refused(status, code, self.root.upload_part_copy, **target, UploadId=upload, PartNumber=1)

        self.assert_unchanged([bucket], attempts)

    # seed: S49
    def test_the_id_of_the_new_version(self):
        bucket, _, _ = self.two_versions()
        copy = {**bucket.at("target"), "CopySource": bucket.source("source")}
        earlier, later = self.root.copy_object(**copy), self.root.copy_object(**copy)
        self.assertNotEqual(earlier["VersionId"], later["VersionId"])
        for reply in (earlier, later):
            self.assertEqual(reply["VersionId"], reply["x-cos-version-id"])
            self.assertEqual(self.read(bucket, "target", VersionId=reply["VersionId"]), b"two")
        self.assertEqual(self.head(bucket, "target")["x-cos-version-id"], later["VersionId"])

    # seed: S50
    def test_without_versioning_there_is_none(self):
        suspended = self.bucket(versioning="Enabled")
        self.root.put_bucket_versioning(Bucket=suspended.name, Status="Suspended")
        for bucket in (self.bucket(), suspended):
            self.put(bucket, "source", b"one")
            reply = self.root.copy_object(**bucket.at("target"), CopySource=bucket.source("source"))
            self.assertNotIn("VersionId", reply)
            self.assertNotIn("x-cos-version-id", reply)

    # seed: S87
    def test_a_part_of_an_older_version(self):
        bucket, first, _ = self.two_versions()
        self.copy_in_one_part(bucket, "target", bucket.source("source", first))
        self.assertEqual(self.read(bucket, "target"), b"one")

    # seed: S124, S142
    def test_the_advanced_copy_of_an_older_version(self):
        older = pattern(2 * MIB + 1)
        bucket, first, _ = self.two_versions(older, b"short")
        in_one = self.root.copy(**bucket.at("one"), CopySource=bucket.source("source", first))
        self.assertEqual(in_one["ETag"], quoted_md5(older))
        parts = client()
        parts.get_conf().set_copy_part_threshold_size(1)
        source = bucket.source("source", first)
        in_parts = parts.copy(**bucket.at("parts"), CopySource=source, PartSize=1, StorageClass="STANDARD_IA")
        self.assertRegex(in_parts["ETag"], r'-3"$')
        for key, reply in (("one", in_one), ("parts", in_parts)):
            self.assertEqual(self.read(bucket, key, VersionId=reply["x-cos-version-id"]), older)

    # seed: S12, S57
    def test_listing_and_removing_versions(self):
        bucket, first, second = self.two_versions()
        marker = self.root.delete_object(**bucket.at("source"))["x-cos-version-id"]
        page = self.root.list_objects_versions(Bucket=bucket.name)
        self.assertEqual(
            [(v["VersionId"], v["IsLatest"]) for v in page["Version"]], [(second, "false"), (first, "false")]
        )
        self.assertEqual([(v["VersionId"], v["IsLatest"]) for v in page["DeleteMarker"]], [(marker, "true")])
        self.root.delete_object(**bucket.at("source"), VersionId=marker)
        self.assertEqual(self.read(bucket, "source"), b"two")
        objects = {"Object": [{"Key": "source", "VersionId": second}]}
        self.root.delete_objects(Bucket=bucket.name, Delete=objects)
        self.assertEqual(self.read(bucket, "source"), b"one")
        self.assertEqual(self.root.get_bucket_versioning(Bucket=bucket.name)["Status"], "Enabled")
