//! What a handler gets from a request: who asks, from where, and a body whose faults are told in our form.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::Problem;
use crate::auth::Caller;
use crate::core::Core;

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<Core>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, core: &Arc<Core>) -> Result<Self, Problem> {
        let Json(body) = Json::<T>::from_request(request, core).await?;
        Ok(Self(body))
    }
}

impl FromRequestParts<Arc<Core>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self, Problem> {
        let token = bearer(parts).ok_or_else(Problem::signed_out)?;
        Ok(core.auth.caller(token, core.now()).await?)
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
        .filter(|token| !token.is_empty())
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

impl FromRequestParts<Arc<Core>> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self, Infallible> {
        let direct = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        let direct = direct.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let forwarded = parts
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok());
        Ok(Self(believed(direct, forwarded, core.trust_proxy)))
    }
}

/// The address to believe: with `proxies` of ours before the server, the last but so many of the forwarded ones. What stands
/// further to the left was written by the client.
fn believed<'a>(direct: IpAddr, forwarded: impl Iterator<Item = &'a str>, proxies: u8) -> IpAddr {
    let Some(back) = usize::from(proxies).checked_sub(1) else {
        return direct;
    };
    let hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).map(str::trim).collect();
    let hop = hops.iter().rev().nth(back).copied();
    hop.and_then(|hop| hop.parse().ok()).unwrap_or(direct)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(forwarded: &[&str], proxies: u8, gives: [u8; 4]) {
        let direct = IpAddr::from([10, 0, 0, 1]);
        assert_eq!(
            believed(direct, forwarded.iter().copied(), proxies),
            IpAddr::from(gives)
        );
    }

    #[test]
    fn without_a_proxy_nothing_forwarded_is_believed() {
        check(&["192.0.2.7"], 0, [10, 0, 0, 1]);
    }

    #[test]
    fn behind_one_proxy_the_last_address_counts_and_a_made_up_one_does_not() {
        check(&["198.51.100.9, 192.0.2.7"], 1, [192, 0, 2, 7]);
        check(&["198.51.100.9", "192.0.2.7"], 1, [192, 0, 2, 7]);
    }

    #[test]
    fn behind_two_proxies_the_last_but_one_counts() {
        check(&["192.0.2.7, 10.0.0.2"], 2, [192, 0, 2, 7]);
        check(&["192.0.2.7"], 2, [10, 0, 0, 1]);
    }
}
