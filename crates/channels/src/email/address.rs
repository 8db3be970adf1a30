//! A mail address with the name its writer gave it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One person or mailbox of a header: `Carl Customer <carl@example.com>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailAddress {
    /// The name beside the address, decoded. It is the writer's claim, nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// `local@domain`, as written.
    pub address: String,
}

impl MailAddress {
    /// An address without a name.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            name: None,
            address: address.into(),
        }
    }

    /// An address with a name.
    #[must_use]
    pub fn named(name: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            address: address.into(),
        }
    }

    /// What two spellings of one mailbox have in common. Local parts are case-sensitive on paper and nowhere else.
    #[must_use]
    pub fn key(&self) -> String {
        self.address.trim().to_lowercase()
    }

    /// The part behind the `@`, in lower case; empty where there is none.
    #[must_use]
    pub fn domain(&self) -> String {
        self.address
            .rsplit_once('@')
            .map(|(_, domain)| domain.trim().to_lowercase())
            .unwrap_or_default()
    }
}

/// The address with its domain in ASCII (IDNA), as servers without SMTPUTF8 know it. What stands before the `@` has no such
/// spelling and stays; a domain that is none stays, too, and is refused where addresses are checked.
#[must_use]
pub fn ascii_domain(address: &str) -> String {
    let address = address.trim();
    match address.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => match url::Host::parse(domain) {
            Ok(url::Host::Domain(ascii)) => format!("{local}@{ascii}"),
            _ => address.to_owned(),
        },
        _ => address.to_owned(),
    }
}

impl std::fmt::Display for MailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => f.write_str(&self.address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ascii_domain;

    #[test]
    fn a_domain_has_a_spelling_in_ascii_and_a_name_has_none() {
        for (written, sent) in [
            ("carl@example.com", "carl@example.com"),
            (" Carl@Example.com ", "Carl@Example.com"),
            ("carl@bücher.example", "carl@xn--bcher-kva.example"),
            ("carl@BÜCHER.example", "carl@xn--bcher-kva.example"),
            ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
            ("用户@例子.example", "用户@xn--fsqu00a.example"),
            ("carl@[192.0.2.1]", "carl@[192.0.2.1]"),
            ("nobody", "nobody"),
        ] {
            assert_eq!(ascii_domain(written), sent);
        }
    }
}
