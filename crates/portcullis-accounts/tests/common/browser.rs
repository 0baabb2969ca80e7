//! A browser: it keeps cookies, and has an address.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http::header::COOKIE;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use portcullis_accounts::store::AccountStore;
use portcullis_accounts::{LoggedIn, Login, Mode, Origin, Session, Users};
use portcullis_core::{AuthUser, Denial, PeerAddress, TrustedProxies, client_address};

use tower::{Layer, ServiceExt, service_fn};

use crate::common::Harness;

/// A clone is another browser that was given the same cookies.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
    address: SocketAddr,
}

impl Browser {
    pub(crate) fn at(address: &str) -> Self {
        Self {
            cookies: BTreeMap::new(),
            address: format!("{address}:4711").parse().unwrap(),
        }
    }

    pub(crate) fn request(&self) -> Parts {
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder().extension(PeerAddress(self.address));
        if !pairs.is_empty() {
            request = request.header(COOKIE, pairs.join("; "));
        }
        request.body(()).unwrap().into_parts().0
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::of(&self.request(), &client_address(TrustedProxies::default()))
    }

    /// The users, as this browser calls them.
    pub(crate) fn users<S: AccountStore>(&self, harness: &Harness<S>) -> Users {
        harness.users().from(self.origin())
    }

    /// Who this browser is logged in as.
    pub(crate) async fn caller<S: AccountStore>(
        &self,
        harness: &Harness<S>,
    ) -> Result<AuthUser, Denial> {
        let seen = Arc::new(Mutex::new(None));
        let service = harness.accounts.authn().layer(service_fn({
            let seen = Arc::clone(&seen);
            move |request: Request<()>| {
                let user = AuthUser::of(request.extensions()).map(Option::<&AuthUser>::cloned);
                *seen.lock().unwrap() = user.unwrap();
                async { Ok::<_, Infallible>(Response::new(String::new())) }
            }
        }));
        let request = Request::from_parts(self.request(), ());
        let response = service.oneshot(request).await.unwrap();
        if let Some(denial) = response.extensions().get::<Denial>() {
            return Err(denial.clone());
        }
        let user = seen.lock().unwrap().take();
        user.ok_or_else(Denial::unauthenticated)
    }

    /// Takes a `Set-Cookie` value.
    pub(crate) fn keep(&mut self, line: &HeaderValue) {
        let text = line.to_str().unwrap();
        let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
        match text.contains("Max-Age=0") {
            true => self.cookies.remove(name),
            false => self.cookies.insert(name.to_owned(), value.to_owned()),
        };
    }

    pub(crate) fn keep_all(&mut self, session: &Session) {
        session.cookies().for_each(|line| self.keep(line));
    }

    pub(crate) async fn try_login<S: AccountStore>(
        &mut self,
        harness: &Harness<S>,
        email: &str,
        password: &str,
        remember: bool,
    ) -> Result<Session, Denial> {
        let login = Login {
            email: email.to_owned(),
            password: password.to_owned().into(),
            remember,
            mode: Some(Mode::Cookie),
        };
        match self.users(harness).login(login).await? {
            LoggedIn::Done(session) => {
                self.keep_all(&session);
                Ok(session)
            }
            other => panic!("not done: {other:?}"),
        }
    }

    pub(crate) async fn login<S: AccountStore>(
        &mut self,
        harness: &Harness<S>,
        email: &str,
        password: &str,
    ) -> Session {
        self.try_login(harness, email, password, true)
            .await
            .unwrap()
    }
}
