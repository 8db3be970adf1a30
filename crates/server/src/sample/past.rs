//! A referee in the past: the sample's story is decided by the same rules as any other, each step at its own instant.
//!
//! The machine takes its time from what the store loads, so this driver only puts the step's instant in the place of the clock's. The log
//! still never runs backwards: the machine sees to that. It is used on a workspace that nobody else has open.

use baton_domain::{Command, LogEntry, Timestamp};
use baton_protocol::Answer;
use baton_store::port::{DueRow, PortError, Sequencer};
use baton_store::server::ServerStore;

use crate::referee::{Arrival, Effect, Fault, Input, Received, Referee, Reply, Ticket};

/// Why a step could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// The referee could not write.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The machine did not answer: a defect.
    #[error("the referee did not answer")]
    Silent,
}

/// What a step led to.
#[derive(Debug, Default)]
pub struct Happened {
    /// What was appended.
    pub entries: Vec<LogEntry>,
    reply: Option<Reply>,
}

/// A referee whose clock is ours.
#[derive(Debug)]
pub struct Past {
    referee: Referee,
    store: ServerStore,
    tickets: u64,
}

impl Past {
    /// Opens the log.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn open(store: ServerStore) -> Result<Self, PastError> {
        let secret = *store.secret();
        let header_ids = Box::new(move |id: baton_domain::MessageId, domain: &str| {
            baton_channels::email::thread::own_message_id(id.0, &secret, domain)
        });
        let mut past = Self {
            referee: Referee::new(header_ids),
            store,
            tickets: 0,
        };
        past.ask(Timestamp(0), |ticket| Input::Open { ticket }).await?;
        Ok(past)
    }

    /// A command, decided at `at`.
    ///
    /// # Errors
    /// When the log can't be written.
    pub async fn submit(&mut self, command: Command, at: Timestamp) -> Result<(Answer, Vec<LogEntry>), PastError> {
        let happened = self
            .ask(at, |ticket| Input::Submit {
                ticket,
                command: Box::new(command),
                under: None,
            })
            .await?;
        match happened.reply {
            Some(Reply::Command(answer)) => Ok((answer, happened.entries)),
            _ => Err(PastError::Silent),
        }
    }

    /// A message, taken in at `at`.
    ///
    /// # Errors
    /// When the log can't be written.
    pub async fn receive(&mut self, arrival: Arrival, at: Timestamp) -> Result<(Received, Vec<LogEntry>), PastError> {
        let arrivals = vec![arrival];
        let happened = self
            .ask(at, |ticket| Input::Receive {
                ticket,
                arrivals,
                progress: None,
                under: None,
            })
            .await?;
        match happened.reply {
            Some(Reply::Received(received)) => Ok((received, happened.entries)),
            _ => Err(PastError::Silent),
        }
    }

    /// A deadline, come at `at`.
    ///
    /// # Errors
    /// When the log can't be written.
    pub async fn due(&mut self, row: DueRow, at: Timestamp) -> Result<Vec<LogEntry>, PastError> {
        let mut happened = Happened::default();
        let effects = self.referee.handle(Input::Tick { due: vec![row] });
        self.carry_out(effects, at, &mut happened).await?;
        Ok(happened.entries)
    }

    async fn ask(&mut self, at: Timestamp, input: impl FnOnce(Ticket) -> Input) -> Result<Happened, PastError> {
        self.tickets += 1;
        let mut happened = Happened::default();
        let effects = self.referee.handle(input(Ticket(self.tickets)));
        self.carry_out(effects, at, &mut happened).await?;
        Ok(happened)
    }

    async fn carry_out(
        &mut self,
        effects: Vec<Effect>,
        at: Timestamp,
        happened: &mut Happened,
    ) -> Result<(), PastError> {
        let mut effects = std::collections::VecDeque::from(effects);
        let mut head = None;
        while let Some(effect) = effects.pop_front() {
            let input = match effect {
                Effect::Begin(needs) => match self.store.begin(&needs).await {
                    Ok((tx, mut loaded)) => {
                        head = Some(tx);
                        loaded.now = at;
                        Input::Began {
                            loaded: Box::new(loaded),
                            entropy: entropy()?,
                        }
                    }
                    Err(error) => Input::StoreFailed { error },
                },
                Effect::Append(batch) => {
                    let tx = head.take().ok_or(PastError::Silent)?;
                    match self.store.append(tx, *batch).await {
                        Ok(()) => Input::Appended,
                        Err(error) => Input::StoreFailed { error },
                    }
                }
                Effect::Rollback => {
                    if let Some(tx) = head.take() {
                        self.store.rollback(tx).await;
                    }
                    continue;
                }
                Effect::Answer { outcome, .. } => {
                    happened.reply = Some(outcome?);
                    continue;
                }
                Effect::Publish { entries, .. } => {
                    happened.entries.extend(entries);
                    continue;
                }
                Effect::WakeAt(_) => continue,
            };
            effects.extend(self.referee.handle(input));
        }
        Ok(())
    }
}

fn entropy() -> Result<[u8; 32], PastError> {
    let mut bytes = [0; 32];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|error| Fault::from(PortError::Unavailable(error.to_string())))?;
    Ok(bytes)
}
