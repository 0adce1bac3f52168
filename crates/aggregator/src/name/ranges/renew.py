"""Turns AWS's ip-ranges.json into the list that is bundled: renew.py ip-ranges.json > published.txt

AMAZON lists every range once more, with those that carry other people's content: it is left out.
"""

import json
import sys
from collections import defaultdict
from ipaddress import ip_network

with open(sys.argv[1], encoding="utf-8") as file:
    published = json.load(file)
groups = defaultdict(set)
for entry in published["prefixes"] + published["ipv6_prefixes"]:
    if entry["service"] != "AMAZON":
        prefix = ip_network(entry.get("ip_prefix") or entry["ipv6_prefix"])
        groups[entry["service"], entry["region"]].add(prefix)
print("published", published["createDate"])
for service, region in sorted(groups):
    print(service, region)
    for prefix in sorted(groups[service, region], key=lambda it: (it.version, it)):
        print(prefix)
