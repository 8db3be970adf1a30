use baton_domain::MessageId;

use super::*;
use crate::email::smtp::Envelope;

const NOW: Timestamp = Timestamp(1_000_000);

fn job(state: JobState) -> OutboundJob {
    let envelope = Envelope {
        from: Some("anna@baton.test".into()),
        to: vec!["carl@example.com".into()],
        report: None,
    };
    OutboundJob {
        id: MessageId(uuid::Uuid::from_u128(1)),
        attempt: 1,
        given_back: 0,
        raw: bytes::Bytes::from_static(b"x"),
        envelope,
        message_id: "1@baton.test".into(),
        state,
    }
}

/// Feeds the inputs in turn and gives the work effect each led to, shortened to its name.
fn play(outbox: &mut Outbox, inputs: Vec<Input>) -> Vec<String> {
    inputs
        .into_iter()
        .map(|input| match outbox.handle(NOW, input).pop() {
            Some(Effect::Report(_, report)) => format!("{report:?}"),
            Some(effect) => format!("{effect:?}").split('(').next().unwrap_or_default().to_owned(),
            None => String::new(),
        })
        .collect()
}

fn delivered(outcome: Outcome<PortError>) -> Input {
    Input::Delivered { outcome, jitter: 0 }
}

#[test]
fn a_sent_message_is_reported_before_it_is_filed() {
    let mut outbox = Outbox::new(false);
    let inputs = vec![
        Input::Ready,
        Input::Job(Some(job(JobState::Queued))),
        delivered(Outcome::Sent { reply: "ok".into() }),
        Input::Reported,
        Input::Filed,
        Input::Reported,
    ];
    assert_eq!(
        play(&mut outbox, inputs),
        ["Ask", "Deliver", "Sent(\"ok\")", "File", "Filed", "Ask"]
    );
}

#[test]
fn where_the_provider_files_nothing_is_appended() {
    let mut outbox = Outbox::new(true);
    let inputs = vec![
        Input::Job(Some(job(JobState::Queued))),
        delivered(Outcome::Sent { reply: "ok".into() }),
        Input::Reported,
    ];
    assert_eq!(play(&mut outbox, inputs), ["Deliver", "Sent(\"ok\")", "Filed"]);
}

#[test]
fn a_message_found_on_its_way_is_never_delivered() {
    for (found, told) in [
        (true, "Sent(\"found in the sent folder\")"),
        (
            false,
            "Unknown(\"Baton was interrupted while the message was going out\")",
        ),
    ] {
        let mut outbox = Outbox::new(false);
        assert_eq!(
            play(
                &mut outbox,
                vec![Input::Job(Some(job(JobState::Sending))), Input::Probed(found)]
            ),
            ["Probe", told]
        );
    }
    let mut outbox = Outbox::new(false);
    let away = Input::FolderAway {
        error: ConnectError::Closed { host: "h".into() },
        jitter: 0,
    };
    assert_eq!(
        play(&mut outbox, vec![Input::Job(Some(job(JobState::Sending))), away]),
        ["Probe", "Sleep"],
        "it is looked for again"
    );
}

#[test]
fn an_unknown_outcome_is_looked_for_once_and_told() {
    let mut outbox = Outbox::new(false);
    let inputs = vec![
        Input::Job(Some(job(JobState::Queued))),
        delivered(Outcome::Unknown {
            reason: "silence".into(),
        }),
        Input::Probed(false),
        Input::Reported,
    ];
    assert_eq!(
        play(&mut outbox, inputs),
        ["Deliver", "Probe", "Unknown(\"silence\")", "Ask"]
    );
}

#[test]
fn a_report_that_does_not_get_through_is_repeated_before_anything_else() {
    let mut outbox = Outbox::new(false);
    let away = || Input::PortAway {
        reason: "no network".into(),
        jitter: 0,
    };
    let inputs = vec![
        Input::Job(Some(job(JobState::Queued))),
        delivered(Outcome::Sent { reply: "ok".into() }),
        away(),
        Input::Ready,
        away(),
        Input::Ready,
        Input::Reported,
    ];
    assert_eq!(
        play(&mut outbox, inputs),
        [
            "Deliver",
            "Sent(\"ok\")",
            "Sleep",
            "Sent(\"ok\")",
            "Sleep",
            "Sent(\"ok\")",
            "File"
        ]
    );
}

