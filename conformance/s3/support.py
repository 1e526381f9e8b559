"""What the S3 suites share: where the server is, clients, buckets of one's own, and programs run as a user runs them."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1024 * 1024
PROGRAM_SECONDS_MAX = 180


def required(name):
    """A variable of the runner. Without it nothing can pass."""
    value = os.environ.get(name)
    if not value:
        raise RuntimeError(f"{name} is not set; conformance/README.md says what the runner sets")
    return value


ENDPOINT = required("COSETTE_ENDPOINT")
HOST = urlsplit(ENDPOINT).netloc
KEY_ID, SECRET = required("COSETTE_SECRET_ID"), required("COSETTE_SECRET_KEY")
SECOND_KEY_ID, SECOND_SECRET = required("COSETTE_SECOND_SECRET_ID"), required("COSETTE_SECOND_SECRET_KEY")


def pattern(size, salt=0):
    """Bytes that differ from place to place, and from salt to salt."""
    block = bytes((i * 31 + (i >> 8) + salt) & 0xFF for i in range(65_521))
    return (block * (size // len(block) + 1))[:size]


def quoted_md5(data):
    return f'"{hashlib.md5(data).hexdigest()}"'


def client(key_id=KEY_ID, secret=SECRET, region="us-east-1", **options):
    """boto3 with its default settings, checksums included."""
    settings = {"retries": {"max_attempts": 1}, **options}
    return boto3.client(
        "s3",
        endpoint_url=ENDPOINT,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        region_name=region,
        config=Config(**settings),
    )


def http(url, data=None, method=None, headers=None):
    """One request by nobody's client: status and body."""
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class S3TestCase(unittest.TestCase):
    """Buckets that are emptied and removed after the test, and a folder for files."""

    maxDiff = None

    def setUp(self):
        self.s3 = client()
        self.folder = Path(tempfile.mkdtemp(prefix="cosette-s3-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def bucket(self, name=None, versioned=False):
        name = name or f"conf-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=name)
        self.addCleanup(self.remove, name)
        if versioned:
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def remove(self, name):
        for upload in self.s3.list_multipart_uploads(Bucket=name).get("Uploads", []):
            self.s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
        while True:
            page = self.s3.list_object_versions(Bucket=name)
            found = page.get("Versions", []) + page.get("DeleteMarkers", [])
            if not found:
                break
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            gone = self.s3.delete_objects(Bucket=name, Delete={"Objects": objects})
            self.assertNotIn("Errors", gone)
        self.s3.delete_bucket(Bucket=name)

    def file(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    def keys(self, bucket):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def data(self, bucket, key, **options):
        return self.s3.get_object(Bucket=bucket, Key=key, **options)["Body"].read()

    def refused(self, code, status, call, *args, **kwargs):
        """The call fails with that code and that status."""
        with self.assertRaises(ClientError) as caught:
            call(*args, **kwargs)
        error = caught.exception.response
        self.assertEqual((error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]), (code, status), error)
        self.assertTrue(error["ResponseMetadata"].get("RequestId"))
        return error

    def run_program(self, *command, environment=None, fails=False):
        """A program as a user runs it; its output."""
        foreign = lambda name: name.lower().endswith("_proxy") or name.startswith("AWS_")
        env = {k: v for k, v in os.environ.items() if not foreign(k)}
        env.update({"HOME": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})})
        done = subprocess.run(
            [str(word) for word in command],
            env=env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PROGRAM_SECONDS_MAX,
            check=False,
        )
        told = f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
        self.assertEqual(done.returncode != 0, fails, told)
        return done.stdout


def program(name):
    """A program that was installed beside this Python, or by the system."""
    beside = Path(sys.executable).parent / name
    if beside.exists():
        return str(beside)
    found = shutil.which(name)
    if not found:
        raise RuntimeError(f"{name} is not installed; conformance/README.md says how")
    return found
