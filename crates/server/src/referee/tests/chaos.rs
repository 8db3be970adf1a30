//! Two servers, a store that fails in every way, and power cuts: whatever happens, the log, its projections and what people were told
//! agree.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use baton_domain::{CommandBody, CommandId, Conversation, ConversationId, LogBody, Stamp, evolve};
use baton_protocol::Answer;
use baton_store::port::{PortError, chain};
use uuid::Uuid;

use super::court::{ANNA, BEN, Court, MIRA, MONDAY, answering, documents, letter};
use crate::referee::{Effect, Input, Referee, Reply};

/// How many different runs.
const SEEDS: u64 = 60;
/// How much happens in each.
const STEPS: u64 = 120;

/// A small generator whose runs repeat by their seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // xorshift64*: enough to mix, and the same everywhere.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % sides
    }
}

struct Chaos {
    court: Court,
    dice: Dice,
    /// Commands that were answered, with what their senders were told.
    told: BTreeMap<CommandId, (baton_domain::Command, Answer)>,
    /// Items whose taking in was acknowledged.
    taken_in: BTreeSet<u32>,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let court = Court::with_servers(2);
        Self {
            court,
            dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            told: BTreeMap::new(),
            taken_in: BTreeSet::new(),
        }
    }

    /// Tells a server something; its store may fail in any way, and the power may go. False when it went.
    fn tell(&mut self, server: usize, input: Input) -> bool {
        let mut effects: VecDeque<Effect> = self.court.referees[server].handle(input).into();
        while let Some(effect) = effects.pop_front() {
            let next = match effect {
                Effect::Append(batch) => {
                    let holder = u32::try_from(server).unwrap();
                    match self.dice.roll(20) {
                        0 => {
                            self.court.model.rollback(holder);
                            Some(Input::StoreFailed {
                                error: PortError::Rejected("unlucky".to_owned()),
                            })
                        }
                        1 => {
                            self.court.model.rollback(holder);
                            Some(Input::StoreFailed {
                                error: PortError::Unavailable("not written".to_owned()),
                            })
                        }
                        2 => {
                            self.court.model.append(holder, *batch).unwrap();
                            self.court.model.sync();
                            Some(Input::StoreFailed {
                                error: PortError::Unavailable("written, and nobody heard it".to_owned()),
                            })
                        }
                        3 => {
                            self.court.model.append(holder, *batch).unwrap();
                            self.power_cut();
                            return false;
                        }
                        4 => {
                            self.court.model.append(holder, *batch).unwrap();
                            self.court.model.sync();
                            self.power_cut();
                            return false;
                        }
                        _ => self.court.carry_out(server, Effect::Append(batch)),
                    }
                }
                other => self.court.carry_out(server, other),
            };
            if let Some(next) = next {
                effects.extend(self.court.referees[server].handle(next));
            }
        }
        true
    }

    /// Both servers and the store lose what was not durable.
    fn power_cut(&mut self) {
        self.court.model.crash();
        for server in 0..self.court.referees.len() {
            self.court.referees[server] = Referee::new(Box::new(|id, domain| format!("{}@{domain}", id.0.as_simple())));
            // What was published before is durable; whoever listened comes back with their cursor.
            self.court.published[server] = self
                .court
                .model
                .log()
                .iter()
                .map(|sealed| sealed.entry.clone())
                .collect();
            let ticket = self.court.ticket();
            self.court.tell(server, Input::Open { ticket });
        }
    }

    /// Asks until there is an answer, as every client does: with the same id.
    fn ask(&mut self, command: baton_domain::Command) {
        loop {
            let server = usize::try_from(self.dice.roll(2)).unwrap();
            let ticket = self.court.ticket();
            self.tell(
                server,
                Input::Submit {
                    ticket,
                    command: Box::new(command.clone()),
                    under: None,
                },
            );
            match self.court.answers.remove(&ticket) {
                Some(Ok(Reply::Command(answer))) => {
                    self.told.insert(command.id, (command, answer));
                    return;
                }
                None | Some(Err(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn step(&mut self, step: u64) {
        self.court.wait(i64::try_from(self.dice.roll(120_000)).unwrap());
        let server = usize::try_from(self.dice.roll(2)).unwrap();
        match self.dice.roll(10) {
            0..=2 => {
                let uid = u32::try_from(self.dice.roll(60)).unwrap() + 1;
                let mail = letter(
                    uid,
                    &format!("customer{}@example.com", uid % 7),
                    &format!("Subject {uid}"),
                    MONDAY,
                );
                let mail = if uid > 10 {
                    answering(mail, &[&format!("{}@example.com", uid % 10 + 1)])
                } else {
                    mail
                };
                let ticket = self.court.ticket();
                self.tell(
                    server,
                    Input::Receive {
                        ticket,
                        arrivals: vec![mail],
                        progress: None,
                        under: None,
                    },
                );
                if let Some(Ok(Reply::Received(_))) = self.court.answers.remove(&ticket) {
                    self.taken_in.insert(uid);
                }
            }
            3 => {
                let due = self.court.model.due(10).rows;
                self.tell(server, Input::Tick { due });
            }
            4 => {
                let after = self.court.referees[server].cursor().map_or(0, |cursor| cursor.number);
                let tail = self.court.model.tail(after);
                self.tell(server, Input::Tail { tail });
            }
            other => {
                let all: Vec<ConversationId> = self.court.model.conversations().map(|state| state.id).collect();
                let Some(index) = usize::try_from(self.dice.roll(u64::try_from(all.len().max(1)).unwrap()))
                    .ok()
                    .filter(|_| !all.is_empty())
                else {
                    return;
                };
                let member = [ANNA, BEN, MIRA][usize::try_from(self.dice.roll(3)).unwrap()];
                let body = match other {
                    5 => CommandBody::Claim,
                    6 => CommandBody::TakeLock { cover: true },
                    7 => CommandBody::Release,
                    8 => CommandBody::ScheduleFollowUp {
                        due: self.court.now.plus_ms(i64::try_from(self.dice.roll(300_000)).unwrap()),
                        zone: None,
                        text: None,
                    },
                    _ => CommandBody::AddNote {
                        text: format!("note {step}"),
                        mentions: Vec::new(),
                    },
                };
                let mut command = self.court.command(member, all[index], body);
                command.id = CommandId(Uuid::from_u128(0xaaaa_0000 + u128::from(step)));
                self.ask(command);
            }
        }
    }

    fn everything_agrees(&mut self, seed: u64) {
        // The log is whole, and gives the projections.
        let mut states: BTreeMap<ConversationId, Conversation> = BTreeMap::new();
        let mut before = (0, chain::START);
        for sealed in self.court.model.log() {
            let payload = chain::payload(&sealed.entry.body).unwrap();
            chain::verify(before.0, before.1, sealed, Some(&payload)).unwrap();
            before = (sealed.entry.number, sealed.hash);
            if let LogBody::Conversation { conversation, event } = &sealed.entry.body {
                let (number, at, actor) = (sealed.entry.number, sealed.entry.at, sealed.entry.actor);
                let stamp = Stamp {
                    number,
                    at,
                    actor,
                    conversation: *conversation,
                };
                let state = evolve(states.remove(conversation), stamp, event).unwrap();
                states.insert(*conversation, state);
            }
        }
        let projected: Vec<Conversation> = self.court.model.conversations().cloned().collect();
        assert_eq!(states.into_values().collect::<Vec<_>>(), projected, "seed {seed}");
        // No command and no item had its effect twice; numbers for people are all different.
        let numbers: BTreeSet<u32> = projected.iter().map(|state| state.number).collect();
        assert_eq!(numbers.len(), projected.len(), "seed {seed}");
        let messages: u32 = projected.iter().map(|state| state.messages).sum();
        assert_eq!(
            usize::try_from(messages).unwrap() + self.quarantined(),
            self.court.model.items().count(),
            "seed {seed}"
        );
        for uid in &self.taken_in {
            assert!(
                self.court.model.items().any(|row| row.key.uid == *uid),
                "seed {seed}: item {uid} was acknowledged and is gone"
            );
        }
        // A reply lock and its live facts come and go together.
        for state in &projected {
            let lease = self.court.model.lease(state.id).map(|lease| lease.token);
            assert_eq!(state.lock.as_ref().map(|lock| lock.token), lease, "seed {seed}");
        }
        // Whoever was told something is told the same again, and nothing happens by it.
        let end = self.court.model.head().number;
        for (command, answer) in std::mem::take(&mut self.told).into_values() {
            assert_eq!(self.court.ask(command), answer, "seed {seed}");
        }
        assert_eq!(self.court.model.head().number, end, "seed {seed}");
        // Both servers published all of it, in order, once.
        let log: Vec<_> = self
            .court
            .model
            .log()
            .iter()
            .map(|sealed| sealed.entry.clone())
            .collect();
        for server in 0..2 {
            let after = self.court.referees[server].cursor().unwrap().number;
            let tail = self.court.model.tail(after);
            self.court.tell(server, Input::Tail { tail });
            assert_eq!(self.court.published[server], log, "seed {seed}, server {server}");
        }
        assert_eq!(self.court.referees[0].documents(), self.court.referees[1].documents());
        assert_eq!(self.court.referees[0].documents().all().len(), documents().len());
    }

    fn quarantined(&self) -> usize {
        let unlucky = |row: &&baton_store::port::ItemRow| {
            matches!(row.outcome, baton_store::port::ItemOutcome::Quarantined { .. })
        };
        self.court.model.items().filter(unlucky).count()
    }
}

#[test]
fn whatever_fails_the_log_its_projections_and_what_people_were_told_agree() {
    for seed in 1..=SEEDS {
        let mut chaos = Chaos::new(seed);
        for step in 0..STEPS {
            chaos.step(step);
        }
        chaos.everything_agrees(seed);
    }
}
