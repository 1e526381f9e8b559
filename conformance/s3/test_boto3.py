"""boto3, with its default settings: checksums in trailers, chunks, virtual hosts where it chooses them."""

import base64
import hashlib
import io
import unittest
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from support import ENDPOINT, KEY_ID, MIB, SECOND_KEY_ID, SECOND_SECRET, S3TestCase, client, http, pattern, quoted_md5

SMALL = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)


def crc32(data):
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def post(form, filename, data):
    """Sends a form as a browser does: status and body."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form["fields"].items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'
    body = b"".join(parts) + head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return http(form["url"], body, "POST", headers)


class Buckets(S3TestCase):
    def test_any_name_of_s3_is_a_bucket(self):
        for name in ["photos", "my.bucket.of.photos", "logs-2024", "examplebucket-1250000000", "a" * 63]:
            with self.subTest(name):
                self.bucket(name)
                self.assertIn(name, [one["Name"] for one in self.s3.list_buckets()["Buckets"]])
                self.assertTrue(self.s3.head_bucket(Bucket=name)["BucketRegion"])
                self.s3.put_object(Bucket=name, Key="k", Body=b"v")
                self.assertEqual(self.data(name, "k"), b"v")

    def test_a_name_is_one_bucket_for_everybody(self):
        name = self.bucket()
        second = client(SECOND_KEY_ID, SECOND_SECRET)
        self.refused("BucketAlreadyOwnedByYou", 409, self.s3.create_bucket, Bucket=name)
        self.refused("BucketAlreadyExists", 409, second.create_bucket, Bucket=name)
        self.refused("AccessDenied", 403, second.list_objects_v2, Bucket=name)
        self.refused("AccessDenied", 403, second.put_object, Bucket=name, Key="k", Body=b"")
        self.assertNotIn(name, [one["Name"] for one in second.list_buckets()["Buckets"]])

    def test_missing_and_full_buckets(self):
        self.refused("NoSuchBucket", 404, self.s3.list_objects_v2, Bucket="no-such-bucket-here")
        self.refused("404", 404, self.s3.head_bucket, Bucket="no-such-bucket-here")
        name = self.bucket()
        self.s3.put_object(Bucket=name, Key="k", Body=b"v")
        self.refused("BucketNotEmpty", 409, self.s3.delete_bucket, Bucket=name)

    def test_a_bucket_goes_with_its_unfinished_uploads(self):
        name = f"conf-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=name)
        for key in ["a", "a", "b"]:
            self.s3.create_multipart_upload(Bucket=name, Key=key)
        self.s3.delete_bucket(Bucket=name)
        self.refused("404", 404, self.s3.head_bucket, Bucket=name)

    def test_the_acl_of_a_bucket(self):
        name = self.bucket()
        self.s3.put_object(Bucket=name, Key="k", Body=b"v")
        second = client(SECOND_KEY_ID, SECOND_SECRET)
        self.s3.put_bucket_acl(Bucket=name, ACL="public-read")
        self.assertEqual(len(second.list_objects_v2(Bucket=name)["Contents"]), 1)
        told = self.s3.get_bucket_acl(Bucket=name)
        policy = {"Owner": told["Owner"], "Grants": []}
        self.s3.put_bucket_acl(Bucket=name, AccessControlPolicy=policy)
        self.refused("AccessDenied", 403, second.list_objects_v2, Bucket=name)

    def test_the_policy_of_a_bucket(self):
        name = self.bucket()
        self.s3.put_object(Bucket=name, Key="open/k", Body=b"v")
        self.s3.put_object(Bucket=name, Key="k", Body=b"v")
        second = client(SECOND_KEY_ID, SECOND_SECRET)
        self.refused("NoSuchBucketPolicy", 404, self.s3.get_bucket_policy, Bucket=name)
        document = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::%s/open/*"}]}""" % name
        self.s3.put_bucket_policy(Bucket=name, Policy=document)
        self.assertEqual(self.s3.get_bucket_policy(Bucket=name)["Policy"], document)
        self.assertEqual(second.get_object(Bucket=name, Key="open/k")["Body"].read(), b"v")
        self.refused("AccessDenied", 403, second.get_object, Bucket=name, Key="k")
        wrong = document.replace("s3:GetObject", "s3:FetchObject")
        self.refused("MalformedPolicy", 400, self.s3.put_bucket_policy, Bucket=name, Policy=wrong)
        self.s3.delete_bucket_policy(Bucket=name)
        self.refused("AccessDenied", 403, second.get_object, Bucket=name, Key="open/k")

    def test_lifecycle_rules_come_back_as_they_were_set(self):
        name = self.bucket()
        self.refused(
            "NoSuchLifecycleConfiguration", 404, self.s3.get_bucket_lifecycle_configuration, Bucket=name
        )
        rules = [
            {
                "ID": "logs",
                "Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "kind", "Value": "log"}]}},
                "Status": "Enabled",
                "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
                "Expiration": {"Days": 365},
            },
            {
                "ID": "rest",
                "Filter": {"Prefix": ""},
                "Status": "Disabled",
                "Expiration": {"ExpiredObjectDeleteMarker": True},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 7, "NewerNoncurrentVersions": 2},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
            },
            {
                "ID": "until",
                "Filter": {"ObjectSizeGreaterThan": 1000},
                "Status": "Enabled",
                "Expiration": {"Date": datetime(2030, 1, 1, tzinfo=timezone.utc)},
            },
        ]
        put = self.s3.put_bucket_lifecycle_configuration
        put(Bucket=name, LifecycleConfiguration={"Rules": rules})
        told = self.s3.get_bucket_lifecycle_configuration(Bucket=name)
        self.assertEqual(told["Rules"], rules)
        twice = {"Rules": [rules[0], rules[0]]}
        self.refused("InvalidArgument", 400, put, Bucket=name, LifecycleConfiguration=twice)
        self.assertEqual(self.s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"], rules)
        self.s3.delete_bucket_lifecycle(Bucket=name)
        self.refused(
            "NoSuchLifecycleConfiguration", 404, self.s3.get_bucket_lifecycle_configuration, Bucket=name
        )

    def test_a_location_may_be_asked_for(self):
        name = "located-somewhere-else"
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.addCleanup(self.remove, name)
        self.assertTrue(self.s3.get_bucket_location(Bucket=name)["LocationConstraint"])


class Objects(S3TestCase):
    def setUp(self):
        super().setUp()
        self.name = self.bucket()

    def test_put_get_head_with_metadata(self):
        body = pattern(100_000)
        made = self.s3.put_object(
            Bucket=self.name,
            Key="a/ü 1+2.txt",
            Body=body,
            ContentType="text/plain",
            CacheControl="max-age=1",
            ContentDisposition="attachment",
            Metadata={"colour": "blue", "two-words": "x y"},
        )
        self.assertEqual(made["ETag"], quoted_md5(body))
        self.assertEqual(made["ChecksumCRC32"], base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode())
        for reply in [
            self.s3.head_object(Bucket=self.name, Key="a/ü 1+2.txt"),
            self.s3.get_object(Bucket=self.name, Key="a/ü 1+2.txt"),
        ]:
            self.assertEqual(reply["Metadata"], {"colour": "blue", "two-words": "x y"})
            self.assertEqual((reply["ContentType"], reply["CacheControl"]), ("text/plain", "max-age=1"))
            self.assertEqual((reply["ContentLength"], reply["ETag"]), (100_000, quoted_md5(body)))
            self.assertNotIn("ContentEncoding", reply)
        self.assertEqual(self.data(self.name, "a/ü 1+2.txt"), body)

    def test_a_stream_of_unknown_length(self):
        class Stream(io.RawIOBase):
            left = 300_000

            def readable(self):
                return True

            def readinto(self, buffer):
                count = min(len(buffer), self.left)
                buffer[:count] = b"s" * count
                self.left -= count
                return count

        self.s3.upload_fileobj(io.BufferedReader(Stream()), self.name, "stream")
        self.assertEqual(self.data(self.name, "stream"), b"s" * 300_000)

    def test_every_checksum(self):
        for algorithm in ["CRC32", "SHA1", "SHA256"]:
            with self.subTest(algorithm):
                made = self.s3.put_object(Bucket=self.name, Key="k", Body=b"123456789", ChecksumAlgorithm=algorithm)
                self.assertTrue(made[f"Checksum{algorithm}"])
        self.s3.put_object(Bucket=self.name, Key="k", Body=b"right")
        self.refused(
            "BadDigest", 400, self.s3.put_object, Bucket=self.name, Key="k", Body=b"wrong", ChecksumCRC32="AAAAAA=="
        )
        self.assertEqual(self.data(self.name, "k"), b"right")

    def test_a_checksum_is_kept_and_told(self):
        for algorithm in ["CRC32", "SHA1", "SHA256"]:
            with self.subTest(algorithm):
                name = f"Checksum{algorithm}"
                made = self.s3.put_object(Bucket=self.name, Key="k", Body=b"123456789", ChecksumAlgorithm=algorithm)
                self.s3.copy_object(Bucket=self.name, Key="copy", CopySource=f"{self.name}/k")
                self.s3.rename_object(Bucket=self.name, Key="moved", RenameSource="k")
                for key in ["copy", "moved"]:
                    told = self.s3.head_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED")
                    self.assertEqual((told[name], told["ChecksumType"]), (made[name], "FULL_OBJECT"))
                    # boto3 holds the bytes against it.
                    self.assertEqual(self.data(self.name, key, ChecksumMode="ENABLED"), b"123456789")
                    listed = self.s3.get_object_attributes(
                        Bucket=self.name, Key=key, ObjectAttributes=["Checksum", "ETag"]
                    )
                    self.assertEqual(listed["Checksum"], {name: made[name], "ChecksumType": "FULL_OBJECT"})
                some = self.s3.get_object(Bucket=self.name, Key="copy", Range="bytes=1-2", ChecksumMode="ENABLED")
                self.assertNotIn(name, some)
                self.assertEqual(some["Body"].read(), b"23")

    def test_parts_by_their_numbers(self):
        big = pattern(12 * MIB + 17)
        self.s3.upload_fileobj(io.BytesIO(big), self.name, "big", Config=SMALL)
        ends = [0, 5 * MIB, 10 * MIB, len(big)]
        for number in (1, 2, 3):
            start, end = ends[number - 1], ends[number]
            told = self.s3.head_object(Bucket=self.name, Key="big", PartNumber=number)
            self.assertEqual((told["ContentLength"], told["PartsCount"]), (end - start, 3))
            self.assertEqual(told["ResponseMetadata"]["HTTPStatusCode"], 206)
            part = self.s3.get_object(Bucket=self.name, Key="big", PartNumber=number)
            self.assertEqual(part["ContentRange"], f"bytes {start}-{end - 1}/{len(big)}")
            self.assertEqual(part["Body"].read(), big[start:end])
        read = self.s3.get_object
        self.refused("InvalidPartNumber", 416, read, Bucket=self.name, Key="big", PartNumber=4)
        self.refused("InvalidRequest", 400, read, Bucket=self.name, Key="big", PartNumber=1, Range="bytes=0-1")
        self.s3.put_object(Bucket=self.name, Key="small", Body=b"v")
        self.assertNotIn("PartsCount", self.s3.head_object(Bucket=self.name, Key="small", PartNumber=1))
        self.refused("InvalidPartNumber", 416, read, Bucket=self.name, Key="small", PartNumber=2)

    def test_ranges_and_conditions_of_reads(self):
        body = pattern(1000)
        etag = self.s3.put_object(Bucket=self.name, Key="k", Body=body)["ETag"]
        self.assertEqual(self.data(self.name, "k", Range="bytes=10-19"), body[10:20])
        self.assertEqual(self.data(self.name, "k", IfMatch=etag), body)
        self.refused("InvalidRange", 416, self.s3.get_object, Bucket=self.name, Key="k", Range="bytes=1000-")
        self.refused("PreconditionFailed", 412, self.s3.get_object, Bucket=self.name, Key="k", IfMatch='"x"')
        self.refused("304", 304, self.s3.get_object, Bucket=self.name, Key="k", IfNoneMatch=etag)
        self.refused("NoSuchKey", 404, self.s3.get_object, Bucket=self.name, Key="none")
        self.refused("404", 404, self.s3.head_object, Bucket=self.name, Key="none")

    def test_keys_of_1024_bytes(self):
        longest = "k" * 1024
        self.s3.put_object(Bucket=self.name, Key=longest, Body=b"v")
        self.assertEqual(self.keys(self.name), [longest])
        self.s3.copy_object(Bucket=self.name, Key="l" * 1024, CopySource={"Bucket": self.name, "Key": longest})
        self.refused("KeyTooLongError", 400, self.s3.put_object, Bucket=self.name, Key="k" * 1025, Body=b"v")
        self.refused(
            "MetadataTooLarge", 400, self.s3.put_object, Bucket=self.name, Key="k", Metadata={"a": "b" * 2048}
        )

    def test_delete_one_and_many(self):
        for number in range(5):
            self.s3.put_object(Bucket=self.name, Key=f"k{number}", Body=b"")
        self.s3.delete_object(Bucket=self.name, Key="k0")
        self.s3.delete_object(Bucket=self.name, Key="never was")
        gone = self.s3.delete_objects(
            Bucket=self.name, Delete={"Objects": [{"Key": "k1"}, {"Key": "k2"}, {"Key": "none"}]}
        )
        self.assertEqual([one["Key"] for one in gone["Deleted"]], ["k1", "k2", "none"])
        self.assertEqual(self.keys(self.name), ["k3", "k4"])

    def test_many_are_deleted_each_on_its_condition(self):
        tags = {key: self.s3.put_object(Bucket=self.name, Key=key, Body=key.encode())["ETag"] for key in "abc"}
        wanted = [{"Key": "a", "ETag": tags["a"]}, {"Key": "b", "ETag": tags["a"]}]
        done = self.s3.delete_objects(Bucket=self.name, Delete={"Objects": wanted})
        self.assertEqual([one["Key"] for one in done["Deleted"]], ["a"])
        self.assertEqual([(one["Key"], one["Code"]) for one in done["Errors"]], [("b", "PreconditionFailed")])
        sized = {"Objects": [{"Key": "c", "Size": 7}]}
        self.refused("NotImplemented", 501, self.s3.delete_objects, Bucket=self.name, Delete=sized)
        self.assertEqual(self.keys(self.name), ["b", "c"])

    def test_a_range_goes_on_with_the_same_object_only(self):
        body = pattern(1000)
        etag = self.s3.put_object(Bucket=self.name, Key="k", Body=body)["ETag"]
        get = self.s3.generate_presigned_url("get_object", {"Bucket": self.name, "Key": "k"})
        ranged = {"Range": "bytes=990-"}
        self.assertEqual(http(get, headers={**ranged, "If-Range": etag}), (206, body[990:]))
        self.assertEqual(http(get, headers={**ranged, "If-Range": '"other"'}), (200, body))

    def test_attributes(self):
        self.s3.put_object(Bucket=self.name, Key="k", Body=b"12345")
        told = self.s3.get_object_attributes(
            Bucket=self.name, Key="k", ObjectAttributes=["ETag", "ObjectSize", "StorageClass", "ObjectParts"]
        )
        self.assertEqual(told["ETag"], quoted_md5(b"12345").strip('"'))
        self.assertEqual((told["ObjectSize"], told["StorageClass"]), (5, "STANDARD"))
        self.assertNotIn("ObjectParts", told)

    def test_tags_of_objects_and_buckets(self):
        tags = [{"Key": "a", "Value": "b c"}, {"Key": "ключ", "Value": ""}]
        self.s3.put_object(Bucket=self.name, Key="k", Body=b"v", Tagging="a=b%20c")
        self.assertEqual(self.s3.get_object_tagging(Bucket=self.name, Key="k")["TagSet"], tags[:1])
        self.s3.put_object_tagging(Bucket=self.name, Key="k", Tagging={"TagSet": tags})
        self.assertEqual(self.s3.get_object_tagging(Bucket=self.name, Key="k")["TagSet"], tags)
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="k")["TagCount"], 2)
        self.s3.copy_object(Bucket=self.name, Key="copy", CopySource=f"{self.name}/k")
        self.assertEqual(self.s3.get_object_tagging(Bucket=self.name, Key="copy")["TagSet"], tags)
        self.s3.delete_object_tagging(Bucket=self.name, Key="k")
        self.assertEqual(self.s3.get_object_tagging(Bucket=self.name, Key="k")["TagSet"], [])
        self.refused("NoSuchTagSet", 404, self.s3.get_bucket_tagging, Bucket=self.name)
        self.s3.put_bucket_tagging(Bucket=self.name, Tagging={"TagSet": tags})
        self.assertEqual(self.s3.get_bucket_tagging(Bucket=self.name)["TagSet"], tags)
        self.s3.delete_bucket_tagging(Bucket=self.name)
        self.refused("NoSuchTagSet", 404, self.s3.get_bucket_tagging, Bucket=self.name)

    def test_cors_rules_come_back_as_they_were_set(self):
        self.refused("NoSuchCORSConfiguration", 404, self.s3.get_bucket_cors, Bucket=self.name)
        rules = [
            {
                "AllowedHeaders": ["*"],
                "AllowedMethods": ["GET", "PUT"],
                "AllowedOrigins": ["https://a.example"],
                "ExposeHeaders": ["ETag"],
                "MaxAgeSeconds": 600,
            }
        ]
        self.s3.put_bucket_cors(Bucket=self.name, CORSConfiguration={"CORSRules": rules})
        self.assertEqual(self.s3.get_bucket_cors(Bucket=self.name)["CORSRules"], rules)
        self.s3.delete_bucket_cors(Bucket=self.name)
        self.refused("NoSuchCORSConfiguration", 404, self.s3.get_bucket_cors, Bucket=self.name)

    def test_an_archived_object_is_restored(self):
        self.s3.put_object(Bucket=self.name, Key="k", Body=b"v", StorageClass="GLACIER")
        self.refused("InvalidObjectState", 403, self.s3.get_object, Bucket=self.name, Key="k")
        wish = {"Days": 2, "GlacierJobParameters": {"Tier": "Expedited"}}
        self.s3.restore_object(Bucket=self.name, Key="k", RestoreRequest=wish)
        self.assertIn('ongoing-request="false"', self.s3.head_object(Bucket=self.name, Key="k")["Restore"])
        self.assertEqual(self.data(self.name, "k"), b"v")

    def test_rename(self):
        self.s3.put_object(Bucket=self.name, Key="old name", Body=b"v", Metadata={"a": "b"})
        self.s3.rename_object(Bucket=self.name, Key="new/name", RenameSource="old%20name")
        self.assertEqual(self.keys(self.name), ["new/name"])
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="new/name")["Metadata"], {"a": "b"})
        self.refused(
            "NoSuchKey", 404, self.s3.rename_object, Bucket=self.name, Key="x", RenameSource="old%20name"
        )

    def test_storage_classes(self):
        for name in ["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE"]:
            self.s3.put_object(Bucket=self.name, Key=name, Body=b"v", StorageClass=name)
            self.assertEqual(self.s3.head_object(Bucket=self.name, Key=name)["StorageClass"], name)
        listed = self.s3.list_objects_v2(Bucket=self.name)["Contents"]
        self.assertEqual({one["Key"]: one["StorageClass"] for one in listed}["GLACIER"], "GLACIER")
        self.refused("InvalidObjectState", 403, self.s3.get_object, Bucket=self.name, Key="GLACIER")

    def test_what_is_not_here_is_said(self):
        self.refused("NotImplemented", 501, self.s3.get_bucket_website, Bucket=self.name)
        self.refused("NotImplemented", 501, self.s3.get_object_torrent, Bucket=self.name, Key="k")
        self.s3.put_object(Bucket=self.name, Key="k", Body=b"v")
        self.refused(
            "NotImplemented",
            501,
            self.s3.put_object,
            Bucket=self.name,
            Key="k",
            Body=b"w",
            ExpectedBucketOwner="123456789012",
        )
        self.assertEqual(self.data(self.name, "k"), b"v")

    def test_many_at_once(self):
        bodies = {f"k{number:03}": pattern(20_000, number) for number in range(64)}
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda one: self.s3.put_object(Bucket=self.name, Key=one[0], Body=one[1]), bodies.items()))
            read = dict(zip(bodies, pool.map(lambda key: self.data(self.name, key), bodies)))
        self.assertEqual(read, bodies)


