//! A JWKS endpoint that is slow to answer a routine refresh: who waits for it?

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, StatusCode};
use jwt_authorizer::{JwtAuthorizer, Refresh, RefreshStrategy};
use portcullis_benches::{Answer, Latencies, Limit, Row, Section, Settings, nanos};
use portcullis_core::{AuthUser, AuthnLayer};
use portcullis_jwt::{Bearer, RemoteKeys, Verifier};
use tower::{Layer, Service};

use crate::jwt::{authorizer_layer, validation};
use crate::reply::{reads, replies};
use crate::request::bearer;
use crate::token::{AUDIENCE, ISSUER, Issuer, KID};

/// Clients that come at the same time.
const CLIENTS: usize = 8;

/// How far apart the requests of a client are.
const EVERY: Duration = Duration::from_millis(2);

/// How long it all takes, in what order of size.
#[derive(Clone, Copy)]
struct Times {
    trial: Duration,
    refresh: Duration,
    /// What the endpoint needs for every answer but the first.
    delay: Duration,
    /// Whoever needs longer than this has waited for the endpoint.
    stall: Duration,
}

impl Times {
    fn new(settings: &Settings) -> Self {
        let is_quick = settings.divisor > 1;
        let trial = Duration::from_millis(if is_quick { 500 } else { 4_000 });
        Self {
            trial,
            refresh: trial / 10,
            delay: trial / 4,
            stall: trial / 40,
        }
    }
}

pub(crate) fn section(issuer: &Issuer, settings: &Settings) -> Section {
    let times = Times::new(settings);
    let token = issuer.token(1);
    let ours = {
        let endpoint = Endpoint::new(issuer, times.delay);
        let service = |runtime: &tokio::runtime::Runtime| {
            let layer = runtime.block_on(ours(&endpoint.url, times));
            layer.layer(reads::<AuthUser>())
        };
        trial(service, &token, times)
    };
    let peer = {
        let endpoint = Endpoint::new(issuer, times.delay);
        let layer = authorizer_layer(authorizer(&endpoint.url, times));
        trial(|_| layer.layer(replies()), &token, times)
    };
    let text = |latencies: &Latencies| {
        let longest = nanos(latencies.longest().as_nanos() as f64);
        let share = latencies.share_over(times.stall) * 100.0;
        let count = latencies.count();
        format!("{share:.1} % of {count} requests waited, the longest {longest}")
    };
    let limit = Limit::at_most("share that waited", ours.share_over(times.stall), 0.0);
    let row = Row::new("requests with a known key, while the endpoint is slow")
        .target("none waits", [limit])
        .measured(text(&ours))
        .beside(format!("jwt-authorizer: {}", text(&peer)));
    Section {
        title: "A slow JWKS endpoint",
        note: format!(
            "For {:?}, {CLIENTS} clients send an EdDSA token every {EVERY:?} (no cache). The keys are refreshed every {:?}, and the endpoint takes \
             {:?} to answer. A request that is answered more than {:?} after it was due has waited.",
            times.trial, times.refresh, times.delay, times.stall
        ),
        rows: vec![row],
    }
}

async fn ours(url: &str, times: Times) -> AuthnLayer {
    let keys = RemoteKeys::jwks(url)
        .with_insecure_http_for_loopback()
        .refresh_interval(times.refresh)
        .cool_down(times.refresh / 2)
        .build()
        .expect("the settings are good");
    keys.ready().await.expect("the endpoint answers at first");
    let verifier = Verifier::builder(keys).issuer(ISSUER).audience(AUDIENCE);
    AuthnLayer::new().scheme(Bearer::new(verifier.without_cache().build()))
}

fn authorizer(url: &str, times: Times) -> JwtAuthorizer<crate::token::Claims> {
    let refresh = Refresh {
        strategy: RefreshStrategy::Interval,
        refresh_interval: times.refresh,
        retry_interval: times.refresh / 2,
    };
    let builder = JwtAuthorizer::from_jwks_url(url);
    builder.validation(validation()).refresh(refresh)
}

/// Sends requests for the time of the trial and notes how long each took.
fn trial<S>(
    service: impl FnOnce(&tokio::runtime::Runtime) -> S,
    token: &str,
    times: Times,
) -> Latencies
where
    S: Service<Request<()>, Response: Answer, Error: Send, Future: Send> + Clone + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("the system gives a runtime");
    let service = service(&runtime);
    let end = Instant::now() + times.trial;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| runtime.spawn(client(service.clone(), token.to_owned(), end)))
        .collect();
    runtime.block_on(async {
        let mut all = Vec::new();
        for client in clients {
            all.extend(client.await.expect("no client panics"));
        }
        Latencies::new(all)
    })
}

/// Sends a request every [`EVERY`], whether or not the one before it is answered by then: a request that has to wait for another
/// is late, and that counts.
async fn client<S>(mut service: S, token: String, end: Instant) -> Vec<Duration>
where
    S: Service<Request<()>, Response: Answer>,
{
    let mut latencies = Vec::new();
    let mut due = Instant::now();
    while due < end {
        tokio::time::sleep_until(due.into()).await;
        if let Ok(response) = service.call(bearer(&token)).await {
            assert_eq!(response.status(), StatusCode::OK);
        }
        latencies.push(due.elapsed());
        due += EVERY;
    }
    latencies
}

/// An endpoint that answers at once the first time, and slowly ever after.
struct Endpoint {
    url: String,
    is_open: Arc<AtomicBool>,
}

impl Endpoint {
    fn new(issuer: &Issuer, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has free ports");
        let address = listener.local_addr().expect("it is bound");
        let is_open = Arc::new(AtomicBool::new(true));
        let (body, still_open) = (key_set(issuer), Arc::clone(&is_open));
        thread::spawn(move || {
            let mut delay_now = Duration::ZERO;
            for stream in listener.incoming() {
                if !still_open.load(Ordering::Acquire) {
                    return;
                }
                let body = body.clone();
                let delay = std::mem::replace(&mut delay_now, delay);
                thread::spawn(move || stream.and_then(|stream| answer(stream, &body, delay)));
            }
        });
        Self {
            url: format!("http://{address}/jwks"),
            is_open,
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.is_open.store(false, Ordering::Release);
        // So that it looks.
        let address = self
            .url
            .trim_start_matches("http://")
            .trim_end_matches("/jwks");
        drop(TcpStream::connect(address));
    }
}

fn answer(mut stream: TcpStream, body: &str, delay: Duration) -> std::io::Result<()> {
    let mut request = [0; 4096];
    // A request for a key set is one small packet.
    let _ = stream.read(&mut request)?;
    thread::sleep(delay);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn key_set(issuer: &Issuer) -> String {
    let x = URL_SAFE_NO_PAD.encode(&issuer.public_raw);
    format!(
        r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{KID}","alg":"EdDSA","use":"sig"}}]}}"#
    )
}
