//! Twenty-nine situations that sales teams meet, each as the whole transcript of what was asked, what followed and what was refused.
//!
//! They read as a description of the rules, and any change of a rule shows as a change of words here. `INSTA_UPDATE=always` writes them anew.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use CommandBody as Do;
use baton_domain::*;
use support::sla::{category, outside};
use support::transcript::{Scene, transcript};
use support::{ANNA, BEN, CHASE, MIRA, SALES, SALES_AT, SUPPORT, berlin};

/// Checks the transcript of a scene against the one that is kept.
macro_rules! reads_as_kept {
    ($name:literal, $scene:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, transcript($scene));
        });
    };
}

fn handoff() -> HandoffContext {
    HandoffContext {
        happened: "They want forty seats".to_owned(),
        promised: Some("An offer by Friday".to_owned()),
        next_step: "Send the offer".to_owned(),
    }
}

fn step(text: &str) -> Do {
    Do::SetNextStep { text: text.to_owned() }
}

fn note(text: &str) -> Do {
    Do::AddNote {
        text: text.to_owned(),
        mentions: Vec::new(),
    }
}

fn won() -> Do {
    Do::Close {
        outcome: Some(Outcome::Won),
        reason: None,
    }
}

#[test]
fn an_enquiry_is_claimed_answered_and_won() {
    reads_as_kept!("01-claimed-answered-won", |scene: &mut Scene| {
        scene.carl("Could you quote forty seats?");
        scene.later("2026-11-26T10:05");
        scene.act(ANNA, Do::Claim);
        scene.later("2026-11-26T10:20");
        scene.reply(ANNA, CHASE);
        scene.delivered();
        scene.later("2026-11-27T09:30");
        scene.carl("Agreed. Send the contract.");
        scene.later("2026-11-27T10:00");
        scene.act(ANNA, won());
    });
}

#[test]
fn two_claim_at_once() {
    reads_as_kept!("02-two-claim", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.act(ANNA, Do::Claim);
        scene.act(BEN, Do::Claim);
        scene.act(ANNA, Do::Claim);
    });
}

#[test]
fn two_want_to_answer() {
    reads_as_kept!("03-two-answer", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.act(ANNA, Do::TakeLock { cover: false });
        scene.act(BEN, Do::TakeLock { cover: false });
        scene.act(BEN, Do::RequestLock);
        scene.act(
            ANNA,
            Do::AnswerRequest {
                answer: LockAnswer::Give,
            },
        );
        scene.reply(BEN, CHASE);
    });
}

#[test]
fn the_customer_writes_while_we_answer() {
    reads_as_kept!("04-newer-message", |scene: &mut Scene| {
        scene.carl("Forty seats, please.");
        scene.act(ANNA, Do::TakeLock { cover: false });
        let seen = scene.team.conversation().last_message.clone().unwrap().id;
        let body = scene.team.reply_body(ANNA, CHASE);
        scene.carl("Make it fifty.");
        scene.having_seen(ANNA, seen, body.clone());
        scene.act(ANNA, body);
    });
}

#[test]
fn a_reply_is_taken_back() {
    reads_as_kept!("05-undo", |scene: &mut Scene| {
        scene.carl("Hello");
        let outbound = scene.reply(ANNA, CHASE);
        scene.act(ANNA, Do::CancelSend { outbound });
    });
}

#[test]
fn nobody_answers_us_and_the_cadence_runs_out() {
    reads_as_kept!("06-cadence-runs-out", |scene: &mut Scene| {
        scene.carl("Hello");
        for _ in 0..3 {
            scene.reply(ANNA, CHASE);
            scene.delivered();
            scene.deadline();
        }
        scene.deadline();
    });
}

#[test]
fn the_customer_is_away() {
    reads_as_kept!("07-out-of-office", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.reply(ANNA, CHASE);
        scene.delivered();
        let mut away = scene.team.message("I am away until 9 December");
        away.kind = MessageKind::AutoReply;
        away.facts.returns_on = Some("2026-12-09".to_owned());
        scene.receive(away);
        scene.deadline();
    });
}

