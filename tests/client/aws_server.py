"""A real AWS for a test: moto's, on a free port. Prints one line of JSON; the end of its input ends it.

With `--signed` it checks who calls and who may what. It then has one user and one role, whose keys are in the line.
"""
import json
import os
import sys

# Read by moto when it is imported: so many calls are free, those that make the user and the role.
SIGNED = "--signed" in sys.argv
if SIGNED:
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "6"
# Thousands of images are of no use here, and take seconds.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

import boto3
from moto.server import ThreadedMotoServer

ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
NAMES = {"AccessKeyId": "accessKeyId", "SecretAccessKey": "secretAccessKey", "SessionToken": "sessionToken"}


def client(service):
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="id", aws_secret_access_key="secret")


def keys(found):
    return {name: found[known] for known, name in NAMES.items() if known in found}


def user():
    iam = client("iam")
    iam.create_user(UserName="drover")
    iam.put_user_policy(UserName="drover", PolicyName="all", PolicyDocument=ALL)
    return keys(iam.create_access_key(UserName="drover")["AccessKey"])


def role():
    iam = client("iam")
    arn = iam.create_role(RoleName="drover", AssumeRolePolicyDocument=ALL)["Role"]["Arn"]
    iam.put_role_policy(RoleName="drover", PolicyName="all", PolicyDocument=ALL)
    return keys(client("sts").assume_role(RoleArn=arn, RoleSessionName="drover")["Credentials"])


server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"
login = {"url": url, "accessKeyId": "id", "secretAccessKey": "secret"}
if SIGNED:
    login |= {**user(), "role": role()}
print(json.dumps(login), flush=True)
sys.stdin.read()
