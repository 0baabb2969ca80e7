//! From a request to a row of the table, through what the row asks for, to its handler.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use portcullis_core::{AuthContext, AuthUser, Denial, permission};
use tower_service::Service;

use super::answer::Answer;
use super::members::Members;
use super::path::{Found, find, not_found};
use super::route::{By, Call, Route, Who};
use super::{body, openapi};
use crate::users::Users;
use crate::{Accounts, Origin};

/// What stands inside the layer that finds out who is calling.
#[derive(Debug, Clone)]
pub(super) struct Dispatch {
    accounts: Accounts,
    prefix: Arc<str>,
}

impl Dispatch {
    pub(super) fn new(accounts: Accounts, prefix: Arc<str>) -> Self {
        Self { accounts, prefix }
    }

    async fn answer<B>(self, head: Parts, body: B) -> Response<Full<Bytes>>
    where
        B: http_body::Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        match self.run(&head, body).await {
            Ok(answer) => answer.into_response(),
            Err(denial) => refuse(denial, &head),
        }
    }

    async fn run<B>(&self, head: &Parts, body: B) -> Result<Answer, Denial>
    where
        B: http_body::Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let path = head.uri.path();
        let path = path.strip_prefix(&*self.prefix).unwrap_or(path);
        let realms = &self.accounts.inner.realms;
        let found = find(&head.method, path, |name| realms.contains_key(name))?;
        if found.route.name == openapi::OPERATION {
            return openapi::answer(&self.accounts, &self.prefix);
        }
        let users = self.users(&found, head)?;
        let caller = self.admit(found.route, users.as_ref(), head).await?;
        let query = Members::read_query(head.uri.query().unwrap_or_default(), found.route.query)?;
        let members = members(found.route, head, body).await?;
        let call = Call {
            accounts: self.accounts.clone(),
            users,
            caller,
            id: found.id.to_owned(),
            members,
            query,
            raw_query: head.uri.query().unwrap_or_default().to_owned(),
        };
        (found.route.run)(call).await
    }

    /// The users of the collection in the path, called from where the request comes from.
    fn users(&self, found: &Found<'_>, head: &Parts) -> Result<Option<Users>, Denial> {
        let Some(collection) = found.collection else {
            return Ok(None);
        };
        let users = self.accounts.users_of(collection).ok_or_else(not_found)?;
        let origin = Origin::of(head, &self.accounts.inner.addresses);
        Ok(Some(
            users.from(origin.counted(found.route.limit.is_some())),
        ))
    }

    /// Limits first, then who may call: nothing of the body has been read by then.
    async fn admit(
        &self,
        route: &Route,
        users: Option<&Users>,
        head: &Parts,
    ) -> Result<Option<AuthUser>, Denial> {
        let caller = AuthUser::of(&head.extensions)?.cloned();
        let Some(users) = users else {
            return Ok(caller);
        };
        if let Some(limit) = route.limit {
            users.count(limit(&self.accounts.inner.limits)).await?;
        }
        let own = caller.filter(|caller| users.id_of(caller).is_ok());
        if route.who != Who::Anyone {
            let caller = own.as_ref().ok_or_else(Denial::unauthenticated)?;
            route.who.admit(users, caller)?;
        }
        Ok(own)
    }
}

impl Who {
    fn admit(self, users: &Users, caller: &AuthUser) -> Result<(), Denial> {
        match self {
            Self::Anyone => Ok(()),
            Self::User(by) => by.admit(users, caller),
            Self::Permitted(name) => caller.require(&permission(name)),
            Self::FreshPermitted(name) => By::NotKey
                .admit(users, caller)
                .and_then(|()| caller.require(&permission(name)))
                .and_then(|()| users.require_fresh(caller)),
        }
    }
}

impl By {
    fn admit(self, users: &Users, caller: &AuthUser) -> Result<(), Denial> {
        match self {
            Self::Any => Ok(()),
            Self::NotKey => users.not_by_key(caller),
            Self::NotKeyUnlessAdmin => users.not_by_key_unless_admin(caller),
            Self::Fresh => users
                .not_by_key(caller)
                .and_then(|()| users.require_fresh(caller)),
        }
    }
}

/// In the application's own shape, if it has one, and with the request's id.
fn refuse(denial: Denial, head: &Parts) -> Response<Full<Bytes>> {
    let context = AuthContext::of(&head.extensions)
        .cloned()
        .unwrap_or_else(|_| AuthContext::new(None));
    let lacks_challenge =
        denial.status() == StatusCode::UNAUTHORIZED && denial.challenges().is_empty();
    let challenges = context.challenges().iter().filter(|_| lacks_challenge);
    let denial = challenges.fold(denial, |denial, challenge| {
        denial.with_challenge(challenge.clone())
    });
    context.renderer().refuse(denial, head).map(Full::new)
}

async fn members<B>(route: &Route, head: &Parts, body: B) -> Result<Members, Denial>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let Some(expected) = &route.body else {
        return Ok(Members::default());
    };
    match body::read(head, body, expected.optional).await? {
        Some(bytes) => Members::read(&bytes, expected),
        None => Ok(Members::default()),
    }
}

impl<B> Service<Request<B>> for Dispatch
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        let dispatch = self.clone();
        Box::pin(async move { Ok(dispatch.answer(head, body).await) })
    }
}
