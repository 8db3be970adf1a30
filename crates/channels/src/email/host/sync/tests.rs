//! The machine against a mailbox in memory that obeys every effect, and fails where a test says so.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::{MAX_BATCH, MAX_GROUP_BYTES};
use super::track::{CLOCK_SKEW_MS, is_history};
use super::*;

#[derive(Default)]
struct Mailbox {
    folders: BTreeMap<String, (u32, BTreeMap<u32, u32>, u32)>,
    /// UIDs whose bodies end the session, are refused, or never come.
    breaking: BTreeSet<u32>,
    refused: BTreeSet<u32>,
    silent: BTreeSet<u32>,
    open: String,
    committed: BTreeMap<String, FolderCursor>,
    arrived: Vec<Arrived>,
    effects: Vec<String>,
    /// The server's modification sequence; 0 for a server without, and what it tells of each.
    modseq: u64,
    changed: BTreeMap<u64, Changes>,
    told: Vec<(String, Changes)>,
    /// Folders that are taken in beside INBOX.
    follows: Vec<Follows>,
    /// Folders under other names than before.
    renamed: Vec<(String, String)>,
    usage: Option<Usage>,
    /// Milliseconds since the test began.
    later_ms: i64,
    remarks: Vec<MailboxRemark>,
}

impl Mailbox {
    fn with(inbox: u32, sent: u32) -> Self {
        let mut mailbox = Self::default();
        for (name, count) in [("INBOX", inbox), ("Sent", sent)] {
            let messages: BTreeMap<u32, u32> = (1..=count).map(|uid| (uid, 1000)).collect();
            mailbox.folders.insert(name.into(), (7, messages, count + 1));
        }
        mailbox
    }

    fn add(&mut self, folder: &str) {
        let (_, messages, next) = self.folders.get_mut(folder).unwrap();
        messages.insert(*next, 1000);
        *next += 1;
    }

    fn opened(&self, folder: &str) -> Opened {
        let (uidvalidity, messages, uidnext) = &self.folders[folder];
        Opened {
            uidvalidity: *uidvalidity,
            uidnext: *uidnext,
            exists: u32::try_from(messages.len()).unwrap(),
            modseq: if folder == "INBOX" { self.modseq } else { 0 },
        }
    }

    fn list(&self, from: u32, to: u32) -> Vec<u32> {
        let messages = &self.folders[&self.open].1;
        let mut found: Vec<u32> = messages.range(from.min(to)..=to).map(|(uid, _)| *uid).collect();
        if to == u32::MAX && found.is_empty() {
            found.extend(messages.keys().next_back());
        }
        found
    }

