//! How a mailbox is doing, both halves in one sentence: what a person must do comes first, then what is tried again.

use baton_channels::email::Endpoint;
use baton_channels::email::host::{AccountHealth, HealthState as Half};
use baton_channels::email::problem::problem;
use baton_domain::Timestamp;
use baton_protocol::{HealthState, MailProblem, MailProblemKind, SendLimits};

/// What the window shows of a host's health.
#[must_use]
pub fn shown(health: &AccountHealth, imap: &Endpoint, smtp: &Endpoint) -> HealthState {
    let halves = [(&health.receiving, imap), (&health.sending, smtp)];
    let stopped = halves.iter().find_map(|(half, end)| match half {
        Half::NeedsChange { error } => Some(HealthState::Stopped {
            problem: problem(error, end),
        }),
        _ => None,
    });
    if let Some(stopped) = stopped {
        return stopped;
    }
    if let Some(retrying) = halves.iter().find_map(|(half, end)| retrying(half, end)) {
        return retrying;
    }
    match health.receiving {
        Half::FirstSync { received, total } => HealthState::FirstSync { done: received, total },
        Half::Ready => HealthState::UpToDate,
        _ => HealthState::Connecting,
    }
}

fn retrying(half: &Half, end: &Endpoint) -> Option<HealthState> {
    match half {
        Half::Waiting { error, retry_at } => Some(HealthState::Retrying {
            problem: problem(error, end),
            next: *retry_at,
        }),
        Half::RefereeAway { reason, retry_at } => {
            // Our own log could not be written: on one machine that is a full disk far more often than anything else.
            let full = reason.contains("disk") || reason.contains("room");
            let kind = if full {
                MailProblemKind::DiskFull
            } else {
                MailProblemKind::Disconnected
            };
            let problem = MailProblem {
                kind,
                server: end.to_string(),
                said: Some(reason.clone()),
            };
            Some(HealthState::Retrying {
                problem,
                next: *retry_at,
            })
        }
        Half::Connecting | Half::FirstSync { .. } | Half::Ready | Half::NeedsChange { .. } => None,
    }
}

/// Whether mail is read without trouble.
#[must_use]
pub fn reads(health: &AccountHealth) -> Option<Timestamp> {
    matches!(health.receiving, Half::Ready | Half::FirstSync { .. }).then_some(health.since)
}

/// What the provider takes, once it was asked.
#[must_use]
pub fn takes(health: &AccountHealth) -> Option<SendLimits> {
    health.offers.map(|offers| SendLimits {
        max_bytes: offers.size_limit,
        foreign_letters: offers.foreign_letters,
        receipts: offers.receipts,
    })
}

#[cfg(test)]
mod tests {
    use baton_channels::email::{ConnectError, Security};

    use super::*;

    fn check(receiving: Half, sending: Half, gives: &HealthState) {
        let imap = Endpoint::new("imap.murmel.example", 993, Security::Tls);
        let smtp = Endpoint::new("smtp.murmel.example", 465, Security::Tls);
        let health = AccountHealth {
            receiving,
            sending,
            since: Timestamp(1),
            offers: None,
            remarks: Vec::new(),
        };
        assert_eq!(&shown(&health, &imap, &smtp), gives);
    }

    #[test]
    fn all_is_well_when_both_halves_are() {
        check(Half::Ready, Half::Ready, &HealthState::UpToDate);
        check(Half::Ready, Half::Connecting, &HealthState::UpToDate);
        check(
            Half::FirstSync { received: 3, total: 9 },
            Half::Ready,
            &HealthState::FirstSync { done: 3, total: 9 },
        );
    }

    #[test]
    fn a_password_that_is_wrong_for_sending_is_not_hidden_by_reading_that_works() {
        let error = ConnectError::WrongPassword {
            host: "h".to_owned(),
            user: "sales".to_owned(),
            reply: "535".to_owned(),
        };
        let problem = MailProblem {
            kind: MailProblemKind::WrongPassword,
            server: "smtp.murmel.example:465".to_owned(),
            said: Some("535".to_owned()),
        };
        check(
            Half::Ready,
            Half::NeedsChange { error },
            &HealthState::Stopped { problem },
        );
    }
}
