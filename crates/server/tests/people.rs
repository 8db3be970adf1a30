//! Signing in, inviting, leaving, over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use baton_domain::DeviceId;
use baton_protocol::{ApiError, ErrorCode, Invitation, Join, SessionInfo, SignIn, SignedIn};
use reqwest::StatusCode;
use support::{PASSWORD, Team, http};
use uuid::Uuid;

fn who(email: &str, password: &str) -> SignIn {
    SignIn {
        email: email.to_owned(),
        password: password.to_owned(),
        device: DeviceId(Uuid::new_v4()),
        device_name: "Anna's laptop".to_owned(),
    }
}

async fn sign_in(team: &Team, who: &SignIn) -> Result<SignedIn, (StatusCode, ApiError)> {
    let response = http().post(team.url("/v1/sign-in")).json(who).send().await.unwrap();
    let status = response.status();
    if status.is_success() {
        Ok(response.json().await.unwrap())
    } else {
        Err((status, response.json().await.unwrap()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_password_signs_in_and_a_wrong_one_says_no_more_than_an_unknown_address() {
    let team = Team::start().await;
    let anna = sign_in(&team, &who("Anna@murmel.example", PASSWORD)).await.unwrap();
    assert_eq!(anna.member.id, team.anna);
    let me = http()
        .get(team.url("/v1/me"))
        .bearer_auth(&anna.token)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(me.contains("Anna") && me.contains("Sales"), "{me}");
    let wrong = sign_in(&team, &who("anna@murmel.example", "battery staple"))
        .await
        .unwrap_err();
    let unknown = sign_in(&team, &who("nobody@murmel.example", "battery staple"))
        .await
        .unwrap_err();
    assert_eq!(wrong.0, StatusCode::UNAUTHORIZED);
    assert_eq!((wrong.0, &wrong.1), (unknown.0, &unknown.1));
    assert_eq!(wrong.1.code, ErrorCode::WrongPassword);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_is_stopped_and_others_sign_in_meanwhile() {
    let team = Team::start().await;
    let mut answers = Vec::new();
    for _ in 0..9 {
        answers.push(
            sign_in(&team, &who("anna@murmel.example", "a guess"))
                .await
                .unwrap_err()
                .0,
        );
    }
    assert_eq!(
        answers
            .iter()
            .filter(|status| **status == StatusCode::UNAUTHORIZED)
            .count(),
        8
    );
    assert_eq!(answers.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
    // Also with the right password: whoever guesses learns nothing from the ninth answer.
    let (status, error) = sign_in(&team, &who("anna@murmel.example", PASSWORD)).await.unwrap_err();
    assert_eq!(
        (status, error.code),
        (StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyAttempts)
    );
    sign_in(&team, &who("ben@murmel.example", PASSWORD)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_good_once() {
    let team = Team::start().await;
    let mira = team.token(team.mira).await;
    let invite = serde_json::json!({ "email": "dora@murmel.example", "name": "Dora", "role": "rep" });
    let post = |token: String| {
        http()
            .post(team.url("/v1/invitations"))
            .bearer_auth(token)
            .json(&invite)
            .send()
    };
    let refused = post(team.token(team.anna).await).await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let invitation: Invitation = post(mira).await.unwrap().json().await.unwrap();
    let join = Join {
        code: invitation.code.to_lowercase(),
        password: PASSWORD.to_owned(),
        device: DeviceId(Uuid::new_v4()),
        device_name: "Dora's laptop".to_owned(),
    };
    let join = || http().post(team.url("/v1/join")).json(&join).send();
    let dora: SignedIn = join().await.unwrap().json().await.unwrap();
    assert_eq!(dora.member.name, "Dora");
    let list = http()
        .get(team.url("/v1/conversations"))
        .bearer_auth(&dora.token)
        .send()
        .await
        .unwrap();
    assert_eq!(list.status(), StatusCode::OK);
    let again = join().await.unwrap();
    assert_eq!(again.status(), StatusCode::GONE);
    sign_in(&team, &who("dora@murmel.example", PASSWORD)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_at_once_when_it_is_revoked_or_its_member_removed() {
    let team = Team::start().await;
    let (laptop, desk) = (team.token(team.anna).await, team.token(team.anna).await);
    let listed = http()
        .get(team.url("/v1/sessions"))
        .bearer_auth(&laptop)
        .send()
        .await
        .unwrap();
    let listed: Vec<SessionInfo> = listed.json().await.unwrap();
    assert_eq!(listed.len(), 2);
    let other = listed.iter().find(|session| !session.current).unwrap().id;
    let ended = http()
        .delete(team.url(&format!("/v1/sessions/{other}")))
        .bearer_auth(&laptop)
        .send()
        .await
        .unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    let me = |token: &str| http().get(team.url("/v1/me")).bearer_auth(token).send();
    assert_eq!(me(&desk).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(me(&laptop).await.unwrap().status(), StatusCode::OK);
    team.server.core().remove_member(team.anna).await.unwrap();
    assert_eq!(me(&laptop).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let (status, _) = sign_in(&team, &who("anna@murmel.example", PASSWORD)).await.unwrap_err();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_but_health_and_signing_in_is_open_to_strangers() {
    let team = Team::start().await;
    let openapi: serde_json::Value = http()
        .get(team.url("/openapi.json"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let open = ["/v1/sign-in", "/v1/join", "/v1/live", "/v1/ready"];
    let mut checked = 0;
    for (path, methods) in openapi["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            if open.contains(&path.as_str()) {
                continue;
            }
            let url = team
                .url(
                    &path
                        .replace("{sha256}", &"0".repeat(64))
                        .replace("{id}", &Uuid::nil().to_string()),
                )
                .replace("{conversation}", &Uuid::nil().to_string());
            let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let response = http()
                .request(method.clone(), url)
                .json(&serde_json::json!({}))
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            checked += 1;
        }
    }
    assert!(checked >= 20, "{checked}");
    assert_eq!(
        http().get(team.url("/v1/live")).send().await.unwrap().status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        http().get(team.url("/v1/ready")).send().await.unwrap().status(),
        StatusCode::NO_CONTENT
    );
}
