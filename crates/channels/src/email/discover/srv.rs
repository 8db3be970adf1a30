//! SRV records of a domain (RFC 6186, and RFC 8314 for submission over TLS), as a proposal.

use super::providers::{START, TLS};
use super::{Discovered, FoundBy, Parts, SignInHint};
use crate::email::account::Endpoint;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SrvRecord {
    /// Lower is asked first.
    pub priority: u16,
    /// Among equals, higher is asked more often.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host; `.` or nothing says that there is no such service.
    pub target: String,
}

/// What a domain answered for each service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SrvAnswers {
    /// `_imaps._tcp`: TLS from the first byte.
    pub imaps: Vec<SrvRecord>,
    /// `_imap._tcp`: STARTTLS.
    pub imap: Vec<SrvRecord>,
    /// `_submissions._tcp`: TLS from the first byte.
    pub submissions: Vec<SrvRecord>,
    /// `_submission._tcp`: STARTTLS.
    pub submission: Vec<SrvRecord>,
}

/// The proposal of a domain's records; none unless it says both where mail is read and where it is handed in.
#[must_use]
pub fn of_srv(address: &str, answers: &SrvAnswers) -> Option<Discovered> {
    let parts = Parts::of(address)?;
    let imap = best(&answers.imaps)
        .map(|found| (found, TLS))
        .or_else(|| best(&answers.imap).map(|found| (found, START)))?;
    let smtp = best(&answers.submissions)
        .map(|found| (found, TLS))
        .or_else(|| best(&answers.submission).map(|found| (found, START)))?;
    let server = |(record, security): (&SrvRecord, _)| Endpoint::new(host(record), record.port, security);
    let (imap, smtp) = (server(imap), server(smtp));
    let own = |server: &Endpoint| server.host == parts.domain || server.host.ends_with(&format!(".{}", parts.domain));
    Some(Discovered {
        provider: None,
        elsewhere: !own(&imap) || !own(&smtp),
        imap,
        smtp,
        user: parts.address(),
        sign_in: SignInHint::Password,
        help_url: None,
        provider_files_sent: false,
        found_by: FoundBy::Srv,
    })
}

fn host(record: &SrvRecord) -> String {
    record.target.trim_end_matches('.').to_ascii_lowercase()
}

/// One is proposed, so the one most often asked.
fn best(records: &[SrvRecord]) -> Option<&SrvRecord> {
    records
        .iter()
        .filter(|record| record.port != 0 && !host(record).is_empty())
        .min_by_key(|record| (record.priority, u16::MAX - record.weight))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::email::account::Security;

    fn record(priority: u16, weight: u16, port: u16, target: &str) -> SrvRecord {
        SrvRecord {
            priority,
            weight,
            port,
            target: target.to_owned(),
        }
    }

    #[test]
    fn the_first_by_priority_and_weight_is_taken_and_tls_goes_before_starttls() {
        let answers = SrvAnswers {
            imaps: vec![
                record(20, 1, 993, "backup.murmel.example."),
                record(10, 1, 993, "small.murmel.example."),
                record(10, 5, 1993, "Mail.murmel.example."),
            ],
            imap: vec![record(0, 1, 143, "old.murmel.example.")],
            submissions: Vec::new(),
            submission: vec![record(0, 1, 587, "mail.murmel.example.")],
        };
        let found = of_srv("sales@murmel.example", &answers).unwrap();
        assert_eq!(found.imap, Endpoint::new("mail.murmel.example", 1993, Security::Tls));
        assert_eq!(
            found.smtp,
            Endpoint::new("mail.murmel.example", 587, Security::StartTls)
        );
        assert!(!found.elsewhere);
    }

    #[test]
    fn a_dot_says_that_there_is_no_such_service() {
        let answers = SrvAnswers {
            imaps: vec![record(0, 0, 0, ".")],
            submission: vec![record(0, 1, 587, "mail.murmel.example.")],
            ..SrvAnswers::default()
        };
        assert_eq!(of_srv("sales@murmel.example", &answers), None);
    }

    #[test]
    fn a_server_in_another_domain_is_marked_for_a_person_to_look_at() {
        let answers = SrvAnswers {
            imaps: vec![record(0, 1, 993, "mail.notmurmel.example.")],
            submission: vec![record(0, 1, 587, "mail.murmel.example.")],
            ..SrvAnswers::default()
        };
        assert!(of_srv("sales@murmel.example", &answers).unwrap().elsewhere);
    }
}
