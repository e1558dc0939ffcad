"""A real S3 server for a test: moto's, on a free port, with a bucket `drover`. Prints its address; SIGTERM ends it."""
import signal

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"
boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="id", aws_secret_access_key="secret").create_bucket(Bucket="drover")
print(url, flush=True)
signal.sigwait({signal.SIGTERM, signal.SIGINT})
