"""One made-up article on sites of no system: tables for the layout, no headings, nothing but line breaks, dates and
departments wherever people put them. Each holds the same words, and where it differs says so."""

TITLE = "水道管の入れ替えに伴う断水のお知らせ"
FIRST = "市では、古くなった水道管を入れ替えます。工事の間は水が出なくなりますので、あらかじめ水をためておいてください。"
LAST = "ご不便をおかけしますが、ご協力をお願いします。"
BODY = f"<p>{FIRST}</p><h3>日時</h3><ul><li>11月28日（土）午後1時から4時まで</li></ul><p>{LAST}</p>"
TEXT = (FIRST, "日時", "・11月28日（土）午後1時から4時まで", LAST)
LOGO = "<div><a href='/'><img src='/img/logo.gif' alt='みどり市'></a></div>"
PARTS = (
    "くらし・手続き",
    "子育て・教育",
    "健康・福祉",
    "観光・文化",
    "市政情報",
    "防災・安全",
    "ごみ・環境",
    "税金",
    "上下水道",
    "住まい",
    "図書館",
    "公園",
)
MENU = "<ul>" + "".join(f"<li><a href='/m{number}/'>{part}</a></li>" for number, part in enumerate(PARTS)) + "</ul>"
FOOT = """<div><p>みどり市役所<br>〒571-0000 みどり市中町1番1号<br>電話 06-0000-9999（代表）</p>
<p>Copyright (C) Midori City. All Rights Reserved.</p></div>"""
DATE = "<p>更新日：2026年11月24日</p>"
ASK = "<h2>お問い合わせ</h2><p>水道部 水道課</p><p>電話：06-0000-1111</p>"


def page(body: str) -> str:
    return f"<!DOCTYPE html><html lang=ja><head><meta charset=utf-8><title>{TITLE} | みどり市</title></head><body>{body}</body></html>"


def article(before: str = "", after: str = ASK, body: str = BODY) -> str:
    return page(f"<main><h1>{TITLE}</h1>{before}{body}{after}</main>")


