//! Judging changes of documents: members, inboxes, accounts, the workspace.

use std::collections::BTreeMap;

use super::{LINE_CHARS, TAG_CHARS, invalid, text};
use crate::{
    AUTO_REPLY_CHARS, Account, Actor, AutoReplies, Capability, Command, CommandBody, Companies, Document, DocumentBody,
    DocumentId, FolderUse, Inbox, InboxId, InboxPolicy, Invalid, LogBody, MOST_FOLDERS, Member, MemberId, OnCallRota,
    Refusal, ReviewSignOff, Role, RuleAction, RuleSet, check_rules,
};

/// A signature is a few lines, not a brochure.
const SIGNATURE_CHARS: usize = 4000;

/// Longer than that nothing may lie still unnoticed: about a quarter of a year.
const LONGEST_STILL_DAYS: u8 = 60;

/// What a change of a document is judged by.
#[derive(Debug, Clone, Copy)]
pub struct DocumentContext<'a> {
    /// Every document as it stands.
    pub documents: &'a BTreeMap<DocumentId, Document>,
    /// Everybody.
    pub members: &'a BTreeMap<MemberId, Member>,
    /// How many conversations lie in the inbox that is to be removed.
    pub conversations: u32,
}

/// Judges a change of a document: the entry it leads to, `None` where it is already so, or why not. A change based on
/// another version than the current one is refused, and shown.
///
/// # Errors
/// The refusal.
pub fn decide_document(command: &Command, context: DocumentContext<'_>) -> Result<Option<LogBody>, Refusal> {
    may_change(command, context)?;
    match &command.body {
        CommandBody::PutDocument { document } => {
            let document = tidied(document);
            let current = context.documents.get(&document.id());
            // First: what was right when its author began may be wrong by now, and the reason is then the other change.
            based_on(command, current)?;
            plausible(&document, context)?;
            let version = current.map_or(0, |current| current.version).saturating_add(1);
            let mut body = document;
            count_targets(&mut body, current.map(|current| &current.body));
            if let DocumentBody::Review(sign_off) = &mut body {
                sign_off.at = command.issued_at;
            }
            follow_since(&mut body, current.map(|current| &current.body), command.issued_at);
            if current.is_some_and(|current| current.body == body || later(&current.body, &body)) {
                return Ok(None);
            }
            Ok(Some(LogBody::DocumentPut {
                document: Document {
                    id: body.id(),
                    version,
                    body,
                },
            }))
        }
        CommandBody::RemoveDocument { document } => {
            let Some(current) = context.documents.get(document) else {
                return Ok(None);
            };
            based_on(command, Some(current))?;
            match current.body {
                // The trail names them for ever: they leave, they are not removed. A rule set without rules routes nothing.
                DocumentBody::Member(_)
                | DocumentBody::Workspace(_)
                | DocumentBody::Host(_)
                | DocumentBody::Rules(_)
                | DocumentBody::Companies(_)
                | DocumentBody::Review(_) => Err(invalid("document", Invalid::NotNow)),
                DocumentBody::Account(_) => Ok(Some(LogBody::DocumentRemoved { id: *document })),
                // A conversation without its inbox would be seen by nobody, and an account or a rule would bring leads into nothing.
                DocumentBody::Inbox(_) => {
                    let accounts = accounts_of(*document, context);
                    let rule = rule_into(*document, context);
                    if context.conversations > 0 || accounts > 0 || rule.is_some() {
                        return Err(Refusal::NotEmpty {
                            conversations: context.conversations,
                            accounts,
                            rule,
                        });
                    }
                    Ok(Some(LogBody::DocumentRemoved { id: *document }))
                }
            }
        }
        _ => Err(invalid("body", Invalid::NotNow)),
    }
}

/// The version of an inbox's targets counts their changes, whatever its writer says: running clocks name it.
fn count_targets(body: &mut DocumentBody, current: Option<&DocumentBody>) {
    let DocumentBody::Inbox(inbox) = body else { return };
    let before = match current {
        Some(DocumentBody::Inbox(before)) => before.policy.clone(),
        _ => InboxPolicy::default(),
    };
    let after = &mut inbox.policy;
    after.sla.version = before.sla.version;
    // The calendar is part of what was promised.
    let same = after.sla == before.sla && (after.calendar == before.calendar || after.sla.rules.is_empty());
    if !same {
        after.sla.version = before.sla.version.saturating_add(1);
    }
}

