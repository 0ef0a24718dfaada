"""Thirty invented articles of a lifelike Kadoma City. Every fact in them is made up; nobody in them exists."""

from typing import Literal

from msgspec import Struct

TEL = "06-6902-1231"  # the city hall's main number, the only one used
SHOWN = 2  # reserve.sns_display: 表示する
HIDDEN = 1  # 表示しない


class Photo(Struct, frozen=True):
    """A picture of the page; PNG or JPEG by its name."""

    path: str
    alt: str
    width: int = 640
    height: int = 420


class File(Struct, frozen=True):
    """A file behind the page."""

    path: str
    title: str
    size: str = "121.1KB"


class SampleArticle(Struct, frozen=True):
    """One page as its department wrote it.

    `page_no` is what the CMS's list says, which for a shortcut is not the number in `path`. `og_image` is what the page
    names for social media: its photo, the CMS's placeholder, or nothing. `has_date` False: the page shows no date, only
    the list does. `sns_display` None: never set.
    """

    path: str
    page_no: int
    title: str
    body_html: str
    department: str
    breadcrumb: tuple[str, ...] = ()
    tel: str = TEL
    tags: tuple[str, ...] = ("お知らせ",)
    category_no: int = 2147
    is_shortcut_of: str = ""
    picture: Photo | None = None
    pdf: tuple[File, ...] = ()
    og_image: Literal["picture", "placeholder", "none"] = "placeholder"
    sns_display: int | None = SHOWN
    has_date: bool = True
    is_category_index: bool = False
    is_keitai_page: bool = False


def _p(*paragraphs: str) -> str:
    return "".join(f"<p>{text}</p>" for text in paragraphs)


PHOTOS, FILES = "/material/images/group", "/material/files/group"

