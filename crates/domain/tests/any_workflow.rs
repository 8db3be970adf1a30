//! However an inbox calls things, the same work leads to the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use CommandBody as Do;
use baton_domain::*;
use proptest::prelude::*;
use support::{ANNA, BEN, CHASE, SALES, Team};

fn close(outcome: Option<Outcome>) -> Do {
    Do::Close { outcome, reason: None }
}

/// What happens to a conversation by itself or by ordinary work.
#[derive(Debug, Clone, Copy)]
enum Step {
    Carl,
    Claim,
    Release,
    Reply(u8),
    Block,
    Unblock,
    Snooze,
    Outside,
    Close,
    Reopen,
    NoReplyNeeded,
    Undo,
    Deliver,
    Deadline,
    /// Says one of the statuses that are possible.
    Say(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use Step::*;
    let step = prop_oneof![
        3 => Just(Carl),
        3 => Just(Claim),
        1 => Just(Release),
        4 => (0u8..4).prop_map(Reply),
        1 => Just(Block),
        1 => Just(Unblock),
        1 => Just(Snooze),
        1 => Just(Outside),
        1 => Just(Close),
        1 => Just(Reopen),
        1 => Just(NoReplyNeeded),
        1 => Just(Undo),
        2 => Just(Deliver),
        3 => Just(Deadline),
        4 => (0u8..6).prop_map(Say),
    ];
    proptest::collection::vec(step, 1..50)
}

/// Any workflow of that kind that can be worked with.
fn workflow(kind: WorkflowKind) -> impl Strategy<Value = Workflow> {
    let standing = proptest::sample::select(kind.standings());
    let entry = (standing, any::<bool>(), any::<bool>(), any::<bool>());
    proptest::collection::vec(entry, 0..14).prop_filter_map("can't be worked with", move |entries| {
        let mut statuses: Vec<NamedStatus> = Vec::new();
        for (place, (stands_for, own, renamed, hidden)) in entries.into_iter().enumerate() {
            let id = if own {
                stands_for.word().to_owned()
            } else {
                format!("s{place}")
            };
            let name = if own && !renamed {
                String::new()
            } else {
                format!("N{place}")
            };
            let sentence = if name.is_empty() {
                String::new()
            } else {
                format!("It is in {name}")
            };
            let entry = NamedStatus {
                id: StatusId(id),
                name,
                sentence,
                stands_for,
                hidden,
            };
            if statuses.iter().all(|other| other.id != entry.id) {
                statuses.push(entry);
            }
        }
        let workflow = Workflow { kind, statuses };
        workflow.check().is_ok().then_some(workflow)
    })
}

fn take(team: &mut Team, step: Step, kind: WorkflowKind) {
    let body = match step {
        Step::Carl => {
            team.carl("And?");
            return;
        }
        Step::Outside => {
            let mut message = team.message("From Outlook");
            message.direction = Direction::Outside;
            let seen = Do::ExternalReply {
                message: Box::new(message),
                live: true,
                inbox: SALES,
            };
            drop(team.system(seen));
            return;
        }
        Step::Deadline => {
            if let Some((at, what)) = next_deadline(team.conversation()) {
                team.now = team.now.max(at);
                drop(team.system(Do::Due { what, at }));
            }
            return;
        }
        Step::Deliver => {
            let waits = team.conversation().outbound.iter().find(|one| !one.settled());
            if let Some(outbound) = waits.map(|one| one.id) {
                team.delivered(outbound);
            }
            return;
        }
        Step::Reply(how) => {
            drop(team.try_as(ANNA, Do::TakeLock { cover: false }));
            let after = match how {
                0 => AfterReply::NothingMore,
                1 => AfterReply::IOwe {
                    what: "The list".to_owned(),
                    due: team.now.plus_ms(DAY_MS),
                },
                _ => CHASE,
            };
            let mut body = team.reply_body(ANNA, after);
            if let Do::Reply { quote, .. } = &mut body {
                *quote = (how == 3 && kind == WorkflowKind::Sales).then(|| Money {
                    cents: 100,
                    currency: "EUR".to_owned(),
                });
            }
            body
        }
        Step::Undo => match team.conversation().outbound.iter().find(|one| !one.settled()) {
            Some(outbound) => Do::CancelSend { outbound: outbound.id },
            None => return,
        },
        Step::Say(which) => {
            let choices = team.inbox.policy.workflow.choices(team.conversation().status);
            let Some(choice) = choices.get(usize::from(which) % choices.len().max(1)) else {
                return;
            };
            Do::NameStatus {
                status: Some(choice.id.clone()),
            }
        }
        Step::Claim => Do::Claim,
        Step::Release => Do::Release,
        Step::Block => Do::Block {
            on: Some(BEN),
            address: None,
            text: "The price?".to_owned(),
        },
        Step::Unblock => Do::Unblock,
        Step::Snooze => Do::Snooze {
            until: None,
            zone: None,
            reason: None,
        },
        Step::Close => close(Some(match kind {
            WorkflowKind::Sales => Outcome::Won,
            WorkflowKind::Support => Outcome::Solved,
        })),
        Step::Reopen => Do::Reopen,
        Step::NoReplyNeeded => Do::NoReplyNeeded,
    };
    drop(team.try_as(ANNA, body));
}

/// The standing after each step, with who has it and when something is due; and what it was shown as.
type Told = (
    Status,
    Phase,
    Option<MemberId>,
    Option<(Timestamp, Deadline)>,
    Option<Outcome>,
);

fn played(workflow: &Workflow, steps: &[Step]) -> Vec<(Told, ShownStatus)> {
    let mut team = Team::new();
    team.inbox.policy.workflow = workflow.clone();
    team.carl("Hello");
    let told = |team: &Team| {
        let lead = team.conversation();
        let outcome = lead.closing.as_ref().map(|closing| closing.outcome);
        let told = (lead.status, lead.phase(), lead.owner, next_deadline(lead), outcome);
        let shown = team
            .inbox
            .policy
            .workflow
            .shown(lead.status, lead.named_status.as_ref());
        (told, shown)
    };
    let after = |step: &Step| {
        take(&mut team, *step, workflow.kind);
        told(&team)
    };
    steps.iter().map(after).collect()
}

fn one_kind() -> impl Strategy<Value = (Workflow, Workflow)> {
    let usual = |kind| Workflow {
        kind,
        statuses: Vec::new(),
    };
    prop_oneof![
        workflow(WorkflowKind::Sales).prop_map(move |custom| (custom, usual(WorkflowKind::Sales))),
        workflow(WorkflowKind::Support).prop_map(move |custom| (custom, usual(WorkflowKind::Support))),
    ]
}

proptest! {
    /// However an inbox calls things, what it hides and adds, and whatever people say of a conversation: the same work leads to the same.
    #[test]
    fn any_workflow_keeps_the_automatic_moves((custom, usual) in one_kind(), steps in steps()) {
        let (mine, theirs) = (played(&custom, &steps), played(&usual, &steps));
        for ((place, (told, shown)), (expected, _)) in mine.iter().enumerate().zip(&theirs) {
            prop_assert_eq!(told, expected, "after {:?}", &steps[..=place]);
            // What is shown is visible, and of the phase it is in.
            prop_assert_eq!(shown.stands_for.phase(), told.0.phase());
            let known = custom.find(&shown.id).unwrap();
            prop_assert!(!known.hidden, "{:?} is hidden", shown);
        }
    }
}
