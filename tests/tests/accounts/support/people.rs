use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use portcullis::accounts::{
    CreatedKey, Credentials, LoggedIn, Login, Mode, NewKey, Session, Tokens, Users,
};
use portcullis::{Accounts, AuthUser, Denial, Register, accounts::Registered};
use tower::{Layer, ServiceExt, service_fn};

use super::PASSWORD;

/// Who calls a node with this header.
pub(crate) async fn enter_by(
    accounts: &Accounts,
    name: &str,
    value: &str,
) -> Result<AuthUser, Denial> {
    let seen = Arc::new(Mutex::new(None));
    let service = accounts.authn().layer(service_fn({
        let seen = Arc::clone(&seen);
        move |request: Request<()>| {
            let user = AuthUser::of(request.extensions()).map(Option::<&AuthUser>::cloned);
            *seen.lock().unwrap() = user.unwrap();
            async { Ok::<_, Infallible>(Response::new(String::new())) }
        }
    }));
    let request = Request::builder().header(name, value).body(()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    if let Some(denial) = response.extensions().get::<Denial>() {
        return Err(denial.clone());
    }
    let user = seen.lock().unwrap().take();
    user.ok_or_else(Denial::unauthenticated)
}

impl super::Node {
    /// Who calls with this access token.
    pub(crate) async fn by_token(&self, access: &str) -> Result<AuthUser, Denial> {
        enter_by(&self.accounts, "authorization", &format!("Bearer {access}")).await
    }

    /// Who calls with this key.
    pub(crate) async fn by_key(&self, key: &str) -> Result<AuthUser, Denial> {
        enter_by(&self.accounts, "x-api-key", key).await
    }

    /// Who calls with this cookie.
    pub(crate) async fn by_cookie(&self, cookie: &str) -> Result<AuthUser, Denial> {
        enter_by(&self.accounts, "cookie", cookie).await
    }
}

pub(crate) async fn register(users: &Users, email: &str) -> Session {
    match users.register(Register::new(email, PASSWORD)).await {
        Ok(Registered::LoggedIn(session)) => session,
        other => panic!("no session: {other:?}"),
    }
}

pub(crate) async fn try_log_in(
    users: &Users,
    email: &str,
    password: &str,
    mode: Mode,
) -> Result<Session, Denial> {
    let login = Login {
        email: email.to_owned(),
        password: password.to_owned().into(),
        mode: Some(mode),
        ..Login::default()
    };
    match users.login(login).await? {
        LoggedIn::Done(session) => Ok(session),
        other => panic!("not done: {other:?}"),
    }
}

pub(crate) async fn log_in(users: &Users, email: &str) -> Session {
    let session = try_log_in(users, email, PASSWORD, Mode::Token).await;
    session.unwrap()
}

pub(crate) async fn key_of(users: &Users, owner: &AuthUser) -> CreatedKey {
    let key = NewKey {
        name: "ci".to_owned(),
        ..NewKey::default()
    };
    users.create_key(owner, key).await.unwrap()
}

pub(crate) fn tokens(session: &Session) -> &Tokens {
    match &session.credentials {
        Credentials::Tokens(tokens) => tokens,
        Credentials::Cookie(_) => panic!("a cookie, no tokens"),
    }
}

/// The cookie of a session, as the browser sends it.
pub(crate) fn cookie_of(session: &Session) -> String {
    let Credentials::Cookie(cookie) = &session.credentials else {
        panic!("tokens, no cookie");
    };
    let text = cookie.to_str().unwrap();
    text.split(';').next().unwrap().to_owned()
}

/// The token of the link in a mail.
pub(crate) fn token_in(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("#token=")?;
    Some(rest.split_whitespace().next()?.to_owned())
}

/// The code of a refusal.
pub(crate) fn code<T: Debug>(result: Result<T, Denial>) -> String {
    match result {
        Ok(done) => panic!("not refused: {done:?}"),
        Err(denial) => format!("{} {}", denial.status().as_u16(), denial.code()),
    }
}
