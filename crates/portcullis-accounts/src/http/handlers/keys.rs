use std::time::Duration;

use http::StatusCode;
use portcullis_core::Denial;
use serde_json::json;

use crate::flow::NewKey;
use crate::http::answer::Answer;
use crate::http::route::Call;

pub(in crate::http) async fn create(call: Call) -> Result<Answer, Denial> {
    let key = NewKey {
        name: call.members.text("name").to_owned(),
        scopes: call.members.texts("scopes"),
        expires_at: call.members.time("expiresAt"),
    };
    let created = call.users()?.create_key(call.caller()?, key).await?;
    Answer::json(StatusCode::CREATED, &json!({ "apiKey": created }))
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer, Denial> {
    let keys = call.users()?.keys(call.caller()?).await?;
    Answer::ok(&json!({ "apiKeys": keys }))
}

pub(in crate::http) async fn revoke(call: Call) -> Result<Answer, Denial> {
    call.users()?.revoke_key(call.caller()?, &call.id).await?;
    Ok(Answer::nothing())
}

pub(in crate::http) async fn rotate(call: Call) -> Result<Answer, Denial> {
    let seconds = call
        .members
        .number("graceSeconds")
        .and_then(|seconds| u64::try_from(seconds).ok());
    let grace = Duration::from_secs(seconds.unwrap_or(0));
    let created = call
        .users()?
        .rotate_key(call.caller()?, &call.id, grace)
        .await?;
    Answer::json(StatusCode::CREATED, &json!({ "apiKey": created }))
}
