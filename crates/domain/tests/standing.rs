//! What ends when somebody lost a right, left, or an account stopped sending.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use baton_domain::*;
use support::*;

fn why(team: &Team, outbound: MessageId) -> Option<CancelReason> {
    match team.conversation().outbound(outbound).unwrap().state {
        OutboundState::Cancelled { why } => Some(why),
        _ => None,
    }
}

#[test]
fn whoever_may_not_send_any_more_holds_no_lock() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, CommandBody::TakeLock { cover: false });
    assert_eq!(team.documents_changed(), [], "nothing ends while all of it stands");
    team.may_only_read(ANNA);
    let events = team.documents_changed();
    assert_eq!(
        events,
        [Event::LockReleased {
            why: LockEnd::NotPermitted
        }]
    );
    assert_eq!(team.documents_changed(), [], "and it ends once");
    team.act(BEN, CommandBody::TakeLock { cover: false });
}

#[test]
fn a_queued_reply_of_somebody_who_left_is_cancelled_and_what_it_changed_is_put_back() {
    let mut team = Team::with_enquiry();
    team.act(
        MIRA,
        CommandBody::Assign {
            to: ANNA,
            context: None,
        },
    );
    let before = team.conversation().clone();
    let outbound = team.reply(ANNA, CHASE);
    assert_eq!(team.conversation().status, Status::Waiting);
    team.members.get_mut(&ANNA).unwrap().active = false;
    team.documents_changed();
    let lead = team.conversation();
    assert_eq!(why(&team, outbound), Some(CancelReason::NotPermitted));
    assert_eq!(
        (lead.status, lead.unanswered_since, &lead.follow_up),
        (before.status, before.unanswered_since, &before.follow_up)
    );
    assert_eq!(lead.owner, Some(BEN), "her backup has the lead now");
    assert_eq!(lead.last_owner, Some(ANNA));
}

#[test]
fn what_has_passed_the_fence_goes_its_way() {
    let mut team = Team::with_enquiry();
    let outbound = team.reply(ANNA, CHASE);
    team.now = team.conversation().outbound(outbound).unwrap().not_before;
    team.system(CommandBody::OutboundSending { outbound, attempt: 1 })
        .unwrap();
    team.members.get_mut(&ANNA).unwrap().active = false;
    team.accounts.get_mut(&SALES_AT).unwrap().mode = AccountMode::Watch;
    team.documents_changed();
    assert_eq!(
        team.conversation().outbound(outbound).unwrap().state,
        OutboundState::Sending
    );
    team.system(CommandBody::OutboundSent {
        outbound,
        reply: "250 ok".to_owned(),
    })
    .unwrap();
}

#[test]
fn the_fence_asks_for_the_right_to_send_once_more() {
    let mut team = Team::with_enquiry();
    let outbound = team.reply(ANNA, CHASE);
    team.now = team.conversation().outbound(outbound).unwrap().not_before;
    team.may_only_read(ANNA);
    let fence = CommandBody::OutboundSending { outbound, attempt: 1 };
    assert!(matches!(
        team.system(fence.clone()),
        Err(Refusal::NotPermitted {
            needs: Capability::SendOnBehalf,
            ..
        })
    ));
    team.documents_changed();
    assert_eq!(team.system(fence), Err(Refusal::Gone));
}

/// A reply behind the fence, which nobody can take back.
fn behind_the_fence(team: &mut Team) -> MessageId {
    let outbound = team.reply(ANNA, CHASE);
    team.now = team.now.plus_ms(10_000);
    let fence = CommandBody::OutboundSending { outbound, attempt: 1 };
    team.system(fence).unwrap();
    outbound
}

