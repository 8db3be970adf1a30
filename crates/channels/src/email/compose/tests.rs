use super::*;
use crate::email::{attachment, parse};

fn reply() -> Outgoing {
    Outgoing {
        message_id: "0123.4567@baton.test".into(),
        baton_id: "0190a000-0000-7000-8000-000000000001".into(),
        date: Timestamp(1_793_613_600_000),
        from: MailAddress::named("Anna Räp, Sales", "anna@baton.test"),
        sender: None,
        reply_to: vec![MailAddress::new("sales@baton.test")],
        to: vec![MailAddress::named("Carl \"CC\" Customer", "carl@example.com")],
        cc: vec![MailAddress::new("dora@example.com")],
        bcc: vec![MailAddress::new("log@baton.test"), MailAddress::new("Carl@Example.com")],
        subject: "Re: 20 Stühle für Köln — und noch ein recht langer Betreff, der über eine Zeile hinausgeht 😀".into(),
        text: "Hallo Carl,\n\ngern: https://baton.test/angebot?a=1&b=2\n  eingerückt\n.\nFrom here on\nGrüße\n".into(),
        html: None,
        in_reply_to: vec!["c2@example.com".into()],
        references: vec!["c1@example.com".into(), "c2@example.com".into()],
        attachments: vec![OutgoingAttachment {
            name: "Angebot Müller.pdf".into(),
            mime: "application/pdf".into(),
            bytes: b"%PDF-1.4 \0\r\n\xff".to_vec(),
            content_id: None,
        }],
        calendar: None,
        automatic: false,
        unsubscribe: None,
    }
}

#[test]
fn what_is_composed_reads_back_the_same() {
    let mail = reply();
    let raw = compose(&mail).unwrap();
    let read = parse(&raw).unwrap();
    assert_eq!(read.message_id.as_deref(), Some(mail.message_id.as_str()));
    assert_eq!(read.baton_id.as_deref(), Some(mail.baton_id.as_str()));
    assert_eq!(read.date_ms, Some(mail.date));
    assert_eq!(read.from.as_ref(), Some(&mail.from));
    assert_eq!(
        (&read.reply_to, &read.to, &read.cc),
        (&mail.reply_to, &mail.to, &mail.cc)
    );
    assert_eq!(read.bcc, []);
    assert_eq!(read.subject, mail.subject);
    assert_eq!(read.text.trim_end(), mail.text.trim_end());
    assert!(
        read.html
            .as_ref()
            .unwrap()
            .contains("href=\"https://baton.test/angebot?a=1&amp;b=2\"")
    );
    assert_eq!(
        (&read.in_reply_to, &read.references),
        (&mail.in_reply_to, &mail.references)
    );
    assert_eq!(read.attachments.len(), 1);
    assert_eq!(read.attachments.first().unwrap().name, "Angebot Müller.pdf");
    assert_eq!(attachment(&raw, 0).unwrap(), mail.attachments.first().unwrap().bytes);
    assert_eq!(
        mail.envelope_to(),
        ["carl@example.com", "dora@example.com", "log@baton.test"]
    );
}

#[test]
fn the_same_message_is_the_same_bytes() {
    assert_eq!(compose(&reply()).unwrap(), compose(&reply()).unwrap());
    insta::assert_snapshot!(String::from_utf8_lossy(&compose(&reply()).unwrap()).replace('\r', ""));
}

#[test]
fn every_line_is_short_and_ascii() {
    let mut mail = reply();
    mail.references = (0..200)
        .map(|n| format!("some-rather-long-message-id-{n:04}@mail.example.com"))
        .collect();
    mail.text = "ä".repeat(5000);
    let raw = compose(&mail).unwrap();
    assert!(raw.is_ascii());
    assert!(raw.split(|b| *b == b'\n').all(|line| line.len() <= 998));
    let read = parse(&raw).unwrap();
    assert_eq!(read.references.first(), mail.references.first());
    assert_eq!(read.references.last(), mail.references.last());
    assert!(read.references.len() > 10 && read.references.len() < 30);
}

