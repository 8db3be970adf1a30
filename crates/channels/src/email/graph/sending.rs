//! Handing a message to Graph, with the point known at which it may have been taken: the one request that carries it.
//!
//! Graph takes recipients from the message and not from an envelope, so whoever is only on the envelope is written in as Bcc, which
//! Exchange takes out again. It files what it sends by itself.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde::Deserialize;

use super::SENT;
use super::api::{Api, ApiError, OfferError, patience};
use crate::email::smtp::{Envelope, Outcome};
use crate::email::{BATON_ID_HEADER, parse};

/// The most bytes of a message: a request takes 4 MB, and base64 makes four of three.
pub(in crate::email) const LARGEST_BYTES: u64 = 3 * 1024 * 1024;
/// Exchange files a moment after it took a message: it is looked for so often before it counts as not there.
const LOOKS: usize = 4;
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Hands a message in. `before_body` runs when the mailbox has let us in and nothing was offered; `may_finish` is asked right before the
/// request that offers it.
pub(in crate::email) async fn deliver<S, B, F>(
    api: &Api,
    envelope: &Envelope,
    raw: &[u8],
    before_body: B,
    may_finish: impl FnOnce() -> bool,
) -> Outcome<S>
where
    B: FnOnce() -> F,
    F: Future<Output = Result<(), S>>,
{
    if let Err(error) = api.ready().await {
        return Outcome::NotOffered(error.into_connect_error(api.host()));
    }
    let whole = with_blind_copies(raw, envelope);
    let body = STANDARD.encode(&whole);
    if let Err(stopped) = before_body().await {
        return Outcome::Stopped(stopped);
    }
    if u64::try_from(whole.len()).unwrap_or(u64::MAX) > LARGEST_BYTES {
        return Outcome::Rejected {
            code: 413,
            text: format!("Microsoft Graph takes messages of up to {LARGEST_BYTES} bytes with their attachments"),
            permanent: true,
        };
    }
    if !may_finish() {
        return Outcome::Abandoned {
            reason: "the account's lease was lost while the message was going out".to_owned(),
        };
    }
    let answer = match api.offer(api.at(&["sendMail"], &[]), body).await {
        Ok(answer) => answer,
        Err(OfferError::Before(error)) => {
            return Outcome::Abandoned {
                reason: error.into_connect_error(api.host()).to_string(),
            };
        }
        Err(OfferError::After(reason)) => return Outcome::Unknown { reason },
    };
    let status = answer.status();
    if status.is_success() {
        let id = answer.headers().get("request-id").and_then(|id| id.to_str().ok());
        let reply = format!("{} {}", status.as_u16(), id.unwrap_or("accepted"));
        return Outcome::Sent { reply };
    }
    let asked_to_wait = status == StatusCode::TOO_MANY_REQUESTS
        || (status == StatusCode::SERVICE_UNAVAILABLE && patience(answer.headers()).is_some());
    let text = match api.said(answer).await {
        ApiError::Said { code, words, .. } => format!("{code}: {words}"),
        ApiError::Lost(error) => error.to_string(),
    };
    if status == StatusCode::UNAUTHORIZED {
        // The token ended between asking and offering: the next attempt has a new one.
        return Outcome::Abandoned { reason: text };
    }
    if status.is_server_error() && !asked_to_wait {
        return Outcome::Unknown { reason: text };
    }
    Outcome::Rejected {
        code: status.as_u16(),
        text,
        permanent: !asked_to_wait,
    }
}

#[derive(Deserialize)]
struct Found {
    value: Vec<serde_json::Value>,
}

/// Whether a message lies in the sent folder, by its Message-ID or by our own mark: Exchange may give it another Message-ID.
pub(in crate::email) async fn is_in_sent(api: &Api, message_id: &str, raw: &[u8]) -> Result<bool, ApiError> {
    let quoted = |text: &str| text.replace('\'', "''");
    let mark = parse(raw).ok().and_then(|mail| mail.baton_id).unwrap_or_default();
    // A header of one's own is a named property of the set of internet headers.
    let header = format!("String {{00020386-0000-0000-C000-000000000046}} Name {BATON_ID_HEADER}");
    let filters = [
        format!("internetMessageId eq '<{}>'", quoted(message_id)),
        format!(
            "singleValueExtendedProperties/Any(ep: ep/id eq '{header}' and ep/value eq '{}')",
            quoted(&mark)
        ),
    ];
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        for filter in filters.iter().take(if mark.is_empty() { 1 } else { 2 }) {
            let url = api.at(
                &["mailFolders", SENT, "messages"],
                &[("$filter", filter), ("$select", "id"), ("$top", "1")],
            );
            if !api.read::<Found>(url).await?.value.is_empty() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The message with everybody in it whom only the envelope names.
fn with_blind_copies<'a>(raw: &'a [u8], envelope: &Envelope) -> Cow<'a, [u8]> {
    let named: BTreeSet<String> = parse(raw)
        .map(|mail| {
            mail.to
                .into_iter()
                .chain(mail.cc)
                .map(|one| one.address.to_lowercase())
                .collect()
        })
        .unwrap_or_default();
    let blind = envelope.to.iter().filter(|to| !named.contains(&to.to_lowercase()));
    let blind: Vec<&str> = blind.map(String::as_str).collect();
    if blind.is_empty() {
        return Cow::Borrowed(raw);
    }
    let mut whole = format!("Bcc: {}\r\n", blind.join(",\r\n ")).into_bytes();
    whole.extend_from_slice(raw);
    Cow::Owned(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_only_on_the_envelope_is_written_in() {
        let raw = b"From: a@baton.test\r\nTo: Carl <Carl@baton.test>\r\nSubject: x\r\n\r\nx\r\n";
        let envelope = |to: &[&str]| Envelope {
            from: None,
            to: to.iter().map(|one| (*one).to_owned()).collect(),
            report: None,
        };
        assert_eq!(with_blind_copies(raw, &envelope(&["carl@baton.test"])).as_ref(), raw);
        let with = with_blind_copies(raw, &envelope(&["carl@baton.test", "d@baton.test", "e@baton.test"]));
        assert!(with.starts_with(b"Bcc: d@baton.test,\r\n e@baton.test\r\nFrom: "));
    }
}
