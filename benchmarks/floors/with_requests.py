"""The floor: the shortest honest script for a run without news, with requests. No retries, no log, no limits, no memory of
what was sent; prints what is new. Usage: with_requests.py URL STATE"""

import json
import sys
from pathlib import Path
from typing import Any

import requests

url, state = sys.argv[1], Path(sys.argv[2])
known: dict[str, Any] = json.loads(state.read_text()) if state.exists() else {"etag": "", "seen": []}
answer = requests.get(url, headers={"If-None-Match": known["etag"]}, timeout=20)
answer.raise_for_status()
if answer.status_code != requests.codes.not_modified:
    seen = set(known["seen"])
    new = [row["url"] for row in answer.json() if row["url"] not in seen]
    print("\n".join(new))
    state.write_text(json.dumps({"etag": answer.headers.get("ETag", ""), "seen": [*known["seen"], *new]}))
