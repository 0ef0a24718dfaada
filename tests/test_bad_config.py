"""A configuration that cannot be used: exit 2, and a message that names file, key, what was found and what is allowed."""

from pathlib import Path

import pytest

from pipeline.config import ConfigError, load
from tests.town import CONFIG, Town

# name → (what stands in kadoma.toml, what is put in its place, how the message goes on after the file's name)
MISTAKES: dict[str, tuple[str, str, str]] = {
    "an unknown key": ("burst_limit = 12", "burst_limits = 12", "delivery.burst_limits: found an unknown key; allowed: a table with stale_after, burst_limit, "),
    "an unknown table": ("[delivery]", "[deliveries]", "deliveries: found an unknown key; allowed: a table with site, line, "),
    "a word for a number": ("burst_limit = 12", 'burst_limit = "many"', "delivery.burst_limit: found 'many'; allowed: a whole number from 1"),
    "a number for a word": ('open = "09:00"', "open = 9", 'policy.hours.open: found 9; allowed: a time such as "09:00"'),
    "a number below what is possible": ("burst_limit = 12", "burst_limit = 0", "delivery.burst_limit: found 0; allowed: a whole number from 1"),
    "a number beyond what is possible": ("pause = 0\n", "pause = 61\n", "site.pause: found 61; allowed: a number from 0 to 60"),
    "a word for a switch": ("push = false", 'push = "yes"', "state.push: found 'yes'; allowed: true or false"),
    "a list for a word": ('account = "@kadoma_city"', 'account = ["@kadoma_city"]', "line.account: found ['@kadoma_city']; allowed: an account ID that begins with @"),
    "a word for a list": ("exclude_tags = []", 'exclude_tags = "入札"', "policy.content.exclude_tags: found '入札'; allowed: a list of text"),
    "an account without @": ('account = "@kadoma_city"', 'account = "kadoma_city"', "line.account: found 'kadoma_city'; allowed: an account ID that begins with @"),
    "a kind that does not exist": ('kind = "feed"', 'kind = "atom"', "site.sources[1].kind: found 'atom'; allowed: 'feed', 'html', 'smart-cms'"),
    "a weekday that does not exist": ('"mon", ', '"monday", ', "policy.hours.days[0]: found 'monday'; allowed: 'fri', 'mon', "),
    "a missing key": ('version = "令和5年1月31日"', "", "policy.version: found nothing; allowed: text"),
    "a duration without a unit": ('min_interval = "60m"', 'min_interval = "60"', "delivery.min_interval: found '60'; allowed: a number and s, m, h or d, such as \"60m\""),
    "an hour that does not exist": ('open = "09:00"', 'open = "25:00"', "policy.hours.open: found '25:00'; allowed: a time such as \"09:00\""),
    "a close before the opening": ('close = "17:30"', 'close = "08:00"', "policy.hours: found '09:00-08:00'; allowed: open before close"),
    "a day that does not exist": ("closed = []", 'closed = ["2027-02-30"]', 'policy.hours.closed[0]: found \'2027-02-30\'; allowed: "2027-05-06", '),
    "a poster that is no list": ('"総務部収納課" = []', '"総務部収納課" = "taro"', "policy.posters.総務部収納課: found 'taro'; allowed: a list of text"),
    "the site's host missing": ("hosts = [", 'hosts = ["www.example.org"] # [', "site.hosts: found ['www.example.org']; allowed: a list that holds the host of site.url "),
    "no host at all": ("hosts = [", "hosts = [] # [", "site.hosts: found []; allowed: a list of text (1 or more)"),
    "plain http": ("api = ", 'api = "http://api.example.org" # ', "line.api: found 'http://api.example.org'; allowed: https://…, or http:// on a loopback address"),
    "no address at all": ("api = ", 'api = "api.line.me" # ', "line.api: found 'api.line.me'; allowed: https://…"),
    "a path in LINE's address": ("api = ", 'api = "https://api.example.org/v2" # ', "line.api: found 'https://api.example.org/v2'; allowed: scheme and host only"),
    "a source on another host": ('url = "/index.update.json"', 'url = "https://www.example.org/a.json"', "site.sources[0].url: found 'https://www.example.org/a.json'; allowed: a path "),
    "an html source without selectors": ('kind = "feed"', 'kind = "html"', "site.sources[1].select: found None; allowed: a table such as { item = "),
    "a fallback that comes first": ('url = "/index.update.json"', 'url = "/index.update.json"\nfallback = true', "site.sources[0].fallback: found True; allowed: false"),
    "full-width digits": ('open = "09:00"', 'open = "0９:00"', "policy.hours.open: found '0９:00'; allowed: a time such as"),
    "full-width digits of a span": ('min_interval = "60m"', 'min_interval = "６0m"', "delivery.min_interval: found '６0m'; allowed: a number and s, m, h or d"),
    "half an address": ("api = ", 'api = "https://[" # ', "line.api: found 'https://['; allowed: https://…"),
    "an address without a host": ("api = ", 'api = "https://" # ', "line.api: found 'https://'; allowed: https://…"),
    "an address with a user": ("api = ", 'api = "https://a:b@api.example.org" # ', "line.api: found 'https://***@api.example.org'; allowed: https://…"),
    "an address with a wrong port": ("api = ", 'api = "https://api.example.org:99999" # ', "line.api: found 'https://api.example.org:99999'; allowed: https://…"),
    "a full-width address": ("api = ", 'api = "https://ａpi.example.org" # ', "line.api: found 'https://ａpi.example.org'; allowed: https://…"),
    "an empty word that every title has": ("exclude_titles = []", 'exclude_titles = [""]', "policy.content.exclude_titles[0]: found ''; allowed: text that is not empty"),
    "a blank tag": ("exclude_tags = []", 'exclude_tags = ["入札", "　"]', "policy.content.exclude_tags[1]: found '\\u3000'; allowed: text that is not empty"),
    "an empty path that every address has": ("exclude_paths = []", 'exclude_paths = [""]', "policy.content.exclude_paths[0]: found ''; allowed: text that is not empty"),
    "a path without a slash": ("exclude_paths = []", 'exclude_paths = ["nyusatsu/"]', "policy.content.exclude_paths[0]: found 'nyusatsu/'; allowed: a path of the site that begins with /"),
    "the same word twice": ("exclude_titles = []", 'exclude_titles = ["入札", "入札"]', "policy.content.exclude_titles[1]: found '入札'; allowed: each only once"),
    "an empty name": ('person = "企画財政部魅力発信課長"', 'person = " "', "policy.responsible.person: found ' '; allowed: text that is not empty"),
    "no day at all": ('days = ["mon", "tue", "wed", "thu", "fri"]', "days = []", "policy.hours.days: found []; allowed: a list of "),
    "closed the whole year": ("closed = []", 'closed = ["01-03/12-29"]', "policy.hours.closed[0]: found '01-03/12-29'; allowed: \"2027-05-06\", "),
    "a closure that ends before it begins": ("closed = []", 'closed = ["2027-05-08/2027-05-06"]', "policy.hours.closed[0]: found '2027-05-08/2027-05-06'; allowed: "),
    "hours in which nothing can go out": ('close = "17:30"', 'close = "09:05"', "delivery.close_margin: found '5m'; allowed: less than the posting hours last (09:00-09:05)"),
    "everything is old at once": ('stale_after = "7d"', 'stale_after = "0d"', "delivery.stale_after: found '0d'; allowed: from \"1h\" to \"3650d\""),
    "a span beyond all dates": ('stale_after = "7d"', 'stale_after = "999999d"', "delivery.stale_after: found '999999d'; allowed: from"),
    "no patience": ("push = false", 'timeout = "0s"\npush = false', "state.timeout: found '0s'; allowed: from \"1s\" to \"10m\""),
    "no number": ("pause = 0\n", "pause = nan\n", "site.pause: found nan; allowed: a number from 0 to 60"),
    "a branch that is an option": ('branch = "main"', 'branch = "--force"', "state.branch: found '--force'; allowed: the name of a branch"),
    "no TOML": ("[delivery]", "[delivery", "not valid TOML: "),
}  # fmt: skip