class Listings(S3TestCase):
    def setUp(self):
        super().setUp()
        self.name = self.bucket()
        self.all = sorted(["a", "a b+c%2F", "dir/1", "dir/2", "dir/sub/3", "ü", "z~\tz"])
        for key in self.all:
            self.s3.put_object(Bucket=self.name, Key=key, Body=key.encode())

    def test_both_versions_give_every_key_page_by_page(self):
        for call, size in [("list_objects", 2), ("list_objects_v2", 2), ("list_objects_v2", 1000)]:
            pages = self.s3.get_paginator(call).paginate(Bucket=self.name, PaginationConfig={"PageSize": size})
            found = [one["Key"] for page in pages for one in page.get("Contents", [])]
            self.assertEqual(found, self.all, call)

    def test_folders(self):
        page = self.s3.list_objects_v2(Bucket=self.name, Delimiter="/", Prefix="dir/")
        self.assertEqual([one["Key"] for one in page["Contents"]], ["dir/1", "dir/2"])
        self.assertEqual([one["Prefix"] for one in page["CommonPrefixes"]], ["dir/sub/"])
        self.assertEqual(page["KeyCount"], 3)

    def test_start_after_owners_and_large_pages(self):
        page = self.s3.list_objects_v2(Bucket=self.name, StartAfter="dir/2", FetchOwner=True, MaxKeys=5000)
        self.assertEqual(page["MaxKeys"], 1000)
        account = self.s3.list_buckets()["Owner"]["ID"].rsplit("/", 1)[-1]
        for owned in [page, self.s3.list_objects(Bucket=self.name)]:
            self.assertEqual({one["Owner"]["ID"] for one in owned["Contents"]}, {account})
        versions = self.s3.list_object_versions(Bucket=self.name)["Versions"]
        self.assertEqual({one["Owner"]["ID"] for one in versions}, {account})
        self.assertNotIn("Owner", self.s3.list_objects_v2(Bucket=self.name)["Contents"][0])
        self.assertEqual([one["Key"] for one in page["Contents"]], self.all[self.all.index("dir/2") + 1 :])
        self.refused("InvalidArgument", 400, self.s3.list_objects_v2, Bucket=self.name, ContinuationToken="forged")


