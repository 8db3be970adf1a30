//! The page in which a domain, or Mozilla's directory, describes its mail servers (`config-v1.1.xml`).
//!
//! Read leniently: what is not known is passed over, and a page that is something else gives nothing. Servers without encryption,
//! and other ways of reading than IMAP, are left out.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::providers::{START, TLS};
use super::{Discovered, FoundBy, Parts, SignInHint};
use crate::email::account::Endpoint;

/// Servers of one kind that are looked at.
const SERVERS: usize = 16;

/// A server as the page describes it.
#[derive(Debug, Default)]
struct Server {
    kind: String,
    host: String,
    port: String,
    socket: String,
    user: String,
    ways: Vec<String>,
}

#[derive(Debug, Default)]
struct Page {
    name: String,
    incoming: Vec<Server>,
    outgoing: Vec<Server>,
    help: Option<String>,
    enable: Option<String>,
}

/// What a page says of an address's servers: the first that is read by IMAP with the first that takes mail, both encrypted.
#[must_use]
pub fn parse(address: &str, xml: &str, found_by: FoundBy) -> Option<Discovered> {
    let parts = Parts::of(address)?;
    let page = read(xml)?;
    let imap = page.incoming.iter().filter(|server| server.kind == "imap");
    let (imap, from) = imap
        .filter_map(|server| Some((endpoint(server, &parts)?, server)))
        .next()?;
    let smtp = page.outgoing.iter().filter(|server| server.kind == "smtp");
    let smtp = smtp.filter_map(|server| endpoint(server, &parts)).next()?;
    let user = filled(&from.user, &parts);
    let name = filled(&page.name, &parts);
    let passwords = from.ways.is_empty() || from.ways.iter().any(|way| way.starts_with("password"));
    let sign_in = if !passwords && from.ways.iter().any(|way| way == "oauth2") {
        SignInHint::OAuth
    } else if page.enable.is_some() {
        SignInHint::EnableImap
    } else {
        SignInHint::Password
    };
    Some(Discovered {
        provider: (!name.is_empty()).then_some(name),
        imap,
        smtp,
        user: if user.is_empty() { parts.address() } else { user },
        sign_in,
        help_url: page.enable.or(page.help).filter(|url| url.starts_with("https://")),
        provider_files_sent: false,
        found_by,
        elsewhere: false,
    })
}

fn endpoint(server: &Server, parts: &Parts<'_>) -> Option<Endpoint> {
    let security = match server.socket.to_ascii_uppercase().as_str() {
        "SSL" | "TLS" => TLS,
        "STARTTLS" => START,
        _ => return None,
    };
    let host = filled(&server.host, parts).to_ascii_lowercase();
    let sound = !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'));
    let port = server.port.parse().ok().filter(|port| *port != 0)?;
    sound.then(|| Endpoint::new(host, port, security))
}

fn filled(text: &str, parts: &Parts<'_>) -> String {
    text.replace("%EMAILADDRESS%", &parts.address())
        .replace("%EMAILLOCALPART%", parts.local)
        .replace("%EMAILDOMAIN%", &parts.domain)
}

fn read(xml: &str) -> Option<Page> {
    let mut reader = Reader::from_str(xml);
    let mut page = Page::default();
    let mut path: Vec<String> = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                path.push(name_of(&start));
                text.clear();
                opened(&mut page, &path, &start);
            }
            Event::Empty(start) => {
                path.push(name_of(&start));
                opened(&mut page, &path, &start);
                path.pop();
            }
            Event::Text(words) => text.push_str(&words.xml10_content()),
            Event::CData(words) => text.push_str(&words.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(c)) => text.push(c),
                _ => text.push_str(resolve_predefined_entity(&reference).unwrap_or_default()),
            },
            Event::End(_) => {
                closed(&mut page, &path, text.trim());
                text.clear();
                path.pop();
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    Some(page)
}

fn name_of(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_owned()
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.try_get_attribute(name).ok().flatten()?;
    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}

fn opened(page: &mut Page, path: &[String], start: &BytesStart<'_>) {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let ["clientConfig", "emailProvider", name] = names.as_slice() else {
        return;
    };
    let server = || Server {
        kind: attribute(start, "type").unwrap_or_default().to_ascii_lowercase(),
        ..Server::default()
    };
    match *name {
        "incomingServer" if page.incoming.len() < SERVERS => page.incoming.push(server()),
        "outgoingServer" if page.outgoing.len() < SERVERS => page.outgoing.push(server()),
        "documentation" if page.help.is_none() => page.help = attribute(start, "url"),
        "enable" if page.enable.is_none() => page.enable = attribute(start, "visiturl"),
        _ => {}
    }
}

