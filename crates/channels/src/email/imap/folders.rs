//! The folders of a mailbox and what they are for.

use imap_proto::rfc2087::QuotaResourceName;
use imap_proto::{MailboxDatum, NameAttribute, Response, StatusAttribute};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::name::{decode_folder_name, quoted};
use super::{ImapConn, ImapError, Opened, Telling};

/// What a folder is for, as far as Baton cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum FolderRole {
    /// Where mail arrives.
    Inbox,
    /// Copies of what was sent, by us and by others.
    Sent,
    /// Every message once, as Gmail's *All Mail*: what each one is, its labels say.
    All,
    /// A folder of the team's own.
    Other,
    /// Drafts, junk, what was deleted: nobody's correspondence.
    Aside,
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Folder {
    /// Its name on the wire: what commands take.
    pub wire: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub role: FolderRole,
}

/// How full a mailbox is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// What it holds.
    pub used: u64,
    /// What it may hold.
    pub limit: u64,
}

impl Usage {
    fn is_fuller_than(self, other: Self) -> bool {
        u128::from(self.used) * u128::from(other.limit) > u128::from(other.used) * u128::from(self.limit)
    }
}

/// Servers count storage in units of so many bytes (RFC 9208, 5.1).
const QUOTA_UNIT: u64 = 1024;

/// Names of the sent folder on servers that don't mark it, in lower case, the last part of the path.
const SENT_NAMES: &[&str] = &[
    "sent",
    "sent items",
    "sent messages",
    "sent mail",
    "gesendet",
    "gesendete objekte",
    "gesendete elemente",
    "gesendete",
    "envoyés",
    "éléments envoyés",
    "messages envoyés",
    "enviados",
    "elementos enviados",
    "mensajes enviados",
    "itens enviados",
    "posta inviata",
    "inviati",
    "verzonden",
    "verzonden items",
    "skickat",
    "sendt",
    "wysłane",
    "elementy wysłane",
    "отправленные",
    "lähetetyt",
];

/// Names of folders for what is nobody's correspondence, where a server doesn't mark them.
const ASIDE_NAMES: &[&str] = &[
    "drafts",
    "draft",
    "entwürfe",
    "borradores",
    "brouillons",
    "junk",
    "junk e-mail",
    "junk email",
    "spam",
    "spamverdacht",
    "bulk mail",
    "correo no deseado",
    "trash",
    "papierkorb",
    "papelera",
    "corbeille",
    "deleted",
    "deleted items",
    "deleted messages",
    "gelöschte elemente",
    "gelöschte objekte",
    "elementos eliminados",
    "outbox",
    "postausgang",
];

