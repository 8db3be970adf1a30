//! The big providers' doors, by the domains of their addresses and by the hosts that take their customers' mail.

use super::{Discovered, FoundBy, SignInHint};
use crate::email::account::{Endpoint, Security};

pub(super) struct Provider {
    pub(super) name: &'static str,
    domains: &'static [&'static str],
    imap: &'static str,
    smtp: (&'static str, u16, Security),
    sign_in: SignInHint,
    help: &'static str,
    files_sent: bool,
    /// How the names of its incoming hosts end, for domains of one's own that it serves.
    mx: &'static [&'static str],
}

pub(super) const TLS: Security = Security::Tls;
pub(super) const START: Security = Security::StartTls;

const PROVIDERS: &[Provider] = &[
    Provider {
        name: "Gmail",
        domains: &["gmail.com", "googlemail.com"],
        imap: "imap.gmail.com",
        smtp: ("smtp.gmail.com", 465, TLS),
        sign_in: SignInHint::AppPassword,
        help: "https://support.google.com/accounts/answer/185833",
        files_sent: true,
        mx: &["google.com", "googlemail.com"],
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
        mx: &["protection.outlook.com", "mx.microsoft"],
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
        mx: &["yahoodns.net"],
    },
    Provider {
        name: "iCloud",
        domains: &["icloud.com", "me.com", "mac.com"],
        imap: "imap.mail.me.com",
        smtp: ("smtp.mail.me.com", 587, START),
        sign_in: SignInHint::AppPassword,
        help: "https://support.apple.com/102654",
        files_sent: false,
        mx: &["mail.icloud.com"],
    },
    Provider {
        name: "GMX",
        domains: &["gmx.de", "gmx.net", "gmx.at", "gmx.ch"],
        imap: "imap.gmx.net",
        smtp: ("mail.gmx.net", 465, TLS),
        sign_in: SignInHint::EnableImap,
        help: "https://hilfe.gmx.net/pop-imap/einschalten.html",
        files_sent: false,
        mx: &[],
    },
    Provider {
        name: "GMX",
        domains: &["gmx.com", "mail.com"],
        imap: "imap.gmx.com",
        smtp: ("mail.gmx.com", 465, TLS),
        sign_in: SignInHint::EnableImap,
        help: "https://support.gmx.com/pop-imap/toggle.html",
        files_sent: false,
        mx: &[],
    },
    Provider {
        name: "WEB.DE",
        domains: &["web.de"],
        imap: "imap.web.de",
        smtp: ("smtp.web.de", 587, START),
        sign_in: SignInHint::EnableImap,
        help: "https://hilfe.web.de/pop-imap/einschalten.html",
        files_sent: false,
        mx: &[],
    },
    Provider {
        name: "Fastmail",
        domains: &["fastmail.com", "fastmail.fm"],
        imap: "imap.fastmail.com",
        smtp: ("smtp.fastmail.com", 465, TLS),
        sign_in: SignInHint::AppPassword,
        help: "https://www.fastmail.help/hc/en-us/articles/360058752854",
        files_sent: false,
        mx: &["messagingengine.com"],
    },
    Provider {
        name: "Zoho",
        domains: &["zoho.com", "zohomail.com", "zoho.eu", "zohomail.eu"],
        imap: "imap.zoho.com",
        smtp: ("smtp.zoho.com", 465, TLS),
        sign_in: SignInHint::AppPassword,
        help: "https://www.zoho.com/mail/help/imap-access.html",
        files_sent: true,
        mx: &["zoho.com", "zoho.eu"],
    },
    Provider {
        name: "mailbox.org",
        domains: &["mailbox.org"],
        imap: "imap.mailbox.org",
        smtp: ("smtp.mailbox.org", 465, TLS),
        sign_in: SignInHint::Password,
        help: "https://kb.mailbox.org/",
        files_sent: false,
        mx: &["mailbox.org"],
    },
    Provider {
        name: "Posteo",
        domains: &["posteo.de", "posteo.net", "posteo.eu"],
        imap: "posteo.de",
        smtp: ("posteo.de", 465, TLS),
        sign_in: SignInHint::Password,
        help: "https://posteo.de/en/help",
        files_sent: false,
        mx: &["posteo.de"],
    },
    Provider {
        name: "IONOS",
        domains: &["online.de", "onlinehome.de", "ionos.de", "ionos.com"],
        imap: "imap.ionos.de",
        smtp: ("smtp.ionos.de", 465, TLS),
        sign_in: SignInHint::Password,
        help: "https://www.ionos.de/hilfe/e-mail/",
        files_sent: false,
        mx: &["kundenserver.de", "ionos.com", "ionos.de"],
    },
    Provider {
        name: "Telekom",
        domains: &["t-online.de", "magenta.de"],
        imap: "secureimap.t-online.de",
        smtp: ("securesmtp.t-online.de", 465, TLS),
        sign_in: SignInHint::AppPassword,
        help: "https://www.telekom.de/hilfe/apps-dienste/e-mail",
        files_sent: false,
        mx: &[],
    },
    Provider {
        name: "Yandex",
        domains: &["yandex.com", "yandex.ru", "ya.ru"],
        imap: "imap.yandex.com",
        smtp: ("smtp.yandex.com", 465, TLS),
        sign_in: SignInHint::AppPassword,
        help: "https://yandex.com/support/mail/mail-clients/others.html",
        files_sent: true,
        mx: &["yandex.net", "yandex.ru"],
    },
    Provider {
        name: "Strato",
        domains: &["strato.de"],
        imap: "imap.strato.de",
        smtp: ("smtp.strato.de", 465, TLS),
        sign_in: SignInHint::Password,
        help: "https://www.strato.de/faq/mail/",
        files_sent: false,
        mx: &["rzone.de"],
    },
];