#[test]
fn a_reply_the_provider_gives_back_does_not_wait_for_what_the_fence_would_refuse() {
    let mut team = Team::with_enquiry();
    let outbound = behind_the_fence(&mut team);
    team.accounts.get_mut(&SALES_AT).unwrap().mode = AccountMode::Watch;
    team.documents_changed();
    assert_eq!(
        team.conversation().outbound(outbound).unwrap().state,
        OutboundState::Sending
    );
    let not_before = Some(team.now.plus_ms(60_000));
    team.system(CommandBody::OutboundReturned {
        outbound,
        reason: "452 no room".to_owned(),
        not_before,
    })
    .unwrap();
    assert_eq!(why(&team, outbound), Some(CancelReason::NotSending));
    let lead = team.conversation();
    assert_eq!(lead.status, Status::Assigned, "nobody was answered");
    assert_eq!(lead.follow_up, None);
}

#[test]
fn a_reply_in_doubt_is_not_sent_again_for_somebody_who_may_not_send() {
    let mut team = Team::with_enquiry();
    let outbound = behind_the_fence(&mut team);
    let reason = "no answer".to_owned();
    team.system(CommandBody::OutboundUnknown { outbound, reason }).unwrap();
    team.may_only_read(ANNA);
    team.documents_changed();
    let settle = |how| CommandBody::SettleUnknown { outbound, how };
    let refusal = team.refused(BEN, settle(Settlement::SendAgain));
    assert!(matches!(refusal, Refusal::NotPermitted { .. }), "{refusal:?}");
    team.act(BEN, settle(Settlement::Drop));
}

#[test]
fn an_account_that_is_only_watched_again_sends_nothing_that_waits() {
    let mut team = Team::with_enquiry();
    let outbound = team.reply(ANNA, CHASE);
    team.accounts.get_mut(&SALES_AT).unwrap().mode = AccountMode::Watch;
    team.documents_changed();
    assert_eq!(why(&team, outbound), Some(CancelReason::NotSending));
    assert_eq!(team.conversation().owner, Some(ANNA), "the lead stays hers");
    team.act(ANNA, CommandBody::TakeLock { cover: false });
    let reply = team.reply_body(ANNA, CHASE);
    assert_eq!(
        team.refused(ANNA, reply.clone()),
        Refusal::Invalid {
            field: "account".to_owned(),
            why: Invalid::Watched
        }
    );
    team.accounts.get_mut(&SALES_AT).unwrap().mode = AccountMode::Together;
    team.act(ANNA, reply);
}

#[test]
fn a_lead_whose_owner_may_not_work_here_goes_to_the_backup_or_the_queue() {
    for (backup_here, owner, status) in [(true, Some(BEN), Status::Assigned), (false, None, Status::New)] {
        let mut team = Team::with_enquiry();
        team.act(ANNA, CommandBody::Claim);
        if !backup_here {
            team.members.get_mut(&BEN).unwrap().active = false;
        }
        team.may_only_read(ANNA);
        let events = team.documents_changed();
        assert!(matches!(
            events[0],
            Event::OwnerChanged {
                how: OwnerChange::Left,
                ..
            }
        ));
        assert_eq!((team.conversation().owner, team.conversation().status), (owner, status));
    }
}

#[test]
fn what_is_over_keeps_its_owner_and_comes_back_to_somebody_who_is_there() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, CommandBody::Claim);
    team.act(
        ANNA,
        CommandBody::Close {
            outcome: Some(Outcome::Won),
            reason: None,
        },
    );
    team.members.get_mut(&ANNA).unwrap().active = false;
    assert_eq!(team.documents_changed(), []);
    assert_eq!(team.conversation().owner, Some(ANNA));
    team.carl("One more thing");
    assert_eq!(team.conversation().owner, Some(BEN));
}

mod documents {
    use std::collections::BTreeMap;

    use super::*;

    fn judged(body: CommandBody, by: MemberId, conversations: u32, accounts: bool) -> Result<Option<LogBody>, Refusal> {
        judged_beside(&[], body, by, conversations, accounts)
    }

