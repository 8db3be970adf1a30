//! What a native notification says. Plain text, in English: the window's catalogue of messages can't be reached from here.

use baton_domain::{Conversation, ConversationId, FollowUp, FollowUpKind, Timestamp};

use super::documents::Documents;
use super::remind::{Kind, Reminder};
use crate::{Notification, NotificationAction};

/// The longest line, in characters.
const LINE: usize = 140;
/// How many conversations a bundle names.
const NAMED: usize = 5;

/// A reminder about one conversation.
pub(super) fn notification(
    key: String,
    reminder: &Reminder,
    state: &Conversation,
    documents: &Documents,
    now: Timestamp,
) -> Notification {
    let who = who(state);
    let by = |fallback: &str| {
        reminder
            .by
            .map_or_else(|| fallback.to_owned(), |by| documents.name(by).to_owned())
    };
    let (title, first, actions) = match reminder.kind {
        Kind::FollowUp => (
            format!("Follow-up due: {who}"),
            state.follow_up.as_ref().map(|follow_up| promised(follow_up, now)),
            [("open", "Open"), ("in1h", "In 1 hour"), ("done", "Done")].as_slice(),
        ),
        Kind::Answered => (
            format!("{who} answered"),
            preview(state),
            [("open", "Open"), ("snooze", "In 1 hour")].as_slice(),
        ),
        Kind::NewLead => (
            format!("New lead: {who}"),
            preview(state),
            [("open", "Open"), ("claim", "Claim")].as_slice(),
        ),
        Kind::Assigned => (
            format!("{} gave you {who}", by("Baton")),
            preview(state),
            [("open", "Open")].as_slice(),
        ),
        Kind::Offered => (
            format!("{} hands you {who}", by("A colleague")),
            state
                .handoff
                .as_ref()
                .map(|offer| format!("Next: {}", offer.context.next_step)),
            [("open", "Open"), ("accept", "Take it")].as_slice(),
        ),
        Kind::Asked => (
            format!("{} asks for your reply to {who}", by("A colleague")),
            None,
            [("open", "Open")].as_slice(),
        ),
        Kind::Trouble => (
            format!("Your reply to {who} may not have arrived"),
            None,
            [("open", "Open")].as_slice(),
        ),
    };
    let next_step = state
        .next_step_text()
        .filter(|_| !matches!(reminder.kind, Kind::Offered))
        .map(|step| format!("Next: {step}"));
    let lines = [Some(state.subject.clone()), first, next_step];
    let mut body: Vec<String> = Vec::new();
    for line in lines.into_iter().flatten().filter(|line| !line.trim().is_empty()) {
        let line = short(&line);
        if !body.contains(&line) {
            body.push(line);
        }
    }
    Notification {
        key,
        title: short(&title),
        body: body.join("\n"),
        actions: buttons(actions),
        conversation: Some(state.id),
    }
}

/// Several conversations at once: after a start or a sleep.
pub(super) fn bundle(key: String, rows: &[(Reminder, &Conversation)]) -> Notification {
    let named = rows.iter().take(NAMED).map(|(reminder, state)| {
        let what = match reminder.kind {
            Kind::Trouble => "reply in doubt",
            Kind::Asked => "asked for",
            Kind::Offered => "offered to you",
            Kind::Answered => "answered",
            Kind::FollowUp => "follow-up due",
            Kind::Assigned => "given to you",
            Kind::NewLead => "new lead",
        };
        short(&format!("{}: {what}", who(state)))
    });
    let mut lines: Vec<String> = named.collect();
    let more = rows.len().saturating_sub(NAMED);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    let conversation: Option<ConversationId> = None;
    Notification {
        key,
        title: format!("{} conversations need you", rows.len()),
        body: lines.join("\n"),
        actions: buttons(&[("open", "Open")]),
        conversation,
    }
}

fn buttons(actions: &[(&str, &str)]) -> Vec<NotificationAction> {
    actions
        .iter()
        .map(|(id, label)| NotificationAction {
            id: (*id).to_owned(),
            label: (*label).to_owned(),
        })
        .collect()
}

/// The customer as a salesperson would name them: the company, else the person, else the address.
fn who(state: &Conversation) -> String {
    let contact = &state.contact;
    let person = if contact.name.trim().is_empty() {
        &contact.email
    } else {
        &contact.name
    };
    match &state.company {
        Some(company) if !company.trim().is_empty() => company.clone(),
        _ => person.clone(),
    }
}

fn promised(follow_up: &FollowUp, now: Timestamp) -> String {
    let what = match (&follow_up.text, follow_up.kind) {
        (Some(text), _) if !text.trim().is_empty() => text.clone(),
        (_, FollowUpKind::Chase { .. }) => "No answer yet: time to ask again".to_owned(),
        (_, FollowUpKind::Owed) => "You promised something by now".to_owned(),
        (_, FollowUpKind::Chosen) => "You wanted to look at it now".to_owned(),
        (_, FollowUpKind::Closing) => "No answer to the last try: close it?".to_owned(),
    };
    let days = now.since_ms(follow_up.due) / baton_domain::DAY_MS;
    match days {
        i64::MIN..=0 => what,
        1 => format!("{what} (a day late)"),
        days => format!("{what} ({days} days late)"),
    }
}

fn preview(state: &Conversation) -> Option<String> {
    state
        .last_message
        .as_ref()
        .map(|last| last.preview.replace(['\n', '\r'], " "))
}

fn short(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    if clean.chars().count() <= LINE {
        return clean.to_owned();
    }
    let mut cut: String = clean.chars().take(LINE.saturating_sub(1)).collect();
    cut.push('…');
    cut
}