FLU = SampleArticle(
    "/kenko_fukushi/kenko/yobosesshu/40102.html",
    40102,
    "高齢者インフルエンザ予防接種を実施しています",
    "<h2>対象となる人</h2>"
    + _p("市内に住民登録のある65歳以上の人", "自己負担は1,500円です。<strong>予約が必要</strong>な医療機関があります。")
    + "<h2>期間</h2>"
    + _p("令和8年10月1日（木曜日）から令和9年1月31日（日曜日）まで"),
    "保健福祉部健康増進課",
    ("健康・福祉", "健康", "予防接種"),
    picture=Photo(f"{PHOTOS}/21/yobosesshu.jpg", "予防接種を受ける人のイラスト"),
    og_image="picture",
)
MASTER = SampleArticle(
    "/soshiki/hokenfukushibu/4/2/40098.html",
    40098,
    "認知症サポーター養成講座の受講者を募集します",
    _p("認知症を正しく知り、地域で見守る「応援者」になる講座です。")
    + "<ul><li>日時：12月9日（水曜日）14時から15時30分</li>"
    "<li>場所：保健福祉センター3階</li><li>定員：先着30人（無料）</li></ul>",
    "保健福祉部高齢福祉課",
    ("組織から探す", "保健福祉部", "高齢福祉課"),
    tags=("募集", "講座"),
)
SHORTCUT = SampleArticle(
    "/kenko_fukushi/koreisha/9/6/40107.html",
    41815,
    MASTER.title,
    MASTER.body_html,
    MASTER.department,
    ("健康・福祉", "高齢者"),
    tags=MASTER.tags,
    is_shortcut_of=MASTER.path,
)
REPUBLISHED = SampleArticle(
    "/kurashi/gomi/9/8820.html",
    8820,
    "粗大ごみの申し込み方法",
    _p("粗大ごみは<em>電話またはインターネット</em>で事前に申し込んでください。")
    + "<table><tr><th>大きさ</th><th>処理券</th></tr><tr><td>1辺が1m未満</td><td>1枚（300円）</td></tr>"
    "<tr><td>1辺が1m以上</td><td>2枚（600円）</td></tr></table>",
    "環境水道部クリーンセンター業務課",
    ("くらし", "ごみ・リサイクル", "粗大ごみ"),
    tags=(),
)
UNDATED = SampleArticle(
    "/shisei/johokokai/5/40111.html",
    40111,
    "情報公開制度の運用状況を公表します",
    _p("令和7年度の開示請求は42件でした。内訳は次の表のとおりです。")
    + "<table><caption>開示請求の内訳</caption><tr><th>区分</th><th>件数</th></tr><tr><td>全部開示</td><td>18</td></tr>"
    "<tr><td>部分開示</td><td>21</td></tr><tr><td>不開示</td><td>3</td></tr></table>",
    "総務部法務課",
    ("市政", "情報公開"),
    has_date=False,
)
PDF_ONLY = SampleArticle(
    "/shisei/koho/kohokadoma/40113.html",
    40113,
    "広報かどま 12月号",
    "",
    "企画財政部魅力発信課",
    ("市政", "広報"),
    tags=("広報",),
    pdf=(
        File(f"{FILES}/3/koho202612.pdf", "広報かどま 令和8年12月号", "6.6MB"),
        File(f"{FILES}/3/koho202612text.pdf", "音声読み上げ用"),
    ),
    og_image="none",
)
PLACEHOLDER = SampleArticle(
    "/kurashi/zeikin/4/40115.html",
    40115,
    "固定資産税・都市計画税（第4期）の納期限は12月25日です",
    _p("口座振替の人は、前日までに残高を確認してください。", "スマートフォン決済もご利用いただけます。"),
    "総務部収納課",
    ("くらし", "税金"),
)
LONG_TITLE = SampleArticle(
    "/sukusuku/kakuka/hoikuyotien/1/akizyoukyouitiran/6_2/40117.html",
    40117,
    "令和9年度（2027年度）保育所・認定こども園・小規模保育事業所等の利用申込みの一次受付期間、必要書類、選考基準の一部見直し、および市役所別館1階"
    "特設会場（土曜日・日曜日の臨時開設を含む）での受付日時ならびに郵送・オンライン申請の締切についてのお知らせ【12月1日更新：よくある質問を追加しました】",
    _p(
        "一次受付は12月1日（火曜日）から12月18日（金曜日）までです。",
        "必要書類がそろわない場合は、選考の対象になりません。",
    ),
    "こども部保育幼稚園課",
    ("子育て・教育", "保育"),
    tags=("お知らせ", "募集"),
    picture=Photo(f"{PHOTOS}/33/hoiku.png", "保育所の園庭", 800, 533),
    og_image="picture",
)
EMOJI = SampleArticle(
    "/event/2026/12/40119.html",
    40119,
    "親子で世界のあそび👨‍👩‍👧‍👦🇯🇵🇧🇷 国際交流フェスタを開催",
    _p("世界のあそびと料理を体験できます🎉 申し込みは不要です。", "雨天のときは屋内で行います☔️"),
    "市民文化部人権市民相談課",
    ("イベント", "12月"),
    tags=("イベント",),
    picture=Photo(f"{PHOTOS}/12/festa.jpg", "けん玉で遊ぶ親子", 1024, 683),
    og_image="picture",
)
VARIANTS = SampleArticle(
    "/citypromo/rekishi/40121.html",
    40121,
    "辻\U000e0100の道しるべと葛\U000e0100の伝説をたどるまち歩き",
    _p(
        "<ruby>蓮根<rp>（</rp><rt>れんこん</rt><rp>）</rp></ruby>畑の名残をたどり、約3kmを歩きます。",
        "集合は古川橋駅の北側広場です。",
    ),
    "企画財政部魅力発信課",
    ("門真の魅力", "歴史"),
    tags=("イベント",),
    picture=Photo(f"{PHOTOS}/5/machiaruki.png", "古い道しるべ", 420, 640),
    og_image="picture",
)
ENTITIES = SampleArticle(
    "/kurashi/todokede/2/40123.html",
    40123,
    'マイナンバーカード Q&A「"更新"って何？」<よくある質問>',
    _p(
        "有効期限は発行から10回目の誕生日まで（18歳未満は5回目）です。",
        "電子証明書は&nbsp;5&nbsp;年&#12290; 手数料 &lt;無料&gt; &amp; 即日 &copy;門真市",
    )
    + "<!-- 下書き：消すこと --><p>{{ 予約 }} は不要です。<br>土曜日は 9 時〜12 時です。</p>",
    "市民文化部市民課",
    ("くらし", "届出・証明"),
    picture=Photo(f"{PHOTOS}/7/card.png", 'カードの見本 "表面"'),
)
NOT_FOR_SNS = SampleArticle(
    "/shisei/nyusatsu/kekka/40125.html",
    40125,
    "入札結果（令和8年11月分）",
    _p("11月に実施した入札の結果を公表します。"),
    "総務部契約課",
    ("市政", "入札・契約"),
    tags=(),
    sns_display=HIDDEN,
    pdf=(File(f"{FILES}/9/kekka1811.pdf", "入札結果一覧", "88.0KB"),),
)

