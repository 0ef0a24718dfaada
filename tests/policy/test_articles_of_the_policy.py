"""門真市公式LINEアカウント運用方針, article by article: at least one test bears the name of each that the software must keep."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.article import Item, Page, Picture
from pipeline.config import ConfigError, load, parse
from pipeline.desk import Desk, Draft
from pipeline.ledger.events import Approved
from pipeline.ledger.ledger import Rehearsal
from pipeline.message.render import render
from pipeline.policy.content import basis_of, quotes
from pipeline.policy.posters import PIPELINE, department_of
from pipeline.refusal import Refusal
from pipeline.report.flex_text import cards
from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from pipeline.sources import article_page
from pipeline.sources.answer import Fetched
from tests.doubles.line import BROADCAST, VALIDATE, LineFault
from tests.policy.office import CITY, NIGHT, TUESDAY, Office, config, default_config, url
from tests.town import CONFIG, ROOT, Town

KADOMA = load(CONFIG)
THE_ELEVEN = (
    "企画財政部魅力発信課", "企画財政部ICT推進課", "総務部危機管理課", "総務部収納課", "市民文化部人権市民相談課", "保健福祉部健康増進課",
    "保健福祉部高齢福祉課", "まちづくり部道路公園課", "環境水道部クリーンセンター業務課", "教育部学校教育課", "運営者が認めた者",
)  # fmt: skip


def words(item: Item) -> list[str]:
    return [line for message in render([item], KADOMA).messages for card in cards(message) for line in card]


def test_art_01_02_messages_go_to_friends_and_to_nobody_in_particular() -> None:
    """Broadcasts only: no push, multicast, narrowcast or reply, which would need to know people."""
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "pipeline" / "line").glob("*.py"))
    assert "/v2/bot/message/broadcast" in code
    for other in (
        "push_message",
        "multicast",
        "narrowcast",
        "reply_message",
        "message/push",
        "message/reply",
        "get_profile",
    ):
        assert other not in code


def test_art_03_nothing_is_posted_from_another_account(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    town.line.basic_id = "@another_city"
    result = town.run(code=1)
    assert "line-account" in [alert["code"] for alert in result.json["alerts"]]
    assert [request.path for request in town.line.requests if request.path in (BROADCAST, VALIDATE)] == []
    assert result.decisions()[ARTICLES[20].title] == ("hold", "line-unavailable")
    town.line.basic_id, town.line.premium_id = "@123abc", "@kadoma_city"
    town.run(code=0)
    assert len(town.line.accepted) == 1


def test_art_04_05_responsible_and_operator_stand_in_the_configuration_and_in_what_staff_read(town: Town) -> None:
    assert KADOMA.policy.responsible.person == "企画財政部魅力発信課長"
    assert KADOMA.policy.responsible.operator == "企画財政部魅力発信課"
    told = town.call("status", code=0).out
    assert (
        "責任者：企画財政部魅力発信課長（第4条）　運営者：企画財政部魅力発信課（第5条）　問合先：企画財政部魅力発信課（第13条）"
        in told
    )


def test_art_06_all_eleven_groups_stand_in_the_configuration() -> None:
    assert tuple(KADOMA.policy.posters) == THE_ELEVEN
    assert PIPELINE in KADOMA.policy.posters["運営者が認めた者"]


@pytest.mark.parametrize("posters", [{}, {"": ["taro"]}, {"総務部収納課": [""]}, {"総務部収納課": ["  "]}])
def test_art_06_nobody_posts_under_an_empty_name(posters: dict[str, list[str]]) -> None:
    raw = default_config()
    raw["policy"]["posters"] = posters
    with pytest.raises(ConfigError, match=r"policy\.posters"):
        parse(raw)


def test_art_06_logins_do_not_differ_by_case_and_the_pipeline_decides_nothing_by_hand() -> None:
    posters = {"総務部収納課": ("Taro",), "運営者が認めた者": (PIPELINE, "hanako")}
    assert department_of("taro", posters) == "総務部収納課"
    assert department_of("hanako", posters) == "運営者が認めた者"
    for nobody in ("", " ", "jiro", PIPELINE, PIPELINE.upper()):
        with pytest.raises(Refusal, match="no-poster" if nobody.strip() else "no-actor"):
            department_of(nobody, posters)


def test_art_06_who_is_no_poster_is_refused_at_every_desk_and_who_is_one_is_recorded(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20], at=town.now - timedelta(days=9))
    article = town.run(code=3).json["articles"][0]["id"]
    for command in (
        ("approve", article), ("reject", article), ("resolve", "b1", "--delivered"), ("post", "--title", "題", "--text", "文"),
    ):  # fmt: skip
        for actor in ("stranger", PIPELINE):
            refused = town.call(*command, "--actor", actor, code=2)
            assert "第6条" in refused.err
    assert "第6条" in town.call("approve", article, code=2, environment={"GITHUB_ACTOR": "stranger"}).err
    town.call("approve", article, code=0, environment={"GITHUB_TRIGGERING_ACTOR": "Kiki"})
    approved = [event for event in town.events() if event["type"] == "approved"]
    assert [(event["actor"], event["department"]) for event in approved] == [("Kiki", "総務部危機管理課")]


class TestTwoPersons:
    def desk(self, folder: Path, office: Office, actor: str) -> Desk:
        ledger = Rehearsal(folder, now=lambda: office.now)
        ledger.knowledge = office.knowledge
        return Desk(office.config, ledger, actor)

    def test_art_06_a_manual_emergency_post_waits_for_a_second_poster(self, tmp_path: Path) -> None:
        office = Office(now=NIGHT)
        draft = Draft("8(3)", "断水", text="断水しています。", emergency=True, why="配水管の破損")
        post = self.desk(tmp_path, office, "kiki").post(draft)
        assert office.run() == []
        assert office.knowledge.articles[post.id].reason == "second-person"
        with pytest.raises(Refusal, match="second-person"):
            self.desk(tmp_path, office, "KIKI").approve([post.id])
        own = Approved(at=office.now, article=post.id, actor="Kiki", department="総務部危機管理課", emergency=True)
        office.tell(own)
        assert office.run() == [], "nor by a yes of one's own that got into the record"
        self.desk(tmp_path, office, "miryoku").approve([post.id], why="確認した")
        assert office.run() == [["断水"]]

    def test_art_06_an_ordinary_post_cannot_be_made_an_emergency_by_its_own_author(self, tmp_path: Path) -> None:
        office = Office(now=NIGHT)
        post = self.desk(tmp_path, office, "miryoku").post(Draft("8(4)", "催し", text="中止します。"))
        with pytest.raises(Refusal, match="second-person"):
            self.desk(tmp_path, office, "miryoku").approve([post.id], emergency=True, why="急ぐ")
        assert office.run() == []
        self.desk(tmp_path, office, "kiki").approve([post.id], emergency=True, why="確認した")
        assert office.run() == [["催し"]]

    def test_art_06_without_the_two_person_rule_one_is_enough(self, tmp_path: Path) -> None:
        rules = config()
        rules = replace(
            rules,
            policy=replace(rules.policy, approval=replace(rules.policy.approval, two_persons_for_emergency=False)),
        )
        office = Office(rules, now=NIGHT)
        self.desk(tmp_path, office, "kiki").post(
            Draft("8(3)", "断水", text="断水しています。", emergency=True, why="破損")
        )
        assert office.run() == [["断水"]]

    def test_art_07_the_proviso_needs_a_reason_which_an_emergency_word_is(self, tmp_path: Path) -> None:
        office = Office(now=NIGHT)
        plain, urgent = office.publish(201), office.publish(202, "大規模な断水が発生しています")
        office.run()
        desk = self.desk(tmp_path, office, "kiki")
        with pytest.raises(Refusal, match="no-reason"):
            desk.approve([office.id(plain)], emergency=True)
        assert office.run() == []
        desk.approve([office.id(urgent)], emergency=True)
        desk.approve([office.id(plain)], emergency=True, why="避難所の変更")
        assert sorted(office.run()[0]) == ["お知らせ その201", "大規模な断水が発生しています"]

    def test_art_08_4_a_text_of_another_department_waits_for_the_operator(self, tmp_path: Path) -> None:
        office = Office()
        post = self.desk(tmp_path, office, "kiki").post(Draft("8(4)", "防災の話", text="備えましょう。"))
        assert office.run() == []
        assert office.knowledge.articles[post.id].reason == "operator-approval"
        with pytest.raises(Refusal, match="operator-approval"):
            self.desk(tmp_path, office, "kiki").approve([post.id])
        self.desk(tmp_path, office, "miryoku").approve([post.id])
        self.desk(tmp_path, office, "kiki").approve([post.id])
        assert office.run() == [["防災の話"]], "whoever else says yes, the operator has"

    @pytest.mark.parametrize(
        ("draft", "what"),
        [
            (Draft("8(3)", "断水", text="断水です。", emergency=True), "no-reason"),
            (Draft("8(1)", "題", text="文"), "no-url"),
            (Draft("8(4)", "題"), "no-content"),
            (Draft("8(4)", "題", text="> 避難してください"), "no-quotation-source"),
            (Draft("8(1)", "題", text="文", corrects="0" * 12), "unknown-article"),
        ],
    )
    def test_what_a_post_lacks_is_said(self, tmp_path: Path, draft: Draft, what: str) -> None:
        with pytest.raises(Refusal, match=what):
            self.desk(tmp_path, Office(), "miryoku").post(draft)

    def test_a_correction_is_of_something_that_was_sent(self, tmp_path: Path) -> None:
        office = Office(now=NIGHT)
        address = office.publish(201)
        office.run()
        correction = Draft("8(4)", "訂正", text="正しくは12日です。", corrects=office.id(address))
        with pytest.raises(Refusal, match="never-sent"):
            self.desk(tmp_path, office, "kiki").post(correction)
        office.now = TUESDAY + timedelta(days=1)
        office.run()
        self.desk(tmp_path, office, "kiki").post(correction)
        assert office.run(timedelta(minutes=1)) == [["訂正"]], "at once, and without waiting for the operator"


def test_art_07_a_held_article_goes_out_when_the_hours_begin() -> None:
    office = Office(now=NIGHT)
    office.publish(201)
    assert office.run() == []
    assert office.why(url(201)) == ("queued", "closed-hours")
    office.now = TUESDAY.replace(day=25, hour=9)
    assert office.run() == [["お知らせ その201"]]


def test_art_08_every_broadcast_carries_its_basis(town: Town) -> None:
    town.with_emergency_source(('min_interval = "60m"', 'min_interval = "0m"'))
    town.with_baseline()
    town.now += timedelta(hours=2)
    charm = next(article for article in ARTICLES if article.path.startswith("/citypromo/furusato"))
    town.publish(ARTICLES[20], charm)
    town.city.emergency(EMERGENCY, town.now)
    town.call("post", "--title", "題", "--text", "文", "--actor", "miryoku", code=0)
    town.run(code=0)
    chosen = [one for event in town.events() if event["type"] == "intent" for one in event["chosen"]]
    assert sorted(one["basis"] for one in chosen) == ["8(1)", "8(2)", "8(3)", "8(4)"]
    assert all(one["policy"] for one in chosen)


@pytest.mark.parametrize(
    ("path", "emergency", "basis"),
    [
        ("/kurashi/1.html", False, "8(1)"),
        ("/citypromo/1.html", False, "8(2)"),
        ("/60th/1.html", False, "8(2)"),
        ("/citypromo/1.html", True, "8(3)"),
    ],
)
def test_art_08_the_basis_follows_the_category(path: str, emergency: bool, basis: str) -> None:
    assert basis_of(CITY + path, emergency, KADOMA.policy.content) == basis


def test_art_09_nothing_is_received_and_nothing_replied(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    town.run(code=0)
    asked = {request.path for request in town.line.requests}
    assert asked <= {BROADCAST, VALIDATE, "/v2/bot/info", "/v2/bot/message/quota", "/v2/bot/message/quota/consumption"}
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "pipeline").rglob("*.py"))
    assert "linebot.v3.webhook" not in code


def test_art_10_every_card_names_the_holder_of_the_copyright() -> None:
    for style in ("article", "emergency", "correction", "text"):
        item = Item(
            "1",
            style,
            "題",
            url=f"{CITY}/1.html",
            date=TUESDAY,
            text="本文",
            corrects="元の題" if style == "correction" else "",
        )
        assert "©門真市" in words(item)


def test_art_10_a_picture_from_elsewhere_is_never_shown() -> None:
    page = '<html><head><meta property="og:image" content="https://elsewhere.example/a.png"></head><body><h1>題</h1><p>文</p></body></html>'
    own = page.replace("https://elsewhere.example", CITY)
    assert _read(page).picture is None
    assert _read(own).picture == Picture(f"{CITY}/a.png")


def _read(page: str) -> Page:
    body = page.encode()
    return article_page.read(
        Fetched(f"{CITY}/1.html", f"{CITY}/1.html", 200, body, "text/html; charset=utf-8"), ["www.city.kadoma.osaka.jp"]
    )


@pytest.mark.parametrize(
    "text",
    [
        "気象庁の発表です。\n> 大雨に警戒してください",
        "＞ 大雨に警戒",
        "府のホームページから引用",
        "新聞より転載",
        "市長は「皆さんの協力に感謝します。」と述べました",
    ],
)
def test_art_10_a_text_that_quotes_must_name_its_source(text: str) -> None:
    assert quotes(text)


@pytest.mark.parametrize(
    "text",
    [
        "映画「門真の空」の上映会",
        "「集まれ！れんこん祭り」を開催",
        "『広報かどま』12月号",
        "（注）申込みは電話で",
        "9時 -> 10時に変更",
    ],
)
def test_art_10_titles_and_names_are_no_quotations(text: str) -> None:
    assert not quotes(text)


def test_art_11_the_policy_is_linked_in_small_print() -> None:
    linked = replace(KADOMA, policy=replace(KADOMA.policy, url=f"{CITY}/shisei/unyohoshin.html"))
    message = json.dumps(
        render([Item("1", "article", "題", f"{CITY}/1.html", TUESDAY)], linked).messages, ensure_ascii=False
    )
    assert f"{CITY}/shisei/unyohoshin.html" in message
    assert "運用方針" in message


USER, GROUP = "U0123456789abcdef0123456789ABCDEF", "C" + "f" * 32


@pytest.mark.parametrize("path", ["/v2/bot/info", "/v2/bot/message/quota", VALIDATE, BROADCAST])
@pytest.mark.parametrize("status", [400, 403, 500])
def test_art_12_no_user_id_gets_into_state_or_log_whatever_line_quotes(town: Town, path: str, status: int) -> None:
    town.configure(("[line]\n", "[line]\nattempts = 1\n"))
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    body = {"message": f"user {USER} in {GROUP}", "details": [{"message": USER, "property": f"to[{GROUP}]"}]}
    fault = replace(LineFault.error(status, ""), body=json.dumps(body).encode(), headers=(("x-line-request-id", USER),))
    town.line.fail(fault, None, path)
    summary = town.folder / "summary.md"
    town.environment["GITHUB_STEP_SUMMARY"] = str(summary)
    results = [town.run("--debug"), town.call("status"), town.call("explain", ARTICLES[20].path), town.call("doctor")]
    told = "".join(result.out + result.err for result in results) + summary.read_text(encoding="utf-8")
    told += "".join(file.read_text(encoding="utf-8") for file in town.state.rglob("*") if file.is_file())
    assert not [name for name in (USER, GROUP) if name.casefold() in told.casefold()]


def test_art_12_the_bots_own_id_is_not_kept_either(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    town.run(code=0)
    assert not [file for file in town.state.rglob("*") if file.is_file() and b"U0123456789abcdef" in file.read_bytes()]


def test_art_13_whom_to_ask_is_the_articles_department_first_and_the_accounts_contact_always() -> None:
    item = Item("1", "article", "題", f"{CITY}/1.html", TUESDAY, department="総務部収納課")
    told = words(item)
    assert told.index("問合先：総務部収納課") < told.index("アカウント運営：企画財政部魅力発信課")
    assert "問合先：企画財政部魅力発信課" in words(replace(item, department=""))


def test_supplement_the_version_of_the_policy_is_recorded_with_each_broadcast(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    town.run(code=0)
    assert [event["policy_version"] for event in town.events() if event["type"] == "intent"] == ["令和5年1月31日"]