#[test]
fn what_would_break_out_of_a_header_is_refused() {
    type Spoil = fn(&mut Outgoing);
    let spoiled: [(Spoil, ComposeError); 8] = [
        (
            |m| m.subject = "x\r\nBcc: evil@example.com".into(),
            ComposeError::ControlCharacter { field: "Subject" },
        ),
        (
            |m| m.from.name = Some("Anna\n".into()),
            ComposeError::ControlCharacter { field: "From" },
        ),
        (
            |m| m.to = vec![MailAddress::new("a@b.example>\r\nBcc: <c@d")],
            ComposeError::BadAddress {
                field: "To",
                address: "a@b.example>\r\nBcc: <c@d".into(),
            },
        ),
        (
            |m| m.cc = vec![MailAddress::new("nobody")],
            ComposeError::BadAddress {
                field: "Cc",
                address: "nobody".into(),
            },
        ),
        (
            |m| m.in_reply_to = vec!["a b@c".into()],
            ComposeError::BadMessageId {
                field: "In-Reply-To",
                id: "a b@c".into(),
            },
        ),
        (
            |m| m.message_id = "none".into(),
            ComposeError::BadMessageId {
                field: "Message-ID",
                id: "none".into(),
            },
        ),
        (
            |m| (m.to, m.cc, m.bcc) = (vec![], vec![], vec![]),
            ComposeError::NoRecipient,
        ),
        (
            |m| m.attachments.iter_mut().for_each(|file| file.mime = "x/y\r\nz".into()),
            ComposeError::BadMediaType {
                mime: "x/y\r\nz".into(),
            },
        ),
    ];
    for (spoil, refusal) in spoiled {
        let mut mail = reply();
        spoil(&mut mail);
        assert_eq!(compose(&mail), Err(refusal));
    }
}

#[test]
fn an_answer_continues_the_chain_of_its_parent() {
    let parent = |headers: &str| parse(format!("From: carl@example.com\r\n{headers}\r\nhi\r\n").as_bytes()).unwrap();
    let ids = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        references_for_reply(&parent("Message-ID: <c@x>\r\nReferences: <a@x> <b@x>\r\n")),
        (ids(&["c@x"]), ids(&["a@x", "b@x", "c@x"]))
    );
    assert_eq!(
        references_for_reply(&parent("Message-ID: <c@x>\r\nIn-Reply-To: <b@x>\r\n")),
        (ids(&["c@x"]), ids(&["b@x", "c@x"]))
    );
    assert_eq!(
        references_for_reply(&parent("Message-ID: <c@x>\r\nIn-Reply-To: <a@x> <b@x>\r\n")),
        (ids(&["c@x"]), ids(&["c@x"]))
    );
    assert_eq!(references_for_reply(&parent("Subject: x\r\n")), (ids(&[]), ids(&[])));
}

#[test]
fn text_becomes_html_without_becoming_markup() {
    assert_eq!(
        text_to_html("a <b> & c\n  d\n\nsee http://x.example."),
        "<p>a &lt;b&gt; &amp; c<br>\n&nbsp;&nbsp;d</p>\n<p>see <a href=\"http://x.example\">http://x.example</a>.</p>\n"
    );
}

proptest::proptest! {
    #[test]
    fn any_text_survives_the_round_trip(subject in "[^\\p{Cc}]{0,120}", text in "(?s)[^\\p{Cc}]{0,400}(\n[^\\p{Cc}]{0,80}){0,5}", name in "[^\\p{Cc}]{0,60}", file in proptest::collection::vec(0u8.., 0..300)) {
        let mut mail = reply();
        mail.subject = subject.clone();
        mail.text = text.clone();
        mail.from.name = Some(name.clone());
        mail.attachments.iter_mut().for_each(|attachment| attachment.bytes = file.clone());
        let raw = compose(&mail).unwrap();
        let read = parse(&raw).unwrap();
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        proptest::prop_assert_eq!(squeeze(&read.text), squeeze(&text));
        proptest::prop_assert_eq!(squeeze(&read.subject), squeeze(&subject));
        proptest::prop_assert_eq!(read.from.unwrap().address, "anna@baton.test");
        proptest::prop_assert_eq!(attachment(&raw, 0).unwrap(), file);
    }
}

fn image(name: &str) -> OutgoingAttachment {
    OutgoingAttachment {
        name: name.into(),
        mime: "image/png".into(),
        bytes: b"\x89PNG\r\n\x1a\n".to_vec(),
        content_id: Some("image.1@baton.test".into()),
    }
}

#[test]
fn an_image_stands_where_the_text_names_it_and_the_text_alone_still_reads() {
    let mut mail = reply();
    mail.text = "The chair:\n\n[chair & table.png]\n\nAnna".into();
    mail.attachments.push(image("chair & table.png"));
    let raw = compose(&mail).unwrap();
    let read = parse(&raw).unwrap();
    assert!(read.text.contains("[chair & table.png]"));
    let html = read.html.unwrap();
    assert!(
        html.contains(
            "<p><img src=\"cid:image.1@baton.test\" alt=\"chair &amp; table.png\" style=\"max-width:100%\"></p>"
        ),
        "{html}"
    );
    let shown: Vec<_> = read
        .attachments
        .iter()
        .map(|file| (file.name.as_str(), file.inline))
        .collect();
    assert_eq!(shown, [("chair & table.png", true), ("Angebot Müller.pdf", false)]);
    let kinds = String::from_utf8_lossy(&raw).into_owned();
    let at = |kind: &str| kinds.find(kind).unwrap();
    assert!(at("multipart/mixed") < at("multipart/related") && at("multipart/related") < at("multipart/alternative"));
}

