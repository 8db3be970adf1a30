//! Messages' bodies, sources and attachments, and files for a draft.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use baton_channels::email::{invitation, parse, subject};
use baton_domain::{Address, BlobId, Event, InvitationAnswer, LogBody, Message, MessageId, Outbound, OutgoingFile};
use baton_protocol::{ApiError, Body, ErrorCode, Forwarding, Nested};

use super::{Work, fetch, now};
use crate::blobs::BlobError;
use crate::bodies::{self, Shown};
use crate::net::{error, fetch_images};

/// The largest file a draft takes, in bytes: more than most mail servers accept.
const FILE_BYTES: usize = 25 * 1024 * 1024;
/// The longest source shown, in bytes.
const SOURCE_BYTES: usize = 4 * 1024 * 1024;
/// How many names a download tries before it gives up.
const NAMES: u32 = 1000;

/// A file for a draft.
pub(crate) struct Attached {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Why a file can't be had or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// There is no such message or file.
    #[error("there is no such message or file")]
    NotFound,
    /// Its bytes are not here and the server can't be reached.
    #[error("it is not on this computer yet, and there is no network")]
    NotHere,
    /// It is no invitation, or names nobody to answer.
    #[error("there is no invitation in it that could be answered")]
    NotAnswerable,
    /// Larger than a mail can carry.
    #[error("a file has at most 25 MiB")]
    TooLarge,
    /// The disk.
    #[error("the file could not be written")]
    Disk(#[from] std::io::Error),
    /// The replica or a sealed file.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The server.
    #[error("{}", .0.message)]
    Server(ApiError),
}

impl From<FileError> for ApiError {
    fn from(cause: FileError) -> Self {
        let code = match &cause {
            FileError::NotFound | FileError::NotAnswerable => ErrorCode::NotFound,
            FileError::NotHere => ErrorCode::Unreachable,
            FileError::TooLarge => ErrorCode::TooLarge,
            FileError::Disk(disk) if disk.kind() == std::io::ErrorKind::StorageFull => ErrorCode::DiskFull,
            FileError::Blob(blob) if blob.is_disk_full() => ErrorCode::DiskFull,
            FileError::Disk(_) | FileError::Blob(_) => ErrorCode::StoreUnavailable,
            FileError::Server(error) => return error.clone(),
        };
        error(code, cause.to_string())
    }
}

impl From<baton_store::replica::ReplicaError> for FileError {
    fn from(cause: baton_store::replica::ReplicaError) -> Self {
        Self::Blob(cause.into())
    }
}

enum Found {
    Message(Box<Message>),
    Reply(Box<Outbound>),
}

impl Work {
    async fn find(&self, message: MessageId) -> Result<Found, FileError> {
        let entry = self.store.entry_of(message).await?.ok_or(FileError::NotFound)?;
        match entry.body {
            LogBody::Conversation {
                event: Event::MessageReceived { message, .. } | Event::OutsideReply { message, .. },
                ..
            } => Ok(Found::Message(message)),
            LogBody::Conversation {
                event: Event::ReplyQueued { outbound },
                ..
            } => Ok(Found::Reply(outbound)),
            _ => Err(FileError::NotFound),
        }
    }

    async fn bytes(&self, id: Option<&BlobId>) -> Result<Option<Vec<u8>>, FileError> {
        match id {
            Some(id) => fetch::blob(self, id).await.map_err(FileError::Server),
            None => Ok(None),
        }
    }

    /// A message's body, made safe.
    pub(crate) async fn body(&self, message: MessageId, remote_images: bool) -> Result<Body, FileError> {
        let message = match self.find(message).await? {
            Found::Message(message) => message,
            Found::Reply(outbound) => return Ok(bodies::of_reply(&outbound)),
        };
        let Some(raw) = self.bytes(message.blob.as_ref()).await? else {
            return Ok(bodies::missing(&message));
        };
        let (shown, raw) = self.shown(raw, remote_images).await?;
        aside(move || bodies::of_raw(&message, &raw, shown)).await
    }

    /// A message attached to a message, made safe.
    pub(crate) async fn nested(
        &self,
        message: MessageId,
        index: u32,
        remote_images: bool,
    ) -> Result<Nested, FileError> {
        let Found::Message(message) = self.find(message).await? else {
            return Err(FileError::NotFound);
        };
        let raw = self.bytes(message.blob.as_ref()).await?.ok_or(FileError::NotHere)?;
        let inner = aside(move || parse::attachment(&raw, index)).await?;
        let (shown, inner) = self.shown(inner.ok_or(FileError::NotFound)?, remote_images).await?;
        let nested = aside(move || bodies::nested(&inner, shown)).await?;
        nested.ok_or(FileError::NotFound)
    }

