//! The team and its house: Anna and Ben the reps, Mira the manager (and as many more reps as asked for), one mailbox for
//! Sales, and one for Partners that only Mira may read.

use std::collections::BTreeMap;

use baton_domain::{
    Access, Account, AccountId, AccountMode, AutoReplies, AutoReplyText, BusinessCalendar, Capability, Companies,
    Company, Condition, DeviceId, DistributeBy, DocumentBody, EscalationAsk, EscalationPath, EscalationStep, HOUR_MS,
    Inbox, InboxId, InboxPolicy, MINUTE_MS, Member, MemberId, NamedStatus, OnCallRota, PoolMember, Role, Rule,
    RuleAction, RuleId, RuleSet, SlaPolicy, Status, StatusId, Target, Timestamp, WordsIn, Workflow, Workspace,
    WorkspaceId,
};
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::rng::Rng;

/// Thursday 26 November 2026, 15:20 in Berlin: every life begins here.
pub const START: Timestamp = Timestamp(1_795_702_800_000);

/// The workspace.
pub const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(0xba70));
/// The inbox the reps work in.
pub const SALES: InboxId = InboxId(Uuid::from_u128(0x5a1e));
/// The inbox only managers may read.
pub const PARTNERS: InboxId = InboxId(Uuid::from_u128(0x9a27));
/// The mailbox of Sales.
pub const SALES_AT: AccountId = AccountId(Uuid::from_u128(0x005a_1ea7));
/// The mailbox of Partners.
pub const PARTNERS_AT: AccountId = AccountId(Uuid::from_u128(0x009a_27a7));

/// The mailboxes with their addresses and inboxes.
pub const MAILBOXES: [(AccountId, InboxId, &str, &str); 2] = [
    (SALES_AT, SALES, "sales@baton.example", "Sales"),
    (PARTNERS_AT, PARTNERS, "partners@baton.example", "Partners"),
];

const REPS: [&str; 9] = ["Anna", "Ben", "Dora", "Emil", "Fatma", "Goran", "Hanna", "Igor", "Jana"];

/// The customers: every third of them writes to Partners.
const CUSTOMERS: [&str; 8] = ["Carl", "Petra", "Luigi", "Olga", "Sven", "Wanda", "Yusuf", "Zoe"];

/// Where two customers write from, whose company somebody looks after.
const WORKS: &str = "works.example";

/// What the inboxes call standings besides.
pub const STATUSES: [(&str, Status); 3] = [
    ("in-hand", Status::Assigned),
    ("asked-back", Status::Waiting),
    ("second-quote", Status::QuoteSent),
];

fn named(id: &str, stands_for: Status) -> NamedStatus {
    NamedStatus {
        id: StatusId(id.to_owned()),
        name: id.replace('-', " "),
        sentence: format!("A conversation that is {id}."),
        stands_for,
        hidden: false,
    }
}

/// Until half past three: every life begins shortly before.
fn short_hours() -> BusinessCalendar {
    let mut hours = BusinessCalendar::weekdays("Europe/Berlin");
    for day in &mut hours.hours {
        day.to_minute = 15 * 60 + 30;
    }
    hours
}

/// Somebody of the team at their desk.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub id: MemberId,
    /// Their first name.
    pub name: String,
    /// Their computer.
    pub device: DeviceId,
    /// What they may do.
    pub role: Role,
}

/// Everybody.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The team, one desktop each.
    pub people: Vec<Person>,
    zone: TimeZone,
    names: BTreeMap<MemberId, String>,
}

