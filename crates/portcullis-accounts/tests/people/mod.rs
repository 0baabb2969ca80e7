//! People for the tests of accounts, keys and administration: somebody with a login, and somebody with a key.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use portcullis_accounts::store::AccountStore;
use portcullis_accounts::{
    Application, CreatedKey, Credentials, LoggedIn, Login, Mode, NewKey, NewUser, UserView, Users,
};
use portcullis_core::{AuthUser, Denial};

use crate::common::{Harness, PASSWORD, tokens};

/// Somebody who is logged in by tokens.
pub struct Person {
    pub id: String,
    pub email: String,
    pub caller: AuthUser,
    pub access: String,
    pub refresh: String,
}

impl Person {
    /// Who the access token stands for by now.
    pub async fn by_token<S: AccountStore>(&self, h: &Harness<S>) -> Result<AuthUser, Denial> {
        let bearer = format!("Bearer {}", self.access);
        h.caller_by("authorization", &bearer).await
    }
}

/// A user of `users` with the default role.
pub async fn user<S: AccountStore>(h: &Harness<S>, email: &str) -> Person {
    person(h, NewUser::new(email)).await
}

/// A user of `users` with this role alone.
pub async fn with_role<S: AccountStore>(h: &Harness<S>, email: &str, role: &str) -> Person {
    person(h, NewUser::new(email).roles([role])).await
}

/// A user of `users` with the default role and these permissions.
pub async fn with_permissions<S: AccountStore>(
    h: &Harness<S>,
    email: &str,
    permissions: &[&str],
) -> Person {
    let mut new = NewUser::new(email);
    new.permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
    person(h, new).await
}

pub async fn person<S: AccountStore>(h: &Harness<S>, new: NewUser) -> Person {
    person_of(h, &h.users(), new).await
}

/// A user of any collection, made by the application and logged in by tokens.
pub async fn person_of<S: AccountStore>(h: &Harness<S>, users: &Users, new: NewUser) -> Person {
    let email = new.email.clone();
    let made = users.as_application();
    made.create_user(new.password(PASSWORD).verified())
        .await
        .unwrap();
    log_in(h, users, &email).await
}

pub async fn log_in<S: AccountStore>(h: &Harness<S>, users: &Users, email: &str) -> Person {
    let login = login(email, Mode::Token);
    let LoggedIn::Done(session) = users.login(login).await.unwrap() else {
        panic!("not done");
    };
    let tokens = tokens(&session);
    let access = tokens.access().to_owned();
    let bearer = format!("Bearer {access}");
    Person {
        id: session.user.id.to_string(),
        email: email.to_owned(),
        caller: h.caller_by("authorization", &bearer).await.unwrap(),
        access,
        refresh: tokens.refresh().to_owned(),
    }
}

pub fn login(email: &str, mode: Mode) -> Login {
    Login {
        email: email.to_owned(),
        password: PASSWORD.to_owned().into(),
        mode: Some(mode),
        ..Login::default()
    }
}

/// Logs somebody in by cookie, and gives the `Cookie` header.
pub async fn cookie_of<S: AccountStore>(h: &Harness<S>, email: &str) -> String {
    let LoggedIn::Done(session) = h.users().login(login(email, Mode::Cookie)).await.unwrap() else {
        panic!("not done");
    };
    let Credentials::Cookie(cookie) = session.credentials else {
        panic!("no cookie");
    };
    let text = cookie.to_str().unwrap();
    text.split(';').next().unwrap().to_owned()
}

/// A key with these scopes.
pub async fn key<S: AccountStore>(
    h: &Harness<S>,
    owner: &AuthUser,
    scopes: Option<&[&str]>,
) -> CreatedKey {
    let users = h.accounts.users_of(owner.collection()).unwrap();
    users.create_key(owner, new_key(scopes)).await.unwrap()
}

pub fn new_key(scopes: Option<&[&str]>) -> NewKey {
    NewKey {
        name: "ci".to_owned(),
        scopes: scopes.map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()).collect()),
        expires_at: None,
    }
}

/// Who calls with this key.
pub async fn by_key<S: AccountStore>(h: &Harness<S>, key: &str) -> Result<AuthUser, Denial> {
    h.caller_by("x-api-key", key).await
}

pub fn application<S: AccountStore>(h: &Harness<S>) -> Application {
    h.users().as_application()
}

/// An account as it is now.
pub async fn view<S: AccountStore>(h: &Harness<S>, id: &str) -> UserView {
    application(h).user(id).await.unwrap()
}

/// How many entries of this kind the audit trail has.
pub async fn count<S: AccountStore>(h: &Harness<S>, kind: &str) -> usize {
    let trail = h.audit().await;
    trail
        .iter()
        .filter(|event| event.kind.as_str() == kind)
        .count()
}
