"""Validates documents for a cluster with the definitions of their own projects: python cluster_schemas.py DEFINITIONS FOLDER.

Unknown fields are refused, as `kubectl apply --validate=strict` does.
"""

import collections
import copy
import functools
import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

definitions, folder = map(pathlib.Path, sys.argv[1:])
KUBERNETES = "1.33"


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


def opened(schema):
    """A custom resource's schema says nothing of its metadata, which is that of every object."""
    schema["properties"].update(apiVersion={}, kind={}, metadata={"type": "object"})
    return schema


def definition(kind):
    """The schema of a kind, from the file of the project that has it."""
    if kind in FILES:
        return json.loads((definitions / FILES[kind]).read_text())
    text = (definitions / "istio_all.yaml").read_text()
    for part in text.split("\n---\n"):
        # All but the wanted ones of some twenty thousand lines stay unparsed.
        if f"\n    kind: {kind}\n" in part:
            versions = yaml.load(part, yaml.CSafeLoader)["spec"]["versions"]
            return next(version for version in versions if version["name"] == "v1")["schema"]["openAPIV3Schema"]
    sys.exit(f"no definition of {kind}")


FILES = {
    "CiliumNetworkPolicy": "ciliumnetworkpolicy_v2.json",
    "ApplicationNetworkPolicy": "applicationnetworkpolicy_v1alpha1.json",
}


@functools.cache
def validator(kind):
    return jsonschema.Draft202012Validator(strict(opened(definition(kind))))


def fault(document):
    if document["kind"] == "NetworkPolicy":
        try:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            return error.message
        return None
    for error in validator(document["kind"]).iter_errors(document):
        return f"{error.json_path}: {error.message}"
    return None


def worse(document):
    """The same with an unknown key in its specification, which a judge that is awake refuses."""
    worse = copy.deepcopy(document)
    worse["spec"]["unknown"] = 1
    return worse


counts = collections.Counter()
for file in sorted(folder.rglob("*.yaml")):
    for document in yaml.safe_load_all(file.read_text()):
        found = fault(document)
        if found:
            sys.exit(f"{file}: {found}")
        counts[document["kind"]] += 1
        counts["refused"] += bool(fault(worse(document)))
for kind, count in sorted(counts.items()):
    print(kind, count)
