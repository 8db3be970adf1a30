//! Taking mail in: every item becomes a message, a duplicate, a quarantined item or an ignored one, and the ledger says which, in the
//! same commit as the events.

use baton_domain::{
    Account, AccountId, Actor, Command, CommandBody, CommandId, ConversationId, DeviceId, Direction, Event, InboxId,
    Message, MessageId, MessageKind, OutboundState, Source, Timestamp,
};
use baton_store::port::{DigestHit, DigestRow, ItemOutcome, ItemRow, KeyRow, ThreadKey};
use uuid::Uuid;

use super::arrival::{Arrival, ArrivalKind, FolderRole, ParsedArrival, Received};
use super::ids::{item_id, new_conversation};
use super::io::Fault;
use super::threading;
use super::working::Working;

/// What the provider is said to have answered for a reply that was found where sent mail lies.
const FOUND: &str = "found in the mailbox";
/// Items with this flag are unfinished mail of another program.
const DRAFT_FLAG: &str = "\\Draft";

impl Working<'_> {
    /// Takes an item in. `refused` is why the store would not write it as a message: it goes into quarantine then.
    pub(super) fn arrive(
        &mut self,
        arrival: &Arrival,
        refused: Option<&str>,
        received: &mut Received,
    ) -> Result<(), Fault> {
        let key = arrival.key();
        if self.loaded.items.contains_key(&key) {
            received.known = received.known.saturating_add(1);
            return Ok(());
        }
        let outcome = match (refused, &arrival.parsed) {
            (Some(why), _) => ItemOutcome::Quarantined { why: why.to_owned() },
            (None, Err(why)) => ItemOutcome::Quarantined {
                why: why.replace('\0', ""),
            },
            (None, Ok(_)) if arrival.has_flag(DRAFT_FLAG) => ItemOutcome::Ignored {
                rule: "draft".to_owned(),
            },
            (None, Ok(parsed)) => self.take_in(arrival, parsed, item_id(&key))?,
        };
        let count = match &outcome {
            ItemOutcome::Imported { .. } => &mut received.imported,
            ItemOutcome::Duplicate { .. } => &mut received.duplicates,
            ItemOutcome::Quarantined { .. } => &mut received.quarantined,
            ItemOutcome::Ignored { .. } => &mut received.ignored,
        };
        *count = count.saturating_add(1);
        self.loaded.items.insert(key.clone(), outcome.clone());
        self.batch.items.push(ItemRow {
            key,
            outcome,
            blob: arrival.blob.clone(),
            at: self.now,
        });
        Ok(())
    }

    fn take_in(&mut self, arrival: &Arrival, parsed: &ParsedArrival, id: CommandId) -> Result<ItemOutcome, Fault> {
        let documents = self.documents.clone();
        let Some(account) = documents.accounts().get(&arrival.account) else {
            return Ok(ItemOutcome::Quarantined {
                why: "the account does not exist".to_owned(),
            });
        };
        if let Some(outcome) = self.own_copy(arrival, parsed, account, id)? {
            return Ok(outcome);
        }
        if let Some(hit) = self.loaded.digests.get(&parsed.digest).copied() {
            self.seen_again(arrival, account, hit, id)?;
            return Ok(ItemOutcome::Duplicate {
                conversation: hit.conversation,
                of: hit.message,
            });
        }
        self.new_message(arrival, parsed, account, id)
    }

    /// One of our own replies, lying in Sent or come back to us. It is evidence that the reply left, and never an outside reply.
    fn own_copy(
        &mut self,
        arrival: &Arrival,
        parsed: &ParsedArrival,
        account: &Account,
        id: CommandId,
    ) -> Result<Option<ItemOutcome>, Fault> {
        // Anybody can write our mark into a header; only in Sent, or from an address of ours, does it count.
        if arrival.role != FolderRole::Sent && self.documents.account_of(&parsed.from.email).is_none() {
            return Ok(None);
        }
        let by_id = parsed
            .own
            .iter()
            .chain(&parsed.claims)
            .map(|outbound| ThreadKey::outbound(*outbound));
        let by_header = parsed.header_id.iter().map(|header| ThreadKey::header(header));
        let hit = by_id.chain(by_header).find_map(|key| {
            self.loaded
                .hits
                .get(&key)?
                .iter()
                .find(|hit| hit.ours && !hit.mentioned)
                .copied()
        });
        let Some(hit) = hit else { return Ok(None) };
        let state = self
            .state(hit.conversation)
            .and_then(|state| state.outbound(hit.message))
            .map(|outbound| outbound.state.clone());
        let outbound = hit.message;
        let unknown = CommandBody::OutboundUnknown {
            outbound,
            reason: FOUND.to_owned(),
        };
        let sent = CommandBody::OutboundSent {
            outbound,
            reply: FOUND.to_owned(),
        };
        let mut steps = match state {
            // It lies in Sent although nobody passed the fence with it: another copy of this server did, before a restore.
            Some(OutboundState::Queued) => vec![("unknown", unknown), ("sent", sent)],
            Some(OutboundState::Sending | OutboundState::Unknown { .. }) => vec![("sent", sent)],
            Some(OutboundState::Sent { .. } | OutboundState::Failed { .. } | OutboundState::Cancelled { .. })
            | None => Vec::new(),
        };
        if arrival.role == FolderRole::Sent && state.is_some() {
            steps.push(("filed", CommandBody::OutboundFiled { outbound }));
        }
        for (name, body) in steps {
            let command = from_channel(
                CommandId::derive(id.0, name),
                account.id,
                hit.conversation,
                arrival.internal_date,
                body,
            );
            // Where it does not fit what is known of the reply, the ledger still says what was found.
            if let Err(refusal) = self.judge(&command)? {
                tracing::warn!(?refusal, %outbound, "a copy of a reply was found that should not exist");
            }
        }
        Ok(Some(ItemOutcome::Duplicate {
            conversation: hit.conversation,
            of: hit.message,
        }))
    }

    /// A message we have, come another way: said once an address.
    fn seen_again(&mut self, arrival: &Arrival, account: &Account, hit: DigestHit, id: CommandId) -> Result<(), Fault> {
        let Some(state) = self.state(hit.conversation) else {
            return Ok(());
        };
        if hit.account == account.id || state.sources.iter().any(|source| source.address == account.address) {
            return Ok(());
        }
        self.also_received(arrival, account, hit.conversation, hit.message, id)
    }

    fn also_received(
        &mut self,
        arrival: &Arrival,
        account: &Account,
        conversation: ConversationId,
        message: MessageId,
        id: CommandId,
    ) -> Result<(), Fault> {
        let source = Source {
            channel: "email".to_owned(),
            address: account.address.clone(),
            at: arrival.internal_date,
        };
        let body = CommandBody::OutboundFiled { outbound: message };
        let command = from_channel(id, account.id, conversation, arrival.internal_date, body);
        self.apply(&command, Event::AlsoReceived { message, source })
    }

    fn new_message(
        &mut self,
        arrival: &Arrival,
        parsed: &ParsedArrival,
        account: &Account,
        id: CommandId,
    ) -> Result<ItemOutcome, Fault> {
        let live = !arrival.resync && arrival.internal_date >= account.live_since;
        let documents = self.documents.clone();
        let mut ours = arrival.role == FolderRole::Sent;
        let at = threading::date(parsed, arrival.internal_date, live);
        let bounced = self.bounced(parsed);
        let mut message = message(arrival, parsed, MessageId(id.0), at, bounced);
        let contact = threading::contact(parsed, ours, &documents).clone();
        let found = threading::candidates(parsed, &contact, at, &self.loaded.hits)
            .into_iter()
            .filter_map(|id| self.state(id))
            .find(|state| threading::goes_on(state, &message, live))
            .map(|state| state.id);
        // A colleague who answers by their own program, with us in copy, is no customer.
        let from_us = documents.account_of(&parsed.from.email).is_some()
            || documents.member_by_email(&parsed.from.email).is_some();
        ours |= found.is_some() && from_us && contact.email.eq_ignore_ascii_case(&parsed.from.email);
        if ours {
            message.direction = Direction::Outside;
        } else if contact.email != message.from.email {
            // What a form of ours wrote for somebody is theirs.
            message.from = contact.clone();
        }
        let (through, inbox) = if found.is_some() || ours {
            (account, account.inbox)
        } else {
            self.lands_in(parsed, account)
        };
        let through = through.clone();
        message.account = Some(through.id);
        let conversation = found.unwrap_or_else(|| new_conversation(id, self.now));
        let body = if ours {
            CommandBody::ExternalReply {
                message: Box::new(message.clone()),
                live,
                inbox,
            }
        } else {
            CommandBody::Receive {
                message: Box::new(message.clone()),
                live,
                inbox,
            }
        };
        let command = from_channel(id, account.id, conversation, arrival.internal_date, body);
        if let Err(refusal) = self.judge(&command)? {
            return Ok(ItemOutcome::Quarantined {
                why: format!("refused: {refusal:?}"),
            });
        }
        if found.is_none() && through.id != account.id {
            self.also_received(arrival, account, conversation, message.id, id)?;
        }
        if let Some(key) = ThreadKey::subject(&contact.email, &parsed.subject_key) {
            self.add_key(KeyRow {
                key,
                conversation,
                message: message.id,
                mentioned: false,
                ours: false,
                at,
            });
        }
        let digest = DigestRow {
            digest: parsed.digest.clone(),
            conversation,
            message: message.id,
            account: account.id,
        };
        self.loaded.digests.insert(
            parsed.digest.clone(),
            DigestHit {
                conversation,
                message: message.id,
                account: account.id,
            },
        );
        self.batch.digests.push(digest);
        Ok(ItemOutcome::Imported {
            conversation,
            message: message.id,
        })
    }

    /// One message to several inboxes is one conversation, in the one that comes first by To, then Cc, then where it was delivered.
    fn lands_in<'a>(&'a self, parsed: &ParsedArrival, account: &'a Account) -> (&'a Account, InboxId) {
        let named = parsed.to.iter().chain(&parsed.cc).map(|address| address.email.as_str());
        let named = named.chain(parsed.delivered_to.iter().map(String::as_str));
        let first = named
            .filter_map(|address| self.documents.account_of(address))
            .next()
            .unwrap_or(account);
        (first, first.inbox)
    }

    /// The message of ours that a bounce is about.
    fn bounced(&self, parsed: &ParsedArrival) -> Option<MessageId> {
        let ArrivalKind::Bounce { of } = &parsed.kind else {
            return None;
        };
        let failed = of.iter().map(|id| ThreadKey::header(id));
        let mentioned = threading::mentions(parsed).map(ThreadKey::header);
        let answered = parsed.answers.iter().map(|id| ThreadKey::outbound(*id));
        failed
            .chain(mentioned)
            .chain(answered)
            .find_map(|key| {
                self.loaded
                    .hits
                    .get(&key)?
                    .iter()
                    .find(|hit| hit.ours && !hit.mentioned)
            })
            .map(|hit| hit.message)
    }
}

