"""Makes the API target's calls with botocore, as `aws appmesh CALL --cli-input-json` would: python appmesh_calls.py URL FOLDER."""

import json
import pathlib
import sys

import botocore.session

url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
client = botocore.session.get_session().create_client(
    "appmesh",
    region_name="us-east-1",
    endpoint_url=url,
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
# What a call refers to must be there before it.
calls = {
    "create-virtual-node": client.create_virtual_node,
    "create-virtual-router": client.create_virtual_router,
    "create-route": client.create_route,
    "create-virtual-service": client.create_virtual_service,
    "update-caller": client.update_virtual_node,
}
for name, call in calls.items():
    files = sorted((folder / name).glob("*.json"))
    for file in files:
        call(**json.loads(file.read_text()))
    if files:
        print(name, len(files))
