"""coscmd: files up and down, listings, versions, ACLs, buckets."""

from coscmd_room import CoscmdTestCase
from support import MIB, SECOND_UIN, Bucket, fetch, pattern, principal, quoted_md5

FAILED = 255


class Objects(CoscmdTestCase):
    # seed: S12, S57
    def test_upload_download_info_and_delete(self):
        data = pattern(3 * MIB + 1)
        self.run_coscmd(
            "upload",
            self.write("up/1.jpg", data),
            "a/中文 1.jpg",
            "-H",
            "{'Content-Type': 'image/jpeg', 'x-cos-meta-colour': 'blue'}",
        )
        self.assertEqual(self.read(self.room, "a/中文 1.jpg"), data)
        head = self.head(self.room, "a/中文 1.jpg")
        self.assertEqual((head["Content-Type"], head["x-cos-meta-colour"]), ("image/jpeg", "blue"))
        told = self.run_coscmd("info", "a/中文 1.jpg")
        for shown in (quoted_md5(data), str(len(data)), "x-cos-meta-md5", "image/jpeg"):
            self.assertIn(shown, told)
        self.run_coscmd("download", "a/中文 1.jpg", str(self.folder / "down.jpg"))
        self.assertEqual((self.folder / "down.jpg").read_bytes(), data)
        self.run_coscmd("delete", "-f", "a/中文 1.jpg")
        self.assert_absent(self.room, "a/中文 1.jpg")
        self.run_coscmd("info", "a/中文 1.jpg", status=FAILED)

    # seed: S12, S120
    def test_an_upload_in_parts(self):
        data = pattern(21 * MIB)
        config = self.folder / "cos.conf"
        config.write_text(
            config.read_text().replace("[common]", "[common]\nmultiupload_threshold = 20\nmultidownload_threshold = 20")
        )
        self.run_coscmd("upload", self.write("large", data), "large")
        self.assertRegex(self.head(self.room, "large")["ETag"], r'-21"$')
        self.run_coscmd("download", "large", str(self.folder / "back"))
        self.assertEqual((self.folder / "back").read_bytes(), data)

    # seed: S12, S57
    def test_folders(self):
        files = {"1.txt": b"one", "sub/2.txt": b"two", "sub/中 3.txt": b"three"}
        for name, data in files.items():
            self.write(f"up/{name}", data)
        self.run_coscmd("upload", "-r", str(self.folder / "up"), "tree")
        self.assertEqual(self.keys(self.room), sorted((f"tree/{name}" for name in files), key=str.encode))
        told = self.run_coscmd("list", "-r", "tree/")
        for name in files:
            self.assertIn(f"tree/{name}", told)
        self.assertIn("tree/sub/", self.run_coscmd("list", "tree/"))
        self.run_coscmd("download", "-r", "tree", str(self.folder / "down"))
        for name, data in files.items():
            self.assertEqual((self.folder / "down" / name).read_bytes(), data)
        self.run_coscmd("delete", "-r", "-f", "tree")
        self.assertEqual(self.keys(self.room), [])

    # seed: S15, S49
    def test_versions(self):
        self.run_coscmd("putbucketversioning", "Enabled")
        self.assertIn("Enabled", self.run_coscmd("getbucketversioning"))
        path = self.write("1.txt", b"one")
        self.run_coscmd("upload", path, "1.txt")
        first = self.head(self.room, "1.txt")["x-cos-version-id"]
        self.write("1.txt", b"two")
        self.run_coscmd("upload", path, "1.txt")
        self.run_coscmd("delete", "-f", "1.txt")
        told = self.run_coscmd("list", "-v", "-r")
        self.assertIn(first, told)
        self.assertEqual(told.count("1.txt"), 3)
        self.run_coscmd("delete", "-f", "--versionId", first, "1.txt")
        self.assertNotIn(first, self.run_coscmd("list", "-v", "-r"))
        self.run_coscmd("delete", "-r", "-f", "--versions", "/")
        self.assertNotIn("1.txt", self.run_coscmd("list", "-v", "-r"))

    # seed: S20, S22, S25
    def test_acls(self):
        self.put(self.room, "1.txt", b"secret")
        self.run_coscmd("putobjectacl", "1.txt", "--grant-read", f"{SECOND_UIN},100000000001/100000000011")
        told = self.run_coscmd("getobjectacl", "1.txt")
        self.assertIn(f"{principal(SECOND_UIN)}: READ", told)
        self.assertIn(f"{principal('100000000001', '100000000011')}: READ", told)
        for by in (self.second, self.sub):
            self.assertEqual(self.read(self.room, "1.txt", by=by), b"secret")
        self.run_coscmd("putobjectacl", "1.txt", "--grant-full-control", SECOND_UIN)
        self.assertIn(f"{principal(SECOND_UIN)}: FULL_CONTROL", self.run_coscmd("getobjectacl", "1.txt"))
        self.assert_refused(403, "AccessDenied", self.sub.get_object, **self.room.at("1.txt"))

    # seed: S17, S18
    def test_everybody_by_an_acl(self):
        self.put(self.room, "1.txt", b"open")
        self.put(self.room, "2.txt", b"inherits")
        self.run_coscmd("putobjectacl", "1.txt", "--grant-read", "anyone")
        self.assertIn("anyone: READ", self.run_coscmd("getobjectacl", "1.txt"))
        self.assertEqual([self.visit(self.room, key) for key in ("1.txt", "2.txt")], [200, 403])
        self.run_coscmd("putbucketacl", "--grant-read", "anyone")
        self.assertIn("anyone: READ", self.run_coscmd("getbucketacl"))
        self.assertEqual(self.visit(self.room, "2.txt"), 200)

    # seed: S64, S83
    def test_unfinished_uploads(self):
        upload = self.root.create_multipart_upload(**self.room.at("中文/part"))["UploadId"]
        self.assertIn(upload, self.run_coscmd("listparts"))
        self.run_coscmd("abort")
        self.assertNotIn(upload, self.run_coscmd("listparts"))

    # seed: S10
    def test_buckets(self):
        made = Bucket(self.room.name.replace("conf-", "made-"), self.room.region)
        self.configure(made)
        self.run_coscmd("createbucket")
        self.root.head_bucket(Bucket=made.name)
        self.run_coscmd("deletebucket")
        self.assert_refused(404, None, self.root.head_bucket, Bucket=made.name)

    # seed: S12
    def test_signed_urls(self):
        self.put(self.room, "a/中 1.txt", b"secret")
        told = self.run_coscmd("signurl", "a/中 1.txt")
        # The program prints the representation of a byte string.
        url = told.strip().removeprefix("b'").removesuffix("'")
        self.assertEqual(fetch(url)[0::2], (200, b"secret"))