# The same kinds of mistake elsewhere: the rule alone is asked.
HOSTS, API, INDEX = 'hosts = ["www.city.kadoma.osaka.jp"', 'api = "https://api.line.me"', 'url = "/index.update.json"'
LIST = '[[site.sources]]\nkind = "smart-cms"                               # smart-cms | feed | html\nurl = "/index.update.json"\n'
WHOLE_YEAR = '["01-01/02-28", "02-29/04-28", "04-29/06-26", "06-27/08-24", "08-25/10-22", "10-23/12-20", "12-21/12-31"]'
MORE: dict[str, tuple[str, str, str]] = {
    **{
        f"a host that is {what}": (HOSTS, f'{HOSTS}, "{host}"', f"site.hosts[1]: found '{host}'; allowed: a name such as ")
        for what, host in {
            "an address": "https://www.city.example.jp", "in capitals": "WWW.CITY.EXAMPLE.JP", "a pattern": "*.example.jp",
            "a path": "example.jp/a", "a port beyond all": "example.jp:99999", "padded": " example.jp", "wide": "ｅxample.jp",
        }.items()
    },
    **{
        f"LINE at {address}": (API, f'api = "{address}"', f"line.api: found '{address}'; allowed: ")
        for address in (
            "https://api.line.me/", "https://api.line.me?", "https://api.line.me#", "https://api.line.me:0", "HTTP://api.line.me",
            "https://.line.me", "https://api..line.me", "https://-", "https://api.line.me:x", "http://localhost.example.jp",
        )
    },
    **{
        f"a list at {address}": (INDEX, f'url = "{address}"', f"site.sources[0].url: found '{address}'; allowed: a path that begins with /")
        for address in (
            "//example.jp/a.json", "/index update.json", "/a.json#b", "https://[", "http://www.city.kadoma.osaka.jp/a.json",
            "ftp://www.city.kadoma.osaka.jp/a.json", "／index.json",
        )
    },
    **{
        f"a branch {name}": ('branch = "main"', f'branch = "{name}"', f"state.branch: found '{name}'; allowed: the name of a branch")
        for name in ("a..b", "refs/heads/main", "main.lock", "main/", "a//b", "本番", "main ")
    },
    **{
        f"a poster {name}": ('["kiki"]', f'["{name}"]', f"policy.posters.総務部危機管理課: found ['{name}']; allowed: GitHub logins")
        for name in ("", "@kiki", "ki ki", "kiki@example.jp", "危機")
    },
    "a list twice": (LIST, LIST + LIST, "site.sources[1].url: found '/index.update.json'; allowed: each only once"),
    "a list in two spellings": (LIST, LIST + LIST.replace('"/index', '"https://www.city.kadoma.osaka.jp/index'), "site.sources[1].url: found "),
    "closed in seven pieces": ("closed = []", f"closed = {WHOLE_YEAR}", "policy.hours.closed: found "),
    "everything left out": ("exclude_paths = []", 'exclude_paths = ["/"]', "policy.content.exclude_paths: found '/'; allowed: a folder such as"),
    "a category without paths": ('paths = ["/sukusuku/"]', "paths = []", "policy.content.categories[0].paths: found []; allowed: "),
    "a header in the client's name": ("[site]\n", '[site]\nuser_agent = "a\\r\\nX-Y: z"\n', "site.user_agent: found "),
    "a city without a name": ('name = "門真市"', 'name = ""', "site.name: found ''; allowed: text that is not empty"),
    "a rehearsal for everybody": ("[github]", '[rehearsal]\naccount = "@kadoma_city"\n[github]', "rehearsal.account: found '@kadoma_city'; allowed: "),
    "a rehearsal in the real ledger": ("[github]", '[rehearsal]\naccount = "@test"\nstate = "./state/"\n[github]', "rehearsal.state: found './state/'; allowed: "),
    "a rehearsal without @": ("[github]", '[rehearsal]\naccount = "test"\n[github]', "rehearsal.account: found 'test'; allowed: an account ID"),
    "a number beyond 64 bits": ("max_per_day = 6", "max_per_day = 9223372036854775808", "delivery.max_per_day: found 9223372036854775808; allowed: "),
    "a switch for a number": ("max_per_day = 6", "max_per_day = true", "delivery.max_per_day: found True; allowed: a whole number"),
    "a time that is none of text": ('open = "09:00"', "open = 09:00:00", "policy.hours.open: found 09:00:00; allowed: a time such as \"09:00\", in quotation marks"),
    "a day that is none of text": ("closed = []", "closed = [2027-05-06]", "policy.hours.closed[0]: found 2027-05-06; allowed: text, in quotation marks"),
    "a key of the beginning at the end": ("[state]\n", "[state]\nshadow = true\n", "state.shadow: found an unknown key; allowed: a table with push, branch, timeout; shadow stands before the first table"),
    "a block of the handbook pasted below": ("[state]\n", '[policy.posters]\n"総務部危機管理課" = ["kiki"]\n[state]\n', "not valid TOML: Cannot declare ('policy', 'posters') twice (at line "),
    **{
        f"{name} of a Japanese keyboard": ('["kiki"]', new, f"not valid TOML: {problem} (at line 42, column {column}): found '\"総務部危機管理課\" = {new.replace('　', chr(92) + 'u3000')}'; outside quotation marks write {wide!r} as on an English keyboard")
        for name, new, problem, column, wide in (
            ("quotation marks", "[“kiki”]", "Invalid value", 15, "“"), ("a comma", '["kiki"、"koho"]', "Unclosed array", 21, "、"),
            ("a space", '　["kiki"]', "Invalid value", 14, "　"), ("a bracket", '［"kiki"]', "Invalid value", 14, "［"),
        )
    },
    "a key twice": ('branch = "main"', 'branch = "main"\nbranch = "main"', "not valid TOML: "),
    "brackets without end": ("closed = []", f"closed = {'[' * 5000}", "not valid TOML: "),
}  # fmt: skip


