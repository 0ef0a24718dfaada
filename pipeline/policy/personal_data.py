"""Art. 12: personal data in a text is caught before it is broadcast. Errs on the side of asking a person.

`KINDS` is the list of what is looked for, with an example each; `docs/個人情報の確認.md` shows it to the staff.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from pipeline.policy.persons import FAMILY, Span, full_names, is_public, private_people

_DASH = r"[-‐-―−ーｰ－]"
_GAP = rf"(?:{_DASH}|[ ()・./_~〜～,:;=*→|\n])"
_NEAR = 40  # characters between a name and what belongs to it, in one sentence or on the next line
_SENTENCE_END = "。"


def _digits(shape: str) -> str:
    """Digits with up to three signs between groups, as people write a telephone number; "." is a digit."""
    return shape.replace(".", r"\d").replace("_", f"{_GAP}{{0,3}}")


# Mobile numbers are 060/070/080/090 and eight digits; 0800 is toll-free. Grouped, or every digit by itself.
_MOBILE = re.compile(
    rf"(?<!\d)(?:\+?81{_GAP}{{0,2}}(?!800)0?|0(?!800))[6789]0(?:{_digits('_...._....')}|{_digits('_..._.....')}|{_digits('_.._......')}|{_digits('_.._.._....')}|{_digits('_.._.._.._..')})(?!\d)"
    rf"|(?<!\d)0{_GAP}[6789]{_GAP}0(?:{_GAP}{{1,3}}\d){{8}}(?!\d)"
)
_AT = (
    r"\s?(?:@|[\[({<【〔「]\s?(?:at|アット(?:マーク)?|あっと(?:まーく)?|@)\s?[\])}>】〕」]|\s(?:at|アットマーク)\s|アットマーク|[_-]at[_-]"
    r"|\(a\)|\s?[◎☆★●■▲#*&]\s?(?=(?:[A-Za-z0-9-]{1,63}\.){1,4}(?:com|net|org|jp)))[\s_]{0,3}"
)
_DOT = r"\s?(?:\.|[\[({<]\s?(?:dot|ドット)\s?[\])}>]|ドット|(?<=\s)dot(?=\s))\s?"
_E_MAIL = re.compile(
    rf"([A-Za-z0-9._%+-]{{1,64}}){_AT}([A-Za-z0-9-]{{1,63}}(?:{_DOT}[A-Za-z0-9-]{{1,63}}){{1,8}})", re.IGNORECASE
)
_OFFICIAL = (".lg.jp", ".go.jp", ".ed.jp")
_OFFICE = re.compile(
    r"(?:info|office|contact|support|mail|kou?hou?|sou?mu|jimu(?:kyoku)?|toiawase|saiyo|recruit|event|center|desk)\d{0,3}"
)
_OFFICE_DOMAINS = (".or.jp", ".co.jp", ".ac.jp", ".gr.jp")

_TWELVE_DIGITS = re.compile(rf"(?<!\d)(?<!\d[ -])\d{{4}}(?:{_DASH}| )?\d{{4}}(?:{_DASH}| )?\d{{4}}(?!(?:{_DASH}| )?\d)")
_MY_NUMBER_LABEL = re.compile(rf"(?:個人番号|マイナンバー)\s?[:：は]\s?\d{{4}}{_GAP}?\d{{4}}{_GAP}?\d{{4}}(?!\d)")

_NUMBER = "[0-9〇一二三四五六七八九十百]{1,5}"
_ADDRESS = re.compile(
    rf"(?:[町市区村]|丁目|大?字[一-龥ぁ-んァ-ヶー]{{1,8}})\s?{_NUMBER}\s?(?:丁目|番地?|号|(?:{_DASH}|の)\s?(?={_NUMBER}))"
    r"|[一-龥々ァ-ヶ]{2,8}\d{1,3}-\d{1,3}(?:-\d{1,4})?(?![-\d])"
)
# Before an address on its line: whose it is.
_OF_AN_ORGANISATION = re.compile(
    r"役所|役場|[課室係局署店館]|センター|協[議会]|連合|組合|法人|財団|会社|事務|学校|大学|医院|病院|クリニック|ホール|プラザ|会場|場所|所在|施設|公園|支[所店部]"
)
_LANDLINE = re.compile(rf"(?<!\d)0[1-9]\d{{0,3}}(?:{_DASH}|[() ]){{1,2}}\d{{1,4}}(?:{_DASH}|[() ]){{1,2}}\d{{4}}(?!\d)")
_OF_AN_OFFICE = re.compile(
    r"課|室|係|局|署|担当|センター|役所|役場|事務|会社|クリニック|医院|病院|薬局|店|協会|協議会|連合|組合|会館|会場|学校|大学|図書館|ホール|代表|直通|内線|窓口|財団|法人|自治会"
    r"|電力|水道|ガス|施設|園|館|コール|FAX|ファ",
)
_AT_HOME = re.compile(
    r"(?<![住帰在])宅 ?(?:の?電話|TEL)?[^\d\n]{0,6}0[1-9]|(?:妻|夫|長男|長女|娘|息子|遺族)\)?[^\d\n]{0,6}0[1-9]"
)
_READING = re.compile(r"\s?[(（](?:ふりがな|フリガナ|よみ)?[:：]?\s?[ぁ-んァ-ヶー]{1,6}[ ・]?[ぁ-んァ-ヶー]{2,6}[)）]")
_READ_NAME = re.compile(r"(?<![一-龥々])[一-龥々]{1,4} ?[一-龥々]{1,4}\s?[(（][ぁ-ん]{1,6}[ ・][ぁ-ん]{2,6}[)）]")
_READ_BEFORE = re.compile(r"(?:[ァ-ヶー]{2,6}[ ・][ァ-ヶー]{2,6}|[A-Z][A-Za-z]{1,12} [A-Z][A-Za-z]{1,12})\s?[(（]$")
_READING_LABEL = re.compile(r"(?:ふりがな|フリガナ)\s?[:：]\s?[ぁ-んァ-ヶー]{1,6}[ ・][ぁ-んァ-ヶー]{1,6}")
_BIRTH = re.compile(
    r"生年月日\s?[:：]?\s?(?:[明大昭平令][治正和成]?|[MTSHR])?\.?\s?(?:\d{1,4}|元)\s?[年./-]"
    r"|\d{1,4}[./]\d{1,2}[./]\d{1,2} ?生(?![活後命業])"
    rf"|(?:[明大昭平令][治正和成]|\d{{4}}年)[^\n。]{{0,6}}{_NUMBER}月(?:{_NUMBER}日)? ?(?:生まれ|うまれ|生(?![活後命業]))"
)
_NUMBERED = re.compile(
    r"(?:被保険者|受給者|保険者?証|記号|口座|年金|免許証|旅券|パスポート|在留カード|診察券|住民票|納税者|納税通知書|宛名|お?客[様さ]|会員|受験|受付|資格者?証|障害者手帳|手帳)"
    r"(?:証)?(?:の)?(?:記号)?・?(?:番号|No\.?|ナンバー)\s?(?:は|[:：])?\s?(?:第)?[A-Za-z]{0,3}[0-9-]{4,}"
    r"|記号\s?[:：]?\s?[一-龥A-Za-z0-9-]{1,6}\s{0,2}[・、]?番号\s?[:：]?\s?\d{4,}"
    r"|(?:普通|当座)(?:預金)?(?:口座)?\s?(?:番号)?[:：]?\s?\d{6,8}(?!\d)"
)
_PENSION = re.compile(r"基礎年金番号\s?(?:は|[:：])?\s?\d{4}-?\d{6}(?!\d)")
_SOCIAL = re.compile(
    r"(?:LINE|ライン|カカオ(?:トーク)?|Skype|スカイプ|WeChat|微信)[^\n。@]{0,20}ID\s?(?:は|[:：]|→)?\s?「?(?!@)[A-Za-z0-9][A-Za-z0-9._-]{3,29}"
    r"|(?:LINE|ライン)の?(?:アカウント\s?[:：は]?\s?|\s)(?=[A-Za-z._-]{0,20}\d)[A-Za-z0-9][A-Za-z0-9._-]{3,29}"
    r"|@[A-Za-z0-9._-]{4,30}\s?(?:まで|へ|に|宛てに)\s?(?:DM|ダイレクトメッセージ)",
    re.IGNORECASE,
)
_PLATE = re.compile(
    r"(?<![一-龥\d])[一-龥ぁ-ん]{1,4}\s?[1-9]\d{1,2}\s?[あいうえかきくけこさすせそたちつてとなにぬねのはひふほまみむめもやゆよらりるれろわ]\s?\d{2}[-・]?\d{2}(?!\d)"
)
_PUBLIC_NOTICE = re.compile(r"公示送達")
_NOTICE_OF = re.compile(
    r"(?:送達を受けるべき者|受送達者|名宛人|氏名|住所)(?:の?(?:氏名|住所))?(?:又は名称)?(?:[:：]| (?!を|が|の|・))|[一-龥々]{2,6} ?[様殿]"
)
_ORIGIN = re.compile(r"本籍地?\s?[:：]?\s?[一-龥ぁ-んァ-ヶ]{2,20}[町市区村郡]")
_PUPILS = re.compile(r"児童|生徒|園児|学年|\d ?年 ?\d ?組|小学校|中学校")
_PUPILS_MANY = 3
_PROFILE = re.compile(
    r"(?:障害|療育|要介護|病名|診断名|生活保護|国籍|前科|信仰)[^\n。]{0,12}[:：]|要(?:介護|支援)[1-5]|手帳 ?[1-6]級"
    r"|感染者|受給者|滞納者|陽性者|容疑者|被疑者"
)


class DataKind(Struct, frozen=True):
    """One kind of personal data: its code (words in `templates/reasons/ja.toml`), an example, and whether a text holds it."""

    code: str
    example: str
    found: Callable[["Text"], bool]


class Text(Struct):
    """A text in NFKC, where full names stand in it, public or not, and where it names private people."""

    plain: str
    own_domains: Sequence[str]
    names: list[Span]
    people: list[Span]

    def near_people(self, pattern: re.Pattern[str], within: int = _NEAR) -> Iterator[tuple[re.Match[str], Span]]:
        """What the pattern finds within so many characters of a private person, no sentence ending in between."""
        starts = [start for start, _ in self.people]
        for found in pattern.finditer(self.plain):
            first = bisect_left(starts, found.start() - within - _NEAR)
            for start, end in self.people[first:]:
                if start > found.end() + within:
                    break
                between = self.plain[min(end, found.end()) : max(start, found.start())]
                if len(between) <= within and _SENTENCE_END not in between and between.count("\n") <= 2:  # noqa: PLR2004
                    yield found, (start, end)


def personal_data(text: str, own_domains: Sequence[str]) -> str:
    """What kind of personal data the text seems to hold ("" for none): a code, never the data itself.

    The text is compared in NFKC (full-width digits); it is not changed.
    """
    plain = unicodedata.normalize("NFKC", text)
    names = full_names(plain)
    read = Text(plain, own_domains, names, private_people(plain, names))
    return next((kind.code for kind in KINDS if kind.found(read)), "")


def is_my_number(digits: str) -> bool:
    """Whether twelve digits carry the check digit of a マイナンバー: 行政手続における特定の個人を識別するための番号の利用等に
    関する法律の規定による通知カード及び個人番号カード…に関する省令 第5条 (weights 2 to 7, modulus 11)."""
    *body, check = (int(digit) for digit in digits)
    weights = [n + 1 if n <= 6 else n - 5 for n in range(11, 0, -1)]  # noqa: PLR2004 - the ordinance's formula
    rest = sum(digit * weight for digit, weight in zip(body, weights, strict=True)) % 11
    return check == (0 if rest <= 1 else 11 - rest)


_KANJI_DIGITS = str.maketrans("〇○◯零一二三四五六七八九", "0000123456789")
_KANJI_NUMBER = re.compile(rf"(?:[〇○◯零0]|ゼロ|れい)(?:[〇○◯零一二三四五六七八九\dのノ]|{_GAP}|ゼロ|れい){{9,30}}")
_SAID = re.compile("ゼロ|れい")


def _mobile(text: Text) -> bool:
    written = (
        _SAID.sub("0", found[0]).translate(_KANJI_DIGITS).replace("の", "-").replace("ノ", "-")
        for found in _KANJI_NUMBER.finditer(text.plain)
    )
    return _MOBILE.search(text.plain) is not None or any(map(_MOBILE.search, written))


def _e_mail(text: Text) -> bool:
    for found in _E_MAIL.finditer(text.plain):
        domain = re.sub(_DOT, ".", found[2], flags=re.IGNORECASE).casefold().rstrip(".")
        own = any(domain == one.casefold() or domain.endswith(f".{one.casefold()}") for one in text.own_domains)
        office = _OFFICE.fullmatch(found[1].casefold()) and domain.endswith(_OFFICE_DOMAINS)
        if not own and not office and not domain.endswith(_OFFICIAL):
            return True
    return False


def _my_number(text: Text) -> bool:
    numbers = (re.sub(r"\D", "", found[0]) for found in _TWELVE_DIGITS.finditer(text.plain))
    return any(map(is_my_number, numbers)) or _MY_NUMBER_LABEL.search(text.plain) is not None


def _landline(text: Text) -> bool:
    if _AT_HOME.search(text.plain):
        return True
    places = [
        (min(start, found.start()), max(end, found.end())) for found, (start, end) in text.near_people(_LANDLINE, 16)
    ]
    places += [found.span() for found in FAMILY.finditer(text.plain) if _LANDLINE.match(text.plain, found.end())]
    return any(not _OF_AN_OFFICE.search(text.plain, max(0, start - 30), end + 4) for start, end in places)


def _reading(text: Text) -> bool:
    after = (_READING.match(text.plain, end) for _, end in text.people)
    alone = (not is_public(text.plain, *found.span()) for found in _READ_NAME.finditer(text.plain))
    before = (_READ_BEFORE.search(text.plain, max(0, start - 30), start) for start, _ in text.people)
    return any(after) or any(before) or any(alone) or any(True for _ in text.near_people(_READING_LABEL))


def _near(pattern: re.Pattern[str], within: int = _NEAR) -> Callable[[Text], bool]:
    return lambda text: any(True for _ in text.near_people(pattern, within))


def _holds(*patterns: re.Pattern[str]) -> Callable[[Text], bool]:
    return lambda text: all(pattern.search(text.plain) for pattern in patterns)


def _address(text: Text) -> bool:
    """An address of somebody's; that of an office or a hall says whose it is before it, on its line."""
    for found, _ in text.near_people(_ADDRESS, 30):
        line = text.plain.rfind("\n", 0, found.start()) + 1
        if not _OF_AN_ORGANISATION.search(text.plain, max(line, found.start() - _NEAR), found.start()):
            return True
    return False