fn message(
    arrival: &Arrival,
    parsed: &ParsedArrival,
    id: MessageId,
    at: Timestamp,
    bounced: Option<MessageId>,
) -> Message {
    let (kind, returns_at) = match &parsed.kind {
        ArrivalKind::Human => (MessageKind::Human, None),
        ArrivalKind::AutoReply { returns } => (MessageKind::AutoReply, *returns),
        ArrivalKind::Bounce { .. } => (MessageKind::Bounce, None),
        ArrivalKind::Bulk => (MessageKind::Bulk, None),
    };
    Message {
        id,
        direction: Direction::Inbound,
        kind,
        from: parsed.from.clone(),
        to: parsed.to.clone(),
        cc: parsed.cc.clone(),
        reply_to: parsed.reply_to.clone(),
        subject: parsed.subject.clone(),
        at,
        header_id: parsed.header_id.clone(),
        references: parsed.references.clone(),
        preview: parsed.preview.clone(),
        blob: arrival.blob.clone(),
        size: arrival.size,
        attachments: parsed.attachments.clone(),
        account: Some(arrival.account),
        returns_at,
        bounced,
    }
}

fn from_channel(
    id: CommandId,
    account: AccountId,
    conversation: ConversationId,
    at: Timestamp,
    body: CommandBody,
) -> Command {
    Command {
        id,
        actor: Actor::Channel { account },
        device: DeviceId(Uuid::nil()),
        conversation,
        issued_at: at,
        last_seen: None,
        based_on: None,
        body,
    }
}
