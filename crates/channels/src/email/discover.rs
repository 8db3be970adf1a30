//! Where the mailbox of an address is likely to be.
//!
//! A table of the big providers, and the usual names for everybody else. It proposes; the connection test decides. Nothing here asks
//! the network, so no password can go to a host that a stranger named.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::account::{Endpoint, Security};

/// What a provider wants instead of, or beside, the ordinary password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SignInHint {
    /// The password one uses on the web.
    Password,
    /// A password made for one program, in the provider's security settings.
    AppPassword,
    /// Access by IMAP has to be switched on in the provider's settings first.
    EnableImap,
    /// Only the provider's own sign-in page (OAuth).
    OAuth,
}

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
}

struct Provider {
    name: &'static str,
    domains: &'static [&'static str],
    imap: &'static str,
    smtp: (&'static str, u16, Security),
    sign_in: SignInHint,
    help: &'static str,
    files_sent: bool,
}

const TLS: Security = Security::Tls;
const START: Security = Security::StartTls;

const PROVIDERS: &[Provider] = &[
    Provider {
        name: "Gmail",
        domains: &["gmail.com", "googlemail.com"],
        imap: "imap.gmail.com",
        smtp: ("smtp.gmail.com", 465, TLS),
        sign_in: SignInHint::AppPassword,
        help: "https://support.google.com/accounts/answer/185833",
        files_sent: true,
    },
    Provider {
        name: "Outlook.com",
        domains: &[
            "outlook.com",
            "hotmail.com",
            "live.com",
            "msn.com",
            "outlook.de",
            "hotmail.de",
            "hotmail.fr",
            "hotmail.co.uk",
        ],
        imap: "outlook.office365.com",
        smtp: ("smtp.office365.com", 587, START),
        sign_in: SignInHint::OAuth,
        help: "https://support.microsoft.com/office/d088b986-291d-42b8-9564-9c414e2aa040",
        files_sent: true,
    },
    Provider {
        name: "Yahoo",
        domains: &[
            "yahoo.com",
            "yahoo.de",
            "yahoo.fr",
            "yahoo.co.uk",
            "yahoo.es",
            "ymail.com",
            "aol.com",
        ],
        imap: "imap.mail.yahoo.com",
        smtp: ("smtp.mail.yahoo.com", 465, TLS),
        sign_in: SignInHint::AppPassword,
        help: "https://help.yahoo.com/kb/SLN15241.html",
        files_sent: true,
    },
    Provider {
        name: "iCloud",
        domains: &["icloud.com", "me.com", "mac.com"],
        imap: "imap.mail.me.com",
        smtp: ("smtp.mail.me.com", 587, START),
        sign_in: SignInHint::AppPassword,
        help: "https://support.apple.com/102654",
        files_sent: false,
    },
    Provider {
        name: "GMX",
        domains: &["gmx.de", "gmx.net", "gmx.at", "gmx.ch"],
        imap: "imap.gmx.net",
        smtp: ("mail.gmx.net", 465, TLS),
        sign_in: SignInHint::EnableImap,
        help: "https://hilfe.gmx.net/pop-imap/einschalten.html",
        files_sent: false,
    },
    Provider {
        name: "GMX",
        domains: &["gmx.com", "mail.com"],
        imap: "imap.gmx.com",
        smtp: ("mail.gmx.com", 465, TLS),
        sign_in: SignInHint::EnableImap,
        help: "https://support.gmx.com/pop-imap/toggle.html",
        files_sent: false,
    },
    Provider {
        name: "WEB.DE",
        domains: &["web.de"],
        imap: "imap.web.de",
        smtp: ("smtp.web.de", 587, START),
        sign_in: SignInHint::EnableImap,
        help: "https://hilfe.web.de/pop-imap/einschalten.html",
        files_sent: false,
    },
    Provider {
        name: "Fastmail",
        domains: &["fastmail.com", "fastmail.fm"],
        imap: "imap.fastmail.com",
        smtp: ("smtp.fastmail.com", 465, TLS),
        sign_in: SignInHint::AppPassword,
        help: "https://www.fastmail.help/hc/en-us/articles/360058752854",
        files_sent: false,
    },
    Provider {
        name: "Zoho",
        domains: &["zoho.com", "zohomail.com", "zoho.eu", "zohomail.eu"],
        imap: "imap.zoho.com",
        smtp: ("smtp.zoho.com", 465, TLS),
        sign_in: SignInHint::AppPassword,
        help: "https://www.zoho.com/mail/help/imap-access.html",
        files_sent: true,
    },
    Provider {
        name: "mailbox.org",
        domains: &["mailbox.org"],
        imap: "imap.mailbox.org",
        smtp: ("smtp.mailbox.org", 465, TLS),
        sign_in: SignInHint::Password,
        help: "https://kb.mailbox.org/",
        files_sent: false,
    },
    Provider {
        name: "Posteo",
        domains: &["posteo.de", "posteo.net", "posteo.eu"],
        imap: "posteo.de",
        smtp: ("posteo.de", 465, TLS),
        sign_in: SignInHint::Password,
        help: "https://posteo.de/en/help",
        files_sent: false,
    },
    Provider {
        name: "IONOS",
        domains: &["online.de", "onlinehome.de", "ionos.de", "ionos.com"],
        imap: "imap.ionos.de",
        smtp: ("smtp.ionos.de", 465, TLS),
        sign_in: SignInHint::Password,
        help: "https://www.ionos.de/hilfe/e-mail/",
        files_sent: false,
    },
    Provider {
        name: "Telekom",
        domains: &["t-online.de", "magenta.de"],
        imap: "secureimap.t-online.de",
        smtp: ("securesmtp.t-online.de", 465, TLS),
        sign_in: SignInHint::AppPassword,
        help: "https://www.telekom.de/hilfe/apps-dienste/e-mail",
        files_sent: false,
    },
    Provider {
        name: "Yandex",
        domains: &["yandex.com", "yandex.ru", "ya.ru"],
        imap: "imap.yandex.com",
        smtp: ("smtp.yandex.com", 465, TLS),
        sign_in: SignInHint::AppPassword,
        help: "https://yandex.com/support/mail/mail-clients/others.html",
        files_sent: true,
    },
    Provider {
        name: "Strato",
        domains: &["strato.de"],
        imap: "imap.strato.de",
        smtp: ("smtp.strato.de", 465, TLS),
        sign_in: SignInHint::Password,
        help: "https://www.strato.de/faq/mail/",
        files_sent: false,
    },
];