    /// Carries one effect out. `None` for a wait: nothing is left to do.
    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        self.effects.push(format!("{effect:?}"));
        let folder = |name: &str, role| Folder {
            wire: name.into(),
            name: name.into(),
            role,
        };
        let lost = || ConnectError::Closed { host: "h".into() };
        Some(match effect {
            Effect::Connect | Effect::Relist => Input::Connected {
                folders: self
                    .folders
                    .keys()
                    .map(|name| match name.as_str() {
                        "INBOX" => folder(name, FolderRole::Inbox),
                        "Sent" => folder(name, FolderRole::Sent),
                        _ => folder(name, FolderRole::Other),
                    })
                    .collect(),
                pushes: true,
                renamed: self.renamed.clone(),
                usage: self.usage,
            },
            Effect::Open { folder, .. } => {
                self.open = folder.clone();
                Input::Opened {
                    opened: self.opened(&folder),
                    changes: None,
                }
            }
            Effect::Changes(known) => {
                let mut changes = Changes {
                    modseq: self.opened(&self.open).modseq.max(known.modseq),
                    ..Changes::default()
                };
                if known.modseq > 0 {
                    for (_, news) in self.changed.range(known.modseq + 1..) {
                        changes.flags.extend(news.flags.clone());
                        changes.gone.extend(news.gone.clone());
                    }
                }
                Input::Changed(changes)
            }
            Effect::Tell { folder, changes, .. } => {
                self.told.push((folder, changes));
                Input::Told
            }
            Effect::Count(name) => Input::Counted(self.opened(&name)),
            Effect::List(from, to) => Input::Listed(self.list(from, to)),
            Effect::Confirm(uids) => Input::Confirmed(
                uids.into_iter()
                    .filter(|uid| self.folders[&self.open].1.contains_key(uid))
                    .collect(),
            ),
            Effect::Size(uids) => {
                let messages = &self.folders[&self.open].1;
                Input::Sized(
                    uids.iter()
                        .filter_map(|uid| {
                            Some(MessageMeta {
                                uid: *uid,
                                size: *messages.get(uid)?,
                                internal_date: Some(Timestamp(5000)),
                                flags: vec![],
                                labels: vec![],
                                provider_id: None,
                            })
                        })
                        .collect(),
                )
            }
            Effect::Fetch(metas) => {
                assert!(metas.len() <= MAX_BATCH && !metas.is_empty());
                let bytes: u64 = metas.iter().map(|meta| u64::from(meta.size)).sum();
                assert!(metas.len() == 1 || bytes <= MAX_GROUP_BYTES);
                let hit =
                    |set: &BTreeSet<u32>| self.open == "INBOX" && metas.iter().any(|meta| set.contains(&meta.uid));
                if hit(&self.breaking) {
                    return Some(Input::FetchFailed {
                        trouble: FetchTrouble::Lost(lost()),
                        jitter: 0,
                    });
                }
                if hit(&self.refused) {
                    return Some(Input::FetchFailed {
                        trouble: FetchTrouble::Refused("[SERVERBUG] no".into()),
                        jitter: 0,
                    });
                }
                let stored = metas
                    .iter()
                    .filter(|meta| self.open != "INBOX" || !self.silent.contains(&meta.uid))
                    .map(|meta| (meta.uid, BlobId::of(&meta.uid.to_be_bytes())));
                Input::Fetched {
                    stored: stored.collect(),
                    news: false,
                }
            }
            Effect::Commit { batch, progress } => {
                self.arrived.extend(batch);
                self.committed.insert(progress.cursor.folder.clone(), progress.cursor);
                Input::Committed
            }
            Effect::Sleep(_) => Input::Waited,
            Effect::Idle(_) | Effect::Poll(_) | Effect::Rest => return None,
            Effect::Health(_) | Effect::Remarks(_) => panic!("handled before"),
        })
    }

    fn start(&self) -> (FolderSync, Input) {
        let cursors = self.committed.values().cloned().collect();
        (
            FolderSync::default(),
            Input::Started {
                cursors,
                live_since: Timestamp(10_000),
                follows: self.follows.clone(),
            },
        )
    }

    /// Runs until nothing is left to do and gives what was told of the health.
    fn run(&mut self, sync: &mut FolderSync, input: Input) -> Vec<HealthState> {
        let (health, left) = self.steps(sync, input, PLENTY);
        assert_eq!(left, None, "it never comes to rest");
        health
    }

    /// Carries out so many effects; the input that the last one gave is still to be handled.
    fn steps(&mut self, sync: &mut FolderSync, mut input: Input, limit: usize) -> (Vec<HealthState>, Option<Input>) {
        let mut health = Vec::new();
        for _ in 0..limit {
            let mut effects = sync.handle(Timestamp(20_000).plus_ms(self.later_ms), input.clone());
            let work = effects.pop().unwrap();
            for effect in effects {
                match effect {
                    Effect::Health(state) => health.push(state),
                    Effect::Remarks(remarks) => self.remarks = remarks,
                    _ => panic!("two effects"),
                }
            }
            match self.carry_out(work) {
                Some(next) => input = next,
                None => return (health, None),
            }
        }
        (health, Some(input))
    }

    /// Cuts the connection under the next effect. What goes to the referee isn't touched by that.
    fn cut(&mut self, sync: &mut FolderSync, input: Input) -> Input {
        let lost = Input::Lost {
            error: ConnectError::Closed { host: "h".into() },
            jitter: 0,
        };
        match sync.handle(Timestamp(20_000), input).pop().unwrap() {
            commit @ Effect::Commit { .. } => self.carry_out(commit).unwrap(),
            _ => lost,
        }
    }

    fn uids(&self, folder: &str) -> Vec<u32> {
        self.arrived
            .iter()
            .filter(|message| message.folder == folder)
            .map(|message| message.uid)
            .collect()
    }
}