def _public_notice(text: Text) -> bool:
    return bool(_PUBLIC_NOTICE.search(text.plain) and (text.people or _NOTICE_OF.search(text.plain)))


def _pupils(text: Text) -> bool:
    return len(text.names) >= _PUPILS_MANY and any(
        _PUPILS.search(text.plain, max(0, start - _NEAR), end + _NEAR // 2) for start, end in text.names
    )


# In this order; the first that is found is told.
KINDS = (
    DataKind("mobile-number", "090-1234-5678、〇九〇の一二三四の五六七八", _mobile),
    DataKind("e-mail", "taro@example.com、taro[at]example.com", _e_mail),
    DataKind("my-number", "個人番号：1234-5678-9018", _my_number),
    DataKind("address-and-name", "門真市中町1番1号 山田太郎様", _address),
    DataKind("telephone-and-name", "山田太郎（自宅 072-000-0000）", _landline),
    DataKind("reading-of-a-name", "山田太郎（やまだ たろう）", _reading),
    DataKind("birth-date", "山田太郎さん（昭和40年5月1日生）", _near(_BIRTH)),
    DataKind(
        "number-and-name",
        "被保険者番号：12345678 氏名：山田太郎",
        lambda text: _near(_NUMBERED, 60)(text) or _holds(_PENSION)(text),
    ),
    DataKind("social-account", "LINE ID：taro1234", _holds(_SOCIAL)),
    DataKind("number-plate", "大阪 500 あ 12-34", _holds(_PLATE)),
    DataKind("public-notice", "公示送達　送達を受けるべき者：山田太郎", _public_notice),
    DataKind("domicile", "本籍：大阪府門真市中町　山田太郎", _near(_ORIGIN)),
    DataKind("pupils", "3年2組 山田太郎　鈴木花子　佐藤一郎", _pupils),
    DataKind("circumstances", "山田太郎　要介護度：3", _near(_PROFILE)),
)
