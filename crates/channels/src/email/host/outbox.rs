//! What to do with each outgoing message.
//!
//! One at a time. A message is sent only from the queue; one that was on its way when a host died is looked for and never sent again.
//! Filing the copy is a step of its own: it can be repeated, and its failure never sends anything.

use baton_domain::{MessageId, Timestamp};

use super::backoff::Backoff;
use super::health::HealthState;
use super::port::{JobState, OutboundJob, PortError, Returned};
use crate::email::account::ConnectError;
use crate::email::smtp::Outcome;

/// How long to wait for work before asking by oneself.
const ASK_MS: i64 = 15_000;
/// How long a message that the port would not let go waits.
const REFUSED_MS: i64 = 1_000;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The host begins, or a wait is over.
    Ready,
    /// What the port had.
    Job(Option<OutboundJob>),
    /// What became of a delivery.
    Delivered {
        /// That.
        outcome: Outcome<PortError>,
        /// Random, `0..1000`.
        jitter: u16,
    },
    /// Whether the message lies in the sent folder.
    Probed(bool),
    /// It could not be looked for, or not be filed.
    FolderAway {
        /// Why.
        error: ConnectError,
        /// Random, `0..1000`.
        jitter: u16,
    },
    /// The copy lies in the sent folder.
    Filed,
    /// The port took a report.
    Reported,
    /// The port could not, just now.
    PortAway {
        /// Why.
        reason: String,
        /// Random, `0..1000`.
        jitter: u16,
    },
    /// The port refused a report: it is settled otherwise already.
    ReportRefused,
}

/// What to do. One at a time beside [`Effect::Health`], and each gives exactly one input back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the port for work.
    Ask,
    /// Hand the message in, with the fence before its body.
    Deliver(OutboundJob),
    /// Look for it in the sent folder, by Message-ID and by our own mark.
    Probe(OutboundJob),
    /// Put a copy into the sent folder unless one is there.
    File(OutboundJob),
    /// Tell the port.
    Report(OutboundJob, Report),
    /// Wait so many milliseconds, or until the port has work.
    WaitForWork(i64),
    /// Wait so many milliseconds.
    Sleep(i64),
    /// Wait until the account is changed.
    Rest,
    /// Tell how it is going.
    Health(HealthState),
}

/// What the port is told about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Certainly not taken; queued again.
    Returned(Returned),
    /// Taken.
    Sent(String),
    /// Refused for good.
    Failed(u16, String),
    /// Nobody knows.
    Unknown(String),
    /// The copy is filed.
    Filed,
}

/// What follows a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Ask,
    File,
    Pause(i64),
    Rest,
}

#[derive(Debug)]
enum Doing {
    Nothing,
    Delivering(OutboundJob),
    /// Looking for it, because this is why its outcome is unknown.
    Probing(OutboundJob, String),
    Filing(OutboundJob),
    Reporting(OutboundJob, Report, After),
}

/// The machine.
#[derive(Debug)]
pub struct Outbox {
    provider_files_sent: bool,
    doing: Doing,
    /// Sent and not yet filed, with the time of the next attempt.
    unfiled: Vec<(OutboundJob, Timestamp)>,
    /// The attempt whose fence this host asked for without getting an answer. Its body was never offered, whatever the log says.
    unoffered: Option<(MessageId, u32)>,
    backoff: Backoff,
    health: HealthState,
}

impl Outbox {
    /// A machine for an account whose provider files sent mail itself, or doesn't.
    #[must_use]
    pub fn new(provider_files_sent: bool) -> Self {
        Self {
            provider_files_sent,
            doing: Doing::Nothing,
            unfiled: Vec::new(),
            unoffered: None,
            backoff: Backoff::default(),
            health: HealthState::Connecting,
        }
    }

