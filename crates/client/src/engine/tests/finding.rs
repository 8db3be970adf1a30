use baton_domain::{CommandBody, MessageId, Timestamp};
use baton_protocol::{ExcerptPart, Hit, HitKind};

use super::office::{note, uuid};
use super::{ANNA, BEN, Office};

fn found(office: &Office, desk: usize, text: &str) -> Vec<u32> {
    let page = office.desks[desk].engine.search(text, 50);
    assert_eq!(page.total, u32::try_from(page.rows.len()).unwrap());
    page.rows.iter().map(|row| row.number).collect()
}

#[test]
fn operators_are_understood_without_a_network() {
    let mut office = Office::open();
    let lamps = office.carl_writes(None, "Do you have 40 lamps?");
    let torches = office.carl_writes(None, "Torches, please");
    office.act(ANNA, lamps, CommandBody::Claim);
    office.act(ANNA, torches, note("Ask Ben"));
    let numbers = [lamps, torches].map(|id| office.real(id).number);
    office.cut(ANNA);
    assert_eq!(found(&office, ANNA, "owner:me"), [numbers[0]]);
    assert_eq!(found(&office, BEN, "owner:me"), Vec::<u32>::new());
    assert_eq!(found(&office, BEN, "owner:anna"), [numbers[0]]);
    assert_eq!(found(&office, ANNA, "owner:nobody"), [numbers[1]]);
    assert_eq!(found(&office, ANNA, "is:note"), [numbers[1]]);
    assert_eq!(found(&office, ANNA, "from:carl lamps -torches"), [numbers[0]]);
    assert_eq!(found(&office, ANNA, &format!("#{}", numbers[1])), [numbers[1]]);
    assert_eq!(found(&office, ANNA, "is:closed"), Vec::<u32>::new());
    assert_eq!(found(&office, ANNA, "  "), Vec::<u32>::new());
}

#[test]
fn what_the_server_found_comes_after_what_the_rows_say() {
    let mut office = Office::open();
    let lamps = office.carl_writes(None, "Do you have 40 lamps?");
    let torches = office.carl_writes(None, "Torches, please");
    let hit = |conversation, text: &str, found| Hit {
        conversation,
        message: MessageId(uuid(1)),
        kind: HitKind::Note,
        at: Timestamp(0),
        from: "Ben".to_owned(),
        subject: String::new(),
        excerpt: vec![ExcerptPart {
            text: text.to_owned(),
            found,
        }],
    };
    let unknown = baton_domain::ConversationId(uuid(99));
    let engine = &office.desks[ANNA].engine;
    let hits = vec![
        hit(unknown, "lamps", true),
        hit(torches, "lamps", true),
        hit(lamps, "Hello", false),
    ];
    let page = engine.with_hits(engine.search("have", 50), hits, 50);
    let rows: Vec<_> = page.rows.iter().map(|row| (row.id, row.found.is_some())).collect();
    assert_eq!(engine.search("have", 50).total, 1);
    // What is not in the replica may not be read any more; what was found in the row is seen there.
    assert_eq!(rows, [(lamps, false), (torches, true)]);
    assert_eq!(page.total, 2);
}
