//! Remote images that a person asked to see. The window never loads them: they are fetched here, without cookies, from public
//! addresses only, and not more than a mail can sensibly show.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use url::Url;

const MOST_IMAGES: usize = 40;
const MOST_BYTES: usize = 3 * 1024 * 1024;
const AT_ONCE: usize = 4;
const PATIENCE: Duration = Duration::from_secs(8);

/// Fetches what can be fetched; what can't stays blocked.
pub(crate) async fn fetch_images(addresses: Vec<String>) -> HashMap<String, Vec<u8>> {
    stream::iter(addresses.into_iter().take(MOST_IMAGES))
        .map(|address| async move {
            let fetched = tokio::time::timeout(PATIENCE, fetch(&address)).await.ok().flatten();
            fetched.map(|bytes| (address, bytes))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await
}

async fn fetch(address: &str) -> Option<Vec<u8>> {
    let url = Url::parse(address).ok()?;
    if !matches!(url.scheme(), "https" | "http") {
        return None;
    }
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default()?;
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), port)).await.ok()?.collect();
    // A mail must not reach into the network its reader sits in. The address that was checked is the one that is used.
    let at = *found.first()?;
    if !found.iter().all(|at| is_public(at.ip())) {
        return None;
    }
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .resolve(&host, at)
        .build()
        .ok()?;
    let response = client.get(url).send().await.ok()?.error_for_status().ok()?;
    let mut bytes = Vec::new();
    let mut body = response.bytes_stream();
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk.ok()?);
        if bytes.len() > MOST_BYTES {
            return None;
        }
    }
    infer::is_image(&bytes).then_some(bytes)
}

fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let special = ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || ip.is_documentation();
            !(shared || special || a == 0 || a >= 240)
        }
        IpAddr::V6(ip) => {
            !(ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unique_local()
                || ip.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_asked() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "0.0.0.0",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        assert!(is_public("1.1.1.1".parse().unwrap()));
        assert!(is_public("2606:4700::1111".parse().unwrap()));
    }

    #[tokio::test]
    async fn an_image_inside_our_own_network_is_not_fetched() {
        assert!(
            fetch_images(vec![
                "http://127.0.0.1:9/p.gif".to_owned(),
                "file:///etc/passwd".to_owned()
            ])
            .await
            .is_empty()
        );
    }
}
