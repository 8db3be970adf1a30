//! The mail that left: what the log says became of each reply, and what lies in the customers' mailboxes.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{Event, MessageId, Outbound, Settlement};

use super::{Broken, Promise, because};

/// Where a reply stands, by the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Queued,
    Sending,
    Sent,
    Failed,
    Unknown,
    Cancelled,
}

/// A reply that was accepted.
#[derive(Debug)]
struct Reply {
    header: String,
    stand: Stand,
    fences: u32,
}

/// All replies.
#[derive(Debug, Default)]
pub struct Mail {
    replies: BTreeMap<MessageId, Reply>,
    by_header: BTreeMap<String, u32>,
    by_id: BTreeMap<String, u32>,
    /// Replies of which nobody could know: something broke between the fence and the provider's answer.
    excused: BTreeSet<MessageId>,
}

impl Mail {
    pub(super) fn queued(&mut self, outbound: &Outbound) {
        let reply = Reply {
            header: outbound.header_id.clone(),
            stand: Stand::Queued,
            fences: 0,
        };
        self.replies.insert(outbound.id, reply);
    }

    pub(super) fn moved(&mut self, event: &Event) -> Result<(), Broken> {
        let (id, stand) = match event {
            Event::OutboundSending { outbound, .. } => (outbound, Stand::Sending),
            Event::OutboundReturned { outbound, .. }
            | Event::OutboundSettled {
                outbound,
                how: Settlement::SendAgain,
            } => (outbound, Stand::Queued),
            Event::OutboundSent { outbound, .. }
            | Event::OutboundSettled {
                outbound,
                how: Settlement::Delivered,
            } => (outbound, Stand::Sent),
            Event::OutboundFailed { outbound, .. }
            | Event::OutboundSettled {
                outbound,
                how: Settlement::Drop,
            } => (outbound, Stand::Failed),
            Event::OutboundUnknown { outbound, .. } => (outbound, Stand::Unknown),
            Event::OutboundCancelled { outbound, .. } => (outbound, Stand::Cancelled),
            _ => return Ok(()),
        };
        let Some(reply) = self.replies.get_mut(id) else {
            return Err(because(
                Promise::DeliveryKnown,
                format!("the log speaks of a reply {id} nobody sent"),
            ));
        };
        let leaving = matches!(reply.stand, Stand::Sending | Stand::Sent | Stand::Unknown);
        if stand == Stand::Cancelled && leaving {
            return Err(because(
                Promise::DeliveryKnown,
                format!("reply {id} was taken back behind the fence"),
            ));
        }
        if stand == Stand::Sending {
            if reply.stand != Stand::Queued {
                return Err(because(
                    Promise::DeliveredOnce,
                    format!("a second attempt passed the fence with reply {id}"),
                ));
            }
            reply.fences = reply.fences.saturating_add(1);
        }
        if stand == Stand::Unknown && !self.excused.contains(id) {
            let how = format!("reply {id} is in doubt, though nothing broke between the fence and the answer");
            return Err(because(Promise::DeliveryKnown, how));
        }
        reply.stand = stand;
        Ok(())
    }

    /// Something broke between the fence and the provider's answer.
    pub fn excuse(&mut self, outbound: MessageId) {
        self.excused.insert(outbound);
    }

    /// The provider put a message into a customer's mailbox.
    ///
    /// # Errors
    /// When it lay there already, or had not passed the fence.
    pub fn delivered(&mut self, header: &str, id: MessageId) -> Result<(), Broken> {
        let headers = self.by_header.entry(header.to_owned()).or_insert(0);
        *headers = headers.saturating_add(1);
        let ids = self.by_id.entry(id.to_string()).or_insert(0);
        *ids = ids.saturating_add(1);
        if *headers > 1 || *ids > 1 {
            return Err(because(
                Promise::DeliveredOnce,
                format!("reply {id} lies in the customer's mailbox twice"),
            ));
        }
        match self.replies.get(&id) {
            Some(reply) if reply.fences == 0 => Err(because(
                Promise::DeliveredOnce,
                format!("reply {id} left without passing the fence"),
            )),
            Some(reply) if reply.header != header => Err(because(
                Promise::DeliveryKnown,
                format!("reply {id} left under another Message-ID"),
            )),
            Some(_) => Ok(()),
            None => Err(because(
                Promise::DeliveryKnown,
                format!("reply {id} left, and nobody sent it"),
            )),
        }
    }

    /// Whether a reply lies in the customer's mailbox.
    #[must_use]
    pub fn arrived(&self, id: MessageId) -> bool {
        self.by_id.contains_key(&id.to_string())
    }

    /// Whether no reply is under way any more.
    #[must_use]
    pub fn at_rest(&self) -> bool {
        self.replies
            .values()
            .all(|reply| !matches!(reply.stand, Stand::Queued | Stand::Sending))
    }

    /// In the end: every accepted reply is delivered, failed, cancelled or in doubt, and the mailboxes agree.
    ///
    /// # Errors
    /// The first that is not.
    pub fn settled(&self) -> Result<(), Broken> {
        for (id, reply) in &self.replies {
            let arrived = self.arrived(*id);
            match reply.stand {
                Stand::Queued | Stand::Sending => {
                    return Err(because(
                        Promise::Rest,
                        format!("reply {id} was accepted and is still {:?}", reply.stand),
                    ));
                }
                Stand::Sent if !arrived => {
                    return Err(because(
                        Promise::DeliveryKnown,
                        format!("reply {id} counts as sent and never arrived"),
                    ));
                }
                Stand::Failed | Stand::Cancelled if arrived => {
                    let how = format!(
                        "reply {id} counts as {:?} and lies in the customer's mailbox",
                        reply.stand
                    );
                    return Err(because(Promise::DeliveryKnown, how));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
