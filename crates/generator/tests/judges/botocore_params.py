"""Validates the API target's files with botocore's own parameter validation: python botocore_params.py FOLDER."""

import json
import pathlib
import sys

import botocore.session
from botocore.validate import ParamValidator

folder = pathlib.Path(sys.argv[1])
service = botocore.session.get_session().get_service_model("appmesh")
calls = {
    "create-route": "CreateRoute",
    "create-virtual-node": "CreateVirtualNode",
    "create-virtual-router": "CreateVirtualRouter",
    "create-virtual-service": "CreateVirtualService",
    "drop-all": "UpdateMesh",
}


def check(operation, parameters):
    report = ParamValidator().validate(parameters, service.operation_model(operation).input_shape)
    return report.generate_report()


def must_pass(operation, parameters, where):
    report = check(operation, parameters)
    if report:
        sys.exit(f"{where}: {report}")


refused = 0
for name, operation in calls.items():
    files = sorted((folder / name).glob("*.json"))
    for file in files:
        parameters = json.loads(file.read_text())
        must_pass(operation, parameters, file)
    # The judge is awake: with an unknown key the same file is refused.
    parameters["spec"]["unknown"] = 1
    refused += bool(check(operation, parameters))
    print("update-mesh" if name == "drop-all" else name, len(files))

backends = json.loads((folder / "backends.json").read_text())
for caller, services in backends.items():
    node = {"meshName": "shop", "virtualNodeName": caller, "spec": {"backends": services}}
    must_pass("UpdateVirtualNode", node, caller)
print("update-virtual-node", len(backends))
refused += bool(check("UpdateVirtualNode", {"meshName": "shop", "virtualNodeName": "x", "spec": {"backends": [{}, 1]}}))
print("refused", refused)