LAYOUTS: dict[str, str] = {
    "a table for the layout": page(
        f"<table width=900><tr><td colspan=2>{LOGO}</td></tr><tr><td width=200>{MENU}</td><td><table><tr><td><h1>{TITLE}</h1></td></tr>"
        f"<tr><td>{BODY}</td></tr><tr><td align=right>更新日：令和8年11月24日</td></tr><tr><td><b>お問い合わせ</b><br>水道部 水道課<br>TEL 06-0000-1111<br>"
        f"FAX 06-0000-1112</td></tr></table></td></tr><tr><td colspan=2>{FOOT}</td></tr></table>"
    ),
    "a title in large letters": page(
        f"<table><tr><td>{MENU}</td><td><p><font size=5><b>{TITLE}</b></font></p>{BODY}<hr><p>担当：水道部 水道課　電話：06-0000-1111</p>"
        f"<p>最終更新日：2026年11月24日</p></td></tr></table>{FOOT}"
    ),
    "no heading at all": page(
        f"<div id=header>{LOGO}</div><div id=menu>{MENU}</div><div id=main><div class=title>{TITLE}</div>{BODY}<div class=r>【問い合わせ先】<br>水道部 水道課<br>"
        f"電話：06-0000-1111</div><div>掲載日：令和8年11月24日</div></div><div id=footer>{FOOT}</div>"
    ),
    "the site's name as the first heading": page(
        f"<h1><a href='./'>みどり市</a></h1><div id=navi>{MENU}</div><div id=content><h2>{TITLE}</h2>{BODY}<dl class=inq><dt>お問い合わせ先</dt><dd>水道部 水道課<br>"
        f"電話番号：06-0000-1111<br>ファクス：06-0000-1112</dd></dl><p class=r>最終更新日：2026/11/24</p></div>{FOOT}"
    ),
    "the part's name as the first heading": page(
        f"<header>{LOGO}</header><div class=pagetitle><h1>くらし</h1></div><main><h2 class=entry>{TITLE}</h2>{DATE}{BODY}{ASK}</main>"
    ),
    "the logo as the first heading": page(
        f"<h1><img src=/logo.png alt=みどり市></h1><div id=wrap><div id=sub>{MENU}</div><div id=honbun><h2>{TITLE}</h2><p>公開日：2026.11.24</p>{BODY}"
        f"<table><tr><th>問い合わせ先</th><td>水道部 水道課</td></tr><tr><th>電話</th><td>06-0000-1111</td></tr></table></div></div>{FOOT}"
    ),
    "nothing but line breaks": page(
        f"<div>{LOGO}</div><div id=left>{MENU}</div><div id=right><h1>{TITLE}</h1>　{FIRST}<br><br>日時<br>　・11月28日（土）午後1時から4時まで<br><br>　{LAST}<br><br>"
        f"お問い合わせ先<br>水道部 水道課<br>電話 06-0000-1111<br><br>登録日：2026年11月24日</div>{FOOT}"
    ),
    "nothing around it": page(
        f"<h1>{TITLE}</h1>{FIRST}<br>日時<br>・11月28日（土）午後1時から4時まで<br>{LAST}<p>更新日 2026年11月24日</p><address>水道部 水道課 電話 06-0000-1111</address>"
    ),
    "a menu larger than the article, before and behind": page(
        f"<div class=l-wrap><div class=l-side>{MENU * 6}</div><div class=l-body><div class=ttl><h1>{TITLE}</h1></div><div class=txt>{BODY}</div><div class=i1>"
        f"<span>更新日</span><span>2026年11月24日</span></div><div class=i2><p>この記事に関するお問い合わせ先</p><p>水道部　水道課</p><p>電話：06-0000-1111</p></div></div>"
        f"<div class=l-right>{MENU * 3}</div></div>{FOOT}"
    ),
    "buttons, marks and a survey": page(
        f"<a href=#c>本文へ</a><div id=c><p>ここから本文です。</p><h1>{TITLE}</h1><p>ページ番号 1001234 　更新日 令和8年11月24日　<a href='#'>印刷する</a></p><ul>"
        "<li><a href=https://x.example>Xでポスト</a></li><li><a href=https://f.example>Facebookでシェアする</a></li><li><a href=https://l.example>LINEで送る</a></li></ul>"
        f"{BODY}<p>PDF形式のファイルを開くには、Adobe Acrobat Reader DC（旧Adobe Reader）が必要です。</p><p>このページに関するアンケート</p><form><p>分かりやすかったですか？</p>"
        f"<label><input type=radio>分かりやすかった</label></form>{ASK}<p><a href=/form>お問い合わせは専用フォームをご利用ください。</a></p><p>ここまで本文です。</p></div>{FOOT}"
    ),
    "a survey in words": article(
        DATE, f"<div class=q><h2>このページについてお聞かせください</h2><p>役に立ちましたか？</p><ul><li>役に立った</li></ul></div>{ASK}"
    ),
    "related pages and a cloud of tags": article(
        DATE,
        f"<h2>関連リンク</h2><ul><li><a href=/a>水道のしくみ</a></li></ul>{ASK}<h2>この記事を見た人はこんな記事も見ています</h2><ul><li><a href=/z>ごみの日</a></li></ul>"
        "<div class=tagcloud><a href=/t/1>水道</a> <a href=/t/2>工事</a></div>",
    ),
    "what is not shown": article(
        f"<div style='display: none'>見えない文です。</div><div hidden>見えない文です。</div><!-- 見えない文です。 -->{DATE}<p>&nbsp;&nbsp;</p>"
    ),
    "tags without end": page(
        "<div>" * 120 + f"<h1>{TITLE}</h1>" + "<div>" * 100 + BODY + "</div>" * 100 + f"{DATE}<div><h2>担当課</h2><p>水道部 水道課</p><p>06-0000-1111</p></div>"
    ),
}  # fmt: skip

