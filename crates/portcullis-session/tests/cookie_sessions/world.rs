use std::time::Duration;

use http::header::COOKIE;
use http::request::Parts;
use http::{HeaderValue, Request};
use portcullis_core::{Attempt, Clock, Denial, Scheme};
use portcullis_session::{
    AuthRecord, CookieSessions, Login, MemorySessions, SessionCookie, SessionOwner, Sessions,
};
use portcullis_testkit::ManualClock;
use tower_sessions::session::Id;

use crate::watched::Watched;

pub(crate) struct World {
    pub(crate) sessions: CookieSessions,
    pub(crate) store: Watched<MemorySessions>,
    pub(crate) clock: ManualClock,
}

pub(crate) fn world() -> World {
    world_with(|sessions| sessions)
}

pub(crate) fn world_with(settings: impl Fn(Sessions) -> Sessions) -> World {
    let clock = ManualClock::new();
    let store = Watched::new(MemorySessions::new().with_clock(clock.shared()));
    let sessions = settings(Sessions::new().with_clock(clock.shared()));
    World {
        sessions: CookieSessions::new(sessions, store.clone(), &SessionCookie::new()),
        store,
        clock,
    }
}

/// A GET with these `Cookie` lines.
pub(crate) fn request(lines: &[&str]) -> Parts {
    let request = lines.iter().fold(Request::builder(), |request, line| {
        request.header(COOKIE, *line)
    });
    request.body(()).unwrap().into_parts().0
}

/// A GET with this session id in the cookie.
pub(crate) fn with_id(id: &str) -> Parts {
    request(&[&format!("__Host-session={id}")])
}

/// What a `Set-Cookie` value gives the browser: the session id, and the token of a remembered login.
pub(crate) fn id_in(set_cookie: &HeaderValue) -> String {
    let pair = set_cookie.to_str().unwrap().split(';').next().unwrap();
    pair.strip_prefix("__Host-session=").unwrap().to_owned()
}

pub(crate) fn alice() -> Login {
    Login::new("alice").amr(["pwd"]).roles(["user"])
}

pub(crate) fn owner() -> SessionOwner {
    SessionOwner::new("users", "alice")
}

/// Who the scheme says is calling, as an `AuthnLayer` would ask it.
pub(crate) async fn who(sessions: &CookieSessions, request: &Parts) -> Result<String, Denial> {
    let user = match sessions.authenticate(request) {
        Attempt::Absent => return Ok(String::from("absent")),
        Attempt::Ready(result) => Some(result?),
        Attempt::Pending(future) => future.await?,
    };
    Ok(user.map_or_else(|| String::from("nobody"), |user| user.id().to_owned()))
}

impl World {
    /// Logs in from a request without a cookie: the login, and its id.
    pub(crate) async fn log_in(&self, login: Login) -> (AuthRecord, String) {
        self.log_in_from(&request(&[]), login).await
    }

    pub(crate) async fn log_in_from(&self, request: &Parts, login: Login) -> (AuthRecord, String) {
        let result = self.sessions.login(&request.headers, login).await;
        let (login, set_cookie) = result.unwrap();
        (login, id_in(&set_cookie))
    }

    /// Sets the clock to so long after the start of all tests.
    pub(crate) fn at(&self, after_start: Duration) {
        let start = ManualClock::new().now();
        self.clock.set(start.saturating_add(after_start));
    }

    pub(crate) async fn who(&self, id: &str) -> String {
        who(&self.sessions, &with_id(id)).await.unwrap()
    }

    pub(crate) async fn is_stored(&self, id: &str) -> bool {
        use tower_sessions::SessionStore;
        let id: Id = id.split('.').next().unwrap().parse().unwrap();
        self.store.store.load(&id).await.unwrap().is_some()
    }
}
