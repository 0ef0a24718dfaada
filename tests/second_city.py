"""A made-up second city's `kadoma.toml`, filled in as docs/運用手順.md says (1-3, 1-4, closed days), with the handbook's own blocks.

Needs nothing but Python: `python3 -m tests.second_city` fills in a fresh clone (`tests/debian.py`).
"""

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
HANDBOOK = (ROOT / "docs" / "運用手順.md").read_text(encoding="utf-8")
BLOCKS = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", HANDBOOK, re.DOTALL)]
POSTERS = next(block for block in BLOCKS if "posters" in block.get("policy", {}))
TRIAL = next(block for block in BLOCKS if "shadow" in block)
CLOSED = next(block for block in BLOCKS if "hours" in block.get("policy", {}))
START = "(../examples/another-city.toml)の中身で `kadoma.toml` を置き換え"
NAMED = "`[site]`（市の名前、ホームページ、新着一覧）、`[line]` の `account`、`[policy]` の各表（責任者、投稿者、投稿時間、著作権者、ドメイン、問合先）"

# What the handbook names, as this city has it.
OWN = tomllib.loads("""
[site]
name = "架空市"
url = "https://www.city.kakuu.example.jp"
hosts = ["www.city.kakuu.example.jp"]
[line]
account = "@kakuu_city"
[policy]
url = "https://www.city.kakuu.example.jp/line/unyohoshin.html"
[policy.responsible]
person = "市長公室広報課長"
[policy.hours]
days = ["mon", "tue", "wed", "thu", "fri"]
open = "08:45"
close = "17:00"
[policy.copyright]
holder = "架空市"
[policy.personal_data]
own_domains = ["city.kakuu.example.jp"]
[policy.contact]
tel = "00-0000-1111"
""")


def written(text: str, block: dict[str, Any], table: str = "") -> str:
    """The configuration with what a block says, each key in its place, as a person writes it."""
    for key, value in block.items():
        if isinstance(value, dict):
            text = written(text, value, f"{table}.{key}".lstrip("."))
            continue
        told = str(value).lower() if isinstance(value, bool) else str(value).replace("'", '"')
        told = f'"{told}"' if isinstance(value, str) else told
        name = key if key.isascii() else f'"{key}"'
        begin = rf"^\[{re.escape(table)}\](?:.*)\n(?:(?!\[).*\n)*?" if table else r"\A(?:(?!\[).*\n)*?"
        text, count = re.subn(
            rf"({begin}){re.escape(name)} = \S.*?(?=\s+#|$)",
            rf"\g<1>{name} = {told}",
            text,
            count=1,
            flags=re.MULTILINE,
        )
        assert count, f"{table}.{key} has its place in the configuration"
    return text


def configuration() -> str:
    """The example with what is this city's: its site, its account, its policy, its posters under the handbook's logins, its days."""
    assert START in HANDBOOK
    assert NAMED in HANDBOOK
    text = (ROOT / "examples" / "another-city.toml").read_text(encoding="utf-8")
    example = tomllib.loads(text)["policy"]["posters"]
    offices = [office for office, people in example.items() if people != ["kadoma-line"]]
    posters = dict(zip(offices, POSTERS["policy"]["posters"].values(), strict=True))
    for block in (OWN, {"policy": {"posters": posters}}, CLOSED):
        text = written(text, block)
    return text


if __name__ == "__main__":
    (ROOT / "kadoma.toml").write_text(configuration(), encoding="utf-8")
