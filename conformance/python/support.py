"""What the Python suites share: where the server is, clients, buckets of one's own, and the request log."""

import hashlib
import http.client
import json
import logging
import os
import socket
import time
import unittest
import uuid
from urllib.parse import parse_qs, quote, unquote, urlsplit

from qcloud_cos import CosConfig, CosS3Client, CosServiceError

REGION = "ap-guangzhou"
OTHER_REGION = "ap-beijing"
APPID = "1250000000"
SECOND_APPID = "1250000001"
ROOT_UIN = "100000000001"
SECOND_UIN = "100000000002"
SUB_UIN = "100000000011"
MIB = 1024 * 1024

LOG_WAIT_SECONDS_MAX = 10

# The SDK writes every refusal, which is what most of these tests are about, to the root logger.
logging.getLogger("qcloud_cos").setLevel(logging.CRITICAL)


def required(name):
    """A variable of the runner. Without it nothing can pass."""
    value = os.environ.get(name)
    if not value:
        raise RuntimeError(f"{name} is not set; conformance/README.md says what the runner sets")
    return value


ENDPOINT = urlsplit(required("COSETTE_ENDPOINT"))
REQUEST_LOG = required("COSETTE_REQUEST_LOG")
ACCOUNTS = {
    name: (required(f"{prefix}_SECRET_ID"), required(f"{prefix}_SECRET_KEY"))
    for name, prefix in [("root", "COSETTE"), ("second", "COSETTE_SECOND"), ("sub", "COSETTE_SUB")]
}


def principal(owner, sub=None):
    return f"qcs::cam::uin/{owner}:uin/{sub or owner}"


def quoted_md5(data):
    return f'"{hashlib.md5(data).hexdigest()}"'


