use portcullis_core::Denial;

use super::{accepted, user};
use crate::http::answer::Answer;
use crate::http::route::Call;

pub(in crate::http) async fn me(call: Call) -> Result<Answer, Denial> {
    Answer::ok(&call.users()?.me(call.caller()?).await?)
}

pub(in crate::http) async fn update(call: Call) -> Result<Answer, Denial> {
    user(
        &call
            .users()?
            .update_profile(call.caller()?, call.members.fields())
            .await?,
    )
}

pub(in crate::http) async fn delete(call: Call) -> Result<Answer, Denial> {
    call.users()?.delete_account(call.caller()?).await?;
    Ok(Answer::nothing())
}

pub(in crate::http) async fn change_email(call: Call) -> Result<Answer, Denial> {
    call.users()?
        .request_email_change(call.caller()?, call.members.text("email"))
        .await?;
    accepted()
}

pub(in crate::http) async fn confirm_email(call: Call) -> Result<Answer, Denial> {
    user(
        &call
            .users()?
            .confirm_email_change(&call.members.secret("token"))
            .await?,
    )
}

pub(in crate::http) async fn undo_email(call: Call) -> Result<Answer, Denial> {
    user(
        &call
            .users()?
            .undo_email_change(&call.members.secret("token"))
            .await?,
    )
}