@pytest.mark.parametrize("name", MORE)
def test_a_mistake_of_the_same_kind_is_named_as_well(tmp_path: Path, name: str) -> None:
    old, new, message = MORE[name]
    text = CONFIG.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "kadoma.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load(file)
    assert str(told.value).startswith(f"{file}: {message}")


def test_the_mark_that_windows_editors_put_before_a_text_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "kadoma.toml").write_bytes(b"\xef\xbb\xbf" + CONFIG.read_bytes())
    assert load(tmp_path / "kadoma.toml") == load(CONFIG)


@pytest.mark.parametrize("days", ["12-29/01-03", "05-06", "2027-05-06/2027-05-08", "02-29", "08-13/08-16"])
def test_closed_days_as_cities_have_them_are_taken(town: Town, days: str) -> None:
    town.configure(("closed = []", f'closed = ["{days}"]'))
    assert load(town.config).policy.hours.closed == (days,)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_configuration_is_named_and_stops_before_anything_is_done(town: Town, name: str) -> None:
    old, new, message = MISTAKES[name]
    town.configure((old, new))
    result = town.run(code=2)
    assert result.json == {
        "error": {"code": "configuration", "message": result.err.removeprefix("kadoma-line: ").strip()},
        "exit": 2,
    }
    assert result.err.startswith(f"kadoma-line: {town.config}: {message}")
    assert result.err.count("\n") == 1, "one line, no traceback"
    assert town.city.requests == []
    assert not town.state.exists()


