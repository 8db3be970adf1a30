use super::*;
use crate::email::BounceAction;

fn mail(raw: &str) -> ParsedMail {
    parse(raw.replace('\n', "\r\n").as_bytes()).unwrap()
}

const DSN: &str = "From: MAILER-DAEMON@mx.example.com\nTo: anna@baton.test\nSubject: Undelivered Mail Returned to Sender\nMessage-ID: <dsn@mx>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nI'm sorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; carl@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 No such\n user here\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <ours@baton.test>\nFrom: anna@baton.test\nSubject: Chairs\n\nhi\n--b--\n";

const MIXED: &str = "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>\nTo: a@b.example, c: d@e.example;\nSubject: =?iso-8859-1?B?U3T8aGxl?=\nDate: Mon, 2 Nov 2026 10:00:00 +0100\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/alternative; boundary=\"a b\"\n\n--a b\nContent-Type: text/plain; charset=utf-7\n\nHi +AOQ-\n--a b\nContent-Type: text/html; charset=windows-1251\nContent-Transfer-Encoding: quoted-printable\n\n<p>=CF=F0<b>x</b><img src=3D\"cid:1\"></p>\n--a b--\n--m\nContent-Type: image/png; name*0*=utf-8''%C3%A4; name*1=b.png\nContent-ID: <1>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--m--\n";

#[test]
fn a_delivery_report_names_what_and_whom_it_is_about() {
    let expected = MailKind::Bounce {
        original_message_id: Some("ours@baton.test".into()),
        original_subject: Some("Chairs".into()),
        recipient: Some("carl@example.com".into()),
        status: Some("5.1.1".into()),
        action: BounceAction::Failed,
        diagnostic: Some("550 5.1.1 No such user here".into()),
    };
    assert_eq!(mail(DSN).kind, expected);
    let headers_only = DSN.replace("message/rfc822", "text/rfc822-headers");
    assert_eq!(mail(&headers_only).kind, expected);
    let delayed = mail(
        &DSN.replace("Action: failed", "Action: delayed")
            .replace("Status: 5.1.1", "Status: 4.4.1"),
    );
    assert!(matches!(
        delayed.kind,
        MailKind::Bounce {
            action: BounceAction::Delayed,
            ..
        }
    ));
}

#[test]
fn a_bounce_without_the_standard_is_one_too() {
    let raw = "From: Mail Delivery System <Mailer-Daemon@mx.example.com>\nSubject: Mail delivery failed: returning message to sender\nX-Failed-Recipients: carl@example.com\n\nThis message was created automatically.\n\n  carl@example.com\n    550 5.7.1 rejected\n\n------ This is a copy of the message ------\n\nMessage-ID: <ours@baton.test>\nSubject: Chairs\n";
    let MailKind::Bounce {
        original_message_id,
        recipient,
        status,
        action,
        diagnostic,
        original_subject,
    } = mail(raw).kind
    else {
        unreachable!("a bounce")
    };
    assert_eq!(original_message_id.as_deref(), Some("ours@baton.test"));
    assert_eq!(original_subject.as_deref(), Some("Chairs"));
    assert_eq!(
        (recipient.as_deref(), status.as_deref(), action),
        (Some("carl@example.com"), Some("5.7.1"), BounceAction::Failed)
    );
    assert_eq!(diagnostic.as_deref(), Some("550 5.7.1 rejected"));
}

