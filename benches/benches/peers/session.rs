//! Sessions in memory, read.

use std::convert::Infallible;
use std::sync::Arc;

use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthnBackend};
use http::header::{COOKIE, SET_COOKIE};
use http::{Request, Response, StatusCode};
use portcullis_benches::{
    Case, Lane, Limit, Outcome, Race, Row, Section, allocations, nanos, times,
};
use portcullis_core::{AuthUser, AuthnLayer};
use portcullis_session::{
    CookieSessions, Login, MemorySessions, SessionCookie, SessionLayer, Sessions,
};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_sessions_014 as older;

use crate::floor::in_e;
use crate::request::{plain, with};

/// The sessions that are in use, each in its turn; those of two threads are the same.
const SESSIONS: usize = 64;

pub(crate) fn enter(race: &mut Race) {
    enter_contenders(race, "session: ours", ours());
    enter_contenders(race, "session: ours, by cookie", by_cookie());
    enter_contenders(race, "session: tower-sessions", tower_sessions());
    enter_contenders(race, "session: axum-login", axum_login());
}

/// A service in which the sessions are open, and their cookies.
type Contender<S> = (S, Arc<[String]>);

fn enter_contenders<S, B>(race: &mut Race, name: &str, (service, cookies): Contender<S>)
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
{
    let lane = || {
        let cookies = Arc::clone(&cookies);
        let request = move |n: usize| with(COOKIE, &cookies[n % cookies.len()]);
        Lane::service(StatusCode::OK, service.clone(), request)
    };
    race.enter(name, Case::new(lane()));
    race.enter(format!("{name}, one thread"), Case::threads([lane()]));
    race.enter(
        format!("{name}, two threads"),
        Case::threads([lane(), lane()]),
    );
}

/// Sends a request without a cookie for each session: the handlers then log in.
fn open<S, B>(service: &S) -> Arc<[String]>
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible> + Clone,
{
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("the system gives a runtime");
    let cookie = |_| {
        let response = runtime.block_on(service.clone().oneshot(plain()));
        let response = response.unwrap_or_else(|never| match never {});
        let cookie = response.headers()[SET_COOKIE].to_str();
        let cookie = cookie.expect("a cookie is ASCII").split(';').next();
        cookie.unwrap_or_default().to_owned()
    };
    (0..SESSIONS).map(cookie).collect()
}

