//! Beside other schemes, beside a session manager of the application's own, behind foreign pages.

use http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use portcullis_core::{AuthUser, AuthnLayer, Denial, SchemeName};
use portcullis_jwt::{Algorithm, Bearer, Grant, Issuer, KeyRing, SigningKey, Verifier};
use portcullis_key::{ApiKey, ApiKeys, KeyPrefix, KeyRecord, MemoryKeys};
use portcullis_session::cross_site::AllowedOrigins;
use portcullis_session::{CookieSessions, MemorySessions, SessionCookie, SessionLayer, Sessions};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_sessions::Session;

use crate::world::{alice, id_in, request, who, with_id, world};

type App = BoxCloneSyncService<Request<()>, Response<String>, Denial>;

/// Says by which scheme who has come.
fn app(layer: AuthnLayer) -> App {
    let service = ServiceBuilder::new()
        .layer(layer)
        .service(service_fn(|request: Request<()>| async move {
            let user = AuthUser::of(request.extensions())?;
            let text = user.map(|user| format!("{} {}", user.scheme(), user.id()));
            Ok::<_, Denial>(Response::new(
                text.unwrap_or_else(|| String::from("nobody")),
            ))
        }))
        .and_then(
            |response: Response<portcullis_core::ResponseBody<String>>| async {
                let (parts, body) = response.into_parts();
                let bytes = body.collect().await.unwrap().to_bytes();
                Ok(Response::from_parts(
                    parts,
                    String::from_utf8(bytes.to_vec()).unwrap(),
                ))
            },
        );
    BoxCloneSyncService::new(service)
}

async fn ask(app: &App, authorization: Option<&str>, cookie: Option<&str>) -> (u16, String) {
    let mut request = Request::builder();
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    if let Some(cookie) = cookie {
        request = request.header(COOKIE, format!("__Host-session={cookie}"));
    }
    let response = app
        .clone()
        .oneshot(request.body(()).unwrap())
        .await
        .unwrap();
    let (head, body) = response.into_parts();
    match head.extensions.get::<Denial>() {
        Some(denial) => (head.status.as_u16(), denial.code().to_owned()),
        None => (head.status.as_u16(), body),
    }
}

/// Three schemes: an explicit credential wins over the cookie, good or broken, in whatever order the schemes are named.
#[tokio::test]
async fn an_explicit_credential_wins_over_the_cookie() {
    let world = world();
    let ring = KeyRing::new(SigningKey::generate(Algorithm::Es256).unwrap());
    let verifier = Verifier::builder(ring.clone()).build();
    let token = Issuer::new(ring).issue(&Grant::access("bob")).unwrap();
    let keys = MemoryKeys::new();
    let key = ApiKey::generate(&KeyPrefix::from_static("acme")).unwrap();
    let carol = AuthUser::builder(SchemeName::API_KEY, "carol");
    keys.insert(KeyRecord::for_key(&key, carol));
    let api_keys = ApiKeys::new(keys).prefixes([KeyPrefix::from_static("acme")]);
    let (_, id) = world.log_in(alice()).await;
    let layers = [
        AuthnLayer::new()
            .scheme(Bearer::new(verifier.clone()))
            .scheme(api_keys.clone())
            .scheme(world.sessions.clone()),
        AuthnLayer::new()
            .scheme(world.sessions.clone())
            .scheme(api_keys)
            .scheme(Bearer::new(verifier)),
    ];
    let bearer = format!("Bearer {}", token.as_str());
    let api_key = format!("ApiKey {}", key.expose());
    for app in layers.map(app) {
        let sent = async |authorization: Option<&str>, cookie: Option<&str>| {
            ask(&app, authorization, cookie).await
        };
        let good = Some(id.as_str());
        let dead = "AAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(sent(None, None).await, (200, "nobody".into()));
        assert_eq!(sent(None, good).await, (200, "session alice".into()));
        assert_eq!(sent(None, Some(dead)).await, (200, "nobody".into()));
        for cookie in [None, good, Some(dead), Some("junk")] {
            assert_eq!(sent(Some(&bearer), cookie).await, (200, "jwt bob".into()));
            assert_eq!(
                sent(Some(&api_key), cookie).await,
                (200, "apikey carol".into())
            );
            for broken in ["Bearer x.y.z", "ApiKey acme_x"] {
                let (status, code) = sent(Some(broken), cookie).await;
                assert_eq!(
                    status, 401,
                    "{broken} does not fall through to the cookie: {code}"
                );
            }
        }
    }
}

