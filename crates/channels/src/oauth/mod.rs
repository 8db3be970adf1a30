//! Signing in on the provider's own page (OAuth 2): for mailboxes that take no password from a mail program.
//!
//! The team registers its own client at Google or Microsoft; Baton ships none. The person signs in in their own browser, which brings
//! the answer to a port of this computer that only this computer can reach (RFC 8252), protected by a state and by PKCE. What comes of
//! it is a [`Grant`]: a refresh token, kept in the keyring or sealed on a server, and short-lived access tokens made from it. A
//! provider may replace the refresh token at any use; the new one is kept before the old one is forgotten.

mod endpoint;
mod error;
mod grant;
mod loopback;
mod provider;
mod tokens;

pub use error::{SignInError, sign_in_problem};
pub use grant::{Client, Grant};
pub use loopback::{Attempt, Returned};
pub use provider::{Provider, ProviderKind};
pub use tokens::{GrantKeeper, Tokens};