fn answer(is_known: bool) -> Result<Response<()>, Infallible> {
    let mut response = Response::new(());
    if !is_known {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    Ok(response)
}

/// Ours: the layer, the scheme, and the user in the extensions.
fn ours() -> Contender<
    impl Service<Request<()>, Response = Response<impl Sized>, Error = Infallible>
    + Clone
    + Send
    + 'static,
> {
    let sessions = Sessions::new();
    let handle = sessions.clone();
    let service = tower::ServiceBuilder::new()
        .layer(SessionLayer::new(MemorySessions::new()))
        .layer(AuthnLayer::new().scheme(sessions))
        .service(service_fn(move |request: Request<()>| {
            let handle = handle.clone();
            async move {
                let extensions = request.extensions();
                if extensions.get::<AuthUser>().is_some() {
                    return answer(true);
                }
                let session = extensions.get::<tower_sessions::Session>();
                let session = session.expect("the layer is there");
                let login = Login::new("u-000001").roles(["user"]);
                handle.login(session, login).await.expect("memory is there");
                answer(false)
            }
        }));
    let cookies = open(&service);
    (service, cookies)
}

/// Ours without a manager: the scheme reads the cookie.
fn by_cookie() -> Contender<
    impl Service<Request<()>, Response = Response<impl Sized>, Error = Infallible>
    + Clone
    + Send
    + 'static,
> {
    let store = MemorySessions::new();
    let sessions = CookieSessions::new(Sessions::new(), store, &SessionCookie::new());
    let handle = sessions.clone();
    let handler = service_fn(move |request: Request<()>| {
        let handle = handle.clone();
        async move {
            if request.extensions().get::<AuthUser>().is_some() {
                return answer(true);
            }
            let login = Login::new("u-000001").roles(["user"]);
            let login = handle.login(request.headers(), login).await;
            let (_, cookie) = login.expect("memory is there");
            let mut response = answer(false)?;
            response.headers_mut().insert(SET_COOKIE, cookie);
            Ok(response)
        }
    });
    let service = AuthnLayer::new().scheme(sessions).layer(handler);
    let cookies = open(&service);
    (service, cookies)
}

/// tower-sessions alone: a text that names the user.
fn tower_sessions() -> Contender<
    impl Service<Request<()>, Response = Response<()>, Error = Infallible> + Clone + Send + 'static,
> {
    let store = tower_sessions::MemoryStore::default();
    let layer = tower_sessions::SessionManagerLayer::new(store);
    let service = layer.layer(service_fn(|request: Request<()>| async move {
        let session = request.extensions().get::<tower_sessions::Session>();
        let session = session.expect("the layer is there");
        let user: Option<String> = session.get("user").await.expect("memory is there");
        if user.is_none() {
            let user = session.insert("user", "u-000001").await;
            user.expect("memory is there");
        }
        answer(user.is_some())
    }));
    let cookies = open(&service);
    (service, cookies)
}

/// axum-login: the user out of a back end that has it at hand.
fn axum_login() -> Contender<
    impl Service<Request<()>, Response = Response<()>, Error = Infallible> + Clone + Send + 'static,
> {
    let store = older::MemoryStore::default();
    let manager = older::SessionManagerLayer::new(store);
    let layer = AuthManagerLayerBuilder::new(Backend, manager).build();
    let service = layer.layer(service_fn(|mut request: Request<()>| async move {
        let session = request.extensions_mut().get_mut::<AuthSession<Backend>>();
        let session = session.expect("the layer is there");
        let is_known = session.user.is_some();
        if !is_known {
            session.login(&User).await.expect("memory is there");
        }
        answer(is_known)
    }));
    let cookies = open(&service);
    (service, cookies)
}

#[derive(Debug, Clone)]
struct Backend;

#[derive(Debug, Clone)]
struct User;

impl axum_login::AuthUser for User {
    type Id = u64;

    fn id(&self) -> u64 {
        1
    }

    fn session_auth_hash(&self) -> &[u8] {
        b"the hash of a password, of 32 b."
    }
}

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = ();
    type Error = Infallible;

    async fn authenticate(&self, (): ()) -> Result<Option<User>, Infallible> {
        Ok(Some(User))
    }

    async fn get_user(&self, _: &u64) -> Result<Option<User>, Infallible> {
        Ok(Some(User))
    }
}

pub(crate) fn report(outcome: &Outcome) -> Section {
    let text = |name: &str| {
        let measured = &outcome[name];
        format!(
            "{}, {}",
            nanos(measured.nanos()),
            allocations(measured.allocations)
        )
    };
    let ours = "session: ours";
    let faster = outcome["session: axum-login"].nanos() / outcome[ours].nanos();
    let gain = |name: &str| {
        let threads = |count: &str| outcome[&*format!("{name}, {count}")].per_second();
        threads("two threads") / threads("one thread")
    };
    let read = Row::new("session read")
        .target("≥ 2 × axum-login", [Limit::at_least("lead", faster, 2.0)])
        .measured(format!(
            "{}: {} = {:.2} E",
            times(faster),
            text(ours),
            in_e(outcome, ours)
        ))
        .beside(format!(
            "without a manager (`CookieSessions`) {}; axum-login {}; tower-sessions alone {}",
            text("session: ours, by cookie"),
            text("session: axum-login"),
            text("session: tower-sessions")
        ));
    let threads = Row::new("the same on two threads")
        .target(
            "≥ 1.3 × one thread",
            [Limit::at_least("throughput", gain(ours), 1.3)],
        )
        .measured(times(gain(ours)))
        .beside(format!(
            "without a manager {}; axum-login {}; tower-sessions alone {}",
            times(gain("session: ours, by cookie")),
            times(gain("session: axum-login")),
            times(gain("session: tower-sessions"))
        ));
    Section {
        title: "Sessions in memory",
        note: format!(
            "{SESSIONS} open sessions, read in turn, by the whole stack: cookie, store, user. axum-login's back end has its user at \
             hand. On two threads, both read the same sessions."
        ),
        rows: vec![read, threads],
    }
}
