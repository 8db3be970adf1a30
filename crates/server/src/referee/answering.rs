//! What an inbox answers by itself, judged in the commit that takes the message in: whatever happens after it, the reply is decided once.

use baton_channels::email::compose::auto::is_theirs_to_us;
use baton_domain::{Address, AutoReplyFacts, CommandBody, CommandId, InboxId, Silence, Timestamp, auto_reply_due};
use baton_store::port::{ItemOutcome, ThreadKey};

use super::arrival::{Arrival, ParsedArrival};
use super::documents::DocumentSet;
use super::ingest::from_channel;
use super::io::Fault;
use super::working::Working;

/// By what it is found that an inbox has answered the sender of an arrival lately: asked of every inbox that answers by itself, for which
/// of them it will lie in is not decided yet.
pub(super) fn keys<'a>(parsed: &'a ParsedArrival, documents: &'a DocumentSet) -> impl Iterator<Item = ThreadKey> + 'a {
    let to = parsed.return_path.as_ref().ok();
    let answers = documents.inboxes().values().filter(|inbox| {
        inbox
            .policy
            .auto_replies
            .as_ref()
            .is_some_and(|replies| replies.is_on())
    });
    to.into_iter()
        .flat_map(move |to| answers.clone().map(|inbox| ThreadKey::automatic(inbox.id, &to.email)))
}

impl Working<'_> {
    /// Sends an automatic reply to what was just received, where one is due. Why none was stands in the server's log.
    pub(super) fn answer_by_itself(
        &mut self,
        arrival: &Arrival,
        parsed: &ParsedArrival,
        outcome: &ItemOutcome,
        id: CommandId,
    ) -> Result<(), Fault> {
        let ItemOutcome::Imported { conversation, message } = *outcome else {
            return Ok(());
        };
        let conversation = self.goes_on_in(conversation);
        let documents = self.documents.clone();
        let Some(state) = self.state(conversation) else {
            return Ok(());
        };
        let Some(inbox) = documents.inboxes().get(&state.inbox) else {
            return Ok(());
        };
        if !inbox
            .policy
            .auto_replies
            .as_ref()
            .is_some_and(|replies| replies.is_on())
        {
            return Ok(());
        }
        let to = answerable(parsed, &documents);
        let last = to.ok().and_then(|to| self.answered_last(inbox.id, to));
        let facts = AutoReplyFacts {
            message,
            arrived: arrival.internal_date,
            live: self.is_live(arrival),
            to,
            last,
        };
        let account = state.account.and_then(|id| documents.accounts().get(&id));
        let due = auto_reply_due(state, &inbox.policy, account, facts, self.now);
        let to = match due.and(to) {
            Ok(to) => to.clone(),
            Err(why) => {
                tracing::info!(number = state.number, %message, inbox = inbox.name, %why, "no automatic reply");
                return Ok(());
            }
        };
        let body = CommandBody::AnswerAutomatically {
            message,
            subject: parsed.subject.clone(),
            arrived: arrival.internal_date,
            to,
            last,
        };
        let id = CommandId::derive(id.0, "automatic reply");
        let command = from_channel(id, arrival.account, conversation, arrival.internal_date, body);
        if let Err(refusal) = self.judge(&command)? {
            tracing::warn!(?refusal, %message, "an automatic reply could not be sent");
        }
        Ok(())
    }

    /// When an inbox last answered an address by itself.
    fn answered_last(&self, inbox: InboxId, to: &Address) -> Option<Timestamp> {
        let hits = self.loaded.hits.get(&ThreadKey::automatic(inbox, &to.email))?;
        hits.iter().map(|hit| hit.at).max()
    }
}

/// Its return path, where it is somebody else's mail to us.
fn answerable<'a>(parsed: &'a ParsedArrival, documents: &DocumentSet) -> Result<&'a Address, Silence> {
    let path = parsed.return_path.as_ref().map_err(|why| *why)?;
    let ours: Vec<&str> = documents
        .accounts()
        .values()
        .flat_map(|account| std::iter::once(&account.address).chain(&account.aliases))
        .map(String::as_str)
        .collect();
    let to = parsed.to.iter().chain(&parsed.cc).map(|to| to.email.as_str());
    is_theirs_to_us([path.email.as_str(), parsed.from.email.as_str()], to, &ours)?;
    Ok(path)
}
