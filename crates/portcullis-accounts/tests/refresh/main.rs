//! Refresh tokens: AC-R1 to AC-R7.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/watched.rs"]
mod watched;

mod forged;
mod lives;
mod refused;
mod reuse;

use std::time::Duration;

use portcullis_accounts::store::{Change, Ledger, UserStore, UserUpdate};
use portcullis_accounts::{
    Collection, LoggedIn, Login, MemoryStore, Mode, RecordId, Session, UserRef, Users,
};
use portcullis_testkit::ManualClock;

use crate::common::{Harness, PASSWORD, harness_on, tokens};
use crate::watched::Watched;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn refresh_of(session: &Session) -> String {
    tokens(session).refresh().to_owned()
}

async fn next(users: &Users, token: &str) -> Session {
    users.refresh(token).await.unwrap()
}

fn owner(session: &Session) -> UserRef {
    UserRef::new("users", session.user.id)
}

fn family(session: &Session) -> RecordId {
    session.id().parse().unwrap()
}

fn watched() -> Harness<Watched> {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    harness_on(store, clock, Collection::new(), |builder| builder)
}

async fn remembered(harness: &Harness, email: &str) -> Session {
    harness.register(email).await;
    let login = Login {
        email: email.to_owned(),
        password: PASSWORD.to_owned().into(),
        remember: true,
        mode: Some(Mode::Token),
    };
    let LoggedIn::Done(session) = harness.users().login(login).await.unwrap() else {
        panic!("there is no second factor");
    };
    session
}

async fn update(harness: &Harness, session: &Session, change: impl FnOnce(&mut UserUpdate)) {
    let mut update = UserUpdate::new(
        owner(session),
        harness
            .store
            .user(&owner(session))
            .await
            .unwrap()
            .unwrap()
            .updated_at,
    );
    change(&mut update);
    harness
        .store
        .commit(&[Change::UpdateUser(Box::new(update))])
        .await
        .unwrap();
}