impl Provider {
    fn doors(&self, user: String, found_by: FoundBy) -> Discovered {
        let (host, port, security) = self.smtp;
        Discovered {
            provider: Some(self.name.to_owned()),
            imap: Endpoint::new(self.imap, 993, TLS),
            smtp: Endpoint::new(host, port, security),
            user,
            sign_in: self.sign_in,
            help_url: Some(self.help.to_owned()),
            provider_files_sent: self.files_sent,
            found_by,
            elsewhere: false,
        }
    }
}

/// The doors of an address whose domain is a provider's own.
pub(super) fn of_domain(user: &str, domain: &str) -> Option<Discovered> {
    let provider = PROVIDERS.iter().find(|provider| provider.domains.contains(&domain))?;
    Some(provider.doors(user.to_owned(), FoundBy::Table))
}

/// The doors of an address whose mail a provider takes in: a company's own domain at Google Workspace, Microsoft 365 and the like.
#[must_use]
pub fn of_mx(user: &str, hosts: &[String]) -> Option<Discovered> {
    let provider = hosts.iter().find_map(|host| {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        PROVIDERS.iter().find(|provider| {
            provider
                .mx
                .iter()
                .any(|end| host == *end || host.ends_with(&format!(".{end}")))
        })
    })?;
    let mut found = provider.doors(user.to_owned(), FoundBy::Mx);
    match provider.name {
        // Companies' accounts go by other names, and by the provider's own page.
        "Gmail" => {
            found.provider = Some("Google Workspace".to_owned());
            found.sign_in = SignInHint::OAuth;
        }
        "Outlook.com" => found.provider = Some("Microsoft 365".to_owned()),
        _ => {}
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_domain_is_known_by_the_hosts_that_take_its_mail() {
        let of = |host: &str| of_mx("sales@murmel.example", &[host.to_owned()]);
        let google = of("ASPMX.L.GOOGLE.com.");
        assert!(
            google.is_some_and(|found| found.provider.as_deref() == Some("Google Workspace")
                && found.imap.host == "imap.gmail.com"
                && found.sign_in == SignInHint::OAuth
                && found.user == "sales@murmel.example")
        );
        let microsoft = of("murmel-example.mail.protection.outlook.com");
        assert!(
            microsoft.is_some_and(|found| found.provider.as_deref() == Some("Microsoft 365")
                && found.smtp == Endpoint::new("smtp.office365.com", 587, START))
        );
        assert_eq!(of("mx.notgoogle.com"), None);
        assert_eq!(of("google.com.murmel.example"), None);
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
