//! AC-A10: how long, and how much.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use portcullis_core::BoxFuture;
use portcullis_oauth::{Authorize, HttpClient, HttpError, HttpRequest, OauthError, Provider};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::login::{DISCOVERY, REDIRECT, Stage, callback, code};
use crate::party::Answer;

/// Short enough to wait for whoever does not answer.
const IMPATIENCE: Duration = Duration::from_secs(3);

/// No head, and a head without a body: at each endpoint.
#[tokio::test]
async fn ac_a10_nobody_is_waited_for_longer_than_the_timeout() {
    let mut cases = tokio::task::JoinSet::new();
    for silent in [
        Answer::json(&json!({})).held(),
        Answer::json(&json!({})).stalled(),
    ] {
        for path in ["/token", "/userinfo", "/jwks", DISCOVERY] {
            let silent = silent.clone();
            cases.spawn(async move {
                let stage = Stage::with(|builder| builder.timeout(IMPATIENCE)).await;
                stage.party.answer(path, silent.clone());
                match path {
                    "/token" => code(stage.log_in_with(silent).await),
                    _ => code(login(&stage).await),
                }
            });
        }
    }
    assert_eq!(cases.join_all().await, ["provider_timeout"; 8]);
}

/// All of a login, without taking for granted that it begins.
async fn login(stage: &Stage) -> Result<(), OauthError> {
    stage.provider.authorize(Authorize::new(REDIRECT)).await?;
    stage.log_in().await.map(drop)
}

/// GitHub as it is, but for each answer it takes a while.
#[derive(Debug)]
struct Slow(Duration);

impl HttpClient for Slow {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<Response<Bytes>, HttpError>> {
        let a_while = self.0;
        let body = match request.message.uri().path() {
            "/login/oauth/access_token" => {
                r#"{"access_token": "a", "token_type": "bearer", "scope": "user:email"}"#
            }
            "/user" => r#"{"id": 1}"#,
            _ => "[]",
        };
        Box::pin(async move {
            tokio::time::sleep(a_while).await;
            Ok(Response::new(Bytes::from(body)))
        })
    }
}

/// AC-A10: ten seconds for all of it, not for each of its three requests. The time is not real.
#[tokio::test(start_paused = true)]
async fn ac_a10_the_timeout_is_for_the_whole() {
    for (millis, expected) in [
        (3333, "accepted"),
        (3334, "provider_timeout"),
        (11_000, "provider_timeout"),
    ] {
        let slow = Slow(Duration::from_millis(millis));
        let github = Provider::github("id", "secret").http(slow).build().unwrap();
        let authorization = github.authorize(Authorize::new(REDIRECT)).await.unwrap();
        let callback = callback(&authorization, "code=c");
        let result = github.exchange(&authorization.pending, &callback).await;
        assert_eq!(code(result), expected, "{millis}");
    }
}

/// AC-A10: at each endpoint, whatever `Content-Length` says, or says not.
#[tokio::test]
async fn ac_a10_an_answer_that_is_too_long_is_refused() {
    let long = " ".repeat(1024 * 1024 + 1);
    let answers = [
        Answer::text("application/json", long),
        Answer::json(&json!({})).endless(),
    ];
    for answer in answers {
        let stage = Stage::new().await;
        let refused = stage.log_in_with(answer.clone()).await;
        assert_eq!(code(refused), "response_too_large");
        stage.party.answer("/userinfo", answer.clone());
        assert_eq!(code(stage.log_in().await), "response_too_large");
        let stage = Stage::new().await;
        stage.party.answer(DISCOVERY, answer.clone());
        assert_eq!(code(login(&stage).await), "response_too_large");
        let stage = Stage::new().await;
        stage.party.answer("/jwks", answer);
        assert_eq!(code(login(&stage).await), "provider_unreachable");
    }
}

/// To the byte.
#[tokio::test]
async fn ac_a10_an_answer_may_be_as_long_as_is_allowed() {
    let user = crate::login::user().to_string();
    for (limit, expected) in [(1000, "accepted"), (999, "response_too_large")] {
        let stage = Stage::with(|builder| builder.max_bytes(limit)).await;
        let padded = format!("{user:<1000}");
        stage
            .party
            .answer("/userinfo", Answer::text("application/json", padded));
        assert_eq!(code(stage.provider.userinfo("a").await), expected);
    }
}

/// Somebody who hangs up without a word, and something that is no HTTP.
#[tokio::test]
async fn a_provider_that_is_none_is_unreachable() {
    for said in [
        "",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let read = stream.read(&mut head).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            read
        });
        let builder = Provider::oidc("odd", address, "id", "secret");
        let odd = builder.with_insecure_http_for_loopback().build().unwrap();
        let refused = odd.authorize(Authorize::new(REDIRECT)).await;
        assert_eq!(code(refused), "provider_unreachable", "{said:?}");
        assert!(server.await.unwrap() > 0);
    }
}
