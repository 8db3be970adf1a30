//! The packages of the operating system that Baton is built and tested with: what each is for, how to tell that it is there,
//! and how it is installed.
//!
//! Presence is judged by what the package brings (a program, a library), never by the package manager, so the same table
//! serves Fedora or Arch: there the list is printed and not installed.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{asked, find, run};

/// What a package is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// To compile anything, and to run the server and the web interface.
    Base,
    /// To compile and open the desktop.
    Desktop,
    /// To run the tests on real parts.
    Test,
    /// To measure beside the programs that people use for the same.
    Bench,
}

/// How to tell that a package is there.
#[derive(Clone, Copy, Debug)]
enum Sign {
    /// One of these programs can be started.
    Program(&'static [&'static str]),
    /// `pkg-config` knows this library.
    Library(&'static str),
    /// A file of this name is in one of these directories, or a directory below one of them.
    File(&'static [&'static str], &'static str),
}

/// One package.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Its name on Debian and Ubuntu.
    pub debian: &'static str,
    /// What it is needed for.
    pub group: Group,
    /// The same in words.
    pub why: &'static str,
    sign: Sign,
}

impl Package {
    /// Whether it is there.
    pub fn is_present(&self) -> bool {
        match self.sign {
            Sign::Program(names) => names.iter().any(|name| find(name).is_some()),
            Sign::Library(name) => asked(Command::new("pkg-config").args(["--exists", name])).is_some(),
            Sign::File(places, name) => places.iter().any(|place| is_below(Path::new(place), name)),
        }
    }
}

const fn program(debian: &'static str, group: Group, names: &'static [&'static str], why: &'static str) -> Package {
    Package {
        debian,
        group,
        why,
        sign: Sign::Program(names),
    }
}

const fn library(debian: &'static str, group: Group, name: &'static str, why: &'static str) -> Package {
    Package {
        debian,
        group,
        why,
        sign: Sign::Library(name),
    }
}

const fn file(
    debian: &'static str,
    group: Group,
    places: &'static [&'static str],
    name: &'static str,
    why: &'static str,
) -> Package {
    Package {
        debian,
        group,
        why,
        sign: Sign::File(places, name),
    }
}

/// Where Debian, Fedora and Arch keep libraries.
const LIBRARIES: &[&str] = &["/usr/lib", "/usr/lib64"];
const FONTS: &[&str] = &["/usr/share/fonts"];