#[test]
fn a_lead_is_handed_off_and_taken() {
    reads_as_kept!("08-handoff-taken", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.act(ANNA, Do::Claim);
        scene.act(ANNA, Do::HandOff { to: BEN, context: None });
        let context = Some(handoff());
        scene.act(ANNA, Do::HandOff { to: BEN, context });
        scene.later("2026-11-26T10:20");
        scene.act(BEN, step("Send the offer"));
    });
}

#[test]
fn a_handoff_lapses() {
    reads_as_kept!("09-handoff-lapses", |scene: &mut Scene| {
        scene.team.inbox.policy.sla = SlaPolicy::default();
        scene.carl("Hello");
        scene.act(ANNA, Do::Claim);
        let context = Some(handoff());
        scene.act(ANNA, Do::HandOff { to: BEN, context });
        scene.deadline();
    });
}

#[test]
fn a_colleague_answers_for_the_owner() {
    reads_as_kept!("10-cover", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.act(ANNA, Do::Claim);
        scene.act(ANNA, step("Ask the warehouse"));
        scene.act(BEN, Do::TakeLock { cover: true });
        let body = scene.team.reply_body(BEN, CHASE);
        scene.act(BEN, body);
        scene.delivered();
    });
}

#[test]
fn a_manager_takes_the_reply_over() {
    reads_as_kept!("11-take-over", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.act(ANNA, Do::TakeLock { cover: false });
        let body = scene.team.reply_body(ANNA, CHASE);
        scene.act(BEN, Do::TakeOver);
        scene.act(MIRA, Do::TakeOver);
        scene.act(ANNA, body);
    });
}

#[test]
fn a_snoozed_lead_wakes_when_the_customer_writes() {
    reads_as_kept!("12-snooze", |scene: &mut Scene| {
        scene.carl("Call me in spring.");
        scene.reply(ANNA, AfterReply::NothingMore);
        scene.delivered();
        let until = Some(berlin("2027-03-01T09:00"));
        scene.act(
            ANNA,
            Do::Snooze {
                until,
                zone: None,
                reason: None,
            },
        );
        scene.later("2026-12-10T11:00");
        scene.carl("It is urgent now.");
    });
}

#[test]
fn a_colleague_owes_us_an_answer() {
    reads_as_kept!("13-blocked", |scene: &mut Scene| {
        scene.carl("What does it cost?");
        scene.act(ANNA, Do::Claim);
        scene.act(
            ANNA,
            Do::Block {
                on: Some(BEN),
                address: None,
                text: "The price".to_owned(),
            },
        );
        scene.deadline();
        scene.act(BEN, note("1,200 a seat"));
    });
}

#[test]
fn a_quote_is_out_and_thanks_need_no_answer() {
    reads_as_kept!("14-quote-and-thanks", |scene: &mut Scene| {
        scene.carl("Could you quote?");
        scene.act(ANNA, category(Category::QuoteRequest));
        scene.act(ANNA, Do::TakeLock { cover: false });
        let mut body = scene.team.reply_body(ANNA, CHASE);
        if let Do::Reply { quote, .. } = &mut body {
            *quote = Some(Money {
                cents: 4_800_000,
                currency: "EUR".to_owned(),
            });
        }
        scene.act(ANNA, body);
        scene.delivered();
        scene.later("2026-11-26T16:00");
        scene.carl("Thanks, I will look at it.");
        scene.act(ANNA, Do::NoReplyNeeded);
    });
}

#[test]
fn a_won_deal_comes_back() {
    reads_as_kept!("15-reopened", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.reply(ANNA, CHASE);
        scene.delivered();
        scene.act(ANNA, won());
        scene.later("2026-11-30T10:00");
        scene.team.members.get_mut(&ANNA).unwrap().absent_until = Some(berlin("2026-12-07T09:00"));
        scene.carl("One chair is missing.");
    });
}

#[test]
fn somebody_answered_from_their_telephone() {
    reads_as_kept!("16-outside-reply", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.act(BEN, Do::TakeLock { cover: false });
        let body = scene.team.reply_body(BEN, CHASE);
        scene.does("a reply from elsewhere is seen in Sent", |team| {
            let at = team.now;
            outside(team, at);
        });
        scene.having_seen(BEN, MessageId(uuid::Uuid::nil()), body);
        let message = scene.team.conversation().last_message.clone().unwrap().id;
        scene.act(ANNA, Do::ClaimOutsideReply { message });
    });
}

