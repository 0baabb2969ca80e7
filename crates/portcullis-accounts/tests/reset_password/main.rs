//! A new password by mail: AC-Z1 to AC-Z8, AC-L8, AC-P4.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/watched.rs"]
mod watched;

mod alike;
mod ended;
mod links;
mod mails;

use portcullis_accounts::store::{Change, UserUpdate};
use portcullis_accounts::{RecordId, UserRef};

use crate::common::Harness;

const ADA: &str = "ada@example.com";
const NEW: &str = "a password of my own";
const INVALID: &str = "400 invalid_token";

async fn ban<S: portcullis_accounts::store::AccountStore>(at: &Harness<S>, user: RecordId) {
    let mut update = UserUpdate::new(UserRef::new("users", user), at.clock.shared().now());
    update.banned_at = Some(Some(at.clock.shared().now()));
    let change = Change::UpdateUser(Box::new(update));
    at.store.commit(&[change]).await.unwrap();
}

async fn ask(at: &Harness) -> String {
    at.users().request_password_reset(ADA).await.unwrap();
    at.link_to(ADA).await
}
