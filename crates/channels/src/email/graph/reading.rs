//! A folder at Graph, followed by numbers like any other.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use baton_domain::Timestamp;
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::api::{Api, ApiError, Throttle};
use super::listing::{MIDDLE, Page, SELECT, sorted};
use super::names::{Book, Named, Names, Place};
use super::{INBOX, SENT};
use crate::email::account::{ConnectError, EmailAccount, GraphApi, Secret};
use crate::email::host::session::SessionError;
use crate::email::host::{HostPort, PortError};
use crate::email::imap::{Changes, Folder, FolderRole, ImapError, Known, MAX_MESSAGE_BYTES, MessageMeta, Opened};

/// Messages fetched side by side. Exchange takes four requests of one program for a mailbox; the fourth is for sending.
const AT_ONCE: usize = 3;
/// Graph does not tell sizes: a message without attachments is taken to be small, one with some is fetched alone.
const SMALL_BYTES: u32 = 64 * 1024;
const BULKY_BYTES: u32 = 8 * 1024 * 1024;

/// A folder as it is known in this session.
struct Shelf {
    folder: Folder,
    id: String,
    total: u32,
    place: Option<Place>,
    /// What changed and was not asked for yet.
    pending: Changes,
    /// Grows with every such change.
    modseq: u64,
    /// While a folder is listed again: every number that was met.
    again: Option<BTreeSet<u32>>,
    /// The listing was begun again, and nothing known was met yet.
    above: bool,
    /// The last page was not the last of its round.
    more: bool,
    /// When it was last asked for what is new.
    asked: Instant,
}

/// A mailbox at Graph, signed in to.
pub(in crate::email) struct GraphConn {
    api: Arc<Api>,
    port: Arc<dyn HostPort>,
    shelves: Vec<Shelf>,
    open: usize,
    look: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FolderSaid {
    id: String,
    display_name: String,
    total_item_count: u32,
}

/// The two folders.
async fn shelves(api: &Api) -> Result<Vec<Shelf>, ConnectError> {
    let mut shelves = Vec::new();
    for (wire, role) in [(INBOX, FolderRole::Inbox), (SENT, FolderRole::Sent)] {
        let url = api.at(&["mailFolders", wire], &[("$select", "id,displayName,totalItemCount")]);
        match api.read::<FolderSaid>(url).await {
            Ok(said) => shelves.push(Shelf {
                folder: Folder {
                    wire: wire.to_owned(),
                    name: said.display_name,
                    role,
                },
                id: said.id,
                total: said.total_item_count,
                place: None,
                pending: Changes::default(),
                modseq: 1,
                again: None,
                above: false,
                more: false,
                asked: Instant::now(),
            }),
            Err(error) if error.is(404) && role == FolderRole::Sent => {}
            Err(error) => return Err(error.into_connect_error(api.host())),
        }
    }
    Ok(shelves)
}

/// Signs in and looks, for a test: the folders that are read, and how many messages each holds.
pub(in crate::email) async fn look(
    account: &EmailAccount,
    graph: &GraphApi,
    secret: &Secret,
) -> Result<Vec<(Folder, u32)>, ConnectError> {
    let api = Api::new(account, graph, secret, &Arc::default())?;
    let shelves = shelves(&api).await?;
    Ok(shelves.into_iter().map(|shelf| (shelf.folder, shelf.total)).collect())
}

impl GraphConn {
    /// Signs in and finds the two folders.
    pub(in crate::email) async fn open(
        account: &EmailAccount,
        graph: &GraphApi,
        secret: &Secret,
        throttle: &Arc<Throttle>,
        port: Arc<dyn HostPort>,
    ) -> Result<Self, ConnectError> {
        let api = Arc::new(Api::new(account, graph, secret, throttle)?);
        Ok(Self {
            shelves: shelves(&api).await?,
            api,
            port,
            open: 0,
            look: Duration::from_millis(u64::from(graph.look_ms.max(100))),
        })
    }

    pub(in crate::email) fn folders(&self) -> Vec<Folder> {
        self.shelves.iter().map(|shelf| shelf.folder.clone()).collect()
    }

    pub(in crate::email) async fn examine(
        &mut self,
        folder: &str,
        known: Option<&Known>,
    ) -> Result<(Opened, Option<Changes>), SessionError> {
        self.open = self.find(folder)?;
        let modseq = known.map_or(0, |known| known.modseq);
        self.shelf(self.open)?.modseq = self.shelf(self.open)?.modseq.max(modseq);
        self.look_at(self.open).await?;
        let opened = self.counted(self.open).await?;
        let changes = match known {
            Some(known) if known.uidvalidity == opened.uidvalidity => Some(self.changed(known)?),
            _ => None,
        };
        Ok((opened, changes))
    }

