//! Where this server keeps the numbers of messages that their provider only names.

use async_trait::async_trait;
use baton_channels::email::graph::{Book, Named, Names, Place};
use baton_channels::email::host::PortError;
use baton_domain::AccountId;
use baton_store::server::{NamedRow, NumberedFolder, PlaceRow};

use super::port::{Port, away};

fn folder(account: AccountId, book: &Book) -> NumberedFolder {
    NumberedFolder {
        account,
        folder: book.folder.clone(),
        uidvalidity: book.uidvalidity,
    }
}

fn of_store(row: NamedRow) -> Named {
    Named {
        uid: row.uid,
        name: row.name,
        at: row.at,
        flags: row.flags,
        bulky: row.bulky,
    }
}

fn of_host(named: &Named) -> NamedRow {
    NamedRow {
        uid: named.uid,
        name: named.name.clone(),
        at: named.at,
        flags: named.flags.clone(),
        bulky: named.bulky,
    }
}

#[async_trait]
impl Names for Port {
    async fn place(&self, folder: &str) -> Result<Option<Place>, PortError> {
        self.must_hold().await?;
        let row = self.store().folder_place(self.id(), folder).await;
        Ok(row.map_err(|error| away(&error))?.map(|row| Place {
            uidvalidity: row.uidvalidity,
            link: row.link,
            listed: row.listed,
        }))
    }

    async fn keep_place(&self, folder: &str, place: &Place) -> Result<(), PortError> {
        self.must_hold().await?;
        let row = PlaceRow {
            uidvalidity: place.uidvalidity,
            link: place.link.clone(),
            listed: place.listed,
        };
        let kept = self.store().put_folder_place(self.id(), folder, row).await;
        kept.map_err(|error| away(&error))
    }

    async fn bounds(&self, book: &Book) -> Result<Option<(u32, u32)>, PortError> {
        let bounds = self.store().name_bounds(&folder(self.id(), book)).await;
        bounds.map_err(|error| away(&error))
    }

    async fn find(&self, book: &Book, names: &[String]) -> Result<Vec<Named>, PortError> {
        let rows = self.store().names_found(&folder(self.id(), book), names).await;
        Ok(rows.map_err(|error| away(&error))?.into_iter().map(of_store).collect())
    }

    async fn at(&self, book: &Book, uids: &[u32]) -> Result<Vec<Named>, PortError> {
        let rows = self.store().names_at(&folder(self.id(), book), uids).await;
        Ok(rows.map_err(|error| away(&error))?.into_iter().map(of_store).collect())
    }

    async fn between(&self, book: &Book, from: u32, to: u32) -> Result<Vec<u32>, PortError> {
        let uids = self.store().named_between(&folder(self.id(), book), from, to).await;
        uids.map_err(|error| away(&error))
    }

    async fn keep(&self, book: &Book, new: &[Named], changed: &[Named]) -> Result<(), PortError> {
        self.must_hold().await?;
        let new: Vec<NamedRow> = new.iter().map(of_host).collect();
        let changed: Vec<NamedRow> = changed.iter().map(of_host).collect();
        let kept = self.store().keep_names(&folder(self.id(), book), &new, &changed).await;
        kept.map_err(|error| away(&error))
    }
}