/// Proposals for an address, the likeliest first: the provider's own doors, or the usual names of its domain. Empty where the
/// address isn't one.
#[must_use]
pub fn discover(address: &str) -> Vec<Discovered> {
    let address = address.trim();
    let Some((local, domain)) = address
        .rsplit_once('@')
        .filter(|(local, domain)| !local.is_empty() && domain.contains('.'))
    else {
        return Vec::new();
    };
    let domain = domain.to_lowercase();
    if let Some(provider) = PROVIDERS
        .iter()
        .find(|provider| provider.domains.contains(&domain.as_str()))
    {
        let (host, port, security) = provider.smtp;
        return vec![Discovered {
            provider: Some(provider.name.to_owned()),
            imap: Endpoint::new(provider.imap, 993, TLS),
            smtp: Endpoint::new(host, port, security),
            user: format!("{local}@{domain}"),
            sign_in: provider.sign_in,
            help_url: Some(provider.help.to_owned()),
            provider_files_sent: provider.files_sent,
        }];
    }
    let guess = |imap: String, smtp: String, smtp_port: u16, security: Security| Discovered {
        provider: None,
        imap: Endpoint::new(imap, 993, TLS),
        smtp: Endpoint::new(smtp, smtp_port, security),
        user: format!("{local}@{domain}"),
        sign_in: SignInHint::Password,
        help_url: None,
        provider_files_sent: false,
    };
    vec![
        guess(format!("imap.{domain}"), format!("smtp.{domain}"), 465, TLS),
        guess(format!("imap.{domain}"), format!("smtp.{domain}"), 587, START),
        guess(format!("mail.{domain}"), format!("mail.{domain}"), 465, TLS),
        guess(format!("mail.{domain}"), format!("mail.{domain}"), 587, START),
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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
    }

    #[test]
    fn no_domain_is_listed_twice() {
        let mut domains: Vec<_> = PROVIDERS.iter().flat_map(|provider| provider.domains).collect();
        let all = domains.len();
        domains.sort();
        domains.dedup();
        assert_eq!(domains.len(), all);
    }
}
