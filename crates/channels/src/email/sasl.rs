//! What is said to sign in, by each mechanism that mail servers know.
//!
//! A refused token is answered in two steps: the server tells why in a challenge, and refuses only when that was answered.

use baton_domain::MailServer;
use zeroize::Zeroizing;

/// A mechanism for access tokens, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenWay {
    /// The standard (RFC 7628).
    OAuthBearer,
    /// Google's and Microsoft's own, older.
    XOAuth2,
}

impl TokenWay {
    /// The better one of those a server offers.
    pub(crate) fn of(offers: impl Fn(&str) -> bool) -> Option<Self> {
        if offers("OAUTHBEARER") {
            Some(Self::OAuthBearer)
        } else if offers("XOAUTH2") {
            Some(Self::XOAuth2)
        } else {
            None
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// What is said first, before it is encoded.
    pub(crate) fn response(self, user: &str, server: &MailServer, token: &str) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::OAuthBearer => {
                let user = user.replace('=', "=3D").replace(',', "=2C");
                let (host, port) = (server.host.trim_matches(['[', ']']), server.port);
                format!("n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01")
            }
            Self::XOAuth2 => format!("user={user}\x01auth=Bearer {token}\x01\x01"),
        })
    }

    /// What is said to the challenge that tells why, so that the server refuses in words.
    pub(crate) fn giving_in(self) -> &'static str {
        match self {
            Self::OAuthBearer => "\x01",
            Self::XOAuth2 => "",
        }
    }
}

/// SASL PLAIN (RFC 4616): nothing to quote, any characters.
pub(crate) fn plain(user: &str, password: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("\0{user}\0{password}"))
}

#[cfg(test)]
mod tests {
    use baton_domain::Security;

    use super::*;

    #[test]
    fn a_token_is_said_as_each_mechanism_wants_it() {
        let server = MailServer::new("imap.murmel.example", 993, Security::Tls);
        assert_eq!(
            *TokenWay::XOAuth2.response("anna@murmel.example", &server, "ya29.x"),
            "user=anna@murmel.example\x01auth=Bearer ya29.x\x01\x01"
        );
        assert_eq!(
            *TokenWay::OAuthBearer.response("a=n,na@murmel.example", &server, "ya29.x"),
            "n,a=a=3Dn=2Cna@murmel.example,\x01host=imap.murmel.example\x01port=993\x01auth=Bearer ya29.x\x01\x01"
        );
    }

    #[test]
    fn the_standard_goes_before_the_older_way() {
        assert_eq!(TokenWay::of(|_| true), Some(TokenWay::OAuthBearer));
        assert_eq!(TokenWay::of(|way| way == "XOAUTH2"), Some(TokenWay::XOAuth2));
        assert_eq!(TokenWay::of(|_| false), None);
    }
}
