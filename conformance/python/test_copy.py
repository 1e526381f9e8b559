"""copy_object as the samples use it, and what its result says."""

from urllib.parse import quote

from qcloud_cos import CosClientError

from support import (
    MIB,
    OTHER_REGION,
    CosTestCase,
    client,
    closed_port,
    fetch,
    pattern,
    quoted_md5,
    requests_during,
)

ISO_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
CONTENT = {
    "CacheControl": "max-age=600",
    "ContentDisposition": 'attachment; filename="1.jpg"',
    "ContentEncoding": "identity",
    "ContentType": "image/jpeg",
    "Expires": "Wed, 21 Oct 2037 07:28:00 GMT",
    "Metadata": {"x-cos-meta-colour": "blue", "x-cos-meta-size": "large"},
}
# Spelled as the service spells them: this SDK hands header names on as they came.
NAMES = [
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Type",
    "Expires",
    "x-cos-meta-colour",
    "x-cos-meta-size",
    "Content-Length",
    "x-cos-hash-crc64ecma",
]


class Copy(CosTestCase):
    # seed: S01, S03, S05, S08, S13, S40, S41, S46, S47, S48, S50
    def test_the_copy_sample(self):
        bucket = self.bucket()
        data = pattern(100_000)
        self.put(bucket, "a/1.jpg", data, **CONTENT)
        reply = self.root.copy_object(**bucket.at("b/1.jpg"), CopySource=bucket.source("a/1.jpg"))
        self.assertEqual(reply["ETag"], quoted_md5(data))
        self.assertRegex(reply["LastModified"], ISO_TIME)
        self.assertNotIn("VersionId", reply)
        for name in ("x-cos-request-id", "Date", "Server", "Content-Type"):
            self.assertIn(name, reply)
        source, target = self.head(bucket, "a/1.jpg"), self.head(bucket, "b/1.jpg")
        for name in NAMES:
            self.assertEqual(target[name], source[name], name)
        self.assertEqual(target["ETag"], reply["ETag"])
        self.assertIn("Last-Modified", target)
        self.assertEqual(reply["CRC64"], target["x-cos-hash-crc64ecma"])
        self.assertEqual(self.read(bucket, "b/1.jpg"), data)
        self.assertEqual(self.read(bucket, "a/1.jpg"), data)

    # seed: S12
    def test_keys_of_every_shape(self):
        bucket = self.bucket()
        keys = [
            "1.jpg",
            "a/b/test.txt",
            "a//b",
            "x+y z",
            "50%",
            "q?a=b&c#d",
            "it's!(*)~",
            "照片/😀.jpg",
            "<&>\"'",
            "a./b",
        ]
        for number, key in enumerate(keys):
            data = f"body {number}".encode()
            self.put(bucket, key, data)
            self.root.copy_object(**bucket.at(f"copy/{key}"), CopySource=bucket.source(key))
            self.assertEqual(self.read(bucket, f"copy/{key}"), data)
        self.assertEqual(self.keys(bucket), sorted(keys + [f"copy/{key}" for key in keys], key=str.encode))

    # seed: S03, S12
    def test_empty_objects_and_overwriting(self):
        bucket = self.bucket()
        self.put(bucket, "a/1.jpg", b"")
        self.put(bucket, "b/1.jpg", b"old")
        reply = self.root.copy_object(**bucket.at("b/1.jpg"), CopySource=bucket.source("a/1.jpg"))
        self.assertEqual(reply["ETag"], quoted_md5(b""))
        self.assertEqual(self.read(bucket, "b/1.jpg"), b"")

    # seed: S09, S11, S16
    def test_source_region_and_target_region_are_independent(self):
        near, far = self.bucket(), self.bucket(region=OTHER_REGION)
        self.put(near, "a/1.jpg", b"near")
        self.put(far, "a/1.jpg", b"far")
        self.of(far).copy_object(**far.at("b/1.jpg"), CopySource=near.source("a/1.jpg"))
        self.of(near).copy_object(**near.at("b/1.jpg"), CopySource=far.source("a/1.jpg"))
        self.assertEqual(self.read(far, "b/1.jpg"), b"near")
        self.assertEqual(self.read(near, "b/1.jpg"), b"far")

    # seed: S14, S86
    def test_a_chinese_name_is_escaped_by_the_sdk(self):
        bucket = self.bucket()
        key = "a/中文 1.jpg"
        self.put(bucket, key, b"chinese")
        self.root.copy_object(**bucket.at("b/文件 1.jpg"), CopySource=bucket.source(key))
        self.assertEqual(self.read(bucket, "b/文件 1.jpg"), b"chinese")
        self.copy_in_one_part(bucket, "c/文件 1.jpg", bucket.source(key))
        self.assertEqual(self.read(bucket, "c/文件 1.jpg"), b"chinese")

    # seed: S13, S40
    def test_without_bucket_or_key_in_the_source_nothing_is_sent(self):
        bucket = self.bucket()

        def attempts():
            for source in ({}, {"Bucket": bucket.name, "Region": bucket.region}, {"Key": "k", "Region": bucket.region}):
                with self.assertRaises(CosClientError):
                    self.root.copy_object(**bucket.at("b/1.jpg"), CopySource=source)

        self.assertEqual(requests_during([bucket], attempts), [])

    # seed: S13, S86
    def test_a_source_that_names_no_bucket_is_refused(self):
        bucket = self.bucket()
        upload = self.root.create_multipart_upload(**bucket.at("upload"))["UploadId"]
        source = {"Bucket": "nobucket", "Region": bucket.region, "Key": "a/1.jpg"}

        def attempts():
            self.assert_refused(400, "InvalidArgument", self.root.copy_object, **bucket.at("b"), CopySource=source)
            part = {**bucket.at("upload"), "UploadId": upload, "PartNumber": 1}
            self.assert_refused(400, "InvalidArgument", self.root.upload_part_copy, **part, CopySource=source)

        self.assert_unchanged([bucket], attempts)

    # seed: S16
    def test_who_may_read_the_source_and_write_the_target(self):
        source, target, theirs = self.bucket(), self.bucket(), self.bucket(owner="second")
        self.put(source, "closed", b"closed")
        self.put(source, "open", b"open", GrantRead='id="100000000002"')
        self.root.copy_object(**target.at("b/1.jpg"), CopySource=source.source("closed"))
        self.assertEqual(self.read(target, "b/1.jpg"), b"closed")
        self.second.copy_object(**theirs.at("b/1.jpg"), CopySource=source.source("open"))
        self.assertEqual(self.read(theirs, "b/1.jpg", by=self.second), b"open")

        def attempts():
            refused = self.second.copy_object
            self.assert_refused(
                403, "AccessDenied", refused, **theirs.at("b/2.jpg"), CopySource=source.source("closed")
            )
            self.assert_refused(403, "AccessDenied", refused, **target.at("b/2.jpg"), CopySource=source.source("open"))

        self.assert_unchanged([source, target, theirs], attempts)

    # seed: S41, S42, S43, S44
    def test_errors_tell_status_code_message_resource_and_request_id(self):
        bucket = self.bucket()
        self.put(bucket, "a/1.jpg", b"picture")
        copy = self.root.copy_object
        missing = self.assert_refused(
            404, "NoSuchKey", copy, **bucket.at("b/1.jpg"), CopySource=bucket.source("a/2.jpg")
        )
        self.assertTrue(missing.get_resource_location().startswith(f"{bucket.host}/b/1.jpg"))
        self.assertNotEqual(missing.get_trace_id(), "Unknown")
        nowhere = {"Bucket": "nobody-made-this-one-1250000000", "Key": "k"}
        self.assert_refused(404, "NoSuchBucket", copy, **nowhere, CopySource=bucket.source("a/1.jpg"))
        own = bucket.source("a/1.jpg")
        self.assert_refused(403, "AccessDenied", self.second.copy_object, **bucket.at("b/1.jpg"), CopySource=own)
        stranger = client(SecretId="AKIDnobody")
        self.assert_refused(403, "InvalidAccessKeyId", stranger.copy_object, **bucket.at("b/1.jpg"), CopySource=own)
        impostor = client(SecretKey="not the secret")
        self.assert_refused(403, "SignatureDoesNotMatch", impostor.copy_object, **bucket.at("b/1.jpg"), CopySource=own)
        self.assert_absent(bucket, "b/1.jpg")

    # seed: S42
    def test_an_error_of_the_network_is_of_another_kind(self):
        bucket = self.bucket()
        self.put(bucket, "a/1.jpg", b"picture")
        nobody = client(Proxies={"http": f"http://127.0.0.1:{closed_port()}"})
        with self.assertRaises(CosClientError):
            nobody.copy_object(**bucket.at("b/1.jpg"), CopySource=bucket.source("a/1.jpg"))
        self.assert_absent(bucket, "b/1.jpg")

    # seed: S03
    def test_large_bodies(self):
        bucket = self.bucket()
        data = pattern(5 * MIB + 3)
        self.put(bucket, "a/1.jpg", data, EnableMD5=True)
        self.root.copy_object(**bucket.at("b/1.jpg"), CopySource=bucket.source("a/1.jpg"))
        self.assertEqual(self.read(bucket, "b/1.jpg"), data)
        self.assertEqual(self.read(bucket, "b/1.jpg", Range="bytes=10-19"), data[10:20])

    # seed: S14
    def test_a_presigned_url_of_a_copy(self):
        bucket = self.bucket()
        self.put(bucket, "a/1.jpg", b"picture")
        key = "b/中文 +1.jpg"
        self.root.copy_object(**bucket.at(key), CopySource=bucket.source("a/1.jpg"))
        params = {"response-content-type": "text/plain"}
        url = self.root.get_presigned_url(**bucket.at(key), Method="GET", Params=params)
        self.assertIn(quote(key), url)
        status, headers, body = fetch(url)
        self.assertEqual((status, headers["Content-Type"], body), (200, "text/plain", b"picture"))
        self.assertEqual(fetch(url.replace("text%2Fplain", "text%2Fhtml"))[0], 403)
        self.assertEqual(self.visit(bucket, key), 403)
