"""s3cmd as a user runs it."""

from support import HOST, KEY_ID, MIB, SECRET, S3TestCase, http, pattern, program


class S3cmd(S3TestCase):
    def setUp(self):
        super().setUp()
        self.name = self.bucket()
        self.config = self.file(
            "s3cfg",
            f"[default]\naccess_key = {KEY_ID}\nsecret_key = {SECRET}\nhost_base = {HOST}\nhost_bucket = {HOST}\n"
            "use_https = False\nmultipart_chunk_size_mb = 5\nmax_retries = 1\n".encode(),
        )

    def s3cmd(self, *words, **options):
        return self.run_program(program("s3cmd"), "--no-progress", "-c", self.config, *words, **options)

    def test_make_list_and_remove_a_bucket(self):
        self.s3cmd("mb", "s3://made-by-s3cmd")
        self.assertIn("s3://made-by-s3cmd", self.s3cmd("ls"))
        self.s3cmd("rb", "s3://made-by-s3cmd")
        self.assertNotIn("s3://made-by-s3cmd", self.s3cmd("ls"))

    def test_put_get_and_list(self):
        body = pattern(100_000)
        where = f"s3://{self.name}/d/a b+c.txt"
        self.s3cmd("put", "--add-header=x-amz-meta-colour:blue", self.file("up", body), where)
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="d/a b+c.txt")["Metadata"]["colour"], "blue")
        self.assertIn("100000", self.s3cmd("ls", f"s3://{self.name}/d/"))
        self.s3cmd("get", where, self.folder / "back")
        self.assertEqual((self.folder / "back").read_bytes(), body)

    def test_put_in_parts(self):
        body = pattern(12 * MIB)
        self.s3cmd("put", self.file("up", body), f"s3://{self.name}/big")
        self.assertRegex(self.s3.head_object(Bucket=self.name, Key="big")["ETag"], "-3")
        self.assertEqual(self.data(self.name, "big"), body)

    def test_copy_modify_and_move(self):
        self.s3cmd("put", self.file("up", b"v"), f"s3://{self.name}/one")
        self.s3cmd("cp", f"s3://{self.name}/one", f"s3://{self.name}/two")
        self.s3cmd("modify", "--add-header=x-amz-meta-a:b", f"s3://{self.name}/two")
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="two")["Metadata"]["a"], "b")
        self.s3cmd("mv", f"s3://{self.name}/one", f"s3://{self.name}/three")
        self.assertEqual(self.keys(self.name), ["three", "two"])

    def test_sync_and_remove(self):
        for number in range(8):
            self.file(f"tree/{number % 2}/{number}", pattern(1000 + number))
        self.s3cmd("sync", f"{self.folder}/tree/", f"s3://{self.name}/t/")
        self.assertEqual(len(self.keys(self.name)), 8)
        (self.folder / "tree/0/0").unlink()
        self.s3cmd("sync", "--delete-removed", f"{self.folder}/tree/", f"s3://{self.name}/t/")
        self.assertEqual(len(self.keys(self.name)), 7)
        self.s3cmd("del", "--recursive", "--force", f"s3://{self.name}/t/")
        self.assertEqual(self.keys(self.name), [])

    def test_make_public_and_sign(self):
        self.s3cmd("put", self.file("up", b"secret"), f"s3://{self.name}/k")
        self.s3cmd("setacl", "--acl-public", f"s3://{self.name}/k")
        self.assertEqual(http(f"http://{HOST}/{self.name}/k"), (200, b"secret"))
        self.s3cmd("setacl", "--acl-private", f"s3://{self.name}/k")
        self.assertEqual(http(f"http://{HOST}/{self.name}/k")[0], 403)
        signed = self.s3cmd("signurl", f"s3://{self.name}/k", "+60").strip()
        self.assertEqual(http(signed), (200, b"secret"))
