//! A small application behind the layers, a browser that keeps cookies, and a store that can be watched and broken.
#![allow(dead_code)]

pub(crate) mod browser;
pub(crate) mod watched;

use std::sync::Arc;

use http::{Request, Response};
use http_body_util::BodyExt;
use portcullis_core::{AuthUser, AuthnLayer, Denial, ResponseBody};
use portcullis_session::{AUTH_KEY, Login, SessionLayer, Sessions};
use portcullis_testkit::ManualClock;
use tokio::sync::Semaphore;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_sessions::{Session, SessionStore};

pub(crate) use self::browser::Browser;

pub(crate) type App = BoxCloneSyncService<Request<String>, Response<String>, Denial>;

/// Where slow requests stand still, and by which the test lets them go.
#[derive(Clone)]
pub(crate) struct Gate {
    arrived: Arc<Semaphore>,
    released: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self {
            arrived: closed(),
            released: closed(),
        }
    }

    async fn stand(&self) {
        self.arrived.add_permits(1);
        self.released.acquire().await.unwrap().forget();
    }

    pub(crate) async fn until_somebody_stands(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    pub(crate) fn release(&self) {
        self.released.add_permits(1);
    }
}

/// The application: the session layer, the scheme, and a handler for each thing that can be done.
pub(crate) fn app<Store>(store: Store, sessions: &Sessions, clock: &ManualClock) -> App
where
    Store: SessionStore + Clone,
{
    app_within(
        SessionLayer::new(store).with_clock(clock.shared()),
        sessions,
        &Gate::new(),
    )
}

/// The same with a session layer of the test's choice.
pub(crate) fn app_within<Store>(layer: SessionLayer<Store>, sessions: &Sessions, gate: &Gate) -> App
where
    Store: SessionStore + Clone,
{
    let (handle, gate) = (sessions.clone(), gate.clone());
    let service = ServiceBuilder::new()
        .layer(layer)
        .layer(AuthnLayer::new().scheme(sessions.clone()))
        .service(service_fn(move |request| {
            handle_request(handle.clone(), gate.clone(), request)
        }))
        .and_then(read);
    BoxCloneSyncService::new(service)
}

/// A refusal of the layer's comes as bytes.
async fn read(response: Response<ResponseBody<String>>) -> Result<Response<String>, Denial> {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Ok(Response::from_parts(
        parts,
        String::from_utf8(bytes.to_vec()).unwrap(),
    ))
}

async fn handle_request(
    sessions: Sessions,
    gate: Gate,
    request: Request<String>,
) -> Result<Response<String>, Denial> {
    match act(&sessions, &gate, &request).await {
        Ok(text) => Ok(Response::new(text)),
        Err(denial) => {
            let mut response = Response::new(denial.code().to_owned());
            *response.status_mut() = denial.status();
            Ok(response)
        }
    }
}

/// `/what/argument`; `/slow/what/argument` looks into the session first, then stands at the gate.
async fn act(
    sessions: &Sessions,
    gate: &Gate,
    request: &Request<String>,
) -> Result<String, Denial> {
    let session = request.extensions().get::<Session>().unwrap();
    let user = AuthUser::of(request.extensions())?;
    let path = request.uri().path().trim_start_matches('/');
    let path = match path.strip_prefix("slow/") {
        Some(rest) => {
            let _: Option<String> = session.get("x").await.unwrap();
            gate.stand().await;
            rest
        }
        None => path,
    };
    let (what, argument) = path.split_once('/').unwrap_or((path, ""));
    match what {
        "me" => return Ok(user.map_or("nobody", |user| user.id()).to_owned()),
        "show" => return Ok(serde_json::to_string(&user).unwrap()),
        "public" => return Ok(String::from("public")),
        "login" => drop(sessions.login(session, login(argument)).await?),
        "logout" => {
            let ended = sessions.logout(session).await?;
            return Ok(ended.map(|_| "ended").unwrap_or_default().to_owned());
        }
        "half" => {
            sessions
                .begin_second_factor(session, login(argument))
                .await?;
        }
        "complete" => drop(sessions.complete_second_factor(session, ["otp"]).await?),
        "step-up" => drop(sessions.reauthenticate(session, ["otp"]).await?),
        "rights" => drop(sessions.change_rights(session, [argument], []).await?),
        "rotate" => drop(sessions.rotate(session).await?),
        "put" => session.insert("x", argument).await.unwrap(),
        "put-cart" => session.insert("cart", argument).await.unwrap(),
        "put-auth" => session.insert(AUTH_KEY, from_hex(argument)).await.unwrap(),
        "clear" => session.clear().await,
        "cycle" => session.cycle_id().await.unwrap(),
        "get" => return Ok(value(session, "x").await),
        "get-cart" => return Ok(value(session, "cart").await),
        "fail" => {
            session.insert("x", argument).await.unwrap();
            return Err(Denial::unavailable());
        }
        _ => panic!("the test asks for {path}"),
    }
    Ok(String::new())
}

fn from_hex(hex: &str) -> String {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    String::from_utf8(hex.as_bytes().chunks(2).map(byte).collect()).unwrap()
}

async fn value(session: &Session, key: &str) -> String {
    let value: Option<String> = session.get(key).await.unwrap();
    value.unwrap_or_else(|| String::from("nothing"))
}

/// `alice`, or `alice+remember`.
fn login(argument: &str) -> Login {
    let (user, remember) = match argument.strip_suffix("+remember") {
        Some(user) => (user, true),
        None => (argument, false),
    };
    Login::new(user)
        .remember(remember)
        .amr(["pwd"])
        .roles(["user"])
}