/// Since when a folder is followed is not for its writer to say: a mailbox's first ones since it is live, later ones since they are asked
/// for. What lay in them before is history.
fn follow_since(body: &mut DocumentBody, current: Option<&DocumentBody>, now: crate::Timestamp) {
    let DocumentBody::Account(account) = body else { return };
    let before = match current {
        Some(DocumentBody::Account(before)) => Some(before),
        _ => None,
    };
    let begun = if before.is_some() { now } else { account.live_since };
    for folder in &mut account.folders {
        let known = before.and_then(|before| before.folder(&folder.name));
        folder.since = known.map_or(begun, |known| known.since);
    }
}

/// Folders that are taken in: each once, each with a meaning that somebody can act on.
fn sound_folders(account: &Account, context: DocumentContext<'_>) -> Result<(), Refusal> {
    if account.folders.len() > MOST_FOLDERS {
        return Err(invalid("folders", Invalid::TooLong));
    }
    for (place, folder) in account.folders.iter().enumerate() {
        text("folder", &folder.name, LINE_CHARS)?;
        let earlier = account.folders.iter().take(place);
        if folder.name.eq_ignore_ascii_case("INBOX") || earlier.into_iter().any(|other| other.name == folder.name) {
            return Err(invalid("folder", Invalid::NotNow));
        }
        match &folder.becomes {
            FolderUse::Owner { member } if !context.members.contains_key(member) => {
                return Err(invalid("owner", Invalid::Unknown));
            }
            FolderUse::Tag { tag } => drop(text("tag", tag, TAG_CHARS)?),
            FolderUse::Owner { .. } | FolderUse::Done => {}
        }
    }
    Ok(())
}

/// A document as it is kept.
fn tidied(document: &DocumentBody) -> DocumentBody {
    match document.clone() {
        DocumentBody::Rules(rules) => DocumentBody::Rules(rules.tidied()),
        DocumentBody::Inbox(mut inbox) => {
            inbox.policy.workflow = inbox.policy.workflow.tidied();
            DocumentBody::Inbox(inbox)
        }
        DocumentBody::Companies(companies) => DocumentBody::Companies(companies.tidied()),
        other => other,
    }
}

/// Whether a sign-off came after this one that was said before it: what waited for a network does not take it away.
fn later(current: &DocumentBody, put: &DocumentBody) -> bool {
    match (current, put) {
        (DocumentBody::Review(known), DocumentBody::Review(put)) => known.at > put.at,
        _ => false,
    }
}

fn signed_off(body: &CommandBody) -> Option<&ReviewSignOff> {
    match body {
        CommandBody::PutDocument { document } => match &**document {
            DocumentBody::Review(sign_off) => Some(sign_off),
            _ => None,
        },
        _ => None,
    }
}

/// Whoever leads the work in all inboxes they looked at signs off for themselves.
fn own_review(member: &Member, sign_off: &ReviewSignOff, context: DocumentContext<'_>) -> bool {
    let leads = |inbox: &InboxId| {
        let known = context.documents.get(&DocumentId(inbox.0)).map(|known| &known.body);
        matches!(known, Some(DocumentBody::Inbox(inbox)) if inbox.capabilities_of(member).contains(&Capability::Manage))
    };
    member.id == sign_off.by && sign_off.inboxes.iter().all(leads)
}

/// How many accounts bring their mail into that inbox.
fn accounts_of(inbox: DocumentId, context: DocumentContext<'_>) -> u32 {
    let inside =
        |document: &&Document| matches!(&document.body, DocumentBody::Account(account) if account.inbox.0 == inbox.0);
    u32::try_from(context.documents.values().filter(inside).count()).unwrap_or(u32::MAX)
}

/// The first rule that moves leads into the inbox, also one that is switched off: whoever switches it on expects it to work.
fn rule_into(inbox: DocumentId, context: DocumentContext<'_>) -> Option<String> {
    let DocumentBody::Rules(set) = &context.documents.get(&RuleSet::document())?.body else {
        return None;
    };
    let moves = |action: &RuleAction| matches!(action, RuleAction::Move { to } if to.0 == inbox.0);
    let rule = set.rules.iter().find(|rule| rule.then.iter().any(moves))?;
    Some(rule.name.clone())
}