/// Every package, in the order it is shown.
const PACKAGES: &[Package] = &[
    program(
        "build-essential",
        Group::Base,
        &["cc"],
        "the C compiler and linker that Rust uses",
    ),
    program("pkg-config", Group::Base, &["pkg-config"], "finds the libraries below"),
    program(
        "perl",
        Group::Base,
        &["perl"],
        "configures the OpenSSL that encrypts the local database",
    ),
    program("make", Group::Base, &["make"], "builds that OpenSSL"),
    library("libdbus-1-dev", Group::Desktop, "dbus-1", "the session bus"),
    library(
        "libwebkit2gtk-4.1-dev",
        Group::Desktop,
        "webkit2gtk-4.1",
        "the window's web view",
    ),
    library("libgtk-3-dev", Group::Desktop, "gtk+-3.0", "the window"),
    library(
        "libsoup-3.0-dev",
        Group::Desktop,
        "libsoup-3.0",
        "the web view's network",
    ),
    library("librsvg2-dev", Group::Desktop, "librsvg-2.0", "icons"),
    library(
        "libayatana-appindicator3-dev",
        Group::Desktop,
        "ayatana-appindicator3-0.1",
        "the tray icon",
    ),
    file(
        "libxdo-dev",
        Group::Desktop,
        LIBRARIES,
        "libxdo.so",
        "keyboard shortcuts of menus",
    ),
    program("xvfb", Group::Test, &["Xvfb"], "a screen nobody looks at"),
    program(
        "webkit2gtk-driver",
        Group::Test,
        &["WebKitWebDriver"],
        "presses buttons in the window",
    ),
    program(
        "dbus",
        Group::Test,
        &["dbus-daemon"],
        "a session bus for each person of a test",
    ),
    program(
        "gnome-keyring",
        Group::Test,
        &["gnome-keyring-daemon"],
        "a Secret Service for each person of a test",
    ),
    program(
        "libsecret-tools",
        Group::Test,
        &["secret-tool"],
        "looks into that Secret Service",
    ),
    program(
        "libnotify-bin",
        Group::Test,
        &["notify-send"],
        "checks the tests' notification daemon",
    ),
    program(
        "dovecot-imapd",
        Group::Test,
        &["dovecot"],
        "keeps the mailboxes of a test",
    ),
    file(
        "dovecot-lmtpd",
        Group::Test,
        &["/usr/lib/dovecot", "/usr/libexec/dovecot"],
        "lmtp",
        "takes letters into them",
    ),
    program(
        "postfix",
        Group::Test,
        &["postfix"],
        "takes and hands over the letters of a test",
    ),
    program(
        "openssl",
        Group::Test,
        &["openssl"],
        "makes the certificates of the mail servers",
    ),
    program(
        "git",
        Group::Test,
        &["git"],
        "lists the files that the rules of tidiness are about",
    ),
    program(
        "uidmap",
        Group::Test,
        &["newuidmap"],
        "lets those servers run for a person who is not root",
    ),
    program(
        "python3",
        Group::Test,
        &["python3"],
        "reads mailboxes independently of our own code",
    ),
    file(
        "postgresql",
        Group::Test,
        &["/usr/lib/postgresql", "/usr/bin"],
        "postgres",
        "the other database of the server",
    ),
    program("chromium", Group::Test, CHROMIUM, "runs the tests of the interface"),
    file(
        "fonts-dejavu-core",
        Group::Test,
        FONTS,
        "DejaVuSans.ttf",
        "letters in pictures of the window",
    ),
    file(
        "fonts-noto-core",
        Group::Test,
        FONTS,
        "NotoSans-Regular.ttf",
        "letters of more scripts",
    ),
    file(
        "fonts-noto-cjk",
        Group::Test,
        FONTS,
        "NotoSansCJK-Regular.ttc",
        "Chinese, Japanese and Korean letters",
    ),
    program("isync", Group::Bench, &["mbsync"], "fetches a mailbox, for comparison"),
    program("maildir-utils", Group::Bench, &["mu"], "indexes it, for comparison"),
    program("notmuch", Group::Bench, &["notmuch"], "indexes it too, for comparison"),
    program(
        "redis-server",
        Group::Bench,
        &["redis-server"],
        "takes locks and tells of them, for comparison",
    ),
];

/// The names a Chromium goes by.
pub const CHROMIUM: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The packages of some groups on this system; none where system packages are not how one gets libraries.
pub fn packages(groups: &[Group]) -> Vec<Package> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    PACKAGES
        .iter()
        .filter(|package| groups.contains(&package.group))
        .copied()
        .collect()
}

/// The packages of some groups that are not there.
pub fn missing(groups: &[Group]) -> Vec<Package> {
    packages(groups)
        .into_iter()
        .filter(|package| !package.is_present())
        .collect()
}

/// Makes sure that everything of some groups is there, installing what is missing where that is allowed.
pub fn ensure(groups: &[Group]) -> Result<()> {
    let lacking = missing(groups);
    if lacking.is_empty() {
        return Ok(());
    }
    let Some(apt) = Apt::allowed() else {
        bail!("this machine lacks:\n{}\n{}", list(&lacking), how_to_get(&lacking));
    };
    eprintln!("This machine lacks, and gets now:\n{}", list(&lacking));
    apt.run(&["update"])?;
    let names = lacking.iter().map(|package| package.debian);
    apt.run(&["install", "--yes"].into_iter().chain(names).collect::<Vec<_>>())?;
    let still = missing(groups);
    if !still.is_empty() {
        bail!("installed, but not found afterwards:\n{}", list(&still));
    }
    Ok(())
}

