use portcullis_core::Denial;
use serde_json::json;

use crate::flow::texts;
use crate::http::answer::Answer;
use crate::http::route::Call;

pub(in crate::http) async fn status(call: Call) -> Result<Answer, Denial> {
    Answer::ok(&call.users()?.second_factor_status(call.caller()?).await?)
}

pub(in crate::http) async fn enroll(call: Call) -> Result<Answer, Denial> {
    Answer::ok(&call.users()?.enroll_totp(call.caller()?).await?)
}

pub(in crate::http) async fn activate(call: Call) -> Result<Answer, Denial> {
    let code = call.members.secret("code");
    let users = call.users()?;
    let activated = users.activate_totp(call.caller()?, &code).await?;
    Ok(Answer::ok(&activated)?.with_cookies(activated.cookies))
}

pub(in crate::http) async fn disable(call: Call) -> Result<Answer, Denial> {
    let code = call.members.secret("code");
    let cookies = call.users()?.disable_totp(call.caller()?, &code).await?;
    Ok(Answer::nothing().with_cookies(cookies))
}

pub(in crate::http) async fn replace_codes(call: Call) -> Result<Answer, Denial> {
    let code = call.members.secret("code");
    let users = call.users()?;
    let codes = users.replace_recovery_codes(call.caller()?, &code).await?;
    Answer::ok(&json!({ "recoveryCodes": texts(&codes) }))
}

pub(in crate::http) async fn take(call: Call) -> Result<Answer, Denial> {
    let users = call.users()?;
    users
        .disable_second_factor(call.caller()?, &call.id)
        .await?;
    Ok(Answer::nothing())
}
