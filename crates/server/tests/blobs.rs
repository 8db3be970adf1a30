//! Blobs over HTTP, and the description of the interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use baton_domain::{
    AccountMode, Address, AfterReply, BlobId, Capabilities, CommandBody, DraftId, DraftText, InboxPolicy, OutgoingFile,
    Refusal,
};
use baton_protocol::{Answer, ApiError, Draft, ErrorCode};
use baton_server::directory::NewAccount;
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

/// Two inboxes and a secret in the second: Ben, who reads only Sales, knows the name of its bytes.
async fn naming_a_file_in_a_draft_gives_nobody_its_bytes(team: Team) {
    let core = team.server.core();
    let (sales, now) = (team.inbox, core.now());
    let board = core
        .directory
        .inbox_named("Board", InboxPolicy::default(), now)
        .await
        .unwrap();
    core.directory
        .set_access(board, team.ben, Capabilities::new(), now)
        .await
        .unwrap();
    let new = NewAccount {
        address: "board@murmel.example".to_owned(),
        name: "Board".to_owned(),
        aliases: Vec::new(),
        inbox: board,
        mode: AccountMode::Together,
        live_since: None,
        folders: Vec::new(),
        hosted_by: None,
    };
    let account = core.directory.add_account(new, now).await.unwrap().id;
    let secret = BlobId::of(&team.carl_writes_to(account, "A secret").await);
    team.carl_writes("A pod").await;
    let pod = team.conversation("A pod").await;
    let (anna, ben) = (team.token(team.anna).await, team.token(team.ben).await);
    let named = |token: &str, suffix: &str| {
        http()
            .get(team.url(&format!("/v1/blobs/{secret}{suffix}")))
            .bearer_auth(token)
            .send()
    };
    assert_eq!(named(&anna, "").await.unwrap().status(), StatusCode::OK);
    assert_eq!(named(&ben, "").await.unwrap().status(), StatusCode::NOT_FOUND);

    // Ben names it in a draft of his own.
    let save = async |token: &str, member| {
        let draft = Draft {
            id: DraftId(uuid::Uuid::new_v4()),
            conversation: pod,
            member,
            text: DraftText {
                to: vec![Address {
                    name: String::new(),
                    email: "ben.at.home@example.com".to_owned(),
                }],
                subject: "Re: A pod".to_owned(),
                text: "Here it is.".to_owned(),
                files: vec![OutgoingFile {
                    name: "secret.eml".to_owned(),
                    mime: "message/rfc822".to_owned(),
                    size: 100,
                    blob: secret.clone(),
                    inline: false,
                }],
                ..DraftText::default()
            },
            revision: 1,
            saved_at: core.now(),
        };
        let saved = http()
            .put(team.url(&format!("/v1/drafts/{pod}")))
            .bearer_auth(token)
            .json(&draft)
            .send()
            .await
            .unwrap();
        assert_eq!(saved.status(), StatusCode::OK, "his text is kept all the same");
        draft
    };
    let draft = save(&ben, team.ben).await;
    let through = format!("?conversation={pod}");
    for suffix in ["", through.as_str()] {
        assert_eq!(named(&ben, suffix).await.unwrap().status(), StatusCode::NOT_FOUND);
    }
    // Nor can he send it home.
    let mut desk = team.desk(team.ben).await;
    let Answer::Done { to: token, .. } = desk.act(pod, CommandBody::TakeLock { cover: false }).await else {
        panic!("no lock")
    };
    let reply = CommandBody::Reply {
        draft: draft.id,
        digest: draft.text.digest(),
        token,
        after: AfterReply::NothingMore,
        quote: None,
        close: None,
        send_at: None,
    };
    let last = core.store.conversation(pod).await.unwrap().unwrap().last_message;
    let asked = desk.ask(pod, last.map(|last| last.id), reply).await;
    assert!(matches!(
        desk.answer(asked).await,
        Answer::Refused { refusal: Refusal::Invalid { field, .. } } if field == "files"
    ));
    assert_eq!(named(&ben, "").await.unwrap().status(), StatusCode::NOT_FOUND);

    // Anna may read it: naming it is giving it to whoever reads her draft there.
    save(&anna, team.anna).await;
    assert_eq!(named(&ben, &through).await.unwrap().status(), StatusCode::OK);
    assert!(core.store.draft(pod, team.anna).await.unwrap().unwrap().files_present);
    assert!(!core.store.draft(pod, team.ben).await.unwrap().unwrap().files_present);

    // Rights are read as they are: without the inbox the bytes are gone for her, but for what she brought herself.
    core.directory
        .set_access(sales, team.anna, Capabilities::new(), core.now())
        .await
        .unwrap();
    let pod_mail = BlobId::of(&team.carl_writes("Another pod").await);
    let gone = http()
        .get(team.url(&format!("/v1/blobs/{pod_mail}")))
        .bearer_auth(&anna)
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naming_a_file_in_a_draft_gives_nobody_its_bytes_on_sqlite() {
    naming_a_file_in_a_draft_gives_nobody_its_bytes(Team::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naming_a_file_in_a_draft_gives_nobody_its_bytes_on_postgres() {
    let postgres = baton_tests::postgres::Postgres::start().await.unwrap();
    let url = postgres.database("team").await.unwrap();
    naming_a_file_in_a_draft_gives_nobody_its_bytes(Team::on(Some(url)).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_brought_is_theirs_after_a_restart_too() {
    let team = Team::start().await;
    let (anna, ben) = (team.token(team.anna).await, team.token(team.ben).await);
    let offer = BlobId::of(b"an offer");
    let put = http().put(team.url(&format!("/v1/blobs/{offer}"))).bearer_auth(&anna);
    put.body("an offer").send().await.unwrap();
    let team = team.restart().await;
    for (token, status) in [(anna, StatusCode::OK), (ben, StatusCode::NOT_FOUND)] {
        let read = http()
            .get(team.url(&format!("/v1/blobs/{offer}")))
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        assert_eq!(read.status(), status);
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_cut_goes_on_after_a_restart_and_stays_its_owners() {
    let team = Team::start().await;
    let (anna, ben) = (team.token(team.anna).await, team.token(team.ben).await);
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let path = format!("/v1/blobs/{}", BlobId::of(&bytes));
    let send = async |team: &Team, token: &str, offset: usize, piece: &[u8]| {
        let request = http()
            .patch(team.url(&format!("{path}/upload")))
            .bearer_auth(token)
            .header("upload-offset", offset)
            .header("upload-length", bytes.len())
            .body(piece.to_vec());
        let answer = request.send().await.unwrap();
        let offset = answer
            .headers()
            .get("upload-offset")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        (answer.status(), offset.parse::<usize>().unwrap())
    };
    let so_far = async |team: &Team, token: &str| {
        let request = http().head(team.url(&format!("{path}/upload"))).bearer_auth(token);
        let answer = request.send().await.unwrap();
        let offset = answer
            .headers()
            .get("upload-offset")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        offset.parse::<usize>().unwrap()
    };
    let (head, tail) = bytes.split_at(1_000_000);
    assert_eq!(send(&team, &anna, 0, head).await, (StatusCode::NO_CONTENT, head.len()));
    // The answer was lost, and she sends it again.
    assert_eq!(send(&team, &anna, 0, head).await, (StatusCode::CONFLICT, head.len()));
    let team = team.restart().await;
    assert_eq!(so_far(&team, &anna).await, head.len());
    assert_eq!(so_far(&team, &ben).await, 0);
    let there = http().head(team.url(&path)).bearer_auth(&anna).send().await.unwrap();
    assert_eq!(there.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        send(&team, &anna, head.len(), tail).await,
        (StatusCode::CREATED, bytes.len())
    );
    // It is hers over another restart, and nobody else's.
    let team = team.restart().await;
    let read = http().get(team.url(&path)).bearer_auth(&anna).send().await.unwrap();
    assert_eq!(read.bytes().await.unwrap(), bytes);
    let stranger = http().get(team.url(&path)).bearer_auth(&ben).send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::NOT_FOUND);
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
