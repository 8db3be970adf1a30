//! Reading and moving SLA clocks in tests.

use baton_domain::*;

use super::{ANNA, SALES, Team};

pub fn clock(team: &Team, kind: ClockKind) -> Clock {
    let found = team.conversation().clocks.iter().find(|clock| clock.kind == kind);
    found
        .unwrap_or_else(|| panic!("no {kind:?} clock in {:?}", team.conversation().clocks))
        .clone()
}

pub fn breaches(team: &Team) -> Vec<(ClockKind, Timestamp)> {
    let breach = |(_, event): &(Stamp, Event)| match event {
        Event::ClockBreached { clock, at } => Some((*clock, *at)),
        _ => None,
    };
    team.log.iter().filter_map(breach).collect()
}

/// In Berlin, e.g. "Thu 26 10:15".
pub fn local(at: Timestamp) -> String {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap();
    zone.to_datetime(at).strftime("%a %d %H:%M").to_string()
}

/// A reply that did not go through Baton, sent then and seen now.
pub fn outside(team: &mut Team, at: Timestamp) -> Vec<Event> {
    let mut message = team.message("Here you are.");
    message.direction = Direction::Outside;
    message.at = at;
    team.system(CommandBody::ExternalReply {
        message: Box::new(message),
        live: true,
        inbox: SALES,
    })
    .unwrap()
}

pub fn category(category: Category) -> CommandBody {
    CommandBody::SetFields {
        category: Some(category),
        priority: None,
        value: None,
        company: None,
        subject: None,
        details: Box::default(),
    }
}

pub fn close(team: &mut Team) {
    team.act(
        ANNA,
        CommandBody::Close {
            outcome: Some(Outcome::Lost),
            reason: None,
        },
    );
}

/// A team that also promises an end within ten business hours.
pub fn with_resolution() -> Team {
    let mut team = Team::with_targets();
    for rule in &mut team.inbox.policy.sla.rules {
        rule.targets.resolution = Some(Target::business(10 * HOUR_MS));
    }
    team
}
