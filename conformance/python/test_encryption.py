"""Encryption with keys of the service (SSE-COS) and of the customer (SSE-C), by the official SDK."""

import base64
import hashlib

from support import CosTestCase

OWN, OTHER = b"0123456789abcdef0123456789abcdef", bytes(range(32))
MANAGED = "x-cos-server-side-encryption"
CUSTOMER = "x-cos-server-side-encryption-customer-"


def key(data):
    """The customer's key, as this SDK takes it."""
    return {
        "SSECustomerAlgorithm": "AES256",
        "SSECustomerKey": base64.b64encode(data).decode(),
        "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(data).digest()).decode(),
    }


def source_key(data):
    """The same for the source of a copy."""
    return {f"CopySource{name}": value for name, value in key(data).items()}


class Encryption(CosTestCase):
    def setUp(self):
        super().setUp()
        self.room = self.bucket()

    def store(self, name, **params):
        return self.root.put_object(**self.room.at(name), Body=b"secret", **params)

    def test_keys_of_the_service(self):
        told = self.store("a", ServerSideEncryption="AES256")
        self.assertEqual(told[MANAGED], "AES256")
        self.assertEqual(self.head(self.room, "a")[MANAGED], "AES256")
        self.assertEqual(self.read(self.room, "a"), b"secret")
        source = self.room.source("a")
        self.root.copy_object(**self.room.at("plain"), CopySource=source)
        self.assertNotIn(MANAGED, self.head(self.room, "plain"))
        self.root.copy_object(**self.room.at("copy"), CopySource=source, ServerSideEncryption="AES256")
        self.assertEqual(self.head(self.room, "copy")[MANAGED], "AES256")
        self.assertEqual(self.read(self.room, "copy"), b"secret")

    def test_keys_of_the_customer(self):
        told = self.store("a", **key(OWN))
        self.assertEqual(told[f"{CUSTOMER}algorithm"], "AES256")
        shown = self.head(self.room, "a", **key(OWN))
        self.assertEqual(shown[f"{CUSTOMER}key-MD5"], key(OWN)["SSECustomerKeyMD5"])
        self.assertEqual(self.read(self.room, "a", **key(OWN)), b"secret")
        refused = lambda: [
            self.assert_refused(400, None, self.root.get_object, **self.room.at("a"), **wrong)
            for wrong in [{}, key(OTHER)]
        ]
        self.assert_unchanged([self.room], refused)

    def test_a_copy_from_key_to_key(self):
        self.store("a", **key(OWN))
        source = self.room.source("a")
        both = {**key(OTHER), **source_key(OWN)}
        self.root.copy_object(**self.room.at("b"), CopySource=source, **both)
        self.assertEqual(self.read(self.room, "b", **key(OTHER)), b"secret")
        blind = lambda: self.assert_refused(
            400, None, self.root.copy_object, **self.room.at("c"), CopySource=source
        )
        self.assert_unchanged([self.room], blind)

    def test_the_default_of_a_bucket(self):
        rule = {"Rule": [{"ApplySideEncryptionConfiguration": {"SSEAlgorithm": "AES256"}}]}
        self.root.put_bucket_encryption(Bucket=self.room.name, ServerSideEncryptionConfiguration=rule)
        told = self.root.get_bucket_encryption(Bucket=self.room.name)
        self.assertIn("AES256", str(told))
        self.store("a")
        self.assertEqual(self.head(self.room, "a")[MANAGED], "AES256")
        self.root.delete_bucket_encryption(Bucket=self.room.name)
        self.store("b")
        self.assertNotIn(MANAGED, self.head(self.room, "b"))
