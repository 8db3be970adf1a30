//! The mail outside: our mailboxes as the provider keeps them, what customers write, and what they get.

use std::collections::BTreeMap;

use baton_domain::{AccountId, MessageId, Timestamp};
use jiff::tz::TimeZone;

use crate::cast::{Customer, MAILBOXES, customer, sentence};
use crate::plan::Letter;
use crate::rng::Rng;

/// A folder's UIDVALIDITY: nothing is renumbered here.
pub const UIDVALIDITY: u32 = 7;

/// The folders of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Folder {
    /// Mail from outside.
    Inbox,
    /// Copies of what was sent.
    Sent,
}

impl Folder {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "INBOX",
            Self::Sent => "Sent",
        }
    }
}

/// What an item is, so that the ledger can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// A message of its own.
    Message,
    /// The same as another.
    Copy,
    /// No message.
    Garbled,
    /// Our own, filed.
    Own,
}

/// An item of a folder. Its UID is its place, from 1.
#[derive(Debug, Clone)]
pub struct Item {
    /// When it came.
    pub at: Timestamp,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// What it is.
    pub nature: Nature,
    /// For our own: which reply.
    pub own: Option<MessageId>,
}

/// Something a customer has, from us or by themselves, that they can answer to.
#[derive(Debug, Clone)]
struct Known {
    header: String,
    references: Vec<String>,
    subject: String,
}

/// All mailboxes.
#[derive(Debug, Default)]
pub struct Post {
    folders: BTreeMap<(AccountId, Folder), Vec<Item>>,
    customers: BTreeMap<String, Vec<Known>>,
    written: u64,
}

/// A reply as the provider gets it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Which.
    pub id: MessageId,
    /// Its Message-ID.
    pub header: String,
    /// What it mentions, the oldest first.
    pub references: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// To whom.
    pub to: Vec<String>,
}

impl Post {
    /// The items of a folder after a UID, with their UIDs.
    pub fn after(&self, account: AccountId, folder: Folder, uid: u32) -> impl Iterator<Item = (u32, &Item)> {
        let items = self
            .folders
            .get(&(account, folder))
            .map(Vec::as_slice)
            .unwrap_or_default();
        (1..).zip(items).filter(move |(number, _)| *number > uid)
    }

    /// The newest UID of a folder; 0 where there is none.
    #[must_use]
    pub fn last(&self, account: AccountId, folder: Folder) -> u32 {
        let items = self.folders.get(&(account, folder)).map_or(0, Vec::len);
        u32::try_from(items).unwrap_or(u32::MAX)
    }

    /// Whether a folder holds one of ours.
    #[must_use]
    pub fn filed(&self, account: AccountId, id: MessageId) -> bool {
        self.after(account, Folder::Sent, 0)
            .any(|(_, item)| item.own == Some(id))
    }

    /// Puts an item into a folder.
    pub fn put(&mut self, account: AccountId, folder: Folder, item: Item) {
        self.folders.entry((account, folder)).or_default().push(item);
    }

    /// Everything, by place.
    pub fn items(&self) -> impl Iterator<Item = (AccountId, Folder, u32, &Item)> {
        self.folders
            .iter()
            .flat_map(|((account, folder), items)| (1..).zip(items).map(|(uid, item)| (*account, *folder, uid, item)))
    }

    /// The customers get a reply of ours.
    pub fn deliver(&mut self, delivery: &Delivery) {
        let known = Known {
            header: delivery.header.clone(),
            references: delivery.references.clone(),
            subject: delivery.subject.clone(),
        };
        for address in &delivery.to {
            self.customers
                .entry(address.to_lowercase())
                .or_default()
                .push(known.clone());
        }
    }

