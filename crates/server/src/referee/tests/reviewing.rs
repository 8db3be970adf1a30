//! The daily review where several servers judge: one nudge a lead a day, and a sign-off that the team reads.

use baton_domain::{
    CommandBody, ConversationId, DAY_MS, DocumentBody, Event, LogBody, LogEntry, MINUTE_MS, MemberId, Refusal,
    ReviewSignOff, Scope, Timestamp,
};
use baton_protocol::Answer;
use uuid::Uuid;

use super::court::{ANNA, BEN, Court, MIRA, MONDAY, SALES, letter};

/// Two servers, and Carl's enquiry, which is Anna's.
fn with_enquiry() -> (Court, ConversationId) {
    let mut court = Court::with_servers(2);
    court.wait(MINUTE_MS);
    court.receive(
        vec![letter(1, "carl@example.com", "Chairs", MONDAY.plus_ms(30_000))],
        None,
    );
    let id = court.only().id;
    let command = court.command(ANNA, id, CommandBody::Claim);
    assert!(matches!(court.ask(command), Answer::Done { .. }));
    (court, id)
}

fn entries(court: &Court) -> impl Iterator<Item = &LogEntry> {
    court.model.log().iter().map(|sealed| &sealed.entry)
}

fn nudges(court: &Court) -> usize {
    let is = |entry: &&LogEntry| {
        matches!(
            &entry.body,
            LogBody::Conversation {
                event: Event::Nudged { .. },
                ..
            }
        )
    };
    entries(court).filter(is).count()
}

#[test]
fn a_lead_is_nudged_once_a_day_whichever_server_is_asked() {
    let (mut court, enquiry) = with_enquiry();
    for server in [0, 1, 0] {
        let command = court.command(MIRA, enquiry, CommandBody::Nudge);
        assert!(matches!(court.ask_at(server, command), Answer::Done { .. }));
    }
    assert_eq!(nudges(&court), 1);
    court.wait(DAY_MS);
    let command = court.command(MIRA, enquiry, CommandBody::Nudge);
    court.ask_at(1, command);
    assert_eq!(nudges(&court), 2, "the next day is another");
    let command = court.command(BEN, enquiry, CommandBody::Nudge);
    let answer = court.ask(command);
    assert!(
        matches!(
            answer,
            Answer::Refused {
                refusal: Refusal::NotPermitted { .. }
            }
        ),
        "{answer:?}"
    );
}

fn sign_off(court: &mut Court, who: MemberId, by: MemberId) -> Answer {
    let body = CommandBody::PutDocument {
        document: Box::new(DocumentBody::Review(ReviewSignOff {
            by,
            at: Timestamp(0),
            inboxes: vec![SALES],
            listed: 23,
            settled: 21,
            took_ms: 4 * MINUTE_MS,
        })),
    };
    let command = court.command(who, ConversationId(Uuid::nil()), body);
    court.ask(command)
}

#[test]
fn a_sign_off_is_read_by_the_whole_team_and_is_ones_own() {
    let (mut court, _) = with_enquiry();
    assert!(matches!(sign_off(&mut court, ANNA, ANNA), Answer::Refused { .. }));
    assert!(matches!(sign_off(&mut court, ANNA, MIRA), Answer::Refused { .. }));
    assert!(matches!(sign_off(&mut court, MIRA, MIRA), Answer::Done { .. }));
    let last = entries(&court).last().unwrap();
    let LogBody::DocumentPut { document } = &last.body else {
        panic!("{last:?}")
    };
    assert_eq!(last.scope, Scope::Workspace);
    assert_eq!(document.id, ReviewSignOff::document(MIRA));
    let kept = court.model.documents().find(|kept| kept.id == document.id).unwrap();
    let DocumentBody::Review(kept) = &kept.body else {
        panic!("{kept:?}")
    };
    assert_eq!((kept.at, kept.left()), (last.issued_at, 2));
}
