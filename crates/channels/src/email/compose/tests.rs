use super::*;
use crate::email::{attachment, parse};

fn reply() -> Outgoing {
    Outgoing {
        message_id: "0123.4567@baton.test".into(),
        baton_id: "0190a000-0000-7000-8000-000000000001".into(),
        date: Timestamp(1_793_613_600_000),
        from: MailAddress::named("Anna Räp, Sales", "anna@baton.test"),
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
