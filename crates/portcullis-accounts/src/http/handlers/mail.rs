use portcullis_core::Denial;

use super::{accepted, done, user};
use crate::http::answer::Answer;
use crate::http::route::Call;

pub(in crate::http) async fn request_verification(call: Call) -> Result<Answer, Denial> {
    call.users()?
        .request_verification(call.members.text("email"))
        .await?;
    accepted()
}

pub(in crate::http) async fn verify_email(call: Call) -> Result<Answer, Denial> {
    user(
        &call
            .users()?
            .verify_email(&call.members.secret("token"), call.caller.as_ref())
            .await?,
    )
}

pub(in crate::http) async fn forgot_password(call: Call) -> Result<Answer, Denial> {
    call.users()?
        .request_password_reset(call.members.text("email"))
        .await?;
    accepted()
}

pub(in crate::http) async fn reset_password(call: Call) -> Result<Answer, Denial> {
    let (token, password) = (
        call.members.secret("token"),
        call.members.secret("password"),
    );
    call.users()?.reset_password(&token, &password).await?;
    done()
}

pub(in crate::http) async fn request_unlock(call: Call) -> Result<Answer, Denial> {
    call.users()?
        .request_unlock(call.members.text("email"))
        .await?;
    accepted()
}

pub(in crate::http) async fn unlock(call: Call) -> Result<Answer, Denial> {
    call.users()?.unlock(&call.members.secret("token")).await?;
    done()
}
