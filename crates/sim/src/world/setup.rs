//! The house is furnished: the server starts, whoever runs it makes the team, and the lids are opened for the first time.

use baton_domain::{Actor, Command, CommandBody, CommandId, ConversationId, DeviceId, DocumentBody, SECOND_MS};
use baton_server::referee::Input;
use uuid::Uuid;

use super::server::Waiter;
use super::{Happening, World, host};

impl World {
    pub(super) fn furnish(&mut self) {
        for at in 0..self.servers.len() {
            self.server_starts(at);
        }
        self.settle();
        for document in self.cast.documents() {
            let command = Box::new(self.by_operator(document));
            self.ask_referee(0, Waiter::Setup, |ticket| Input::Submit {
                ticket,
                command,
                under: None,
            });
        }
        self.settle();
        for at in 0..self.hosts.len() {
            self.agenda.after(
                1,
                Happening::Host {
                    host: at,
                    life: 0,
                    what: host::Next::Look,
                },
            );
            self.agenda.after(
                1,
                Happening::Host {
                    host: at,
                    life: 0,
                    what: host::Next::Outbox,
                },
            );
        }
    }

    /// Lets the server finish what it has in hand.
    fn settle(&mut self) {
        let end = self.now().plus_ms(SECOND_MS / 10);
        while self.agenda.next_at().is_some_and(|at| at <= end) {
            let Some(happening) = self.agenda.take() else { break };
            self.happen(happening);
        }
        self.read_log();
    }

    pub(super) fn by_operator(&mut self, document: DocumentBody) -> Command {
        let id = CommandId::derive(Uuid::from_u128(1), &document.id().to_string());
        Command {
            id,
            actor: Actor::Operator,
            device: DeviceId(Uuid::nil()),
            conversation: ConversationId(Uuid::nil()),
            issued_at: self.now(),
            last_seen: None,
            based_on: None,
            body: CommandBody::PutDocument {
                document: Box::new(document),
            },
        }
    }
}
