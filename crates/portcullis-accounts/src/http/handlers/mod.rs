//! From members to flows, and from what they give to answers.

pub(super) mod accounts;
pub(super) mod admin;
pub(super) mod keys;
pub(super) mod login;
pub(super) mod mail;
#[cfg(feature = "oauth")]
pub(super) mod oauth;
pub(super) mod second_factor;
pub(super) mod service;
pub(super) mod sessions;

use http::StatusCode;
use portcullis_core::Denial;
use serde::Serialize;
use serde_json::json;

use super::answer::Answer;
use super::members::Members;
use crate::users::Mode;

/// The mode that was asked for, if one was.
fn mode(members: &Members) -> Option<Mode> {
    match members.maybe_text("mode")? {
        "cookie" => Some(Mode::Cookie),
        _ => Some(Mode::Token),
    }
}

/// 202, always in the same words.
fn accepted() -> Result<Answer, Denial> {
    Answer::json(StatusCode::ACCEPTED, &json!({ "status": "ok" }))
}

/// `{"status":"ok"}`.
fn done() -> Result<Answer, Denial> {
    Answer::ok(&json!({ "status": "ok" }))
}

/// `{"user": …}`.
fn user(user: &impl Serialize) -> Result<Answer, Denial> {
    Answer::ok(&json!({ "user": user }))
}
