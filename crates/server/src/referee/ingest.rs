//! Taking mail in: every item becomes a message, a duplicate, a quarantined item or an ignored one, and the ledger says which, in the
//! same commit as the events.

use baton_channels::email::subject;
use baton_domain::{
    Account, AccountId, Actor, Address, Command, CommandBody, CommandId, Conversation, ConversationId, DeviceId,
    Direction, Event, InboxId, Message, MessageId, MessageKind, Outbound, OutboundState, Source, Timestamp,
};
use baton_store::port::{DigestHit, DigestRow, ItemOutcome, ItemRow, KeyHit, KeyRow, ThreadKey};
use uuid::Uuid;

use super::arrival::{Arrival, ArrivalKind, Asked, FolderRole, ParsedArrival, Received};
use super::ids::{item_id, new_conversation};
use super::io::Fault;
use super::working::Working;
use super::{threading, unseen};

/// What the provider is said to have answered for a reply that was found where sent mail lies.
const FOUND: &str = "found in the mailbox";
/// How many people beside the contact a message of ours may be answered by.
const PARTNERS: usize = 20;
/// How many aliases of one copy are kept.
const ALIASES: usize = 10;
/// How many letters of a copy are compared with the reply it may be.
const SAME_CHARS: usize = 60;
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
        let known = self.loaded.items.get(&key);
        let again = arrival.asked == Asked::TryAgain
            && matches!(known, Some(ItemOutcome::Quarantined { .. }))
            && refused.is_none();
        if known.is_some() && !again {
            received.known = received.known.saturating_add(1);
            return Ok(());
        }
        let outcome = match (refused, &arrival.asked, &arrival.parsed) {
            (_, Asked::PassOver { rule }, _) => ItemOutcome::Ignored { rule: rule.clone() },
            (Some(why), _, _) => ItemOutcome::Quarantined { why: why.to_owned() },
            (None, _, Err(why)) => ItemOutcome::Quarantined {
                why: why.replace('\0', ""),
            },
            (None, _, Ok(_)) if arrival.has_flag(DRAFT_FLAG) => ItemOutcome::Ignored {
                rule: "draft".to_owned(),
            },
            (None, _, Ok(parsed)) => {
                let outcome = self.take_in(arrival, parsed, item_id(&key))?;
                self.found_filed(arrival, parsed, &outcome, item_id(&key))?;
                self.answer_by_itself(arrival, parsed, &outcome, item_id(&key))?;
                outcome
            }
        };
        let count = match &outcome {
            ItemOutcome::Imported { .. } => &mut received.imported,
            ItemOutcome::Duplicate { .. } => &mut received.duplicates,
            ItemOutcome::Quarantined { .. } => &mut received.quarantined,
            ItemOutcome::Ignored { .. } => &mut received.ignored,
        };
        *count = count.saturating_add(1);
        self.loaded.items.insert(key.clone(), outcome.clone());
        let row = ItemRow {
            key,
            outcome,
            blob: arrival.blob.clone(),
            at: self.now,
            flags: arrival.flags.clone(),
            internal_date: arrival.internal_date,
        };
        let rows = if again {
            &mut self.batch.settled
        } else {
            &mut self.batch.items
        };
        rows.push(row);
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
            self.seen_again(arrival, parsed, account, hit, id)?;
            return Ok(ItemOutcome::Duplicate {
                conversation: hit.conversation,
                of: hit.message,
            });
        }
        self.new_message(arrival, parsed, account, id)
    }

    /// Where it lies in a folder of the team's own, its conversation is told, and what lying there means is judged.
    fn found_filed(
        &mut self,
        arrival: &Arrival,
        parsed: &ParsedArrival,
        outcome: &ItemOutcome,
        id: CommandId,
    ) -> Result<(), Fault> {
        let Some((folder, becomes)) = &arrival.filed else {
            return Ok(());
        };
        let (conversation, message) = match outcome {
            ItemOutcome::Imported { conversation, message } => (*conversation, *message),
            ItemOutcome::Duplicate { conversation, of } => (*conversation, *of),
            ItemOutcome::Quarantined { .. } | ItemOutcome::Ignored { .. } => return Ok(()),
        };
        let body = CommandBody::Filed {
            message,
            at: threading::date(parsed, arrival.internal_date, !arrival.resync),
            folder: folder.clone(),
            becomes: becomes.clone(),
            live: self.is_live(arrival),
        };
        let id = CommandId::derive(id.0, "filed");
        let conversation = self.goes_on_in(conversation);
        let command = from_channel(id, arrival.account, conversation, arrival.internal_date, body);
        if let Err(refusal) = self.judge(&command)? {
            tracing::warn!(
                ?refusal,
                folder,
                "what lies in a folder could not be said of its conversation"
            );
        }
        Ok(())
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
        let sent = |key: ThreadKey| {
            let hits = self.loaded.hits.get(&key)?.iter();
            hits.copied().find(|hit| hit.ours && !hit.mentioned)
        };
        // Another program's copy is a message of its own, whatever Message-ID it has.
        let is_outbound = |hit: &KeyHit| {
            self.state(hit.conversation)
                .is_some_and(|state| state.outbound(hit.message).is_some())
        };
        let hit = by_id
            .filter_map(sent)
            .next()
            .or_else(|| by_header.filter_map(sent).find(is_outbound));
        let Some(hit) = hit else { return Ok(None) };
        let outbound = self
            .state(hit.conversation)
            .and_then(|state| state.outbound(hit.message));
        // Whoever got our reply knows its ids and can write our address above other words. Those are a message, not a copy.
        if arrival.role != FolderRole::Sent && outbound.is_some_and(|outbound| !says_the_same(parsed, outbound)) {
            return Ok(None);
        }
        let state = outbound.map(|outbound| outbound.state.clone());
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

    /// A message we have, come another way: every address of ours that it came by is said once.
    fn seen_again(
        &mut self,
        arrival: &Arrival,
        parsed: &ParsedArrival,
        account: &Account,
        hit: DigestHit,
        id: CommandId,
    ) -> Result<(), Fault> {
        let own = (hit.account != account.id).then(|| account.address.clone());
        for (address, turn) in own.into_iter().chain(aliases(parsed, account)).zip(0u8..) {
            let conversation = self.goes_on_in(hit.conversation);
            let known = self.state(conversation).is_none_or(|state| {
                state
                    .sources
                    .iter()
                    .any(|source| source.address.eq_ignore_ascii_case(&address))
            });
            if !known {
                let id = CommandId::derive(id.0, &format!("came by {turn}"));
                self.also_received(arrival, account, address, conversation, hit.message, id)?;
            }
        }
        Ok(())
    }

    fn also_received(
        &mut self,
        arrival: &Arrival,
        account: &Account,
        address: String,
        conversation: ConversationId,
        message: MessageId,
        id: CommandId,
    ) -> Result<(), Fault> {
        let source = Source {
            channel: "email".to_owned(),
            address,
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
        let mut ours = arrival.role == FolderRole::Sent || arrival.role == FolderRole::Own && self.wrote(parsed);
        let at = threading::date(parsed, arrival.internal_date, live);
        let mut message = message(arrival, parsed, MessageId(id.0), at);
        let contact = threading::contact(parsed, ours, &documents).clone();
        // A colleague who answers by their own program, with us in copy, is no customer.
        let from_us = documents.account_of(&parsed.from.email).is_some()
            || documents.member_by_email(&parsed.from.email).is_some();
        let goes_on = |state: &Conversation| {
            let there = self.state(self.goes_on_in(state.id));
            there.is_some_and(|there| threading::goes_on(there, &message, live))
        };
        let found = threading::candidates(parsed, &contact, at, &self.loaded.hits)
            .into_iter()
            .filter_map(|(id, link)| Some((self.state(id)?, link)))
            .find(|(state, link)| threading::joins(*link, state, &contact) && goes_on(state))
            .map(|(state, _)| state);
        message.bounced = self.bounced(parsed).or_else(|| {
            // Where it goes on is where we wrote last.
            let goes_on = found.and_then(|state| self.state(self.goes_on_in(state.id)));
            let mut where_we_wrote = goes_on.into_iter().chain(found);
            where_we_wrote.find_map(|state| threading::reported(parsed, state))
        });
        message.facts.new_subject = found.is_some_and(|state| threading::changes_subject(&message, state));
        message.facts.unseen = found
            .filter(|_| live && !ours)
            .and_then(|state| unseen::unseen(parsed, state, account.id, &documents, &self.loaded.hits))
            .map(Box::new);
        message.facts.same_id = self.is_taken(parsed);
        message.facts.aliases = aliases(parsed, account);
        let found = found.map(|state| self.goes_on_in(state.id));
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
            self.also_received(arrival, account, account.address.clone(), conversation, message.id, id)?;
        }
        // Reports of a mail system all have its name and one subject.
        let mut partners: Vec<&Address> = Vec::new();
        if parsed.about.is_none() {
            partners.push(&contact);
        }
        if ours {
            // Whom we wrote to besides may answer as well.
            let others = parsed.to.iter().chain(&parsed.cc);
            partners.extend(
                others
                    .filter(|other| documents.account_of(&other.email).is_none())
                    .take(PARTNERS),
            );
        }
        for key in partners
            .into_iter()
            .filter_map(|partner| ThreadKey::subject(&partner.email, &parsed.subject_key))
        {
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

    /// Whether somebody of ours wrote it to somebody outside: from an address of an account, or from their own. A form on our own site writes
    /// from there as well, and names whom it speaks for.
    fn wrote(&self, parsed: &ParsedArrival) -> bool {
        let ours = |address: &Address| self.documents.account_of(&address.email).is_some();
        let colleague = |address: &Address| self.documents.member_by_email(&address.email).is_some();
        let outside = |address: &Address| !ours(address) && !colleague(address);
        let goes_out = || parsed.to.iter().chain(&parsed.cc).any(outside);
        let from_us = ours(&parsed.from) || (colleague(&parsed.from) && goes_out());
        from_us && parsed.reply_to.iter().all(|address| !outside(address))
    }

    pub(super) fn is_live(&self, arrival: &Arrival) -> bool {
        let account = self.documents.accounts().get(&arrival.account);
        !arrival.resync && account.is_some_and(|account| arrival.internal_date >= account.live_since)
    }

    /// Whether another message, with other content, has its Message-ID.
    fn is_taken(&self, parsed: &ParsedArrival) -> bool {
        let key = parsed.header_id.as_deref().map(ThreadKey::header);
        let hits = key.and_then(|key| self.loaded.hits.get(&key));
        hits.is_some_and(|hits| hits.iter().any(|hit| !hit.mentioned))
    }

    /// The message of ours that a report is about.
    fn bounced(&self, parsed: &ParsedArrival) -> Option<MessageId> {
        let about = parsed.about.as_ref()?;
        let named = about.header_id.iter().map(|id| ThreadKey::header(id));
        let mentioned = threading::mentions(parsed).map(ThreadKey::header);
        let answered = parsed.answers.iter().map(|id| ThreadKey::outbound(*id));
        named
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

/// Addresses of ours that this copy was delivered to, beside the account's own.
fn aliases(parsed: &ParsedArrival, account: &Account) -> Vec<String> {
    let ours = |address: &&String| {
        let is = |own: &str| own.eq_ignore_ascii_case(address);
        account.aliases.iter().any(|alias| is(alias)) || parsed.delivered_to.contains(*address)
    };
    let named = parsed.to.iter().chain(&parsed.cc).map(|address| &address.email);
    let mut found: Vec<String> = Vec::new();
    for address in parsed.delivered_to.iter().chain(named).filter(ours) {
        let address = address.trim().to_lowercase();
        if !address.eq_ignore_ascii_case(&account.address) && !found.contains(&address) && found.len() < ALIASES {
            found.push(address);
        }
    }
    found
}

/// Whether a copy of a reply of ours says what the reply says: its subject and how its text begins.
fn says_the_same(parsed: &ParsedArrival, outbound: &Outbound) -> bool {
    let words = |text: &str| {
        text.split_whitespace()
            .flat_map(str::chars)
            .filter(|c| c.is_alphanumeric())
            .take(SAME_CHARS)
            .collect::<String>()
    };
    let (copy, reply) = (words(&parsed.preview), words(&outbound.draft.text));
    let key = subject::key(&outbound.draft.subject);
    (key.is_empty() || key == parsed.subject_key) && (reply.starts_with(&copy) || copy.starts_with(&reply))
}

fn message(arrival: &Arrival, parsed: &ParsedArrival, id: MessageId, at: Timestamp) -> Message {
    let kind = match &parsed.kind {
        ArrivalKind::Human => MessageKind::Human,
        ArrivalKind::AutoReply => MessageKind::AutoReply,
        ArrivalKind::Bounce => MessageKind::Bounce,
        ArrivalKind::Bulk => MessageKind::Bulk,
    };
    let returns_at = parsed.facts.returns_on.as_deref().and_then(midnight);
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
        bounced: None,
        facts: parsed.facts.clone(),
    }
}

/// The beginning of a day in UTC, for readers that know of no days.
fn midnight(day: &str) -> Option<Timestamp> {
    let day: jiff::civil::Date = day.parse().ok()?;
    let begins = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(begins.timestamp().as_millisecond()))
}

pub(super) fn from_channel(
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
