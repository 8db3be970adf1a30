//! What a native notification says: plain text, in the person's language.

use baton_domain::{
    Conversation, ConversationId, Escalation, EscalationReason, FollowUp, FollowUpKind, HOUR_MS, MINUTE_MS, Timestamp,
};

use super::documents::Documents;
use super::remind::{Kind, Reminder};
use crate::{Language, Notification, NotificationAction};

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
    language: Language,
) -> Notification {
    let who = who(state);
    let by = |fallback: &str| {
        reminder
            .by
            .map_or_else(|| fallback.to_owned(), |by| documents.name(by).to_owned())
    };
    let colleague = || language.say("notify_colleague", &[]);
    let next = |step: &str| language.say("notify_next", &[("step", step)]);
    let title = |name: &str, by: &str| language.say(name, &[("who", &who), ("name", by)]);
    let (title, first, actions) = match reminder.kind {
        Kind::FollowUp => (
            title("notify_follow_up", ""),
            state
                .follow_up
                .as_ref()
                .map(|follow_up| promised(follow_up, now, language)),
            ["open", "in1h", "done"].as_slice(),
        ),
        Kind::Answered => (
            title("notify_answered", ""),
            preview(state),
            ["open", "snooze"].as_slice(),
        ),
        Kind::Covering => (
            title(
                "notify_covering",
                &state
                    .owner
                    .map(|owner| documents.name(owner).to_owned())
                    .unwrap_or_default(),
            ),
            preview(state),
            ["open"].as_slice(),
        ),
        Kind::Nudged => (
            title("notify_nudged", &by(&colleague())),
            preview(state),
            ["open"].as_slice(),
        ),
        Kind::Breached => (title("notify_breached", ""), preview(state), ["open"].as_slice()),
        Kind::Warned => (
            title("notify_warned", ""),
            due_in(state, now, language),
            ["open"].as_slice(),
        ),
        Kind::NewLead => (
            title("notify_new_lead", ""),
            preview(state),
            ["open", "claim"].as_slice(),
        ),
        Kind::Told => (title("notify_told", ""), preview(state), ["open"].as_slice()),
        Kind::Assigned => (
            title("notify_assigned", &by("Baton")),
            preview(state),
            ["open"].as_slice(),
        ),
        Kind::Offered => (
            title("notify_offered", &by(&colleague())),
            state.handoff.as_ref().map(|offer| next(&offer.context.next_step)),
            ["open", "accept"].as_slice(),
        ),
        Kind::Escalated => (
            title("notify_escalated", ""),
            state
                .escalation
                .as_ref()
                .map(|running| asked(running, documents, language)),
            ["open", "have"].as_slice(),
        ),
        Kind::Asked => (title("notify_asked", &by(&colleague())), None, ["open"].as_slice()),
        Kind::Trouble => (title("notify_trouble", ""), None, ["open"].as_slice()),
    };
    let next_step = state
        .next_step_text()
        .filter(|_| !matches!(reminder.kind, Kind::Offered))
        .map(next);
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
        actions: buttons(actions, language),
        conversation: Some(state.id),
    }
}

/// Several conversations at once: after a start or a sleep.
pub(super) fn bundle(key: String, rows: &[(Reminder, &Conversation)], language: Language) -> Notification {
    let named = rows.iter().take(NAMED).map(|(reminder, state)| {
        let what = language.say(
            match reminder.kind {
                Kind::Trouble => "notify_bundle_trouble",
                Kind::Asked => "notify_bundle_asked",
                Kind::Escalated => "notify_bundle_escalated",
                Kind::Offered => "notify_bundle_offered",
                Kind::Breached => "notify_bundle_breached",
                Kind::Nudged => "notify_bundle_nudged",
                Kind::Answered => "notify_bundle_answered",
                Kind::Covering => "notify_bundle_covering",
                Kind::Warned => "notify_bundle_warned",
                Kind::FollowUp => "notify_bundle_follow_up",
                Kind::Assigned => "notify_bundle_assigned",
                Kind::Told => "notify_bundle_told",
                Kind::NewLead => "notify_bundle_new_lead",
            },
            &[],
        );
        short(&language.say("notify_bundle_line", &[("who", &who(state)), ("what", &what)]))
    });
    let mut lines: Vec<String> = named.collect();
    let more = rows.len().saturating_sub(NAMED);
    if more > 0 {
        lines.push(language.count("notify_bundle_more", number(more), &[]));
    }
    let conversation: Option<ConversationId> = None;
    Notification {
        key,
        title: language.count("notify_bundle", number(rows.len()), &[]),
        body: lines.join("\n"),
        actions: buttons(&["open"], language),
        conversation,
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn buttons(actions: &[&str], language: Language) -> Vec<NotificationAction> {
    let label = |action: &str| match action {
        "in1h" | "snooze" => "notify_in_1h",
        "done" => "notify_done",
        "claim" => "notify_claim",
        "accept" => "notify_take",
        "have" => "notify_have_it",
        _ => "notify_open",
    };
    actions
        .iter()
        .map(|action| NotificationAction {
            id: (*action).to_owned(),
            label: language.say(label(action), &[]),
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

/// The time that is left for the answer, on the wall: in minutes, over a night or a weekend in hours.
fn due_in(state: &Conversation, now: Timestamp, language: Language) -> Option<String> {
    let clock = state
        .clocks
        .iter()
        .find(|clock| clock.kind.is_response() && clock.runs())?;
    let left = clock.due.since_ms(now);
    let (name, unit) = if left < 2 * HOUR_MS {
        ("notify_left", MINUTE_MS)
    } else {
        ("notify_left_hours", HOUR_MS)
    };
    let count = u64::try_from(left.div_euclid(unit)).unwrap_or_default().max(1);
    Some(language.count(name, count, &[]))
}

/// Why somebody is to see to it.
fn asked(running: &Escalation, documents: &Documents, language: Language) -> String {
    match &running.reason {
        EscalationReason::Late { .. } => language.say("notify_escalated_late", &[]),
        EscalationReason::BeforeClosing => language.say("notify_escalated_before_closing", &[]),
        EscalationReason::ByHand { by, words } => {
            let named = [("name", documents.name(*by)), ("words", words)];
            language.say("notify_escalated_by_hand", &named)
        }
        EscalationReason::ByRule { name, words, .. } => {
            language.say("notify_escalated_by_hand", &[("name", name), ("words", words)])
        }
    }
}

fn promised(follow_up: &FollowUp, now: Timestamp, language: Language) -> String {
    let usual = match follow_up.kind {
        FollowUpKind::Chase { .. } => "notify_chase",
        FollowUpKind::Owed => "notify_owed",
        FollowUpKind::Chosen => "notify_chosen",
        FollowUpKind::Closing => "notify_closing",
    };
    let what = match &follow_up.text {
        Some(text) if !text.trim().is_empty() => text.clone(),
        _ => language.say(usual, &[]),
    };
    let days = now.since_ms(follow_up.due) / baton_domain::DAY_MS;
    match u64::try_from(days) {
        Ok(days) if days > 0 => language.count("notify_late", days, &[("what", &what)]),
        _ => what,
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
