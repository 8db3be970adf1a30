//! What stands in the way of a mailbox, said so that a person knows what to do and whom to ask.
//!
//! One table for everybody who speaks to mail servers: the test at first run, a team's server, its command line and the health of an
//! account. A refused sign-in is looked at twice: the big providers say in their answer, if one knows their codes, that the password
//! is not the trouble but a setting, and who may change it.

use baton_domain::{MailProblem, MailProblemKind};

use super::account::{CertificateProblem, ConnectError, Endpoint};

/// What is wrong with a server, for the window.
#[must_use]
pub fn problem(error: &ConnectError, server: &Endpoint) -> MailProblem {
    use MailProblemKind as Kind;
    let (kind, said) = match error {
        ConnectError::NameNotFound { .. } => (Kind::NameNotFound, None),
        ConnectError::Refused { .. } => (Kind::Refused, None),
        ConnectError::Unreachable { detail, .. } => (Kind::Refused, Some(detail)),
        ConnectError::TimedOut { .. } => (Kind::TimedOut, None),
        ConnectError::NoTlsOffered { .. } => (Kind::NoTls, None),
        ConnectError::PlainNotAllowed { .. } => (Kind::Unencrypted, None),
        ConnectError::Certificate { problem, detail, .. } => (certificate(*problem), Some(detail)),
        ConnectError::BadExtraCa { detail } => (Kind::Certificate, Some(detail)),
        ConnectError::WrongPassword { host, reply, .. } => (refused_sign_in(host, reply), Some(reply)),
        ConnectError::TokenRefused { reply, .. } => (refused_token(reply), Some(reply)),
        ConnectError::SignInEnded { reply, .. } => (Kind::SignInEnded, Some(reply)),
        ConnectError::AdminMustConsent { reply, .. } => (Kind::AdminMustConsent, Some(reply)),
        ConnectError::ClientRefused { reply, .. } => (Kind::ClientRefused, Some(reply)),
        ConnectError::NoLoginOffered { offered, .. } => (not_offered(offered), Some(offered)),
        ConnectError::Busy { reply, .. } => (Kind::Busy, Some(reply)),
        ConnectError::FolderMissing { folder } => (Kind::FolderMissing, Some(folder)),
        ConnectError::Denied { reply, .. } => (denied(reply), Some(reply)),
        ConnectError::Closed { .. } => (Kind::Disconnected, None),
        ConnectError::Protocol { detail, .. } => (Kind::Protocol, Some(detail)),
    };
    MailProblem {
        kind,
        server: server.to_string(),
        said: said.cloned(),
    }
}

fn certificate(problem: CertificateProblem) -> MailProblemKind {
    match problem {
        CertificateProblem::Expired => MailProblemKind::CertificateExpired,
        CertificateProblem::NotYetValid => MailProblemKind::CertificateNotYetValid,
        CertificateProblem::WrongName => MailProblemKind::CertificateWrongName,
        CertificateProblem::UnknownIssuer | CertificateProblem::Revoked | CertificateProblem::Other => {
            MailProblemKind::Certificate
        }
    }
}

/// What providers write when a sign-in fails for another reason than a wrong password. All words of a row must be there.
const REFUSALS: &[(&[&str], MailProblemKind)] = &[
    (&["SMTPCLIENTAUTHENTICATION IS DISABLED"], MailProblemKind::SmtpDisabled),
    (&["SMTP AUTH", "DISABLED"], MailProblemKind::SmtpDisabled),
    (&["BASIC AUTHENTICATION IS DISABLED"], MailProblemKind::PasswordsOff),
    (&["BASICAUTHBLOCKED"], MailProblemKind::PasswordsOff),
    (&["5.7.30"], MailProblemKind::PasswordsOff),
    (
        &["PLEASE LOG IN VIA YOUR WEB BROWSER"],
        MailProblemKind::AppPasswordNeeded,
    ),
    (&["APPLICATION-SPECIFIC PASSWORD"], MailProblemKind::AppPasswordNeeded),
    (&["APP-SPECIFIC PASSWORD"], MailProblemKind::AppPasswordNeeded),
    (&["APP PASSWORD"], MailProblemKind::AppPasswordNeeded),
    (&["INVALIDSECONDFACTOR"], MailProblemKind::AppPasswordNeeded),
    // Microsoft 365: signed in, and then no mailbox that IMAP may open.
    (&["AUTHENTICATED BUT NOT CONNECTED"], MailProblemKind::ImapDisabled),
    (&["IMAP", "DISABLED"], MailProblemKind::ImapDisabled),
    (&["IMAP", "NOT ENABLED"], MailProblemKind::ImapDisabled),
    (&["IMAP", "NOT ACTIVATED"], MailProblemKind::ImapDisabled),
];