impl ImapConn {
    /// The folders that can be opened. `sent` names the sent folder where an account says so itself.
    ///
    /// # Errors
    /// As for every command.
    pub async fn folders(&mut self, sent: Option<&str>) -> Result<Vec<Folder>, ImapError> {
        let marks = self.can("SPECIAL-USE") && self.can("LIST-EXTENDED");
        let command = if marks {
            "LIST \"\" \"*\" RETURN (SPECIAL-USE)"
        } else {
            "LIST \"\" \"*\""
        };
        let last_part = |name: &str| name.rsplit(['/', '.']).next().unwrap_or(name).to_lowercase();
        // Elsewhere such a folder is a view of others, and may lack some.
        let labels = self.is_gmail();
        let mut found: Vec<(Folder, bool)> = Vec::new();
        self.command(command, |response| {
            if let Response::MailboxData(MailboxDatum::List(list)) = response
                && !list
                    .name_attributes
                    .iter()
                    .any(|attribute| matches!(attribute, NameAttribute::NoSelect))
            {
                let wire = list.name.to_string();
                let marked = list
                    .name_attributes
                    .iter()
                    .any(|attribute| matches!(attribute, NameAttribute::Sent));
                let all = list
                    .name_attributes
                    .iter()
                    .any(|attribute| matches!(attribute, NameAttribute::All));
                let role = if wire.eq_ignore_ascii_case("INBOX") {
                    FolderRole::Inbox
                } else if all && labels {
                    FolderRole::All
                } else if list.name_attributes.iter().any(|attribute| {
                    matches!(
                        attribute,
                        NameAttribute::Drafts | NameAttribute::Junk | NameAttribute::Trash
                    )
                }) || ASIDE_NAMES.contains(&last_part(&decode_folder_name(&wire)).as_str())
                {
                    FolderRole::Aside
                } else {
                    FolderRole::Other
                };
                found.push((
                    Folder {
                        name: decode_folder_name(&wire),
                        wire,
                        role,
                    },
                    marked,
                ));
            }
        })
        .await?;
        let chosen = sent
            .and_then(|sent| {
                found
                    .iter()
                    .position(|(folder, _)| folder.name == sent || folder.wire == sent)
            })
            .or_else(|| found.iter().position(|(_, marked)| *marked))
            .or_else(|| {
                found
                    .iter()
                    .position(|(folder, _)| SENT_NAMES.contains(&last_part(&folder.name).as_str()))
            });
        if let Some((folder, _)) = chosen.and_then(|at| found.get_mut(at)) {
            folder.role = FolderRole::Sent;
        }
        Ok(found.into_iter().map(|(folder, _)| folder).collect())
    }

    /// A folder's counts without opening it.
    ///
    /// # Errors
    /// As for every command.
    pub async fn status(&mut self, folder: &str) -> Result<Opened, ImapError> {
        let mut opened = Opened {
            uidvalidity: 0,
            uidnext: 0,
            exists: 0,
            modseq: 0,
        };
        let modseq = if self.telling == Telling::Window {
            ""
        } else {
            " HIGHESTMODSEQ"
        };
        self.command(
            &format!("STATUS {} (UIDVALIDITY UIDNEXT MESSAGES{modseq})", quoted(folder)),
            |response| {
                if let Response::MailboxData(MailboxDatum::Status { status, .. }) = response {
                    for attribute in status {
                        match attribute {
                            StatusAttribute::UidValidity(value) => opened.uidvalidity = *value,
                            StatusAttribute::UidNext(value) => opened.uidnext = *value,
                            StatusAttribute::Messages(value) => opened.exists = *value,
                            StatusAttribute::HighestModSeq(value) => opened.modseq = *value,
                            _ => {}
                        }
                    }
                }
            },
        )
        .await?;
        Ok(opened)
    }

    /// How full the mailbox is (RFC 9208); `None` where the server doesn't say, or sets no limit. Of several limits the one that is
    /// reached first.
    ///
    /// # Errors
    /// When the connection ends. A server that refuses to say is one that doesn't say.
    pub async fn usage(&mut self) -> Result<Option<Usage>, ImapError> {
        if !self.can("QUOTA") {
            return Ok(None);
        }
        let mut fullest: Option<Usage> = None;
        let asked = self
            .command("GETQUOTAROOT INBOX", |response| {
                let Response::Quota(quota) = response else { return };
                let storage = quota
                    .resources
                    .iter()
                    .filter(|one| matches!(one.name, QuotaResourceName::Storage) && one.limit > 0);
                for one in storage {
                    let usage = Usage {
                        used: one.usage.saturating_mul(QUOTA_UNIT),
                        limit: one.limit.saturating_mul(QUOTA_UNIT),
                    };
                    if fullest.is_none_or(|known| usage.is_fuller_than(known)) {
                        fullest = Some(usage);
                    }
                }
            })
            .await;
        match asked {
            Ok(()) => Ok(fullest),
            Err(ImapError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// As for every command.
    pub async fn create(&mut self, folder: &str) -> Result<(), ImapError> {
        self.command(&format!("CREATE {}", quoted(folder)), |_| {}).await
    }
}
