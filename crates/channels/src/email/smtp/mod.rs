//! Handing a message to a provider, with the exact point known at which it may have been taken.
//!
//! The vocabulary is the mail library's; the order of words is ours, because its own sending offers the body and the final dot in one
//! breath. Here nothing of the body leaves before `before_body` agreed, and the final dot, the only thing that makes a server
//! responsible (RFC 5321, 4.2.5), leaves only after `may_finish` agreed. Up to there a message was certainly not taken. From there on
//! only the server's own answer says; without one the outcome is unknown, and nobody sends again by himself.
//!
//! One connection a message. A pool could hand out a connection that has died, in the one place where that matters.

mod dialogue;
pub mod refusal;

use std::future::Future;

use lettre::Address;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter, RcptParameter};
use serde::{Deserialize, Serialize};

use super::account::{ConnectError, EmailAccount, Secret};
use super::address::ascii_domain;
use dialogue::Reply;
pub(super) use dialogue::{Dialogue, Patience};

/// Who a message is from and for, on the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The return address; `None` is the empty one, for automatic answers.
    pub from: Option<String>,
    /// Every recipient.
    pub to: Vec<String>,
    /// Set where the servers on the way shall say that it was delivered (RFC 3461): the id their reports carry. Where the provider
    /// doesn't offer it, the message goes without.
    pub report: Option<String>,
}

/// What a provider takes, by what it says to EHLO: what has to be known before a message is written, not after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offers {
    /// The most bytes a message may have, encoded (RFC 1870); `None` where it doesn't say.
    pub size_limit: Option<u64>,
    /// Whether addresses may have letters beyond ASCII before the `@` (RFC 6531).
    pub foreign_letters: bool,
    /// Whether it can be asked to say that a message was delivered (RFC 3461).
    pub receipts: bool,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<S> {
    /// The server took it.
    Sent {
        /// Its last words, often with its queue's number.
        reply: String,
    },
    /// The server refused it; it was not taken.
    Rejected {
        /// The server's code, 4xx or 5xx.
        code: u16,
        /// Its words, with the recipient they are about.
        text: String,
        /// Whether it makes no sense to try again.
        permanent: bool,
    },
    /// It never came to offering the body; it was not taken.
    NotOffered(ConnectError),
    /// `before_body` said no; it was not taken.
    Stopped(S),
    /// The body went up, the final dot did not; it was not taken.
    Abandoned {
        /// Why.
        reason: String,
    },
    /// The final dot went out and no answer came.
    Unknown {
        /// Why there is no answer.
        reason: String,
    },
}

/// Signs in and hangs up: the sending half of a connection test. Answers what the provider takes.
///
/// # Errors
/// What stands in the way.
pub async fn check(account: &EmailAccount, secret: &Secret) -> Result<Offers, ConnectError> {
    let dialogue = Dialogue::open(account, secret, Patience::default()).await?;
    let offers = Offers {
        size_limit: dialogue.size_limit(),
        foreign_letters: dialogue.offers("SMTPUTF8"),
        receipts: dialogue.offers("DSN"),
    };
    dialogue.quit().await;
    Ok(offers)
}

/// Hands a message in.
///
/// `before_body` runs when the server has accepted every recipient and nothing of the body has been offered: the place for a durable
/// note that from now on the message may be gone. `may_finish` is asked right before the final dot.
pub async fn deliver<S, B, F>(
    account: &EmailAccount,
    secret: &Secret,
    envelope: &Envelope,
    raw: &[u8],
    before_body: B,
    may_finish: impl FnOnce() -> bool,
) -> Outcome<S>
where
    B: FnOnce() -> F,
    F: Future<Output = Result<(), S>>,
{
    deliver_within(
        Patience::default(),
        account,
        secret,
        envelope,
        raw,
        before_body,
        may_finish,
    )
    .await
}