    /// A customer does something; what it was, in words, and where it landed.
    pub fn write(&mut self, now: Timestamp, number: u64, letter: Letter, rng: &mut Rng) -> String {
        let who = customer(number);
        let known = self.customers.get(&who.address).and_then(|known| known.last()).cloned();
        self.written = self.written.saturating_add(1);
        match (letter, known) {
            (Letter::Garbled, _) => {
                let item = Item {
                    at: now,
                    raw: b"  \r\n \r\n".to_vec(),
                    nature: Nature::Garbled,
                    own: None,
                };
                self.put(who.mailbox, Folder::Inbox, item);
                format!("something that is no message arrives at {}", address_of(&who))
            }
            (Letter::New, _) | (Letter::Answer | Letter::Outside | Letter::OutOfOffice | Letter::Bounce, None) => {
                let subject = format!("Enquiry {} of {}", self.written, who.name);
                self.customer_writes(now, &who, &subject, None, rng);
                format!("{} writes to {}: {subject}", who.name, address_of(&who))
            }
            (Letter::Answer, Some(known)) => {
                let subject = re(&known.subject);
                self.customer_writes(now, &who, &subject, Some(&known), rng);
                format!("{} writes again: {subject}", who.name)
            }
            (Letter::Twice, _) => match self
                .folders
                .get(&(who.mailbox, Folder::Inbox))
                .and_then(|items| items.iter().rev().find(|item| item.nature == Nature::Message))
            {
                Some(item) => {
                    let mut raw =
                        format!("Received: from relay.example by mx.example; {}\r\n", rfc2822(now)).into_bytes();
                    raw.extend_from_slice(&item.raw);
                    self.put(
                        who.mailbox,
                        Folder::Inbox,
                        Item {
                            at: now,
                            raw,
                            nature: Nature::Copy,
                            own: None,
                        },
                    );
                    format!("a message comes a second time to {}", address_of(&who))
                }
                None => "nothing comes twice yet".to_owned(),
            },
            (Letter::OutOfOffice, Some(known)) => {
                let extra = "Auto-Submitted: auto-replied\r\n";
                let subject = format!("Automatic reply: {}", known.subject);
                let header = format!("ooo-{}@customer.example", self.written);
                let text = "I am away and back soon.";
                let raw = mail(
                    now,
                    &who.address,
                    who.name,
                    address_of(&who),
                    &subject,
                    &header,
                    Some(&known),
                    extra,
                    text,
                );
                self.put(
                    who.mailbox,
                    Folder::Inbox,
                    Item {
                        at: now,
                        raw,
                        nature: Nature::Message,
                        own: None,
                    },
                );
                format!("{}'s machine says that they are away", who.name)
            }
            (Letter::Bounce, Some(known)) => {
                let raw = bounce(now, self.written, &who, &known);
                self.put(
                    who.mailbox,
                    Folder::Inbox,
                    Item {
                        at: now,
                        raw,
                        nature: Nature::Message,
                        own: None,
                    },
                );
                format!(
                    "{}'s server says that {} could not be delivered",
                    who.name, known.subject
                )
            }
            (Letter::Outside, Some(known)) => {
                let subject = re(&known.subject);
                let header = format!("outlook-{}@baton.example", self.written);
                let ours = address_of(&who);
                let raw = mail(
                    now,
                    ours,
                    "Sales",
                    &who.address,
                    &subject,
                    &header,
                    Some(&known),
                    "",
                    &sentence(rng),
                );
                self.put(
                    who.mailbox,
                    Folder::Sent,
                    Item {
                        at: now,
                        raw,
                        nature: Nature::Message,
                        own: None,
                    },
                );
                self.customer_has(&who, header, &subject, Some(&known));
                format!("a colleague answers {} from another mail program", who.name)
            }
        }
    }

    fn customer_writes(&mut self, now: Timestamp, who: &Customer, subject: &str, to: Option<&Known>, rng: &mut Rng) {
        let header = format!("{}-{}@customer.example", who.name.to_lowercase(), self.written);
        let ours = address_of(who);
        let raw = mail(
            now,
            &who.address,
            who.name,
            ours,
            subject,
            &header,
            to,
            "",
            &sentence(rng),
        );
        let raw = [format!("Return-Path: <{}>\r\n", who.address).into_bytes(), raw].concat();
        self.put(
            who.mailbox,
            Folder::Inbox,
            Item {
                at: now,
                raw,
                nature: Nature::Message,
                own: None,
            },
        );
        self.customer_has(who, header, subject, to);
    }

    fn customer_has(&mut self, who: &Customer, header: String, subject: &str, parent: Option<&Known>) {
        let known = Known {
            header,
            references: chain(parent),
            subject: subject.to_owned(),
        };
        self.customers.entry(who.address.clone()).or_default().push(known);
    }
}

fn address_of(who: &Customer) -> &'static str {
    MAILBOXES
        .iter()
        .find(|(account, ..)| *account == who.mailbox)
        .map_or("", |(_, _, address, _)| *address)
}

fn re(subject: &str) -> String {
    if subject.starts_with("Re: ") {
        subject.to_owned()
    } else {
        format!("Re: {subject}")
    }
}

fn chain(parent: Option<&Known>) -> Vec<String> {
    parent
        .map(|parent| parent.references.iter().chain([&parent.header]).cloned().collect())
        .unwrap_or_default()
}

fn rfc2822(at: Timestamp) -> String {
    let zoned = jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_zoned(TimeZone::UTC));
    zoned
        .ok()
        .and_then(|zoned| jiff::fmt::rfc2822::to_string(&zoned).ok())
        .unwrap_or_default()
}

/// A message as it travels.
#[allow(clippy::too_many_arguments, reason = "these are the headers of a mail")]
fn mail(
    at: Timestamp,
    from: &str,
    name: &str,
    to: &str,
    subject: &str,
    header: &str,
    parent: Option<&Known>,
    extra: &str,
    text: &str,
) -> Vec<u8> {
    let bracketed: Vec<String> = chain(parent).iter().map(|id| format!("<{id}>")).collect();
    let answers = parent.map(|parent| {
        format!(
            "In-Reply-To: <{}>\r\nReferences: {}\r\n",
            parent.header,
            bracketed.join(" ")
        )
    });
    format!(
        "From: {name} <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: {}\r\nMessage-ID: <{header}>\r\n{}{extra}\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n",
        rfc2822(at),
        answers.unwrap_or_default(),
    )
    .into_bytes()
}

/// A delivery status notification (RFC 3464) about something of ours.
fn bounce(at: Timestamp, number: u64, who: &Customer, known: &Known) -> Vec<u8> {
    let ours = address_of(who);
    format!(
        "From: Mail Delivery System <MAILER-DAEMON@customer.example>\r\nTo: <{ours}>\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Date: {}\r\nMessage-ID: <dsn-{number}@customer.example>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.customer.example\r\n\r\n\
         Final-Recipient: rfc822; {}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{}>\r\nSubject: {}\r\n\r\n--b--\r\n",
        rfc2822(at),
        who.address,
        known.header,
        known.subject,
    )
    .into_bytes()
}
