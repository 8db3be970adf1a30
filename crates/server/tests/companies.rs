//! The companies the team deals with, through the interface that desktops use: kept by who leads, and leads go by them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use baton_domain::{ConversationId, Detail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Team, http};

async fn call(team: &Team, token: &str, method: Method, path: &str, body: Option<Value>) -> Value {
    let request = http().request(method, team.url(path)).bearer_auth(token);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

async fn put(team: &Team, token: &str, based_on: u32, companies: Value) -> Value {
    let body = json!({ "basedOn": based_on, "companies": { "companies": companies } });
    call(team, token, Method::PUT, "/v1/companies", Some(body)).await["answer"].clone()
}

fn acme(team: &Team) -> Value {
    json!([{ "name": "Example Corp", "domains": ["Example.com"], "owner": team.ben, "tier": "Gold" }])
}

/// Everything goes to Anna, in turn with nobody.
async fn put_rules(team: &Team, token: &str, based_on: u32) -> Value {
    let then = json!([{ "type": "distribute", "by": "roundRobin", "pool": [{ "member": team.anna }] }]);
    let rules = set(&then);
    let body = json!({ "basedOn": based_on, "rules": rules });
    call(team, token, Method::PUT, "/v1/rules", Some(body)).await["answer"].clone()
}

fn set(then: &Value) -> Value {
    json!({ "rules": [{
        "id": "0190a0f0-0000-7000-8000-000000000001",
        "name": "Enquiries",
        "when": { "type": "all", "of": [] },
        "then": then,
    }] })
}

async fn state(team: &Team, id: ConversationId) -> baton_domain::Conversation {
    team.server.core().store.conversation(id).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leads_keeps_the_list_and_everybody_reads_it() {
    let team = Team::start().await;
    let (anna, mira) = (team.token(team.anna).await, team.token(team.mira).await);
    let none = call(&team, &anna, Method::GET, "/v1/companies", None).await;
    assert_eq!(none, json!({ "version": 0, "companies": { "companies": [] } }));

    let refused = put(&team, &anna, 0, acme(&team)).await;
    assert_eq!(refused["refusal"]["type"], "notPermitted", "{refused}");
    let done = put(&team, &mira, 0, acme(&team)).await;
    assert_eq!(done["type"], "done", "{done}");
    let read = call(&team, &anna, Method::GET, "/v1/companies", None).await;
    assert_eq!(read["version"], 1);
    assert_eq!(read["companies"]["companies"][0]["domains"], json!(["example.com"]));

    let late = put(&team, &mira, 0, json!([])).await;
    assert_eq!(late["refusal"], json!({ "type": "versionConflict", "theirs": 1 }));
    let twice = put(
        &team,
        &mira,
        1,
        json!([
            { "name": "One", "domains": ["one.example"] },
            { "name": "Two", "domains": ["two.example", "one.example"] },
        ]),
    )
    .await;
    assert_eq!(
        twice["refusal"],
        json!({ "type": "invalid", "field": "companies.2.domains", "why": "taken" })
    );
    let open = put(&team, &mira, 1, json!([{ "name": "All", "domains": ["gmail.com"] }])).await;
    assert_eq!(
        open["refusal"],
        json!({ "type": "invalid", "field": "companies.1.domains", "why": "openToAll" })
    );
    let kept = call(&team, &anna, Method::GET, "/v1/companies", None).await;
    assert_eq!(kept, read, "what is refused changes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_goes_to_the_account_owner_and_rehearsal_and_drift_know_it() {
    let team = Team::start().await;
    let mira = team.token(team.mira).await;
    assert_eq!(put_rules(&team, &mira, 0).await["type"], "done");
    team.carl_writes("Before").await;
    assert_eq!(put(&team, &mira, 0, acme(&team)).await["type"], "done");
    let before = state(&team, team.conversation("Before").await).await;
    assert_eq!(before.owner, Some(team.anna));

    // Another conversation with the same customer would come first: that one is over.
    let mut anna = team.desk(team.anna).await;
    let close = baton_domain::CommandBody::Close {
        outcome: Some(baton_domain::Outcome::Lost),
        reason: None,
    };
    let id = anna
        .ask(before.id, before.last_message.map(|last| last.id), close)
        .await;
    let answer = anna.answer(id).await;
    assert!(matches!(answer, baton_protocol::Answer::Done { .. }), "{answer:?}");

    team.carl_writes("After").await;
    let after = state(&team, team.conversation("After").await).await;
    assert_eq!(after.owner, Some(team.ben));
    assert_eq!(after.company.as_deref(), Some("Example Corp"));
    assert_eq!(after.details.get(Detail::AccountTier), Some("Gold"));

    // A draft that asks for the owner: it holds for both, as the list stands now.
    let draft = json!({ "rules": [{
        "id": "0190a0f0-0000-7000-8000-000000000002",
        "name": "Theirs",
        "when": { "type": "accountOwner", "oneOf": [team.ben] },
        "then": [{ "type": "assign", "to": team.mira }],
    }] });
    let rehearsed = call(
        &team,
        &mira,
        Method::POST,
        "/v1/rules/rehearsal",
        Some(json!({ "rules": draft })),
    )
    .await;
    assert_eq!(rehearsed["lookedAt"], 2, "{rehearsed}");
    let moves = rehearsed["moves"].as_array().unwrap();
    assert_eq!(moves.len(), 1, "{rehearsed}");
    assert_eq!(moves[0]["count"], 2);
    assert_eq!(moves[0]["from"], json!({ "type": "member", "member": team.ben }));
    assert_eq!(moves[0]["to"], json!({ "type": "member", "member": team.mira }));

    // Put in force, the report says what the set before would have done with what came since.
    let body = json!({ "basedOn": 1, "rules": draft });
    let put = call(&team, &mira, Method::PUT, "/v1/rules", Some(body)).await;
    assert_eq!(put["answer"]["type"], "done", "{put}");
    let mut ben = team.desk(team.ben).await;
    let close = baton_domain::CommandBody::Close {
        outcome: Some(baton_domain::Outcome::Lost),
        reason: None,
    };
    let id = ben.ask(after.id, after.last_message.map(|last| last.id), close).await;
    let answer = ben.answer(id).await;
    assert!(matches!(answer, baton_protocol::Answer::Done { .. }), "{answer:?}");
    team.carl_writes("And again").await;
    let again = state(&team, team.conversation("And again").await).await;
    assert_eq!(again.owner, Some(team.mira));
    let drift = call(&team, &mira, Method::GET, "/v1/rules/drift", None).await;
    assert_eq!(
        drift["moves"][0]["from"],
        json!({ "type": "member", "member": team.ben }),
        "{drift}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_again_still_knows_the_companies() {
    let team = Team::start().await;
    let mira = team.token(team.mira).await;
    assert_eq!(put(&team, &mira, 0, acme(&team)).await["type"], "done");
    let team = team.restart().await;
    let anna = team.token(team.anna).await;
    let read = call(&team, &anna, Method::GET, "/v1/companies", None).await;
    assert_eq!(read["version"], 1, "{read}");
    team.carl_writes("Chairs").await;
    let lead = state(&team, team.conversation("Chairs").await).await;
    assert_eq!(lead.company.as_deref(), Some("Example Corp"));
    assert_eq!(lead.owner, None, "without rules nothing is routed");
}