class Copies(S3TestCase):
    def setUp(self):
        super().setUp()
        self.name, self.other = self.bucket(), self.bucket()
        self.body = pattern(300_000)
        self.etag = self.s3.put_object(
            Bucket=self.name, Key="a/b c+ü", Body=self.body, Metadata={"a": "b"}, ContentType="text/x"
        )["ETag"]
        self.source = {"Bucket": self.name, "Key": "a/b c+ü"}

    def test_copy_keeps_or_replaces_metadata(self):
        made = self.s3.copy_object(Bucket=self.other, Key="kept", CopySource=self.source)
        self.assertEqual(made["CopyObjectResult"]["ETag"], self.etag)
        kept = self.s3.head_object(Bucket=self.other, Key="kept")
        self.assertEqual((kept["Metadata"], kept["ContentType"]), ({"a": "b"}, "text/x"))
        self.s3.copy_object(
            Bucket=self.other,
            Key="replaced",
            CopySource=self.source,
            MetadataDirective="REPLACE",
            Metadata={"c": "d"},
        )
        self.assertEqual(self.s3.head_object(Bucket=self.other, Key="replaced")["Metadata"], {"c": "d"})
        self.assertEqual(self.data(self.other, "replaced"), self.body)

    def test_conditions_on_the_source(self):
        copy = self.s3.copy_object
        target = {"Bucket": self.other, "Key": "k", "CopySource": self.source}
        copy(**target, CopySourceIfMatch=self.etag)
        self.refused("PreconditionFailed", 412, copy, **{**target, "Key": "l"}, CopySourceIfNoneMatch=self.etag)
        self.refused("NoSuchKey", 404, copy, Bucket=self.other, Key="l", CopySource=f"{self.name}/none")
        self.refused("NoSuchBucket", 404, copy, Bucket=self.other, Key="l", CopySource="no-such-bucket-here/k")
        self.assertEqual(self.keys(self.other), ["k"])

    def test_onto_itself(self):
        itself = {"Bucket": self.name, "Key": "a/b c+ü", "CopySource": self.source}
        self.refused("InvalidRequest", 400, self.s3.copy_object, **itself)
        self.s3.copy_object(**itself, MetadataDirective="REPLACE", Metadata={"new": "1"})
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="a/b c+ü")["Metadata"], {"new": "1"})

    def test_managed_copy_in_parts(self):
        big = pattern(11 * MIB)
        self.s3.upload_fileobj(io.BytesIO(big), self.name, "big", Config=SMALL, ExtraArgs={"Metadata": {"m": "1"}})
        self.s3.copy({"Bucket": self.name, "Key": "big"}, self.other, "big", Config=SMALL)
        self.assertEqual(self.data(self.other, "big"), big)


