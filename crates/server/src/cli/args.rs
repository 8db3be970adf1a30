//! The command line of `baton-server`.

use std::net::SocketAddr;
use std::path::PathBuf;

use baton_domain::{AccountMode, Role};
use baton_protocol::{MailServer, Security};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// The sync server of Baton: the referee of a team's shared inbox.
#[derive(Debug, Parser)]
#[command(name = "baton-server", version, about, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where the data lies.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The data directory. It is made if it is missing, for its owner only.
    #[arg(long, value_name = "DIR", env = "BATON_DATA")]
    pub data: PathBuf,
    /// Keep the log in PostgreSQL instead of a SQLite file in the data directory.
    #[arg(long, value_name = "URL", env = "BATON_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where several servers on one PostgreSQL keep what they share: raw mail, attachments, and the key that seals passwords. Give every
    /// server, and every command, the same; it lies on a disk that all of them reach.
    #[arg(long, value_name = "DIR", env = "BATON_SHARED", requires = "database_url")]
    pub shared: Option<PathBuf>,
    /// Log as JSON.
    #[arg(long)]
    pub log_json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server.
    Serve(Serve),
    /// Who may sign in.
    #[command(subcommand)]
    Member(Member),
    /// The mailboxes.
    #[command(subcommand)]
    Account(Account),
    /// The inboxes.
    #[command(subcommand)]
    Inbox(Inbox),
    /// The routing rules: who gets which lead.
    #[command(subcommand)]
    Rules(Rules),
    /// Take in old mail of a mailbox, as history: it starts nothing.
    Import(Import),
    /// Received = accounted for, for every mailbox.
    Balance(Balance),
    /// What could not be read: list it, or read it once more.
    #[command(subcommand)]
    Quarantine(Quarantine),
    /// Copy everything into one file, also while the server runs.
    Backup(Backup),
    /// Put a backup in place of the data. What it does not know as sent is held until a person decides.
    Restore(Restore),
    /// Begin a new epoch of the log: after a PostgreSQL database was put back by its own tools. It does what `restore` does for a file:
    /// desktops take a fresh snapshot, and what is not known as sent is held.
    NewEpoch(NewEpoch),
    /// Say what is wrong, in words, and what to do about it.
    Doctor(Doctor),
}

/// Run the server.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where the data lies.
    #[command(flatten)]
    pub place: Place,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7420", env = "BATON_LISTEN")]
    pub listen: SocketAddr,
    /// The server's own certificate chain, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// The address people use, where a proxy stands before the server.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// How many proxies of yours stand before the server: so many of the last addresses in X-Forwarded-For are believed.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub trust_proxy: u8,
}

/// A role, as it is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleName {
    /// Reads the inboxes they are given.
    Observer,
    /// Works in the inboxes they are given.
    Rep,
    /// Works in all inboxes.
    Manager,
    /// Also changes settings and members.
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Observer => Self::Observer,
            RoleName::Rep => Self::Rep,
            RoleName::Manager => Self::Manager,
            RoleName::Admin => Self::Admin,
        }
    }
}

/// Who may sign in.
#[derive(Debug, Subcommand)]
pub enum Member {
    /// Add somebody, with a password or an invitation. Reps get full access to all inboxes there are.
    Add {
        /// Where the data lies.
        #[command(flatten)]
        place: Place,
        /// Their name, as colleagues and customers read it.
        #[arg(long)]
        name: String,
        /// The address they sign in with.
        #[arg(long)]
        email: String,
        /// What they may do.
        #[arg(long, value_enum)]
        role: RoleName,
        /// Read their password from standard input.
        #[arg(long, conflicts_with = "invite", required_unless_present = "invite")]
        password_stdin: bool,
        /// Print a code they join with, good for seven days.
        #[arg(long)]
        invite: bool,
    },
    /// End somebody's access at once. Their name stays in the trail.
    Remove {
        /// Where the data lies.
        #[command(flatten)]
        place: Place,
        /// The address they sign in with.
        #[arg(long)]
        email: String,
    },
    /// List everybody.
    List {
        /// Where the data lies.
        #[command(flatten)]
        place: Place,
    },
}

/// How far Baton acts on a mailbox.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "camelCase")]
pub enum ModeName {
    /// Reads only.
    Watch,
    /// Sends and files, beside other mail programs.
    Together,
    /// Baton alone works on it.
    BatonOnly,
}

impl From<ModeName> for AccountMode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Watch => Self::Watch,
            ModeName::Together => Self::Together,
            ModeName::BatonOnly => Self::BatonOnly,
        }
    }
}

/// The mailboxes.
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Connect a mailbox. Its password is read from standard input and sealed.
    Add(Box<AccountAdd>),
    /// Test a mailbox from end to end: a message to itself leaves, comes back and is deleted again. The server must be running.
    Test {
        /// Where the data lies.
        #[command(flatten)]
        place: Place,
        /// The mailbox's address.
        address: String,
    },
    /// List the mailboxes and how they are doing.
    List {
        /// Where the data lies.
        #[command(flatten)]
        place: Place,
    },
}

