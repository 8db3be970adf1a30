//! Companies the team deals with: who looks after each, how much weight it has, and what it is to us.
//!
//! A company is known by the domains its people write from. The list is one document of the log, as the routing rules are: everybody
//! reads it, with or without a network, and whoever leads the work changes it as a whole. A domain where anybody can have an address
//! ([`is_open_to_all`]) is nobody's company.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::details::{DETAIL_CHARS, folded};
use crate::{Details, DocumentId, Invalid, Member, MemberId, Refusal};

/// How many companies the list has at most.
const COMPANIES: usize = 1000;
/// How many domains one has at most.
const DOMAINS: usize = 20;
/// The longest name of one, in characters.
const NAME_CHARS: usize = 200;
/// The longest domain, in characters.
const DOMAIN_CHARS: usize = 253;

/// A company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Company {
    /// What it is called.
    pub name: String,
    /// The domains its people write from, e.g. acme.example; each stands for everything below it, too.
    pub domains: Vec<String>,
    /// Who looks after it.
    #[serde(default)]
    pub owner: Option<MemberId>,
    /// How much weight it has with us, e.g. gold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tier: Option<String>,
    /// What it is to us, e.g. customer, partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub account_type: Option<String>,
    /// Where it is, e.g. DACH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub region: Option<String>,
}

impl Company {
    /// What is said of its conversations.
    #[must_use]
    pub fn details(&self) -> Details {
        Details {
            account_tier: self.tier.clone(),
            account_type: self.account_type.clone(),
            region: self.region.clone(),
            ..Details::default()
        }
    }
}

/// The companies of a workspace. A document of the log, scope workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Companies {
    /// All of them.
    pub companies: Vec<Company>,
}

impl Companies {
    /// The document's id: there is one in a workspace.
    #[must_use]
    pub fn document() -> DocumentId {
        static ID: LazyLock<DocumentId> = LazyLock::new(|| DocumentId::derive(Uuid::nil(), "companies"));
        *ID
    }

    /// The company somebody writes for: the one with the longest domain that theirs is, or lies below.
    #[must_use]
    pub fn of(&self, email: &str) -> Option<&Company> {
        let (_, own) = email.rsplit_once('@')?;
        let own = folded(own);
        if is_open_to_all(&own) {
            return None;
        }
        let within = |domain: &str| {
            own.strip_suffix(domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let known = self.companies.iter().flat_map(|company| {
            let domains = company.domains.iter().filter(|domain| within(domain));
            domains.map(move |domain| (domain.len(), company))
        });
        known.max_by_key(|(length, _)| *length).map(|(_, company)| company)
    }

    /// The list as it is kept, in the order in which it came: domains in lower case and without what stands before them, each once in a
    /// company; empty texts are none.
    #[must_use]
    pub fn tidied(mut self) -> Self {
        let text = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        for company in &mut self.companies {
            company.name = company.name.trim().to_owned();
            let domains = company.domains.iter().map(|domain| bare(domain));
            let mut known = BTreeSet::new();
            company.domains = domains.filter(|domain| known.insert(domain.clone())).collect();
            company.tier = text(company.tier.take());
            company.account_type = text(company.account_type.take());
            company.region = text(company.region.take());
        }
        self
    }

    /// Judges a tidied list that is to follow `before`. Companies that stay as they were are not judged again but for their domains: that
    /// somebody named in one has left must not keep another from being changed.
    ///
    /// # Errors
    /// What can't be kept, by the number of its company, from 1: `companies.2.domains`.
    pub fn check(&self, before: Option<&Self>, members: &BTreeMap<MemberId, Member>) -> Result<(), Refusal> {
        let refused = |field: &str, why| {
            Err(Refusal::Invalid {
                field: field.to_owned(),
                why,
            })
        };
        if self.companies.len() > COMPANIES {
            return refused("companies", Invalid::TooMany);
        }
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        for (company, number) in self.companies.iter().zip(1_usize..) {
            let at = |part: &str| format!("companies.{number}.{part}");
            // Whose it is has to be clear.
            if !company.domains.iter().all(|domain| taken.insert(domain)) {
                return refused(&at("domains"), Invalid::Taken);
            }
            if before.is_some_and(|before| before.companies.contains(company)) {
                continue;
            }
            match company.name.chars().count() {
                0 => return refused(&at("name"), Invalid::Empty),
                chars if chars > NAME_CHARS => return refused(&at("name"), Invalid::TooLong),
                _ => {}
            }
            if company.domains.is_empty() {
                return refused(&at("domains"), Invalid::Empty);
            }
            if company.domains.len() > DOMAINS {
                return refused(&at("domains"), Invalid::TooMany);
            }
            if !company.domains.iter().all(|domain| is_domain(domain)) {
                return refused(&at("domains"), Invalid::Unknown);
            }
            if company.domains.iter().any(|domain| is_shared(domain)) {
                return refused(&at("domains"), Invalid::OpenToAll);
            }
            let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > DETAIL_CHARS);
            for (part, text) in [
                ("tier", &company.tier),
                ("accountType", &company.account_type),
                ("region", &company.region),
            ] {
                if long(text) {
                    return refused(&at(part), Invalid::TooLong);
                }
            }
            let here = |owner: MemberId| members.get(&owner).is_some_and(|member| member.active);
            if company.owner.is_some_and(|owner| !here(owner)) {
                return refused(&at("owner"), Invalid::Unknown);
            }
        }
        Ok(())
    }
}

/// A domain as it is compared: of an address or @domain only that.
fn bare(domain: &str) -> String {
    let domain = folded(domain);
    match domain.rsplit_once('@') {
        Some((_, domain)) => domain.to_owned(),
        None => domain,
    }
}

/// At least two labels: a whole top-level domain is nobody's.
fn is_domain(domain: &str) -> bool {
    let label =
        |label: &str| !label.is_empty() && !label.chars().any(|one| one.is_whitespace() || "/\\@,;:".contains(one));
    domain.chars().count() <= DOMAIN_CHARS && domain.contains('.') && domain.split('.').all(label)
}

/// Whether a company can't be told by it: anybody can have an address there, or below it.
fn is_shared(domain: &str) -> bool {
    let below = |open: &&str| open.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    is_open_to_all(domain) || OPEN_TO_ALL.iter().any(below)
}

/// Whether anybody can have an address in a domain, written in lower case.
#[must_use]
pub fn is_open_to_all(domain: &str) -> bool {
    OPEN_TO_ALL.contains(&domain)
}

/// Domains where anybody has an address: two of them are no colleagues, and write for no company.
const OPEN_TO_ALL: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "arcor.de",
    "att.net",
    "bluewin.ch",
    "btinternet.com",
    "comcast.net",
    "fastmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.com",
    "live.de",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.es",
    "outlook.fr",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "rocketmail.com",
    "sbcglobal.net",
    "t-online.de",
    "tutanota.com",
    "verizon.net",
    "wanadoo.fr",
    "web.de",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.com.au",
    "yahoo.com.br",
    "yahoo.de",
    "yahoo.es",
    "yahoo.fr",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
];
