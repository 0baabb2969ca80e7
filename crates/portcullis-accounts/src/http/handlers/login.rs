use http::StatusCode;
use portcullis_core::Denial;

use super::sessions::begun;
use crate::flow::{FinishLogin, SecondFactor};
use crate::http::answer::Answer;
use crate::http::route::Call;

pub(in crate::http) async fn by_totp(call: Call) -> Result<Answer, Denial> {
    let (challenge, code) = (
        call.members.secret("challenge"),
        call.members.secret("code"),
    );
    let finish = FinishLogin {
        trust_device: call.members.flag("trustDevice"),
        ..FinishLogin::new(&challenge, SecondFactor::Totp(&code))
    };
    let session = call.users()?.finish_login(finish).await?;
    begun(StatusCode::OK, &session)
}

pub(in crate::http) async fn by_recovery_code(call: Call) -> Result<Answer, Denial> {
    let (challenge, code) = (
        call.members.secret("challenge"),
        call.members.secret("code"),
    );
    let finish = FinishLogin::new(&challenge, SecondFactor::Recovery(&code));
    let session = call.users()?.finish_login(finish).await?;
    begun(StatusCode::OK, &session)
}

pub(in crate::http) async fn enroll(call: Call) -> Result<Answer, Denial> {
    let challenge = call.members.secret("challenge");
    Answer::ok(&call.users()?.enroll_at_login(&challenge).await?)
}

pub(in crate::http) async fn activate(call: Call) -> Result<Answer, Denial> {
    let (challenge, code) = (
        call.members.secret("challenge"),
        call.members.secret("code"),
    );
    let login = call.users()?.activate_at_login(&challenge, &code).await?;
    Ok(Answer::ok(&login)?.with_cookies(login.session.cookies().cloned()))
}