/// A store that is down does not stand in the way of other credentials.
#[tokio::test]
async fn a_store_that_is_down_is_503_through_the_layer() {
    let world = world();
    let (_, id) = world.log_in(alice()).await;
    let app = app(AuthnLayer::new().scheme(world.sessions.clone()));
    world.store.refuse_reads(true);
    assert_eq!(
        ask(&app, None, Some(&id)).await,
        (503, "unavailable".into())
    );
    assert_eq!(ask(&app, None, None).await, (200, "nobody".into()));
    assert_eq!(ask(&app, None, Some("junk")).await, (200, "nobody".into()));
}

/// The application's own sessions, under another cookie, around it all.
#[tokio::test]
async fn an_outer_session_manager_is_left_alone() {
    let world = world();
    let inner = world.sessions.clone();
    let own = SessionCookie::new().with_base_name("app").unwrap();
    let service = ServiceBuilder::new()
        .layer(SessionLayer::new(MemorySessions::new()).with_cookie(&own))
        .layer(AuthnLayer::new().scheme(world.sessions.clone()))
        .service(service_fn(move |request: Request<()>| {
            let inner = inner.clone();
            async move {
                let session = request.extensions().get::<Session>().unwrap();
                let count: u32 = session.get("count").await.unwrap().unwrap_or_default();
                session.insert("count", count + 1).await.unwrap();
                let user = AuthUser::of(request.extensions())?.map(|user| user.id().to_owned());
                let mut response = Response::new(());
                if user.is_none() {
                    let (_, set_cookie) = inner.login(request.headers(), alice()).await?;
                    response.headers_mut().append(SET_COOKIE, set_cookie);
                }
                response.extensions_mut().insert((user, count));
                Ok::<_, Denial>(response)
            }
        }));
    let mut cookies = String::new();
    for number in 0..3_u32 {
        let request = Request::builder()
            .header(COOKIE, &cookies)
            .body(())
            .unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        let seen = response
            .extensions()
            .get::<(Option<String>, u32)>()
            .unwrap();
        let expected = (number > 0).then(|| String::from("alice"));
        assert_eq!(*seen, (expected, number));
        if number == 0 {
            let set = response.headers().get_all(SET_COOKIE).iter();
            let set = set.map(|line| line.to_str().unwrap().split(';').next().unwrap());
            cookies = set.collect::<Vec<_>>().join("; ");
        }
    }
    assert!(cookies.contains("__Host-app=") && cookies.contains("__Host-session="));
}

/// A cookie that a foreign page sent along is no credential for what changes something.
#[tokio::test]
async fn a_foreign_page_is_403() {
    let world = world();
    let (_, id) = world.log_in(alice()).await;
    let origins = AllowedOrigins::new(["https://app.example"]).unwrap();
    let open = world.sessions.clone().with_allowed_origins(origins);
    let head = |method: Method, id: &str, origin: &str| {
        let mut head = with_id(id);
        head.method = method;
        head.headers
            .insert("sec-fetch-site", "cross-site".parse().unwrap());
        head.headers.insert("origin", origin.parse().unwrap());
        head
    };
    let foreign = "https://evil.example";
    let denial = who(&world.sessions, &head(Method::POST, &id, foreign))
        .await
        .unwrap_err();
    assert_eq!(
        (denial.status().as_u16(), denial.code()),
        (403, "cross_site")
    );
    assert_eq!(
        who(&open, &head(Method::POST, &id, foreign))
            .await
            .unwrap_err()
            .code(),
        "cross_site"
    );
    assert_eq!(
        who(&open, &head(Method::POST, &id, "https://app.example"))
            .await
            .unwrap(),
        "alice"
    );
    assert_eq!(
        who(&world.sessions, &head(Method::GET, &id, foreign))
            .await
            .unwrap(),
        "alice"
    );
    let dead = "AAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(
        who(&world.sessions, &head(Method::POST, dead, foreign))
            .await
            .unwrap(),
        "nobody",
        "who is nobody anyway is not refused"
    );
    assert_eq!(who(&world.sessions, &request(&[])).await.unwrap(), "absent");
}

/// The request's session layer, if there is one under the same cookie, sees the same login.
#[tokio::test]
async fn the_two_ways_in_share_their_sessions() {
    let store = MemorySessions::new();
    let sessions = Sessions::new();
    let by_cookie = CookieSessions::new(sessions.clone(), store.clone(), &SessionCookie::new());
    let (_, set_cookie) = by_cookie
        .login(&request(&[]).headers, alice())
        .await
        .unwrap();
    let service = ServiceBuilder::new()
        .layer(SessionLayer::new(store))
        .layer(AuthnLayer::new().scheme(sessions))
        .service(service_fn(|request: Request<()>| async move {
            let user = AuthUser::of(request.extensions())?;
            assert_eq!(user.map(AuthUser::id), Some("alice"));
            Ok::<_, Denial>(Response::new(()))
        }));
    let head = with_id(&id_in(&set_cookie));
    let response = service
        .oneshot(Request::from_parts(head, ()))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}
