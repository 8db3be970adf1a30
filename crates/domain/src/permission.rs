//! The table of what every command needs. The server checks each; the desktop asks the same function only to grey things out.

use crate::{Capabilities, Capability, CommandBody};

/// Who may issue a command at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issuer {
    /// People, if they have the capability in the conversation's inbox.
    People(Capability),
    /// Only channels, timers and whoever runs the server.
    Machines,
}

/// What a command needs. Sending needs either form of the send right; the table names the lesser.
#[must_use]
pub fn issuer(body: &CommandBody) -> Issuer {
    use CommandBody as C;
    match body {
        C::Follow | C::Unfollow | C::AcknowledgeEscalation => Issuer::People(Capability::Read),
        C::AddNote { .. } | C::SuggestDraft { .. } | C::ReleaseLock { .. } => Issuer::People(Capability::Comment),
        C::Assign { .. } => Issuer::People(Capability::Assign),
        C::Start { .. }
        | C::TakeLock { .. }
        | C::RequestLock
        | C::AnswerRequest { .. }
        | C::Reply { .. }
        | C::Forward { .. }
        | C::CancelSend { .. }
        | C::SendNow { .. } => Issuer::People(Capability::SendOnBehalf),
        C::TakeOver
        | C::Route
        | C::Nudge
        | C::FineUntilTomorrow { .. }
        | C::ReviewAgain
        | C::PutDocument { .. }
        | C::RemoveDocument { .. } => Issuer::People(Capability::Manage),
        C::Claim
        | C::Release
        | C::HandOff { .. }
        | C::AcceptHandoff
        | C::DeclineHandoff { .. }
        | C::SetStatus { .. }
        | C::NameStatus { .. }
        | C::SetFields { .. }
        | C::Tag { .. }
        | C::Untag { .. }
        | C::SetNextStep { .. }
        | C::ScheduleFollowUp { .. }
        | C::CompleteFollowUp
        | C::Escalate { .. }
        | C::Block { .. }
        | C::Unblock
        | C::Snooze { .. }
        | C::Wake
        | C::SettleUnknown { .. }
        | C::NoReplyNeeded
        | C::NotALead
        | C::Close { .. }
        | C::Reopen
        | C::MoveToInbox { .. }
        | C::Merge { .. }
        | C::Unmerge { .. }
        | C::KeepApart { .. }
        | C::SettleException { .. }
        | C::Split { .. }
        | C::SettleUnseen { .. }
        | C::ClaimOutsideReply { .. } => Issuer::People(Capability::Work),
        C::Receive { .. }
        | C::ExternalReply { .. }
        | C::OutboundSending { .. }
        | C::OutboundReturned { .. }
        | C::OutboundSent { .. }
        | C::OutboundFailed { .. }
        | C::OutboundUnknown { .. }
        | C::OutboundFiled { .. }
        | C::AnswerAutomatically { .. }
        | C::Filed { .. }
        | C::Due { .. }
        | C::LockLapsed { .. } => Issuer::Machines,
    }
}

/// The capability a person needs for a command; `None` for those only channels and timers may issue.
#[must_use]
pub fn needs(body: &CommandBody) -> Option<Capability> {
    match issuer(body) {
        Issuer::People(capability) => Some(capability),
        Issuer::Machines => None,
    }
}

/// Whether this set of capabilities grants that one.
#[must_use]
pub fn grants(held: &Capabilities, needed: Capability) -> bool {
    match needed {
        Capability::SendOnBehalf => held.contains(&Capability::SendOnBehalf) || held.contains(&Capability::SendAs),
        other => held.contains(&other),
    }
}
