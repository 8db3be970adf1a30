//! What must be true once everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{CommandId, ConversationId, Timestamp, next_deadline};
use baton_protocol::ConnectionState;
use baton_store::port::{ItemKey, ItemOutcome, Needs};

use super::World;
use super::post::{Nature, UIDVALIDITY};
use crate::check::{Broken, Promise, because};

impl World {
    pub(super) fn ending(&mut self) -> Result<(), Broken> {
        self.sync();
        self.check.durable(self.model.log())?;
        self.check.mail.settled()?;
        self.same_everywhere()?;
        self.nothing_vanished()?;
        self.all_mail_accounted_for()?;
        self.no_deadline_missed()?;
        self.late_is_asked_about()?;
        self.one_place_each()
    }

    /// Each conversation lies where the log says, and what was forwarded in it changed nothing for who waits.
    fn one_place_each(&self) -> Result<(), Broken> {
        for conversation in self.model.conversations() {
            let lies_in = self.check.lies_in(conversation.id);
            if lies_in != Some(conversation.inbox) {
                let how = format!(
                    "#{} lies in {}, and went to {lies_in:?}",
                    conversation.number, conversation.inbox
                );
                return Err(because(Promise::Asked, how));
            }
            self.check.answers_nobody(conversation)?;
        }
        Ok(())
    }

    /// Every desktop shows what the log says of what it may read, and nothing else.
    fn same_everywhere(&self) -> Result<(), Broken> {
        let head = self.model.head();
        for desk in &self.desks {
            let name = &desk.person.name;
            let wrong = |promise, how: String| Err(because(promise, format!("{name}: {how}")));
            let Some(engine) = &desk.engine else {
                return wrong(Promise::Rest, "the program does not run".to_owned());
            };
            let connection = engine.connection();
            if connection.state != ConnectionState::Online {
                return wrong(Promise::Rest, format!("the desktop is {:?}", connection.state));
            }
            if connection.waiting > 0 || !desk.disk.outbox.is_empty() {
                return wrong(Promise::Rest, format!("{} actions still wait", connection.waiting));
            }
            if engine.cursor().map(|cursor| cursor.number) != Some(head.number) {
                return wrong(
                    Promise::Converged,
                    format!("has read up to {:?} of {}", engine.cursor(), head.number),
                );
            }
            let readable = |inbox| self.check.may_read(desk.person.id, inbox);
            let theirs: BTreeMap<ConversationId, _> = self
                .model
                .conversations()
                .filter(|conversation| readable(conversation.inbox))
                .map(|conversation| (conversation.id, conversation))
                .collect();
            let shown: BTreeSet<ConversationId> = engine.conversations().map(|conversation| conversation.id).collect();
            if let Some(extra) = shown.iter().find(|id| !theirs.contains_key(id)) {
                return wrong(Promise::Private, format!("shows {extra}, which nobody showed"));
            }
            let kept = desk.disk.conversations.keys().copied().chain(desk.disk.of_entries());
            if let Some(extra) = kept.into_iter().find(|id| !theirs.contains_key(id)) {
                return wrong(
                    Promise::Private,
                    format!("keeps something of {extra}, which is not theirs to read"),
                );
            }
            for (id, conversation) in theirs {
                let number = conversation.number;
                if engine.state(id) != Some(conversation) {
                    let differs = differs(engine.state(id), conversation);
                    return wrong(
                        Promise::Converged,
                        format!("#{number} is not what the log says: {differs}"),
                    );
                }
                if desk.disk.conversations.get(&id) != Some(conversation) {
                    return wrong(
                        Promise::Converged,
                        format!("#{number} on disk is not what the log says"),
                    );
                }
                let log = self.model.log().iter().map(|sealed| &sealed.entry).filter(|entry| {
                    matches!(&entry.body, baton_domain::LogBody::Conversation { conversation, .. } if *conversation == id)
                });
                if !log.eq(desk.disk.entries_of(id)) {
                    return wrong(
                        Promise::Converged,
                        format!("the history of #{number} on disk is not the log's"),
                    );
                }
            }
            if !self.model.documents().eq(desk.disk.documents()) {
                return wrong(Promise::Converged, "the documents on disk are not the log's".to_owned());
            }
        }
        Ok(())
    }

    /// What a desktop took is answered, or held.
    fn nothing_vanished(&mut self) -> Result<(), Broken> {
        let taken: Vec<(usize, CommandId)> = self
            .desks
            .iter()
            .flat_map(|desk| desk.taken.iter().map(|id| (desk.at, *id)))
            .collect();
        let commands = taken.iter().map(|(_, id)| *id).collect();
        let needs = Needs {
            commands,
            ..Needs::default()
        };
        let loaded = self.model.begin(u32::MAX, &needs);
        self.model.rollback(u32::MAX);
        let answers = loaded.map(|loaded| loaded.answers).unwrap_or_default();
        for (at, id) in taken {
            let held = self.desks.get(at).is_some_and(|desk| desk.disk.held.contains_key(&id));
            if !held && !answers.contains_key(&id) {
                let name = self.desks.get(at).map_or("", |desk| desk.person.name.as_str());
                let how = format!("{name}'s desktop took command {id}, and it is neither answered nor held");
                return Err(because(Promise::NothingVanishes, how));
            }
        }
        Ok(())
    }

