//! Three reps and a rule: enquiries go to them in turn, whoever is away is passed over, and everybody can read why. A draft is rehearsed
//! before it is put in force, and whoever changes the rules on an old page is told.

use anyhow::{Context, Result, ensure};
use baton_tests::clock::TestClock;
use baton_tests::mail::{MailHost, address};
use baton_tests::server::{Api, Database, ServerProcess};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::team::{CARL, PASSWORD, Program, SALES, SOON, address_of};

const DAY_MS: i64 = 86_400_000;

pub async fn each_in_turn(database: Database) -> Result<()> {
    let clock = TestClock::new()?;
    let mail = MailHost::start().await?;
    let mut server = ServerProcess::prepare(database, &clock)?;
    for (name, role) in [("Mira", "manager"), ("Anna", "rep"), ("Ben", "rep"), ("Dora", "rep")] {
        server.add_member(name, &address_of(name), role, PASSWORD).await?;
    }
    server.connect_mailbox(&mail, SALES, "Sales", "together").await?;
    server.restart().await?;
    let mira = server.sign_in(&address_of("Mira"), PASSWORD).await?;
    let reps = [
        id_of(&server, "Anna").await?,
        id_of(&server, "Ben").await?,
        id_of(&server, "Dora").await?,
    ];
    let program = Program::of("Mira", &server).await?;

    let set = in_turn(&reps);
    let none = json!({ "rules": { "rules": [] }, "basedOn": 0 });
    ensure!(put(&mira, &set, 0).await?["type"] == "done", "the rules were not taken");
    let answer = mira.call(Method::PUT, "/v1/rules", Some(&none)).await?.good()?;
    let refusal = &answer["answer"]["refusal"];
    ensure!(
        refusal["type"] == "versionConflict" && refusal["theirs"] == 1,
        "{answer}"
    );

    let mut owners = Vec::new();
    for number in 1..=3 {
        owners.push(enquiry(&mail, &program, number).await?["owner"].clone());
    }
    ensure!(owners == reps, "{owners:?} instead of {reps:?}");

    // Anna is away, and it would be her turn.
    away(&server, "Anna", clock.now_ms()? + DAY_MS).await?;
    let fourth = enquiry(&mail, &program, 4).await?;
    ensure!(fourth["owner"] == reps[1], "{} has it", fourth["owner"]);
    let routing = why(&program, &fourth).await?;
    ensure!(
        routing["version"] == 1 && routing["trace"]["rules"][0]["matched"] == true,
        "{routing}"
    );
    let passed = &routing["trace"]["steps"][0];
    ensure!(
        passed["member"] == reps[0] && passed["passedOver"]["type"] == "away",
        "{routing}"
    );
    let got = &routing["trace"]["steps"][1];
    ensure!(
        got["member"] == reps[1] && got["kind"] == "turn" && got["passedOver"].is_null(),
        "{routing}"
    );

    // The fifth is Dora's; after a restart Anna, who is still away, is passed over again.
    server.restart().await?;
    let mira = server.sign_in(&address_of("Mira"), PASSWORD).await?;
    let program = Program::of("Mira", &server).await?;
    ensure!(
        enquiry(&mail, &program, 5).await?["owner"] == reps[2],
        "the turns were forgotten"
    );

    // All to Dora: five would have gone to her, and nothing moved.
    let draft = json!([rule("Enquiries", &json!([{ "type": "assign", "to": reps[2] }]))]);
    let rehearsed = mira
        .post("/v1/rules/rehearsal", &json!({ "rules": { "rules": draft } }))
        .await?;
    ensure!(rehearsed["lookedAt"] == 5 && rehearsed["next"].is_null(), "{rehearsed}");
    let moves = rehearsed["moves"].as_array().context("moves")?;
    ensure!(moves.len() == 1 && moves[0]["count"] == 5, "{rehearsed}");
    ensure!(
        moves[0]["to"] == json!({ "type": "member", "member": reps[2] }),
        "{rehearsed}"
    );
    ensure!(
        enquiry_now(&program, 1).await?["owner"] == reps[0],
        "a rehearsal moved something"
    );

    let anna = server.sign_in(&address_of("Ben"), PASSWORD).await?;
    let seen = anna.get("/v1/rules").await?;
    ensure!(seen["version"] == 1 && seen["rules"]["rules"] == set, "{seen}");
    let refused = put(&anna, &json!([]), 1).await?;
    ensure!(refused["refusal"]["type"] == "notPermitted", "{refused}");
    let said = server.cli(&["rules", "show"], "").await?;
    ensure!(said.contains("\"version\": 1") && said.contains("Enquiries"), "{said}");
    what_the_change_did(&server, &mail, &program, &mira, &draft, &reps).await
}

