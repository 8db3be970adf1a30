//! A scene, written down as it is played.

use std::fmt::Write as _;

use baton_domain::*;
use serde_json::Value;

use super::{ANNA, BEN, MIRA, Team};

/// A team that promises the usual, and what was written down so far. It begins on Thursday 26 November 2026 at ten in Berlin.
pub struct Scene {
    pub team: Team,
    text: String,
}

/// Plays a scene and gives its transcript.
pub fn transcript(play: impl FnOnce(&mut Scene)) -> String {
    let mut scene = Scene {
        team: Team::with_targets(),
        text: String::new(),
    };
    play(&mut scene);
    scene.text
}

impl Scene {
    /// Time passes, to that instant in Berlin.
    pub fn later(&mut self, to: &str) {
        self.team.now = super::berlin(to);
    }

    /// A person asks; what follows, or the refusal, is written down.
    pub fn act(&mut self, member: MemberId, body: CommandBody) {
        let command = self.team.command(Actor::Member { id: member }, body);
        self.run(&command);
    }

    /// A person asks with something older on screen.
    pub fn having_seen(&mut self, member: MemberId, seen: MessageId, body: CommandBody) {
        let mut command = self.team.command(Actor::Member { id: member }, body);
        command.last_seen = Some(seen);
        self.run(&command);
    }

    /// A channel or a timer reports.
    pub fn machine(&mut self, body: CommandBody) {
        let command = self.team.command(
            Actor::Channel {
                account: super::SALES_AT,
            },
            body,
        );
        self.run(&command);
    }

    /// Carl writes.
    pub fn carl(&mut self, text: &str) {
        let message = self.team.message(text);
        self.receive(message);
    }

    pub fn receive(&mut self, message: Message) {
        self.machine(CommandBody::Receive {
            message: Box::new(message),
            live: true,
            inbox: super::SALES,
        });
    }

    /// Somebody types and sends.
    pub fn reply(&mut self, member: MemberId, after: AfterReply) -> MessageId {
        if self.team.conversation().lock.is_none() {
            self.act(member, CommandBody::TakeLock { cover: false });
        }
        let body = self.team.reply_body(member, after);
        self.act(member, body);
        self.team.conversation().outbound.last().unwrap().id
    }

    /// The newest reply leaves, when it may, and the provider takes it.
    pub fn delivered(&mut self) {
        let outbound = self.team.conversation().outbound.last().unwrap().clone();
        self.team.now = self.team.now.max(outbound.not_before);
        let attempt = outbound.attempt + 1;
        let outbound = outbound.id;
        self.machine(CommandBody::OutboundSending { outbound, attempt });
        self.machine(CommandBody::OutboundSent {
            outbound,
            reply: "250 ok".to_owned(),
        });
    }

    /// Time passes to the next deadline, and it fires.
    pub fn deadline(&mut self) {
        let (at, what) = next_deadline(self.team.conversation()).expect("something is due");
        self.team.now = self.team.now.max(at);
        let command = self.team.command(Actor::Timer, CommandBody::Due { what, at });
        self.run(&command);
    }

    /// Something happens that is no command of this scene.
    pub fn does(&mut self, what: &str, doing: impl FnOnce(&mut Team)) {
        let before = self.team.log.len();
        doing(&mut self.team);
        let _ = writeln!(self.text, "{}  {what}", local(self.team.now));
        self.say(before);
    }

    fn run(&mut self, command: &Command) {
        let who = match command.actor {
            Actor::Member { id } => name(id.0).unwrap_or("somebody"),
            Actor::Timer => "the clock",
            _ => "the mailbox",
        };
        let asked = words(&serde_json::to_value(&command.body).unwrap());
        let _ = writeln!(self.text, "{}  {who}: {asked}", local(self.team.now));
        let before = self.team.log.len();
        match self.team.run(command) {
            Ok(_) => self.say(before),
            Err(refusal) => {
                let refused = words(&serde_json::to_value(&refusal).unwrap());
                let _ = writeln!(self.text, "    refused: {refused}");
            }
        }
    }

    fn say(&mut self, before: usize) {
        if self.team.log.len() == before {
            let _ = writeln!(self.text, "    nothing changes");
        }
        for (_, event) in &self.team.log[before..] {
            let event = words(&serde_json::to_value(event).unwrap());
            let _ = writeln!(self.text, "    {event}");
        }
    }
}

fn name(id: uuid::Uuid) -> Option<&'static str> {
    let known = [
        (ANNA.0, "Anna"),
        (BEN.0, "Ben"),
        (MIRA.0, "Mira"),
        (super::LEAD.0, "the lead"),
        (super::SALES.0, "Sales"),
        (super::SALES_AT.0, "sales@"),
        (super::SUPPORT.0, "Support"),
        (super::SUPPORT_AT.0, "support@"),
    ];
    known.iter().find(|(other, _)| *other == id).map(|(_, name)| *name)
}

/// What only machines read.
const SILENT: [&str; 12] = [
    "digest",
    "draft",
    "references",
    "headerId",
    "sources",
    "halfAt",
    "account",
    "source",
    "outbound",
    "token",
    "contact",
    "device",
];

/// A value of the log in words: ids by their names, instants in Berlin, what says nothing left out.
fn words(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            // A message by its text, a reply by when it leaves, a clock by when it is due.
            let field = |key: &str| fields.get(key).map(words).unwrap_or_default();
            if fields.contains_key("preview") {
                return format!("{} \"{}\"", field("kind"), field("preview"));
            }
            if fields.contains_key("notBefore") && fields.contains_key("queuedAt") {
                return format!("by {}, leaves {}", field("by"), field("notBefore"));
            }
            if fields.contains_key("pauses") {
                return format!("{} due {}, warned of {}", field("kind"), field("due"), field("warnAt"));
            }
            let said = fields.iter().filter(|(key, value)| {
                let id = value
                    .as_str()
                    .is_some_and(|text| uuid::Uuid::parse_str(text).is_ok_and(|id| name(id).is_none()));
                *key != "type" && !SILENT.contains(&key.as_str()) || value.is_object() && *key == "outbound" && !id
            });
            let said = said.filter(|(_, value)| match value {
                Value::Null | Value::Bool(false) => false,
                Value::Array(items) => !items.is_empty(),
                Value::String(text) => {
                    !text.is_empty() && uuid::Uuid::parse_str(text).map_or(true, |id| name(id).is_some())
                }
                _ => true,
            });
            // In one order, whatever order a build keeps fields in.
            let mut said: Vec<_> = said.collect();
            said.sort_by_key(|(key, _)| *key);
            let parts: Vec<String> = said
                .into_iter()
                .map(|(key, value)| match value {
                    Value::Bool(true) => key.clone(),
                    value => format!("{key} {}", words(value)),
                })
                .collect();
            match fields.get("type").and_then(Value::as_str) {
                Some(kind) if parts.is_empty() => kind.to_owned(),
                Some(kind) => format!("{kind}: {}", parts.join(", ")),
                None => format!("({})", parts.join(", ")),
            }
        }
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(" and "),
        Value::String(text) => uuid::Uuid::parse_str(text)
            .ok()
            .and_then(name)
            .map_or_else(|| text.clone(), str::to_owned),
        Value::Number(number) => match number.as_i64() {
            Some(at) if at > 1_000_000_000_000 => local(Timestamp(at)),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// In Berlin, e.g. "Thu 26 Nov 10:15".
fn local(at: Timestamp) -> String {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap();
    zone.to_datetime(at).strftime("%a %-d %b %H:%M").to_string()
}