    pub(in crate::email) async fn status(&mut self, folder: &str) -> Result<Opened, SessionError> {
        let at = self.find(folder)?;
        self.look_at(at).await?;
        self.counted(at).await
    }

    pub(in crate::email) async fn changes(&mut self, known: &Known) -> Result<Changes, SessionError> {
        self.look_at(self.open).await?;
        self.changed(known)
    }

    /// The numbers in a range of the open folder. Whoever asks to the end wants to hear of what is new.
    pub(in crate::email) async fn list(&mut self, from: u32, to: u32) -> Result<Vec<u32>, SessionError> {
        let at = self.open;
        if to == u32::MAX {
            while !self.is_listed(at)? {
                self.page(at).await?;
            }
            self.look_at(at).await?;
        }
        while !self.is_listed(at)? && self.bounds(at).await?.is_none_or(|(low, _)| low > from) {
            self.page(at).await?;
        }
        let book = self.book(at)?;
        Ok(self.names()?.between(&book, from, to).await?)
    }

    pub(in crate::email) async fn metas(&self, uids: &[u32]) -> Result<Vec<MessageMeta>, SessionError> {
        let named = self.names()?.at(&self.book(self.open)?, uids).await?;
        let meta = |named: Named| MessageMeta {
            uid: named.uid,
            size: if named.bulky { BULKY_BYTES } else { SMALL_BYTES },
            internal_date: Some(named.at),
            flags: named.flags,
            labels: Vec::new(),
            provider_id: None,
        };
        Ok(named.into_iter().map(meta).collect())
    }

    /// Those of these messages that Graph still has.
    pub(in crate::email) async fn existing(&self, uids: &[u32]) -> Result<Vec<u32>, SessionError> {
        let mut found = Vec::new();
        for named in self.names()?.at(&self.book(self.open)?, uids).await? {
            let url = self.api.at(&["messages", &named.name], &[("$select", "id")]);
            match self.api.get(url).await {
                Ok(_) => found.push(named.uid),
                Err(error) if error.is(404) => {}
                Err(error) => return Err(session(error)),
            }
        }
        Ok(found)
    }

    /// Messages side by side. What came before an error is in `found` all the same.
    pub(in crate::email) async fn whole(
        &self,
        uids: &[u32],
        found: &mut HashMap<u32, Vec<u8>>,
    ) -> Result<(), SessionError> {
        let named = self.names()?.at(&self.book(self.open)?, uids).await?;
        let mut coming = futures::stream::iter(named)
            .map(|named| async move { (named.uid, self.bytes(&named.name).await) })
            .buffer_unordered(AT_ONCE);
        let mut failed = None;
        while let Some((uid, came)) = coming.next().await {
            match came {
                Ok(Some(bytes)) => drop(found.insert(uid, bytes)),
                Ok(None) => {}
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), |error| Err(session(error)))
    }

    /// A large message. Graph has no ranges: it begins anew each time.
    pub(in crate::email) async fn rest(&self, uid: u32, bytes: &mut Vec<u8>) -> Result<bool, SessionError> {
        bytes.clear();
        let named = self.names()?.at(&self.book(self.open)?, &[uid]).await?;
        let Some(named) = named.first() else { return Ok(false) };
        match self.api.get(self.value(&named.name)).await {
            Ok(answer) => {
                let limit = MAX_MESSAGE_BYTES as usize;
                self.api.body_into(answer, limit, bytes).await.map_err(session)?;
                Ok(true)
            }
            Err(error) if error.is(404) => Ok(false),
            Err(error) => Err(session(error)),
        }
    }

    /// Whether it is time to ask for what is new while something else is read.
    pub(in crate::email) fn take_news(&mut self) -> bool {
        let (look, open) = (self.look, self.open);
        self.shelves
            .get(open)
            .is_some_and(|shelf| shelf.asked.elapsed() >= look)
    }