#[test]
fn machines_are_told_from_people() {
    let kind = |headers: &str| {
        mail(&format!("From: carl@example.com\nDate: Mon, 2 Nov 2026 10:00:00 +0000\nSubject: x\n{headers}\nI am back on 9 November 2026.\n")).kind
    };
    assert_eq!(kind(""), MailKind::Human);
    assert_eq!(kind("Auto-Submitted: no\n"), MailKind::Human);
    assert_eq!(kind("Auto-Submitted: auto-generated\n"), MailKind::Human, "a web form");
    assert_eq!(
        kind("Auto-Submitted: auto-replied\n"),
        MailKind::AutoReply {
            returns_on: Some("2026-11-09".into())
        }
    );
    assert!(matches!(
        kind("Auto-Submitted: auto-generated\nIn-Reply-To: <a@b>\n"),
        MailKind::AutoReply { .. }
    ));
    assert!(matches!(kind("Precedence: auto_reply\n"), MailKind::AutoReply { .. }));
    assert_eq!(kind("List-Id: <chairs.example.com>\n"), MailKind::List);
    assert_eq!(kind("List-Unsubscribe: <https://example.com/u>\n"), MailKind::Bulk);
    let by_subject = mail("From: carl@example.com\nSubject: Automatische Antwort: Stühle\n\nIch bin weg.\n");
    assert_eq!(by_subject.kind, MailKind::AutoReply { returns_on: None });
    assert_eq!(
        mail("From: carl@example.com\nSubject: Re: Automatic reply: x\n\nhi\n").kind,
        MailKind::Human
    );
}

#[test]
fn undeclared_eight_bit_text_is_read_as_windows_1252() {
    let read =
        parse(b"From: carl@example.com\r\nSubject: x\r\nContent-Type: text/plain\r\n\r\nSt\xfchle f\xfcr 12 \x80\r\n")
            .unwrap();
    assert_eq!(read.text.trim(), "Stühle für 12 €");
    let declared =
        parse(b"From: carl@example.com\r\nContent-Type: text/plain; charset=iso-8859-2\r\n\r\n\xb3\xf3d\xbc\r\n")
            .unwrap();
    assert_eq!(declared.text.trim(), "łódź");
}

#[test]
fn html_alone_gives_text_and_a_preview_of_what_is_new() {
    let read = mail(
        "From: carl@example.com\nContent-Type: text/html; charset=utf-8\n\n<p>I need <b>20 chairs</b>.</p><p>On 2 Nov 2026, Anna &lt;a@b.c&gt; wrote:</p><p>&gt; old</p>\n",
    );
    assert!(read.html.unwrap().contains("<b>20 chairs</b>"));
    assert_eq!(read.preview, "I need 20 chairs.");
}

#[test]
fn attachments_are_what_their_bytes_say() {
    let raw = "From: carl@example.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSee file.\n--b\nContent-Type: application/octet-stream; name=\"../../etc/plan\u{202e}fdp.exe\"\nContent-Disposition: attachment; filename=\"..\\\\plan.pdf\"\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQK\n--b\nContent-Type: text/csv; charset=iso-8859-1; name=a.csv\nContent-Disposition: attachment; filename=a.csv\nContent-Transfer-Encoding: quoted-printable\n\nSt=FChle;12\n--b\nContent-Type: message/rfc822\n\nSubject: inner\nFrom: dora@example.com\n\nhello\n--b--\n";
    let bytes = raw.replace('\n', "\r\n").into_bytes();
    let read = parse(&bytes).unwrap();
    assert_eq!(read.text.trim(), "See file.");
    let seen: Vec<_> = read
        .attachments
        .iter()
        .map(|file| (file.name.as_str(), file.mime.as_str(), file.declared_mime.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            ("plan.pdf", "application/pdf", "application/octet-stream"),
            ("a.csv", "text/csv", "text/csv"),
            ("inner.eml", "message/rfc822", "message/rfc822")
        ]
    );
    assert_eq!(attachment(&bytes, 0).unwrap(), b"%PDF-1.4\n");
    assert_eq!(attachment(&bytes, 1).unwrap(), b"St\xfchle;12");
    assert!(
        String::from_utf8(attachment(&bytes, 2).unwrap())
            .unwrap()
            .starts_with("Subject: inner")
    );
    assert_eq!(attachment(&bytes, 3), None);
    assert!(
        read.attachments
            .iter()
            .zip(0u32..)
            .all(|(file, index)| file.index == index && file.size == attachment(&bytes, index).unwrap().len() as u64)
    );
}

