use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{MX, SRV};
use hickory_resolver::proto::rr::{Name, Record};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::*;

const ADDRESS: &str = "sales@murmel.example";

/// Pages by their address; all others hang for ever. It notes what was asked for.
#[derive(Default)]
struct Shelf {
    pages: BTreeMap<String, Option<String>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Pages for Shelf {
    async fn get(&self, url: &str) -> Option<String> {
        self.asked.lock().unwrap().push(url.to_owned());
        match self.pages.get(url) {
            Some(page) => page.clone(),
            None => std::future::pending().await,
        }
    }
}

fn page(host: &str) -> String {
    let server = |tag: &str, kind: &str, port: u16| {
        format!(
            "<{tag} type=\"{kind}\"><hostname>{host}</hostname><port>{port}</port><socketType>SSL</socketType></{tag}>"
        )
    };
    format!(
        "<clientConfig><emailProvider>{}{}</emailProvider></clientConfig>",
        server("incomingServer", "imap", 993),
        server("outgoingServer", "smtp", 465)
    )
}

/// A name server on this machine with these records, and names that ask it.
async fn name_server(records: Vec<(&'static str, RData)>) -> DnsNames {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut packet = [0u8; 1500];
        loop {
            let (length, from) = socket.recv_from(&mut packet).await.unwrap();
            let asked = Message::from_vec(&packet[..length]).unwrap();
            let query = asked.queries[0].clone();
            let mut answer = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
            answer.add_query(query.clone());
            for (name, data) in &records {
                if Name::from_utf8(name).unwrap() == *query.name() && data.record_type() == query.query_type() {
                    answer.add_answer(Record::from_rdata(query.name().clone(), 60, data.clone()));
                }
            }
            if answer.answers.is_empty() {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        }
    });
    let mut connection = ConnectionConfig::udp();
    connection.port = port;
    let server = NameServerConfig::new(IpAddr::V4(Ipv4Addr::LOCALHOST), true, vec![connection]);
    let config = ResolverConfig::from_name_servers(vec![server]);
    let resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build();
    DnsNames::of(resolver.unwrap())
}

fn srv(port: u16, target: &str) -> RData {
    RData::SRV(SRV::new(0, 1, port, Name::from_utf8(target).unwrap()))
}

fn mx(preference: u16, exchange: &str) -> RData {
    RData::MX(MX::new(preference, Name::from_utf8(exchange).unwrap()))
}

const A_MOMENT: Duration = Duration::from_millis(400);

#[tokio::test]
async fn service_records_are_read_from_a_name_server_though_every_page_hangs() {
    let names = name_server(vec![
        ("_imaps._tcp.murmel.example.", srv(993, "mail.murmel.example.")),
        ("_submission._tcp.murmel.example.", srv(587, "mail.murmel.example.")),
        ("murmel.example.", mx(10, "aspmx.l.google.com.")),
    ])
    .await;
    let shelf = Shelf::default();
    let begun = Instant::now();
    let found = search(ADDRESS, &shelf, &names, Directory::Leave, A_MOMENT).await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "it did not wait for the pages"
    );
    let by: Vec<_> = found
        .iter()
        .map(|found| (found.found_by, found.imap.host.as_str()))
        .collect();
    assert_eq!(
        by[..3],
        [
            (FoundBy::Srv, "mail.murmel.example"),
            (FoundBy::Mx, "imap.gmail.com"),
            (FoundBy::Guess, "imap.murmel.example"),
        ]
    );
    assert!(!found[0].elsewhere);
}

#[tokio::test]
async fn the_most_wanted_mail_host_names_the_provider() {
    let names = name_server(vec![
        ("murmel.example.", mx(20, "mx.zoho.eu.")),
        ("murmel.example.", mx(10, "murmel-example.mail.protection.outlook.com.")),
    ])
    .await;
    let found = search(ADDRESS, &Shelf::default(), &names, Directory::Leave, A_MOMENT).await;
    assert_eq!(found[0].provider.as_deref(), Some("Microsoft 365"));
}

#[tokio::test]
async fn the_domains_own_page_goes_first_and_the_directory_is_asked_only_where_a_person_agreed() {
    let own = "https://autoconfig.murmel.example/mail/config-v1.1.xml?emailaddress=sales%40murmel.example";
    let well_known = "https://murmel.example/.well-known/autoconfig/mail/config-v1.1.xml";
    let directory = "https://autoconfig.thunderbird.net/v1.1/murmel.example";
    let shelf = Shelf {
        pages: BTreeMap::from([
            (own.to_owned(), None),
            (well_known.to_owned(), Some(page("own.murmel.example"))),
            (directory.to_owned(), Some(page("listed.murmel.example"))),
        ]),
        ..Shelf::default()
    };
    let found = search(ADDRESS, &shelf, &(), Directory::Leave, PATIENCE).await;
    assert_eq!(
        (found[0].found_by, found[0].imap.host.as_str()),
        (FoundBy::Autoconfig, "own.murmel.example")
    );
    assert!(!shelf.asked.lock().unwrap().contains(&directory.to_owned()));
    let found = search(ADDRESS, &shelf, &(), Directory::Ask, PATIENCE).await;
    assert_eq!(
        (found[1].found_by, found[1].imap.host.as_str()),
        (FoundBy::Directory, "listed.murmel.example")
    );
}

#[tokio::test]
async fn nobody_is_asked_about_an_address_of_a_big_provider_or_about_nonsense() {
    let shelf = Shelf::default();
    assert_eq!(
        search("anna@gmail.com", &shelf, &(), Directory::Ask, PATIENCE)
            .await
            .len(),
        1
    );
    assert_eq!(search("anna", &shelf, &(), Directory::Ask, PATIENCE).await, []);
    assert!(shelf.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_page_is_never_read_in_the_open() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0u8; 1024];
        let _ = stream.read(&mut asked).await;
        let body = page("own.murmel.example");
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let _ = stream.write_all(answer.as_bytes()).await;
    });
    let web = Web::of_system().unwrap();
    assert_eq!(web.get(&format!("http://127.0.0.1:{port}/")).await, None);
    assert!(!server.is_finished(), "nobody connected");
    server.abort();
}