fn listed(reply: &str) -> Option<MailProblemKind> {
    let upper = reply.to_ascii_uppercase();
    REFUSALS
        .iter()
        .find(|(words, _)| words.iter().all(|word| upper.contains(word)))
        .map(|(_, kind)| *kind)
}

fn refused_sign_in(host: &str, reply: &str) -> MailProblemKind {
    if let Some(kind) = listed(reply) {
        return kind;
    }
    let host = host.to_ascii_lowercase();
    let of = |domains: &[&str]| {
        domains
            .iter()
            .any(|domain| host == *domain || host.ends_with(&format!(".{domain}")))
    };
    if of(&["office365.com", "outlook.com"]) {
        // Microsoft answers every password with the same three words; it has taken none for IMAP since 2022.
        MailProblemKind::PasswordsOff
    } else if of(&["gmail.com", "googlemail.com", "mail.yahoo.com", "mail.me.com"]) {
        // These take no ordinary password from a mail program, and don't always say so.
        MailProblemKind::AppPasswordNeeded
    } else {
        MailProblemKind::WrongPassword
    }
}

fn refused_token(reply: &str) -> MailProblemKind {
    listed(reply).unwrap_or(MailProblemKind::TokenRefused)
}

fn not_offered(offered: &str) -> MailProblemKind {
    let upper = offered.to_ascii_uppercase();
    if upper.contains("XOAUTH2") || upper.contains("OAUTHBEARER") {
        MailProblemKind::PasswordsOff
    } else {
        MailProblemKind::NoLoginOffered
    }
}

fn denied(reply: &str) -> MailProblemKind {
    listed(reply).unwrap_or(MailProblemKind::Rejected)
}