#[test]
fn a_reply_bounces() {
    reads_as_kept!("17-bounce", |scene: &mut Scene| {
        scene.carl("Hello");
        let sent = scene.reply(ANNA, CHASE);
        scene.delivered();
        let mut bounce = scene.team.message("User unknown");
        bounce.kind = MessageKind::Bounce;
        bounce.bounced = Some(sent);
        scene.receive(bounce);
    });
}

#[test]
fn nobody_knows_whether_a_reply_arrived() {
    reads_as_kept!("18-unknown-send", |scene: &mut Scene| {
        scene.carl("Hello");
        let outbound = scene.reply(ANNA, CHASE);
        scene.later("2026-11-26T10:01");
        scene.machine(Do::OutboundSending { outbound, attempt: 1 });
        scene.machine(Do::OutboundUnknown {
            outbound,
            reason: "the connection ended after the final dot".to_owned(),
        });
        scene.machine(Do::OutboundSending { outbound, attempt: 2 });
        scene.act(
            ANNA,
            Do::SettleUnknown {
                outbound,
                how: Settlement::SendAgain,
            },
        );
        scene.delivered();
    });
}

#[test]
fn a_reply_for_later_is_overtaken_by_the_customer() {
    reads_as_kept!("19-scheduled", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.act(ANNA, Do::TakeLock { cover: false });
        let mut body = scene.team.reply_body(ANNA, CHASE);
        if let Do::Reply { send_at, .. } = &mut body {
            *send_at = Some(berlin("2026-11-27T09:00"));
        }
        scene.act(ANNA, body);
        scene.later("2026-11-26T18:00");
        scene.carl("Never mind the chairs.");
    });
}

#[test]
fn a_vendor_writes() {
    reads_as_kept!("20-not-a-lead", |scene: &mut Scene| {
        scene.carl("Buy our toner");
        scene.act(BEN, Do::NotALead);
    });
}

#[test]
fn an_answer_comes_too_late() {
    reads_as_kept!("21-late-answer", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.act(ANNA, Do::Claim);
        scene.deadline();
        scene.deadline();
        scene.later("2026-11-26T15:10");
        scene.reply(ANNA, CHASE);
    });
}

#[test]
fn we_write_first() {
    reads_as_kept!("22-writing-first", |scene: &mut Scene| {
        scene.act(
            ANNA,
            Do::Start {
                inbox: SALES,
                account: SALES_AT,
                to: Address {
                    name: "Carl Brandt".to_owned(),
                    email: "carl@acme.example".to_owned(),
                },
                subject: "Desks for your new office".to_owned(),
            },
        );
        scene.reply(ANNA, CHASE);
        scene.delivered();
        scene.later("2026-11-27T09:00");
        scene.carl("Tell me more.");
    });
}

#[test]
fn somebody_loses_the_right_to_send_while_their_reply_waits() {
    reads_as_kept!("23-right-lost", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.reply(ANNA, CHASE);
        scene.does("Anna may only read from now on", |team| {
            team.may_only_read(ANNA);
            team.documents_changed();
        });
    });
}

#[test]
fn somebody_else_closes_what_is_not_theirs() {
    reads_as_kept!("24-not-yours", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.act(ANNA, Do::Claim);
        scene.act(BEN, won());
        scene.act(
            MIRA,
            Do::Close {
                outcome: None,
                reason: None,
            },
        );
        scene.act(MIRA, won());
    });
}

fn to_support() -> Do {
    Do::MoveToInbox {
        inbox: SUPPORT,
        owner: None,
    }
}

#[test]
fn a_lead_turns_out_to_be_for_support() {
    reads_as_kept!("25-moved-to-support", |scene: &mut Scene| {
        scene.team.support.policy.sla = SlaPolicy::usual();
        scene.carl("Our lamps flicker since Tuesday.");
        scene.act(ANNA, Do::Claim);
        let context = Some(handoff());
        scene.act(ANNA, Do::HandOff { to: BEN, context });
        scene.later("2026-11-26T10:45");
        scene.act(ANNA, to_support());
        scene.act(ANNA, note("They bought them in May."));
        scene.act(BEN, Do::Claim);
        scene.reply(BEN, CHASE);
    });
}

