"""One made-up article as each municipal system would mark it up: the same words, the systems' own places and chrome."""

TITLE = "水道管の入れ替えに伴う断水のお知らせ"
BODY = """<p>市では、古くなった水道管を入れ替えます。工事の間は水が出なくなりますので、あらかじめ水をためておいてください。</p>
<h2>日時</h2><ul><li>11月28日（土）午後1時から4時まで</li></ul>
<p><a href="/files/zu.pdf">断水区域図（PDF：120KB）</a></p><p>ご不便をおかけしますが、ご協力をお願いします。</p>"""
HEAD = f"""<meta charset="utf-8"><title>%s</title><meta property="og:title" content="{TITLE}">
<meta property="og:image" content="https://www.city.example/shared/images/sns/logo.png">"""
HEADER = """<header id="header"><div id="logo"><a href="/"><img alt="みどり市" src="/img/logo.png"></a></div><ul id="gnavi"><li><a href="/kurashi/">くらし</a></li>
<li><a href="/kosodate/">子育て</a></li><li><a href="/shisei/">市政</a></li></ul><p>お問い合わせ 06-0000-9999</p></header>"""
FOOTER = """<div id="footer"><p>みどり市役所 〒571-0000 みどり市中町1番1号 電話：06-0000-9999（代表）</p><p>Copyright Midori City</p></div>"""
READER = "<p>PDFファイルをご覧いただくには「Adobe Reader」が必要です。お持ちでない方は<a href='https://get.adobe.com/'>ダウンロード</a>してください。</p>"
WAY = [("/", "ホーム"), ("/kurashi/", "くらし"), ("/kurashi/suido/", "水道")]
LINKS = "".join(f"<li><a href='{url}'>{name}</a></li>" for url, name in WAY)
ARROWS = " &gt; ".join(f"<a href='{url}'>{name}</a>" for url, name in WAY) + f" &gt; {TITLE}"


def page(title: str, content: str, head: str = "") -> str:
    """A whole document around what one system writes between head and foot."""
    return (
        f"<!DOCTYPE html><html lang='ja'><head>{HEAD % title}{head}</head><body>{HEADER}{content}{FOOTER}</body></html>"
    )