const PLENTY: usize = 10_000;

#[test]
fn the_newest_come_first_and_every_message_once() {
    let mut mailbox = Mailbox::with(230, 3);
    let (mut sync, input) = mailbox.start();
    let health = mailbox.run(&mut sync, input);
    assert_eq!(mailbox.uids("INBOX"), (1..=230).rev().collect::<Vec<_>>());
    assert_eq!(mailbox.uids("Sent"), [3, 2, 1]);
    assert!(mailbox.arrived.iter().all(|message| message.history));
    assert_eq!(
        health,
        [
            HealthState::FirstSync {
                received: 0,
                total: 230
            },
            HealthState::FirstSync {
                received: 50,
                total: 230
            },
            HealthState::FirstSync {
                received: 150,
                total: 230
            },
            HealthState::FirstSync {
                received: 230,
                total: 230
            },
            // What was answered is known only once Sent has been read, too.
            HealthState::FirstSync {
                received: 230,
                total: 233
            },
            HealthState::Ready
        ]
    );
    assert_eq!(
        mailbox.committed["INBOX"],
        FolderCursor {
            folder: "INBOX".into(),
            uidvalidity: 7,
            lowest: 1,
            highest: 230,
            received: 230,
            found_below: 231,
            renumbered: false,
            uid_next: 231,
            modseq: 0,
        }
    );
}

#[test]
fn new_mail_goes_before_old() {
    let mut mailbox = Mailbox::with(500, 0);
    let (mut sync, input) = mailbox.start();
    let (_, input) = mailbox.steps(&mut sync, input, 6);
    assert_eq!(mailbox.arrived.len(), 50);
    let input = mailbox.cut(&mut sync, input.unwrap());
    for _ in 0..3 {
        mailbox.add("INBOX");
    }
    mailbox.run(&mut sync, input);
    let uids = mailbox.uids("INBOX");
    assert_eq!(&uids[150..153], [501, 502, 503], "behind the batch that was on its way");
    assert_eq!(uids.len(), 503);
}

#[test]
fn a_quiet_mailbox_is_only_counted() {
    let mut mailbox = Mailbox::with(20, 5);
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    mailbox.effects.clear();
    mailbox.run(&mut sync, Input::Waited);
    assert_eq!(
        mailbox.effects,
        ["List(21, 4294967295)", "Count(\"Sent\")", "Idle(60000)"]
    );
    mailbox.add("Sent");
    mailbox.effects.clear();
    mailbox.run(&mut sync, Input::Waited);
    assert_eq!(mailbox.uids("Sent").last(), Some(&6));
    assert_eq!(
        mailbox
            .effects
            .iter()
            .filter(|effect| effect.starts_with("Open"))
            .count(),
        2,
        "Sent, and back to INBOX"
    );
}

