"""Emergencies by the rules alone: a doubt costs the details, never the departure; the brake; what a mute lets through."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from pipeline.article import Listing, PageProblem
from pipeline.ledger.events import Posted, Refused, Robots
from pipeline.policy import decide
from pipeline.policy.content import emergency_word, is_garbled, signals
from pipeline.policy.survey import READ_AGAIN
from tests.policy.office import DAY, HOUR, KINKYU, NIGHT, TUESDAY, Office, config, problem, url

PASS = timedelta(minutes=5)
PHONE = "連絡先は門真太郎 090-1234-5678 です。"


def night() -> Office:
    office = Office(now=NIGHT)
    office.lists.shown[KINKYU] = []
    office.run()
    return office


def shown(office: Office, address: str) -> str:
    """How much of an article went out last."""
    known = office.known(address)
    broadcast = office.knowledge.broadcasts[known.broadcast]
    return next(chosen.shows for chosen in broadcast.chosen if chosen.article == known.id)


@pytest.mark.parametrize(
    ("age", "sent"),
    [(None, True), (timedelta(minutes=10), True), (22 * HOUR, True), (3 * DAY, False)],
    ids=["undated", "ten minutes", "dated by the day", "three days"],
)
def test_what_stood_on_an_emergency_list_while_it_could_not_be_read_is_no_baseline(
    age: timedelta | None, sent: bool
) -> None:
    office = Office(now=NIGHT)
    office.lists.shown[KINKYU] = []
    office.lists.states[KINKYU] = Listing(KINKYU, "failed", emergency=True, error_code="unreachable", error="503")
    office.run()
    address = office.publish(301, "避難指示", source=KINKYU)
    entries = office.lists.shown[KINKYU]
    entries[0] = replace(entries[0], date=None if age is None else NIGHT - age)
    del office.lists.states[KINKYU]
    assert office.run(PASS) == ([["避難指示"]] if sent else [])
    assert office.why(address)[0] == ("sent" if sent else "baseline")


class TestReadingAgain:
    def shown(self, count: int) -> Office:
        office = Office(now=NIGHT)
        for number in range(count):
            office.publish(301 + number, f"過去の情報{number}", at=NIGHT - DAY, source=KINKYU)
        office.run()
        office.run(PASS)
        office.lists.asked.clear()
        return office

    def test_a_long_list_is_read_again_by_turns_and_what_stirs_at_once(self) -> None:
        office = self.shown(100)
        for _ in range(20):
            before = len(office.lists.asked)
            office.run(PASS)
            assert len(office.lists.asked) - before <= READ_AGAIN
        assert len(set(office.lists.asked)) == 100, "each has its turn"
        address = url(301 + 70, "kinkyu")
        office.edit(address, title="避難指示", source=KINKYU, at=NIGHT - DAY)
        assert office.run(PASS) == [["避難指示"]]

    def test_a_site_that_wants_pauses_is_asked_for_fewer_pages(self) -> None:
        office = self.shown(50)
        office.tell(Robots(at=office.now, host="www.city.kadoma.osaka.jp", delay=10.0))
        office.run(PASS)
        assert len(office.lists.asked) == 12

    def test_when_all_pages_change_at_once_the_site_was_rebuilt_around_them(self) -> None:
        office = self.shown(20)
        for number in range(20):
            office.write(url(301 + number, "kinkyu"), title=f"過去の情報{number}", text="新しい外枠の中の本文")
        assert office.run(PASS) == []
        assert office.why(url(301, "kinkyu")) == ("review", "burst")
        office.write(url(301, "kinkyu"), title="避難指示", text="避難してください。")
        assert office.run(PASS) == [["避難指示"]]


class TestDoubts:
    @pytest.mark.parametrize(
        ("text", "shows", "doubt"),
        [
            (PHONE, "title", "personal-data"),
            ("避難所は\ufffd\ufffdです。", "title", "garbled"),
            ("縺ｿ縺ｪ縺輔ｓ縺ｸ", "title", "garbled"),
            ("避難してください。", "all", ""),
        ],
    )
    def test_a_doubt_about_the_text_costs_the_text(self, text: str, shows: str, doubt: str) -> None:
        office = night()
        address = office.publish(301, "避難指示", source=KINKYU)
        office.write(address, title="避難指示", text=text)
        assert office.run() == [["避難指示"]]
        assert shown(office, address) == shows
        assert office.why(address)[0] == ("review" if doubt else "sent")
        assert not doubt or office.known(address).detail == doubt

    @pytest.mark.parametrize("title", ["避" * 201, "避難\ufffd", "門真太郎さん 090-1234-5678"])
    def test_a_doubt_about_the_title_costs_the_title(self, title: str) -> None:
        office = night()
        address = office.publish(301, title, source=KINKYU)
        assert len(office.run()) == 1
        assert shown(office, address) == "neutral"

    @pytest.mark.parametrize("code", ["unreachable", "refused", "malformed", "robots", "gone", "redirected"])
    def test_a_page_that_cannot_be_had_costs_the_details(self, code: str) -> None:
        office = night()
        address = office.publish(301, "避難指示", source=KINKYU)
        office.lists.texts[address] = PageProblem(address, code)  # type: ignore[arg-type]
        assert office.run() == [["避難指示"]]
        assert (shown(office, address), office.why(address)) == ("title", ("review", "details"))
        assert office.run(PASS) == []

    @pytest.mark.parametrize("days", [-30, 5])
    def test_so_does_a_date_that_cannot_be(self, days: int) -> None:
        office = night()
        address = office.publish(301, "避難指示", at=NIGHT + days * DAY, source=KINKYU)
        assert office.run() == [["避難指示"]]
        assert shown(office, address) == "title"

    def test_details_follow_when_a_person_says_so_and_only_the_text_that_the_person_saw(self) -> None:
        office = night()
        address = office.publish(301, "避難指示", source=KINKYU)
        office.write(address, title="避難指示", text=PHONE)
        office.run()
        office.approve(address)
        assert office.run(PASS) == [["避難指示"]]
        assert shown(office, address) == "all"
        assert office.run(PASS) == []

    def test_a_no_to_the_details_stops_no_later_report(self) -> None:
        office = night()
        address = office.publish(301, "避難指示", source=KINKYU)
        office.write(address, title="避難指示", text=PHONE)
        office.run()
        office.tell(Refused(at=office.now, article=office.id(address), actor="kiki", department="総務部危機管理課"))
        assert office.run(PASS) == []
        office.write(address, title="避難指示", text="避難してください。")
        assert office.run(PASS) == [["避難指示"]]
        assert shown(office, address) == "all"

    def test_a_page_that_becomes_readable_is_no_report_but_its_next_change_is(self) -> None:
        office = night()
        address = office.publish(301, "避難指示", source=KINKYU)
        office.lists.texts[address] = problem(address, "unreachable")
        office.run()
        office.write(address, title="避難指示", text="第1報")
        assert office.run(PASS) == []
        office.write(address, title="避難指示", text="第2報")
        assert office.run(PASS) == [["避難指示"]]
        assert shown(office, address) == "all"

    def test_another_title_is_a_report_also_while_the_page_cannot_be_had(self) -> None:
        office = night()
        address = office.publish(301, "避難指示", source=KINKYU)
        office.lists.texts[address] = problem(address, "unreachable")
        office.run()
        office.edit(address, title="【解除】避難指示", source=KINKYU)
        assert office.run(PASS) == [["【解除】避難指示"]]


class TestTheBrake:
    def changed(self, office: Office, address: str, text: str, later: timedelta = PASS) -> int:
        office.write(address, title="避難指示", text=text)
        return len(office.run(later))

    def flood(self) -> tuple[Office, str]:
        office = night()
        address = office.publish(301, "避難指示", source=KINKYU)
        for number in range(3):
            assert self.changed(office, address, f"第{number}報") == 1
        return office, address

    def test_from_the_fourth_within_an_hour_changes_are_gathered_for_ten_minutes(self) -> None:
        office, address = self.flood()
        sent = [self.changed(office, address, f"{minute}分現在") for minute in range(0, 35, 5)]
        assert sent == [0, 0, 1, 0, 0, 1, 0]
        assert office.why(address) == ("queued", "gathering")
        assert sum(self.changed(office, address, f"{n}時現在", later=2 * HOUR) for n in range(3)) == 3

    @pytest.mark.parametrize("text", ["緊急安全確保です。", "警戒レベル５です。", "解除しました。"])
    def test_a_new_emergency_word_or_level_goes_out_at_once(self, text: str) -> None:
        office, address = self.flood()
        assert self.changed(office, address, "10分現在") == 0
        assert self.changed(office, address, text) == 1

    def test_a_muted_address_is_silent_for_a_day_but_for_a_new_word(self) -> None:
        office, address = self.flood()
        self.changed(office, address, "10分現在")
        office.tell(Refused(at=office.now, article=office.id(address), actor="kiki", department="総務部危機管理課"))
        assert [self.changed(office, address, f"{n}時現在", later=4 * HOUR) for n in range(4)] == [0, 0, 0, 0]
        assert self.changed(office, address, "大雨特別警報") == 1
        assert self.changed(office, address, "その後", later=2 * DAY) == 1

    def test_another_address_is_not_held_back(self) -> None:
        office, address = self.flood()
        self.changed(office, address, "10分現在")
        office.publish(302, "断水のお知らせ", source=KINKYU)
        assert office.run(PASS) == [["断水のお知らせ"]]


class TestNormalSources:
    def test_an_edit_whose_title_has_an_emergency_word_waits_for_no_news(self) -> None:
        office = Office()
        office.edit(url(103), title="断水のお知らせ（更新）")
        assert office.run(HOUR) == [["断水のお知らせ（更新）"]]
        office.write(url(103), title="断水のお知らせ（第2報）", text="長引いています。")
        office.edit(url(103), title="断水のお知らせ（第2報）", at=office.now)
        assert office.run(HOUR) == [["断水のお知らせ（第2報）"]]
        assert office.run(HOUR) == []

    def test_a_page_whose_clock_moves_says_nothing_new(self) -> None:
        office = Office()
        office.edit(url(103), title="断水のお知らせ")
        office.run(HOUR)
        office.edit(url(103), at=office.now + HOUR)
        assert office.run(2 * HOUR) == []

    def test_at_night_a_person_is_asked_although_its_page_cannot_be_had_and_one_yes_releases_it(self) -> None:
        office = Office(now=NIGHT)
        address = office.publish(201, "断水のお知らせ")
        office.lists.texts[address] = problem(address, "unreachable")
        assert office.run() == []
        assert office.why(address) == ("queued", "emergency-words")
        office.approve(address, emergency=True)
        assert office.run(PASS) == [["断水のお知らせ"]]

    def test_an_article_with_a_garbled_text_is_never_sent(self) -> None:
        office = Office(config(min_interval="0m"))
        address = office.publish(201)
        office.write(address, title="お知らせ その201", text="\ufffdの本文")
        for _ in range(2):
            assert office.run(HOUR) == []
            assert office.why(address) == ("review", "garbled")
            office.approve(address)
        office.write(address, title="お知らせ その201", text="本文")
        assert office.run(HOUR) == [["お知らせ その201"]]


@pytest.mark.parametrize(
    "title",
    [
        "レベル４大雨危険警報が発表されました", "レベル５土砂災害特別警報", "避難所を開設しました", "緊急安全確保を発令しました",
        "大雨特別警報に備えて命を守る行動を", "断水に伴う給水所のお知らせ", "行方不明者の捜索について", "Ｊアラートの情報", "ミサイル発射情報",
        "線状降水帯が発生しました", "警戒レベル3 高齢者等避難", "古川橋駅周辺の停電について",
    ],
)  # fmt: skip
def test_at_night_each_word_of_the_vocabulary_asks_a_person_and_one_yes_releases_it(title: str) -> None:
    office = Office(now=NIGHT)
    address = office.publish(201, title)
    assert office.run() == []
    assert office.why(address) == ("queued", "emergency-words")
    office.approve(address, emergency=True)
    assert office.run(PASS) == [[title]]


@pytest.mark.parametrize(
    "title", ["避難所運営訓練の参加者を募集します", "給水装置工事事業者の一覧", "津波に備えてマップを確認しましょう"]
)
def test_false_friends_are_everyday_news_within_the_hours_and_only_asked_about_at_night(title: str) -> None:
    office = Office()
    office.publish(201, "先の記事")
    office.run()
    address = office.publish(202, title)
    office.edit(url(103), title=f"{title}（改）")
    assert office.run(PASS) == []
    assert office.why(address) == ("queued", "min-interval"), "it does not jump the queue"
    assert office.why(url(103)) == ("queued", "waits-for-news"), "its edit is none that goes out by itself"
    office = Office(now=NIGHT)
    address = office.publish(201, title)
    office.run()
    assert office.why(address) == ("queued", "emergency-words")


def test_a_mistake_of_ours_about_one_article_holds_neither_the_others_nor_an_emergency(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = night()
    office.now = TUESDAY + DAY

    def broken(text: str, _: object) -> str:
        if "二" in text:
            raise RuntimeError("a rule that we got wrong")
        return ""

    monkeypatch.setattr(decide, "_personal_data", broken)
    one, two = office.publish(201, "催しの一"), office.publish(202, "催しの二")
    urgent = office.publish(301, "断水の二", source=KINKYU)
    assert office.run() == [["断水の二"], ["催しの一"]]
    assert shown(office, urgent) == "neutral"
    assert office.why(one)[0] == "sent"
    assert office.why(two) == ("queued", "unexpected")


class TestPosts:
    def post(self, office: Office, address: str, emergency: bool = False) -> None:
        office.tell(
            Posted(
                at=office.now, article=office.id(address), actor="kiki", department="総務部危機管理課", basis="8(1)", title="",
                url=address, emergency=emergency, why="確認した",
            )
        )  # fmt: skip

    @pytest.mark.parametrize("posted_first", [True, False])
    @pytest.mark.parametrize("now", [TUESDAY, NIGHT])
    def test_a_posted_shortcut_and_its_master_in_the_list_are_one_article(
        self, posted_first: bool, now: datetime
    ) -> None:
        office = Office(config(min_interval="0m"), now=now)
        shortcut, master = url(301, "kosodate"), url(201)
        office.write(shortcut, canonical=master, title="冬の催し")
        for post in (posted_first, not posted_first):
            if post:
                self.post(office, shortcut)
            else:
                office.publish(201, "冬の催し")
        sent = office.run()
        office.now = TUESDAY + DAY
        sent += office.run() + office.run(HOUR)
        assert sent == [["冬の催し"]]

    def test_nor_does_the_master_follow_when_the_list_shows_it_later(self) -> None:
        office = Office(config(min_interval="0m"))
        shortcut, master = url(301, "kosodate"), url(201)
        office.write(shortcut, canonical=master, title="冬の催し")
        self.post(office, shortcut)
        assert office.run() == [["冬の催し"]]
        office.publish(201, "冬の催し", at=office.now - HOUR)
        assert office.run(HOUR) == []

    def test_a_maintenance_page_does_not_go_out_under_a_posters_name(self) -> None:
        office = Office()
        address = url(301, "kosodate")
        office.write(address, title="システムメンテナンス中です")
        self.post(office, address)
        assert office.run() == []
        assert office.why(address) == ("queued", "page-unreachable")
        assert office.known(address).stands
        office.write(address, title="冬の催し")
        assert office.run(HOUR) == [["冬の催し"]]


class TestWhatStandsThereAtTheMomentOfSending:
    def test_a_page_of_2020_that_could_not_be_read_at_first_does_not_go_out_by_itself(self) -> None:
        office = Office()
        address = office.publish(201)
        office.lists.texts[address] = problem(address, "unreachable")
        office.run()
        office.write(address, title="お知らせ その201", date=NIGHT - 2000 * DAY)
        assert office.run(HOUR) == []
        assert office.why(address) == ("review", "stale")

    def test_a_page_with_another_title_is_told_in_the_same_pass_and_goes_out_when_it_is_right_again(self) -> None:
        office = Office()
        address = office.publish(201, "12月の献立")
        office.write(address, title="ただいまメンテナンス中です")
        assert office.run() == []
        assert office.why(address) == ("queued", "page-unreachable")
        assert office.known(address).stands
        office.write(address, title="12月の献立")
        assert office.run(HOUR) == [["12月の献立"]]

    def test_a_posters_yes_is_none_to_a_maintenance_page(self) -> None:
        office = Office()
        address = office.publish(201, "12月の献立", at=office.now - 30 * DAY)
        office.run()
        office.approve(address)
        office.write(address, title="ただいまメンテナンス中です")
        assert office.run(PASS) == []
        office.write(address, title="12月の給食の献立表")
        assert office.run(PASS) == [["12月の献立"]]

    def test_a_yes_to_the_other_title_releases_it(self) -> None:
        office = Office()
        address = office.publish(201, "12月の献立")
        office.write(address, title="冬の催しのご案内")
        office.run()
        office.approve(address)
        assert office.run(HOUR) == [["冬の催しのご案内"]]

    def test_personal_data_that_was_added_after_a_yes_is_asked_about_again(self) -> None:
        office = Office()
        address = office.publish(201)
        office.write(address, title="お知らせ その201", text=PHONE)
        office.run()
        office.approve(address)
        office.write(address, title="お知らせ その201", text=f"{PHONE}門真花子 080-1111-2222")
        assert office.run(HOUR) == []
        assert office.why(address) == ("review", "personal-data")
        office.approve(address)
        assert office.run(HOUR) == [["お知らせ その201"]]


@pytest.mark.parametrize("text", ["門真市からのお知らせ", "①㈱髙﨑 ㎝ Ⅱ", "Café à la carte", "縺れた糸を解く"])
def test_ordinary_texts_are_not_garbled(text: str) -> None:
    assert not is_garbled(text)


def test_levels_and_words_are_found_in_any_width() -> None:
    assert signals("警戒レベル４ 避難指示を解除", ["避難指示", "津波"]) == ("レベル4", "解除", "避難指示")
    assert [
        emergency_word(title, ("避難指示", "特別警報")) for title in ("避 難 指 示", "避難\u200b指示", "大雨特別　警報")
    ] == ["避難指示", "避難指示", "特別警報"]
