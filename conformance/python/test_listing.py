"""Listings as this SDK pages through them; it always asks for url encoding and undoes it."""

from support import OTHER_REGION, CosTestCase

KEYS = ["a/1.jpg", "a/2.jpg", "a/b/3.jpg", "b/%41+ &<>.txt", "c", "中文/文件.jpg", "😀"]


class Listing(CosTestCase):
    def setUp(self):
        super().setUp()
        self.room = self.bucket()

    def fill(self):
        for key in KEYS:
            self.put(self.room, key, key.encode())

    # seed: S12
    def test_objects_by_page_prefix_and_delimiter(self):
        self.fill()
        self.assertEqual(self.keys(self.room), KEYS)
        seen, marker = [], ""
        while True:
            page = self.root.list_objects(Bucket=self.room.name, MaxKeys=2, Marker=marker)
            seen += [item["Key"] for item in page["Contents"]]
            if page["IsTruncated"] == "false":
                break
            marker = page["NextMarker"]
        self.assertEqual(seen, KEYS)
        folders = self.root.list_objects(Bucket=self.room.name, Delimiter="/")
        self.assertEqual([item["Key"] for item in folders["Contents"]], ["c", "😀"])
        self.assertEqual([item["Prefix"] for item in folders["CommonPrefixes"]], ["a/", "b/", "中文/"])
        inside = self.root.list_objects(Bucket=self.room.name, Prefix="中文/")
        self.assertEqual([item["Key"] for item in inside["Contents"]], ["中文/文件.jpg"])
        self.assertEqual(inside["Prefix"], "中文/")

    # seed: S57
    def test_deleting_many(self):
        self.fill()
        objects = [{"Key": key} for key in KEYS if key != "c"] + [{"Key": "never there"}]
        reply = self.root.delete_objects(Bucket=self.room.name, Delete={"Object": objects})
        self.assertEqual({item["Key"] for item in reply["Deleted"]}, {item["Key"] for item in objects})
        self.assertNotIn("Error", reply)
        quiet = self.root.delete_objects(Bucket=self.room.name, Delete={"Quiet": "true", "Object": objects})
        self.assertNotIn("Deleted", quiet)
        self.assertEqual(self.keys(self.room), ["c"])

    # seed: S64, S83, S84
    def test_uploads_and_parts_by_page(self):
        self.put(self.room, "source", b"body")
        uploads = [
            (key, self.root.create_multipart_upload(**self.room.at(key))["UploadId"])
            for key in ("a/1", "a/2", "a/2", "中文")
        ]
        seen, markers = [], {}
        while True:
            page = self.root.list_multipart_uploads(Bucket=self.room.name, MaxUploads=1, **markers)
            seen += [(upload["Key"], upload["UploadId"]) for upload in page["Upload"]]
            if page["IsTruncated"] == "false":
                break
            markers = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
        self.assertEqual(sorted(seen), sorted(uploads))
        target = {**self.room.at("a/1"), "UploadId": uploads[0][1]}
        for number in (1, 2, 7, 10_000):
            self.root.upload_part_copy(**target, PartNumber=number, CopySource=self.room.source("source"))
        numbers, marker = [], 0
        while True:
            page = self.root.list_parts(**target, MaxParts=3, PartNumberMarker=marker)
            numbers += [part["PartNumber"] for part in page["Part"]]
            if page["IsTruncated"] == "false":
                break
            marker = page["NextPartNumberMarker"]
        self.assertEqual(numbers, ["1", "2", "7", "10000"])

    # seed: S10, S11
    def test_buckets(self):
        far = self.bucket(region=OTHER_REGION)
        places = {item["Name"]: item["Location"] for item in self.root.list_buckets()["Buckets"]["Bucket"]}
        self.assertEqual((places[self.room.name], places[far.name]), ("ap-guangzhou", OTHER_REGION))
        self.root.head_bucket(Bucket=self.room.name)
        self.assertTrue(self.root.bucket_exists(self.room.name))
        self.assertFalse(self.root.bucket_exists(far.name))
