//! Where the mailbox of an address is likely to be.
//!
//! Six places know, and they are asked at once, within a few seconds: our own table of the big providers, the domain's own
//! `autoconfig` page, its SRV records (RFC 6186), the provider its MX records name, Mozilla's directory where the person agreed that it
//! learns the domain, and the usual names for everybody else. What is proposed is pure ranking over what they said; the connection
//! test decides. No door without encryption is ever proposed, pages are read over https only, and a door that only an unsigned DNS
//! answer put into another domain is marked: a person looks at it before a password goes there.

mod autoconfig;
mod providers;
mod search;
mod srv;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use baton_domain::{FoundBy, SignInHint};
pub use providers::of_mx;
pub use search::{Directory, DnsNames, Names, PATIENCE, Pages, Web, search};
pub use srv::{SrvAnswers, SrvRecord, of_srv};

use super::account::{Endpoint, Security};
use providers::{START, TLS};

/// A proposal for an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discovered {
    /// The provider's name, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub provider: Option<String>,
    /// Where mail is read.
    pub imap: Endpoint,
    /// Where mail is handed in.
    pub smtp: Endpoint,
    /// The name to sign in with.
    pub user: String,
    /// What to sign in with.
    pub sign_in: SignInHint,
    /// The provider's page about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub help_url: Option<String>,
    /// Whether the provider files what it delivers by itself.
    pub provider_files_sent: bool,
    /// Who knew.
    pub found_by: FoundBy,
    /// Whether an answer that nobody signed put a server into another domain than the address's: to be looked at by a person.
    pub elsewhere: bool,
}

/// An address in its two parts; the domain in small letters.
pub(super) struct Parts<'a> {
    pub(super) local: &'a str,
    pub(super) domain: String,
}

impl<'a> Parts<'a> {
    pub(super) fn of(address: &'a str) -> Option<Self> {
        let (local, domain) = address.trim().rsplit_once('@')?;
        let sound = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
        if local.is_empty() || !domain.contains('.') || !domain.chars().all(sound) {
            return None;
        }
        Some(Self {
            local,
            domain: domain.to_lowercase(),
        })
    }

    pub(super) fn address(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }
}

/// What the places said, in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// All proposals.
    pub proposals: Vec<Discovered>,
}

/// The likeliest first, each pair of servers once. Empty where the address isn't one.
#[must_use]
pub fn ranked(address: &str, findings: Findings) -> Vec<Discovered> {
    let Some(parts) = Parts::of(address) else {
        return Vec::new();
    };
    let mut all: Vec<Discovered> = providers::of_domain(&parts.address(), &parts.domain)
        .into_iter()
        .chain(findings.proposals)
        .collect();
    if !all.iter().any(|found| found.found_by == FoundBy::Table) {
        all.extend(guesses(&parts));
    }
    all.retain(|found| found.imap.security != Security::Plain && found.smtp.security != Security::Plain);
    all.sort_by_key(|found| place(found.found_by));
    let mut seen: Vec<(Endpoint, Endpoint)> = Vec::new();
    all.retain(|found| {
        let pair = (found.imap.clone(), found.smtp.clone());
        let new = !seen.contains(&pair);
        seen.push(pair);
        new
    });
    name_the_provider(&mut all);
    all
}

/// Whose word counts more: a provider's own table entry, what the domain itself publishes, and then what is inferred.
fn place(found_by: FoundBy) -> u8 {
    match found_by {
        FoundBy::Table => 0,
        FoundBy::Autoconfig => 1,
        FoundBy::Srv => 2,
        FoundBy::Mx => 3,
        FoundBy::Directory => 4,
        FoundBy::Guess => 5,
    }
}

/// Whoever published the doors of a known provider did not necessarily say how it is signed in to there; we know.
fn name_the_provider(all: &mut [Discovered]) {
    let Some(known) = all.iter().find(|found| found.found_by == FoundBy::Mx).cloned() else {
        return;
    };
    for found in all.iter_mut().filter(|found| found.imap.host == known.imap.host) {
        found.provider = known.provider.clone();
        found.sign_in = known.sign_in;
        found.help_url = known.help_url.clone();
        found.provider_files_sent = known.provider_files_sent;
        found.elsewhere = false;
    }
}