impl Cast {
    /// A team of `desktops`: the last of them is Mira the manager.
    #[must_use]
    pub fn new(desktops: usize) -> Self {
        let reps = REPS
            .iter()
            .take(desktops.saturating_sub(1))
            .map(|name| (*name, Role::Rep));
        let people: Vec<Person> = reps
            .chain([("Mira", Role::Manager)])
            .zip(1..)
            .map(|((name, role), number): (_, u128)| Person {
                id: MemberId(Uuid::from_u128(0xa000 + number)),
                name: name.to_owned(),
                device: DeviceId(Uuid::from_u128(0xd000 + number)),
                role,
            })
            .collect();
        let names = people.iter().map(|person| (person.id, person.name.clone())).collect();
        Self {
            people,
            zone: TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC),
            names,
        }
    }

    /// A member's first name.
    #[must_use]
    pub fn name(&self, member: MemberId) -> &str {
        self.names.get(&member).map_or("somebody", String::as_str)
    }

    /// An instant as people read it: the day where it is not the first one, hours, minutes and seconds in Berlin.
    #[must_use]
    pub fn clock(&self, at: Timestamp) -> String {
        let Ok(instant) = jiff::Timestamp::from_millisecond(at.0) else {
            return at.0.to_string();
        };
        let local = instant.to_zoned(self.zone.clone());
        let same_day = at.0 >= START.0 && at.0 < START.plus_ms(8 * 60 * MINUTE_MS).0;
        local
            .strftime(if same_day { "%H:%M:%S" } else { "%a %d %H:%M:%S" })
            .to_string()
    }

    /// What the house begins with: the workspace, its members, inboxes and mailboxes.
    #[must_use]
    pub fn documents(&self) -> Vec<DocumentBody> {
        let workspace = Workspace {
            id: WORKSPACE,
            name: "Murmel".to_owned(),
        };
        let members = self.people.iter().map(|person| {
            DocumentBody::Member(Member {
                id: person.id,
                name: person.name.clone(),
                email: format!("{}@baton.example", person.name.to_lowercase()),
                role: person.role,
                active: true,
                absent_until: None,
                backup: None,
                hours: (self.rep(1) == Some(person.id)).then(short_hours),
                signature: None,
            })
        });
        let inboxes = MAILBOXES.iter().map(|(_, inbox, _, name)| {
            let readers = self
                .people
                .iter()
                .filter(|person| *inbox == SALES && person.role == Role::Rep);
            DocumentBody::Inbox(Inbox {
                id: *inbox,
                name: (*name).to_owned(),
                access: readers.map(|person| full_access(person.id)).collect(),
                policy: self.policy(),
            })
        });
        // Whoever looks after it works the shortest hours.
        let companies = Companies {
            companies: vec![Company {
                name: "Works".to_owned(),
                domains: vec![WORKS.to_owned()],
                owner: self.rep(1),
                tier: Some("gold".to_owned()),
                account_type: None,
                region: None,
            }],
        };
        let accounts = MAILBOXES.iter().map(|(account, inbox, address, name)| {
            DocumentBody::Account(Account {
                id: *account,
                inbox: *inbox,
                address: (*address).to_owned(),
                name: (*name).to_owned(),
                aliases: Vec::new(),
                live_since: START,
                mode: AccountMode::Together,
                hosted_by: None,
                signatures: Vec::new(),
                folders: Vec::new(),
            })
        });
        [DocumentBody::Workspace(workspace)]
            .into_iter()
            .chain(members)
            .chain(inboxes)
            .chain(accounts)
            .chain([DocumentBody::Rules(self.rules()), DocumentBody::Companies(companies)])
            .collect()
    }

    fn rep(&self, at: usize) -> Option<MemberId> {
        let person = self.people.get(at).filter(|person| person.role == Role::Rep)?;
        Some(person.id)
    }

    /// Every other enquiry goes to the reps in turn, one in ten to whoever has the least to do, and one in ten to somebody who
    /// is often gone by then; the rest wait to be claimed. Some belong to the other inbox, some are asked about, and of some people are told.
    fn rules(&self) -> RuleSet {
        let reps: Vec<PoolMember> = self
            .people
            .iter()
            .filter(|person| person.role == Role::Rep)
            .map(|person| PoolMember {
                member: person.id,
                capacity: None,
            })
            .collect();
        let digits = |list: &[u8]| Condition::Words {
            place: WordsIn::Subject,
            one_of: list.iter().map(|digit| format!("{digit} of")).collect(),
        };
        let rule = |number: u128, name: &str, when, then| Rule {
            id: RuleId(Uuid::from_u128(0x70_0000 + number)),
            name: name.to_owned(),
            enabled: true,
            when,
            stop: matches!(then, RuleAction::Move { .. }).then_some(false),
            then: vec![then],
        };
        let distribute = |by, pool| RuleAction::Distribute { by, pool };
        let short = reps.get(1..2).unwrap_or(&reps).to_vec();
        let escalate = RuleAction::Escalate {
            words: "somebody must look at it".to_owned(),
        };
        let notify = RuleAction::Notify {
            members: self.people.iter().map(|person| person.id).collect(),
        };
        let rules = vec![
            rule(3, "Asked about", digits(&[6, 9]), escalate),
            rule(4, "Told of", digits(&[5, 8]), notify),
            rule(5, "For Partners", digits(&[4]), RuleAction::Move { to: PARTNERS }),
            rule(6, "For Sales", digits(&[0, 3]), RuleAction::Move { to: SALES }),
            rule(
                1,
                "In turn",
                digits(&[1, 3, 5, 7, 9]),
                distribute(DistributeBy::RoundRobin, reps.clone()),
            ),
            rule(
                2,
                "Least to do",
                digits(&[2]),
                distribute(DistributeBy::LeastLoaded, reps.clone()),
            ),
            rule(
                7,
                "Short hours",
                digits(&[0]),
                distribute(DistributeBy::LeastLoaded, short),
            ),
        ];
        RuleSet {
            rules: if reps.is_empty() { Vec::new() } else { rules },
        }
    }

    fn policy(&self) -> InboxPolicy {
        InboxPolicy {
            calendar: BusinessCalendar::weekdays("Europe/Berlin"),
            sla: targets(),
            escalation: self.path(),
            on_call: Some(Box::new(OnCallRota {
                zone: "Europe/Berlin".to_owned(),
                members: self.people.iter().map(|person| person.id).collect(),
                first_day: "2026-11-26".to_owned(),
                handover_minute: 9 * 60,
                days_each: 1,
                overrides: Vec::new(),
            })),
            workflow: Workflow {
                statuses: STATUSES.iter().map(|(id, stands_for)| named(id, *stands_for)).collect(),
                ..Workflow::default()
            },
            auto_replies: Some(Box::new(AutoReplies {
                acknowledgement: automatic("We have your message."),
                out_of_hours: automatic("We are closed, and back in the morning."),
                ..AutoReplies::default()
            })),
            ..InboxPolicy::default()
        }
    }

    /// Whoever leads, and then everybody: the second step finds people who do not know yet that somebody has it.
    fn path(&self) -> EscalationPath {
        let step = |minutes, ask| EscalationStep {
            ask,
            within: Target::business(minutes * MINUTE_MS),
        };
        let members = self.people.iter().map(|person| person.id).collect();
        EscalationPath {
            steps: vec![
                step(30, EscalationAsk::Managers),
                step(60, EscalationAsk::Members { members }),
            ],
        }
    }

    /// Whether somebody ever may read an inbox, said without asking the product's own code.
    #[must_use]
    pub fn may_read(&self, person: usize, inbox: InboxId) -> bool {
        self.people
            .get(person)
            .is_some_and(|person| person.role == Role::Manager || inbox == SALES)
    }
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Their first name.
    pub name: &'static str,
    /// Their address.
    pub address: String,
    /// The mailbox they write to.
    pub mailbox: AccountId,
}