#[test]
fn what_changed_is_told_once_and_then_kept() {
    let mut mailbox = Mailbox::with(20, 0);
    mailbox.modseq = 100;
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    assert_eq!(mailbox.committed["INBOX"].modseq, 100);
    mailbox.modseq = 101;
    let seen = Changes {
        flags: vec![(3, vec!["\\Seen".to_owned()])],
        gone: vec![(5, 6)],
        ..Changes::default()
    };
    mailbox.changed.insert(101, seen.clone());
    mailbox.run(&mut sync, Input::Waited);
    mailbox.run(&mut sync, Input::Waited);
    let told: Vec<_> = mailbox
        .told
        .iter()
        .map(|(folder, changes)| (folder.as_str(), &changes.flags, &changes.gone))
        .collect();
    assert_eq!(told, [("INBOX", &seen.flags, &seen.gone)], "told once");
    assert_eq!(mailbox.committed["INBOX"].modseq, 101, "and kept behind it");
    // What happens while nobody runs is told by the next one.
    mailbox.modseq = 102;
    mailbox.changed.insert(
        102,
        Changes {
            gone: vec![(9, 9)],
            ..Changes::default()
        },
    );
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    assert_eq!(
        mailbox.told.last().map(|(_, changes)| changes.gone.clone()),
        Some(vec![(9, 9)])
    );
    assert_eq!(mailbox.committed["INBOX"].modseq, 102);
}

#[test]
fn where_one_folder_has_everything_it_is_the_only_one() {
    let folder = |wire: &str, role| Folder {
        wire: wire.to_owned(),
        name: wire.to_owned(),
        role,
    };
    let gmail = vec![
        folder("INBOX", FolderRole::Inbox),
        folder("[Gmail]/All Mail", FolderRole::All),
        folder("[Gmail]/Sent Mail", FolderRole::Sent),
    ];
    assert_eq!(
        followed(gmail.clone(), &[]),
        [folder("[Gmail]/All Mail", FolderRole::All)]
    );
    let hidden = gmail
        .into_iter()
        .filter(|folder| folder.role != FolderRole::All)
        .collect();
    assert_eq!(
        followed(hidden, &[]),
        [
            folder("INBOX", FolderRole::Inbox),
            folder("[Gmail]/Sent Mail", FolderRole::Sent)
        ]
    );
}

#[test]
fn sparse_numbers_are_crossed_quickly() {
    let mut mailbox = Mailbox::with(0, 0);
    let uids = [3u32, 50_000, 900_000, 2_000_000];
    mailbox.folders.insert(
        "INBOX".into(),
        (7, uids.iter().map(|uid| (*uid, 10)).collect(), 2_000_001),
    );
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    assert_eq!(mailbox.uids("INBOX"), [2_000_000, 900_000, 50_000, 3]);
    assert!(
        mailbox
            .effects
            .iter()
            .filter(|effect| effect.starts_with("List"))
            .count()
            < 15
    );
}

#[test]
fn a_message_that_ends_the_session_is_found_and_set_aside() {
    for (broken, why) in [
        (0, "session"),
        (1, "hand it over: [SERVERBUG]"),
        (2, "does not hand it over"),
    ] {
        let mut mailbox = Mailbox::with(120, 0);
        let set = [&mut mailbox.breaking, &mut mailbox.refused, &mut mailbox.silent]
            .into_iter()
            .nth(broken)
            .unwrap();
        set.extend([33, 34, 90]);
        let (mut sync, input) = mailbox.start();
        mailbox.run(&mut sync, input);
        let mut uids = mailbox.uids("INBOX");
        uids.sort_unstable();
        assert_eq!(uids, (1..=120).collect::<Vec<_>>(), "{why}");
        let aside: BTreeSet<u32> = mailbox
            .arrived
            .iter()
            .filter(|message| message.blob.is_none())
            .map(|message| message.uid)
            .collect();
        assert_eq!(aside, BTreeSet::from([33, 34, 90]), "{why}");
        assert!(
            mailbox
                .arrived
                .iter()
                .filter_map(|message| message.unreadable.as_deref())
                .all(|reason| reason.contains(why) || why == "session")
        );
    }
}

#[test]
fn a_message_beyond_all_measure_is_set_aside_unfetched() {
    let mut mailbox = Mailbox::with(3, 0);
    mailbox.folders.get_mut("INBOX").unwrap().1.insert(2, u32::MAX);
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    assert_eq!(mailbox.arrived.len(), 3);
    let aside: Vec<u32> = mailbox
        .arrived
        .iter()
        .filter(|message| message.blob.is_none())
        .map(|message| message.uid)
        .collect();
    assert_eq!(aside, [2]);
}

