"""The rehearsal channel: the same run against a second LINE account, with a ledger of its own."""

from datetime import timedelta

from pipeline.sandbox.articles import ARTICLES
from tests.town import Town

TABLE = '\n[rehearsal]\naccount = "@test_channel"\nstate = "rehearsal"\n\n[line]\n'


def test_a_rehearsal_goes_to_the_test_channel_and_leaves_the_real_ledger_as_it_was(town: Town) -> None:
    town.configure(("\n[line]\n", TABLE))
    town.with_baseline()
    before = town.events()
    town.line.basic_id = "@test_channel"  # whose secrets the environment has
    town.now += timedelta(hours=2)
    town.run("--rehearsal", code=0)
    town.publish(ARTICLES[10], at=town.now)
    town.now += timedelta(minutes=5)
    town.run("--rehearsal", code=0)
    assert len(town.line.accepted) == 1
    assert town.events() == before
    assert len(list((town.folder / "rehearsal").glob("ledger-*.jsonl"))) == 1
    town.line.basic_id = "@kadoma_city"
    town.run(code=0)
    assert len(town.line.accepted) == 2  # the residents get it too: the ledgers know nothing of each other


def test_a_rehearsal_with_the_real_channels_secrets_sends_nothing(town: Town) -> None:
    town.configure(("\n[line]\n", TABLE))
    town.publish(*ARTICLES[:10], at=town.now - timedelta(days=20))
    town.now += timedelta(hours=2)
    town.run("--rehearsal", code=0)
    town.publish(ARTICLES[10], at=town.now)
    run = town.run("--rehearsal", code=1)
    assert town.line.accepted == []
    assert "@kadoma_city" in run.out


def test_doctor_and_verify_look_at_what_a_rehearsal_uses(town: Town) -> None:
    town.configure(("\n[line]\n", TABLE))
    town.with_baseline()
    rows = len(town.events())
    town.line.basic_id = "@test_channel"
    town.run("--rehearsal", code=0)
    town.run("--rehearsal", code=0)
    told = {one["check"]: one for one in town.call("doctor", "--rehearsal", json=True).json["checks"]}
    assert "@test_channel" in told["configuration"]["found"]
    assert told["line"]["result"] == "good"
    assert told["ledger"]["looked"] == "rehearsal"
    assert town.call("doctor", json=True, code=1).json["checks"]
    with next((town.folder / "rehearsal").glob("ledger-*.jsonl")).open("a") as damaged:
        damaged.write("{rubbish}\n")
    assert town.call("ledger", "verify", "--rehearsal", code=1).out
    assert town.call("ledger", "verify", code=0).out
    assert len(town.events()) == rows


def test_without_a_test_channel_the_command_says_what_is_missing(town: Town) -> None:
    refused = town.call("run", "--rehearsal", code=2)
    assert "[rehearsal]" in refused.err
    assert "[rehearsal]" in town.call("ledger", "verify", "--rehearsal", code=2).err
    (said,) = town.call("doctor", "--rehearsal", json=True, code=1).json["checks"]
    assert (said["check"], said["result"]) == ("configuration", "wrong")
    assert "[rehearsal]" in said["found"]