#[test]
fn odd_headers_are_read_as_far_as_they_go() {
    let read = mail(
        "From carl@example.com Mon Nov  2 10:00:00 2026\nFrom: \"Customer, Carl\" <Carl@Example.com>, other@example.com\nTo: Team: a@x.example, B <b@x.example>;, c@x.example\nTo: d@x.example\nDelivered-To: Sales@baton.test\nX-Original-To: info@baton.test\nReferences: <a@x>\n <b@x> <a@x>\nMessage-ID: <odd id@x>\nSubject: =?utf-8?q?St=C3=BChle?=\n und mehr\nDate: nonsense\n\nhi\n",
    );
    assert_eq!(
        read.from,
        Some(MailAddress::named("Customer, Carl", "Carl@Example.com"))
    );
    assert_eq!(
        read.to.iter().map(|to| to.address.as_str()).collect::<Vec<_>>(),
        ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]
    );
    assert_eq!(read.delivered_to, ["sales@baton.test", "info@baton.test"]);
    assert_eq!(read.references, ["a@x", "b@x"]);
    assert_eq!(read.message_id.as_deref(), Some("oddid@x"));
    assert_eq!(read.subject, "Stühle und mehr");
    assert_eq!(read.date_ms, None);
    assert_eq!(read.text.trim(), "hi");
}

#[test]
fn what_cannot_be_read_gives_its_reason() {
    assert_eq!(parse(b""), Err(Unreadable::Empty));
    assert_eq!(parse(b" \r\n\r\n"), Err(Unreadable::Empty));
    assert_eq!(parse(b"\r\n\r\njust text\r\n"), Err(Unreadable::NoHeaders));
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
    assert_eq!(parse(nested.as_bytes()), Err(Unreadable::TooNested));
}

proptest::proptest! {
    #[test]
    fn mutated_messages_never_panic(whole in proptest::bool::ANY, at in proptest::collection::vec((0usize..2000, 0u8..), 0..40), cut in 0usize..2000) {
        let mut raw = if whole { MIXED } else { DSN }.replace('\n', "\r\n").into_bytes();
        for (place, byte) in at {
            let length = raw.len();
            if let Some(target) = raw.get_mut(place % length) {
                *target = byte;
            }
        }
        raw.truncate(cut.max(1));
        if let Ok(read) = parse(&raw) {
            for file in &read.attachments {
                proptest::prop_assert!(attachment(&raw, file.index).is_some());
            }
            let pieces: String = crate::email::quote::split(&read.text).into_iter().map(|piece| piece.text).collect();
            proptest::prop_assert_eq!(pieces, read.text);
        }
    }
}

#[test]
fn a_calendar_part_is_an_invitation_and_its_file_stays_one() {
    let read = mail(
        "From: carl@example.com\nSubject: Meeting\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/plain\n\nCome.\n--c\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nSUMMARY:Stühle\nDTSTART:20261201T100000Z\nORGANIZER:mailto:carl@example.com\nEND:VEVENT\nEND:VCALENDAR\n--c--\n",
    );
    let invitation = read.invitation.unwrap();
    assert_eq!((invitation.title.as_str(), invitation.uid.as_str()), ("Stühle", "1"));
    assert_eq!(read.text.trim(), "Come.");
}

#[test]
fn winmail_dat_gives_its_files_and_its_body() {
    use base64::Engine as _;
    let stream = base64::engine::general_purpose::STANDARD.encode(crate::email::tnef::tests::sample());
    let raw = format!(
        "From: carl@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=t\r\n\r\n--t\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1.4\r\n--t\r\nContent-Type: application/ms-tnef; name=\"winmail.dat\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{stream}\r\n--t--\r\n"
    );
    let read = parse(raw.as_bytes()).unwrap();
    assert_eq!(read.text, "Schöne Grüße");
    let files: Vec<_> = read
        .attachments
        .iter()
        .map(|file| (file.index, file.name.as_str()))
        .collect();
    assert_eq!(files, [(0, "a.pdf"), (2, "Angebot für Carl.txt")]);
    assert_eq!(attachment(raw.as_bytes(), 2).unwrap(), b"20 chairs");
    // One that can't be opened stays the file that it is.
    let broken = raw.replace(&stream, "AAAA");
    let names: Vec<_> = parse(broken.as_bytes()).unwrap().attachments;
    assert_eq!(names.last().unwrap().name, "winmail.dat");
}