    /// Asks every while whether there is something new in the open folder, and ends when there is.
    pub(in crate::email) async fn idle(
        &mut self,
        limit: Duration,
        stop: &CancellationToken,
    ) -> Result<(), SessionError> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            let pause = self.look.min(end.saturating_duration_since(Instant::now()));
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
            if self.look_at(self.open).await? || !self.shelf(self.open)?.pending.is_empty() {
                break;
            }
        }
        Ok(())
    }

    async fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, ApiError> {
        match self.api.get(self.value(name)).await {
            Ok(answer) => self.api.body(answer, MAX_MESSAGE_BYTES as usize).await.map(Some),
            Err(error) if error.is(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn value(&self, name: &str) -> url::Url {
        self.api.at(&["messages", name, "$value"], &[])
    }

    /// Asks what is new in a folder that was listed to its end, and begins the listing of another. Answers whether something is new.
    async fn look_at(&mut self, at: usize) -> Result<bool, SessionError> {
        if !self.is_placed(at).await? {
            return self.page(at).await;
        }
        let mut news = false;
        if self.is_listed(at)? {
            loop {
                news |= self.page(at).await?;
                if !self.shelf(at)?.more {
                    break;
                }
            }
        }
        Ok(news)
    }

    /// Takes one page. Answers whether there is a new message on it.
    async fn page(&mut self, at: usize) -> Result<bool, SessionError> {
        self.is_placed(at).await?;
        let (book, api) = (self.book(at)?, Arc::clone(&self.api));
        let shelf = self.shelf(at)?;
        shelf.asked = Instant::now();
        let link = shelf.place.as_ref().and_then(|place| place.link.clone());
        let url = match &link {
            Some(link) => api.link(link).map_err(session)?,
            None => api.at(
                &["mailFolders", &shelf.folder.wire, "messages", "delta"],
                &[("$select", SELECT), ("$orderby", "receivedDateTime desc")],
            ),
        };
        let page: Page = match api.read(url).await {
            Ok(page) => page,
            Err(error) if link.is_some() && is_out_of_date(&error) => return self.begin_again(at).await,
            Err(error) => return Err(session(error)),
        };
        self.take(at, &book, page).await
    }

    async fn take(&mut self, at: usize, book: &Book, page: Page) -> Result<bool, SessionError> {
        let port = Arc::clone(&self.port);
        let names = names_of(&*port)?;
        let ids: Vec<String> = page.value.iter().map(|item| item.id.clone()).collect();
        let found = names.find(book, &ids).await?;
        let bounds = names.bounds(book).await?;
        let known: HashMap<&str, &Named> = found.iter().map(|named| (named.name.as_str(), named)).collect();
        let host = self.api.host().to_owned();
        let shelf = self.shelf(at)?;
        let mut place = shelf.place.clone().unwrap_or_default();
        place.uidvalidity = book.uidvalidity;
        let now = Timestamp(baton_clock::now_ms());
        let done = sorted(&page.value, &known, bounds, shelf.above, place.listed, now)
            .ok_or_else(|| ConnectError::Protocol {
                host: host.clone(),
                detail: "a folder with more messages than there are numbers".to_owned(),
            })
            .map_err(ImapError::Lost)?;
        names.keep(book, &done.new, &done.changed).await?;
        shelf.above &= !done.met;
        if let Some(again) = &mut shelf.again {
            again.extend(&done.here);
        }
        let gone = page.value.iter().filter(|item| item.removed.is_some());
        let gone: Vec<u32> = gone
            .filter_map(|item| known.get(item.id.as_str()).map(|named| named.uid))
            .collect();
        if place.listed {
            shelf.pending.gone.extend(gone.iter().map(|uid| (*uid, *uid)));
            let flags = done.changed.into_iter().map(|named| (named.uid, named.flags));
            shelf.pending.flags.extend(flags);
        }
        let ends = page.delta.is_some();
        shelf.more = !ends;
        place.link = match page.delta.or(page.next) {
            Some(link) => Some(link),
            None => {
                let detail = "a page that leads nowhere".to_owned();
                return Err(ImapError::Lost(ConnectError::Protocol { host, detail }).into());
            }
        };
        let was_listed = place.listed;
        place.listed |= ends;
        if ends && let Some(met) = shelf.again.take() {
            let (low, high) = bounds.unwrap_or((MIDDLE, MIDDLE));
            shelf.pending.only = Some((low, high, met.into_iter().collect()));
        }
        if !shelf.pending.is_empty() {
            shelf.modseq = shelf.modseq.saturating_add(1).max(u64::try_from(now.0).unwrap_or(0));
        }
        shelf.place = Some(place.clone());
        // A link that carries changes nobody was told of is kept with the next one: then they are told again after a crash. While a folder
        // is listed again its beginning stays the place to begin.
        let shelf = self.shelf(at)?;
        if !was_listed || (ends && shelf.pending.is_empty()) {
            let wire = shelf.folder.wire.clone();
            names.keep_place(&wire, &place).await?;
        }
        Ok(!done.new.is_empty())
    }

    /// Graph no longer knows where we were: everything is listed once more, and recognised by its name.
    async fn begin_again(&mut self, at: usize) -> Result<bool, SessionError> {
        let bounds = self.bounds(at).await?;
        let shelf = self.shelf(at)?;
        let place = shelf.place.get_or_insert_default();
        place.link = None;
        let place = place.clone();
        shelf.above = bounds.is_some();
        shelf.again = place.listed.then(BTreeSet::new);
        let wire = shelf.folder.wire.clone();
        self.names()?.keep_place(&wire, &place).await?;
        Box::pin(self.page(at)).await
    }

    /// Whether the folder was listed at all, once what is kept of it was asked for.
    async fn is_placed(&mut self, at: usize) -> Result<bool, SessionError> {
        let book = self.book(at)?;
        if self.shelf(at)?.place.is_none() {
            let port = Arc::clone(&self.port);
            let kept = names_of(&*port)?.place(&book.folder).await?;
            let shelf = self.shelf(at)?;
            match kept.filter(|place| place.uidvalidity == book.uidvalidity) {
                Some(place) => {
                    // It was being listed again when something broke.
                    shelf.again = (place.listed && place.link.is_none()).then(BTreeSet::new);
                    shelf.place = Some(place);
                }
                None => {
                    shelf.place = Some(Place {
                        uidvalidity: book.uidvalidity,
                        ..Place::default()
                    });
                }
            }
            let fresh = self.shelf(at)?.place.as_ref().is_some_and(|place| place.link.is_none());
            self.shelf(at)?.above = fresh && self.bounds(at).await?.is_some();
        }
        let place = self.shelf(at)?.place.as_ref();
        Ok(place.is_some_and(|place| place.link.is_some() || place.listed))
    }

    fn is_listed(&mut self, at: usize) -> Result<bool, SessionError> {
        Ok(self.shelf(at)?.place.as_ref().is_some_and(|place| place.listed))
    }

    fn changed(&mut self, known: &Known) -> Result<Changes, SessionError> {
        let shelf = self.shelf(self.open)?;
        let mut changes = std::mem::take(&mut shelf.pending);
        changes.modseq = shelf.modseq;
        Ok(changes.within(known))
    }

    async fn counted(&mut self, at: usize) -> Result<Opened, SessionError> {
        let bounds = self.bounds(at).await?;
        let book = self.book(at)?;
        let shelf = self.shelf(at)?;
        Ok(Opened {
            uidvalidity: book.uidvalidity,
            uidnext: bounds.map_or(MIDDLE, |(_, high)| high.saturating_add(1).max(MIDDLE)),
            exists: shelf.total,
            modseq: shelf.modseq,
        })
    }

    async fn bounds(&self, at: usize) -> Result<Option<(u32, u32)>, SessionError> {
        Ok(self.names()?.bounds(&self.book(at)?).await?)
    }

    fn names(&self) -> Result<&dyn Names, SessionError> {
        names_of(&*self.port)
    }

    fn find(&self, folder: &str) -> Result<usize, SessionError> {
        let at = self.shelves.iter().position(|shelf| shelf.folder.wire == folder);
        at.ok_or_else(|| {
            let reply = format!("there is no folder {folder}");
            ImapError::Refused { reply }.into()
        })
    }

    fn shelf(&mut self, at: usize) -> Result<&mut Shelf, SessionError> {
        let closed = || ConnectError::Closed {
            host: self.api.host().to_owned(),
        };
        match self.shelves.get_mut(at) {
            Some(shelf) => Ok(shelf),
            None => Err(ImapError::Lost(closed()).into()),
        }
    }

    /// A folder under its numbers, which are of its id: another mailbox at the same address has other folders.
    fn book(&self, at: usize) -> Result<Book, SessionError> {
        let shelf = self.shelves.get(at).ok_or_else(|| {
            ImapError::Lost(ConnectError::Closed {
                host: self.api.host().to_owned(),
            })
        })?;
        let [a, b, c, d, ..] = *blake3::hash(shelf.id.as_bytes()).as_bytes();
        Ok(Book {
            folder: shelf.folder.wire.clone(),
            uidvalidity: u32::from_be_bytes([a, b, c, d]).max(1),
        })
    }
}

fn names_of(port: &dyn HostPort) -> Result<&dyn Names, SessionError> {
    let none = "this computer can't host a mailbox by Microsoft Graph: let the server host it";
    port.names()
        .ok_or_else(|| SessionError::Port(PortError::Unavailable(none.to_owned())))
}

/// Graph answers so when a link is too old, or the mailbox was moved.
fn is_out_of_date(error: &ApiError) -> bool {
    let word = |code: &str| {
        let code = code.to_ascii_lowercase();
        code.contains("syncstate") || code.contains("resync")
    };
    matches!(error, ApiError::Said { status: 410, .. }) || matches!(error, ApiError::Said { code, .. } if word(code))
}

fn session(error: ApiError) -> SessionError {
    SessionError::Mail(match error {
        ApiError::Lost(error) => ImapError::Lost(error),
        ApiError::Said { code, words, .. } => ImapError::Refused {
            reply: format!("{code}: {words}"),
        },
    })
}
