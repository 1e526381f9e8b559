"""aws-cli, version 1, as a user runs it: `aws --endpoint-url … s3 …`, with its default settings."""

import json
import os
import time

from support import ENDPOINT, KEY_ID, MIB, SECRET, S3TestCase, http, pattern, program


class Aws(S3TestCase):
    def setUp(self):
        super().setUp()
        self.name = self.bucket()

    def aws(self, *words, region="ap-guangzhou", **options):
        environment = {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": region,
            "AWS_MAX_ATTEMPTS": "1",
        }
        return self.run_program(program("aws"), "--endpoint-url", ENDPOINT, *words, environment=environment, **options)

    def test_make_list_and_remove_a_bucket(self):
        self.aws("s3", "mb", "s3://made-by-aws")
        self.assertIn("made-by-aws", self.aws("s3", "ls"))
        self.aws("s3", "rb", "s3://made-by-aws")
        self.assertNotIn("made-by-aws", self.aws("s3", "ls"))

    def test_copy_up_and_down_with_metadata(self):
        body = pattern(100_000)
        up = self.file("ü a+b.txt", body)
        self.aws("s3", "cp", up, f"s3://{self.name}/d/ü a+b.txt", "--metadata", "colour=blue", "--content-type", "text/x")
        told = self.s3.head_object(Bucket=self.name, Key="d/ü a+b.txt")
        self.assertEqual((told["Metadata"], told["ContentType"]), ({"colour": "blue"}, "text/x"))
        self.aws("s3", "cp", f"s3://{self.name}/d/ü a+b.txt", self.folder / "back")
        self.assertEqual((self.folder / "back").read_bytes(), body)
        self.assertIn("ü a+b.txt", self.aws("s3", "ls", f"s3://{self.name}/d/"))

    def test_large_objects_go_up_over_and_down_in_parts(self):
        body = pattern(20 * MIB)
        self.aws("s3", "cp", self.file("big", body), f"s3://{self.name}/big", "--metadata", "a=b")
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="big")["Metadata"], {"a": "b"})
        self.aws("s3", "cp", f"s3://{self.name}/big", f"s3://{self.name}/copy")
        self.assertRegex(self.s3.head_object(Bucket=self.name, Key="copy")["ETag"], "-3")
        self.aws("s3", "cp", f"s3://{self.name}/copy", self.folder / "back")
        self.assertEqual((self.folder / "back").read_bytes(), body)

    def test_move(self):
        self.s3.put_object(Bucket=self.name, Key="old", Body=b"v", Metadata={"a": "b"})
        self.aws("s3", "mv", f"s3://{self.name}/old", f"s3://{self.name}/new")
        self.assertEqual(self.keys(self.name), ["new"])
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="new")["Metadata"], {"a": "b"})

    def test_sync_both_ways_and_remove(self):
        for number in range(12):
            path = self.file(f"tree/{number % 3}/{number}", pattern(1000 + number))
            # Listings have seconds: a file of the same second would be newer than its object.
            os.utime(path, (time.time() - 60, time.time() - 60))
        self.aws("s3", "sync", self.folder / "tree", f"s3://{self.name}/tree")
        self.assertEqual(len(self.keys(self.name)), 12)
        self.assertEqual(self.aws("s3", "sync", self.folder / "tree", f"s3://{self.name}/tree"), "")
        self.aws("s3", "sync", f"s3://{self.name}/tree", f"s3://{self.name}/again")
        self.aws("s3", "sync", f"s3://{self.name}/again", self.folder / "down")
        self.assertEqual((self.folder / "down/2/11").read_bytes(), pattern(1011))
        (self.folder / "tree/0/0").unlink()
        self.aws("s3", "sync", "--delete", self.folder / "tree", f"s3://{self.name}/tree")
        self.assertEqual(len(self.keys(self.name)), 23)
        self.aws("s3", "rm", "--recursive", f"s3://{self.name}/")
        self.assertEqual(self.keys(self.name), [])

    def test_a_presigned_address(self):
        self.s3.put_object(Bucket=self.name, Key="k 1", Body=b"secret")
        # In us-east-1 this program still presigns with Version 2.
        for region, sign in [("ap-guangzhou", "X-Amz-Signature="), ("us-east-1", "&Signature=")]:
            url = self.aws("s3", "presign", f"s3://{self.name}/k 1", "--expires-in", "60", region=region).strip()
            self.assertIn(sign, url)
            self.assertEqual(http(url), (200, b"secret"))

    def test_grants_as_the_manual_writes_them(self):
        body, everybody = self.file("b", b"open"), "http://acs.amazonaws.com/groups/global/AllUsers"
        self.aws("s3", "cp", body, f"s3://{self.name}/k", "--grants", f"read=uri={everybody}")
        self.assertEqual(http(f"{ENDPOINT}/{self.name}/k"), (200, b"open"))
        acl = ["s3api", "put-object-acl", "--bucket", self.name, "--key", "k"]
        self.aws(*acl, "--acl", "private")
        self.assertEqual(http(f"{ENDPOINT}/{self.name}/k")[0], 403)
        self.aws(*acl, "--grant-read", f"uri={everybody}")
        self.assertEqual(http(f"{ENDPOINT}/{self.name}/k"), (200, b"open"))

    def test_versions_by_the_plain_calls(self):
        call = ["s3api", "put-bucket-versioning", "--bucket", self.name]
        self.aws(*call, "--versioning-configuration", "Status=Enabled")
        for body in (b"one", b"two"):
            self.aws("s3api", "put-object", "--bucket", self.name, "--key", "k", "--body", self.file("b", body))
        listed = json.loads(self.aws("s3api", "list-object-versions", "--bucket", self.name, "--output", "json"))
        oldest = listed["Versions"][-1]["VersionId"]
        where = ["--bucket", self.name, "--key", "k", "--version-id", oldest]
        self.aws("s3api", "get-object", *where, self.folder / "back")
        self.assertEqual((self.folder / "back").read_bytes(), b"one")

    def test_what_is_missing_fails(self):
        self.aws("s3", "cp", f"s3://{self.name}/none", self.folder / "back", fails=True)
        self.aws("s3", "ls", "s3://no-such-bucket-here", fails=True)
