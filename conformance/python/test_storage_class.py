"""Storage classes of copies, and changing the class in place."""

from support import CosTestCase, quoted_md5

CLASSES = ["STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ARCHIVE", "DEEP_ARCHIVE"]


class StorageClass(CosTestCase):
    def setUp(self):
        super().setUp()
        self.room = self.bucket()

    def assert_class(self, bucket, key, expected):
        shown = self.head(bucket, key).get("x-cos-storage-class")
        self.assertEqual(shown, None if expected == "STANDARD" else expected)
        listing = self.root.list_objects(Bucket=bucket.name, Prefix=key)
        self.assertEqual(listing["Contents"][0]["StorageClass"], expected)

    # seed: S37, S62, S76
    def test_each_class(self):
        self.put(self.room, "source", b"body")
        source = self.room.source("source")
        for name in CLASSES:
            self.root.copy_object(**self.room.at(f"copy/{name}"), CopySource=source, StorageClass=name)
            self.assert_class(self.room, f"copy/{name}", name)
            self.copy_in_one_part(self.room, f"parts/{name}", source, StorageClass=name)
            self.assert_class(self.room, f"parts/{name}", name)

    # seed: S37, S76
    def test_an_unknown_class_is_refused(self):
        self.put(self.room, "source", b"body")

        def attempts():
            copy = {"CopySource": self.room.source("source"), "StorageClass": "GLASS"}
            self.assert_refused(400, "InvalidArgument", self.root.copy_object, **self.room.at("b"), **copy)
            self.assert_refused(
                400, "InvalidArgument", self.root.create_multipart_upload, **self.room.at("b"), StorageClass="GLASS"
            )

        self.assert_unchanged([self.room], attempts)

    # seed: S38, S77
    def test_the_default_is_standard(self):
        self.put(self.room, "source", b"body", StorageClass="STANDARD_IA")
        source = self.room.source("source")
        self.root.copy_object(**self.room.at("copy"), CopySource=source)
        self.copy_in_one_part(self.room, "parts", source)
        self.assert_class(self.room, "source", "STANDARD_IA")
        self.assert_class(self.room, "copy", "STANDARD")
        self.assert_class(self.room, "parts", "STANDARD")

    # seed: S60
    def test_in_place_twice_with_copy(self):
        self.put(self.room, "1.jpg", b"body", Metadata={"x-cos-meta-colour": "blue"})
        onto = {**self.room.at("1.jpg"), "CopySource": self.room.source("1.jpg")}
        for _ in range(2):
            reply = self.root.copy_object(**onto, CopyStatus="Copy", StorageClass="STANDARD_IA")
            self.assertEqual(reply["ETag"], quoted_md5(b"body"))
            self.assert_class(self.room, "1.jpg", "STANDARD_IA")
            self.assertEqual(self.head(self.room, "1.jpg")["x-cos-meta-colour"], "blue")
        self.root.change_object_storage_class(**self.room.at("1.jpg"), StorageClass="STANDARD")
        self.assert_class(self.room, "1.jpg", "STANDARD")
        self.assertEqual(self.read(self.room, "1.jpg"), b"body")

    # seed: S61, S62
    def test_the_sample_to_archive(self):
        example = self.bucket()
        self.put(self.room, "1.jpg", b"body")
        source = self.room.source("1.jpg")
        self.root.copy_object(**example.at("1.jpg"), CopySource=source, StorageClass="ARCHIVE")
        self.root.copy_object(**self.room.at("1.jpg"), CopySource=source, StorageClass="ARCHIVE")
        self.assert_class(example, "1.jpg", "ARCHIVE")
        self.assert_class(self.room, "1.jpg", "ARCHIVE")

        def attempts():
            self.assert_refused(403, "InvalidObjectState", self.root.get_object, **self.room.at("1.jpg"))
            self.assert_refused(
                403, "InvalidObjectState", self.root.copy_object, **example.at("2.jpg"), CopySource=source
            )

        self.assert_unchanged([self.room, example], attempts)

    # seed: S63
    def test_the_advanced_copy_changes_the_class_in_place(self):
        self.put(self.room, "1.jpg", b"body")
        onto = {**self.room.at("1.jpg"), "CopySource": self.room.source("1.jpg")}
        self.root.copy(**onto, StorageClass="STANDARD_IA")
        self.assert_class(self.room, "1.jpg", "STANDARD_IA")
        self.assertEqual(self.read(self.room, "1.jpg"), b"body")
