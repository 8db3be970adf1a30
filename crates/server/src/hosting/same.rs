//! Whether a new host sees the mailbox that its predecessor saw: which messages it is asked for, and what follows from its answer.

use baton_channels::email::host::PortError;
use baton_channels::email::host::sameness::{Known, Sample, Sighting, Verdict, judge};
use baton_channels::email::parse;
use baton_domain::{AccountId, HostGrant};
use baton_store::port::FolderCursor;
use baton_store::server::ServerStore;

use super::port::unavailable;
use super::{cursors, views};
use crate::referee::RefereeHandle;

/// How many of a folder's newest messages are looked through for a sample.
const LOOKED_THROUGH: u64 = 48;

/// Messages of one sample.
const SAMPLE: usize = 4;

/// What is known of one folder of an account.
#[derive(Debug, Clone)]
pub(super) struct KnownFolder {
    folder: String,
    view: u32,
    cursor: FolderCursor,
    known: Known,
    /// Nothing was ever found in it.
    bare: bool,
}

impl KnownFolder {
    /// What a host is asked for.
    pub(super) fn sample(&self) -> Sample {
        Sample {
            folder: self.folder.clone(),
            uids: self.known.messages.iter().map(|(uid, _)| *uid).collect(),
        }
    }
}

/// Everything that is known of an account's folders; nothing for one that was never read.
pub(super) async fn known(store: &ServerStore, account: AccountId) -> Result<Vec<KnownFolder>, PortError> {
    let away = |error: &dyn std::fmt::Display| PortError::Unavailable(error.to_string());
    let rows = store.folder_cursors(account).await.map_err(|error| away(&error))?;
    let mut found = Vec::new();
    for (folder, (view, cursor)) in views::current(rows) {
        // A view that was begun and not read yet has nothing to be compared.
        if cursor.uidvalidity == 0 {
            continue;
        }
        let items = store
            .newest_items(account, &cursor.folder, cursor.uidvalidity, LOOKED_THROUGH)
            .await
            .map_err(|error| away(&error))?;
        let bare = items.is_empty();
        let blobs = store.blobs().clone();
        let step = (items.len() / SAMPLE).max(1);
        let chosen = tokio::task::spawn_blocking(move || {
            let named = items.into_iter().step_by(step).filter_map(|(uid, blob)| {
                let bytes = blobs.get(&blob).ok().flatten()?;
                Some((uid, parse(&bytes).ok()?.message_id?))
            });
            named.take(SAMPLE).collect()
        });
        let messages = chosen.await.map_err(|error| away(&error))?;
        let known = Known {
            uidvalidity: cursor.uidvalidity,
            messages,
        };
        found.push(KnownFolder {
            folder,
            view,
            cursor,
            known,
            bare,
        });
    }
    Ok(found)
}

/// Heeds what a host saw: a folder that is not proved to be the same begins anew, under a name of its own.
pub(super) async fn heed(
    referee: &RefereeHandle,
    under: HostGrant,
    known: Vec<KnownFolder>,
    sightings: &[Sighting],
) -> Result<(), PortError> {
    for folder in known {
        let sighting = sightings.iter().find(|sighting| sighting.folder == folder.folder);
        let verdict = judge(&folder.known, sighting);
        tracing::info!(folder = folder.folder, ?verdict, "a new host looked at the mailbox");
        if verdict != Verdict::Other {
            continue;
        }
        // Where nothing was ever found there is nothing to keep apart: it is opened as if for the first time.
        let view = folder.view.saturating_add(u32::from(!folder.bare));
        let anew = cursors::to_read_again(
            folder.cursor.account,
            views::kept_as(&folder.folder, view),
            !folder.bare,
        );
        referee
            .receive_under(Vec::new(), Some(anew), Some(under))
            .await
            .map_err(|error| unavailable(&error))?;
    }
    Ok(())
}
