//! A session bus for one test, and a notification service on it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedVariant, interface};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// Where a program finds the session's bus, `notify-rust` as well.
const ADDRESS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// Set in the process that runs the test itself.
const INSIDE: &str = "BATON_TEST_INSIDE_SESSION";

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// Runs `test` in a process of its own, because the environment of a process tells where the bus is. The name is the test's.
pub fn in_a_session(name: &str, test: impl Future<Output = ()>) {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { tokio::time::timeout(LONG, test).await.expect("the test takes too long") });
        return;
    }
    let (_, module) = module_path!().split_once("::").unwrap();
    let module = module.trim_end_matches("::session");
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::{name}"), "--nocapture"])
        .env(INSIDE, "yes")
        .env(
            ADDRESS,
            format!("unix:abstract=baton-test-{}-{name}", std::process::id()),
        )
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

/// The session's bus. It ends when the value is dropped, and may be started again.
pub struct Bus(Child);

impl Bus {
    pub fn start() -> Self {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--nofork", "--nopidfile", "--print-address", "--config-file"])
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/src-tauri/src/notifications/freedesktop/tests/bus.conf"
            ))
            .arg(format!("--address={}", std::env::var(ADDRESS).unwrap()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is not installed");
        // It says where it is once it is there.
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        assert!(!address.is_empty(), "dbus-daemon did not start");
        Self(daemon)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What kind of service it is.
#[derive(Clone, Copy, Default)]
pub struct Manners {
    /// A person presses the first button before the program hears that the notification is on screen.
    pub hasty: bool,
    /// The body may hold markup.
    pub markup: bool,
    /// Signals go only to whoever showed the notification.
    pub discreet: bool,
}

/// A notification service. It is there as long as this value lives.
pub struct Fake {
    bus: Connection,
    manners: Manners,
    asked: mpsc::UnboundedReceiver<Asked>,
    /// Who showed the last notification.
    sender: Option<String>,
}

struct Asked {
    words: String,
    sender: String,
}

impl Fake {
    pub async fn start(manners: Manners) -> Self {
        let (tell, asked) = mpsc::unbounded_channel();
        let daemon = Daemon {
            manners,
            next: AtomicU32::new(41),
            tell,
        };
        let bus = zbus::connection::Builder::session()
            .serve_at(PATH, daemon)
            .name(NAME)
            .build()
            .await
            .unwrap();
        Self {
            bus,
            manners,
            asked,
            sender: None,
        }
    }

    /// What it was asked next.
    pub async fn asked(&mut self) -> String {
        let asked = self.asked.recv().await.unwrap();
        self.sender = Some(asked.sender);
        asked.words
    }

    /// Presses a button on the notification that was shown last.
    pub async fn press(&self, id: u32, action: &str) {
        Daemon::action_invoked(&self.emitter(), id, action).await.unwrap();
    }

    /// Closes the notification that was shown last, as a person would.
    pub async fn close(&self, id: u32) {
        Daemon::notification_closed(&self.emitter(), id, 2).await.unwrap();
    }

    /// Whether a connection to the bus is still there.
    pub async fn is_there(&self, sender: &str) -> bool {
        let bus = zbus::fdo::DBusProxy::new(&self.bus).await.unwrap();
        bus.name_has_owner(sender.try_into().unwrap()).await.unwrap()
    }

    /// Who showed what was asked last.
    pub fn sender(&self) -> &str {
        self.sender.as_deref().unwrap()
    }

    fn emitter(&self) -> SignalEmitter<'_> {
        let emitter = SignalEmitter::new(&self.bus, PATH).unwrap();
        if self.manners.discreet {
            emitter.set_destination(self.sender().try_into().unwrap())
        } else {
            emitter
        }
    }
}

struct Daemon {
    manners: Manners,
    next: AtomicU32,
    tell: mpsc::UnboundedSender<Asked>,
}

impl Daemon {
    fn tell(&self, words: String, header: &Header<'_>) {
        let sender = header.sender().unwrap().to_string();
        let _ = self.tell.send(Asked { words, sender });
    }
}

#[interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    #[allow(clippy::too_many_arguments, reason = "the specification's arguments")]
    async fn notify(
        &self,
        app_name: String,
        replaces_id: u32,
        app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedVariant>,
        expire_timeout_ms: i32,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> u32 {
        assert_eq!((app_name.as_str(), app_icon.as_str()), ("Baton", "Baton"));
        assert_eq!(expire_timeout_ms, -1);
        assert_eq!(u8::try_from(&*hints["urgency"]).unwrap(), 1);
        let id = if replaces_id == 0 {
            self.next.fetch_add(1, Ordering::Relaxed)
        } else {
            replaces_id
        };
        let actions_said = actions.join(",");
        self.tell(format!("{replaces_id}: {summary} / {body} / {actions_said}"), &header);
        if self.manners.hasty {
            Self::action_invoked(&emitter, id, &actions[2]).await.unwrap();
        }
        id
    }

    fn close_notification(&self, id: u32, #[zbus(header)] header: Header<'_>) {
        self.tell(format!("close {id}"), &header);
    }

    fn get_capabilities(&self) -> Vec<String> {
        let markup = if self.manners.markup { "body-markup" } else { "body" };
        vec!["actions".to_owned(), markup.to_owned()]
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action_key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}