LAYOUTS |= {
    "a picture of the title": page(f"{LOGO}<div>{MENU}</div><div id=main><h1><img src=/t.gif alt='{TITLE}'></h1>{DATE}{BODY}{ASK}</div>{FOOT}"),
    "roles instead of names": page(
        f"<div role=banner>{LOGO}</div><div role=navigation>{MENU}</div><div role=main><div role=article><div role=heading aria-level=1>{TITLE}</div>{DATE}{BODY}{ASK}"
        f"</div></div><div role=contentinfo>{FOOT}</div>"
    ),
    "one form around it all": page(f"<form action=/x>{LOGO}<div>{MENU}</div><div><h1>{TITLE}</h1>{DATE}{BODY}{ASK}</div>{FOOT}</form>"),
    "the title in the head of the page": page(f"<header><h1>{TITLE}</h1>{DATE}</header><div class=b>{BODY}{ASK}</div><footer>{FOOT}</footer>"),
    "links beside the article, in its part": page(
        f"<main><div class=col1><h1>{TITLE}</h1>{DATE}{BODY}{ASK}</div><div class=col2><h2>上水道</h2><ul><li><a href=1>水道料金</a></li><li><a href=2>水質</a></li></ul></div></main>{FOOT}"
    ),
    "tabs, letters' sizes and a note on scripts": article(
        f"<p>このページではJavaScriptを使用しています。</p><div>文字サイズ 標準 大 特大</div><div>音声で読み上げる</div>{DATE}<ul><li><a href=#a>概要</a></li><li><a href=#b>区域</a></li></ul>",
        f"<p>（新しいウィンドウで開きます）</p><p>▲このページのトップに戻る</p>{ASK}",
    ),
    "a department with hours": article(
        DATE, f"{ASK}<p>受付時間：平日午前9時から午後5時30分まで（土曜日・日曜日・祝日を除く）</p><p>お問い合わせの際は、ページ番号をお知らせください。</p>"
    ),
    "the department in the foot of the site": page(
        f"<main><h1>{TITLE}</h1>{DATE}{BODY}</main><footer><div><h2>このページに関するお問い合わせ</h2><p>水道部 水道課</p><p>電話：06-0000-1111</p></div>{FOOT}</footer>"
    ),
}  # fmt: skip

# Where people put the day of publication.
DATES = {
    "in the foot of the site": page(f"<main><h1>{TITLE}</h1>{BODY}{ASK}</main><footer><p>最終更新日：2026年11月24日</p>{FOOT}</footer>"),
    "in a list of terms": article("<dl><dt>更新日</dt><dd>令和8年11月24日</dd><dt>ページID</dt><dd>12345</dd></dl>"),
    "in a table": article(
        "<table><tr><th>更新日</th><td>令和8年11月24日</td></tr><tr><th>担当課</th><td>水道部 水道課</td></tr><tr><th>電話</th><td>06-0000-1111</td></tr></table>",
        "",
    ),
    "beside the department": article("<p>更新日：2026年11月24日　担当：水道部 水道課</p>", "<p>電話 06-0000-1111</p>"),
    "behind the first one": article("<p>公開日：2026年10月1日　更新日：2026年11月24日</p>"),
    "behind the first one, apart": article("<div class=publishedAt>公開日 2026年11月20日</div><div class=updatedAt>更新日 2026年11月24日</div>"),
    "in both calendars": article("<p>更新日：令和8年（2026年）11月24日</p>"),
    "in square brackets": article("<p>[2026年11月24日]</p>"),
    "in round brackets": article("<p>（令和8年11月24日掲載）</p>"),
    "with a word behind": article("<p>2026年11月24日　更新</p>"),
    "alone below the title": article("<div>2026年11月24日</div>"),
    "alone above the title": page(f"<main><p class=date>2026.11.24</p><h1>{TITLE}</h1>{BODY}{ASK}</main>"),
    "in the foot of the article": page(
        f"<main><h1>{TITLE}</h1><footer class=released><time class=date datetime=2026-11-24>公開日：2026年11月24日</time></footer>{BODY}{ASK}</main>"
    ),
    "in a list": article("<ul><li>登録日：令和8年11月24日</li><li>ページ番号：12345</li></ul>"),
    "in terms with the department": article(
        "<dl><dt>更新日</dt><dd>2026年11月24日</dd><dt>担当課</dt><dd>水道部 水道課</dd><dt>電話番号</dt><dd>06-0000-1111</dd></dl>", ""
    ),
    "in spans": article("<p><span>更新日</span>：<b>2026</b>年<b>11</b>月<b>24</b>日</p>"),
    "on the next line": article("<p>更新日<br>2026年11月24日</p>"),
    "in English": article("<p>Last updated: November 24, 2026</p>"),
    "short": article("<p>更新日：R8.11.24</p>"),
    "in the head": article("").replace("<head>", '<head><meta name="DC.date" content="2026-11-24">'),
    "beside the author": article("<footer><div>投稿者 admin 投稿日時 2026年11月24日(火) 10:00</div></footer>"),
}  # fmt: skip

