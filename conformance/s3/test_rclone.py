"""rclone as a user runs it, set up by its environment."""

import json

from support import ENDPOINT, KEY_ID, MIB, SECRET, S3TestCase, http, pattern, program


class Rclone(S3TestCase):
    def setUp(self):
        super().setUp()
        self.name = self.bucket()

    def rclone(self, *words, **options):
        environment = {
            "RCLONE_CONFIG": str(self.folder / "no-such-file"),
            "RCLONE_CONFIG_C_TYPE": "s3",
            "RCLONE_CONFIG_C_PROVIDER": "Other",
            "RCLONE_CONFIG_C_ACCESS_KEY_ID": KEY_ID,
            "RCLONE_CONFIG_C_SECRET_ACCESS_KEY": SECRET,
            "RCLONE_CONFIG_C_ENDPOINT": ENDPOINT,
            "RCLONE_RETRIES": "1",
            "RCLONE_LOW_LEVEL_RETRIES": "1",
        }
        return self.run_program(program("rclone"), *words, environment=environment, **options)

    def tree(self):
        for number in range(12):
            self.file(f"tree/{number % 3}/ü {number}+x", pattern(1000 + number))
        return self.folder / "tree"

    def test_make_list_and_remove_a_bucket(self):
        self.rclone("mkdir", "c:made-by-rclone")
        self.assertIn("made-by-rclone", self.rclone("lsd", "c:"))
        self.rclone("rmdir", "c:made-by-rclone")
        self.assertNotIn("made-by-rclone", self.rclone("lsd", "c:"))

    def test_copy_and_check(self):
        tree = self.tree()
        self.rclone("copy", tree, f"c:{self.name}/tree")
        self.rclone("check", tree, f"c:{self.name}/tree")
        listed = json.loads(self.rclone("lsjson", "--recursive", "--files-only", f"c:{self.name}"))
        self.assertEqual(len(listed), 12)
        self.rclone("copy", f"c:{self.name}/tree", self.folder / "back")
        self.assertEqual((self.folder / "back/2/ü 11+x").read_bytes(), pattern(1011))

    def test_sync_removes_what_is_gone(self):
        tree = self.tree()
        self.rclone("sync", tree, f"c:{self.name}/t")
        (tree / "0/ü 0+x").unlink()
        self.file("tree/new", b"new")
        self.rclone("sync", tree, f"c:{self.name}/t")
        self.rclone("check", tree, f"c:{self.name}/t")
        self.assertEqual(len(self.keys(self.name)), 12)

    def test_times_are_kept_in_metadata_and_changed_by_a_copy_onto_itself(self):
        path = self.file("one", b"v")
        self.rclone("copyto", path, f"c:{self.name}/one")
        self.assertIn("mtime", self.s3.head_object(Bucket=self.name, Key="one")["Metadata"])
        self.rclone("touch", "--timestamp", "2020-01-02T03:04:05", f"c:{self.name}/one")
        self.assertIn("2020-01-02", self.rclone("lsl", f"c:{self.name}/one"))
        self.assertEqual(self.data(self.name, "one"), b"v")

    def test_copies_on_the_server_in_one_request_and_in_parts(self):
        body = pattern(16 * MIB)
        path = self.file("big", body)
        parts = ["--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", "--s3-copy-cutoff", "5M"]
        self.rclone("copyto", *parts, path, f"c:{self.name}/big")
        other = self.bucket()
        self.rclone("copyto", *parts, f"c:{self.name}/big", f"c:{other}/parts")
        self.rclone("copyto", f"c:{self.name}/big", f"c:{other}/whole")
        self.assertEqual(self.data(other, "parts"), body)
        self.assertEqual(self.data(other, "whole"), body)
        self.assertRegex(self.s3.head_object(Bucket=other, Key="parts")["ETag"], "-[0-9]+\"$")

    def test_move(self):
        self.rclone("copyto", self.file("one", b"v"), f"c:{self.name}/old")
        self.rclone("moveto", f"c:{self.name}/old", f"c:{self.name}/new/name")
        self.assertEqual(self.keys(self.name), ["new/name"])

    def test_a_link_and_a_stream(self):
        self.rclone("copyto", self.file("one", b"secret"), f"c:{self.name}/one")
        url = self.rclone("link", "--expire", "1m", f"c:{self.name}/one").strip()
        self.assertEqual(http(url), (200, b"secret"))
        self.assertEqual(self.rclone("cat", f"c:{self.name}/one"), "secret")
        self.rclone("deletefile", f"c:{self.name}/one")
        self.assertEqual(self.keys(self.name), [])

    def test_versions(self):
        name = self.bucket(versioned=True)
        for body in (b"one", b"three"):
            self.rclone("copyto", self.file("f", body), f"c:{name}/f")
        self.rclone("deletefile", f"c:{name}/f")
        listed = self.rclone("ls", "--s3-versions", f"c:{name}")
        self.assertEqual(len(listed.splitlines()), 2, listed)