    fn judged_beside(
        rules: &[Rule],
        body: CommandBody,
        by: MemberId,
        conversations: u32,
        accounts: bool,
    ) -> Result<Option<LogBody>, Refusal> {
        let mut team = Team::new();
        let command = team.command(Actor::Member { id: by }, body);
        let rules = rules.to_vec();
        let mut bodies = vec![
            DocumentBody::Inbox(team.inbox.clone()),
            DocumentBody::Rules(RuleSet { rules }),
        ];
        if accounts {
            bodies.extend(team.accounts.values().cloned().map(DocumentBody::Account));
        }
        let documents: BTreeMap<DocumentId, Document> = bodies
            .into_iter()
            .map(|body| {
                let id = body.id();
                (id, Document { id, version: 1, body })
            })
            .collect();
        team.members.get_mut(&ANNA).unwrap().role = Role::Admin;
        let context = DocumentContext {
            documents: &documents,
            members: &team.members,
            conversations,
        };
        decide_document(&command, context)
    }

    #[test]
    fn an_inbox_goes_only_when_nothing_lies_in_it_and_no_mail_comes_into_it() {
        let remove = CommandBody::RemoveDocument {
            document: DocumentId(SALES.0),
        };
        for (conversations, accounts) in [(14, false), (0, true), (14, true)] {
            assert_eq!(
                judged(remove.clone(), ANNA, conversations, accounts),
                Err(Refusal::NotEmpty {
                    conversations,
                    accounts: u32::from(accounts),
                    rule: None,
                })
            );
        }
        assert_eq!(
            judged(remove, ANNA, 0, false),
            Ok(Some(LogBody::DocumentRemoved {
                id: DocumentId(SALES.0)
            }))
        );
    }

    #[test]
    fn an_inbox_that_a_rule_moves_leads_into_stays_until_the_rule_is_changed() {
        let remove = CommandBody::RemoveDocument {
            document: DocumentId(SALES.0),
        };
        let rule = |to: InboxId| Rule {
            id: RuleId(uuid::Uuid::from_u128(7)),
            name: "Quotes to sales".to_owned(),
            enabled: false,
            when: Condition::always(),
            then: vec![RuleAction::Move { to }],
            stop: None,
        };
        let refused = judged_beside(&[rule(SALES)], remove.clone(), ANNA, 0, false);
        assert_eq!(
            refused,
            Err(Refusal::NotEmpty {
                conversations: 0,
                accounts: 0,
                rule: Some("Quotes to sales".to_owned()),
            })
        );
        let elsewhere = InboxId(uuid::Uuid::from_u128(99));
        assert!(matches!(
            judged_beside(&[rule(elsewhere)], remove, ANNA, 0, false),
            Ok(Some(LogBody::DocumentRemoved { .. }))
        ));
    }

    #[test]
    fn a_signature_is_a_few_lines() {
        let signed = |text: String| {
            let mut account = Team::new().accounts[&SALES_AT].clone();
            account.signatures = vec![Signature { address: None, text }];
            let document = Box::new(DocumentBody::Account(account));
            judged(CommandBody::PutDocument { document }, ANNA, 0, true)
        };
        assert!(signed("{name}\nMurmel GmbH".to_owned()).unwrap().is_some());
        for bad in [" ".to_owned(), "x".repeat(4001)] {
            assert!(matches!(signed(bad), Err(Refusal::Invalid { field, .. }) if field == "signature"));
        }
    }

    #[test]
    fn a_manager_says_how_far_baton_acts_on_an_account_and_nothing_else_about_it() {
        let account = |change: fn(&mut Account)| {
            let mut account = Team::new().accounts[&SALES_AT].clone();
            change(&mut account);
            CommandBody::PutDocument {
                document: Box::new(DocumentBody::Account(account)),
            }
        };
        let watch = account(|account| account.mode = AccountMode::Watch);
        let renamed = account(|account| account.name = "Murmel".to_owned());
        assert!(judged(watch.clone(), MIRA, 0, true).unwrap().is_some());
        assert!(judged(watch.clone(), ANNA, 0, true).unwrap().is_some());
        for (body, by) in [(watch, BEN), (renamed, MIRA)] {
            assert!(matches!(judged(body, by, 0, true), Err(Refusal::NotPermitted { .. })));
        }
    }