#[test]
fn a_connection_that_never_holds_is_tried_less_and_less() {
    let mut mailbox = Mailbox::with(0, 0);
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    let mut pauses = Vec::new();
    for _ in 0..3 {
        let lost = Input::Lost {
            error: ConnectError::Closed { host: "h".into() },
            jitter: 0,
        };
        pauses.extend(sync.handle(Timestamp(0), lost).pop());
        mailbox.run(&mut sync, Input::Waited);
    }
    assert_eq!(pauses, [Effect::Sleep(1000), Effect::Sleep(2000), Effect::Sleep(4000)]);
}

#[test]
fn messages_that_vanish_before_they_are_read_are_accounted_for_as_gone() {
    let mut mailbox = Mailbox::with(60, 0);
    let (mut sync, input) = mailbox.start();
    // Connect, open, list; then they vanish before their sizes are asked.
    mailbox.steps(&mut sync, input, 3);
    for uid in [58, 59, 12] {
        mailbox.folders.get_mut("INBOX").unwrap().1.remove(&uid);
    }
    let listed = Input::Listed((1..=60).collect());
    mailbox.run(&mut sync, listed);
    assert_eq!(mailbox.arrived.len(), 60);
    assert!(mailbox.arrived.iter().all(|message| message.unreadable.is_none()));
    let gone: BTreeSet<u32> = mailbox
        .arrived
        .iter()
        .filter(|message| message.gone)
        .map(|message| message.uid)
        .collect();
    assert_eq!(gone, BTreeSet::from([12, 58, 59]));
    assert_eq!(
        mailbox.committed["INBOX"].received, 60,
        "what was listed is what was dealt with"
    );
}

#[test]
fn a_renumbered_folder_is_read_again_and_what_comes_later_is_new() {
    let mut mailbox = Mailbox::with(5, 0);
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    mailbox.folders.get_mut("INBOX").unwrap().0 = 8;
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    assert_eq!(mailbox.uids("INBOX"), [5, 4, 3, 2, 1, 5, 4, 3, 2, 1]);
    assert!(
        mailbox
            .arrived
            .iter()
            .skip(5)
            .all(|message| message.history && message.uidvalidity == 8)
    );
    assert!(mailbox.committed["INBOX"].renumbered);
}

#[test]
fn new_mail_is_live_even_where_the_servers_clock_is_behind() {
    let live_since = Timestamp(100 * CLOCK_SKEW_MS + 999);
    let cursor = FolderCursor {
        folder: "INBOX".into(),
        uidvalidity: 7,
        lowest: 1,
        highest: 9,
        received: 9,
        found_below: 10,
        renumbered: false,
        uid_next: 10,
        modseq: 0,
    };
    let live = 100 * CLOCK_SKEW_MS;
    assert!(
        !is_history(&cursor, live_since, 10, Timestamp(live - 60_000)),
        "came later, dated a minute before"
    );
    assert!(
        is_history(&cursor, live_since, 10, Timestamp(live - CLOCK_SKEW_MS - 1)),
        "an old message moved here"
    );
    assert!(is_history(&cursor, live_since, 9, Timestamp(live - 1)));
    assert!(
        !is_history(&cursor, live_since, 9, Timestamp(live)),
        "within the second of going live"
    );
}

#[test]
fn a_wrong_password_is_not_tried_again() {
    let (mut sync, input) = Mailbox::with(1, 0).start();
    sync.handle(Timestamp(0), input);
    let error = ConnectError::WrongPassword {
        host: "h".into(),
        user: "u".into(),
        reply: "no".into(),
    };
    let effects = sync.handle(
        Timestamp(0),
        Input::Lost {
            error: error.clone(),
            jitter: 0,
        },
    );
    assert_eq!(
        effects,
        [Effect::Health(HealthState::NeedsChange { error }), Effect::Rest]
    );
}