fn may_change(command: &Command, context: DocumentContext<'_>) -> Result<(), Refusal> {
    let refused = Err(Refusal::NotPermitted {
        needs: Capability::Manage,
        inbox: None,
    });
    match command.actor {
        Actor::Operator => Ok(()),
        Actor::Channel { .. } | Actor::Timer => refused,
        Actor::Member { id } => match context.members.get(&id).filter(|member| member.active) {
            // Nobody signs off for somebody else, an admin neither.
            Some(member)
                if signed_off(&command.body).is_some_and(|sign_off| !own_review(member, sign_off, context)) =>
            {
                refused
            }
            Some(member) if member.role == Role::Admin => Ok(()),
            // Everybody may say when they are away and who stands in; a rep's own name and signature are theirs too.
            Some(member) => match &command.body {
                CommandBody::PutDocument { document } => match &**document {
                    DocumentBody::Member(changed) if own_affairs(member, changed) => Ok(()),
                    DocumentBody::Inbox(changed) if member.role == Role::Manager && only_targets(changed, context) => {
                        Ok(())
                    }
                    DocumentBody::Account(changed) if member.role == Role::Manager && only_mode(changed, context) => {
                        Ok(())
                    }
                    // Who gets which lead is for whoever leads the work to say.
                    DocumentBody::Rules(_) | DocumentBody::Companies(_) if member.role == Role::Manager => Ok(()),
                    DocumentBody::Review(_) => Ok(()),
                    _ => refused,
                },
                _ => refused,
            },
            None => refused,
        },
    }
}

/// How far Baton acts on an account is for whoever leads the work to say; everything else about it is an admin's.
fn only_mode(after: &Account, context: DocumentContext<'_>) -> bool {
    let before = context
        .documents
        .get(&DocumentId(after.id.0))
        .map(|document| &document.body);
    let Some(DocumentBody::Account(before)) = before else {
        return false;
    };
    let mut allowed = before.clone();
    allowed.mode = after.mode;
    allowed == *after
}

/// So is what an inbox promises, when people are at work, and whom it asks when something is late.
fn only_targets(after: &Inbox, context: DocumentContext<'_>) -> bool {
    let before = context
        .documents
        .get(&DocumentId(after.id.0))
        .map(|document| &document.body);
    let Some(DocumentBody::Inbox(before)) = before else {
        return false;
    };
    let mut allowed = before.clone();
    allowed.policy.sla.clone_from(&after.policy.sla);
    allowed.policy.calendar.clone_from(&after.policy.calendar);
    allowed.policy.escalation.clone_from(&after.policy.escalation);
    allowed.policy.stale_days = after.policy.stale_days;
    allowed.policy.on_call.clone_from(&after.policy.on_call);
    allowed.policy.workflow.clone_from(&after.policy.workflow);
    allowed.policy.auto_replies.clone_from(&after.policy.auto_replies);
    allowed == *after
}

/// What is sent says something, and what is kept is not endless.
fn sound_auto_replies(replies: &AutoReplies) -> Result<(), Refusal> {
    for (field, wanted) in [
        ("acknowledgement", &replies.acknowledgement),
        ("outOfHours", &replies.out_of_hours),
    ] {
        if wanted.on || !wanted.text.trim().is_empty() {
            text(field, &wanted.text, AUTO_REPLY_CHARS)?;
        }
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if wanted.text.contains(control) {
            return Err(invalid(field, Invalid::Unknown));
        }
    }
    Ok(())
}

fn own_affairs(before: &Member, after: &Member) -> bool {
    let mut allowed = before.clone();
    allowed.name.clone_from(&after.name);
    allowed.absent_until = after.absent_until;
    allowed.backup = after.backup;
    allowed.hours.clone_from(&after.hours);
    allowed.signature.clone_from(&after.signature);
    allowed == *after
}

fn based_on(command: &Command, current: Option<&Document>) -> Result<(), Refusal> {
    let version = current.map_or(0, |current| current.version);
    match command.based_on {
        Some(based_on) if based_on != version => Err(Refusal::VersionConflict { theirs: version }),
        _ => Ok(()),
    }
}