/// The customer with that number; numbers go round.
#[must_use]
pub fn customer(number: u64) -> Customer {
    let count = u64::try_from(CUSTOMERS.len()).unwrap_or(1);
    let at = usize::try_from(number % count).unwrap_or(0);
    let name = CUSTOMERS.get(at).copied().unwrap_or("Carl");
    let mailbox = if at % 3 == 2 { PARTNERS_AT } else { SALES_AT };
    Customer {
        name,
        address: format!(
            "{}@{}",
            name.to_lowercase(),
            if at >= 6 { WORKS } else { "customer.example" }
        ),
        mailbox,
    }
}

/// How many customers there are.
#[must_use]
pub const fn customers() -> u64 {
    CUSTOMERS.len() as u64
}

/// A sentence somebody might write, so that texts differ.
pub fn sentence(rng: &mut Rng) -> String {
    let what = rng.pick(&[
        "forty chairs",
        "the oak desk",
        "two lamps",
        "a delivery in March",
        "an invoice",
        "a sample",
    ]);
    let ask = rng.pick(&[
        "What would cost",
        "Could you quote",
        "When comes",
        "Please send",
        "We think about",
        "Thanks for",
    ]);
    format!(
        "{} {}? ({})",
        ask.unwrap_or(&"About"),
        what.unwrap_or(&"chairs"),
        rng.below(10_000)
    )
}

/// All that a rep may do in an inbox.
#[must_use]
pub fn full_access(member: MemberId) -> Access {
    use Capability::{Assign, Comment, Read, SendAs, SendOnBehalf, Work};
    Access {
        member,
        capabilities: [Read, Comment, Work, Assign, SendOnBehalf, SendAs].into(),
    }
}

fn automatic(text: &str) -> AutoReplyText {
    AutoReplyText {
        on: true,
        text: text.to_owned(),
    }
}

/// What is usual, and an end within three days: the clock that pauses.
fn targets() -> SlaPolicy {
    let mut targets = SlaPolicy::usual();
    for rule in &mut targets.rules {
        rule.targets.resolution = Some(Target::business(24 * HOUR_MS));
    }
    targets
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_life_begins_on_a_thursday_afternoon_in_berlin() {
        let zoned: jiff::Zoned = "2026-11-26T15:20[Europe/Berlin]".parse().unwrap();
        assert_eq!(START.0, zoned.timestamp().as_millisecond());
        let cast = Cast::new(3);
        assert_eq!(cast.clock(START), "15:20:00");
        assert_eq!(cast.clock(START.plus_ms(24 * 60 * MINUTE_MS)), "Fri 27 15:20:00");
    }

    #[test]
    fn only_the_manager_reads_partners() {
        let cast = Cast::new(3);
        let names: Vec<_> = cast.people.iter().map(|person| person.name.as_str()).collect();
        assert_eq!(names, ["Anna", "Ben", "Mira"]);
        assert_eq!([0, 1, 2].map(|at| cast.may_read(at, PARTNERS)), [false, false, true]);
    }
}