def pattern(size, salt=0):
    """Bytes that differ from place to place, and from salt to salt."""
    block = bytes((i * 31 + (i >> 8) + salt) & 0xFF for i in range(65_521))
    return (block * (size // len(block) + 1))[:size]


def config(account="root", region=REGION, **options):
    """Brought to the server as an HTTP proxy, so that the service's own hosts are sent and signed."""
    secret_id, secret_key = ACCOUNTS[account]
    settings = {
        "Region": region,
        "SecretId": secret_id,
        "SecretKey": secret_key,
        "Scheme": "http",
        "Proxies": {"http": f"http://{ENDPOINT.netloc}"},
    }
    return CosConfig(**{**settings, **options})


def client(account="root", region=REGION, **options):
    return CosS3Client(config(account, region, **options), retry=1)


def anonymous(host, path, method="GET"):
    """One unsigned request to the server with a host of our choice: status, headers, body."""
    connection = http.client.HTTPConnection(ENDPOINT.hostname, ENDPOINT.port, timeout=60)
    try:
        connection.request(method, path, headers={"Host": host})
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read()
    finally:
        connection.close()


def fetch(url):
    """A GET of an absolute URL, as it is: status, headers, body."""
    host, _, path = url.removeprefix("http://").partition("/")
    return anonymous(host, "/" + path)


def closed_port():
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Bucket:
    """A bucket, its region, and the two ways a test names objects in it."""

    def __init__(self, name, region):
        self.name = name
        self.region = region
        self.host = f"{name}.cos.{region}.myqcloud.com"

    def at(self, key):
        return {"Bucket": self.name, "Key": key}

    def source(self, key, version=None):
        source = {"Bucket": self.name, "Region": self.region, "Key": key}
        return {**source, "VersionId": version} if version else source


class CosTestCase(unittest.TestCase):
    """Buckets that are removed after the test, and the assertions that replies have to stand."""

    maxDiff = None

    def setUp(self):
        self.root = client("root")
        self.second = client("second")
        self.sub = client("sub")

    def bucket(self, region=REGION, owner="root", versioning=None, **params):
        appid = SECOND_APPID if owner == "second" else APPID
        bucket = Bucket(f"conf-{uuid.uuid4().hex[:12]}-{appid}", region)
        own = client(owner, region)
        own.create_bucket(Bucket=bucket.name, **params)
        self.addCleanup(self._remove, bucket, own)
        if versioning:
            own.put_bucket_versioning(Bucket=bucket.name, Status=versioning)
        return bucket

    def _remove(self, bucket, own):
        for upload in own.list_multipart_uploads(Bucket=bucket.name).get("Upload", []):
            own.abort_multipart_upload(Bucket=bucket.name, Key=upload["Key"], UploadId=upload["UploadId"])
        while True:
            page = own.list_objects_versions(Bucket=bucket.name)
            found = page.get("Version", []) + page.get("DeleteMarker", [])
            if not found:
                break
            for item in found:
                version = {"VersionId": item["VersionId"]} if item["VersionId"] else {}
                own.delete_object(Bucket=bucket.name, Key=item["Key"], **version)
        own.delete_bucket(Bucket=bucket.name)

    def of(self, bucket):
        """The root account's client for a bucket's region."""
        return self.root if bucket.region == REGION else client("root", bucket.region)

    def put(self, bucket, key, data, **params):
        reply = self.of(bucket).put_object(Body=data, **bucket.at(key), **params)
        self.assertEqual(reply["ETag"], quoted_md5(data))
        return reply

    def read(self, bucket, key, by=None, **params):
        reply = (by or self.of(bucket)).get_object(**bucket.at(key), KeySimplifyCheck=False, **params)
        return reply["Body"].get_raw_stream().read()

    def head(self, bucket, key, **params):
        return self.of(bucket).head_object(**bucket.at(key), **params)

    def visit(self, bucket, key):
        """The status of an anonymous GET."""
        return anonymous(bucket.host, "/" + quote(key, safe="/"))[0]

    def keys(self, bucket):
        listing = self.of(bucket).list_objects(Bucket=bucket.name)
        self.assertEqual(listing["IsTruncated"], "false")
        return [item["Key"] for item in listing.get("Contents", [])]

    def copy_in_one_part(self, bucket, key, source, **params):
        """A multipart copy of the whole source in one part, started with `params`."""
        cos = self.of(bucket)
        upload = cos.create_multipart_upload(**bucket.at(key), **params)["UploadId"]
        part = cos.upload_part_copy(**bucket.at(key), PartNumber=1, UploadId=upload, CopySource=source)
        parts = {"Part": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        return cos.complete_multipart_upload(**bucket.at(key), UploadId=upload, MultipartUpload=parts)

    def assert_refused(self, status, code, operation, **params):
        """The service refuses: status, code, message, resource and request id can be read from the error."""
        with self.assertRaises(CosServiceError) as raised:
            operation(**params)
        error = raised.exception
        self.assertEqual(error.get_status_code(), status, str(error))
        if code is not None:
            self.assertEqual(error.get_error_code(), code, error.get_error_msg())
            for detail in (error.get_error_msg(), error.get_resource_location(), error.get_request_id()):
                self.assertTrue(detail)
                self.assertNotEqual(detail, "Unknown")
        return error

    def assert_absent(self, bucket, key):
        self.assert_refused(404, None, self.of(bucket).head_object, **bucket.at(key))

    def snapshot(self, bucket):
        """All that can be seen in a bucket: objects, versions, uploads and their parts."""
        cos = self.of(bucket)
        uploads = cos.list_multipart_uploads(Bucket=bucket.name).get("Upload", [])
        parts = [
            cos.list_parts(**bucket.at(upload["Key"]), UploadId=upload["UploadId"]).get("Part", [])
            for upload in uploads
        ]
        versions = cos.list_objects_versions(Bucket=bucket.name)
        objects = cos.list_objects(Bucket=bucket.name)
        return objects.get("Contents"), versions.get("Version"), versions.get("DeleteMarker"), uploads, parts

    def assert_unchanged(self, buckets, action):
        before = [self.snapshot(bucket) for bucket in buckets]
        result = action()
        self.assertEqual([self.snapshot(bucket) for bucket in buckets], before)
        return result


def _log_entries():
    with open(REQUEST_LOG, encoding="utf-8") as log:
        text = log.read()
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines() if line]


def _mark():
    """Sends a request that can be recognised in the log and waits until it is there, and so all before it."""
    path = f"/marker-{uuid.uuid4()}"
    anonymous("marker-1250000000.cos.ap-guangzhou.myqcloud.com", path, "HEAD")
    deadline = time.monotonic() + LOG_WAIT_SECONDS_MAX
    while True:
        entries = _log_entries()
        at = next((i for i, entry in enumerate(entries) if entry["path"] == path), None)
        if at is not None:
            return entries, at
        if time.monotonic() > deadline:
            raise AssertionError(f"the request log {REQUEST_LOG} never showed {path}")
        time.sleep(0.02)


def requests_during(buckets, action):
    """Runs `action`; gives the requests of these buckets that the server logged meanwhile, as (method, key, query)."""
    _, before = _mark()
    action()
    entries, after = _mark()
    hosts = tuple(f"{bucket.name}." for bucket in buckets)
    return [
        (entry["method"], unquote(entry["path"]).lstrip("/"), parse_qs(entry["query"] or "", keep_blank_values=True))
        for entry in entries[before + 1 : after]
        if entry["host"].startswith(hosts)
    ]
