//! From raw bytes to what the referee reads: outside any commit, on a thread that may take its time.

use baton_channels::email::compose::auto::may_auto_reply;
use baton_channels::email::kind::{BounceAction, MailKind};
use baton_channels::email::parse::{AttachmentInfo, ParsedMail};
use baton_channels::email::{MailAddress, identity, language, parse as mail, quote, subject, thread};
use baton_domain::{Address, Attachment, BlobId, DeliveryOutcome, DeliveryReport, MessageFacts, MessageId};

use super::arrival::{Arrival, ArrivalKind, Asked, ParsedArrival, RawArrival, ReportOn};

/// Reads a message. `secret` is the workspace's, by which it knows its own Message-IDs.
///
/// # Errors
/// Why nothing could be read; the bytes are kept in quarantine under these words.
pub fn parse(raw: &[u8], secret: &[u8]) -> Result<ParsedArrival, String> {
    parse_with_text(raw, secret).map(|(parsed, _)| parsed)
}

/// Reads a message, and gives its whole text besides: taking a message apart is what costs, and whoever needs the words needs them now.
///
/// # Errors
/// As for [`parse`].
pub fn parse_with_text(raw: &[u8], secret: &[u8]) -> Result<(ParsedArrival, String), String> {
    let mail = mail::parse(raw).map_err(|why| why.to_string())?;
    let parsed = read(&mail, raw, secret);
    Ok((parsed, mail.text))
}

impl RawArrival {
    /// Reads it as far as it can be.
    #[must_use]
    pub fn read(self, secret: &[u8]) -> Arrival {
        let Self {
            account,
            folder,
            role,
            uidvalidity,
            uid,
            internal_date,
            flags,
            resync,
            raw,
        } = self;
        Arrival {
            filed: None,
            account,
            folder,
            role,
            uidvalidity,
            uid,
            internal_date,
            flags,
            resync,
            asked: Asked::TakeIn,
            blob: Some(BlobId::of(&raw)),
            size: u32::try_from(raw.len()).unwrap_or(u32::MAX),
            parsed: parse(&raw, secret),
        }
    }
}

fn read(mail: &ParsedMail, raw: &[u8], secret: &[u8]) -> ParsedArrival {
    let keys = thread::thread_keys(mail, secret);
    let mut references = mail.references.clone();
    for id in &mail.in_reply_to {
        if !references.contains(id) {
            references.push(id.clone());
        }
    }
    ParsedArrival {
        from: mail
            .from
            .as_ref()
            .or(mail.sender.as_ref())
            .map(address)
            .unwrap_or_default(),
        to: mail.to.iter().map(address).collect(),
        cc: mail.cc.iter().map(address).collect(),
        reply_to: mail.reply_to.iter().map(address).collect(),
        delivered_to: mail.delivered_to.clone(),
        subject: mail.subject.clone(),
        subject_key: keys.subject_key,
        date: mail.date_ms,
        preview: mail.preview.clone(),
        attachments: mail.attachments.iter().map(attachment).collect(),
        kind: kind(&mail.kind),
        return_path: may_auto_reply(raw, mail).map(|path| address(&path)),
        quoted_from: quote::quoted_from(&mail.text),
        own: mail
            .message_id
            .as_deref()
            .and_then(|id| thread::verify(id, secret))
            .map(MessageId),
        claims: mail.baton_id.as_deref().and_then(|id| id.trim().parse().ok()),
        header_id: keys.own_id,
        mentions: keys.mentions,
        references,
        answers: keys.answers.into_iter().map(MessageId).collect(),
        digest: identity::digest(mail),
        about: about(&mail.kind),
        facts: facts(mail),
    }
}

fn kind(kind: &MailKind) -> ArrivalKind {
    match kind {
        MailKind::Human => ArrivalKind::Human,
        MailKind::AutoReply { .. } => ArrivalKind::AutoReply,
        MailKind::Bounce { action, .. } => match action {
            BounceAction::Failed => ArrivalKind::Bounce,
            // A report that all is well, or not yet, is nobody's failure.
            BounceAction::Delayed | BounceAction::Delivered | BounceAction::Relayed | BounceAction::Expanded => {
                ArrivalKind::AutoReply
            }
        },
        MailKind::List | MailKind::Bulk => ArrivalKind::Bulk,
    }
}

fn about(kind: &MailKind) -> Option<ReportOn> {
    let MailKind::Bounce {
        original_message_id,
        original_subject,
        recipient,
        ..
    } = kind
    else {
        return None;
    };
    Some(ReportOn {
        header_id: original_message_id.clone(),
        subject_key: original_subject.as_deref().map(subject::key).unwrap_or_default(),
        recipient: recipient.clone(),
    })
}

fn facts(mail: &ParsedMail) -> MessageFacts {
    let (returns_on, report) = match &mail.kind {
        MailKind::AutoReply { returns_on } => (returns_on.clone(), None),
        MailKind::Bounce {
            recipient,
            status,
            action,
            diagnostic,
            ..
        } => {
            let report = DeliveryReport {
                outcome: match action {
                    BounceAction::Failed => DeliveryOutcome::Failed,
                    BounceAction::Delayed => DeliveryOutcome::Delayed,
                    BounceAction::Delivered => DeliveryOutcome::Delivered,
                    BounceAction::Relayed | BounceAction::Expanded => DeliveryOutcome::Relayed,
                },
                permanent: *action == BounceAction::Failed
                    && status.as_deref().is_none_or(|status| status.starts_with('5')),
                recipient: recipient.clone(),
                status: status.clone(),
                diagnostic: diagnostic.clone(),
            };
            (None, Some(report))
        }
        MailKind::Human | MailKind::List | MailKind::Bulk => (None, None),
    };
    // What a machine says is in its language, not in its owner's.
    let written = !matches!(mail.kind, MailKind::AutoReply { .. } | MailKind::Bounce { .. });
    MessageFacts {
        language: written
            .then(|| language::language(&mail.text))
            .flatten()
            .map(str::to_owned),
        returns_on,
        report,
        invitation: mail.invitation.clone().map(Box::new),
        protection: mail.protection.clone(),
        ..MessageFacts::default()
    }
}

fn address(from: &MailAddress) -> Address {
    Address {
        name: from.name.clone().unwrap_or_default(),
        email: from.address.clone(),
    }
}

fn attachment(from: &AttachmentInfo) -> Attachment {
    Attachment {
        index: from.index,
        name: from.name.clone(),
        mime: from.mime.clone(),
        size: u32::try_from(from.size).unwrap_or(u32::MAX),
        inline: from.inline,
    }
}
