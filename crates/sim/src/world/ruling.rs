//! Whoever runs the place changes what may be done: who may read and send, and whether a mailbox sends at all.

use baton_domain::{AccountMode, Capability, CommandId, DAY_MS, DocumentBody, Inbox, Role, SECOND_MS};
use baton_server::referee::Input;
use uuid::Uuid;

use super::server::Waiter;
use super::{Happening, World};
use crate::cast::{SALES, SALES_AT, full_access};
use crate::plan::Fault;

impl World {
    /// A rule begins, or ends.
    pub(super) fn rule(&mut self, fault: Fault, begins: bool) {
        let (document, words) = match fault {
            Fault::RightLost(desk) => self.right_of(desk, !begins),
            Fault::ReadingLost(desk) => self.place_of(desk, !begins),
            Fault::Watched => self.mode(begins),
            Fault::Away(desk) => self.leave_of(desk, begins),
            _ => None,
        }
        .unzip();
        let (Some(document), Some(words)) = (document, words) else {
            return;
        };
        let Some(server) = self.some_server() else {
            // Nobody to tell: what began is told to end until it does.
            if !begins {
                self.agenda.after(SECOND_MS, Happening::RuledBack { fault });
            }
            return;
        };
        self.say(&words);
        let number = self.made_up();
        let mut command = self.by_operator(document);
        command.id = CommandId::derive(Uuid::from_u128(2), &number.to_string());
        let command = Box::new(command);
        self.ask_referee(server, Waiter::Setup, |ticket| Input::Submit {
            ticket,
            command,
            under: None,
        });
    }

    fn sales(&self) -> Option<Inbox> {
        self.model.documents().find_map(|document| match &document.body {
            DocumentBody::Inbox(inbox) if inbox.id == SALES => Some(inbox.clone()),
            _ => None,
        })
    }

    /// A rep's place in the inbox of Sales, with all that it brings.
    fn place_of(&self, desk: usize, has: bool) -> Option<(DocumentBody, String)> {
        let person = &self
            .desks
            .get(desk)
            .filter(|desk| desk.person.role == Role::Rep)?
            .person;
        let mut inbox = self.sales()?;
        inbox.access.retain(|access| access.member != person.id);
        let words = if has {
            inbox.access.push(full_access(person.id));
            format!("{} is back in Sales", person.name)
        } else {
            format!("{} is taken off Sales", person.name)
        };
        Some((DocumentBody::Inbox(inbox), words))
    }

    fn right_of(&self, desk: usize, may: bool) -> Option<(DocumentBody, String)> {
        let person = &self.desks.get(desk)?.person;
        let mut inbox = self.sales()?;
        let access = inbox
            .access
            .iter_mut()
            .find(|access| access.member == person.id && person.role == Role::Rep)?;
        for capability in [Capability::SendAs, Capability::SendOnBehalf] {
            if may {
                access.capabilities.insert(capability);
            } else {
                access.capabilities.remove(&capability);
            }
        }
        let words = if may {
            format!("{} may send again", person.name)
        } else {
            format!("{} may not send any more", person.name)
        };
        Some((DocumentBody::Inbox(inbox), words))
    }

    fn leave_of(&self, desk: usize, away: bool) -> Option<(DocumentBody, String)> {
        let person = &self.desks.get(desk)?.person;
        let mut member = self.model.documents().find_map(|document| match &document.body {
            DocumentBody::Member(member) if member.id == person.id => Some(member.clone()),
            _ => None,
        })?;
        member.absent_until = away.then(|| self.now().plus_ms(DAY_MS));
        let words = if away { "is on leave" } else { "is back from leave" };
        Some((DocumentBody::Member(member), format!("{} {words}", person.name)))
    }

    fn mode(&self, watched: bool) -> Option<(DocumentBody, String)> {
        let mut account = self.model.documents().find_map(|document| match &document.body {
            DocumentBody::Account(account) if account.id == SALES_AT => Some(account.clone()),
            _ => None,
        })?;
        let (mode, words) = if watched {
            (AccountMode::Watch, "The mailbox of Sales is only watched")
        } else {
            (AccountMode::Together, "The mailbox of Sales sends again")
        };
        account.mode = mode;
        Some((DocumentBody::Account(account), words.to_owned()))
    }
}
