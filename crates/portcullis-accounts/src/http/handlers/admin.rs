use portcullis_core::Denial;
use serde_json::json;

use super::{done, user};
use crate::flow::{AdminUpdate, AuditRequest, ListUsers};
use crate::http::answer::Answer;
use crate::http::members::Members;
use crate::http::route::Call;

pub(in crate::http) async fn list(call: Call) -> Result<Answer, Denial> {
    let page = ListUsers {
        cursor: call.query.maybe_text("cursor").map(str::to_owned),
        limit: limit(&call.query),
        q: call.query.maybe_text("q").map(str::to_owned),
    };
    Answer::ok(&call.users()?.list_users(call.caller()?, page).await?)
}

pub(in crate::http) async fn get(call: Call) -> Result<Answer, Denial> {
    user(&call.users()?.user(call.caller()?, &call.id).await?)
}

pub(in crate::http) async fn update(call: Call) -> Result<Answer, Denial> {
    let update = AdminUpdate {
        verified: call.members.maybe_flag("verified"),
        permissions: call.members.texts("permissions"),
        profile: call.members.fields(),
    };
    let has_rights = update.permissions.is_some();
    let users = call.users()?;
    let updated = users.update_user(call.caller()?, &call.id, update).await?;
    match has_rights {
        true => with_own_cookie(&call, user(&updated)?).await,
        false => user(&updated),
    }
}

pub(in crate::http) async fn delete(call: Call) -> Result<Answer, Denial> {
    call.users()?.delete_user(call.caller()?, &call.id).await?;
    Ok(Answer::nothing())
}

pub(in crate::http) async fn ban(call: Call) -> Result<Answer, Denial> {
    user(&call.users()?.ban_user(call.caller()?, &call.id).await?)
}

pub(in crate::http) async fn unban(call: Call) -> Result<Answer, Denial> {
    user(&call.users()?.unban_user(call.caller()?, &call.id).await?)
}

pub(in crate::http) async fn roles(call: Call) -> Result<Answer, Denial> {
    let roles = call.members.texts("roles").unwrap_or_default();
    let users = call.users()?;
    let changed = users.set_roles(call.caller()?, &call.id, roles).await?;
    with_own_cookie(&call, user(&changed)?).await
}

/// A new id for the session of who has changed what they may do themselves (AC-S2).
async fn with_own_cookie(call: &Call, answer: Answer) -> Result<Answer, Denial> {
    let caller = call.caller()?;
    match caller.id() == call.id {
        true => Ok(answer.with_cookies(call.users()?.rotate_session(caller).await?)),
        false => Ok(answer),
    }
}

pub(in crate::http) async fn logout(call: Call) -> Result<Answer, Denial> {
    let revoked = call.users()?.logout_user(call.caller()?, &call.id).await?;
    Answer::ok(&json!({ "revoked": revoked }))
}

pub(in crate::http) async fn unlock(call: Call) -> Result<Answer, Denial> {
    call.users()?.unlock_user(call.caller()?, &call.id).await?;
    done()
}

pub(in crate::http) async fn audit(call: Call) -> Result<Answer, Denial> {
    let query = AuditRequest {
        cursor: call.query.maybe_text("cursor").map(str::to_owned),
        limit: limit(&call.query),
        user: call.query.maybe_text("user").map(str::to_owned),
        kind: call.query.maybe_text("kind").map(str::to_owned),
    };
    Answer::ok(&call.users()?.audit_trail(call.caller()?, query).await?)
}

fn limit(query: &Members) -> Option<u32> {
    query
        .number("limit")
        .and_then(|limit| u32::try_from(limit).ok())
}
