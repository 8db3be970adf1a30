//! What an inbox answers by itself.

use uuid::Uuid;

use super::Case;
use super::reply::plausible;
use crate::{
    Address, AfterReply, AutoReplyFacts, DraftText, Event, MemberId, MessageId, Outbound, OutboundState, Refusal,
    Timestamp, auto_reply_due,
};

/// The longest subject an automatic reply repeats, in characters.
const SUBJECT_CHARS: usize = 300;

impl Case<'_> {
    /// An automatic reply, where one is due; nothing where the inbox is to be silent. It leaves at once: nobody wrote it who could
    /// take it back.
    pub(super) fn answer_automatically(
        &self,
        message: MessageId,
        subject: &str,
        arrived: Timestamp,
        to: &Address,
        last: Option<Timestamp>,
    ) -> Result<Vec<Event>, Refusal> {
        let policy = &self.context.inbox.policy;
        let now = self.context.now;
        let facts = AutoReplyFacts {
            message,
            arrived,
            live: true,
            to: Ok(to),
            last,
        };
        let account = self.state.account.and_then(|id| self.context.accounts.get(&id));
        let Ok(kind) = auto_reply_due(self.state, policy, account, facts, now) else {
            return Ok(Vec::new());
        };
        let Some(replies) = policy.auto_replies.as_ref().filter(|_| plausible(to)) else {
            return Ok(Vec::new());
        };
        let (account, id) = self.sending_account()?;
        let outbound = Outbound {
            id: MessageId(self.command.id.0),
            state: OutboundState::Queued,
            account: id,
            by: MemberId(Uuid::nil()),
            cover: false,
            from: Address {
                name: account.name.clone(),
                email: account.address.clone(),
            },
            sender: None,
            draft: DraftText {
                to: vec![to.clone()],
                subject: answer_to(subject),
                text: replies.letter(kind),
                ..DraftText::default()
            },
            header_id: self.context.header_id.to_owned(),
            in_reply_to: self.state.reply_to_header.clone(),
            references: self.references(),
            quote: None,
            after: AfterReply::NothingMore,
            close: None,
            queued_at: now,
            not_before: now,
            send_at: None,
            given_back: None,
            attempt: 0,
            filed: false,
            automatic: Some(kind),
        };
        Ok(vec![Event::ReplyQueued {
            outbound: Box::new(outbound),
        }])
    }
}

/// The subject of an answer: one "Re:", whatever the customer's begins with.
fn answer_to(subject: &str) -> String {
    let clean: String = subject
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SUBJECT_CHARS)
        .collect();
    let clean = clean.trim();
    let answers = clean.get(..3).is_some_and(|begins| begins.eq_ignore_ascii_case("re:"));
    if answers {
        clean.to_owned()
    } else {
        format!("Re: {clean}").trim_end().to_owned()
    }
}
