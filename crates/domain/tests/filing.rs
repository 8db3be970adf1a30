//! Folders of a mailbox: what may be said of them, and what lying in one does.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::collections::BTreeMap;

use baton_domain::*;
use support::{ANNA, BEN, MIRA, SALES_AT, Team};

fn filed(message: MessageId, at: Timestamp, folder: &str, becomes: FolderUse) -> CommandBody {
    CommandBody::Filed {
        message,
        at,
        folder: folder.to_owned(),
        becomes,
        live: true,
    }
}

fn anna() -> FolderUse {
    FolderUse::Owner { member: ANNA }
}

#[test]
fn what_lay_in_my_folder_is_opened_by_claiming_it_and_comes_back_to_me() {
    let mut team = Team::new();
    let message = team.message("Old question");
    let at = message.at;
    let id = team.receive(message, false);
    let events = team.system(filed(id, at, "Anna", anna())).unwrap();
    assert!(
        matches!(
            &events[1],
            Event::OwnerChanged {
                owner: Some(ANNA),
                how: OwnerChange::Filed,
                ..
            }
        ),
        "{events:?}"
    );
    assert!(team.system(filed(id, at, "Anna", anna())).unwrap().is_empty(), "once");
    assert!(team.conversation().status.is_over() && team.conversation().clocks.is_empty());

    // The customer writes again: it is hers.
    let mut again = Team::new();
    let message = again.message("Old question");
    let id = again.receive(message, false);
    again.system(filed(id, at, "Anna", anna())).unwrap();
    again.carl("And now?");
    assert_eq!(again.conversation().owner, Some(ANNA));
    assert_eq!(again.conversation().status, Status::Assigned);

    team.act(ANNA, CommandBody::Claim);
    assert_eq!(team.conversation().status, Status::Assigned);
    assert_eq!(team.conversation().owner, Some(ANNA));
}

#[test]
fn a_folder_of_somebody_who_may_not_work_there_makes_nobody_the_owner() {
    let mut team = Team::new();
    team.may_only_read(ANNA);
    let message = team.message("Old question");
    let at = message.at;
    let id = team.receive(message, false);
    let events = team.system(filed(id, at, "Anna", anna())).unwrap();
    assert_eq!(
        events.len(),
        1,
        "it is remembered where it lies, and that is all: {events:?}"
    );
    assert_eq!(team.conversation().owner, None);
}

#[test]
fn nobody_files_by_command() {
    let mut team = Team::with_enquiry();
    let last = team.conversation().last_message.clone().unwrap();
    let refused = team.refused(MIRA, filed(last.id, last.at, "Ben", FolderUse::Owner { member: BEN }));
    assert!(matches!(refused, Refusal::Invalid { .. }), "{refused:?}");
}

/// Puts an account with these folders, on top of `before`.
fn put(team: &Team, before: Option<&Account>, folders: Vec<MappedFolder>) -> Result<Vec<MappedFolder>, Refusal> {
    let account = Account {
        live_since: Timestamp(500),
        folders,
        ..team.accounts[&SALES_AT].clone()
    };
    let known = |account: &Account| {
        let body = DocumentBody::Account(account.clone());
        (
            body.id(),
            Document {
                id: body.id(),
                version: 1,
                body,
            },
        )
    };
    let documents: BTreeMap<_, _> = before.map(known).into_iter().collect();
    let command = Command {
        id: CommandId(uuid::Uuid::from_u128(1)),
        actor: Actor::Operator,
        device: DeviceId(uuid::Uuid::nil()),
        conversation: ConversationId(uuid::Uuid::nil()),
        issued_at: Timestamp(9_000),
        last_seen: None,
        based_on: before.map(|_| 1),
        body: CommandBody::PutDocument {
            document: Box::new(DocumentBody::Account(account)),
        },
    };
    let context = DocumentContext {
        documents: &documents,
        members: &team.members,
        conversations: 0,
    };
    match decide_document(&command, context)? {
        Some(LogBody::DocumentPut { document }) => match document.body {
            DocumentBody::Account(account) => Ok(account.folders),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn folder(name: &str, becomes: FolderUse) -> MappedFolder {
    MappedFolder {
        name: name.to_owned(),
        becomes,
        since: Timestamp(1),
    }
}

#[test]
fn the_first_folders_are_followed_since_the_mailbox_is_live_and_later_ones_since_they_are_asked_for() {
    let team = Team::new();
    let first = put(&team, None, vec![folder("Anna", anna())]).unwrap();
    assert_eq!(first[0].since, Timestamp(500));
    let before = Account {
        live_since: Timestamp(500),
        folders: first,
        ..team.accounts[&SALES_AT].clone()
    };
    let later = vec![folder("Anna", FolderUse::Done), folder("Ben", FolderUse::Done)];
    let later = put(&team, Some(&before), later).unwrap();
    assert_eq!(later.iter().map(|one| one.since.0).collect::<Vec<_>>(), [500, 9_000]);
}

#[test]
fn folders_nobody_can_act_on_are_refused() {
    let team = Team::new();
    let nobody = FolderUse::Owner {
        member: MemberId(uuid::Uuid::from_u128(0xdead)),
    };
    let tag = |tag: &str| FolderUse::Tag { tag: tag.to_owned() };
    for folders in [
        vec![folder("Anna", nobody)],
        vec![folder("Anna", anna()), folder("Anna", FolderUse::Done)],
        vec![folder("INBOX", FolderUse::Done)],
        vec![folder(" ", FolderUse::Done)],
        vec![folder("Fair", tag(" "))],
        vec![folder("Fair", tag(&"x".repeat(61)))],
        (0..=MOST_FOLDERS)
            .map(|one| folder(&one.to_string(), FolderUse::Done))
            .collect(),
    ] {
        let refused = put(&team, None, folders.clone());
        assert!(matches!(refused, Err(Refusal::Invalid { .. })), "{folders:?}");
    }
}

#[test]
fn a_folder_taken_in_later_gives_nobody_what_people_work_on() {
    let mut team = Team::with_enquiry();
    let last = team.conversation().last_message.clone().unwrap();
    let again = |live| CommandBody::Filed {
        message: last.id,
        at: last.at,
        folder: "Anna".to_owned(),
        becomes: anna(),
        live,
    };
    team.system(again(false)).unwrap();
    assert_eq!(team.conversation().owner, None, "it was found once more");
    assert_eq!(team.conversation().filed.len(), 1);
    let mut team = Team::with_enquiry();
    team.system(again(true)).unwrap();
    assert_eq!(team.conversation().owner, Some(ANNA), "it was put there now");
}