ARTICLES: tuple[SampleArticle, ...] = (
    FLU,
    MASTER,
    SHORTCUT,
    REPUBLISHED,
    UNDATED,
    PDF_ONLY,
    PLACEHOLDER,
    LONG_TITLE,
    EMOJI,
    VARIANTS,
    ENTITIES,
    NOT_FOR_SNS,
    SampleArticle(
        "/kurashi/anshin/4/10/40127.html",
        40127,
        "総合防災訓練を行います",
        _p(
            "11月29日（日曜日）9時から、市内一斉に<strong>シェイクアウト訓練</strong>を行います。",
            "訓練の放送が流れます。災害とお間違えのないようお願いします。",
        ),
        "総務部危機管理課",
        ("くらし", "防災・安全"),
        tags=("防災",),
        picture=Photo(f"{PHOTOS}/18/kunren.jpg", "机の下に隠れる児童"),
        og_image="picture",
    ),
    SampleArticle(
        "/kurashi/anshin/4/12/40128.html",
        40128,
        "家具の転倒防止器具の購入費を補助します",
        _p("補助額は費用の2分の1（上限5,000円）です。申請はR8.12.25まで。"),
        "総務部危機管理課",
        ("くらし", "防災・安全"),
        tags=("防災",),
    ),
    SampleArticle(
        "/kurashi/gomi/9/40129.html",
        40129,
        "年末年始のごみ収集日程",
        "<table><tr><th>種類</th><th>年末の最終</th><th>年始の最初</th></tr><tr><td>普通ごみ</td><td>12月30日</td><td>1月4日</td></tr></table>",
        "環境水道部クリーンセンター業務課",
        ("くらし", "ごみ・リサイクル"),
        pdf=(File(f"{FILES}/16/nenmatsu.pdf", "年末年始の収集日程表", "310.4KB"),),
    ),
    SampleArticle(
        "/kurashi/gomi/9/40130.html",
        40130,
        "リチウムイオン電池の出し方が変わります",
        _p("１２月１日から、公共施設の回収箱をご利用ください。", "ごみ収集車の火災を防ぐためです。"),
        "環境水道部クリーンセンター業務課",
        ("くらし", "ごみ・リサイクル"),
        picture=Photo(f"{PHOTOS}/16/denchi.png", "回収箱の写真", 600, 600),
    ),
    SampleArticle(
        "/kurashi/jogesuido/3/40131.html",
        40131,
        "水道管の冬支度はお早めに",
        _p("気温がマイナス4℃を下回ると、水道管が凍りやすくなります。")
        + "<ol><li>保温材を巻く</li><li>元栓を確かめる</li></ol>",
        "環境水道部お客さまセンター",
        ("くらし", "上下水道"),
        picture=Photo(f"{PHOTOS}/17/suido.jpg", "保温材を巻いた水道管"),
        og_image="picture",
    ),
    SampleArticle(
        "/sukusuku/kakuka/kosodateshien/40132.html",
        40132,
        "ひよこひろば 12月の予定",
        _p("0歳から2歳のお子さんと保護者のひろばです。")
        + "<ul><li>4日（金曜日）手形アート</li><li>18日（金曜日）クリスマス会</li></ul>",
        "こども部こども政策課",
        ("子育て・教育", "子育て支援"),
        tags=("イベント",),
        picture=Photo(f"{PHOTOS}/31/hiyoko.png", "手形アートの作品"),
        og_image="picture",
    ),
    SampleArticle(
        "/sukusuku/kakuka/gakkokyoiku/40133.html",
        40133,
        "小学校の新1年生に入学通知書を送ります",
        _p("対象は令和2年4月2日から令和3年4月1日までに生まれたお子さんです。"),
        "教育部学校教育課",
        ("子育て・教育", "学校"),
    ),
    SampleArticle(
        "/sukusuku/kakuka/gakkokyoiku/40134.html",
        40134,
        "学校給食の献立（12月）",
        _p("門真れんこんの<ruby>天<rt>てん</rt></ruby>ぷらが登場します。"),
        "教育部学校教育課",
        ("子育て・教育", "学校"),
        pdf=(File(f"{FILES}/35/kondate12.pdf", "12月の献立表", "512.0KB"),),
        picture=Photo(f"{PHOTOS}/35/kyushoku.jpg", "れんこんの天ぷら"),
    ),
    SampleArticle(
        "/sukusuku/kakuka/kosodateshien/40135.html",
        40135,
        "児童手当の支給日は12月10日です",
        _p("10月分と11月分を振り込みます。通帳の記帳でご確認ください。"),
        "こども部こども政策課",
        ("子育て・教育", "手当"),
        sns_display=None,
    ),
    SampleArticle(
        "/kenko_fukushi/kenko/kenshin/40136.html",
        40136,
        "日曜がん検診の追加日程を決めました",
        _p("12月13日（日曜日）、胃・肺・大腸がん検診をまとめて受けられます。"),
        "保健福祉部健康増進課",
        ("健康・福祉", "健康", "検診"),
        tags=("健康",),
        picture=Photo(f"{PHOTOS}/21/kenshin.jpg", "検診車"),
        og_image="picture",
    ),
    SampleArticle(
        "/kenko_fukushi/shogai/6/40137.html",
        40137,
        "障がい者週間の作品展",
        _p("市役所本館ロビーに約80点を展示します。手話通訳があります。"),
        "保健福祉部障がい福祉課",
        ("健康・福祉", "障がい者"),
        tags=("イベント",),
        picture=Photo(f"{PHOTOS}/24/sakuhin.png", "色鮮やかな貼り絵"),
        og_image="picture",
    ),
    SampleArticle(
        "/kurashi/doro/5/40138.html",
        40138,
        "弁天池公園の遊具が新しくなりました",
        _p("どなたでも遊べるインクルーシブ遊具を3基設置しました。"),
        "まちづくり部道路公園課",
        ("くらし", "道路・公園"),
        picture=Photo(f"{PHOTOS}/28/koen.jpg", "新しいブランコ", 1024, 768),
        og_image="picture",
    ),
    SampleArticle(
        "/kurashi/doro/5/40139.html",
        40139,
        "市道の夜間通行止め（中町）",
        _p("11月26日（木曜日）22時から翌5時まで、舗装工事のため通行できません。"),
        "まちづくり部道路公園課",
        ("くらし", "道路・公園"),
        pdf=(File(f"{FILES}/28/ukairo.pdf", "う回路の図", "204.8KB"),),
    ),
    SampleArticle(
        "/soshiki/shiminbunkabu/6/3/4/40140.html",
        40140,
        "女性のための相談日（12月）",
        _p("秘密は守られます。予約は電話で受け付けています。"),
        "市民文化部人権市民相談課",
        ("組織から探す", "市民文化部"),
        tags=("相談",),
    ),
    SampleArticle(
        "/kurashi/sodan/1/40141.html",
        40141,
        "弁護士による無料法律相談",
        _p("1人25分、先着8人です。11月30日（月曜日）9時から電話で予約できます。"),
        "市民文化部人権市民相談課",
        ("くらし", "相談"),
        tags=("相談",),
    ),
    SampleArticle(
        "/citypromo/furusato/40142.html",
        40142,
        "ふるさと納税に「門真れんこんチップス」が加わりました",
        _p("市内の3つの事業者が力を合わせて作りました。"),
        "企画財政部魅力発信課",
        ("門真の魅力", "ふるさと納税"),
        picture=Photo(f"{PHOTOS}/5/chips.png", "皿に盛ったれんこんチップス", 900, 600),
        og_image="picture",
    ),
    SampleArticle(
        "/60th/project/40143.html",
        40143,
        "市制施行63周年記念ロゴマークを使いませんか",
        _p("令和8(2026)年12月28日まで、使用の申請を受け付けます。"),
        "企画財政部魅力発信課",
        ("市制施行60周年",),
        tags=("募集",),
        picture=Photo(f"{PHOTOS}/5/logo.png", "記念ロゴマーク", 500, 500),
        og_image="picture",
    ),
    SampleArticle(
        "/shisei/dx/2/40144.html",
        40144,
        "市民課窓口に「書かない窓口」を導入します",
        _p("12月14日（月曜日）から、申請書への記入が要らなくなります。"),
        "企画財政部ICT推進課",
        ("市政", "デジタル化"),
        picture=Photo(f"{PHOTOS}/4/madoguchi.jpg", "窓口の端末"),
        og_image="picture",
    ),
)