    /// What to do after what happened.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        let mut health = None;
        let effect = match (std::mem::replace(&mut self.doing, Doing::Nothing), input) {
            // A report that did not get through comes before everything else.
            (Doing::Reporting(job, report, after), Input::Ready) => self.report(job, report, after),
            (_, Input::Ready) => Effect::Ask,
            (_, Input::Job(Some(job))) => match job.state {
                JobState::Queued => self.deliver(job),
                JobState::Sending if self.unoffered == Some((job.id, job.attempt)) => {
                    self.unoffered = None;
                    let reason = "the answer to the fence was lost; the message was not offered".to_owned();
                    let returned = Returned {
                        reason,
                        not_before: now,
                        asked_to_wait: false,
                    };
                    self.report(job, Report::Returned(returned), After::Ask)
                }
                JobState::Sending => {
                    self.probe(job, "Baton was interrupted while the message was going out".to_owned())
                }
                // The port may hand over again what could not be filed a moment ago.
                JobState::Unfiled if self.unfiled.iter().any(|(other, due)| other.id == job.id && *due > now) => {
                    self.rest_until_work(now)
                }
                JobState::Unfiled => {
                    self.unfiled.retain(|(other, _)| other.id != job.id);
                    self.file(job)
                }
            },
            (_, Input::Job(None)) => {
                health = matches!(self.health, HealthState::Connecting | HealthState::RefereeAway { .. })
                    .then_some(HealthState::Ready);
                self.rest_until_work(now)
            }
            (Doing::Delivering(job), Input::Delivered { outcome, jitter }) => {
                self.delivered(now, job, outcome, jitter, &mut health)
            }
            (Doing::Probing(job, _), Input::Probed(true)) => {
                self.report(job, Report::Sent("found in the sent folder".to_owned()), After::File)
            }
            (Doing::Probing(job, reason), Input::Probed(false)) => {
                self.report(job, Report::Unknown(reason), After::Ask)
            }
            (Doing::Probing(job, reason), Input::FolderAway { error, jitter }) => {
                if job.state == JobState::Sending {
                    // It stays as it is until it could be looked for.
                    self.away(now, error, jitter, &mut health)
                } else {
                    self.report(job, Report::Unknown(reason), After::Ask)
                }
            }
            (Doing::Filing(job), Input::Filed) => self.report(job, Report::Filed, After::Ask),
            (Doing::Filing(job), Input::FolderAway { jitter, .. }) => {
                let pause = self.backoff.pause_ms(jitter).max(ASK_MS);
                self.unfiled.retain(|(other, _)| other.id != job.id);
                self.unfiled.push((job, now.plus_ms(pause)));
                Effect::Ask
            }
            (Doing::Reporting(_, _, after), Input::Reported | Input::ReportRefused) if after != After::File => {
                match after {
                    After::Pause(pause) => Effect::Sleep(pause),
                    After::Rest => Effect::Rest,
                    After::Ask | After::File => Effect::Ask,
                }
            }
            (Doing::Reporting(job, _, _), Input::Reported | Input::ReportRefused) => self.file(job),
            (doing, Input::PortAway { reason, jitter }) => {
                let pause = self.backoff.pause_ms(jitter);
                health = Some(HealthState::RefereeAway {
                    reason,
                    retry_at: now.plus_ms(pause),
                });
                if matches!(doing, Doing::Reporting(..)) {
                    self.doing = doing;
                }
                Effect::Sleep(pause)
            }
            (doing, _) => {
                self.doing = doing;
                Effect::Ask
            }
        };
        let mut effects = Vec::with_capacity(2);
        if let Some(health) = health.filter(|health| *health != self.health) {
            self.health = health.clone();
            effects.push(Effect::Health(health));
        }
        effects.push(effect);
        effects
    }

    fn delivered(
        &mut self,
        now: Timestamp,
        job: OutboundJob,
        outcome: Outcome<PortError>,
        jitter: u16,
        health: &mut Option<HealthState>,
    ) -> Effect {
        if !matches!(outcome, Outcome::NotOffered(_) | Outcome::Stopped(_)) {
            self.backoff.reset();
            *health = Some(HealthState::Ready);
        }
        let returned = |reason: String, pause: i64, asked_to_wait: bool| {
            Report::Returned(Returned {
                reason,
                not_before: now.plus_ms(pause),
                asked_to_wait,
            })
        };
        match outcome {
            Outcome::Sent { reply } => self.report(job, Report::Sent(reply), After::File),
            Outcome::Rejected {
                code,
                text,
                permanent: true,
            } => self.report(job, Report::Failed(code, text), After::Ask),
            Outcome::Rejected {
                code,
                text,
                permanent: false,
            } => {
                let pause = patience_ms(job.given_back);
                self.report(job, returned(format!("{code} {text}"), pause, true), After::Ask)
            }
            Outcome::Abandoned { reason } => {
                let pause = self.backoff.pause_ms(jitter);
                self.report(job, returned(reason, pause, false), After::Pause(pause))
            }
            Outcome::NotOffered(error) => {
                let reason = error.to_string();
                match self.backoff.pause_for(&error, jitter) {
                    Some(pause) => {
                        *health = Some(HealthState::Waiting {
                            error,
                            retry_at: now.plus_ms(pause),
                        });
                        self.report(job, returned(reason, pause, false), After::Pause(pause))
                    }
                    None => {
                        *health = Some(HealthState::NeedsChange { error });
                        self.report(job, returned(reason, 0, false), After::Rest)
                    }
                }
            }
            Outcome::Stopped(PortError::Unavailable(reason)) => {
                self.unoffered = Some((job.id, job.attempt));
                let pause = self.backoff.pause_ms(jitter);
                *health = Some(HealthState::RefereeAway {
                    reason,
                    retry_at: now.plus_ms(pause),
                });
                Effect::Sleep(pause)
            }
            Outcome::Stopped(PortError::Refused(_) | PortError::LeaseLost) => Effect::Sleep(REFUSED_MS),
            Outcome::Unknown { reason } => self.probe(job, reason),
        }
    }

    fn away(&mut self, now: Timestamp, error: ConnectError, jitter: u16, health: &mut Option<HealthState>) -> Effect {
        match self.backoff.pause_for(&error, jitter) {
            Some(pause) => {
                *health = Some(HealthState::Waiting {
                    error,
                    retry_at: now.plus_ms(pause),
                });
                Effect::Sleep(pause)
            }
            None => {
                *health = Some(HealthState::NeedsChange { error });
                Effect::Rest
            }
        }
    }

    fn rest_until_work(&mut self, now: Timestamp) -> Effect {
        if let Some(at) = self.unfiled.iter().position(|(_, due)| *due <= now) {
            let (job, _) = self.unfiled.swap_remove(at);
            return self.file(job);
        }
        let next = self
            .unfiled
            .iter()
            .map(|(_, due)| due.since_ms(now))
            .min()
            .unwrap_or(ASK_MS);
        Effect::WaitForWork(next.clamp(1, ASK_MS))
    }

    fn deliver(&mut self, job: OutboundJob) -> Effect {
        self.doing = Doing::Delivering(job.clone());
        Effect::Deliver(job)
    }

    fn probe(&mut self, job: OutboundJob, reason: String) -> Effect {
        self.doing = Doing::Probing(job.clone(), reason);
        Effect::Probe(job)
    }

    fn file(&mut self, job: OutboundJob) -> Effect {
        if self.provider_files_sent {
            return self.report(job, Report::Filed, After::Ask);
        }
        self.doing = Doing::Filing(job.clone());
        Effect::File(job)
    }

    fn report(&mut self, job: OutboundJob, report: Report, after: After) -> Effect {
        self.doing = Doing::Reporting(job.clone(), report.clone(), after);
        Effect::Report(job, report)
    }
}

/// How long a message waits after a 4xx, by how often that was said before: a greylisting server wants some minutes, and more of an
/// impatient one.
fn patience_ms(given_back: u32) -> i64 {
    const FIRST_MS: i64 = 60_000;
    const LONGEST_MS: i64 = 60 * 60_000;
    FIRST_MS.saturating_mul(1i64 << given_back.min(10)).min(LONGEST_MS)
}

#[cfg(test)]
mod tests;