    #[test]
    fn a_manager_says_what_an_inbox_promises_and_its_hours_and_nothing_else_about_it() {
        let inbox = |change: fn(&mut Inbox)| {
            let mut inbox = Team::new().inbox;
            change(&mut inbox);
            CommandBody::PutDocument {
                document: Box::new(DocumentBody::Inbox(inbox)),
            }
        };
        let promises = inbox(|inbox| inbox.policy.sla.rules = SlaPolicy::usual().rules);
        let hours = inbox(|inbox| inbox.policy.calendar.holidays = vec!["2026-12-25".to_owned()]);
        let access = inbox(|inbox| inbox.access.clear());
        let handoffs = inbox(|inbox| inbox.policy.handoff_ms = 1);
        for body in [promises.clone(), hours] {
            assert!(judged(body, MIRA, 0, true).unwrap().is_some());
        }
        for (body, by) in [(promises, BEN), (access, MIRA), (handoffs, MIRA)] {
            assert!(matches!(judged(body, by, 0, true), Err(Refusal::NotPermitted { .. })));
        }
    }

    #[test]
    fn what_an_inbox_promises_is_numbered_by_its_changes_whatever_its_writer_says() {
        let version = |change: fn(&mut Inbox)| {
            let mut inbox = Team::new().inbox;
            change(&mut inbox);
            let put = CommandBody::PutDocument {
                document: Box::new(DocumentBody::Inbox(inbox)),
            };
            match judged(put, ANNA, 0, true).unwrap() {
                Some(LogBody::DocumentPut { document }) => match document.body {
                    DocumentBody::Inbox(inbox) => Some(inbox.policy.sla.version),
                    _ => None,
                },
                _ => None,
            }
        };
        assert_eq!(version(|inbox| inbox.policy.sla.version = 7), None, "nothing changed");
        assert_eq!(version(|inbox| inbox.name = "Leads".to_owned()), Some(0));
        assert_eq!(version(|inbox| inbox.policy.sla = SlaPolicy::usual()), Some(1));
        assert_eq!(version(|inbox| inbox.policy.sla.warn_percent = 70), Some(1));
    }

    #[test]
    fn targets_that_cannot_be_kept_are_refused() {
        let judge = |change: fn(&mut SlaPolicy)| {
            let mut inbox = Team::new().inbox;
            inbox.policy.sla = SlaPolicy::usual();
            change(&mut inbox.policy.sla);
            let put = CommandBody::PutDocument {
                document: Box::new(DocumentBody::Inbox(inbox)),
            };
            judged(put, ANNA, 0, true)
        };
        assert!(judge(|_| {}).is_ok());
        let unsound: [fn(&mut SlaPolicy); 7] = [
            |sla| sla.rules[0].name = " ".to_owned(),
            |sla| sla.rules[0].name = "n".repeat(81),
            |sla| sla.rules = vec![sla.rules[0].clone(); 51],
            |sla| sla.rules[0].when.channels = vec!["email".to_owned(); 51],
            |sla| sla.rules[0].targets.owner = Some(Target::wall(0)),
            |sla| sla.rules[0].targets.owner = Some(Target::wall(400 * DAY_MS)),
            |sla| sla.warn_percent = 100,
        ];
        for change in unsound {
            assert!(matches!(judge(change), Err(Refusal::Invalid { field, .. }) if field == "sla"));
        }
    }
}

