#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod session;

use baton_client::NotificationAction;

use super::*;
use session::{Bus, Fake, Manners, in_a_session};

fn due(body: &str) -> Notification {
    keyed("due acme", body)
}

fn keyed(key: &str, body: &str) -> Notification {
    Notification {
        key: key.to_owned(),
        title: "Follow-up due: Acme".to_owned(),
        body: body.to_owned(),
        actions: vec![NotificationAction {
            id: "in1h".to_owned(),
            label: "In 1 hour".to_owned(),
        }],
        conversation: None,
    }
}

fn in_an_hour() -> Answer {
    Answer {
        key: "due acme".to_owned(),
        action: "in1h".to_owned(),
    }
}

/// What the next thing heard comes to.
async fn next_answer(service: &mut Service) -> Option<Answer> {
    let (source, heard) = service.next().await.unwrap();
    service.hear(source, heard)
}

#[test]
fn a_button_pressed_at_once_is_heard() {
    in_a_session("a_button_pressed_at_once_is_heard", async {
        let _bus = Bus::start();
        let _fake = Fake::start(Manners {
            hasty: true,
            ..Manners::default()
        })
        .await;
        let mut service = Service::connect().await.unwrap();
        service.show(due("Quote for 40 seats")).await.unwrap();
        assert_eq!(next_answer(&mut service).await, Some(in_an_hour()));
    });
}

#[test]
fn a_button_that_a_service_tells_only_the_sender_is_heard() {
    in_a_session("a_button_that_a_service_tells_only_the_sender_is_heard", async {
        let _bus = Bus::start();
        let mut fake = Fake::start(Manners {
            discreet: true,
            ..Manners::default()
        })
        .await;
        let mut service = Service::connect().await.unwrap();
        service.show(due("Quote for 40 seats")).await.unwrap();
        fake.asked().await;
        // The library does not say when it listens, so a patient person presses until something happens.
        let (source, heard) = loop {
            fake.press(41, "in1h").await;
            if let Ok(heard) = tokio::time::timeout(Duration::from_millis(50), service.next()).await {
                break heard.unwrap();
            }
        };
        assert_eq!(source, Source::Sender);
        assert_eq!(service.hear(source, heard), Some(in_an_hour()));
    });
}

#[test]
fn a_press_that_both_ears_hear_is_reported_once() {
    in_a_session("a_press_that_both_ears_hear_is_reported_once", async {
        let _bus = Bus::start();
        let mut fake = Fake::start(Manners::default()).await;
        let mut service = Service::connect().await.unwrap();
        service.show(due("Quote for 40 seats")).await.unwrap();
        fake.asked().await;
        let (mut pressed, mut on_the_bus, mut by_the_sender, mut answers) = (0, 0, 0, 0);
        // Until the library's ear, which is slower to listen, has heard one of them too.
        while by_the_sender == 0 {
            fake.press(41, "in1h").await;
            pressed += 1;
            while on_the_bus < pressed {
                let (source, heard) = service.next().await.unwrap();
                match source {
                    Source::Bus => on_the_bus += 1,
                    Source::Sender => by_the_sender += 1,
                }
                answers += usize::from(service.hear(source, heard).is_some());
            }
        }
        assert_eq!(answers, pressed);
    });
}

#[test]
fn a_key_shown_again_takes_the_place_of_the_first_and_is_withdrawn_once() {
    let name = "a_key_shown_again_takes_the_place_of_the_first_and_is_withdrawn_once";
    in_a_session(name, async {
        let _bus = Bus::start();
        let mut fake = Fake::start(Manners::default()).await;
        let mut service = Service::connect().await.unwrap();
        service.show(due("today")).await.unwrap();
        service.show(due("late")).await.unwrap();
        service.withdraw("due acme").await;
        service.withdraw("due acme").await;
        service.show(due("again")).await.unwrap();
        for asked in [
            "0: Follow-up due: Acme / today / default,,in1h,In 1 hour",
            "41: Follow-up due: Acme / late / default,,in1h,In 1 hour",
            "close 41",
            "0: Follow-up due: Acme / again / default,,in1h,In 1 hour",
        ] {
            assert_eq!(fake.asked().await, asked);
        }
    });
}

