//! A reply as the host delivers it: its bytes, from the draft that was accepted and the files it names.

use baton_channels::email::host::{JobState, OutboundJob};
use baton_channels::email::smtp::Envelope;
use baton_channels::email::{
    CalendarAnswer, ComposeError, MailAddress, Outgoing, OutgoingAttachment, ascii_domain, compose, invitation,
};
use baton_domain::{Address, BlobId, Outbound, OutboundState};
use baton_store::server::{BlobError, Blobs};

/// Why a reply has no bytes.
#[derive(Debug, thiserror::Error)]
pub enum NoBytes {
    /// A file's bytes are missing.
    #[error("the bytes of the file {0:?} are missing")]
    Missing(String),
    /// The disk said no.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// It can't be written as a message, now or ever.
    #[error("it can't be sent as it is: {0}")]
    Compose(#[from] ComposeError),
}

/// What a host has to do about a reply; nothing where it is settled, or a person must decide.
#[must_use]
pub fn wanted(outbound: &Outbound) -> Option<JobState> {
    match outbound.state {
        OutboundState::Queued => Some(JobState::Queued),
        OutboundState::Sending => Some(JobState::Sending),
        OutboundState::Sent { .. } if !outbound.filed => Some(JobState::Unfiled),
        OutboundState::Sent { .. }
        | OutboundState::Failed { .. }
        | OutboundState::Unknown { .. }
        | OutboundState::Cancelled { .. } => None,
    }
}

/// The attempt a host's reports are about: the one it is about to make, or the one that was made.
#[must_use]
pub fn attempt(outbound: &Outbound) -> u32 {
    match outbound.state {
        OutboundState::Queued => outbound.attempt.saturating_add(1),
        _ => outbound.attempt,
    }
}

/// How often a provider asked for patience with it.
#[must_use]
pub fn given_back(outbound: &Outbound) -> u32 {
    outbound.given_back.as_ref().map_or(0, |given| given.times)
}

/// The job of a reply. The same reply gives the same bytes at every attempt.
///
/// # Errors
/// When a file is missing, or the reply can't be written as a message.
pub fn job(outbound: &Outbound, state: JobState, blobs: &Blobs) -> Result<OutboundJob, NoBytes> {
    let (answers, files): (Vec<_>, Vec<_>) = outbound
        .draft
        .files
        .iter()
        .partition(|file| file.mime == invitation::REPLY_MEDIA_TYPE);
    let calendar = answers.first().map(|file| {
        let bytes = bytes_of(blobs, &file.blob)?.ok_or_else(|| NoBytes::Missing(file.name.clone()))?;
        let ics = String::from_utf8_lossy(&bytes).into_owned();
        Ok::<_, NoBytes>(CalendarAnswer { ics })
    });
    let attachments = files.into_iter().map(|file| {
        let bytes = bytes_of(blobs, &file.blob)?.ok_or_else(|| NoBytes::Missing(file.name.clone()))?;
        Ok(OutgoingAttachment {
            name: file.name.clone(),
            mime: file.mime.clone(),
            bytes,
            content_id: file.inline.then(|| content_id(outbound, &file.blob)),
        })
    });
    let mail = Outgoing {
        message_id: outbound.header_id.clone(),
        baton_id: outbound.id.to_string(),
        date: outbound.date(),
        from: address(&outbound.from),
        sender: outbound.sender.as_ref().map(address),
        reply_to: Vec::new(),
        to: outbound.draft.to.iter().map(address).collect(),
        cc: outbound.draft.cc.iter().map(address).collect(),
        bcc: Vec::new(),
        subject: outbound.draft.subject.clone(),
        text: outbound.draft.text.clone(),
        html: None,
        in_reply_to: outbound.in_reply_to.iter().cloned().collect(),
        references: outbound.references.clone(),
        attachments: attachments.collect::<Result<_, NoBytes>>()?,
        calendar: calendar.transpose()?,
        automatic: outbound.automatic.is_some(),
        unsubscribe: None,
    };
    let raw = compose(&mail)?;
    let envelope = Envelope {
        // Nobody can answer a machine: what can't be delivered comes back to nobody (RFC 3834, 3.3).
        from: outbound.automatic.is_none().then(|| ascii_domain(&outbound.from.email)),
        to: mail.envelope_to(),
        report: outbound.draft.receipt.then(|| outbound.id.to_string()),
    };
    let message_id = outbound.header_id.clone();
    Ok(OutboundJob {
        id: outbound.id,
        attempt: attempt(outbound),
        given_back: given_back(outbound),
        raw: raw.into(),
        envelope,
        message_id,
        state,
    })
}

/// The id by which the text shows an image: the same at every attempt.
fn content_id(outbound: &Outbound, blob: &BlobId) -> String {
    let short: String = blob
        .as_str()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(20)
        .collect();
    format!("{short}.{}", outbound.header_id)
}

fn bytes_of(blobs: &Blobs, id: &BlobId) -> Result<Option<Vec<u8>>, BlobError> {
    blobs.get(id)
}

fn address(address: &Address) -> MailAddress {
    let name = address.name.trim();
    MailAddress {
        name: (!name.is_empty()).then(|| name.to_owned()),
        address: address.email.clone(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use baton_channels::email::parse;
    use baton_domain::{
        AccountId, AfterReply, DraftText, InvitationAnswer, InvitationMethod, MemberId, MessageId, OutgoingFile,
        Timestamp,
    };
    use uuid::Uuid;

    use super::*;

    const ASKED: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:42@example.com\r\n\
        SUMMARY:Site visit\r\nORGANIZER:mailto:carl@example.com\r\nATTENDEE:mailto:sales@baton.test\r\n\
        DTSTAMP:20261121T100000Z\r\nDTSTART:20261201T143000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    fn reply_with(files: Vec<OutgoingFile>) -> Outbound {
        let address = |email: &str| Address {
            name: String::new(),
            email: email.to_owned(),
        };
        Outbound {
            id: MessageId(Uuid::from_u128(7)),
            state: OutboundState::Queued,
            account: AccountId(Uuid::from_u128(1)),
            by: MemberId(Uuid::from_u128(2)),
            cover: false,
            from: address("sales@baton.test"),
            sender: None,
            draft: DraftText {
                to: vec![address("carl@example.com")],
                subject: "Re: Site visit".to_owned(),
                text: "I am glad to come.".to_owned(),
                files,
                ..DraftText::default()
            },
            header_id: "7@baton.test".to_owned(),
            in_reply_to: None,
            references: Vec::new(),
            quote: None,
            close: None,
            after: AfterReply::NothingMore,
            queued_at: Timestamp(0),
            not_before: Timestamp(0),
            send_at: None,
            given_back: None,
            attempt: 0,
            filed: false,
            automatic: None,
        }
    }

    #[test]
    fn an_answer_to_an_invitation_leaves_as_one_and_not_as_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(directory.path().to_owned(), None).unwrap();
        let who = Address {
            name: String::new(),
            email: "sales@baton.test".to_owned(),
        };
        let calendar = invitation::reply(ASKED, &who, InvitationAnswer::Accepted, Timestamp(0)).unwrap();
        let file = |name: &str, mime: &str, bytes: &[u8]| OutgoingFile {
            name: name.to_owned(),
            mime: mime.to_owned(),
            size: 1,
            blob: blobs.put(bytes).unwrap(),
            inline: false,
        };
        let files = vec![
            file("invite.ics", invitation::REPLY_MEDIA_TYPE, calendar.as_bytes()),
            file("plan.txt", "text/plain", b"hall 3"),
        ];
        let job = job(&reply_with(files), JobState::Queued, &blobs).unwrap();
        let mail = parse::parse(&job.raw).unwrap();
        let answer = mail.invitation.unwrap();
        assert_eq!(
            (answer.method, answer.uid.as_str()),
            (InvitationMethod::Reply, "42@example.com")
        );
        assert_eq!(answer.attendees.first().unwrap().answer, InvitationAnswer::Accepted);
        let names: Vec<&str> = mail.attachments.iter().map(|file| file.name.as_str()).collect();
        // The alternative itself has no name: nobody has to wonder what to do with a file.
        assert_eq!(names, ["", "plan.txt"]);
        assert_eq!(mail.text.trim(), "I am glad to come.");
    }

    #[test]
    fn an_answer_whose_bytes_are_missing_is_not_sent_without_it() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(directory.path().to_owned(), None).unwrap();
        let lost = OutgoingFile {
            name: "invite.ics".to_owned(),
            mime: invitation::REPLY_MEDIA_TYPE.to_owned(),
            size: 1,
            blob: BlobId::of(b"never kept"),
            inline: false,
        };
        let made = job(&reply_with(vec![lost]), JobState::Queued, &blobs);
        assert!(matches!(made, Err(NoBytes::Missing(name)) if name == "invite.ics"));
    }
}
