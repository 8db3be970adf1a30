//! Asking the network where an address's mailbox is: pages over https and names by DNS, all at once, and never for long.
//!
//! Nothing is spawned: whoever drops the search has cancelled it.

use std::time::Duration;

use async_trait::async_trait;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use reqwest::redirect::Policy;
use tokio::time::{Instant, timeout_at};

use super::{Discovered, Findings, FoundBy, Parts, SrvAnswers, SrvRecord, autoconfig, providers, ranked, srv};

/// What a person waits for a search.
pub const PATIENCE: Duration = Duration::from_secs(8);
/// For each page and name.
const EACH: Duration = Duration::from_secs(5);
/// A page is at most this long.
const PAGE_BYTES: usize = 256 * 1024;
/// Mozilla's directory.
const DIRECTORY: &str = "https://autoconfig.thunderbird.net/v1.1/";

/// Whether Mozilla's directory is asked. It learns the domain, so a person says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Directory {
    /// Not asked.
    #[default]
    Leave,
    /// Asked.
    Ask,
}

/// Where pages come from.
#[async_trait]
pub trait Pages: Send + Sync {
    /// A page, if it is there.
    async fn get(&self, url: &str) -> Option<String>;
}

/// Where names are looked up.
#[async_trait]
pub trait Names: Send + Sync {
    /// The records of a service; none where there is no such name.
    async fn srv(&self, name: &str) -> Vec<SrvRecord>;
    /// The hosts that take a domain's mail, the first one first.
    async fn mx(&self, domain: &str) -> Vec<String>;
}

/// Proposals for an address, the likeliest first. Empty where the address isn't one; otherwise there is always a guess.
///
/// It takes no longer than `patience`: whoever has not answered by then is not waited for.
pub async fn search(
    address: &str,
    pages: &dyn Pages,
    names: &dyn Names,
    directory: Directory,
    patience: Duration,
) -> Vec<Discovered> {
    let Some(parts) = Parts::of(address) else {
        return Vec::new();
    };
    let known = providers::of_domain(&parts.address(), &parts.domain).is_some();
    let mut findings = Findings::default();
    if !known {
        findings.proposals = asked(address, &parts, pages, names, directory, patience).await;
    }
    ranked(address, findings)
}

/// What everybody says who answers in time.
async fn asked(
    address: &str,
    parts: &Parts<'_>,
    pages: &dyn Pages,
    names: &dyn Names,
    directory: Directory,
    patience: Duration,
) -> Vec<Discovered> {
    let domain = &parts.domain;
    let user = parts.address();
    let page = |url: String, found_by: FoundBy| described(address, pages, url, found_by);
    let own = format!(
        "https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={}",
        query(&user)
    );
    let well_known = format!("https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml");
    let mut answers = FuturesUnordered::new();
    answers.push(page(own, FoundBy::Autoconfig).boxed());
    answers.push(page(well_known, FoundBy::Autoconfig).boxed());
    if directory == Directory::Ask {
        answers.push(page(format!("{DIRECTORY}{domain}"), FoundBy::Directory).boxed());
    }
    answers.push(services(address, domain, names).boxed());
    answers.push(async { providers::of_mx(&user, &names.mx(&format!("{domain}.")).await) }.boxed());
    let mut proposals = Vec::new();
    let end = Instant::now() + patience;
    while let Ok(Some(answer)) = timeout_at(end, answers.next()).await {
        proposals.extend(answer);
    }
    proposals
}

/// What a page says of an address.
async fn described(address: &str, pages: &dyn Pages, url: String, found_by: FoundBy) -> Option<Discovered> {
    let xml = pages.get(&url).await?;
    autoconfig::parse(address, &xml, found_by)
}

/// What a domain's service records say.
async fn services(address: &str, domain: &str, names: &dyn Names) -> Option<Discovered> {
    let name = |service: &str| format!("{service}.{domain}.");
    let [imaps, imap, submissions, submission] =
        ["_imaps._tcp", "_imap._tcp", "_submissions._tcp", "_submission._tcp"].map(name);
    let (imaps, imap, submissions, submission) = tokio::join!(
        names.srv(&imaps),
        names.srv(&imap),
        names.srv(&submissions),
        names.srv(&submission),
    );
    let answers = SrvAnswers {
        imaps,
        imap,
        submissions,
        submission,
    };
    srv::of_srv(address, &answers)
}

fn query(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The web, by https only.
#[derive(Debug, Clone)]
pub struct Web(reqwest::Client);

impl Web {
    /// Pages as this machine trusts them.
    ///
    /// # Errors
    /// Where there is no TLS.
    pub fn of_system() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .https_only(true)
            .redirect(Policy::limited(3))
            .timeout(EACH)
            .build()?;
        Ok(Self(client))
    }
}

#[async_trait]
impl Pages for Web {
    async fn get(&self, url: &str) -> Option<String> {
        let answer = self.0.get(url).send().await.ok()?.error_for_status().ok()?;
        let mut pieces = answer.bytes_stream();
        let mut page = Vec::new();
        while let Some(piece) = pieces.next().await {
            page.extend_from_slice(&piece.ok()?);
            if page.len() > PAGE_BYTES {
                return None;
            }
        }
        String::from_utf8(page).ok()
    }
}

/// The system's name servers.
#[derive(Clone)]
pub struct DnsNames(TokioResolver);

impl DnsNames {
    /// Those of this machine; none where it has none.
    #[must_use]
    pub fn of_system() -> Option<Self> {
        let mut builder = TokioResolver::builder_tokio().ok()?;
        let options = builder.options_mut();
        options.timeout = EACH / 2;
        options.attempts = 2;
        Some(Self(builder.build().ok()?))
    }

    /// Those of a resolver.
    #[must_use]
    pub fn of(resolver: TokioResolver) -> Self {
        Self(resolver)
    }

    async fn answers(&self, name: &str, kind: RecordType) -> Vec<RData> {
        match tokio::time::timeout(EACH, self.0.lookup(name, kind)).await {
            Ok(Ok(found)) => found.answers().iter().map(|record| record.data.clone()).collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }
}

#[async_trait]
impl Names for DnsNames {
    async fn srv(&self, name: &str) -> Vec<SrvRecord> {
        let found = self.answers(name, RecordType::SRV).await.into_iter();
        let records = found.filter_map(|data| match data {
            RData::SRV(record) => Some(SrvRecord {
                priority: record.priority,
                weight: record.weight,
                port: record.port,
                target: record.target.to_utf8(),
            }),
            _ => None,
        });
        records.collect()
    }

    async fn mx(&self, domain: &str) -> Vec<String> {
        let found = self.answers(domain, RecordType::MX).await.into_iter();
        let records = found.filter_map(|data| match data {
            RData::MX(record) => Some((record.preference, record.exchange.to_utf8())),
            _ => None,
        });
        let mut hosts: Vec<_> = records.collect();
        hosts.sort();
        hosts.into_iter().map(|(_, host)| host).collect()
    }
}

/// Where there are no name servers.
#[async_trait]
impl Names for () {
    async fn srv(&self, _name: &str) -> Vec<SrvRecord> {
        Vec::new()
    }
    async fn mx(&self, _domain: &str) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;
