//! Answers, good ones and bad ones.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::channel::Channel;
use http_body_util::{Either, Full};
use serde_json::Value;

use crate::oauth::Behaviour;

/// What is sent: at once, or bit by bit.
pub(super) type Body = Either<Full<Bytes>, Channel<Bytes, Infallible>>;
pub(super) type Answer = Response<Body>;

const DRIP: Duration = Duration::from_millis(20);

pub(super) fn answer(status: u16, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(body.into())));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    let content_type = HeaderValue::from_str(content_type);
    let content_type = content_type.unwrap_or(HeaderValue::from_static("text/plain"));
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

pub(super) fn json(status: u16, body: &Value) -> Answer {
    answer(status, "application/json; charset=utf-8", body.to_string())
}

pub(super) fn redirect(status: u16, to: &str) -> Answer {
    let mut answer = answer(status, "text/html", "");
    if let Ok(to) = HeaderValue::from_str(to) {
        answer.headers_mut().insert(LOCATION, to);
    }
    answer
}

/// What a provider says that behaves like this; nothing, if it hangs up.
pub(super) async fn misbehaved(behaviour: Behaviour) -> Option<Answer> {
    match behaviour {
        Behaviour::Answer {
            status,
            content_type,
            body,
        } => Some(answer(status, &content_type, body)),
        Behaviour::Redirect { status, to } => Some(redirect(status, &to)),
        Behaviour::Silence => std::future::pending().await,
        Behaviour::HangUp => None,
        Behaviour::Giant { bytes } => {
            let body = format!("{{\"padding\":\"{}\"}}", "x".repeat(bytes));
            Some(answer(200, "application/json", body))
        }
        Behaviour::Endless => Some(sent_on(&[b' '; 16384], Duration::ZERO)),
        Behaviour::Drip => Some(sent_on(b" ", DRIP)),
    }
}

/// Sends the same again and again, until nobody takes it any more.
fn sent_on(chunk: &'static [u8], pause: Duration) -> Answer {
    let (mut sender, body) = Channel::new(1);
    tokio::spawn(async move {
        while sender.send_data(Bytes::from_static(chunk)).await.is_ok() {
            tokio::time::sleep(pause).await;
        }
    });
    let mut answer = answer(200, "application/json", "");
    *answer.body_mut() = Either::Right(body);
    answer
}