#[test]
fn an_image_the_text_does_not_name_goes_along_as_a_file() {
    let mut mail = reply();
    mail.attachments.push(image("chair.png"));
    let raw = compose(&mail).unwrap();
    let read = parse(&raw).unwrap();
    assert!(!read.html.unwrap().contains("cid:"));
    assert!(read.attachments.iter().all(|file| !file.inline));
}

#[test]
fn whoever_writes_on_behalf_is_named_beside_the_sender() {
    let mut mail = reply();
    mail.sender = Some(MailAddress::named("Ben", "ben@baton.test"));
    let read = parse(&compose(&mail).unwrap()).unwrap();
    assert_eq!(read.from, Some(mail.from.clone()));
    assert_eq!(read.sender, mail.sender);
    mail.sender = Some(MailAddress::new("ANNA@baton.test"));
    let raw = compose(&mail).unwrap();
    assert!(
        !String::from_utf8_lossy(&raw).contains("\nSender:"),
        "the same mailbox is not named twice"
    );
}

#[test]
fn domains_travel_in_ascii_and_names_before_the_at_as_they_are() {
    let mut mail = reply();
    mail.to = vec![MailAddress::named("Jürgen", "juergen@bücher.example")];
    mail.cc = vec![];
    mail.bcc = vec![MailAddress::new("juergen@xn--bcher-kva.example")];
    assert_eq!(mail.envelope_to(), ["juergen@xn--bcher-kva.example"]);
    let raw = compose(&mail).unwrap();
    assert!(raw.is_ascii());
    let read = parse(&raw).unwrap();
    assert_eq!(read.to, [MailAddress::named("Jürgen", "juergen@xn--bcher-kva.example")]);
    mail.to = vec![MailAddress::new("jürgen@bücher.example")];
    let raw = compose(&mail).unwrap();
    assert!(!raw.is_ascii(), "what stands before the @ has no spelling in ASCII");
}

#[test]
fn a_sequence_says_how_to_leave_it_with_one_click() {
    let mut mail = reply();
    let leave = |url: &str, mailto: Option<&str>| {
        Some(Unsubscribe {
            url: url.into(),
            mailto: mailto.map(Into::into),
        })
    };
    mail.unsubscribe = leave("https://baton.test/u/4711?t=abc", Some("leave+4711@baton.test"));
    let raw = String::from_utf8(compose(&mail).unwrap())
        .unwrap()
        .replace("\r\n ", " ");
    assert!(
        raw.contains("List-Unsubscribe: <https://baton.test/u/4711?t=abc>, <mailto:leave+4711@baton.test>\r\n"),
        "{raw}"
    );
    assert!(raw.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    for url in [
        "http://baton.test/u",
        "https://baton.test/u>\r\nBcc: x@y.example",
        "baton.test",
        "",
    ] {
        mail.unsubscribe = leave(url, None);
        assert_eq!(compose(&mail), Err(ComposeError::BadUnsubscribe { url: url.into() }));
    }
    mail.unsubscribe = leave("https://baton.test/u", Some("nobody"));
    assert!(matches!(
        compose(&mail),
        Err(ComposeError::BadAddress {
            field: "List-Unsubscribe",
            ..
        })
    ));
}

#[test]
fn what_no_person_wrote_says_so() {
    let mut mail = reply();
    assert!(
        !String::from_utf8(compose(&mail).unwrap())
            .unwrap()
            .contains("Auto-Submitted")
    );
    mail.automatic = true;
    let raw = compose(&mail).unwrap();
    assert!(String::from_utf8_lossy(&raw).contains("Auto-Submitted: auto-replied\r\n"));
    assert!(
        parse(&raw).unwrap().kind.is_automatic(),
        "another Baton does not answer it"
    );
}

#[test]
fn an_answer_to_an_invitation_is_the_last_alternative() {
    let mut mail = reply();
    mail.calendar = Some(CalendarAnswer {
        ics: "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n".into(),
    });
    let raw = String::from_utf8(compose(&mail).unwrap())
        .unwrap()
        .replace("\r\n ", " ");
    let (html, calendar) = (raw.find("text/html").unwrap(), raw.find("text/calendar").unwrap());
    assert!(html < calendar);
    let header = raw.get(calendar..).unwrap().lines().next().unwrap().to_owned();
    assert!(header.contains("method=\"REPLY\""), "{header}");
    assert_eq!(header.matches("charset").count(), 1, "{header}");
}

#[test]
fn a_name_that_fits_no_line_arrives_whole() {
    let mut mail = reply();
    let name = format!("{} — Übersicht \"final\" (2).pdf", "Angebot für Köln ".repeat(12));
    for file in &mut mail.attachments {
        file.name.clone_from(&name);
    }
    let raw = compose(&mail).unwrap();
    assert!(String::from_utf8_lossy(&raw).contains("filename*0*=UTF-8''"));
    assert_eq!(parse(&raw).unwrap().attachments.first().unwrap().name, name);
}
