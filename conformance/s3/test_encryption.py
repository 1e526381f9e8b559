"""Encryption with keys of the service (SSE-S3) and of the customer (SSE-C), by boto3, aws-cli and rclone."""

import base64
import hashlib

from boto3.s3.transfer import TransferConfig

from support import ENDPOINT, KEY_ID, MIB, SECRET, S3TestCase, pattern, program

OWN, OTHER = b"0123456789abcdef0123456789abcdef", bytes(range(32))
SMALL = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)


def key(data):
    """The customer's key of a request; botocore adds its MD5."""
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": data}


def source_key(data):
    return {"CopySourceSSECustomerAlgorithm": "AES256", "CopySourceSSECustomerKey": data}


class Boto(S3TestCase):
    def setUp(self):
        super().setUp()
        self.name = self.bucket()

    def test_keys_of_the_service(self):
        put = self.s3.put_object(Bucket=self.name, Key="k", Body=b"secret", ServerSideEncryption="AES256")
        self.assertEqual(put["ServerSideEncryption"], "AES256")
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="k")["ServerSideEncryption"], "AES256")
        self.assertEqual(self.data(self.name, "k"), b"secret")
        source = {"Bucket": self.name, "Key": "k"}
        self.s3.copy_object(Bucket=self.name, Key="plain", CopySource=source)
        self.assertNotIn("ServerSideEncryption", self.s3.head_object(Bucket=self.name, Key="plain"))
        made = self.s3.copy_object(Bucket=self.name, Key="copy", CopySource=source, ServerSideEncryption="AES256")
        self.assertEqual(made["ServerSideEncryption"], "AES256")
        self.assertEqual(self.data(self.name, "copy"), b"secret")

    def test_the_default_of_a_bucket(self):
        missing = "ServerSideEncryptionConfigurationNotFoundError"
        self.refused(missing, 404, self.s3.get_bucket_encryption, Bucket=self.name)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        rules = {"Rules": [rule]}
        self.s3.put_bucket_encryption(Bucket=self.name, ServerSideEncryptionConfiguration=rules)
        told = self.s3.get_bucket_encryption(Bucket=self.name)["ServerSideEncryptionConfiguration"]["Rules"]
        self.assertEqual(told[0]["ApplyServerSideEncryptionByDefault"], rule["ApplyServerSideEncryptionByDefault"])
        self.s3.put_object(Bucket=self.name, Key="k", Body=b"v")
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="k")["ServerSideEncryption"], "AES256")
        self.s3.delete_bucket_encryption(Bucket=self.name)
        self.s3.put_object(Bucket=self.name, Key="l", Body=b"v")
        self.assertNotIn("ServerSideEncryption", self.s3.head_object(Bucket=self.name, Key="l"))

    def test_keys_of_the_customer(self):
        put = self.s3.put_object(Bucket=self.name, Key="k", Body=b"secret", **key(OWN))
        md5 = base64.b64encode(hashlib.md5(OWN).digest()).decode()
        self.assertEqual((put["SSECustomerAlgorithm"], put["SSECustomerKeyMD5"]), ("AES256", md5))
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="k", **key(OWN))["SSECustomerKeyMD5"], md5)
        self.assertEqual(self.data(self.name, "k", **key(OWN)), b"secret")
        self.assertEqual(self.data(self.name, "k", Range="bytes=1-3", **key(OWN)), b"ecr")
        for wrong in [{}, key(OTHER)]:
            with self.subTest(wrong):
                with self.assertRaises(self.s3.exceptions.ClientError) as caught:
                    self.data(self.name, "k", **wrong)
                self.assertIn(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], (400, 403))
        self.assertEqual(self.data(self.name, "k", **key(OWN)), b"secret")

    def test_a_copy_from_key_to_key(self):
        self.s3.put_object(Bucket=self.name, Key="k", Body=b"secret", **key(OWN))
        source = {"Bucket": self.name, "Key": "k"}
        with self.assertRaises(self.s3.exceptions.ClientError):
            self.s3.copy_object(Bucket=self.name, Key="copy", CopySource=source)
        self.assertEqual(self.keys(self.name), ["k"])
        both = {**key(OTHER), **source_key(OWN)}
        self.s3.copy_object(Bucket=self.name, Key="copy", CopySource=source, **both)
        self.assertEqual(self.data(self.name, "copy", **key(OTHER)), b"secret")
        self.s3.copy_object(Bucket=self.name, Key="open", CopySource=source, **source_key(OWN))
        self.assertEqual(self.data(self.name, "open"), b"secret")

    def test_parts(self):
        body = pattern(11 * MIB)
        path = self.file("big", body)
        self.s3.upload_file(path, self.name, "big", ExtraArgs=key(OWN), Config=SMALL)
        self.assertEqual(self.data(self.name, "big", **key(OWN)), body)
        source = {"Bucket": self.name, "Key": "big"}
        extra = {**key(OTHER), **source_key(OWN)}
        self.s3.copy(source, self.name, "copy", ExtraArgs=extra, Config=SMALL)
        self.assertEqual(self.data(self.name, "copy", **key(OTHER)), body)
        self.s3.download_file(self.name, "copy", str(self.folder / "back"), ExtraArgs=key(OTHER), Config=SMALL)
        self.assertEqual((self.folder / "back").read_bytes(), body)