#[test]
fn a_move_waits_for_a_reply_and_is_taken_back() {
    reads_as_kept!("26-moved-and-back", |scene: &mut Scene| {
        scene.carl("Hello");
        scene.act(ANNA, Do::TakeLock { cover: false });
        scene.act(BEN, to_support());
        let body = scene.team.reply_body(ANNA, CHASE);
        scene.act(ANNA, body);
        scene.act(ANNA, to_support());
        scene.delivered();
        let seen = scene.team.conversation().last_message.clone().unwrap().id;
        scene.carl("One more thing.");
        scene.having_seen(ANNA, seen, to_support());
        scene.act(ANNA, to_support());
        scene.act(
            BEN,
            Do::MoveToInbox {
                inbox: SALES,
                owner: Some(ANNA),
            },
        );
    });
}

fn asks(member: MemberId, minutes: i64) -> EscalationStep {
    EscalationStep {
        ask: EscalationAsk::Members { members: vec![member] },
        within: Target::business(minutes * MINUTE_MS),
    }
}

#[test]
fn nobody_answers_a_lead_and_it_is_asked_along_the_path() {
    reads_as_kept!("27-escalated", |scene: &mut Scene| {
        scene.team.inbox.policy.escalation.steps = vec![asks(BEN, 30), asks(MIRA, 60)];
        scene.carl("Could you quote forty seats?");
        scene.deadline();
        scene.deadline();
        scene.act(ANNA, Do::AcknowledgeEscalation);
        scene.later("2026-11-26T10:20");
        scene.act(ANNA, Do::Claim);
        scene.deadline();
        scene.deadline();
        scene.deadline();
        scene.later("2026-11-26T14:40");
        scene.act(MIRA, Do::AcknowledgeEscalation);
        scene.act(BEN, Do::AcknowledgeEscalation);
        scene.later("2026-11-26T14:50");
        scene.reply(ANNA, CHASE);
        let outbound = scene.team.conversation().outbound.last().unwrap().id;
        scene.act(ANNA, Do::CancelSend { outbound });
        scene.reply(ANNA, CHASE);
        scene.delivered();
    });
}

#[test]
fn somebody_wants_a_colleagues_eyes_on_it() {
    reads_as_kept!("28-escalated-by-hand", |scene: &mut Scene| {
        scene.carl("Then we will go elsewhere.");
        scene.act(ANNA, Do::Claim);
        let escalate = |words: &str| Do::Escalate {
            reason: words.to_owned(),
        };
        scene.act(ANNA, escalate(""));
        scene.act(ANNA, escalate("They want to leave us"));
        scene.act(ANNA, escalate("They want to leave us"));
        scene.act(BEN, escalate("They called as well"));
        scene.act(MIRA, Do::Assign { to: BEN, context: None });
    });
}

#[test]
fn a_question_is_answered_and_handled() {
    reads_as_kept!("29-support", |scene: &mut Scene| {
        scene.team.inbox.policy.workflow = Workflow {
            statuses: vec![NamedStatus {
                id: StatusId("reproduced".to_owned()),
                name: "Reproduced".to_owned(),
                sentence: "We have seen it happen here".to_owned(),
                stands_for: Status::Assigned,
                hidden: false,
            }],
            ..Workflow::support()
        };
        let solved = |outcome| Do::Close {
            outcome: Some(outcome),
            reason: None,
        };
        scene.carl("It does not start.");
        scene.later("2026-11-26T10:10");
        scene.act(ANNA, Do::Claim);
        let status = Some(StatusId("reproduced".to_owned()));
        scene.act(ANNA, Do::NameStatus { status });
        scene.later("2026-11-26T10:30");
        scene.reply(ANNA, AfterReply::NothingMore);
        scene.delivered();
        scene.later("2026-11-26T14:00");
        scene.carl("Now it does!");
        scene.act(ANNA, solved(Outcome::Won));
        scene.act(ANNA, solved(Outcome::Solved));
        scene.later("2026-11-28T09:00");
        scene.carl("Stopped again.");
        scene.later("2026-11-30T09:30");
        scene.reply(ANNA, AfterReply::NothingMore);
        scene.delivered();
        scene.act(ANNA, solved(Outcome::Solved));
        scene.deadline();
    });
}