fn notes(events: &[Event]) -> Vec<(&str, Option<MemberId>)> {
    let note = |event| match event {
        &Event::NoteAdded {
            ref text, unsent_by, ..
        } => Some((text.as_str(), unsent_by)),
        _ => None,
    };
    events.iter().filter_map(note).collect()
}

#[test]
fn what_somebody_who_left_had_not_sent_becomes_a_note_to_whoever_goes_on() {
    let mut team = Team::with_enquiry();
    let outbound = team.reply(ANNA, CHASE);
    team.members.get_mut(&ANNA).unwrap().active = false;
    let events = team.documents_changed();
    assert_eq!(notes(&events), [("Gladly.", Some(ANNA))]);
    assert_eq!(why(&team, outbound), Some(CancelReason::NotPermitted));
    assert_eq!(team.conversation().notes, 1);
    assert_eq!(team.documents_changed(), [], "and once");
}

#[test]
fn whoever_still_reads_keeps_their_text_to_themselves() {
    let mut team = Team::with_enquiry();
    team.reply(ANNA, CHASE);
    team.may_only_read(ANNA);
    let events = team.documents_changed();
    assert_eq!(notes(&events), [], "it is her own draft again");
}

#[test]
fn a_draft_of_somebody_who_left_becomes_a_note_and_an_empty_one_nothing() {
    let mut team = Team::with_enquiry();
    let draft = |n: u128, member, text: &str| SavedDraft {
        id: DraftId(uuid::Uuid::from_u128(n)),
        member,
        text: DraftText {
            text: text.to_owned(),
            ..DraftText::default()
        },
        files_present: true,
    };
    let drafts = [
        draft(1, ANNA, "Dear Carl, forty seats are "),
        draft(2, ANNA, " "),
        draft(3, BEN, "Mine"),
    ];
    let behind = |team: &Team| {
        let standing = Standing {
            now: team.now,
            inbox: &team.inbox,
            members: &team.members,
            accounts: &team.accounts,
        };
        left_behind(&drafts, standing)
    };
    assert_eq!(behind(&team), []);
    team.members.get_mut(&ANNA).unwrap().active = false;
    let left = behind(&team);
    let ids: Vec<_> = left.iter().map(|(id, _)| id.0.as_u128()).collect();
    assert_eq!(ids, [1, 2]);
    let events: Vec<Event> = left.into_iter().filter_map(|(_, note)| note).collect();
    assert_eq!(notes(&events), [("Dear Carl, forty seats are", Some(ANNA))]);
}

#[test]
fn a_reply_in_doubt_of_somebody_who_left_is_a_note_once_it_is_dropped() {
    let mut team = Team::with_enquiry();
    let outbound = team.reply(ANNA, CHASE);
    team.now = team.conversation().outbound(outbound).unwrap().not_before;
    team.system(CommandBody::OutboundSending { outbound, attempt: 1 })
        .unwrap();
    team.members.get_mut(&ANNA).unwrap().active = false;
    team.documents_changed();
    let events = team
        .system(CommandBody::OutboundFailed {
            outbound,
            reason: "550 no".to_owned(),
        })
        .unwrap();
    assert_eq!(notes(&events), [("Gladly.", Some(ANNA))]);
}

#[test]
fn a_scheduled_reply_of_an_owner_who_may_not_work_here_any_more_comes_back() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, CommandBody::TakeLock { cover: false });
    let mut body = team.reply_body(ANNA, CHASE);
    if let CommandBody::Reply { send_at, .. } = &mut body {
        *send_at = Some(team.now.plus_ms(3_600_000));
    }
    team.act(ANNA, body);
    let outbound = team.conversation().outbound.last().unwrap().id;
    for access in team.inbox.access.iter_mut().filter(|access| access.member == ANNA) {
        access.capabilities.remove(&Capability::Work);
    }
    team.documents_changed();
    assert_eq!(team.conversation().owner, Some(BEN));
    assert_eq!(why(&team, outbound), Some(CancelReason::OwnerChanged));
}
