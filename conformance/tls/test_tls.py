"""TLS as users of each client meet it: an authority of one's own, told to each client in the way that it understands,
and a certificate that changes while the server serves."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import SSLError

MIB = 1024 * 1024
SECONDS_MAX = 120
HERE = Path(__file__).parent


def required(name):
    """A variable of the runner. Without it nothing can pass."""
    value = os.environ.get(name)
    if not value:
        raise RuntimeError(f"{name} is not set; conformance/README.md says what the runner sets")
    return value


ENDPOINT = required("COSETTE_ENDPOINT")
ADDRESS = urlsplit(ENDPOINT)
CERTIFICATES = Path(required("COSETTE_CERTIFICATES"))
COS_PYTHON = required("COSETTE_COS_PYTHON")
KEY_ID, SECRET = required("COSETTE_SECRET_ID"), required("COSETTE_SECRET_KEY")
# How each client is told whom to trust.
NODE, PYTHON, RCLONE = "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"


def authority(number):
    return str(CERTIFICATES / f"ca-{number}.pem")


def shown():
    """The certificate that a new connection is shown."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((ADDRESS.hostname, ADDRESS.port), timeout=60) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))


def show(number):
    """Gives the server another certificate, and waits until it shows it."""
    # The key first: whoever reads between the two finds a pair that does not fit and keeps what he has.
    for name in ("key", "chain"):
        new = CERTIFICATES / f"{name}.new"
        shutil.copy(CERTIFICATES / f"{name}-{number}.pem", new)
        os.replace(new, CERTIFICATES / f"{name}.pem")
    wanted = (CERTIFICATES / f"chain-{number}.pem").read_text()
    deadline = time.monotonic() + SECONDS_MAX
    while shown().strip() != wanted.strip():
        if time.monotonic() > deadline:
            raise AssertionError("the new certificate was never shown")
        time.sleep(0.05)


def client(number, **options):
    return boto3.client(
        "s3",
        endpoint_url=ENDPOINT,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
        verify=authority(number),
        config=Config(retries={"max_attempts": 1}, **options),
    )


class Tls(unittest.TestCase):
    def setUp(self):
        show(1)
        self.folder = Path(tempfile.mkdtemp(prefix="cosette-tls-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.s3 = client(1)
        self.name = f"conf-{uuid.uuid4().hex[:12]}-1250000000"
        place = {"LocationConstraint": "ap-guangzhou"}
        self.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration=place)
        self.addCleanup(self.remove)

    def remove(self):
        show(1)
        listed = self.s3.list_objects_v2(Bucket=self.name)
        for entry in listed.get("Contents", []):
            self.s3.delete_object(Bucket=self.name, Key=entry["Key"])
        self.s3.delete_bucket(Bucket=self.name)

    def keys(self):
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.name).get("Contents", [])]

    def run_program(self, *command, environment, fails=False):
        """A program as a user runs it; what it says."""
        ours = {NODE, PYTHON, RCLONE, "AWS_CA_BUNDLE"}
        foreign = lambda name: name.lower().endswith("_proxy") or name.startswith("AWS_") or name in ours
        env = {name: value for name, value in os.environ.items() if not foreign(name)}
        env.update({"HOME": str(self.folder), "BUCKET": self.name, **environment})
        done = subprocess.run(
            [str(word) for word in command],
            env=env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        told = f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
        self.assertEqual(done.returncode != 0, fails, told)
        return told

    def trusted(self, variable, *command, environment=None):
        """The program does its work if it trusts the authority, and else sends nothing, and says why."""
        environment = environment or {}
        for other in ({}, {variable: authority(2)}):
            told = self.run_program(*command, environment={**environment, **other}, fails=True)
            self.assertRegex(told.lower(), "certificate")
            self.assertEqual(self.keys(), [], told)
        return self.run_program(*command, environment={**environment, variable: authority(1)})

    def test_the_node_sdk(self):
        self.assertIn("transferred", self.trusted(NODE, "node", HERE / "transfer.mjs"))
        self.assertEqual(self.keys(), ["node/copy", "node/中 1.jpg"])

    def test_the_python_sdk(self):
        self.assertIn("transferred", self.trusted(PYTHON, COS_PYTHON, HERE / "transfer.py"))
        self.assertEqual(self.keys(), ["python/copy", "python/中 1.jpg"])

    def test_rclone(self):
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
        (self.folder / "tree").mkdir()
        for number in range(5):
            (self.folder / "tree" / f"ü {number}").write_bytes(os.urandom(MIB))
        rclone = shutil.which("rclone")
        words = (rclone, "copy", self.folder / "tree", f"c:{self.name}/tree")
        self.trusted(RCLONE, *words, environment=environment)
        environment[RCLONE] = authority(1)
        self.run_program(rclone, "check", self.folder / "tree", f"c:{self.name}/tree", environment=environment)
        self.run_program(rclone, "move", f"c:{self.name}/tree", f"c:{self.name}/moved", environment=environment)
        self.assertEqual(self.keys(), [f"moved/ü {number}" for number in range(5)])

    def test_boto3(self):
        body = os.urandom(3 * MIB)
        self.s3.put_object(Bucket=self.name, Key="a", Body=body)
        self.s3.copy_object(Bucket=self.name, Key="b", CopySource=f"{self.name}/a")
        self.assertEqual(self.s3.get_object(Bucket=self.name, Key="b")["Body"].read(), body)
        with self.assertRaises(SSLError):
            client(2).put_object(Bucket=self.name, Key="c", Body=body)
        # By the variable that aws-cli reads, too.
        code = "import boto3, sys; print(boto3.client('s3', endpoint_url=sys.argv[1]).list_buckets()['Buckets'])"
        environment = {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CA_BUNDLE": authority(1),
        }
        told = self.run_program(sys.executable, "-c", code, ENDPOINT, environment=environment)
        self.assertIn(self.name, told)
        self.assertEqual(self.keys(), ["a", "b"])

    def test_a_new_certificate_while_it_serves(self):
        body = os.urandom(24 * MIB)
        self.s3.put_object(Bucket=self.name, Key="large", Body=body)
        # A download that is under way, and a connection that is kept.
        under_way = self.s3.get_object(Bucket=self.name, Key="large")["Body"]
        first = under_way.read(MIB)
        show(2)
        with self.assertRaises(SSLError):
            client(1).head_bucket(Bucket=self.name)
        renewed = client(2)
        renewed.put_object(Bucket=self.name, Key="later", Body=b"later")
        self.assertEqual(first + under_way.read(), body)
        self.assertEqual(renewed.get_object(Bucket=self.name, Key="later")["Body"].read(), b"later")

    def test_plain_http_gets_nothing(self):
        with socket.create_connection((ADDRESS.hostname, ADDRESS.port), timeout=60) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            received = plain.makefile("rb").read()
        self.assertNotIn(b"HTTP/", received)