class Uploads(S3TestCase):
    def setUp(self):
        super().setUp()
        self.name = self.bucket()

    def test_managed_upload_and_download_in_parts(self):
        big = pattern(12 * MIB + 17)
        path = self.file("big", big)
        self.s3.upload_file(path, self.name, "big", Config=SMALL)
        head = self.s3.head_object(Bucket=self.name, Key="big")
        self.assertRegex(head["ETag"], '^"[0-9a-f]{32}-3"$')
        back = self.folder / "back"
        self.s3.download_file(self.name, "big", str(back), Config=SMALL)
        self.assertEqual(back.read_bytes(), big)
        told = self.s3.get_object_attributes(Bucket=self.name, Key="big", ObjectAttributes=["ObjectParts"])
        self.assertEqual(told["ObjectParts"]["TotalPartsCount"], 3)

    def test_parts_by_hand(self):
        begun = self.s3.create_multipart_upload(Bucket=self.name, Key="k", Metadata={"a": "b"})
        upload = {"Bucket": self.name, "Key": "k", "UploadId": begun["UploadId"]}
        bodies = [pattern(5 * MIB), pattern(100, 1)]
        parts = []
        for number, body in enumerate(bodies, 1):
            made = self.s3.upload_part(**upload, PartNumber=number, Body=body)
            self.assertEqual(made["ETag"], quoted_md5(body))
            parts.append({"PartNumber": number, "ETag": made["ETag"]})
        listed = self.s3.list_parts(**upload)
        self.assertEqual([one["Size"] for one in listed["Parts"]], [5 * MIB, 100])
        self.assertEqual(self.s3.list_multipart_uploads(Bucket=self.name)["Uploads"][0]["Key"], "k")
        finish = self.s3.complete_multipart_upload
        self.refused("InvalidPart", 400, finish, **upload, MultipartUpload={"Parts": [{**parts[0], "ETag": '"0"'}]})
        self.refused("InvalidPartOrder", 400, finish, **upload, MultipartUpload={"Parts": parts[::-1]})
        made = finish(**upload, MultipartUpload={"Parts": parts})
        self.assertTrue(made["Location"].startswith("http"))
        self.assertEqual(self.data(self.name, "k"), b"".join(bodies))
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="k")["Metadata"], {"a": "b"})
        self.refused("NoSuchUpload", 404, self.s3.upload_part, **{**upload, "UploadId": "none"}, PartNumber=1, Body=b"")

    def test_parts_with_checksums(self):
        bodies = [pattern(5 * MIB), pattern(100, 1)]
        whole = b"".join(bodies)
        for kind in ["FULL_OBJECT", "COMPOSITE"]:
            with self.subTest(kind):
                begun = self.s3.create_multipart_upload(
                    Bucket=self.name, Key="k", ChecksumAlgorithm="CRC32", ChecksumType=kind
                )
                self.assertEqual((begun["ChecksumAlgorithm"], begun["ChecksumType"]), ("CRC32", kind))
                upload = {"Bucket": self.name, "Key": "k", "UploadId": begun["UploadId"]}
                parts = []
                for number, body in enumerate(bodies, 1):
                    made = self.s3.upload_part(**upload, PartNumber=number, Body=body, ChecksumAlgorithm="CRC32")
                    self.assertEqual(made["ChecksumCRC32"], crc32(body))
                    parts.append({"PartNumber": number, "ETag": made["ETag"], "ChecksumCRC32": crc32(body)})
                listed = self.s3.list_parts(**upload)
                self.assertEqual((listed["ChecksumAlgorithm"], listed["ChecksumType"]), ("CRC32", kind))
                [open_one] = self.s3.list_multipart_uploads(Bucket=self.name)["Uploads"]
                self.assertEqual((open_one["ChecksumAlgorithm"], open_one["ChecksumType"]), ("CRC32", kind))
                self.assertEqual([one["ChecksumCRC32"] for one in listed["Parts"]], [crc32(body) for body in bodies])
                if kind == "FULL_OBJECT":
                    wanted = crc32(whole)
                else:
                    sums = b"".join(zlib.crc32(body).to_bytes(4, "big") for body in bodies)
                    wanted = f"{crc32(sums)}-2"
                finish = self.s3.complete_multipart_upload
                wrong = [{**parts[0], "ChecksumCRC32": crc32(b"else")}, parts[1]]
                self.refused("InvalidPart", 400, finish, **upload, MultipartUpload={"Parts": wrong})
                self.refused(
                    "BadDigest", 400, finish, **upload, MultipartUpload={"Parts": parts}, ChecksumCRC32=crc32(b"else")
                )
                made = finish(**upload, MultipartUpload={"Parts": parts}, ChecksumCRC32=wanted, ChecksumType=kind)
                self.assertEqual((made["ChecksumCRC32"], made["ChecksumType"]), (wanted, kind))
                copied = self.s3.copy_object(Bucket=self.name, Key="copy", CopySource=f"{self.name}/k")
                self.assertEqual(copied["CopyObjectResult"]["ChecksumCRC32"], wanted)
                told = self.s3.head_object(Bucket=self.name, Key="copy", ChecksumMode="ENABLED")
                self.assertEqual((told["ChecksumCRC32"], told["ChecksumType"]), (wanted, kind))
                # boto3 holds the bytes against one of all bytes.
                self.assertEqual(self.data(self.name, "copy", ChecksumMode="ENABLED"), whole)
                asked = {"ObjectAttributes": ["Checksum", "ObjectParts"], "MaxParts": 1, "PartNumberMarker": 1}
                told = self.s3.get_object_attributes(Bucket=self.name, Key="k", **asked)
                self.assertEqual(told["Checksum"], {"ChecksumCRC32": wanted.split("-")[0], "ChecksumType": kind})
                last = {"PartNumber": 2, "Size": 100, "ChecksumCRC32": crc32(bodies[1])}
                self.assertEqual(told["ObjectParts"]["TotalPartsCount"], 2)
                self.assertEqual(told["ObjectParts"].get("Parts"), [last] if kind == "COMPOSITE" else None)
                part = self.s3.get_object(Bucket=self.name, Key="copy", PartNumber=1, ChecksumMode="ENABLED")
                self.assertEqual(part.get("ChecksumCRC32"), crc32(bodies[0]) if kind == "COMPOSITE" else None)
                # boto3 holds the bytes against that of the part, too.
                self.assertEqual(part["Body"].read(), bodies[0])
                for listed in [
                    self.s3.list_objects_v2(Bucket=self.name)["Contents"],
                    self.s3.list_object_versions(Bucket=self.name)["Versions"],
                ]:
                    kinds = {(one["ChecksumAlgorithm"][0], one["ChecksumType"]) for one in listed}
                    self.assertEqual(kinds, {("CRC32", kind)})

    def test_the_transfer_manager_leaves_a_checksum(self):
        big = pattern(12 * MIB + 17)
        for key, extra, kind in [
            ("parts", {}, "COMPOSITE"),
            ("whole", {"ChecksumCRC32": crc32(big)}, "FULL_OBJECT"),
        ]:
            with self.subTest(key):
                self.s3.upload_fileobj(io.BytesIO(big), self.name, key, Config=SMALL, ExtraArgs=extra)
                told = self.s3.head_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED")
                self.assertEqual(told["ChecksumType"], kind)
                if kind == "FULL_OBJECT":
                    self.assertEqual(told["ChecksumCRC32"], crc32(big))
                self.assertEqual(self.data(self.name, key, ChecksumMode="ENABLED"), big)
        wrong = {"ChecksumCRC32": crc32(b"else")}
        with self.assertRaises(ClientError) as failed:
            self.s3.upload_fileobj(io.BytesIO(big), self.name, "wrong", Config=SMALL, ExtraArgs=wrong)
        self.assertIn("BadDigest", str(failed.exception))

    def test_parts_that_are_too_small(self):
        upload = {"Bucket": self.name, "Key": "k"}
        upload["UploadId"] = self.s3.create_multipart_upload(**upload)["UploadId"]
        tags = [self.s3.upload_part(**upload, PartNumber=n, Body=b"x")["ETag"] for n in (1, 2)]
        parts = [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, 1)]
        finish = self.s3.complete_multipart_upload
        self.refused("EntityTooSmall", 400, finish, **upload, MultipartUpload={"Parts": parts})
        self.s3.abort_multipart_upload(**upload)
        self.refused("NoSuchUpload", 404, self.s3.list_parts, **upload)

    def test_parts_copied_from_ranges(self):
        source = pattern(10 * MIB)
        self.s3.put_object(Bucket=self.name, Key="source", Body=source)
        upload = {"Bucket": self.name, "Key": "k"}
        upload["UploadId"] = self.s3.create_multipart_upload(**upload)["UploadId"]
        parts = []
        for number, (first, last) in enumerate([(5 * MIB, 10 * MIB - 1), (1, 1000)], 1):
            made = self.s3.upload_part_copy(
                **upload,
                PartNumber=number,
                CopySource={"Bucket": self.name, "Key": "source"},
                CopySourceRange=f"bytes={first}-{last}",
            )["CopyPartResult"]
            self.assertEqual(made["ETag"], quoted_md5(source[first : last + 1]))
            parts.append({"PartNumber": number, "ETag": made["ETag"]})
        self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        self.assertEqual(self.data(self.name, "k"), source[5 * MIB :] + source[1:1001])
        upload["UploadId"] = self.s3.create_multipart_upload(
            Bucket=self.name, Key="k", ChecksumAlgorithm="SHA256"
        )["UploadId"]
        made = self.s3.upload_part_copy(
            **upload, PartNumber=1, CopySource=f"{self.name}/source", CopySourceRange=f"bytes=1-{5 * MIB}"
        )["CopyPartResult"]
        wanted = base64.b64encode(hashlib.sha256(source[1 : 5 * MIB + 1]).digest()).decode()
        self.assertEqual(made["ChecksumSHA256"], wanted)
        self.s3.abort_multipart_upload(**upload)


