//! A reply as the host delivers it: its bytes, from the draft that was accepted and the files it names.

use baton_channels::email::host::{JobState, OutboundJob};
use baton_channels::email::smtp::Envelope;
use baton_channels::email::{ComposeError, MailAddress, Outgoing, OutgoingAttachment, ascii_domain, compose};
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
    let attachments = outbound.draft.files.iter().map(|file| {
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
        calendar: None,
        automatic: false,
        unsubscribe: None,
    };
    let raw = compose(&mail)?;
    let envelope = Envelope {
        from: Some(ascii_domain(&outbound.from.email)),
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
