"""Validates the Kubernetes target's files with the controller's definitions: python crd_schemas.py DEFINITIONS FOLDER.

Unknown fields are refused, as `kubectl apply --validate=strict` does; each patch is applied to a caller first.
"""

import copy
import pathlib
import sys

import jsonpatch
import jsonschema
import yaml

definitions, folder = map(pathlib.Path, sys.argv[1:])


def strict(schema):
    """The schema with every object closed that lists its properties."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


validators = {}
for file in sorted(definitions.glob("appmesh_*.yaml")):
    for definition in filter(None, yaml.safe_load_all(file.read_text())):
        kind = definition["spec"]["names"]["kind"]
        schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        validators[kind] = jsonschema.Draft202012Validator(strict(schema))


def must_pass(document, where):
    for error in validators[document["kind"]].iter_errors(document):
        sys.exit(f"{where}: {error.json_path}: {error.message}")


refused = 0
for name in ["virtual-nodes.yaml", "virtual-routers.yaml", "virtual-services.yaml"]:
    documents = list(yaml.safe_load_all((folder / name).read_text()))
    for document in documents:
        must_pass(document, name)
        # The judge is awake: with an unknown key the same document is refused.
        worse = copy.deepcopy(document)
        worse["spec"]["unknown"] = 1
        refused += not validators[document["kind"]].is_valid(worse)
    print(documents[0]["kind"], len(documents))

services = {(d["metadata"]["namespace"], d["metadata"]["name"]) for d in documents}
patches = sorted((folder / "backends").rglob("*.yaml"))
for file in patches:
    caller = {
        "apiVersion": "appmesh.k8s.aws/v1beta2",
        "kind": "VirtualNode",
        "metadata": {"name": "caller", "namespace": "shop"},
        "spec": {"backends": [{"virtualService": {"virtualServiceRef": {"name": "ours"}}}]},
    }
    patched = jsonpatch.apply_patch(caller, yaml.safe_load(file.read_text()))
    must_pass(patched, file)
    first, *added = [backend["virtualService"]["virtualServiceRef"] for backend in patched["spec"]["backends"]]
    if first["name"] != "ours" or not added or any((ref["namespace"], ref["name"]) not in services for ref in added):
        sys.exit(f"{file}: expected our backend first and then services of the proposal, found {patched}")
print("patched", len(patches))
print("refused", refused)
