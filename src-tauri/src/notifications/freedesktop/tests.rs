#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use baton_client::NotificationAction;
use zbus::object_server::SignalEmitter;
use zbus::{Guid, OwnedVariant, interface};

use super::*;

/// What the service was asked, in order.
type Asked = Arc<Mutex<Vec<String>>>;

/// A notification service whose person presses the first button before the program hears that it is on screen.
struct Hasty {
    asked: Asked,
    presses: bool,
    markup: bool,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Hasty {
    #[allow(clippy::too_many_arguments, reason = "the specification's arguments")]
    async fn notify(
        &self,
        _app_name: String,
        replaces_id: u32,
        _app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expire_timeout_ms: i32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> u32 {
        let id = if replaces_id == 0 { 41 } else { replaces_id };
        self.asked
            .lock()
            .unwrap()
            .push(format!("{replaces_id}: {summary} / {body} / {}", actions.join(",")));
        if self.presses {
            Self::action_invoked(&emitter, id, &actions[2]).await.unwrap();
        }
        id
    }

    fn close_notification(&self, id: u32) {
        self.asked.lock().unwrap().push(format!("close {id}"));
    }

    fn get_capabilities(&self) -> Vec<String> {
        let markup = if self.markup { "body-markup" } else { "body" };
        vec!["actions".to_owned(), markup.to_owned()]
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action_key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}

/// A program's connection to a service, and what the service was asked. The service lives as long as the last value.
async fn connected(presses: bool, markup: bool) -> (Service, Asked, Connection) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let asked = Asked::default();
    let hasty = Hasty {
        asked: Arc::clone(&asked),
        presses,
        markup,
    };
    let serving = zbus::connection::Builder::unix_stream(theirs)
        .server(Guid::generate())
        .p2p()
        .serve_at("/org/freedesktop/Notifications", hasty)
        .build();
    let speaking = zbus::connection::Builder::unix_stream(ours).p2p().build();
    let (serving, speaking) = tokio::join!(serving, speaking);
    (Service::on(&speaking.unwrap()).await.unwrap(), asked, serving.unwrap())
}

fn due(body: &str) -> Notification {
    Notification {
        key: "due acme".to_owned(),
        title: "Follow-up due: Acme".to_owned(),
        body: body.to_owned(),
        actions: vec![NotificationAction {
            id: "in1h".to_owned(),
            label: "In 1 hour".to_owned(),
        }],
        conversation: None,
    }
}

#[tokio::test]
async fn a_button_pressed_at_once_is_heard() {
    let (mut service, _asked, _serving) = connected(true, false).await;
    service.show(&due("Quote for 40 seats")).await.unwrap();
    let heard = service.heard.next().await.unwrap();
    assert_eq!(
        service.hear(heard),
        Some(Answer {
            key: "due acme".to_owned(),
            action: "in1h".to_owned()
        })
    );
}

#[tokio::test]
async fn a_key_shown_again_takes_the_place_of_the_first_and_is_withdrawn_once() {
    let (mut service, asked, _serving) = connected(false, false).await;
    service.show(&due("today")).await.unwrap();
    service.show(&due("late")).await.unwrap();
    service.withdraw("due acme").await;
    service.withdraw("due acme").await;
    assert_eq!(
        *asked.lock().unwrap(),
        [
            "0: Follow-up due: Acme / today / default,,in1h,In 1 hour",
            "41: Follow-up due: Acme / late / default,,in1h,In 1 hour",
            "close 41",
        ]
    );
}

#[tokio::test]
async fn a_strangers_words_are_escaped_where_the_service_reads_markup() {
    let (mut service, asked, _serving) = connected(false, true).await;
    service.show(&due("<b>win</b> & more")).await.unwrap();
    assert_eq!(
        asked.lock().unwrap()[0],
        "0: Follow-up due: Acme / &lt;b&gt;win&lt;/b&gt; &amp; more / default,,in1h,In 1 hour"
    );
}

#[test]
fn a_click_on_the_notification_itself_opens() {
    assert_eq!(action_of(DEFAULT.to_owned()), OPEN);
    assert_eq!(action_of("done".to_owned()), "done");
}

#[test]
fn a_key_shown_again_keeps_one_place() {
    let mut shown = Shown::default();
    shown.insert(1, "due acme".to_owned());
    shown.insert(1, "due acme".to_owned());
    assert_eq!(shown.id("due acme"), Some(1));
    assert_eq!(shown.0.len(), 1);
}

#[test]
fn a_service_that_gives_a_new_number_is_believed() {
    let mut shown = Shown::default();
    shown.insert(1, "due acme".to_owned());
    shown.insert(9, "due acme".to_owned());
    assert_eq!(shown.key(1), None);
    assert_eq!(shown.key(9), Some("due acme"));
}

#[test]
fn a_service_that_never_closes_does_not_fill_the_memory() {
    let mut shown = Shown::default();
    for id in 0..1_000 {
        shown.insert(id, format!("key {id}"));
    }
    assert_eq!(shown.0.len(), REMEMBERED);
    assert_eq!(shown.key(999), Some("key 999"));
    assert_eq!(shown.key(0), None);
}