fn closed(page: &mut Page, path: &[String], text: &str) {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let (server, field) = match names.as_slice() {
        ["clientConfig", "emailProvider", "displayName"] => {
            text.clone_into(&mut page.name);
            return;
        }
        ["clientConfig", "emailProvider", "incomingServer", field] => (page.incoming.last_mut(), *field),
        ["clientConfig", "emailProvider", "outgoingServer", field] => (page.outgoing.last_mut(), *field),
        _ => return,
    };
    let Some(server) = server else { return };
    match field {
        "hostname" => text.clone_into(&mut server.host),
        "port" => text.clone_into(&mut server.port),
        "socketType" => text.clone_into(&mut server.socket),
        "username" => text.clone_into(&mut server.user),
        "authentication" => server.ways.push(text.to_ascii_lowercase()),
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::email::account::Security;

    fn page(incoming: &str, outgoing: &str, rest: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><clientConfig version=\"1.1\"><emailProvider id=\"murmel.example\">\
             <domain>murmel.example</domain><displayName>Murmel &amp; S&#246;hne</displayName>{incoming}{outgoing}{rest}\
             </emailProvider></clientConfig>"
        )
    }

    const POP: &str = "<incomingServer type=\"pop3\"><hostname>pop.%EMAILDOMAIN%</hostname><port>995</port>\
        <socketType>SSL</socketType></incomingServer>";
    const IMAP: &str = "<incomingServer type=\"imap\"><hostname>IMAP.%EMAILDOMAIN%</hostname><port> 993 </port>\
        <socketType>SSL</socketType><username>%EMAILLOCALPART%</username><authentication>password-cleartext</authentication></incomingServer>";
    const SMTP: &str = "<outgoingServer type=\"smtp\"><hostname>smtp.murmel.example</hostname><port>587</port>\
        <socketType>STARTTLS</socketType></outgoingServer>";

    #[test]
    fn the_first_imap_server_and_the_first_smtp_server_are_proposed() {
        let found = parse(
            "sales@Murmel.example",
            &page(&[POP, IMAP].concat(), SMTP, ""),
            FoundBy::Autoconfig,
        )
        .unwrap();
        assert_eq!(found.provider.as_deref(), Some("Murmel & Söhne"));
        assert_eq!(found.imap, Endpoint::new("imap.murmel.example", 993, Security::Tls));
        assert_eq!(
            found.smtp,
            Endpoint::new("smtp.murmel.example", 587, Security::StartTls)
        );
        assert_eq!((found.user.as_str(), found.sign_in), ("sales", SignInHint::Password));
    }

    #[test]
    fn a_server_without_encryption_is_passed_over() {
        let open = IMAP.replace("SSL", "plain");
        assert_eq!(
            parse("sales@murmel.example", &page(&open, SMTP, ""), FoundBy::Autoconfig),
            None
        );
        let both = parse(
            "sales@murmel.example",
            &page(&[open.as_str(), IMAP].concat(), SMTP, ""),
            FoundBy::Autoconfig,
        );
        assert_eq!(both.unwrap().imap.security, Security::Tls);
    }

    #[test]
    fn how_it_is_signed_in_to_is_read_too() {
        let tokens = IMAP.replace("password-cleartext", "OAuth2");
        let found = parse("sales@murmel.example", &page(&tokens, SMTP, ""), FoundBy::Directory).unwrap();
        assert_eq!(found.sign_in, SignInHint::OAuth);
        let enable =
            "<enable visiturl=\"https://murmel.example/imap\"><instruction>Switch it on</instruction></enable>";
        let found = parse("sales@murmel.example", &page(IMAP, SMTP, enable), FoundBy::Directory).unwrap();
        assert_eq!(
            (found.sign_in, found.help_url.as_deref()),
            (SignInHint::EnableImap, Some("https://murmel.example/imap"))
        );
    }

    #[test]
    fn a_page_that_is_something_else_gives_nothing() {
        for page in [
            "",
            "<html><body>Welcome<br></body></html>",
            "{}",
            "<clientConfig>",
            "<a><b></a></b>",
        ] {
            assert_eq!(parse("sales@murmel.example", page, FoundBy::Autoconfig), None, "{page}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_page_breaks_the_reader(cuts in proptest::collection::vec((0usize..900, proptest::prelude::any::<char>()), 0..12)) {
            let mut text: Vec<char> = page(&[POP, IMAP].concat(), SMTP, "").chars().collect();
            for (at, c) in cuts {
                let at = at % text.len();
                if let Some(place) = text.get_mut(at) {
                    *place = c;
                }
            }
            let text: String = text.into_iter().collect();
            if let Some(found) = parse("sales@murmel.example", &text, FoundBy::Autoconfig) {
                proptest::prop_assert!(found.imap.security != Security::Plain && found.smtp.security != Security::Plain);
            }
        }
    }
}