EMERGENCY = SampleArticle(
    "/kinkyu/40201.html",
    40201,
    "【警戒レベル4】避難指示を発令しました（古川流域）",
    _p("11月23日1時10分、古川流域に<strong>避難指示</strong>を発令しました。危険な場所から全員避難してください。")
    + "<h2>開設した避難所</h2><ul><li>市民プラザ</li><li>ルミエールホール</li></ul>",
    "総務部危機管理課",
    ("緊急情報",),
    tags=("緊急",),
)
EMERGENCY_WATER = SampleArticle(
    "/kinkyu/40202.html",
    40202,
    "大規模な断水が発生しています（北部地域）",
    _p("配水管の破損により断水しています。給水所を開設しました。"),
    "環境水道部お客さまセンター",
    ("緊急情報",),
    tags=("緊急",),
)
EMERGENCIES = (EMERGENCY, EMERGENCY_WATER)

CATEGORY_INDEX = SampleArticle(
    "/kurashi/gomi/index.html",
    812,
    "ごみ・リサイクル",
    "",
    "環境水道部クリーンセンター業務課",
    ("くらし",),
    tags=(),
    is_category_index=True,
)
KEITAI_PAGE = SampleArticle(
    "/keitai/kurashi/40118.html",
    40118,
    "携帯版：夜間・休日の診療",
    _p("保健福祉センター診療所"),
    "保健福祉部健康増進課",
    ("携帯版",),
    tags=(),
    is_keitai_page=True,
)