#[test]
fn a_failed_filing_never_sends_and_is_tried_again() {
    let mut outbox = Outbox::new(false);
    let away = Input::FolderAway {
        error: ConnectError::Closed { host: "h".into() },
        jitter: 0,
    };
    let inputs = vec![
        Input::Job(Some(job(JobState::Queued))),
        delivered(Outcome::Sent { reply: "ok".into() }),
        Input::Reported,
        away,
        Input::Job(None),
    ];
    assert_eq!(
        play(&mut outbox, inputs),
        ["Deliver", "Sent(\"ok\")", "File", "Ask", "WaitForWork"]
    );
    let again = Input::Job(Some(job(JobState::Unfiled)));
    assert_eq!(play(&mut outbox, vec![again]), ["WaitForWork"], "not before its time");
    let later = outbox.handle(NOW.plus_ms(ASK_MS), Input::Ready).pop();
    assert_eq!(later, Some(Effect::Ask));
    assert!(matches!(
        outbox.handle(NOW.plus_ms(ASK_MS), Input::Job(None)).pop(),
        Some(Effect::File(_))
    ));
}

#[test]
fn patience_and_refusal_are_told_apart() {
    let mut outbox = Outbox::new(false);
    let greylisted = Outcome::Rejected {
        code: 451,
        text: "later".into(),
        permanent: false,
    };
    assert_eq!(
        play(
            &mut outbox,
            vec![Input::Job(Some(job(JobState::Queued))), delivered(greylisted)]
        ),
        [
            "Deliver",
            "Returned(Returned { reason: \"451 later\", not_before: Timestamp(1060000), asked_to_wait: true })"
        ]
    );
    let refused = Outcome::Rejected {
        code: 550,
        text: "no".into(),
        permanent: true,
    };
    let mut outbox = Outbox::new(false);
    assert_eq!(
        play(
            &mut outbox,
            vec![Input::Job(Some(job(JobState::Queued))), delivered(refused)]
        ),
        ["Deliver", "Failed(550, \"no\")"]
    );
}

#[test]
fn a_wrong_password_gives_the_message_back_and_rests() {
    let mut outbox = Outbox::new(false);
    let wrong = ConnectError::WrongPassword {
        host: "h".into(),
        user: "u".into(),
        reply: "no".into(),
    };
    let inputs = vec![
        Input::Job(Some(job(JobState::Queued))),
        delivered(Outcome::NotOffered(wrong)),
        Input::Reported,
    ];
    let played = play(&mut outbox, inputs);
    assert!(
        played.get(1).is_some_and(|told| told.starts_with("Returned")),
        "{played:?}"
    );
    assert_eq!(played.last().map(String::as_str), Some("Rest"));
}

#[test]
fn a_message_the_fence_refuses_is_left_alone() {
    let mut outbox = Outbox::new(false);
    let stopped = Outcome::Stopped(PortError::Refused("cancelled".into()));
    assert_eq!(
        play(
            &mut outbox,
            vec![
                Input::Job(Some(job(JobState::Queued))),
                delivered(stopped),
                Input::Ready
            ]
        ),
        ["Deliver", "Sleep", "Ask"]
    );
}

#[test]
fn a_fence_whose_answer_was_lost_is_no_doubt_for_the_host_that_asked() {
    let mut outbox = Outbox::new(false);
    let lost = || Outcome::Stopped(PortError::Unavailable("the answer was lost".into()));
    let played = play(
        &mut outbox,
        vec![
            Input::Job(Some(job(JobState::Queued))),
            delivered(lost()),
            Input::Ready,
            Input::Job(Some(job(JobState::Sending))),
            Input::Reported,
        ],
    );
    assert!(
        played.get(3).is_some_and(|told| told.starts_with("Returned")),
        "{played:?}"
    );

    // Another host that finds it so knows nothing, and looks for it.
    let mut other = Outbox::new(false);
    let played = play(&mut other, vec![Input::Job(Some(job(JobState::Sending)))]);
    assert_eq!(played, ["Probe"]);
}

#[test]
fn each_request_for_patience_is_granted_a_longer_pause_up_to_an_hour() {
    let mut pauses = Vec::new();
    for given_back in [0, 1, 2, 3, 4, 5, 6, 7, 20] {
        let mut outbox = Outbox::new(false);
        outbox.handle(
            NOW,
            Input::Job(Some(OutboundJob {
                given_back,
                ..job(JobState::Queued)
            })),
        );
        let greylisted = Outcome::Rejected {
            code: 451,
            text: "later".into(),
            permanent: false,
        };
        let effect = outbox.handle(NOW, delivered(greylisted)).pop();
        let Some(Effect::Report(_, Report::Returned(returned))) = effect else {
            panic!("{effect:?}");
        };
        assert!(returned.asked_to_wait);
        pauses.push(returned.not_before.since_ms(NOW) / 60_000);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
}
