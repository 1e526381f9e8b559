"""The other ways a program may bring this SDK to a server."""

from support import ENDPOINT, CosTestCase, client, requests_during


class Endpoints(CosTestCase):
    def assert_copies(self, cos, bucket):
        self.put(bucket, "a/中 1.jpg", b"picture")
        copy = lambda: cos.copy_object(**bucket.at("b/+ 1.jpg"), CopySource=bucket.source("a/中 1.jpg"))
        self.assertEqual([request[:2] for request in requests_during([bucket], copy)], [("PUT", "b/+ 1.jpg")])
        self.assertEqual(self.read(bucket, "b/+ 1.jpg", by=cos), b"picture")

    # seed: S08
    def test_address_and_port(self):
        cos = client(Proxies=None, IP=ENDPOINT.hostname, Port=ENDPOINT.port)
        self.assert_copies(cos, self.bucket())

    # seed: S08
    def test_the_second_public_suffix(self):
        cos = client(EnableOldDomain=False, EnableInternalDomain=False)
        self.assert_copies(cos, self.bucket())

    # seed: S08
    def test_the_internal_host(self):
        cos = client(EnableOldDomain=False)
        self.assert_copies(cos, self.bucket())

    # seed: S08
    def test_an_endpoint_of_our_own(self):
        cos = client(Region=None, Endpoint="cos.ap-guangzhou.localhost")
        bucket = self.bucket()
        self.assert_copies(cos, bucket)

    # seed: S08, S13
    def test_a_bucket_below_localhost(self):
        cos = client(Region=None, Endpoint="localhost:9000")
        bucket = self.bucket()
        self.assert_copies(cos, bucket)
        source = {"Bucket": bucket.name, "Key": "a/中 1.jpg", "Endpoint": "localhost:9000"}
        cos.copy_object(**bucket.at("c/1.jpg"), CopySource=source)
        self.assertEqual(self.read(bucket, "c/1.jpg"), b"picture")

    # seed: S08
    def test_the_host_left_out_of_the_signature(self):
        self.assert_copies(client(SignHost=False), self.bucket())

    # seed: S17
    def test_anonymous_requests_carry_an_empty_signature(self):
        cos = client(Anonymous=True)
        bucket = self.bucket()
        self.put(bucket, "a/1.jpg", b"picture")
        self.root.copy_object(**bucket.at("open"), CopySource=bucket.source("a/1.jpg"), ACL="public-read")
        self.assertEqual(self.read(bucket, "open", by=cos), b"picture")
        self.assert_refused(403, "AccessDenied", cos.get_object, **bucket.at("a/1.jpg"))
        copy = {**bucket.at("b/1.jpg"), "CopySource": bucket.source("open")}
        self.assert_refused(403, "AccessDenied", cos.copy_object, **copy)