#[test]
fn while_the_referee_is_away_the_same_batch_waits() {
    let mut mailbox = Mailbox::with(10, 0);
    let (mut sync, input) = mailbox.start();
    mailbox.steps(&mut sync, input, 5);
    let mut effects = sync.handle(
        Timestamp(0),
        Input::Fetched {
            stored: (1..=10).map(|uid| (uid, BlobId::of(b"x"))).collect(),
            news: false,
        },
    );
    let Some(Effect::Commit { batch, .. }) = effects.pop() else {
        panic!("a commit")
    };
    let effects = sync.handle(
        Timestamp(0),
        Input::PortAway {
            reason: "no network".into(),
            jitter: 0,
        },
    );
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Health(HealthState::RefereeAway { .. }), Effect::Sleep(1000)]
        ),
        "{effects:?}"
    );
    let mut effects = sync.handle(Timestamp(1000), Input::Waited);
    assert!(matches!(effects.pop(), Some(Effect::Commit { batch: again, .. }) if again == batch));
}

proptest::proptest! {
    /// Crashes, cuts, arrivals and bad messages in any order: when it is quiet again every message is committed, and none twice
    /// beyond the batch that a crash cut off from its answer.
    #[test]
    fn whatever_happens_every_message_is_accounted_for(
        inbox in 0u32..300,
        steps in proptest::collection::vec((0usize..30, 0u8..5), 0..12),
        breaking in proptest::collection::btree_set(1u32..300, 0..3),
        silent in proptest::collection::btree_set(1u32..300, 0..3),
    ) {
        let mut mailbox = Mailbox::with(inbox, 4);
        mailbox.breaking = breaking;
        mailbox.silent = silent;
        let (mut sync, mut input) = mailbox.start();
        for (length, event) in steps {
            let (_, left) = mailbox.steps(&mut sync, input, length);
            match event {
                0 => mailbox.add("INBOX"),
                1 => mailbox.add("Sent"),
                3 => {
                    mailbox.folders.get_mut("INBOX").unwrap().1.pop_first();
                }
                _ => {}
            }
            if event == 2 {
                input = mailbox.cut(&mut sync, left.unwrap_or(Input::Waited));
            } else {
                (sync, input) = mailbox.start();
            }
        }
        mailbox.run(&mut sync, input);
        mailbox.run(&mut sync, Input::Waited);
        for folder in ["INBOX", "Sent"] {
            let uids = mailbox.uids(folder);
            let once: BTreeSet<u32> = uids.iter().copied().collect();
            proptest::prop_assert_eq!(once.len(), uids.len(), "each once in {}", folder);
            let there: BTreeSet<u32> = mailbox.folders[folder].1.keys().copied().collect();
            proptest::prop_assert!(once.is_superset(&there), "none is left out of {}", folder);
            let removed = |message: &&Arrived| message.folder == folder && !there.contains(&message.uid);
            // What was removed was read before, or is accounted for as gone.
            proptest::prop_assert!(mailbox.arrived.iter().filter(removed).all(|message| message.gone || message.blob.is_some() || message.unreadable.is_some()));
            proptest::prop_assert_eq!(mailbox.committed[folder].received as usize, uids.len(), "the cursor counts them");
        }
    }
}

fn with_own(folder: &str, count: u32) -> Mailbox {
    let mut mailbox = Mailbox::with(20, 5);
    let messages: BTreeMap<u32, u32> = (1..=count).map(|uid| (uid, 1000)).collect();
    mailbox.folders.insert(folder.into(), (9, messages, count + 1));
    mailbox
}

fn follows(name: &str) -> Follows {
    Follows {
        name: name.into(),
        since: Timestamp(10_000),
    }
}

