//! Wrong passwords: AC-L1 to AC-L10, AC-T4 for the lock, and what the owner is told (OWASP ASVS 6.3.5).

#[path = "../common/browser.rs"]
mod browser;
#[path = "../common/mod.rs"]
mod common;

mod counted;
mod devices;
mod locks;
mod told;

use std::time::Duration;

use portcullis_accounts::{LoggedIn, Login, Mode, Session, Users};
use portcullis_core::Denial;

use crate::common::{Harness, address, code};

const ADA: &str = "ada@example.com";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn login(users: &Users, email: &str, password: &str) -> Result<Session, Denial> {
    let login = Login {
        email: email.to_owned(),
        password: password.to_owned().into(),
        mode: Some(Mode::Token),
        ..Login::default()
    };
    match users.login(login).await? {
        LoggedIn::Done(session) => Ok(session),
        other => panic!("not done: {other:?}"),
    }
}

async fn guess(harness: &Harness, from: u32, times: usize) {
    let users = harness.users().from(address(from));
    for _ in 0..times {
        assert_eq!(
            code(login(&users, ADA, "wrong").await),
            "401 invalid_credentials"
        );
    }
}

async fn count(harness: &Harness, entry: &str) -> usize {
    harness
        .trail()
        .await
        .iter()
        .filter(|name| *name == entry)
        .count()
}