/// What is known of an address without asking anybody, the likeliest first.
#[must_use]
pub fn discover(address: &str) -> Vec<Discovered> {
    ranked(address, Findings::default())
}

fn guesses(parts: &Parts<'_>) -> [Discovered; 4] {
    let domain = &parts.domain;
    let guess = |name: &str, port: u16, security: Security| Discovered {
        provider: None,
        imap: Endpoint::new(
            format!("{}.{domain}", if name == "smtp" { "imap" } else { name }),
            993,
            TLS,
        ),
        smtp: Endpoint::new(format!("{name}.{domain}"), port, security),
        user: parts.address(),
        sign_in: SignInHint::Password,
        help_url: None,
        provider_files_sent: false,
        found_by: FoundBy::Guess,
        elsewhere: false,
    };
    [
        guess("smtp", 465, TLS),
        guess("smtp", 587, START),
        guess("mail", 465, TLS),
        guess("mail", 587, START),
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn big_providers_are_known() {
        let gmail = discover(" Anna@GMail.com ");
        assert_eq!(gmail.len(), 1);
        let gmail = gmail.first().unwrap();
        assert_eq!(
            (gmail.imap.host.as_str(), gmail.user.as_str(), gmail.sign_in),
            ("imap.gmail.com", "Anna@gmail.com", SignInHint::AppPassword)
        );
        assert!(gmail.provider_files_sent);
    }

    #[test]
    fn everybody_else_gets_the_usual_names_and_never_an_open_door() {
        let guesses = discover("sales@chairs.example");
        assert_eq!(guesses.first().unwrap().imap.host, "imap.chairs.example");
        assert!(
            guesses
                .iter()
                .all(|guess| guess.imap.security != Security::Plain && guess.smtp.security != Security::Plain)
        );
        assert_eq!(discover("nonsense"), []);
        assert_eq!(discover("anna@murmel.example/../x"), []);
    }

    fn proposal(host: &str, found_by: FoundBy) -> Discovered {
        Discovered {
            provider: None,
            imap: Endpoint::new(host, 993, TLS),
            smtp: Endpoint::new(host, 465, TLS),
            user: "sales@chairs.example".to_owned(),
            sign_in: SignInHint::Password,
            help_url: None,
            provider_files_sent: false,
            found_by,
            elsewhere: true,
        }
    }

    #[test]
    fn what_a_domain_publishes_goes_before_what_is_inferred_and_nothing_comes_twice() {
        let findings = Findings {
            proposals: vec![
                proposal("directory.example", FoundBy::Directory),
                proposal("srv.example", FoundBy::Srv),
                proposal("own.example", FoundBy::Autoconfig),
                proposal("srv.example", FoundBy::Autoconfig),
            ],
        };
        let ranked = ranked("sales@chairs.example", findings);
        let order: Vec<_> = ranked
            .iter()
            .map(|found| (found.imap.host.as_str(), found.found_by))
            .collect();
        assert_eq!(
            order.get(..4).unwrap(),
            [
                ("own.example", FoundBy::Autoconfig),
                ("srv.example", FoundBy::Autoconfig),
                ("directory.example", FoundBy::Directory),
                ("imap.chairs.example", FoundBy::Guess),
            ]
        );
    }

    #[test]
    fn a_door_without_encryption_is_never_proposed() {
        let mut open = proposal("own.example", FoundBy::Autoconfig);
        open.smtp.security = Security::Plain;
        let ranked = ranked("sales@chairs.example", Findings { proposals: vec![open] });
        assert!(ranked.iter().all(|found| found.found_by == FoundBy::Guess));
    }

    #[test]
    fn doors_of_a_known_provider_are_signed_in_to_as_it_wants() {
        let mx = of_mx("sales@chairs.example", &["aspmx.l.google.com".to_owned()]).unwrap();
        let mut srv = proposal("imap.gmail.com", FoundBy::Srv);
        srv.smtp = Endpoint::new("smtp.gmail.com", 587, START);
        let ranked = ranked(
            "sales@chairs.example",
            Findings {
                proposals: vec![mx, srv],
            },
        );
        let first = ranked.first().unwrap();
        assert_eq!(
            (
                first.found_by,
                first.provider.as_deref(),
                first.sign_in,
                first.elsewhere
            ),
            (FoundBy::Srv, Some("Google Workspace"), SignInHint::OAuth, false)
        );
    }
}
