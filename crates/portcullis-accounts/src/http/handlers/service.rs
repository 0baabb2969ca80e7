use portcullis_core::Denial;
use serde_json::{Value, json};

use super::done;
use crate::http::answer::Answer;
use crate::http::route::Call;

pub(in crate::http) async fn auth_methods(call: Call) -> Result<Answer, Denial> {
    let settings = call.users()?.settings();
    let providers = &call.accounts.inner.offered;
    Answer::ok(&json!({
        "password": true,
        "signup": settings.allows_signup,
        "verificationRequired": settings.requires_verified,
        "secondFactors": ["totp", "recovery"],
        "mfaRequired": settings.requires_mfa,
        "providers": providers,
    }))
}

pub(in crate::http) async fn jwks(call: Call) -> Result<Answer, Denial> {
    call.accounts.inner.ready_to_sign().await?;
    let keys: Value = serde_json::from_str(&call.accounts.inner.ring.to_jwks())
        .map_err(|_| Denial::unavailable())?;
    Answer::ok(&keys)
}

pub(in crate::http) async fn health(call: Call) -> Result<Answer, Denial> {
    call.accounts.inner.store.ping().await?;
    done()
}