fn plausible(document: &DocumentBody, context: DocumentContext<'_>) -> Result<(), Refusal> {
    match document {
        DocumentBody::Workspace(workspace) => text("name", &workspace.name, 200).map(drop),
        // A grant is asked for by the host itself, and never put.
        DocumentBody::Host(_) => Err(invalid("document", Invalid::NotNow)),
        DocumentBody::Rules(rules) => check_rules(rules, context.documents, context.members),
        DocumentBody::Companies(companies) => {
            let known = context.documents.get(&Companies::document()).map(|known| &known.body);
            let before = match known {
                Some(DocumentBody::Companies(before)) => Some(before),
                _ => None,
            };
            companies.check(before, context.members)
        }
        DocumentBody::Review(sign_off) => {
            if sign_off.inboxes.is_empty() {
                Err(invalid("inboxes", Invalid::Empty))
            } else if sign_off.settled > sign_off.listed || sign_off.took_ms < 0 {
                Err(invalid("settled", Invalid::Unknown))
            } else {
                Ok(())
            }
        }
        DocumentBody::Inbox(inbox) => {
            text("name", &inbox.name, 200)?;
            // Only what changes is judged: an old calendar with a flaw must not keep a right from being given.
            let before = context.documents.get(&DocumentId(inbox.id.0)).map(|known| &known.body);
            let policy = match before {
                Some(DocumentBody::Inbox(before)) => Some(&before.policy),
                _ => None,
            };
            if policy.is_none_or(|policy| policy.calendar != inbox.policy.calendar) {
                let checked = inbox.policy.calendar.check();
                checked.map_err(|fault| invalid(fault.field(), Invalid::Unknown))?;
            }
            if !(1..=LONGEST_STILL_DAYS).contains(&inbox.policy.stale_days) {
                return Err(invalid("staleDays", Invalid::Unknown));
            }
            let workflow = &inbox.policy.workflow;
            if policy.is_none_or(|policy| policy.workflow != *workflow) {
                workflow.check().map_err(|fault| invalid(&fault.field, fault.why))?;
            }
            if let Some(replies) = &inbox.policy.auto_replies {
                sound_auto_replies(replies)?;
            }
            if !inbox.policy.sla.is_sound() {
                return Err(invalid("sla", Invalid::Unknown));
            }
            let rota = inbox.policy.on_call.as_ref();
            if let Some(rota) = rota.filter(|_| policy.is_none_or(|policy| policy.on_call.as_ref() != rota)) {
                can_be_kept(rota, context)?;
            }
            let path = &inbox.policy.escalation;
            let same = policy.is_some_and(|policy| policy.escalation == *path);
            if same || (path.is_sound() && path.named().all(|id| context.members.contains_key(&id))) {
                Ok(())
            } else {
                Err(invalid("escalation", Invalid::Unknown))
            }
        }
        DocumentBody::Account(account) => {
            if !account.address.contains('@') {
                return Err(invalid("address", Invalid::NotAnAddress));
            }
            for signature in &account.signatures {
                text("signature", &signature.text, SIGNATURE_CHARS)?;
            }
            sound_folders(account, context)
        }
        DocumentBody::Member(member) => {
            text("name", &member.name, 200)?;
            if !member.email.contains('@') {
                return Err(invalid("email", Invalid::NotAnAddress));
            }
            let taken = |other: &&Member| {
                other.id != member.id && other.active && other.email.eq_ignore_ascii_case(&member.email)
            };
            if member.active && context.members.values().any(|other| taken(&other)) {
                return Err(invalid("email", Invalid::NotNow));
            }
            let before = context.members.get(&member.id);
            if let Some(hours) = member.hours.as_ref().filter(|hours| {
                let known = before.and_then(|before| before.hours.as_ref());
                known != Some(*hours)
            }) {
                let checked = hours.check();
                checked.map_err(|fault| invalid(fault.field(), Invalid::Unknown))?;
            }
            let same_backup = before.is_some_and(|before| before.backup == member.backup);
            if member.backup == Some(member.id) && !same_backup {
                return Err(invalid("backup", Invalid::NotNow));
            }
            let was_admin = context
                .members
                .get(&member.id)
                .is_some_and(|before| before.active && before.role == Role::Admin);
            let other_admin = context
                .members
                .values()
                .any(|other| other.id != member.id && other.active && other.role == Role::Admin);
            if was_admin && !other_admin && (!member.active || member.role != Role::Admin) {
                // Somebody must be left who can let others in.
                return Err(invalid("role", Invalid::NotNow));
            }
            Ok(())
        }
    }
}

/// A rota names people who are known, and says when they hand over.
fn can_be_kept(rota: &OnCallRota, context: DocumentContext<'_>) -> Result<(), Refusal> {
    rota.check().map_err(|field| invalid(field, Invalid::Unknown))?;
    if rota.named().all(|id| context.members.contains_key(&id)) {
        Ok(())
    } else {
        Err(invalid("members", Invalid::Unknown))
    }
}
