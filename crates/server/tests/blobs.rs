//! Blobs over HTTP, and the description of the interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use baton_domain::BlobId;
use baton_protocol::{ApiError, ErrorCode};
use reqwest::StatusCode;
use support::{Team, http};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_not_what_their_name_says_are_refused() {
    let team = Team::start().await;
    let token = team.token(team.anna).await;
    let name = BlobId::of(b"an offer");
    let url = team.url(&format!("/v1/blobs/{name}"));
    let wrong = http()
        .put(&url)
        .bearer_auth(&token)
        .body("another offer")
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.json::<ApiError>().await.unwrap().code, ErrorCode::DigestMismatch);
    assert_eq!(
        http().head(&url).bearer_auth(&token).send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
    let kept = http()
        .put(&url)
        .bearer_auth(&token)
        .body("an offer")
        .send()
        .await
        .unwrap();
    assert_eq!(kept.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        http().head(&url).bearer_auth(&token).send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_read_by_those_who_read_its_inbox_and_is_no_page() {
    let team = Team::start().await;
    let raw = team.carl_writes("A pod").await;
    let url = team.url(&format!("/v1/blobs/{}", BlobId::of(&raw)));
    let read = http()
        .get(&url)
        .bearer_auth(team.token(team.ben).await)
        .send()
        .await
        .unwrap();
    assert_eq!(read.status(), StatusCode::OK);
    let header = |name: &str| read.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("sandbox"));
    assert_eq!(read.bytes().await.unwrap(), raw);
    // What Anna brought is hers until something names it: knowing its name gives Ben nothing.
    let offer = BlobId::of(b"an offer");
    let url = team.url(&format!("/v1/blobs/{offer}"));
    http()
        .put(&url)
        .bearer_auth(team.token(team.anna).await)
        .body("an offer")
        .send()
        .await
        .unwrap();
    let stranger = http()
        .get(&url)
        .bearer_auth(team.token(team.ben).await)
        .send()
        .await
        .unwrap();
    assert_eq!(stranger.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_is_refused_in_our_form() {
    let team = Team::start().await;
    let token = team.token(team.anna).await;
    let much = "x".repeat(5 << 20);
    let body = serde_json::json!({ "email": much, "name": "x", "role": "rep" });
    let refused = http()
        .post(team.url("/v1/invitations"))
        .bearer_auth(&token)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(refused.json::<ApiError>().await.unwrap().code, ErrorCode::TooLarge);
    let nonsense = http()
        .post(team.url("/v1/commands"))
        .bearer_auth(&token)
        .body("{")
        .header("content-type", "application/json");
    let nonsense = nonsense.send().await.unwrap();
    assert_eq!(nonsense.json::<ApiError>().await.unwrap().code, ErrorCode::BadRequest);
    let nowhere = http().get(team.url("/v1/nowhere")).send().await.unwrap();
    assert_eq!(nowhere.json::<ApiError>().await.unwrap().code, ErrorCode::NotFound);
}

#[test]
fn the_interface_is_described_and_its_routes_are_pinned() {
    let openapi = serde_json::to_value(baton_server::http::openapi()).unwrap();
    let mut routes: Vec<String> = Vec::new();
    for (path, methods) in openapi["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses: Vec<_> = operation["responses"].as_object().unwrap().keys().cloned().collect();
            routes.push(format!("{} {path} -> {}", method.to_uppercase(), responses.join(" ")));
            assert!(operation["summary"].is_string(), "{method} {path} says nothing");
        }
    }
    routes.sort();
    insta::assert_snapshot!(routes.join("\n"));
    // Everything that is referred to is there.
    let text = openapi.to_string();
    for name in text
        .split("#/components/schemas/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(openapi["components"]["schemas"][name].is_object(), "{name}");
    }
}
