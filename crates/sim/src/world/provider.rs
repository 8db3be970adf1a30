//! The provider behind a mailbox: it takes a message, refuses it, breaks off, or takes it and never says so.

use baton_channels::email::host::OutboundJob;
use baton_channels::email::host::outbox::Input;
use baton_channels::email::smtp::Outcome;
use baton_domain::{AccountId, SECOND_MS};

use super::World;
use super::host::Next;
use super::post::{Delivery, Folder, Item, Nature};
use crate::cast::SALES_AT;
use crate::planted::Planted;
use crate::tally::Tally;

/// What goes wrong with the next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Taken, and the answer is lost.
    LostAnswer,
    /// The connection breaks before the final dot.
    BrokenBody,
    /// Refused for good.
    Rejection,
    /// Refused for now.
    Deferral,
    /// The host is killed before the answer.
    Killed,
    /// The host's server stands still before the body, longer than its lease lives.
    StandsStill,
}

impl Trouble {
    /// Its name in the totals: it counts when it comes.
    const fn name(self) -> &'static str {
        match self {
            Self::LostAnswer => "lostAnswer",
            Self::BrokenBody => "brokenBody",
            Self::Rejection => "rejection",
            Self::Deferral => "deferral",
            Self::Killed => "hostCrashBehindFence",
            Self::StandsStill => "standstillBehindFence",
        }
    }
}

impl World {
    /// The body is offered; the provider takes it, or does not.
    pub(super) fn offer_body(&mut self, at: usize) {
        let Some((account, job)) = self.job_of(at) else { return };
        if self.lease_ran_out(at) && !self.planted(Planted::SuspendedSends) {
            // Looked at right before the final dot.
            let outcome = Outcome::Abandoned {
                reason: "another host may have the account".to_owned(),
            };
            return self.tell_outbox(at, Input::Delivered { outcome, jitter: 500 });
        }
        let trouble = if self.pending.provider.is_empty() {
            None
        } else {
            Some(self.pending.provider.remove(0))
        };
        if let Some(trouble) = trouble {
            Tally::count(&mut self.tally.faults, trouble.name());
        }
        if trouble == Some(Trouble::StandsStill) {
            let ms = self.chance.between(20 * SECOND_MS, 120 * SECOND_MS);
            if let Some(server) = self.server_of(at) {
                self.pause_server(server, ms);
            }
            return self.host_after(at, 1, Next::Body);
        }
        let taken = match trouble {
            None | Some(Trouble::LostAnswer | Trouble::StandsStill) => true,
            Some(Trouble::Killed) => self.chance.chance(50),
            Some(Trouble::BrokenBody | Trouble::Rejection | Trouble::Deferral) => false,
        };
        if taken {
            let grant = self.hosts.get(at).and_then(|host| host.grant);
            let verdict = self.check.offers(grant, job.id);
            self.judge(verdict);
            self.provider_takes(account, &job);
        }
        let outcome = match trouble {
            Some(Trouble::LostAnswer) if self.planted(Planted::LostAnswerTriedAgain) => Outcome::Rejected {
                code: 421,
                text: "no answer".to_owned(),
                permanent: false,
            },
            None | Some(Trouble::StandsStill) => Outcome::Sent {
                reply: "250 2.0.0 Ok".to_owned(),
            },
            Some(Trouble::LostAnswer) => {
                self.check.mail.excuse(job.id);
                Outcome::Unknown {
                    reason: "the connection ended before the answer".to_owned(),
                }
            }
            Some(Trouble::BrokenBody) => Outcome::Abandoned {
                reason: "the connection ended".to_owned(),
            },
            Some(Trouble::Rejection) => Outcome::Rejected {
                code: 550,
                text: "no such user".to_owned(),
                permanent: true,
            },
            Some(Trouble::Deferral) => Outcome::Rejected {
                code: 451,
                text: "try later".to_owned(),
                permanent: false,
            },
            Some(Trouble::Killed) => {
                self.say("The mailbox's host is killed while a message is going out");
                return self.kill_host(at);
            }
        };
        if let Some(host) = self.hosts.get_mut(at) {
            host.outcome = Some(outcome);
        }
        let wait = self.chance.between(20, 300);
        self.host_after(at, wait, Next::Verdict);
    }

    fn provider_takes(&mut self, account: AccountId, job: &OutboundJob) {
        let mentioned = baton_channels::email::parse(&job.raw)
            .map(|mail| mail.references)
            .unwrap_or_default();
        let subject = self
            .model
            .conversations()
            .find_map(|conversation| conversation.outbound(job.id))
            .map(|outbound| outbound.draft.subject.clone());
        let delivery = Delivery {
            id: job.id,
            header: job.message_id.clone(),
            references: mentioned,
            subject: subject.unwrap_or_default(),
            to: job.envelope.to.clone(),
        };
        self.say(&format!(
            "The provider takes {:?} for {}",
            delivery.subject,
            delivery.to.join(", ")
        ));
        let verdict = self.check.mail.delivered(&delivery.header, delivery.id);
        self.judge(verdict);
        self.post.deliver(&delivery);
        if account == SALES_AT {
            // This provider files what it sends by itself.
            self.put_own(account, job);
        }
    }

    pub(super) fn put_own(&mut self, account: AccountId, job: &OutboundJob) {
        let item = Item {
            at: self.now(),
            raw: job.raw.to_vec(),
            nature: Nature::Own,
            own: Some(job.id),
        };
        self.post.put(account, Folder::Sent, item);
        self.mail_came(account);
    }

    pub(super) fn verdict(&mut self, at: usize) {
        let Some(outcome) = self.hosts.get_mut(at).and_then(|host| host.outcome.take()) else {
            return;
        };
        self.tell_outbox(at, Input::Delivered { outcome, jitter: 500 });
    }

    pub(super) fn file(&mut self, at: usize) {
        if let Some((account, job)) = self.job_of(at)
            && !self.post.filed(account, job.id)
        {
            self.put_own(account, &job);
        }
        self.tell_outbox(at, Input::Filed);
    }
}