    /// What is known of a body besides its bytes, with the images it loads from elsewhere where they were asked for.
    async fn shown(&self, raw: Vec<u8>, remote_images: bool) -> Result<(Shown, Vec<u8>), FileError> {
        let mut shown = Shown {
            known_hosts: self.known_hosts().await,
            remote_images: HashMap::new(),
        };
        if !remote_images {
            return Ok((shown, raw));
        }
        let (addresses, raw) = aside(move || (bodies::remote_images(&raw), raw)).await?;
        shown.remote_images = fetch_images(addresses).await;
        Ok((shown, raw))
    }

    /// Hosts that a trick would imitate: our own.
    async fn known_hosts(&self) -> Vec<String> {
        let team = self.look(|engine| engine.team()).await;
        let addresses = team.accounts.iter().map(|account| &account.address);
        let hosts = addresses.filter_map(|address| Some(address.rsplit_once('@')?.1.to_owned()));
        let mut hosts: Vec<String> = hosts.collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }

    /// The raw source of a message.
    pub(crate) async fn source(&self, message: MessageId) -> Result<String, FileError> {
        match self.find(message).await? {
            Found::Message(message) => {
                let raw = self.bytes(message.blob.as_ref()).await?.ok_or(FileError::NotHere)?;
                Ok(source_text(&raw))
            }
            Found::Reply(outbound) => Ok(outbound.draft.text),
        }
    }

    /// Writes an attachment into the downloads folder, under a name nothing has yet. The window chooses no path: whatever ran in
    /// it could otherwise replace any file of the person's.
    pub(crate) async fn save_attachment(&self, message: MessageId, index: u32) -> Result<String, FileError> {
        let (name, bytes) = match self.find(message).await? {
            Found::Message(message) => {
                let known = message.attachments.iter().find(|file| file.index == index);
                let name = known.ok_or(FileError::NotFound)?.name.clone();
                let raw = self.bytes(message.blob.as_ref()).await?.ok_or(FileError::NotHere)?;
                let bytes = aside(move || parse::attachment(&raw, index)).await?;
                (name, bytes.ok_or(FileError::NotFound)?)
            }
            Found::Reply(outbound) => {
                let at = usize::try_from(index).unwrap_or(usize::MAX);
                let file = outbound.draft.files.get(at).ok_or(FileError::NotFound)?;
                let bytes = self.bytes(Some(&file.blob)).await?.ok_or(FileError::NotHere)?;
                (file.name.clone(), bytes)
            }
        };
        let downloads = self.shell.downloads_dir();
        let written = aside(move || write_new(&downloads, &name, &bytes)).await??;
        Ok(written.to_string_lossy().into_owned())
    }

    /// The answer to an invitation, as a file for the reply that carries it: it leaves with that reply, under the same lock, and
    /// can be taken back like it.
    pub(crate) async fn answer_invitation(
        &self,
        message: MessageId,
        answer: InvitationAnswer,
    ) -> Result<OutgoingFile, FileError> {
        let Found::Message(message) = self.find(message).await? else {
            return Err(FileError::NotFound);
        };
        let who = self.invited(&message).await;
        let raw = self.bytes(message.blob.as_ref()).await?.ok_or(FileError::NotHere)?;
        let answered = move || invitation::reply(&parse::calendar(&raw)?, &who, answer, now());
        let calendar = aside(answered).await?.ok_or(FileError::NotAnswerable)?.into_bytes();
        let size = u32::try_from(calendar.len()).map_err(|_| FileError::TooLarge)?;
        let blob = BlobId::of(&calendar);
        self.blobs.put(&blob, calendar, true, now()).await?;
        Ok(OutgoingFile {
            name: "invite.ics".to_owned(),
            mime: invitation::REPLY_MEDIA_TYPE.to_owned(),
            size,
            blob,
            inline: false,
        })
    }

    /// Which of those invited we are, as the invitation writes it: an address of the account it came to, else my own.
    async fn invited(&self, message: &Message) -> Address {
        let (team, me) = self.look(|engine| (engine.team(), engine.me().cloned())).await;
        let account = team.accounts.iter().find(|account| Some(account.id) == message.account);
        let ours = |email: &str| account.is_some_and(|account| account.own_address(email).is_some());
        let mine = |email: &str| me.as_ref().is_some_and(|me| me.email.eq_ignore_ascii_case(email));
        let invited = || {
            let asked = message.facts.invitation.iter();
            asked
                .flat_map(|asked| &asked.attendees)
                .map(|attendee| &attendee.address)
        };
        let listed = invited()
            .find(|address| ours(&address.email))
            .or_else(|| invited().find(|address| mine(&address.email)));
        match (listed, account) {
            (Some(address), _) => address.clone(),
            (None, Some(account)) => Address {
                name: account.name.clone(),
                email: account.address.clone(),
            },
            (None, None) => message.to.first().cloned().unwrap_or_default(),
        }
    }