#[test]
fn what_is_signed_or_encrypted_is_said() {
    let of = |kind: &str, body: &str| {
        mail(&format!(
            "From: carl@example.com\nSubject: x\nMIME-Version: 1.0\nContent-Type: {kind}\n\n{body}\n"
        ))
        .protection
    };
    let part = "--s\nContent-Type: text/plain\n\nhi\n--s--";
    assert_eq!(
        of(
            "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=s",
            part
        ),
        [Protection::SmimeSigned]
    );
    assert_eq!(
        of(
            "multipart/signed; protocol=\"application/pgp-signature\"; boundary=s",
            part
        ),
        [Protection::PgpSigned]
    );
    assert_eq!(
        of(
            "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=s",
            part
        ),
        [Protection::PgpEncrypted]
    );
    assert_eq!(
        of("application/pkcs7-mime; smime-type=enveloped-data", "AAAA"),
        [Protection::SmimeEncrypted]
    );
    assert_eq!(
        of("application/x-pkcs7-mime; smime-type=signed-data", "AAAA"),
        [Protection::SmimeSigned]
    );
    assert_eq!(
        of("text/plain", "-----BEGIN PGP MESSAGE-----\n\nx"),
        [Protection::PgpEncrypted]
    );
    assert_eq!(of("text/plain", "hi"), []);
}

#[test]
fn a_message_within_is_a_file_with_the_name_of_its_subject() {
    let read = mail(
        "From: carl@example.com\nSubject: Fwd\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=n\n\n--n\nContent-Type: text/plain\n\nsee below\n--n\nContent-Type: message/rfc822\n\nFrom: dora@example.com\nSubject: Offer: 20 chairs\n\ninner\n--n--\n",
    );
    let file = read.attachments.first().unwrap();
    assert_eq!(
        (file.name.as_str(), file.declared_mime.as_str()),
        ("Offer  20 chairs.eml", "message/rfc822")
    );
    assert_eq!(read.text.trim(), "see below");
}

#[test]
fn delayed_and_failed_are_told_apart_in_bounces_of_every_kind() {
    let bounce = |raw: &str| match mail(raw).kind {
        MailKind::Bounce {
            action,
            recipient,
            original_subject,
            ..
        } => Some((
            action,
            recipient.unwrap_or_default(),
            original_subject.unwrap_or_default(),
        )),
        _ => None,
    };
    let expect = |action, subject: &str| Some((action, "carl@example.com".to_owned(), subject.to_owned()));
    // qmail
    assert_eq!(
        bounce(
            "From: MAILER-DAEMON@mx.example.net\nSubject: failure notice\n\nHi. This is the qmail-send program.\n\n<carl@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <sales@baton.test>\nSubject: Chairs\n"
        ),
        expect(BounceAction::Failed, "Chairs")
    );
    // Exim, delayed
    assert_eq!(
        bounce(
            "Return-path: <>\nFrom: Mail Delivery System <Mailer-Daemon@mx.example.net>\nSubject: Warning: message 1abc delayed 24 hours\nX-Failed-Recipients: carl@example.com\n\nThe message has not yet been delivered.\nNo action is required on your part. Delivery attempts will continue.\n"
        ),
        expect(BounceAction::Delayed, "")
    );
    // Exchange without its report
    assert_eq!(
        bounce(
            "Return-Path: <>\nFrom: System Administrator <admin@example.net>\nSubject: Undeliverable: Chairs\n\nYour message did not reach some or all of the intended recipients.\n\n      Subject: Chairs\n\nThe following recipient(s) could not be reached:\n  carl@example.com\n"
        ),
        expect(BounceAction::Failed, "Chairs")
    );
    // A person who writes about one.
    assert_eq!(
        bounce("From: carl@example.com\nSubject: Undelivered goods\n\nThe desk was not delivered.\n"),
        None
    );
}