async fn deliver_within<S, B, F>(
    patience: Patience,
    account: &EmailAccount,
    secret: &Secret,
    envelope: &Envelope,
    raw: &[u8],
    before_body: B,
    may_finish: impl FnOnce() -> bool,
) -> Outcome<S>
where
    B: FnOnce() -> F,
    F: Future<Output = Result<(), S>>,
{
    let mut dialogue = match Dialogue::open(account, secret, patience).await {
        Ok(dialogue) => dialogue,
        Err(error) => return Outcome::NotOffered(error),
    };
    if let Err(outcome) = recipients(&mut dialogue, envelope, raw).await {
        dialogue.quit().await;
        return outcome;
    }
    if let Err(stop) = before_body().await {
        dialogue.quit().await;
        return Outcome::Stopped(stop);
    }
    match dialogue.command(&Data.to_string()).await {
        Ok(reply) if reply.code == 354 => {}
        Ok(reply) => {
            dialogue.quit().await;
            return rejected(&reply, None);
        }
        Err(error) => {
            return Outcome::Abandoned {
                reason: error.to_string(),
            };
        }
    }
    if let Err(error) = dialogue.body(raw).await {
        // The server may have hung up with a reason.
        return match dialogue.last_words().await {
            Some(reply) if reply.code >= 400 => rejected(&reply, None),
            _ => Outcome::Abandoned {
                reason: error.to_string(),
            },
        };
    }
    if !may_finish() {
        // Without the dot a server must throw away what it has (RFC 5321, 4.1.1.10).
        return Outcome::Abandoned {
            reason: "the account's lease was lost while the message was going out".to_owned(),
        };
    }
    match dialogue.finish().await {
        Ok(reply) if (200..300).contains(&reply.code) => {
            let reply = reply.text;
            dialogue.quit().await;
            Outcome::Sent { reply }
        }
        Ok(reply) if reply.code >= 400 => {
            dialogue.quit().await;
            rejected(&reply, None)
        }
        Ok(reply) => Outcome::Unknown {
            reason: format!("the server answered {} {}", reply.code, reply.text),
        },
        Err(error) => Outcome::Unknown {
            reason: error.to_string(),
        },
    }
}

/// Names the sender and every recipient. One refused recipient refuses the message: half a delivery can't be shown as one.
async fn recipients<S>(dialogue: &mut Dialogue, envelope: &Envelope, raw: &[u8]) -> Result<(), Outcome<S>> {
    let ours = |code: u16, text: String| Outcome::Rejected {
        code,
        text,
        permanent: true,
    };
    let parsed = |address: &String| {
        ascii_domain(address)
            .parse::<Address>()
            .map_err(|_| ours(553, format!("{address} is not a mail address")))
    };
    let from = envelope.from.as_ref().map(parsed).transpose()?;
    let to = envelope.to.iter().map(parsed).collect::<Result<Vec<_>, _>>()?;
    if to.is_empty() {
        return Err(ours(554, "the message has no recipient".to_owned()));
    }
    if let Some(limit) = dialogue.size_limit().filter(|limit| raw.len() as u64 > *limit) {
        return Err(ours(
            552,
            format!(
                "the server takes messages of up to {limit} bytes; this one has {}",
                raw.len()
            ),
        ));
    }
    let mut parameters = Vec::new();
    // A domain has a spelling in ASCII, what stands before the @ has none.
    let foreign = from.iter().chain(&to).find(|address| !address.to_string().is_ascii());
    if let Some(foreign) = foreign {
        if !dialogue.offers("SMTPUTF8") {
            return Err(ours(
                553,
                format!("5.6.7 the server can't deliver to {foreign}: it takes no letters beyond ASCII before the @"),
            ));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !raw.is_ascii() {
        if !dialogue.offers("8BITMIME") {
            return Err(ours(554, "the server takes only seven-bit mail".to_owned()));
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    if dialogue.size_limit().is_some() {
        parameters.push(MailParameter::Size(raw.len()));
    }
    let report = envelope.report.as_deref().filter(|_| dialogue.offers("DSN"));
    if let Some(id) = report {
        // The headers suffice to tell which message it was.
        parameters.push(other("RET", "HDRS"));
        parameters.push(other("ENVID", id));
    }
    let reply = dialogue
        .command(&Mail::new(from, parameters).to_string())
        .await
        .map_err(Outcome::NotOffered)?;
    if reply.code >= 300 {
        return Err(rejected(&reply, envelope.from.as_deref()));
    }
    let asked: Vec<RcptParameter> = report
        .map(|_| RcptParameter::Other {
            keyword: "NOTIFY".to_owned(),
            value: Some("SUCCESS,FAILURE,DELAY".to_owned()),
        })
        .into_iter()
        .collect();
    for (address, shown) in to.into_iter().zip(&envelope.to) {
        let reply = dialogue
            .command(&Rcpt::new(address, asked.clone()).to_string())
            .await
            .map_err(Outcome::NotOffered)?;
        if reply.code >= 300 {
            return Err(rejected(&reply, Some(shown)));
        }
    }
    Ok(())
}

/// A parameter of MAIL. The mail library writes its value as xtext (RFC 3461, 4).
fn other(keyword: &str, value: &str) -> MailParameter {
    MailParameter::Other {
        keyword: keyword.to_owned(),
        value: Some(value.to_owned()),
    }
}

fn rejected<S>(reply: &Reply, about: Option<&str>) -> Outcome<S> {
    let text = match about {
        Some(address) if !reply.text.contains(address) => format!("{address}: {}", reply.text),
        _ => reply.text.clone(),
    };
    Outcome::Rejected {
        code: reply.code,
        text,
        permanent: reply.code >= 500,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