class Programs(S3TestCase):
    def setUp(self):
        super().setUp()
        self.name = self.bucket()
        self.body = pattern(100_000)
        self.path = self.file("one", self.body)
        self.own, self.other = self.file("own.key", OWN), self.file("other.key", OTHER)

    def aws(self, *words, **options):
        environment = {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "ap-guangzhou",
            "AWS_MAX_ATTEMPTS": "1",
        }
        return self.run_program(program("aws"), "--endpoint-url", ENDPOINT, *words, environment=environment, **options)

    def rclone(self, *words, environment=None, **options):
        settings = {
            "RCLONE_CONFIG": str(self.folder / "no-such-file"),
            "RCLONE_CONFIG_C_TYPE": "s3",
            "RCLONE_CONFIG_C_PROVIDER": "Other",
            "RCLONE_CONFIG_C_ACCESS_KEY_ID": KEY_ID,
            "RCLONE_CONFIG_C_SECRET_ACCESS_KEY": SECRET,
            "RCLONE_CONFIG_C_ENDPOINT": ENDPOINT,
            "RCLONE_RETRIES": "1",
            "RCLONE_LOW_LEVEL_RETRIES": "1",
        }
        return self.run_program(program("rclone"), *words, environment={**settings, **(environment or {})}, **options)

    def test_aws_with_a_key_of_the_service(self):
        self.aws("s3", "cp", self.path, f"s3://{self.name}/k", "--sse", "AES256")
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="k")["ServerSideEncryption"], "AES256")
        self.aws("s3", "cp", f"s3://{self.name}/k", f"s3://{self.name}/copy", "--sse")
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="copy")["ServerSideEncryption"], "AES256")
        self.assertEqual(self.data(self.name, "copy"), self.body)

    def test_aws_with_keys_of_the_customer(self):
        own = ["--sse-c", "AES256", "--sse-c-key", f"fileb://{self.own}"]
        self.aws("s3", "cp", self.path, f"s3://{self.name}/k", *own)
        self.aws("s3", "cp", f"s3://{self.name}/k", self.folder / "no", fails=True)
        source = ["--sse-c-copy-source", "AES256", "--sse-c-copy-source-key", f"fileb://{self.own}"]
        other = ["--sse-c", "AES256", "--sse-c-key", f"fileb://{self.other}"]
        self.aws("s3", "cp", f"s3://{self.name}/k", f"s3://{self.name}/copy", *source, *other)
        self.aws("s3", "cp", f"s3://{self.name}/copy", self.folder / "back", *other)
        self.assertEqual((self.folder / "back").read_bytes(), self.body)

    def test_rclone_with_a_key_of_the_service(self):
        managed = {"RCLONE_CONFIG_C_SERVER_SIDE_ENCRYPTION": "AES256"}
        self.rclone("copyto", self.path, f"c:{self.name}/k", environment=managed)
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="k")["ServerSideEncryption"], "AES256")
        self.rclone("copyto", f"c:{self.name}/k", f"c:{self.name}/copy", environment=managed)
        self.assertEqual(self.s3.head_object(Bucket=self.name, Key="copy")["ServerSideEncryption"], "AES256")
        self.assertEqual(self.data(self.name, "copy"), self.body)

    def test_rclone_keeps_a_key_of_the_customer_off_plain_connections(self):
        own = {
            "RCLONE_CONFIG_C_SSE_CUSTOMER_ALGORITHM": "AES256",
            "RCLONE_CONFIG_C_SSE_CUSTOMER_KEY": OWN.decode(),
        }
        self.rclone("copyto", self.path, f"c:{self.name}/k", environment=own, fails=True)
        self.assertEqual(self.keys(self.name), [])
