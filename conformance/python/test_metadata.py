"""The metadata directive, and changes in place."""

from qcloud_cos import CosClientError

from support import CosTestCase, quoted_md5

OLD = {
    "CacheControl": "max-age=1",
    "ContentDisposition": 'attachment; filename="old.txt"',
    "ContentEncoding": "x-old",
    "ContentType": "text/plain",
    "Expires": "Wed, 21 Oct 2037 07:28:00 GMT",
    "Metadata": {"x-cos-meta-colour": "blue", "x-cos-meta-shape": "round"},
}
NEW = {
    "ContentDisposition": 'attachment; filename="new.html"',
    "ContentType": "text/html",
    "Metadata": {"x-cos-meta-colour": "red", "x-cos-meta-weight": "12 g"},
}
OLD_SHOWN = {
    "Cache-Control": "max-age=1",
    "Content-Disposition": 'attachment; filename="old.txt"',
    "Content-Encoding": "x-old",
    "Content-Type": "text/plain",
    "Expires": "Wed, 21 Oct 2037 07:28:00 GMT",
    "x-cos-meta-colour": "blue",
    "x-cos-meta-shape": "round",
}
NEW_SHOWN = {
    "Content-Disposition": 'attachment; filename="new.html"',
    "Content-Type": "text/html",
    "x-cos-meta-colour": "red",
    "x-cos-meta-weight": "12 g",
}
NAMES = {*OLD_SHOWN, *NEW_SHOWN}


def metadata_of(size):
    """User metadata of exactly `size` bytes, names and values together."""
    used = len("first") + 1000 + len("rest")
    return {"x-cos-meta-first": "a" * 1000, "x-cos-meta-rest": "b" * (size - used)}


class Metadata(CosTestCase):
    def setUp(self):
        super().setUp()
        self.room = self.bucket()
        self.put(self.room, "a/1.txt", b"one", **OLD)
        self.source = self.room.source("a/1.txt")

    def shown(self, key):
        return {name: value for name, value in self.head(self.room, key).items() if name in NAMES}

    # seed: S26, S27
    def test_copy_ignores_what_the_request_carries(self):
        self.root.copy_object(**self.room.at("b/1.txt"), CopySource=self.source, CopyStatus="Copy", **NEW)
        self.assertEqual(self.shown("b/1.txt"), OLD_SHOWN)

    # seed: S28, S39
    def test_replaced_takes_what_the_request_carries(self):
        self.root.copy_object(**self.room.at("b/1.txt"), CopySource=self.source, CopyStatus="Replaced", **NEW)
        self.assertEqual(self.shown("b/1.txt"), NEW_SHOWN)
        self.assertEqual(self.shown("a/1.txt"), OLD_SHOWN)

    # seed: S04
    def test_one_request_replaces_the_metadata_and_sets_an_acl(self):
        copy = {"CopySource": self.source, "CopyStatus": "Replaced", "ACL": "public-read", **NEW}
        self.root.copy_object(**self.room.at("b/1.txt"), **copy)
        self.assertEqual(self.shown("b/1.txt"), NEW_SHOWN)
        self.assertEqual(self.root.get_object_acl(**self.room.at("b/1.txt"))["CannedACL"], "public-read")
        self.assertEqual(self.visit(self.room, "b/1.txt"), 200)

    # seed: S06, S29
    def test_onto_itself(self):
        def attempt():
            self.assert_refused(
                400, "InvalidRequest", self.root.copy_object, **self.room.at("a/1.txt"), CopySource=self.source, **NEW
            )
            self.assertEqual(self.shown("a/1.txt"), OLD_SHOWN)

        self.assert_unchanged([self.room], attempt)
        self.root.update_object_meta(**self.room.at("a/1.txt"), **NEW)
        self.assertEqual(self.shown("a/1.txt"), NEW_SHOWN)
        self.assertEqual(self.head(self.room, "a/1.txt")["ETag"], quoted_md5(b"one"))
        self.assertEqual(self.read(self.room, "a/1.txt"), b"one")

    # seed: S26
    def test_a_third_directive_is_refused_by_the_sdk(self):
        with self.assertRaises(CosClientError):
            self.root.copy_object(**self.room.at("b/1.txt"), CopySource=self.source, CopyStatus="Merge")
        self.assert_absent(self.room, "b/1.txt")

    # seed: S79
    def test_user_metadata_of_2048_bytes_and_of_one_more(self):
        copy = {"CopySource": self.source, "CopyStatus": "Replaced"}

        def attempts():
            much = metadata_of(2049)
            self.assert_refused(400, "KeyTooLong", self.root.copy_object, **self.room.at("b"), **copy, Metadata=much)
            self.assert_refused(
                400, "KeyTooLong", self.root.create_multipart_upload, **self.room.at("c"), Metadata=much
            )

        self.assert_unchanged([self.room], attempts)
        self.root.copy_object(**self.room.at("b"), **copy, Metadata=metadata_of(2048))
        self.copy_in_one_part(self.room, "c", self.source, Metadata=metadata_of(2048))
        for key in ("b", "c"):
            head = self.head(self.room, key)
            self.assertEqual({name: head[name] for name in metadata_of(2048)}, metadata_of(2048))