/// Packages with their reasons, one a line.
pub fn list(packages: &[Package]) -> String {
    let line = |package: &Package| format!("  {:<30} {}", package.debian, package.why);
    packages.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What a person types to get packages.
pub fn how_to_get(packages: &[Package]) -> String {
    let names = packages
        .iter()
        .map(|package| package.debian)
        .collect::<Vec<_>>()
        .join(" ");
    if is_debian() {
        format!("Get them with:\n  sudo apt-get install {names}")
    } else {
        format!("Get them with your package manager; on Debian they are called:\n  {names}")
    }
}

/// `apt-get`, as root or through sudo.
struct Apt {
    through_sudo: bool,
}

impl Apt {
    /// `apt-get`, when this is a Debian or Ubuntu on which we may install without asking for a password.
    fn allowed() -> Option<Self> {
        if !is_debian() || find("apt-get").is_none() {
            return None;
        }
        let root = is_root();
        let sudo = !root && asked(Command::new("sudo").args(["-n", "true"])).is_some();
        (root || sudo).then_some(Self { through_sudo: sudo })
    }

    fn run(&self, args: &[&str]) -> Result<()> {
        let mut command = if self.through_sudo {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "env"]);
            sudo
        } else {
            Command::new("env")
        };
        // Another installation may hold the lock for minutes, on a machine that has just started.
        command.args([
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-o",
            "DPkg::Lock::Timeout=500",
        ]);
        run(command.args(args))
    }
}

/// Whether we may do anything on this machine.
pub fn is_root() -> bool {
    asked(Command::new("id").arg("-u")).is_some_and(|id| id == "0")
}

/// Whether this is Debian, Ubuntu or one of their children.
fn is_debian() -> bool {
    std::fs::read_to_string("/etc/os-release").is_ok_and(|text| names_debian(&text))
}

fn names_debian(os_release: &str) -> bool {
    os_release
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| ["ID", "ID_LIKE"].contains(key))
        .flat_map(|(_, value)| value.trim_matches('"').split_whitespace())
        .any(|name| ["debian", "ubuntu"].contains(&name))
}

/// Whether a file of that name is in a directory, or at most four directories below it.
fn is_below(place: &Path, name: &str) -> bool {
    const DEPTH: usize = 4;
    let mut level = vec![place.to_owned()];
    for _ in 0..=DEPTH {
        if level.iter().any(|directory| directory.join(name).exists()) {
            return true;
        }
        level = level
            .iter()
            .flat_map(std::fs::read_dir)
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        level.retain(|path| path.is_dir() && !path.is_symlink());
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{PACKAGES, is_below, names_debian};
    use std::collections::HashSet;

    #[test]
    fn debian_and_its_children_are_recognised_and_others_are_not() {
        assert!(names_debian("PRETTY_NAME=\"Debian\"\nID=debian\n"));
        assert!(names_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!names_debian("ID=fedora\nVARIANT_ID=debian\n"));
        assert!(!names_debian("ID=arch\n"));
    }

    #[test]
    fn every_package_is_named_once_and_says_why() {
        let names: HashSet<_> = PACKAGES.iter().map(|package| package.debian).collect();
        assert_eq!(names.len(), PACKAGES.len());
        assert!(PACKAGES.iter().all(|package| !package.why.is_empty()));
    }

    #[test]
    fn a_file_is_found_some_directories_down() {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        assert!(is_below(source.as_ref(), "Cargo.toml"));
        assert!(is_below(std::path::Path::new(env!("CARGO_MANIFEST_DIR")), "system.rs"));
        assert!(!is_below(
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")),
            "no-such-file"
        ));
    }
}
