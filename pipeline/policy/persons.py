"""Names of private people in a text, for Art. 12: with an honorific, with a label, or by a frequent family name.

Everything here reads text in NFKC. Who appears in public (lecturers, the mayor) is no private person.
"""

import re
from collections.abc import Iterator

Place = tuple[int, int]

# The hundred most frequent family names of two characters and more; one-character names are words as well (森, 東, 原).
_FAMILY = (
    "佐藤|鈴木|高橋|田中|伊藤|渡辺|渡邊|渡邉|山本|中村|小林|加藤|吉田|山田|佐々木|山口|松本|井上|木村|斎藤|斉藤|齋藤|齊藤|清水|山崎|池田|橋本|阿部"
    "|石川|山下|中島|石井|小川|前田|岡田|長谷川|藤田|後藤|近藤|村上|遠藤|青木|坂本|福田|太田|西村|藤井|金子|岡本|藤原|三浦|中野|中川|原田|松田|竹内"
    "|小野|田村|中山|和田|石田|森田|上田|内田|柴田|酒井|宮崎|横山|高木|安藤|宮本|大野|小島|谷口|今井|工藤|高田|増田|丸山|杉山|村田|大塚|新井|小山|平野"
    "|藤本|河野|上野|野口|武田|松井|千葉|菅原|岩崎|久保|木下|佐野|野村|松尾|菊地|菊池|市川|杉本|古川|島田|水野|桜井|櫻井|高野|渡部|吉川|山内|西田|西川"
    "|北村|安田|五十嵐|浜田|中田|土屋|本田|川口|平田|川崎|飯田|吉村|本間|樋口|田口|久保田|岩田|服部|秋山|福島|馬場|石原|田辺|永井|尾崎|門田|堀内|大西"
    "|片山|岡崎|松岡|熊谷|内藤|矢野|荒木|大久保|星野|須藤|黒田|川上"
)
# A given name ends a word; 山口県, 石川公園 and 中野駅 end in what no given name ends in.
_GIVEN = r"[一-龥々ぁ-ん]{1,3}(?<![県市町村区駅園校線川橋館店部課室会社院寺所局団堂通家地庁省内外側等様氏のはがをにでともや])"
_BOUNDARY = r"(?=[ \n、,。・/()（）「」:：;\[\]\d]|さん|様|さま|氏|殿|君|くん|ちゃん|が|は|の|を|に|と|へ|宅|$)"
_FULL = re.compile(rf"(?<![一-龥々])(?:{_FAMILY}) ?{_GIVEN}{_BOUNDARY}")
# Behind any family name.
_FREQUENT = re.compile(
    r"(?<![一-龥々])[一-龥々]{1,3} ?(?:[太一次二三四五]郎|花子|和子|幸子|洋子|恵子|裕子|京子|陽子|節子|文子|智子"
    r"|美智子|久美子|由美子|明美|由美|直美|健[一太]|大輔|翔太|浩二)" + _BOUNDARY
)
FAMILY = re.compile(
    rf"(?<![一-龥々])(?:{_FAMILY})(?:さん|様|宅|方)?[ :：(（]{{0,2}}(?:電話|TEL)?[ :：]{{0,2}}(?=0[1-9])"
)
_ACCOUNT_NAME = re.compile(r"名義人? ?[:：]? ?[ァ-ヶー]{2,7} [ァ-ヶー]{2,7}(?![ァ-ヶー])")
_LABELLED = re.compile(
    r"(?:氏 ?名|名 ?前|申請者|契約者|申込者|対象者|本人|世帯主|被保険者|受給者|保護者|児童|生徒"
    r"|納税義務者|滞納者|名義人?|住人|相談者)名? ?[:：]\s?"
    r"(?!記入|必須|任意|不要|全角|漢字|本人|なし|未定|様式|署名|市|町|保護者|世帯主|氏名|電話|住所)"
    r"(?:[一-龥々]{1,4} ?[一-龥々ぁ-んァ-ヶー]{1,5}|[ァ-ヶー]{2,7} [ァ-ヶー]{2,7})(?=[ \n、。,()（）様さ]|$)"
)
_HONORIFIC = re.compile(r"(?<=[一-龥々ぁ-んァ-ヶー])\s?(?:さん|さま|様(?![式々子相])|氏(?!名|子|神)|殿(?![堂様]))")
_NAME = re.compile("[一-龥々ァ-ヶ]")
# What precedes an honorific and is no name: whom a city addresses, and words that merely end like an honorific.
_NO_NAME = re.compile(
    r"(?:皆|みな|みんな|たく|多|同|仕|模|一|有|異|左|右|両|各|彼|客|お子|子ども|こども|児童|の子|父|母|親|兄|姉|妹|弟|奥|主人|じい|ばあ|とう"
    r"|かあ|にい|ねえ|孫|家族|隣|者|市民|住民|国民|町民|員|方|方々|業|屋|店|課|室|係|会|団|社|院|園|校|生徒|学生|医|職人|商人|世帯|連|組合"
    r"|代表|先|マネー?ジャー|ドライバー|ヘルパー|オーナー|メンバー|サポーター|スタッフ|ボランティア|ママ|パパ|ファン|神|王|仏|宮|御|お月|お日"
    r"|赤ちゃ|妊婦|患者|入居|利用|保護|長|士|師|企業|法人|機関|大家|外国人|高齢|たくさ|み|奥様|\d人|何)\s?$"
)
# Who appears in public under a name; what stands beside it is the event's or the office's.
_IN_PUBLIC = re.compile(
    r"講師|出演|ゲスト|司会|指導|演奏|登壇|主演|監督|選手|市長|知事|大臣|議員|議長|教授|作家|画家|歌手|俳優|落語|弁護士|書士|税理士|医師|教育長|取締役"
    r"|[園校館会院社所署局部課室]長|理事|委員|名誉市民|大使|ピアノ|バイオリン|声優|タレント|アナウンサー|先生|監修|著者|作曲|指揮|候補者"
)
_ROUND = 16


def private_people(text: str) -> list[Place]:
    """Where private people are named, in order."""
    return sorted({*_with_honorific(text), *_by_name(text)})


def full_names(text: str) -> list[Place]:
    """Where a family name with a given name stands, public or not."""
    return sorted({found.span() for pattern in (_FULL, _FREQUENT) for found in pattern.finditer(text)})


def _with_honorific(text: str) -> Iterator[Place]:
    for found in _HONORIFIC.finditer(text):
        before = text[max(0, found.start() - 6) : found.start()].rpartition("\n")[2]
        if _NAME.search(before) and not _NO_NAME.search(before) and not is_public(text, *found.span()):
            yield found.span()


def _by_name(text: str) -> Iterator[Place]:
    for pattern in (_FULL, _FREQUENT, _LABELLED, _ACCOUNT_NAME):
        for found in pattern.finditer(text):
            if not is_public(text, *found.span()):
                yield found.span()


def is_public(text: str, start: int, end: int) -> bool:
    return _IN_PUBLIC.search(text, max(0, start - _ROUND), min(len(text), end + _ROUND // 2)) is not None