/// What is wrong with a mail server, in words for a terminal and a log.
#[must_use]
pub fn in_words(problem: &MailProblem) -> String {
    use MailProblemKind as Kind;
    let server = &problem.server;
    let words = match problem.kind {
        Kind::NameNotFound => "does not exist, or this machine has no network. Check the name.",
        Kind::Refused => "can't be reached. Check host, port and firewall.",
        Kind::TimedOut => "does not answer. Check host, port and firewall.",
        Kind::NoTls => "offers no encryption. Try the port for TLS (993 and 465) or STARTTLS (143 and 587).",
        Kind::Unencrypted => {
            "would get the password in the open: only a server on this very machine is spoken to without encryption. Use TLS or STARTTLS."
        }
        Kind::Certificate => "shows a certificate that is not trusted. Give your own authority with --extra-ca.",
        Kind::CertificateExpired => "shows a certificate that has run out. Whoever runs that server must renew it.",
        Kind::CertificateNotYetValid => "shows a certificate that is not valid yet. Check this machine's clock.",
        Kind::CertificateWrongName => "shows a certificate for another name. Use the name it is made for.",
        Kind::WrongPassword => "does not accept the password. Some providers want an app password.",
        Kind::AppPasswordNeeded => {
            "wants an app password: make one in the account's security settings and use it instead. In a company account an admin may have to allow app passwords."
        }
        Kind::PasswordsOff => {
            "takes no passwords from mail programs. Sign in on the provider's page; an admin may have to allow Baton there."
        }
        Kind::ImapDisabled => {
            "does not let this mailbox be read by IMAP. The owner, or in a company the admin, must switch IMAP on for it (Microsoft 365: the user's *Email apps*; Google Workspace: *End user access*)."
        }
        Kind::SmtpDisabled => {
            "does not let this mailbox send by SMTP. An admin must allow *Authenticated SMTP* for it (Microsoft 365: the user's *Email apps*)."
        }
        Kind::TokenRefused => {
            "does not accept the sign-in made on the provider's page. Check that the account may use this mailbox, and that an admin allows IMAP and SMTP for it."
        }
        Kind::SignInEnded => "ended the sign-in: it was revoked or ran out. Sign in again.",
        Kind::ConsentDenied => "was told no on its sign-in page. Sign in again and allow access to mail.",
        Kind::AdminMustConsent => {
            "wants an admin to allow Baton's access to mail first. Ask whoever administers the accounts there, then sign in again."
        }
        Kind::ClientRefused => {
            "does not accept the client id. Check the team's registration: id, secret and redirect address."
        }
        Kind::NoLoginOffered => "offers no way of signing in that Baton knows. Ask whoever runs it.",
        Kind::Busy => "can't just now. Wait a little; another mail program may hold too many connections.",
        Kind::FolderMissing => "lacks a folder.",
        Kind::Disconnected => "closed the connection.",
        Kind::Protocol => "said something that is not mail. Check the port.",
        Kind::Rejected => "refused.",
        Kind::DiskFull => "could not be read: there is no room on this machine's disk.",
    };
    let said = problem
        .said
        .as_deref()
        .map(|said| format!(" It said: {said}"))
        .unwrap_or_default();
    format!("{server} {words}{said}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::account::Security;

    fn of_sign_in(host: &str, reply: &str) -> MailProblemKind {
        let error = ConnectError::WrongPassword {
            host: host.to_owned(),
            user: "sales".to_owned(),
            reply: reply.to_owned(),
        };
        problem(&error, &Endpoint::new(host, 993, Security::Tls)).kind
    }

    #[test]
    fn a_setting_at_the_provider_is_not_called_a_wrong_password() {
        use MailProblemKind as Kind;
        for (host, reply, kind) in [
            (
                "mail.murmel.example",
                "[AUTHENTICATIONFAILED] Authentication failed.",
                Kind::WrongPassword,
            ),
            (
                "imap.gmail.com",
                "[AUTHENTICATIONFAILED] Invalid credentials (Failure)",
                Kind::AppPasswordNeeded,
            ),
            (
                "imap.gmail.com",
                "[ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page and enable your account for IMAP access. (Failure)",
                Kind::ImapDisabled,
            ),
            (
                "smtp.gmail.com",
                "5.7.9 Application-specific password required. For more information, go to ...InvalidSecondFactor",
                Kind::AppPasswordNeeded,
            ),
            ("outlook.office365.com", "LOGIN failed.", Kind::PasswordsOff),
            (
                "outlook.office365.com",
                "User is authenticated but not connected.",
                Kind::ImapDisabled,
            ),
            (
                "smtp.office365.com",
                "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.",
                Kind::SmtpDisabled,
            ),
            (
                "smtp.office365.com",
                "5.7.139 Authentication unsuccessful, basic authentication is disabled.",
                Kind::PasswordsOff,
            ),
            (
                "imap.zoho.com",
                "[ALERT] You are yet to enable IMAP for your account. IMAP access disabled",
                Kind::ImapDisabled,
            ),
            ("office365.com.murmel.example", "LOGIN failed.", Kind::WrongPassword),
        ] {
            assert_eq!(of_sign_in(host, reply), kind, "{reply}");
        }
    }

    #[test]
    fn a_server_that_offers_only_tokens_takes_no_passwords() {
        let error = |offered: &str| ConnectError::NoLoginOffered {
            host: "h".to_owned(),
            offered: offered.to_owned(),
        };
        let server = Endpoint::new("h", 587, Security::StartTls);
        assert_eq!(
            problem(&error("AUTH XOAUTH2"), &server).kind,
            MailProblemKind::PasswordsOff
        );
        assert_eq!(
            problem(&error("AUTH CRAM-MD5"), &server).kind,
            MailProblemKind::NoLoginOffered
        );
    }

    #[test]
    fn a_certificate_problem_says_which_and_in_the_verifiers_words() {
        let error = ConnectError::Certificate {
            host: "h".to_owned(),
            problem: CertificateProblem::WrongName,
            detail: "valid only for mail.murmel.example".to_owned(),
        };
        let told = problem(&error, &Endpoint::new("h", 993, Security::Tls));
        assert_eq!(told.kind, MailProblemKind::CertificateWrongName);
        assert_eq!(
            in_words(&told),
            "h:993 shows a certificate for another name. Use the name it is made for. It said: valid only for mail.murmel.example"
        );
    }
}