# How people write whom to ask.
CONTACTS: dict[str, str] = {
    "a list": "<h2>お問い合わせ先</h2><ul><li>水道部 水道課</li><li>電話番号：06-0000-1111</li><li>ファクス番号：06-0000-1112</li></ul>",
    "a list of terms": "<dl><dt>担当部署</dt><dd>水道部 水道課</dd><dt>電話番号</dt><dd>06-0000-1111</dd><dt>所在地</dt><dd>みどり市中町1番1号</dd></dl>",
    "a table": "<div class=contactArea><table><tr><th>担当部署</th><td>水道部 水道課</td></tr><tr><th>電話番号</th><td>06-0000-1111</td></tr></table></div>",
    "one line": "<p>【お問い合わせ先】水道部 水道課（電話 06-0000-1111）</p>",
    "one line behind a label": "<p>（担当：水道部 水道課　電話06-0000-1111）</p>",
    "a block with a name": "<section class=c-inquiryBox><h3>このページの担当</h3><p>水道部 水道課</p><p>06-0000-1111</p></section>",
    "fields": "<div class=f><div class=l>担当部署</div><div class=v>水道部 水道課</div></div><div class=f><div class=l>電話</div><div class=v>06-0000-1111</div></div>",
    "a signature": "<p>水道部 水道課<br>TEL 06-0000-1111</p>",
    "beside the article": f"</main><section class=contact><header><h2>お問い合わせ</h2></header><p class=group>水道部 水道課</p><dl><dt>電話</dt><dd>06-0000-1111</dd></dl></section>{FOOT}",
    "headings in the article's own order": f"{ASK}<p>〒571-0000<br>みどり市中町1番1号（市役所本庁舎3階）</p>",
}  # fmt: skip

CONTACTS |= {
    f"the label {label}": f"<p>{label}水道部 水道課（電話：06-0000-1111）</p>"
    for label in ("発信元：", "所管課：", "作成部署：", "組織名：", "このページの発信元：", "問合先：", "問い合わせ先・", "＜お問い合わせ＞", "《問い合わせ》", "［問合せ］", "問/", "【担当】", "担当課／")
}  # fmt: skip

# How people show the way from the home page.
WAYS = {
    "text with wide marks": f"<p>現在位置：<a href=/>トップページ</a> ＞ <a href=/k>くらし</a> ＞ {TITLE}</p>",
    "a list without a name": f"<ul class=x1><li><a href=/>トップページ</a></li><li><a href=/k>くらし</a></li><li>{TITLE}</li></ul>",
    "guillemets": f"<div class=where><a href=/index.html>トップページ</a>&nbsp;&raquo;&nbsp;<a href=/k>くらし</a>&nbsp;&raquo;&nbsp;<span>{TITLE}</span></div>",
    "a name for those who listen": f"<nav aria-label=パンくずリスト><ol><li><a href=/>トップページ</a></li><li><a href=/k>くらし</a></li><li>{TITLE}</li></ol></nav>",
}  # fmt: skip
