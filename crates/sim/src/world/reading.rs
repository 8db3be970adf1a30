//! How a host reads its mailbox: it keeps nothing of its own, and brings what the server's cursors say is new.

use baton_domain::{AccountId, BlobId, SECOND_MS};
use baton_server::referee::{Arrival, Asked, Fault, FolderRole, Input as RefereeInput, Reply, parse};
use baton_store::port::FolderCursor;

use super::World;
use super::host::Next;
use super::post::{Folder, Item, UIDVALIDITY};
use super::server::{SECRET, Waiter};
use crate::planted::Planted;
use crate::tally::Tally;

/// How many items a host brings at once.
const BATCH: usize = 5;

impl World {
    /// Something lies in a mailbox that was not there before.
    pub(super) fn mail_came(&mut self, account: AccountId) {
        for at in self.hosts_of(account) {
            let wait = self.chance.between(100, 1500).saturating_add(self.stands_back(at));
            self.host_after(at, wait, Next::Look);
        }
    }

    /// A host brings what its cursors say is new.
    pub(super) fn read_mail(&mut self, at: usize) {
        if self.needless(at) {
            return;
        }
        let Some(grant) = self.must_host(at) else { return };
        let Some((account, life)) = self
            .hosts
            .get(at)
            .filter(|host| !host.reading)
            .map(|host| (host.account, host.life))
        else {
            return;
        };
        let Some(server) = self.server_of(at) else {
            return self.host_after(at, SECOND_MS, Next::Look);
        };
        for folder in [Folder::Inbox, Folder::Sent] {
            let high = self
                .model
                .cursor(account, folder.name())
                .map_or(0, |cursor| cursor.high);
            // Now and then a host brings what is known: it keeps nothing of its own.
            let from = if self.chance.chance(5) {
                high.saturating_sub(1)
            } else {
                high
            };
            let mut items: Vec<(u32, Item)> = self
                .post
                .after(account, folder, from)
                .take(BATCH)
                .map(|(uid, item)| (uid, item.clone()))
                .collect();
            let Some(last) = items.last().map(|(uid, _)| *uid).filter(|uid| *uid > high) else {
                continue;
            };
            if self.planted(Planted::MailSkipped) && items.len() > 1 {
                items.remove(0);
            }
            let arrivals = items
                .into_iter()
                .map(|(uid, item)| arrival(account, folder, uid, &item))
                .collect();
            let progress = Some(FolderCursor::at(
                account,
                folder.name().to_owned(),
                UIDVALIDITY,
                1,
                last,
            ));
            if let Some(host) = self.hosts.get_mut(at) {
                host.reading = true;
            }
            self.ask_referee(server, Waiter::Mail { host: at, life }, |ticket| {
                RefereeInput::Receive {
                    ticket,
                    arrivals,
                    progress,
                    under: Some(grant),
                }
            });
            return;
        }
    }

    /// The referee took mail in, or could not.
    pub(super) fn mail_taken(&mut self, at: usize, life: u32, outcome: Result<Reply, Fault>) {
        let Some(host) = self.hosts.get_mut(at).filter(|host| host.life == life) else {
            return;
        };
        host.reading = false;
        if matches!(outcome, Err(Fault::NotHost)) {
            Tally::count(&mut self.tally.mail, "stale host");
            return self.kill_host(at);
        }
        self.host_after(at, if outcome.is_ok() { 1 } else { SECOND_MS }, Next::Look);
    }

    /// Whether something lies in a mailbox that the servers' cursors do not cover.
    pub(super) fn unread_mail(&self, account: AccountId) -> bool {
        [Folder::Inbox, Folder::Sent].into_iter().any(|folder| {
            let cursor = self.model.cursor(account, folder.name());
            self.post.last(account, folder) > cursor.map_or(0, |cursor| cursor.high)
        })
    }
}

fn arrival(account: AccountId, folder: Folder, uid: u32, item: &Item) -> Arrival {
    Arrival {
        filed: None,
        account,
        folder: folder.name().to_owned(),
        role: if folder == Folder::Inbox {
            FolderRole::Inbox
        } else {
            FolderRole::Sent
        },
        uidvalidity: UIDVALIDITY,
        uid,
        internal_date: item.at,
        flags: Vec::new(),
        resync: false,
        asked: Asked::TakeIn,
        blob: Some(BlobId::of(&item.raw)),
        size: u32::try_from(item.raw.len()).unwrap_or(u32::MAX),
        parsed: parse(&item.raw, &SECRET),
    }
}
