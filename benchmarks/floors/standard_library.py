"""The second floor: the same as with_requests.py with nothing but the standard library. Usage: standard_library.py URL STATE"""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

url, state = sys.argv[1], Path(sys.argv[2])
known: dict[str, Any] = json.loads(state.read_text()) if state.exists() else {"etag": "", "seen": []}
try:
    answer = urlopen(Request(url, headers={"If-None-Match": known["etag"]}), timeout=20)  # noqa: S310 - the bench's own URL
except HTTPError as error:
    if error.code != 304:  # noqa: PLR2004 - not modified
        raise
else:
    seen = set(known["seen"])
    new = [row["url"] for row in json.load(answer) if row["url"] not in seen]
    print("\n".join(new))
    state.write_text(json.dumps({"etag": answer.headers.get("ETag", ""), "seen": [*known["seen"], *new]}))
