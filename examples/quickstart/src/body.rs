//! JSON bodies, refused with a code of their own for each thing that can be wrong with them.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use portcullis::Denial;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An extractor like [`Json`], whose refusals are problem documents.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Denial;

    async fn from_request(request: Request, state: &S) -> Result<Self, Denial> {
        let Json(value) = Json::<Value>::from_request(request, state)
            .await
            .map_err(|rejection| unreadable(&rejection))?;
        serde_json::from_value(value)
            .map(Self)
            .map_err(|error| unfitting(&error.to_string()))
    }
}

fn unreadable(rejection: &JsonRejection) -> Denial {
    let (code, detail) = match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "unsupported_media_type",
            "the body must be application/json",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "the body has more than 64 KiB"),
        _ => ("invalid_json", "the body is not JSON"),
    };
    Denial::new(rejection.status(), code).with_detail(detail)
}

/// serde's text names a member that is unknown or missing; of one that is of the wrong type it shows the value, which may be a
/// password.
fn unfitting(text: &str) -> Denial {
    let (code, detail) = if text.starts_with("unknown field") {
        ("field_not_allowed", text.to_owned())
    } else if text.starts_with("missing field") {
        ("invalid_body", text.to_owned())
    } else {
        (
            "invalid_body",
            "a member of the body is of the wrong type".to_owned(),
        )
    };
    Denial::new(StatusCode::UNPROCESSABLE_ENTITY, code).with_detail(detail)
}