def test_plain_http_is_named_for_the_site_too(town: Town) -> None:
    text = town.config.read_text(encoding="utf-8")
    town.config.write_text(text.replace(f'url = "{town.city.url}"', 'url = "http://www.example.org"'), encoding="utf-8")
    assert "site.url: found 'http://www.example.org'; allowed: https://…" in town.run(code=2).err


def test_a_configuration_that_is_not_there_or_not_text_is_named(town: Town) -> None:
    town.config.write_bytes(b"\xff\xfe\x00")
    assert (
        f"{town.config}: line 1: found bytes that are no UTF-8; allowed: a file saved as UTF-8" in town.run(code=2).err
    )
    town.config.unlink()
    assert f"{town.config}: no such file; name the configuration with --config FILE" in town.run(code=2).err


def test_every_command_refuses_a_broken_configuration(town: Town) -> None:
    town.configure(("burst_limit = 12", "burst = 12"))
    for command in (
        ["run"], ["run", "--dry-run"], ["watch", "--for", "1s", "--every", "1s"], ["preview"], ["status"], ["explain", town.city.url],
        ["approve", "x", "--actor", "kiki"], ["reject", "x", "--actor", "kiki"], ["post", "--title", "a", "--text", "b", "--actor", "kiki"],
        ["resolve", "x", "--delivered", "--actor", "kiki"], ["demo"],
    ):  # fmt: skip
        result = town.call(*command, code=2)
        assert "burst" in result.err, command
        assert result.out == "", command


def test_usage_errors_are_exit_2_and_say_what_is_allowed(town: Town) -> None:
    for arguments, words in (
        (["run", "--now", "2026-11-24T09:00:00+09:00"], "--now is only for --dry-run"),
        (["run", "--dry-run", "--now", "tomorrow"], "2026-11-24T09:00:00+09:00"),
        (["run", "--dry-run", "--now", "9999-12-31T23:59:59-23:00"], "2026-11-24T09:00:00+09:00"),
        (["watch", "--for", "an hour"], "a number and s, m, h or d"),
        (["resolve", "b1", "--actor", "kiki"], "--delivered"),
        (["post", "--url", "https://www.example.org/1.html", "--actor", "kiki"], "市ホームページ（127.0.0.1"),
        (["post", "--url", "javascript:alert(1)", "--actor", "kiki"], "ウェブページのURLではありません"),
        (["explain", f"{town.city.url}/never/seen.html"], "これまでに見つけた記事の中にありません"),
        (["explain", "bytes that are no UTF-8: \udcff"], "これまでに見つけた記事の中にありません"),
    ):
        result = town.call(*arguments, code=2)
        assert words in result.err, arguments
        assert "Traceback" not in result.err
        assert result.out == ""
    assert town.line.requests == []


def test_a_sandbox_clock_is_refused_where_an_address_is_not_on_this_machine(town: Town) -> None:
    text = town.config.read_text(encoding="utf-8").replace(town.line.url, "https://api.line.me")
    town.config.write_text(text, encoding="utf-8")
    assert "KADOMA_LINE_SANDBOX_CLOCK is set, but" in town.run(code=2).err
    assert not town.state.exists()
