use http::StatusCode;
use portcullis_core::Denial;
use serde_json::json;

use super::mode;
use crate::flow::invalid_field;
use crate::flow::{ChangePassword, LoggedIn, Login, Logout, Proof, Register, Registered, Session};
use crate::http::answer::Answer;
use crate::http::route::Call;

pub(in crate::http) async fn register(call: Call) -> Result<Answer, Denial> {
    let register = Register {
        email: call.members.text("email").to_owned(),
        password: call.members.secret("password"),
        profile: call.members.fields(),
        language: None,
        mode: mode(&call.members),
    };
    match call.users()?.register(register).await? {
        Registered::LoggedIn(session) => begun(StatusCode::CREATED, &session),
        Registered::Challenged(challenge) => Answer::json(StatusCode::CREATED, &challenge),
        Registered::VerificationSent => Answer::json(
            StatusCode::ACCEPTED,
            &json!({ "status": "verification_sent" }),
        ),
    }
}

pub(in crate::http) async fn login(call: Call) -> Result<Answer, Denial> {
    let login = Login {
        email: call.members.text("email").to_owned(),
        password: call.members.secret("password"),
        remember: call.members.flag("remember"),
        mode: mode(&call.members),
    };
    logged_in(&call.users()?.login(login).await?)
}

/// What has come of a first factor.
pub(super) fn logged_in(outcome: &LoggedIn) -> Result<Answer, Denial> {
    match outcome {
        LoggedIn::Done(session) => begun(StatusCode::OK, session),
        LoggedIn::Challenged(challenge) => Answer::ok(challenge),
    }
}

pub(in crate::http) async fn logout(call: Call) -> Result<Answer, Denial> {
    let logout = Logout {
        refresh_token: call.members.maybe_text("refreshToken"),
        caller: call.caller.as_ref(),
    };
    let ended = call.users()?.logout(logout).await?;
    Ok(Answer::nothing().with_cookies(ended.cookie))
}

pub(in crate::http) async fn logout_all(call: Call) -> Result<Answer, Denial> {
    let keep = call.members.flag("keepCurrent");
    let revoked = call.users()?.logout_all(call.caller()?, keep).await?;
    Answer::ok(&json!({ "revoked": revoked }))
}

pub(in crate::http) async fn refresh(call: Call) -> Result<Answer, Denial> {
    let session = call
        .users()?
        .refresh(&call.members.secret("refreshToken"))
        .await?;
    begun(StatusCode::OK, &session)
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer, Denial> {
    let sessions = call.users()?.sessions(call.caller()?).await?;
    Answer::ok(&json!({ "sessions": sessions }))
}

pub(in crate::http) async fn revoke(call: Call) -> Result<Answer, Denial> {
    call.users()?
        .revoke_session(call.caller()?, &call.id)
        .await?;
    Ok(Answer::nothing())
}

pub(in crate::http) async fn reauthenticate(call: Call) -> Result<Answer, Denial> {
    let (password, code) = (call.members.secret("password"), call.members.secret("code"));
    let has = |name| call.members.maybe_text(name).is_some();
    let proof = match (has("password"), has("code")) {
        (true, false) => Proof::Password(&password),
        (false, true) => Proof::Code(&code),
        (true, true) => return Err(invalid_field("code", "beside_password")),
        (false, false) => return Err(invalid_field("password", "required")),
    };
    let users = call.users()?;
    let proved = users.reauthenticate(call.caller()?, proof).await?;
    Ok(Answer::ok(&proved)?.with_cookies(proved.cookie.clone()))
}

pub(in crate::http) async fn change_password(call: Call) -> Result<Answer, Denial> {
    let change = ChangePassword {
        current: call.members.secret("currentPassword"),
        new: call.members.secret("newPassword"),
        mode: mode(&call.members),
    };
    let session = call
        .users()?
        .change_password(call.caller()?, change)
        .await?;
    begun(StatusCode::OK, &session)
}

/// A session that has begun, with its cookies where it lives by them.
pub(super) fn begun(status: StatusCode, session: &Session) -> Result<Answer, Denial> {
    Ok(Answer::json(status, session)?.with_cookies(session.cookies().cloned()))
}