/// The draft is put in force: what it sends since is held against what the rules before would have done, and against what people change.
async fn what_the_change_did(
    server: &ServerProcess,
    mail: &MailHost,
    program: &Program,
    mira: &Api,
    draft: &Value,
    reps: &[Value; 3],
) -> Result<()> {
    ensure!(put(mira, draft, 1).await?["type"] == "done", "the draft was not taken");
    let sixth = enquiry(mail, program, 6).await?;
    ensure!(sixth["owner"] == reps[2], "{} has it", sixth["owner"]);
    let drift = mira.get("/v1/rules/drift").await?;
    ensure!(
        drift["version"] == 2 && drift["put"]["previous"] == 1 && drift["routed"] == 1,
        "{drift}"
    );
    ensure!(
        drift["moves"][0]["count"] == 1 && drift["moves"][0]["from"]["type"] == "pool",
        "{drift}"
    );
    ensure!(drift["rules"][0]["reassigned"] == 0, "{drift}");
    let body = json!({ "type": "assign", "to": reps[0], "context": null });
    let answer = command(mira, &sixth["id"], &body).await?;
    ensure!(answer["answer"]["type"] == "refused", "Anna is away: {answer}");
    let body = json!({ "type": "assign", "to": reps[1], "context": null });
    let answer = command(mira, &sixth["id"], &body).await?;
    ensure!(answer["answer"]["type"] == "done", "{answer}");
    let said = server.cli(&["rules", "drift"], "").await?;
    let drift: Value = serde_json::from_str(&said)?;
    let outcome = &drift["rules"][0];
    ensure!(
        outcome["name"] == "Enquiries" && outcome["routed"] == 1 && outcome["reassigned"] == 1,
        "{said}"
    );
    ensure!(outcome["examples"][0]["lead"]["conversation"] == sixth["id"], "{said}");
    ensure!(drift["next"].is_null(), "{said}");
    Ok(())
}

async fn command(api: &Api, conversation: &Value, body: &Value) -> Result<Value> {
    let command = json!({
        "id": Uuid::now_v7(),
        "actor": { "type": "operator" },
        "device": Uuid::nil(),
        "conversation": conversation,
        "issuedAt": 0,
        "lastSeen": null,
        "basedOn": null,
        "body": body,
    });
    api.post("/v1/commands", &command).await
}

fn rule(name: &str, then: &Value) -> Value {
    let words = json!({ "type": "words", "place": "subject", "oneOf": ["enquiry"] });
    json!({ "id": Uuid::from_u128(7), "name": name, "enabled": true, "when": words, "then": then })
}

fn in_turn(reps: &[Value]) -> Value {
    let pool: Vec<Value> = reps.iter().map(|rep| json!({ "member": rep })).collect();
    json!([rule(
        "Enquiries",
        &json!([{ "type": "distribute", "by": "roundRobin", "pool": pool }])
    )])
}

async fn put(api: &Api, rules: &Value, based_on: u32) -> Result<Value> {
    let body = json!({ "rules": { "rules": rules }, "basedOn": based_on });
    let mut answer = api.call(Method::PUT, "/v1/rules", Some(&body)).await?.good()?;
    Ok(answer["answer"].take())
}

async fn id_of(server: &ServerProcess, name: &str) -> Result<Value> {
    let api = server.sign_in(&address_of(name), PASSWORD).await?;
    Ok(api.me()["id"].clone())
}

/// Somebody says that they are away: their own affair.
async fn away(server: &ServerProcess, name: &str, until: i64) -> Result<()> {
    let api = server.sign_in(&address_of(name), PASSWORD).await?;
    let mut member = api.me().clone();
    member["absentUntil"] = until.into();
    let document = json!({ "kind": "member", "value": member });
    let body = json!({ "type": "putDocument", "document": document });
    let answer = command(&api, &json!(Uuid::nil()), &body).await?;
    ensure!(answer["answer"]["type"] == "done", "{answer}");
    Ok(())
}

fn subject(number: u32) -> String {
    format!("Enquiry {number}")
}

/// Another customer writes; gives the conversation once it is there.
async fn enquiry(mail: &MailHost, program: &Program, number: u32) -> Result<Value> {
    let from = format!("customer{number}@elsewhere.example");
    let sales = address(SALES);
    let raw = format!(
        "From: Customer {number} <{from}>\r\nTo: {sales}\r\nSubject: {}\r\nMessage-ID: <{number}@elsewhere.example>\r\n\r\nHow much are forty desks?\r\n",
        subject(number)
    );
    mail.deliver(CARL, &[SALES], raw.as_bytes()).await?;
    program.arrival(&subject(number), SOON).await
}

async fn enquiry_now(program: &Program, number: u32) -> Result<Value> {
    program.conversation(&subject(number)).await
}

/// What the log says about why it went there.
async fn why(program: &Program, conversation: &Value) -> Result<Value> {
    let log = program.with_log(conversation).await?;
    let entries = log["entries"].as_array().context("entries")?;
    let routed = entries.iter().find(|entry| entry["body"]["event"]["type"] == "routed");
    Ok(routed.context("it was not routed")?["body"]["event"]["routing"].clone())
}
