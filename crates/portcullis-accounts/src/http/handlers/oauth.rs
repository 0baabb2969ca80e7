use portcullis_core::Denial;
use serde_json::json;

use super::mode;
use super::sessions::logged_in;
use crate::flow::{OauthReturn, OauthStart};
use crate::http::answer::Answer;
use crate::http::route::Call;

pub(in crate::http) async fn start(call: Call) -> Result<Answer, Denial> {
    let start = OauthStart {
        redirect_to: call.query.maybe_text("redirectTo").map(str::to_owned),
        mode: mode(&call.query),
        remember: call.query.flag("remember"),
        fresh: call.query.flag("fresh"),
        code_challenge: call.query.maybe_text("codeChallenge").map(str::to_owned),
    };
    let started = call.users()?.oauth_start(&call.id, start).await?;
    Ok(Answer::see_other(&started.url)?.with_cookies([started.cookie]))
}

pub(in crate::http) async fn callback(call: Call) -> Result<Answer, Denial> {
    let back: OauthReturn = call
        .users()?
        .oauth_callback(&call.id, &call.raw_query)
        .await?;
    Ok(Answer::see_other(&back.url)?.with_cookies(back.cookies().cloned()))
}

pub(in crate::http) async fn exchange(call: Call) -> Result<Answer, Denial> {
    let (code, verifier) = (
        call.members.secret("code"),
        call.members.secret("codeVerifier"),
    );
    let verifier = call
        .members
        .maybe_text("codeVerifier")
        .map(|_| verifier.as_str());
    logged_in(&call.users()?.oauth_exchange(&code, verifier).await?)
}

pub(in crate::http) async fn link(call: Call) -> Result<Answer, Denial> {
    let redirect = call.members.maybe_text("redirectTo");
    let started = call
        .users()?
        .oauth_link(call.caller()?, &call.id, redirect)
        .await?;
    Ok(Answer::ok(&started)?.with_cookies([started.cookie]))
}

pub(in crate::http) async fn identities(call: Call) -> Result<Answer, Denial> {
    let identities = call.users()?.identities(call.caller()?).await?;
    Answer::ok(&json!({ "identities": identities }))
}

pub(in crate::http) async fn unlink(call: Call) -> Result<Answer, Denial> {
    let cookies = call.users()?.unlink(call.caller()?, &call.id).await?;
    Ok(Answer::nothing().with_cookies(cookies))
}