/// Connect a mailbox.
#[derive(Debug, Args)]
pub struct AccountAdd {
    /// Where the data lies.
    #[command(flatten)]
    pub place: Place,
    /// The address customers write to.
    #[arg(long)]
    pub address: String,
    /// The name they read beside it.
    #[arg(long)]
    pub name: String,
    /// Who to sign in as; the address by default.
    #[arg(long)]
    pub user: Option<String>,
    /// Where mail is read.
    #[arg(long, value_name = "HOST:PORT:tls|starttls|plain", value_parser = mail_server)]
    pub imap: MailServer,
    /// Where mail is sent.
    #[arg(long, value_name = "HOST:PORT:tls|starttls|plain", value_parser = mail_server)]
    pub smtp: MailServer,
    /// A certificate authority to trust beside the system's, PEM.
    #[arg(long, value_name = "FILE")]
    pub extra_ca: Option<PathBuf>,
    /// Read the password from standard input.
    #[arg(long, required = true)]
    pub password_stdin: bool,
    /// The name of the inbox its mail lands in; it is made if there is none of that name.
    #[arg(long, value_name = "NAME")]
    pub inbox: Option<String>,
    /// How far Baton acts on it: it begins by watching.
    #[arg(long, value_enum, default_value = "watch")]
    pub mode: ModeName,
    /// Connect it even if it can't be reached now.
    #[arg(long)]
    pub without_test: bool,
}

/// The inboxes.
#[derive(Debug, Subcommand)]
pub enum Inbox {
    /// List them.
    List {
        /// Where the data lies.
        #[command(flatten)]
        place: Place,
    },
}

/// The routing rules.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// Print them with their version, as JSON.
    Show {
        /// Where the data lies.
        #[command(flatten)]
        place: Place,
    },
    /// What the newest change did since: what the rules before would have sent elsewhere, and what people changed by hand; as JSON.
    Drift {
        /// Where the data lies.
        #[command(flatten)]
        place: Place,
    },
    /// Put the rules on standard input in force: what `show` prints, changed. Rules that were changed since are not overwritten.
    Put {
        /// Where the data lies.
        #[command(flatten)]
        place: Place,
    },
}

/// Take in old mail.
#[derive(Debug, Args)]
pub struct Import {
    /// Where the data lies.
    #[command(flatten)]
    pub place: Place,
    /// The address of the mailbox it belongs to.
    #[arg(long, value_name = "ADDRESS")]
    pub account: String,
    /// An mbox file.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "maildir",
        required_unless_present = "maildir"
    )]
    pub mbox: Option<PathBuf>,
    /// A Maildir.
    #[arg(long, value_name = "DIR")]
    pub maildir: Option<PathBuf>,
}

/// Received = accounted for.
#[derive(Debug, Args)]
pub struct Balance {
    /// Where the data lies.
    #[command(flatten)]
    pub place: Place,
    /// Ask the mailboxes themselves, too, whether a message was missed. Nothing is changed there.
    #[arg(long)]
    pub compare: bool,
}

/// What could not be read.
#[derive(Debug, Subcommand)]
pub enum Quarantine {
    /// List it, with the reasons.
    List {
        /// Where the data lies.
        #[command(flatten)]
        place: Place,
    },
    /// Read it once more, for instance after an update.
    Retry {
        /// Where the data lies.
        #[command(flatten)]
        place: Place,
    },
}

/// Copy everything.
#[derive(Debug, Args)]
pub struct Backup {
    /// Where the data lies.
    #[command(flatten)]
    pub place: Place,
    /// The file to make.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}

/// Put a backup in place.
#[derive(Debug, Args)]
pub struct Restore {
    /// Where the data shall lie: empty, or data that is put aside.
    #[command(flatten)]
    pub place: Place,
    /// The backup.
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
}

/// Begin a new epoch.
#[derive(Debug, Args)]
pub struct NewEpoch {
    /// Where the data lies.
    #[command(flatten)]
    pub place: Place,
}

/// Say what is wrong.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Where the data lies.
    #[command(flatten)]
    pub place: Place,
}

/// `imap.example.com:993:tls`.
fn mail_server(text: &str) -> Result<MailServer, String> {
    let form = "write it as HOST:PORT:tls, HOST:PORT:starttls or HOST:PORT:plain";
    let (rest, security) = text.rsplit_once(':').ok_or(form)?;
    let (host, port) = rest.rsplit_once(':').ok_or(form)?;
    let security = match security {
        "tls" => Security::Tls,
        "starttls" => Security::StartTls,
        "plain" => Security::Plain,
        _ => return Err(form.to_owned()),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().map_err(|_| format!("{port:?} is not a port: {form}"))?;
    if host.is_empty() {
        return Err(form.to_owned());
    }
    Ok(MailServer {
        host: host.to_owned(),
        port,
        security,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_mail_server_has_host_port_and_security() {
        let server = mail_server("mail.murmel.example:993:tls").unwrap();
        assert_eq!(
            (server.host.as_str(), server.port, server.security),
            ("mail.murmel.example", 993, Security::Tls)
        );
        assert_eq!(mail_server("[::1]:143:starttls").unwrap().host, "::1");
        for bad in [
            "mail.murmel.example",
            "mail.murmel.example:993",
            "a:b:tls",
            "a:1:ssl",
            ":1:tls",
        ] {
            assert!(mail_server(bad).is_err(), "{bad}");
        }
    }
}
