//! Messages that show every form mail takes here, and what damages them.

/// Messages of our own that show every form mail takes here.
pub const SAMPLES: [&str; 4] = [
    "From: J\u{f6}rg <joerg@example.com>\r\nTo: a@b.example\r\nSubject: =?utf-8?q?St=C3=BChle?=\r\nMessage-ID: <1@example.com>\r\nReferences: <a@x>\r\n <b@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; boundary=\"a b\"\r\n\r\n--a b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHi =C3=A4\r\nOn 2 Nov 2026, Anna wrote:\r\n> old\r\n-- \r\nJ\r\n--a b\r\nContent-Type: text/html; charset=windows-1252\r\n\r\n<style>p{color:red}</style><p onclick=x>Hi<img src=cid:1><a href=https://x.example>bank.example</a></p>\r\n--a b--\r\n--m\r\nContent-Type: image/png; name*0*=utf-8''%C3%A4; name*1=b.png\r\nContent-ID: <1>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--m--\r\n",
    "From: MAILER-DAEMON@mx.example.com\r\nSubject: Undelivered Mail Returned to Sender\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; carl@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <ours@baton.test>\r\nSubject: Chairs\r\n\r\nhi\r\n--b--\r\n",
    "From: carl@example.com\r\nSubject: Automatic reply: Chairs\r\nDate: Mon, 2 Nov 2026 10:00:00 -0500\r\nAuto-Submitted: auto-replied\r\nIn-Reply-To: <1@x>\r\n\r\nI am back on 11/09/2026, bis zum 9. November, 12\u{6708}3\u{65e5}\u{307e}\u{3067}.\r\n",
    "From: carl@example.com\r\nSubject: Meeting\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Chairs\r\nDTSTART;TZID=Europe/Berlin:20261201T100000\r\nDURATION:PT1H\r\nORGANIZER:mailto:carl@example.com\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--c\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgEAAQeQBgAIAAAA5AQAAAAAAADoAA==\r\n--c--\r\n",
];

/// One change: what, where, how long, and a byte for it.
pub type Change = (u8, u16, u16, u8);

/// What happens to bytes on their way, and what attackers do to them.
pub fn mutated(mut raw: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for (what, at, length, byte) in changes {
        if raw.is_empty() {
            break;
        }
        let at = usize::from(*at) * raw.len() / (usize::from(u16::MAX) + 1);
        let end = (at + usize::from(*length % 200)).min(raw.len());
        match what % 7 {
            0 => raw[at] = *byte,
            1 => drop(raw.drain(at..end)),
            2 => {
                let again = raw[at..end].to_vec();
                raw.splice(at..at, again);
            }
            3 => raw.truncate(at),
            4 => raw.insert(at, *byte),
            5 => raw[at..end].reverse(),
            _ => {
                let words: [&[u8]; 8] = [
                    b"\r\n\r\n",
                    b"--",
                    b"Content-Type: message/rfc822\r\n",
                    b"=?x?b?",
                    b"<blockquote>",
                    b"\0",
                    b"charset=iso-2022-jp",
                    b"On 2 Nov 2026, X wrote:\n",
                ];
                raw.splice(at..at, words[usize::from(*byte) % words.len()].iter().copied());
            }
        }
    }
    raw
}
