"""The three steps of a multipart copy: start, parts, complete."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from support import APPID, MIB, CosTestCase, fetch, pattern, quoted_md5

CONTENT = [
    ("CacheControl", "Cache-Control", "no-cache, max-age=0"),
    ("ContentDisposition", "Content-Disposition", "attachment; filename*=UTF-8''%E4%B8%AD%E6%96%87.jpg"),
    ("ContentEncoding", "Content-Encoding", "x-unknown"),
    ("ContentType", "Content-Type", "image/jpeg; q=1"),
    ("Expires", "Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
]


class Multipart(CosTestCase):
    def setUp(self):
        super().setUp()
        self.room = self.bucket()

    def start(self, key="target", **params):
        return self.root.create_multipart_upload(**self.room.at(key), **params)["UploadId"]

    def part(self, upload, number=1, key="target", **params):
        source = {"CopySource": self.room.source("source")}
        return self.root.upload_part_copy(
            **self.room.at(key), UploadId=upload, PartNumber=number, **{**source, **params}
        )

    def parts(self, upload):
        found = self.root.list_parts(**self.room.at("target"), UploadId=upload).get("Part", [])
        return [(part["PartNumber"], part["Size"], part["ETag"]) for part in found]

    # seed: S02, S64, S65, S80, S81, S82, S83
    def test_start(self):
        first = self.root.create_multipart_upload(**self.room.at("目录/<1>&.jpg"))
        second = self.root.create_multipart_upload(**self.room.at("目录/<1>&.jpg"))
        self.assertEqual((first["Bucket"], first["Key"]), (self.room.name, "目录/<1>&.jpg"))
        self.assertTrue(first["UploadId"])
        self.assertNotEqual(first["UploadId"], second["UploadId"])
        uploads = self.root.list_multipart_uploads(Bucket=self.room.name)["Upload"]
        self.assertEqual({upload["UploadId"] for upload in uploads}, {first["UploadId"], second["UploadId"]})

    # seed: S66, S67, S68, S69, S70, S71, S78
    def test_metadata_given_at_the_start(self):
        self.put(self.room, "source", b"body", CacheControl="max-age=7", Metadata={"x-cos-meta-a": "b"})
        for parameter, header, value in CONTENT:
            params = {parameter: value, "Metadata": {"x-cos-meta-Colour": "blue"}}
            self.copy_in_one_part(self.room, parameter, self.room.source("source"), **params)
            reply = self.head(self.room, parameter)
            self.assertEqual(reply[header], value)
            self.assertEqual(reply["x-cos-meta-colour"], "blue")
            self.assertNotIn("x-cos-meta-a", reply)
            others = [other for _, other, _ in CONTENT if other not in (header, "Content-Type")]
            self.assertEqual([other for other in others if other in reply], [])
            self.assertEqual(self.read(self.room, parameter), b"body")
        self.root.copy_object(**self.room.at("copy"), CopySource=self.room.source("Expires"))
        self.assertEqual(self.head(self.room, "copy")["Expires"], CONTENT[-1][2])

    # seed: S84, S85, S92, S100, S101, S102
    def test_a_part_of_the_whole_source(self):
        data = pattern(12_345)
        self.put(self.room, "source", data)
        upload = self.start()
        reply = self.part(upload)
        self.assertEqual(reply["ETag"], quoted_md5(data))
        made = datetime.fromisoformat(reply["LastModified"])
        self.assertLess(abs((made - parsedate_to_datetime(reply["Date"])).total_seconds()), 60)
        self.assertEqual(self.parts(upload), [("1", "12345", quoted_md5(data))])

    # seed: S90, S91, S92
    def test_ranges(self):
        data = pattern(1000)
        self.put(self.room, "source", data)
        upload = self.start()
        for number, (first, last) in enumerate([(0, 9), (990, 999), (5, 5)], start=1):
            reply = self.part(upload, number, CopySourceRange=f"bytes={first}-{last}")
            self.assertEqual(reply["ETag"], quoted_md5(data[first : last + 1]))
        for wrong in ("bytes=5-", "bytes=-5", "0-9", "bytes=a-b", "bytes=9-0", "bytes=0-1000", "bytes=1000-1000"):
            attempt = lambda: self.assert_refused(
                400, "InvalidArgument", self.part, upload=upload, CopySourceRange=wrong
            )
            self.assert_unchanged([self.room], attempt)

    # seed: S88
    def test_part_numbers(self):
        self.put(self.room, "source", b"body")
        upload = self.start()
        for number in (1, "10000"):
            self.part(upload, number)
        for number in (0, 10_001, -1, "one", ""):
            attempt = lambda: self.assert_refused(400, "InvalidArgument", self.part, upload=upload, number=number)
            self.assert_unchanged([self.room], attempt)
        self.assertEqual([number for number, _, _ in self.parts(upload)], ["1", "10000"])

    # seed: S85, S89, S108, S110, S111
    def test_uploads_that_do_not_exist(self):
        self.put(self.room, "source", b"body")
        upload, aborted = self.start(), self.start()
        etag = self.part(upload)["ETag"]
        self.root.abort_multipart_upload(**self.room.at("target"), UploadId=aborted)
        listed = {"Part": [{"PartNumber": 1, "ETag": etag}]}
        for wrong, key in [("exampleUploadId", "target"), (aborted, "target"), (upload, "another")]:

            def attempts(wrong=wrong, key=key):
                self.assert_refused(404, "NoSuchUpload", self.part, upload=wrong, key=key)
                complete = self.root.complete_multipart_upload
                self.assert_refused(
                    404, "NoSuchUpload", complete, **self.room.at(key), UploadId=wrong, MultipartUpload=listed
                )

            self.assert_unchanged([self.room], attempts)

    # seed: S02, S103, S107, S109, S112, S113, S115, S116, S117, S118, S119, S120
    def test_complete(self):
        data = pattern(3 * MIB)
        self.put(self.room, "source", data)
        key = "dir/目标 1.jpg"
        upload = self.start(key, ACL="public-read")
        etags = {
            number: self.part(upload, number, key, CopySourceRange=f"bytes={(number - 1) * MIB}-{number * MIB - 1}")[
                "ETag"
            ]
            for number in (3, 1, 2)
        }
        self.assert_absent(self.room, key)
        listed = {"Part": [{"PartNumber": str(number), "ETag": etags[number]} for number in (1, 2, 3)]}
        reply = self.root.complete_multipart_upload(**self.room.at(key), UploadId=upload, MultipartUpload=listed)
        self.assertEqual((reply["Bucket"], reply["Key"]), (self.room.name, key))
        self.assertTrue(reply["Bucket"].endswith(f"-{APPID}"))
        self.assertRegex(reply["ETag"], r'^"[0-9a-f]{32}-3"$')
        self.assertNotIn("VersionId", reply)
        self.assertEqual(reply["x-cos-hash-crc64ecma"], self.head(self.room, "source")["x-cos-hash-crc64ecma"])
        self.assertEqual(self.head(self.room, key)["ETag"], reply["ETag"])
        self.assertEqual(self.read(self.room, key), data)
        self.assert_location(reply["Location"], key, data)

    def assert_location(self, location, key, data):
        self.assertTrue(location.startswith(f"http://{self.room.host}/"), location)
        status, _, body = fetch(location)
        self.assertEqual((status, body == data), (200, True))

    # seed: S104, S112, S114, S115
    def test_a_list_that_does_not_fit(self):
        data = pattern(2 * MIB)
        self.put(self.room, "source", data)
        upload = self.start()
        right = [
            {
                "PartNumber": number,
                "ETag": self.part(upload, number, CopySourceRange=f"bytes={(number - 1) * MIB}-{number * MIB - 1}")[
                    "ETag"
                ],
            }
            for number in (1, 2)
        ]
        complete = self.root.complete_multipart_upload
        other = {"ETag": quoted_md5(b"x")}
        wrong = [
            ("InvalidPart", [right[0], {**right[1], **other}]),
            ("InvalidPart", [*right, {"PartNumber": 3, **other}]),
            ("InvalidPartOrder", [right[1], right[0]]),
        ]
        target = {**self.room.at("target"), "UploadId": upload}
        for code, parts in wrong:
            attempt = lambda: self.assert_refused(400, code, complete, **target, MultipartUpload={"Part": parts})
            self.assert_unchanged([self.room], attempt)
        attempt = lambda: self.assert_refused(400, None, complete, **target, MultipartUpload={"Part": []})
        self.assert_unchanged([self.room], attempt)
        unquoted = [{**part, "ETag": part["ETag"].strip('"')} for part in right]
        complete(**target, MultipartUpload={"Part": unquoted})
        self.assertEqual(self.read(self.room, "target"), data)

    # seed: S104
    def test_a_small_part_before_the_last(self):
        self.put(self.room, "source", pattern(10))
        upload = self.start()
        parts = [{"PartNumber": number, "ETag": self.part(upload, number)["ETag"]} for number in (1, 2)]
        target = {**self.room.at("target"), "UploadId": upload}
        complete = self.root.complete_multipart_upload
        attempt = lambda: self.assert_refused(
            400, "EntityTooSmall", complete, **target, MultipartUpload={"Part": parts}
        )
        self.assert_unchanged([self.room], attempt)

    # seed: S99
    def test_sources_that_cannot_be_read(self):
        theirs = self.bucket(owner="second")
        self.put(self.room, "source", b"body")
        upload = self.second.create_multipart_upload(**theirs.at("target"))["UploadId"]
        part = {**theirs.at("target"), "UploadId": upload, "PartNumber": 1}
        copy = self.second.upload_part_copy
        self.assert_refused(403, "AccessDenied", copy, **part, CopySource=self.room.source("source"))
        self.assert_refused(404, "NoSuchKey", copy, **part, CopySource=theirs.source("missing"))
        self.assertEqual(self.second.list_parts(**theirs.at("target"), UploadId=upload).get("Part", []), [])
