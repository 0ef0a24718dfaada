"""Art. 12: personal data in a text is caught before it is broadcast. Errs on the side of asking a person."""

import re
import unicodedata
from collections.abc import Sequence

DASH = r"[-‐-―−ーｰ－]"
GAP = rf"(?:{DASH}|[ ()・.])"
# Mobile numbers are 060/070/080/090 and eight digits; 0800 is toll-free. City offices' numbers (06-…, 0120-…, 050-…) pass.
MOBILE = re.compile(rf"(?<!\d)(?:\+81{GAP}{{0,2}}(?!800)|0(?!800))[6789]0{GAP}{{0,2}}\d{{4}}{GAP}{{0,2}}\d{{4}}(?!\d)")
E_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+)")
TWELVE_DIGITS = re.compile(rf"(?<!\d)(?<!\d[ -])\d{{4}}(?:{DASH}| )?\d{{4}}(?:{DASH}| )?\d{{4}}(?!(?:{DASH}| )?\d)")

NUMBER = "[0-9〇一二三四五六七八九十百]{1,5}"
ADDRESS = re.compile(
    rf"(?:[町市区村]|丁目|字[一-龥ぁ-んァ-ヶー]{{1,8}})\s?{NUMBER}\s?(?:丁目|番地?|号|(?:{DASH}|の)\s?(?={NUMBER}))"
)
NEAR = 30  # characters between a house number and a name that belongs to it, within one sentence
HONORIFIC = re.compile(r"(?<=[一-龥々ぁ-んァ-ヶー]) ?(?:さん|さま|様(?![式々子相])|氏(?!名))")
NAME = re.compile("[一-龥々ァ-ヶ]")
# What precedes an honorific and is no name: whom a city addresses, and words that merely end like an honorific.
NO_NAME = re.compile(
    "(?:皆|みな|みんな|たく|多|同|仕|模|一|有|異|左|両|各|彼|客|お子|子ども|こども|児童|の子|父|母|親|兄|姉|妹|弟|奥|主人|じい|ばあ|とう"
    "|かあ|にい|ねえ|孫|家族|隣|者|市民|住民|国民|町民|員|方|方々|業|屋|店|課|室|係|会|団|社|院|園|校|生徒|学生|医|職人|商人|世帯|連|組合"
    "|代表|先|マネー?ジャー|ドライバー|ヘルパー|オーナー|メンバー|サポーター|スタッフ|ボランティア|ママ|パパ|ファン)$"
)
# Who appears in public under a name; the address is then that of the event.
IN_PUBLIC = re.compile("講師|出演|ゲスト|司会|指導|演奏|登壇|主演|監督|選手|市長|議員")


def personal_data(text: str, own_domains: Sequence[str]) -> str:
    """What kind of personal data the text seems to hold ("" for none): a code, never the data itself.

    The text is compared in NFKC (full-width digits); it is not changed.
    """
    plain = unicodedata.normalize("NFKC", text)
    if MOBILE.search(plain):
        return "mobile-number"
    for match in E_MAIL.finditer(plain):
        domain = match[1].casefold().rstrip(".")
        if not any(domain == own.casefold() or domain.endswith(f".{own.casefold()}") for own in own_domains):
            return "e-mail"
    if any(is_my_number(re.sub(r"\D", "", match[0])) for match in TWELVE_DIGITS.finditer(plain)):
        return "my-number"
    for sentence in re.split("[。\n]", plain):
        if _has_address_and_name(sentence):
            return "address-and-name"
    return ""


def is_my_number(digits: str) -> bool:
    """Whether twelve digits carry the check digit of a マイナンバー: 行政手続における特定の個人を識別するための番号の利用等に
    関する法律の規定による通知カード及び個人番号カード…に関する省令 第5条 (weights 2 to 7, modulus 11)."""
    *body, check = (int(digit) for digit in digits)
    weights = [n + 1 if n <= 6 else n - 5 for n in range(11, 0, -1)]  # noqa: PLR2004 - the ordinance's formula
    rest = sum(digit * weight for digit, weight in zip(body, weights, strict=True)) % 11
    return check == (0 if rest <= 1 else 11 - rest)


def _has_address_and_name(sentence: str) -> bool:
    """A house number, and near it a name with an honorific."""
    places = [(match.start(), match.end()) for match in ADDRESS.finditer(sentence)]
    if not places:
        return False
    for match in HONORIFIC.finditer(sentence):
        before = sentence[max(0, match.start() - 6) : match.start()]
        if NO_NAME.search(before) or not NAME.search(before):
            continue
        if IN_PUBLIC.search(sentence, max(0, match.start() - 16), match.start()):
            continue
        if any(start - NEAR <= match.end() and match.start() <= end + NEAR for start, end in places):
            return True
    return False
