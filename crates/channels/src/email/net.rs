//! Sockets: finding a server, connecting, and proving that it is who it says.
//!
//! Trust is the operating system's, so that a company's own authority counts where its machines trust it; an account may bring more.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::account::{CertificateProblem, ConnectError, Endpoint, Security};

/// For one address of a host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// For the whole TLS handshake.
const TLS_TIMEOUT: Duration = Duration::from_secs(20);

/// Anything mail can travel over.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send + Sync + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync + std::fmt::Debug> Io for T {}

/// A connection of any kind.
pub type Stream = Box<dyn Io>;

/// A connection just made.
#[derive(Debug)]
pub struct Connected {
    /// The connection; protected already where the endpoint says [`Security::Tls`].
    pub stream: Stream,
    /// Our own end's address.
    pub local: IpAddr,
}

/// The addresses of a host.
///
/// # Errors
/// [`ConnectError::NameNotFound`], [`ConnectError::TimedOut`].
pub async fn resolve(endpoint: &Endpoint) -> Result<Vec<std::net::SocketAddr>, ConnectError> {
    let host = endpoint.host.trim_matches(['[', ']']).to_owned();
    let lookup = timeout(CONNECT_TIMEOUT, tokio::net::lookup_host((host.as_str(), endpoint.port)));
    let found = lookup.await.map_err(|_| timed_out(endpoint))?;
    let addresses: Vec<_> = found
        .map_err(|_| ConnectError::NameNotFound { host: host.clone() })?
        .collect();
    if addresses.is_empty() {
        Err(ConnectError::NameNotFound { host })
    } else {
        Ok(addresses)
    }
}

/// A TCP connection to the first address that answers.
///
/// # Errors
/// The reason of the last address.
pub async fn connect_tcp(endpoint: &Endpoint) -> Result<TcpStream, ConnectError> {
    if endpoint.security == Security::Plain && !endpoint.is_loopback() {
        return Err(ConnectError::PlainNotAllowed {
            host: endpoint.host.clone(),
        });
    }
    let mut last = timed_out(endpoint);
    for address in resolve(endpoint).await? {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Commands are small and wait for answers; Nagle would add a round trip to each.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = refused(endpoint, &error),
            Err(_) => last = timed_out(endpoint),
        }
    }
    Err(last)
}

/// A connection just made, protected as the endpoint wants it; for [`Security::StartTls`] still without TLS.
///
/// # Errors
/// Whatever stands in the way, as [`ConnectError`].
pub async fn protect(tcp: TcpStream, endpoint: &Endpoint, extra_ca: Option<&str>) -> Result<Connected, ConnectError> {
    let local = tcp
        .local_addr()
        .map_or(IpAddr::from([127, 0, 0, 1]), |address| address.ip());
    let stream: Stream = match endpoint.security {
        Security::Tls => secure(Box::new(tcp), endpoint, extra_ca).await?,
        Security::StartTls | Security::Plain => Box::new(tcp),
    };
    Ok(Connected { stream, local })
}

/// TLS over a connection.
///
/// # Errors
/// [`ConnectError::Certificate`], [`ConnectError::NoTlsOffered`] and the like.
pub async fn secure(stream: Stream, endpoint: &Endpoint, extra_ca: Option<&str>) -> Result<Stream, ConnectError> {
    let connector = TlsConnector::from(client_config(extra_ca)?);
    let host = endpoint.host.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host.clone()).map_err(|_| ConnectError::NameNotFound { host })?;
    match timeout(TLS_TIMEOUT, connector.connect(name, stream)).await {
        Ok(Ok(secured)) => Ok(Box::new(secured)),
        Ok(Err(error)) => Err(tls_failed(endpoint, &error)),
        Err(_) => Err(timed_out(endpoint)),
    }
}

fn client_config(extra_ca: Option<&str>) -> Result<Arc<ClientConfig>, ConnectError> {
    static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let (None, Some(config)) = (extra_ca, SYSTEM.get()) {
        return Ok(Arc::clone(config));
    }
    let bad = |detail: String| ConnectError::BadExtraCa { detail };
    let mut extra = Vec::new();
    if let Some(pem) = extra_ca {
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            extra.push(certificate.map_err(|error| bad(error.to_string()))?);
        }
        if extra.is_empty() {
            return Err(bad("there is no certificate in it".to_owned()));
        }
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier =
        Verifier::new_with_extra_roots(extra, Arc::clone(&provider)).map_err(|error| bad(error.to_string()))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let config = Arc::new(config);
    if extra_ca.is_none() {
        let _ = SYSTEM.set(Arc::clone(&config));
    }
    Ok(config)
}

pub(super) fn timed_out(endpoint: &Endpoint) -> ConnectError {
    ConnectError::TimedOut {
        host: endpoint.host.clone(),
    }
}

fn refused(endpoint: &Endpoint, error: &io::Error) -> ConnectError {
    let host = endpoint.host.clone();
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::Refused {
            host,
            port: endpoint.port,
        },
        io::ErrorKind::TimedOut => ConnectError::TimedOut { host },
        _ => ConnectError::Unreachable {
            host,
            detail: error.to_string(),
        },
    }
}

/// An error of a connection that was already open.
pub(super) fn broken(endpoint: &Endpoint, error: &io::Error) -> ConnectError {
    let host = endpoint.host.clone();
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted => ConnectError::Closed { host },
        io::ErrorKind::TimedOut => ConnectError::TimedOut { host },
        io::ErrorKind::InvalidData | io::ErrorKind::Other => ConnectError::Protocol {
            host,
            detail: short(&error.to_string()),
        },
        _ => ConnectError::Unreachable {
            host,
            detail: error.to_string(),
        },
    }
}

fn tls_failed(endpoint: &Endpoint, error: &io::Error) -> ConnectError {
    use rustls::{CertificateError, Error};
    let (host, port) = (endpoint.host.clone(), endpoint.port);
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return broken(endpoint, error);
    };
    match tls {
        Error::InvalidCertificate(problem) => {
            let detail = problem.to_string();
            let problem = match problem {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateProblem::Expired,
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    CertificateProblem::NotYetValid
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    CertificateProblem::WrongName
                }
                CertificateError::UnknownIssuer => CertificateProblem::UnknownIssuer,
                CertificateError::Revoked => CertificateProblem::Revoked,
                _ => CertificateProblem::Other,
            };
            ConnectError::Certificate { host, problem, detail }
        }
        // The first byte of a server that greets in the open isn't a TLS record.
        Error::InvalidMessage(_) => ConnectError::NoTlsOffered { host, port },
        other => ConnectError::Protocol {
            host,
            detail: other.to_string(),
        },
    }
}

/// Server text of a length that fits a sentence.
pub(crate) fn short(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect();
    clean.trim().to_owned()
}

/// A line up to its `\n`, read byte by byte so that nothing behind it is taken: what follows may already be TLS.
pub(super) async fn read_line(stream: &mut Stream, limit: usize) -> io::Result<String> {
    let mut line = Vec::with_capacity(128);
    loop {
        let byte = stream.read_u8().await?;
        if byte == b'\n' {
            return Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned());
        }
        line.push(byte);
        if line.len() > limit {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the line has no end"));
        }
    }
}