class Versions(S3TestCase):
    def test_versions_and_delete_markers(self):
        name = self.bucket(versioned=True)
        ids = [self.s3.put_object(Bucket=name, Key="k", Body=body)["VersionId"] for body in (b"one", b"two")]
        self.assertEqual(self.data(name, "k", VersionId=ids[0]), b"one")
        marker = self.s3.delete_object(Bucket=name, Key="k")
        self.assertTrue(marker["DeleteMarker"])
        error = self.refused("NoSuchKey", 404, self.s3.get_object, Bucket=name, Key="k")
        self.assertEqual(error["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"], "true")
        self.refused(
            "MethodNotAllowed", 405, self.s3.get_object, Bucket=name, Key="k", VersionId=marker["VersionId"]
        )
        listed = self.s3.list_object_versions(Bucket=name)
        self.assertEqual([one["VersionId"] for one in listed["Versions"]], ids[::-1])
        self.assertEqual([one["VersionId"] for one in listed["DeleteMarkers"]], [marker["VersionId"]])
        self.s3.delete_object(Bucket=name, Key="k", VersionId=marker["VersionId"])
        self.assertEqual(self.data(name, "k"), b"two")
        copied = self.s3.copy_object(
            Bucket=name, Key="old", CopySource={"Bucket": name, "Key": "k", "VersionId": ids[0]}
        )
        self.assertEqual(copied["CopySourceVersionId"], ids[0])
        self.assertEqual(self.data(name, "old"), b"one")

    def test_without_versioning_the_version_is_null(self):
        name = self.bucket()
        self.assertNotIn("Status", self.s3.get_bucket_versioning(Bucket=name))
        self.s3.put_object(Bucket=name, Key="k", Body=b"v")
        self.assertEqual(self.s3.list_object_versions(Bucket=name)["Versions"][0]["VersionId"], "null")


