"""Runs the real `coscmd` program with a configuration of its own, brought to the server by HTTP_PROXY."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from support import ACCOUNTS, ENDPOINT, CosTestCase

COMMAND_SECONDS_MAX = 120


def program():
    path = shutil.which("coscmd")
    if path is None:
        raise RuntimeError("coscmd is not on PATH; conformance/README.md says how to install it")
    return path


class CoscmdTestCase(CosTestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="cosette-conformance-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.room = self.bucket()
        self.configure(self.room)

    def configure(self, bucket, account="root"):
        """`coscmd config`, as a user would. The commands after it are for this bucket."""
        secret_id, secret_key = ACCOUNTS[account]
        options = ["-a", secret_id, "-s", secret_key, "-b", bucket.name, "-r", bucket.region]
        self.run_coscmd("config", *options, "--do-not-use-ssl", "--retry", "2")

    def run_coscmd(self, *arguments, status=0):
        """Runs one command, which has to end with `status`; gives what it printed."""
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        environment.update(
            HOME=str(self.folder),
            HTTP_PROXY=f"http://{ENDPOINT.netloc}",
            http_proxy=f"http://{ENDPOINT.netloc}",
            PYTHONIOENCODING="utf-8",
        )
        files = ["-c", str(self.folder / "cos.conf"), "-l", str(self.folder / "cos.log")]
        done = subprocess.run(
            [program(), *files, *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS_MAX,
        )
        told = done.stdout.decode("utf-8", "replace")
        self.assertEqual(done.returncode, status, f"coscmd {' '.join(arguments)}\n{told}")
        return told

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)