#[test]
fn what_a_person_closed_is_shown_anew() {
    in_a_session("what_a_person_closed_is_shown_anew", async {
        let _bus = Bus::start();
        let mut fake = Fake::start(Manners::default()).await;
        let mut service = Service::connect().await.unwrap();
        service.show(due("today")).await.unwrap();
        fake.asked().await;
        fake.close(41).await;
        assert_eq!(next_answer(&mut service).await, None);
        service.show(due("late")).await.unwrap();
        assert!(fake.asked().await.starts_with("0: "));
    });
}

#[test]
fn the_first_sender_stays_until_nothing_is_on_screen() {
    in_a_session("the_first_sender_stays_until_nothing_is_on_screen", async {
        let _bus = Bus::start();
        let mut fake = Fake::start(Manners::default()).await;
        let mut service = Service::connect().await.unwrap();
        service.show(due("today")).await.unwrap();
        fake.asked().await;
        let first = fake.sender().to_owned();
        service.show(due("late")).await.unwrap();
        fake.asked().await;
        let second = fake.sender().to_owned();
        service.show(due("very late")).await.unwrap();
        while fake.is_there(&second).await {
            tokio::task::yield_now().await;
        }
        assert!(fake.is_there(&first).await);
        service.withdraw("due acme").await;
        while fake.is_there(&first).await {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_strangers_words_are_escaped_where_the_service_reads_markup() {
    in_a_session("a_strangers_words_are_escaped_where_the_service_reads_markup", async {
        let _bus = Bus::start();
        let mut fake = Fake::start(Manners {
            markup: true,
            ..Manners::default()
        })
        .await;
        let mut service = Service::connect().await.unwrap();
        service.show(due("<b>win</b> & more")).await.unwrap();
        assert_eq!(
            fake.asked().await,
            "0: Follow-up due: Acme / &lt;b&gt;win&lt;/b&gt; &amp; more / default,,in1h,In 1 hour"
        );
    });
}

#[test]
fn a_missing_service_is_said_and_one_that_comes_later_is_used() {
    in_a_session("a_missing_service_is_said_and_one_that_comes_later_is_used", async {
        let bus = Bus::start();
        let (ask, asked) = mpsc::unbounded_channel();
        let (answer, mut answers) = mpsc::unbounded_channel();
        let taken = Taken::default();
        tokio::spawn(serve(asked, answer, taken.clone()));
        let until = async |wanted: bool| {
            while taken.get() != wanted {
                tokio::task::yield_now().await;
            }
        };
        until(false).await;
        let hasty = Manners {
            hasty: true,
            ..Manners::default()
        };
        let fake = Fake::start(hasty).await;
        ask.send(Ask::Show(due("today"))).unwrap();
        assert_eq!(answers.recv().await, Some(in_an_hour()));
        until(true).await;

        // The bus goes, and the service with it.
        drop((fake, bus));
        ask.send(Ask::Show(due("late"))).unwrap();
        until(false).await;
        let _bus = Bus::start();
        let mut fake = Fake::start(hasty).await;
        ask.send(Ask::Show(due("very late"))).unwrap();
        assert_eq!(answers.recv().await, Some(in_an_hour()));
        assert!(fake.asked().await.starts_with("0: "));
    });
}

#[test]
fn a_service_that_ends_is_noticed() {
    in_a_session("a_service_that_ends_is_noticed", async {
        let _bus = Bus::start();
        let fake = Fake::start(Manners::default()).await;
        let mut service = Service::connect().await.unwrap();
        service.show(due("today")).await.unwrap();
        drop(fake);
        assert!(service.next().await.is_none());
    });
}

#[test]
fn a_bus_that_ends_is_noticed() {
    in_a_session("a_bus_that_ends_is_noticed", async {
        let bus = Bus::start();
        let _fake = Fake::start(Manners::default()).await;
        let mut service = Service::connect().await.unwrap();
        // Each of them listens on a connection that breaks, in whatever the library was doing.
        for number in 0..8 {
            service.show(keyed(&format!("key {number}"), "today")).await.unwrap();
        }
        drop(bus);
        assert!(service.next().await.is_none());
    });
}

#[tokio::test]
async fn a_panic_in_the_library_is_an_error_and_not_the_end() {
    let piece = async {
        if std::env::var_os("PATH").is_some() {
            panic!("the bus went away");
        }
    };
    let error = patiently(piece).await.unwrap_err();
    assert!(format!("{error:#}").contains("the bus went away"), "{error:#}");
}

#[test]
fn a_click_on_the_notification_itself_opens() {
    assert_eq!(action_of(DEFAULT.to_owned()), OPEN);
    assert_eq!(action_of("done".to_owned()), "done");
}