class Access(S3TestCase):
    def setUp(self):
        super().setUp()
        self.name = self.bucket()
        self.s3.put_object(Bucket=self.name, Key="k", Body=b"secret")

    def test_presigned_addresses_as_they_are_made_by_default(self):
        # In us-east-1 boto3 still presigns with Version 2.
        self.s3.put_object(Bucket=self.name, Key="a+b 中?.txt", Body=b"1", ContentType="a/b")
        params = {"Bucket": self.name, "Key": "a+b 中?.txt", "ResponseContentType": "x/y"}
        get = self.s3.generate_presigned_url("get_object", params, ExpiresIn=60)
        self.assertIn("AWSAccessKeyId=", get)
        self.assertEqual(http(get), (200, b"1"))
        head = self.s3.generate_presigned_url("head_object", {"Bucket": self.name, "Key": "a+b 中?.txt"})
        self.assertEqual(http(head, method="HEAD")[0], 200)
        self.assertEqual(http(head)[0], 403)
        put = self.s3.generate_presigned_url("put_object", {"Bucket": self.name, "Key": "new"}, ExpiresIn=60)
        self.assertEqual(http(put, b"data", "PUT", {"Content-Type": ""})[0], 200)
        self.assertEqual(self.data(self.name, "new"), b"data")
        # Whoever holds the address can make nothing else of it.
        source = {"Content-Type": "", "x-amz-copy-source": f"/{self.name}/new"}
        self.assertEqual(http(put, b"", "PUT", source)[0], 403)
        self.assertEqual(http(get.replace("a%2Bb", "new"))[0], 403)
        gone = self.s3.generate_presigned_url("delete_object", {"Bucket": self.name, "Key": "new"})
        self.assertEqual(http(gone, method="DELETE")[0], 204)
        self.assertEqual(self.keys(self.name), ["a+b 中?.txt", "k"])

    def test_addresses_have_headers_among_their_parameters(self):
        # boto3 puts them there in Version 2, the SDK for JavaScript in Version 4.
        put = {"Bucket": self.name, "Key": "new", "Metadata": {"a": "b c"}, "StorageClass": "STANDARD_IA"}
        put = self.s3.generate_presigned_url("put_object", put)
        self.assertIn("x-amz-meta-a=b%20c", put)
        self.assertEqual(http(put, b"data", "PUT", {"Content-Type": ""})[0], 200)
        told = self.s3.head_object(Bucket=self.name, Key="new")
        self.assertEqual((told["Metadata"], told["StorageClass"]), ({"a": "b c"}, "STANDARD_IA"))
        copy = {"Bucket": self.name, "Key": "new", "CopySource": f"{self.name}/k"}
        copy = self.s3.generate_presigned_url("copy_object", copy)
        status, body = http(copy, b"", "PUT", {"Content-Type": ""})
        self.assertEqual(status, 200)
        self.assertIn(b"<CopyObjectResult", body)
        self.assertEqual(self.data(self.name, "new"), b"secret")
        self.assertEqual(http(copy.replace("%2Fk", "%2Fnew"), b"", "PUT", {"Content-Type": ""})[0], 403)
        look = self.s3.generate_presigned_url("head_bucket", {"Bucket": self.name})
        self.assertEqual(http(look, method="HEAD")[0], 200)

    def test_presigned_addresses(self):
        v4 = client(signature_version="s3v4")
        get = v4.generate_presigned_url("get_object", {"Bucket": self.name, "Key": "k"}, ExpiresIn=60)
        self.assertEqual(http(get), (200, b"secret"))
        put = v4.generate_presigned_url("put_object", {"Bucket": self.name, "Key": "new"}, ExpiresIn=60)
        self.assertEqual(http(put, b"made", "PUT")[0], 200)
        self.assertEqual(self.data(self.name, "new"), b"made")
        status, body = http(get.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))
        self.assertEqual(status, 403)
        self.assertIn(b"<Code>SignatureDoesNotMatch</Code>", body)

    def test_a_form_is_what_its_policy_says(self):
        v4 = client(signature_version="s3v4")
        fields = {"x-amz-meta-a": "b", "Content-Type": "text/plain"}
        conditions = [
            {"x-amz-meta-a": "b"},
            {"Content-Type": "text/plain"},
            ["content-length-range", 1, 10],
        ]
        form = v4.generate_presigned_post(self.name, "up/${filename}", fields, conditions, ExpiresIn=60)
        status, body = post(form, "new.txt", b"made")
        self.assertEqual(status, 204, body)
        told = self.s3.get_object(Bucket=self.name, Key="up/new.txt")
        self.assertEqual((told["Body"].read(), told["Metadata"]), (b"made", {"a": "b"}))
        self.assertEqual(told["ContentType"], "text/plain")
        keys = self.keys(self.name)
        for data, more, code in [
            (b"more than ten bytes", {}, b"EntityTooLarge"),
            (b"", {}, b"EntityTooSmall"),
            (b"made", {"x-amz-meta-a": "c"}, b"AccessDenied"),
            (b"made", {"acl": "public-read"}, b"AccessDenied"),
            (b"made", {"key": "elsewhere"}, b"AccessDenied"),
            (b"made", {"x-amz-signature": "0" * 64}, b"SignatureDoesNotMatch"),
        ]:
            with self.subTest(code=code, more=more):
                changed = {**form, "fields": {**form["fields"], **more}}
                status, body = post(changed, "other.txt", data)
                self.assertIn(status, (400, 403), body)
                self.assertIn(b"<Code>" + code + b"</Code>", body)
                self.assertEqual(self.keys(self.name), keys)

    def test_a_presigned_put_is_no_copy(self):
        v4 = client(signature_version="s3v4")
        put = v4.generate_presigned_url("put_object", {"Bucket": self.name, "Key": "new"}, ExpiresIn=60)
        status, body = http(put, b"", "PUT", {"x-amz-copy-source": f"/{self.name}/k"})
        self.assertEqual(status, 403)
        self.assertIn(b"<Code>AccessDenied</Code>", body)
        self.assertEqual(self.keys(self.name), ["k"])

    def test_wrong_and_unknown_keys(self):
        wrong = client(KEY_ID, "wrong")
        self.refused("SignatureDoesNotMatch", 403, wrong.get_object, Bucket=self.name, Key="k")
        unknown = client("AKIDnobody", "wrong")
        self.refused("InvalidAccessKeyId", 403, unknown.get_object, Bucket=self.name, Key="k")

    def test_nobody_reads_but_what_is_public(self):
        anonymous = boto3.client(
            "s3", endpoint_url=ENDPOINT, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
        )
        self.refused("AccessDenied", 403, anonymous.get_object, Bucket=self.name, Key="k")
        self.s3.put_object_acl(Bucket=self.name, Key="k", ACL="public-read")
        grants = self.s3.get_object_acl(Bucket=self.name, Key="k")["Grants"]
        everybody = "http://acs.amazonaws.com/groups/global/AllUsers"
        self.assertIn(everybody, [one["Grantee"].get("URI") for one in grants])
        self.assertEqual(anonymous.get_object(Bucket=self.name, Key="k")["Body"].read(), b"secret")
        self.refused("AccessDenied", 403, anonymous.put_object, Bucket=self.name, Key="k", Body=b"x")


if __name__ == "__main__":
    unittest.main()