    /// What a draft begins with that passes a message on. Its files are taken out of it here; those of a reply of ours are named as they
    /// are, for the server has them.
    pub(crate) async fn forward(&self, message: MessageId) -> Result<Forwarding, FileError> {
        let message = match self.find(message).await? {
            Found::Message(message) => message,
            Found::Reply(outbound) => return Ok(passed_on(*outbound)),
        };
        let raw = self.bytes(message.blob.as_ref()).await?.ok_or(FileError::NotHere)?;
        let (text, taken, message) = aside(move || {
            let taken: Option<Vec<Attached>> = message
                .attachments
                .iter()
                .map(|file| {
                    let name = file.name.clone();
                    parse::attachment(&raw, file.index).map(|bytes| Attached { name, bytes })
                })
                .collect();
            (bodies::text_of(&raw), taken, message)
        })
        .await?;
        let mut files = Vec::new();
        for file in taken.ok_or(FileError::NotFound)? {
            files.push(self.attach(file).await?);
        }
        Ok(Forwarding {
            bare_subject: subject::bare(&message.subject),
            from: message.from,
            to: message.to,
            cc: message.cc,
            at: message.at,
            subject: message.subject,
            text,
            files,
        })
    }

    /// Keeps a file for a draft until it has left.
    pub(crate) async fn attach(&self, file: Attached) -> Result<OutgoingFile, FileError> {
        if file.bytes.len() > FILE_BYTES {
            return Err(FileError::TooLarge);
        }
        let size = u32::try_from(file.bytes.len()).map_err(|_| FileError::TooLarge)?;
        let blob = BlobId::of(&file.bytes);
        let guessed = || mime_guess::from_path(&file.name).first_or_octet_stream().to_string();
        // What the bytes say counts more than what the name says.
        let mime = infer::get(&file.bytes).map_or_else(guessed, |kind| kind.mime_type().to_owned());
        let mime = as_a_file(mime);
        self.blobs.put(&blob, file.bytes, true, now()).await?;
        Ok(OutgoingFile {
            name: safe_name(&file.name),
            mime,
            size,
            blob,
            inline: false,
        })
    }
}

/// What a reply of ours begins a draft with. The answer to an invitation is not passed on: it is ours, to whoever asked.
fn passed_on(outbound: Outbound) -> Forwarding {
    let at = outbound.date();
    let draft = outbound.draft;
    Forwarding {
        from: outbound.from,
        to: draft.to,
        cc: draft.cc,
        at,
        bare_subject: subject::bare(&draft.subject),
        subject: draft.subject,
        text: draft.text,
        files: draft
            .files
            .into_iter()
            .filter(|file| file.mime != invitation::REPLY_MEDIA_TYPE)
            .map(|file| OutgoingFile { inline: false, ..file })
            .collect(),
    }
}

/// A message within a message goes out as a plain file: as a part of its own type nothing may be encoded in it (RFC 2046, 5.2.1).
fn as_a_file(mime: String) -> String {
    if mime.starts_with("message/") || mime.starts_with("multipart/") {
        "application/octet-stream".to_owned()
    } else {
        mime
    }
}

/// Raw bytes as text to look at, cut where nobody reads on.
pub(super) fn source_text(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw.get(..SOURCE_BYTES).unwrap_or(raw)).into_owned()
}

/// Writes under a name nothing has yet: `offer.pdf`, `offer (1).pdf`.
fn write_new(dir: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, FileError> {
    std::fs::create_dir_all(dir)?;
    let name = safe_name(name);
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (name.as_str(), String::new()),
    };
    for number in 0..NAMES {
        let numbered = if number == 0 {
            name.clone()
        } else {
            format!("{stem} ({number}){extension}")
        };
        let path = dir.join(numbered);
        match std::fs::File::create_new(&path) {
            Ok(mut file) => {
                file.write_all(bytes)?;
                return Ok(path);
            }
            Err(taken) if taken.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(FileError::NotFound)
}

/// A name without any path, that no system takes for something else.
fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .map(|c| {
            if c.is_control() || "<>:\"|?*\u{202e}".contains(c) {
                '_'
            } else {
                c
            }
        })
        .take(150)
        .collect();
    let clean = clean.trim().trim_start_matches('.').trim_end_matches('.').to_owned();
    if clean.is_empty() {
        "attachment".to_owned()
    } else {
        clean
    }
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, FileError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| FileError::Blob(BlobError::Interrupted))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_the_folder() {
        assert_eq!(safe_name("../../.bashrc"), "bashrc");
        assert_eq!(safe_name("C:\\Windows\\offer.pdf"), "offer.pdf");
        assert_eq!(safe_name("offer\u{202e}fdp.exe"), "offer_fdp.exe");
        assert_eq!(safe_name(""), "attachment");
    }

    #[test]
    fn a_message_goes_out_as_a_plain_file() {
        assert_eq!(as_a_file("message/rfc822".to_owned()), "application/octet-stream");
        assert_eq!(as_a_file("application/pdf".to_owned()), "application/pdf");
    }

    #[test]
    fn a_download_never_replaces_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let first = write_new(dir.path(), "offer.pdf", b"1").unwrap();
        let second = write_new(dir.path(), "offer.pdf", b"2").unwrap();
        assert_eq!(second.file_name().unwrap(), "offer (1).pdf");
        assert_eq!(std::fs::read(first).unwrap(), b"1");
    }
}