    /// Every item of every mailbox is in the ledger, as what it is; every message is in one conversation once.
    fn all_mail_accounted_for(&mut self) -> Result<(), Broken> {
        let wrong = |how: String| Err(because(Promise::Ledger, how));
        let ledger: BTreeMap<ItemKey, ItemOutcome> = self
            .model
            .items()
            .map(|row| (row.key.clone(), row.outcome.clone()))
            .collect();
        let mut count: u64 = 0;
        for (account, folder, uid, item) in self.post.items() {
            count = count.saturating_add(1);
            if item.nature != Nature::Own {
                self.tally.arrived = self.tally.arrived.saturating_add(1);
            }
            let key = ItemKey {
                account,
                folder: folder.name().to_owned(),
                uidvalidity: UIDVALIDITY,
                uid,
            };
            let Some(outcome) = ledger.get(&key) else {
                return wrong(format!("item {uid} of {} is not in the ledger", folder.name()));
            };
            let right = match item.nature {
                Nature::Message => matches!(outcome, ItemOutcome::Imported { .. }),
                Nature::Copy | Nature::Own => matches!(outcome, ItemOutcome::Duplicate { .. }),
                Nature::Garbled => matches!(outcome, ItemOutcome::Quarantined { .. }),
            };
            if !right {
                return wrong(format!(
                    "item {uid} of {} is {:?}, and the ledger says {outcome:?}",
                    folder.name(),
                    item.nature
                ));
            }
        }
        if u64::try_from(ledger.len()).unwrap_or(0) != count {
            return wrong(format!("the ledger has {} lines for {count} items", ledger.len()));
        }
        let mut seen = BTreeSet::new();
        for outcome in ledger.values() {
            if let ItemOutcome::Imported { message, .. } = outcome
                && !seen.insert(*message)
            {
                return wrong(format!("message {message} was taken in twice"));
            }
        }
        Ok(())
    }

    /// Nothing that was due lies unsaid.
    fn no_deadline_missed(&self) -> Result<(), Broken> {
        let now = self.now();
        for conversation in self.model.conversations() {
            let passed = |(at, _): &(Timestamp, _)| now.since_ms(*at) > 5000;
            if let Some((at, what)) = next_deadline(conversation).filter(passed) {
                let how = format!(
                    "#{}: {what:?} of {} was never said",
                    conversation.number,
                    self.cast.clock(at)
                );
                return Err(because(Promise::Deadlines, how));
            }
            let lapsed = self.model.lease(conversation.id).map(|lease| lease.lapses().0);
            let held = conversation.lock.is_some();
            if held && lapsed.is_none_or(|at| now.since_ms(at) > 5000) {
                return Err(because(
                    Promise::Deadlines,
                    format!("#{}: a lock that ran out still stands", conversation.number),
                ));
            }
        }
        Ok(())
    }

    /// Whatever is late and still to come, somebody is asked about it or has it, whatever became of it meanwhile.
    fn late_is_asked_about(&self) -> Result<(), Broken> {
        let open = self.model.conversations().filter(|one| !one.status.is_over());
        for conversation in open {
            let late = conversation
                .clocks
                .iter()
                .find(|clock| clock.is_open() && clock.breached);
            if let Some(clock) = late.filter(|_| conversation.escalation.is_none()) {
                let how = format!(
                    "#{}: {:?} is late, and nobody is asked",
                    conversation.number, clock.kind
                );
                return Err(because(Promise::Deadlines, how));
            }
        }
        Ok(())
    }
}

/// The first fields in which two states differ, for the transcript.
fn differs(shown: Option<&baton_domain::Conversation>, log: &baton_domain::Conversation) -> String {
    let Some(shown) = shown else {
        return "it is not there".to_owned();
    };
    let (Ok(serde_json::Value::Object(shown)), Ok(serde_json::Value::Object(log))) =
        (serde_json::to_value(shown), serde_json::to_value(log))
    else {
        return String::new();
    };
    let different = log.iter().filter(|(field, value)| shown.get(*field) != Some(*value));
    let parts: Vec<String> = different
        .take(3)
        .map(|(field, value)| {
            format!(
                "{field} is {} and should be {value}",
                shown.get(field).unwrap_or(&serde_json::Value::Null)
            )
        })
        .collect();
    parts.join("; ")
}
