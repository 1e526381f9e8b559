"""The official Python SDK over TLS: an object up, copied, and down again. Whom it trusts comes from the environment."""

import os
from urllib.parse import urlsplit

from qcloud_cos import CosConfig, CosS3Client

endpoint = urlsplit(os.environ["COSETTE_ENDPOINT"])
bucket = os.environ["BUCKET"]
region = "ap-guangzhou"
# The host of the service is sent and signed; the connection goes to this address, whose certificate is asked for.
config = CosConfig(
    Region=region,
    SecretId=os.environ["COSETTE_SECRET_ID"],
    SecretKey=os.environ["COSETTE_SECRET_KEY"],
    Scheme="https",
    IP=endpoint.hostname,
    Port=endpoint.port,
)
cos = CosS3Client(config, retry=1)
body = b"python" * 500_000
cos.put_object(Bucket=bucket, Key="python/中 1.jpg", Body=body)
source = {"Bucket": bucket, "Region": region, "Key": "python/中 1.jpg"}
cos.copy_object(Bucket=bucket, Key="python/copy", CopySource=source)
reply = cos.get_object(Bucket=bucket, Key="python/copy")
assert reply["Body"].get_raw_stream().read() == body
print("transferred")
