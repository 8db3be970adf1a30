//! The settings of the two mail servers, their directories and their certificate.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::output;
use crate::programs::system;
use crate::scratch::Scratch;

/// The user who owns the mailboxes: every Debian has it, and no person logs in with it.
const MAIL_USER: &str = "mail";

/// What one pair of servers does that others don't.
#[derive(Default)]
pub(super) struct Way {
    /// Takes access tokens, and asks the provider there of each.
    pub(super) introspection_url: Option<String>,
    /// What a mailbox may hold, in KiB.
    pub(super) quota_kib: Option<u32>,
}

/// Writes everything that both servers need to start.
pub(super) async fn prepare(scratch: &Scratch, imap: u16, smtp: u16, way: &Way) -> Result<()> {
    let Way {
        introspection_url,
        quota_kib,
    } = way;
    if !rustix::process::geteuid().is_root() {
        bail!(
            "the mail servers of the tests change users: `cargo xtask test` runs them in a user namespace where the system \
             allows that; else run the tests as root, for instance in a container"
        );
    }
    scratch.let_others_enter()?;
    certificate(scratch).await?;
    for (name, mode) in [
        ("run", 0o755),
        ("state", 0o755),
        ("boxes", 0o755),
        ("queue", 0o755),
        ("data", 0o755),
    ] {
        scratch.directory(name, mode)?;
    }
    let postfix = scratch.directory("postfix", 0o755)?;
    owned_by(MAIL_USER, &scratch.join("boxes")).await?;
    owned_by("postfix", &scratch.join("data")).await?;
    let conf = dovecot_conf(scratch.path(), imap, introspection_url.is_some(), *quota_kib);
    fs::write(scratch.join("dovecot.conf"), conf)?;
    if let Some(url) = introspection_url {
        fs::write(scratch.join("oauth2.conf"), oauth2_conf(url))?;
    }
    fs::write(postfix.join("main.cf"), main_cf(scratch.path()))?;
    fs::write(postfix.join("master.cf"), master_cf(smtp))?;
    // Makes the directories of the queue.
    run("postfix", [OsStr::new("-c"), postfix.as_os_str(), OsStr::new("check")]).await
}

/// Where Postfix keeps its daemons on this system.
pub(super) async fn postfix_daemons() -> Result<PathBuf> {
    let mut ask = Command::new(system("postconf")?);
    ask.args(["-d", "-h", "daemon_directory"]);
    let told = String::from_utf8(output(ask, &[]).await?).context("the directory of Postfix's daemons")?;
    Ok(PathBuf::from(told.trim()))
}

/// A certificate authority of our own, and a certificate for `localhost` that it signed.
async fn certificate(scratch: &Scratch) -> Result<()> {
    let [ca_key, ca, key, request, names, signed] =
        ["ca.key", "ca.pem", "key.pem", "request.pem", "names.ext", "cert.pem"].map(|name| scratch.join(name));
    fs::write(&names, "subjectAltName=DNS:localhost,IP:127.0.0.1\n")?;
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"].map(OsStr::new);
    let own = [
        OsStr::new("req"),
        OsStr::new("-x509"),
        OsStr::new("-days"),
        OsStr::new("30"),
    ];
    let subject = [OsStr::new("-subj"), OsStr::new("/CN=Baton test authority")];
    let files = [
        OsStr::new("-keyout"),
        ca_key.as_os_str(),
        OsStr::new("-out"),
        ca.as_os_str(),
    ];
    run("openssl", own.into_iter().chain(curve).chain(subject).chain(files)).await?;
    let asked = [OsStr::new("req"), OsStr::new("-subj"), OsStr::new("/CN=localhost")];
    let files = [
        OsStr::new("-keyout"),
        key.as_os_str(),
        OsStr::new("-out"),
        request.as_os_str(),
    ];
    run("openssl", asked.into_iter().chain(curve).chain(files)).await?;
    let mut sign = Command::new(system("openssl")?);
    sign.args(["x509", "-req", "-days", "30", "-CAcreateserial"]);
    sign.arg("-in")
        .arg(&request)
        .arg("-CA")
        .arg(&ca)
        .arg("-CAkey")
        .arg(&ca_key);
    sign.arg("-extfile").arg(&names).arg("-out").arg(&signed);
    output(sign, &[]).await?;
    Ok(())
}

/// Everything below a directory becomes the mail user's.
pub(super) async fn give_to_dovecot(place: &Path) -> Result<()> {
    let recursively = [OsStr::new("-R"), OsStr::new(MAIL_USER), place.as_os_str()];
    run("chown", recursively).await
}

async fn owned_by(user: &str, path: &Path) -> Result<()> {
    run("chown", [OsStr::new(user), path.as_os_str()]).await
}

async fn run<'a>(program: &str, args: impl IntoIterator<Item = &'a OsStr>) -> Result<()> {
    let mut command = Command::new(system(program)?);
    command.args(args);
    output(command, &[]).await?;
    Ok(())
}

/// How Dovecot asks the provider whose a token is.
fn oauth2_conf(introspection_url: &str) -> String {
    format!(
        "introspection_mode = post\nintrospection_url = {introspection_url}\nusername_attribute = sub\n\
         active_attribute = active\nactive_value = true\n"
    )
}

fn dovecot_conf(place: &Path, port: u16, tokens: bool, quota_kib: Option<u32>) -> String {
    let place = place.display();
    let (quota, imap_quota) = quota_kib.map_or(("", ""), |_| (" quota", " imap_quota"));
    let quota_rule = quota_kib.map_or_else(String::new, |kib| {
        format!("plugin {{\n  quota = maildir:User quota\n  quota_rule = *:storage={kib}K\n}}\n")
    });
    let token_ways = if tokens { " xoauth2 oauthbearer" } else { "" };
    let token_judge = if tokens {
        format!("passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {place}/oauth2.conf\n}}\n")
    } else {
        String::new()
    };
    format!(
        r"base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{place}/cert.pem
ssl_key = <{place}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login{token_ways}
auth_username_format = %n
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{place}/boxes/%n
mail_max_userip_connections = 200
mail_plugins = zlib{quota}
protocol imap {{
  mail_plugins = zlib imap_zlib{quota}{imap_quota}
}}
{quota_rule}{token_judge}passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home={place}/boxes/%n allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \Sent
    auto = subscribe
  }}
  mailbox Drafts {{
    special_use = \Drafts
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \Junk
    auto = subscribe
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  unix_listener lmtp-baton {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener auth-baton {{
    mode = 0666
  }}
}}
",
        password = super::PASSWORD,
        user = MAIL_USER,
    )
}

fn main_cf(place: &Path) -> String {
    let place = place.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
maillog_file = {place}/postfix.log
maillog_file_prefixes = {place}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost
mydestination =
mynetworks =
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = static:yes
virtual_transport = lmtp:unix:{place}/run/lmtp-baton
smtpd_tls_cert_file = {place}/cert.pem
smtpd_tls_key_file = {place}/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {place}/run/auth-baton
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_client_connection_count_limit = 0
default_transport = error:5.1.2 only {domain} is delivered here
alias_maps =
message_size_limit = 31457280
",
        domain = super::DOMAIN,
    )
}

fn master_cf(port: u16) -> String {
    let mut lines = vec![format!("127.0.0.1:{port} inet n - n - - smtpd")];
    let services = "pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd";
    lines.extend(services.lines().map(str::to_owned));
    lines.join("\n") + "\n"
}