#[test]
fn only_folders_that_somebody_chose_are_read_behind_the_others_and_then_followed() {
    let mut mailbox = with_own("Anna", 7);
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    assert_eq!(mailbox.uids("Anna"), [0; 0]);

    let mut mailbox = with_own("Anna", 7);
    mailbox.follows = vec![follows("Anna")];
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    assert_eq!(mailbox.uids("Anna"), (1..=7).rev().collect::<Vec<_>>());
    let place = |folder: &str| mailbox.arrived.iter().position(|one| one.folder == folder).unwrap();
    assert!(place("INBOX") < place("Sent") && place("Sent") < place("Anna"));
    assert!(mailbox.arrived.iter().all(|message| message.history));
    assert_eq!(mailbox.remarks, []);
    mailbox.add("Anna");
    mailbox.run(&mut sync, Input::Waited);
    assert_eq!(mailbox.uids("Anna").last(), Some(&8));
}

#[test]
fn a_folder_that_is_gone_is_said_and_stops_nothing() {
    let mut mailbox = with_own("Anna", 7);
    mailbox.follows = vec![follows("Anna"), follows("Ben")];
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    let gone = |folder: &str, perhaps: Option<&str>| MailboxRemark::FolderGone {
        folder: folder.into(),
        perhaps: perhaps.map(str::to_owned),
    };
    assert_eq!(mailbox.remarks, [gone("Ben", None)]);
    assert_eq!(mailbox.uids("Anna").len(), 7);

    // Renamed on the server: said with its new name, once the folders are listed again.
    let was = mailbox.folders.remove("Anna").unwrap();
    mailbox.folders.insert("Anna K".into(), was);
    mailbox.renamed = vec![("Anna".into(), "Anna K".into())];
    let lost = Input::Lost {
        error: ConnectError::Closed { host: "h".into() },
        jitter: 0,
    };
    mailbox.add("INBOX");
    mailbox.run(&mut sync, lost);
    assert_eq!(mailbox.remarks, [gone("Anna", Some("Anna K")), gone("Ben", None)]);
    assert_eq!(mailbox.uids("INBOX").last(), Some(&21), "the others go on");

    // It comes back under its name: nothing of it is read twice.
    let was = mailbox.folders.remove("Anna K").unwrap();
    mailbox.folders.insert("Anna".into(), was);
    mailbox.renamed.clear();
    mailbox.run(&mut sync, Input::Waited);
    assert_eq!(mailbox.remarks, [gone("Ben", None)]);
    assert_eq!(mailbox.uids("Anna").len(), 7);
}

#[test]
fn a_folder_that_got_other_numbers_is_said_and_read_again_as_history() {
    let mut mailbox = with_own("Anna", 7);
    mailbox.follows = vec![follows("Anna")];
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    mailbox.folders.get_mut("Anna").unwrap().0 = 10;
    mailbox.run(&mut sync, Input::Waited);
    assert_eq!(
        mailbox.remarks,
        [MailboxRemark::FolderRenumbered {
            folder: "Anna".into(),
            at: Timestamp(20_000),
        }]
    );
    assert_eq!(mailbox.uids("Anna").len(), 14, "the ledger recognises what it has");
    assert!(mailbox.arrived.iter().all(|message| message.history));
}

#[test]
fn a_mailbox_that_is_nearly_full_is_said_and_asked_about_every_hour() {
    let mut mailbox = with_own("Anna", 1);
    mailbox.usage = Some(Usage { used: 89, limit: 100 });
    let (mut sync, input) = mailbox.start();
    mailbox.run(&mut sync, input);
    assert_eq!(mailbox.remarks, []);

    let full = Usage { used: 90, limit: 100 };
    mailbox.usage = Some(full);
    mailbox.later_ms = ROUND_MS - 1;
    mailbox.run(&mut sync, Input::Waited);
    assert_eq!(mailbox.remarks, [], "asked within the hour");
    mailbox.later_ms = ROUND_MS;
    mailbox.run(&mut sync, Input::Waited);
    assert_eq!(mailbox.remarks, [MailboxRemark::NearlyFull { used: 90, limit: 100 }]);

    // Somebody made room.
    mailbox.usage = None;
    mailbox.later_ms = 2 * ROUND_MS;
    mailbox.run(&mut sync, Input::Waited);
    assert_eq!(mailbox.remarks, []);
}