PAGES = {
    "SMART CMS": page(
        f"{TITLE}／みどり市",
        f"""<dl id="pankuzu"><dt>現在の位置</dt><dd><ul class="list">{LINKS}<li><span>{TITLE}</span></li></ul></dd></dl>
<article id="contents" role="main"><h1 class="title"><span class="bg"><span class="bg2">{TITLE}</span></span></h1>
<div id="social-update-area"><p class="update">更新日：2026年11月20日</p></div><div id="contents-in"><p class="page-number-display">ページID：12345</p>
<div class="free-layout-area"><div class="wysiwyg">{BODY}</div></div><div id="pdf-download">{READER}</div>
<div class="toiawase">この記事に関するお問い合わせ先<div class="name"><p>水道部水道課<br>電話番号：06-0000-1111<br>ファックス番号：06-0000-1112<br>
<a href="/inquiry">お問い合わせフォーム</a></p></div></div></div></article>""",
    ),
    "NetCrew": page(
        f"{TITLE} - 水道部 - みどり市ホームページ",
        f"""<div id="pankuzu_wrap"><div class="pankuzu"><span class="icon_current">現在地</span>
<span class="pankuzu_class"><a href="/">ホーム</a></span><span class="pankuzu_mark"> &gt; </span><span class="pankuzu_class"><a href="/kurashi/">くらし</a></span>
<span class="pankuzu_mark"> &gt; </span><span class="pankuzu_class"><a href="/kurashi/suido/">水道</a></span><span class="pankuzu_mark"> &gt; </span>
<span class="pankuzu_class pankuzu_class_current">{TITLE}</span></div></div>
<div id="main"><div id="main_a"><hr class="hide"><p class="hide" id="skip">本文</p><div id="main_header"><h1>{TITLE}</h1></div>
<div id="content_header"><span class="open_page_id">ページID：0012345</span><span class="date">更新日：2026年11月20日更新</span>
<span class="link_print"><a href="javascript:void(0);" id="print_mode_link">印刷ページ表示</a></span></div>
<div id="main_body"><div class="detail_free">{BODY}</div><div id="section_footer"><div id="section_footer_ttl"><h2>このページに関するお問い合わせ先</h2></div>
<div id="section_footer_detail"><span class="sf_name"><a href="/soshiki/">水道部水道課</a></span><br><span class="sf_tel">Tel：06-0000-1111</span>
<span class="sf_fax">Fax：06-0000-1112</span><div class="sf_email"><a href="/form">メールでのお問い合わせはこちら</a></div></div></div>
<div id="content_footer"><div class="sns_button_wrap"><a href="https://x.example/">ツイート</a></div></div></div></div></div>""",
    ),
    "CMS-8341": page(
        f"みどり市：{TITLE}",
        f"""<div id="tmp_wrapper"><div id="tmp_pankuzu"><p>{ARROWS}</p></div><div id="tmp_wrap_custom_update"><p id="tmp_update">更新日：2026年11月20日</p></div>
<p class="skip" id="tmp_honbun">ここから本文です。</p><div id="tmp_contents"><h1>{TITLE}</h1>{BODY}<div class="plugin">{READER}</div></div>
<div id="tmp_inquiry"><div id="tmp_inquiry_ttl"><p>お問い合わせ</p></div><div id="tmp_inquiry_cnt"><form action="/form"><div class="inquiry_parts">
<p>所属課室：水道部水道課</p><p>〒571-0000 みどり市中町1番1号</p><p>電話番号：06-0000-1111</p><p>ファックス番号：06-0000-1112</p></div></form></div></div>
<div id="tmp_feedback"><p>このページの情報は役に立ちましたか</p><label>役に立った</label></div>
<div id="tmp_lnavi"><ul><li><a href="/a">上水道</a></li><li><a href="/b">下水道</a></li></ul></div></div>""",
    ),
    "4Uweb": page(
        f"{TITLE}　みどり市",
        f"""<div class="pankuzu"><ol>{LINKS}<li class="pk-thispage">{TITLE}</li></ol></div><main><div class="h1bg"><div><h1>{TITLE}</h1></div></div>
<p class="update">最終更新日 2026年11月20日</p><div class="wysiwyg_wp">{BODY}</div><p class="dladobereader">{READER}</p>
<div class="contact"><h2>このページへのお問合せ</h2><p><strong>水道部　水道課</strong></p><p>電話：06-0000-1111</p></div><p><a href="/">前のページに戻る</a></p></main>""",
    ),
    "ALAYA": page(
        f"{TITLE} | みどり市",
        f"""<ul class="pankuzu">{LINKS}<li>{TITLE}</li></ul><div class="main_naka_h1"><h1>{TITLE}</h1></div>
<div class="syosai"><p class="syosai_hiduke">[2026年11月20日]</p><p class="syosai_id">ID:12345</p></div>
<div class="waku"><div class="mol_contents" id="mol_contents"><div class="mol_textblock">{BODY}</div></div></div>
<section class="syosai_sonota"><h2>お問い合わせ</h2><h3>水道部 水道課</h3><p>電話: 06-0000-1111</p></section>
<aside id="route_box"><h2>{TITLE}への別ルート</h2></aside>""",
    ),
    "TsuNaGo": page(
        f"{TITLE}｜みどり市ウェブサイト",
        f"""<nav id="tpath"><p>現在の位置： {ARROWS}</p></nav><p class="skip"><a id="HONBUN">ここから本文です。</a></p><main id="page"><article id="content"><div id="voice">
<h1>{TITLE}</h1><div class="box"><p class="update"><span class="idnumber">ページ番号<span class="spacing">1012345</span></span> 更新日 <span class="spacing">2026</span>年
<span class="spacing">11</span>月<span class="spacing">20</span>日</p><p class="printbtn"><a href="#">印刷</a><a href="#">大きな文字で印刷</a></p></div>{BODY}
<div id="reference"><h2><span>このページに関する</span>お問い合わせ</h2><p><span class="department">水道部<span class="division">水道課</span></span><br>電話：06-0000-1111</p></div>
</div></article></main>""",
    ),
    "i-SITE": page(
        f"{TITLE} - みどり市",
        f"""<form action="/1.htm"><div id="HeaderPane"><h1 class="speak">{TITLE}</h1><div id="skiplink"><a href="#c">本文へ移動</a></div>
<div class="BreadCrumbs_Standard"><ul>{LINKS}<li class="bread">{TITLE}</li></ul></div></div><div id="ContentPane"><div class="Contents">{BODY}</div>
<div class="viewer" id="viewer_link">{READER}</div></div></form>""",
        head='<meta name="generator" content="i-SITE PORTAL Content Management System">',
    ),
    "baserCMS": page(
        f"{TITLE} | お知らせ | みどり市",
        f"""<div id="logo"><h1><a href="/"><span>みどり市</span><span>Midori City</span></a></h1></div><div id="Crumbs">{ARROWS.replace("/a> &gt; " + TITLE, "/a> &gt; <strong>" + TITLE + "</strong>")}</div>
<div id="main" role="main"><header class="h2tl"><h2>お知らせ</h2></header><header class="h3tl"><h3>{TITLE}</h3></header>
<div class="contentWrap"><div class="infoSummary">{BODY}</div></div></div>""",
        head='<meta name="generator" content="basercms">',
    ),
    "Joruri": page(
        f"{TITLE} | みどり市",
        f"""<div id="container"><div class="piece" id="breadCrumbs"><div class="pieceBody">{ARROWS.replace("&gt;", "›")}</div></div><div id="content">
<div id="pageTitle" class="pageTitle"><h1>{TITLE}</h1></div><div id="contentBody"><article class="contentGpArticleDoc" data-serial-id="gp_article_docs-1">
<div class="date"><p class="publishedAt">公開日 2026年11月1日</p><p class="updatedAt">更新日 2026年11月20日</p></div><div class="body"><div class="text-beginning">{BODY}</div></div>
<div class="tags"><h2>関連ワード</h2><ul><li><a href="/tags/1/">断水</a></li></ul></div><div class="adobeReader">{READER}</div>
<div class="inquiry"><h2>お問い合わせ</h2><address><div class="section">水道部　水道課</div><div class="tel"><span class="label">TEL</span>：06-0000-1111</div>
<div class="fax"><span class="label">FAX</span>：06-0000-1112</div></address></div></article></div></div></div>""",
    ),
    "SHIRASAGI": page(
        f"{TITLE} - みどり市",
        f"""<div id="page"><div class="crumbs">{"".join(f'<span class="page"><a href="{url}">{name}</a></span><span class="separator">&rsaquo;</span>' for url, name in WAY)}
<span class="page">{TITLE}</span></div><main id="main"><header><h1 id="ss-page-name">{TITLE}</h1></header><header class="released"><time datetime="2026-11-20">公開日:2026年11月20日</time></header>
<article class="body">{BODY}</article><footer class="contact"><h2>お問い合わせ</h2><p class="group">水道部水道課</p><dl class="tel"><dt>電話:</dt><dd><a href="tel:0600001111">06-0000-1111</a></dd></dl>
<dl class="fax"><dt>Fax:</dt><dd>06-0000-1112</dd></dl></footer><section class="related-pages"><header><h2>関連ページ</h2></header><article><a href="/1.html">水道のしくみ</a></article></section></main></div>""",
        head='<meta name="generator" content="SHIRASAGI">',
    ),
    "WordPress": page(
        f"{TITLE} - みどり市",
        f"""<div id="bread_crumb"><ul>{LINKS}<li>{TITLE}</li></ul></div><article class="post"><h1 class="entry-title">{TITLE}</h1><div class="entry-content">
<div id="toc_container"><p class="toc_title">目次</p><ul><li><a href="#a">日時</a></li></ul></div>{BODY}</div></article>
<aside class="widget"><h2>最近の投稿</h2><ul><li><a href="/x/">別の記事</a> <span class="date">2026年11月1日</span></li></ul></aside>""",
        head='<meta name="generator" content="WordPress 6.8"><meta property="article:modified_time" content="2026-11-20T01:00:00+00:00">',
    ),
}  # fmt: skip
