//! A session that has ended stays ended, also where the store of the sessions has it again (AC-S2, AC-S7): a Redis that comes back from
//! a snapshot, a replica that takes over. The accounts' own store knows.

#[path = "../common/browser.rs"]
mod browser;
#[path = "../common/mod.rs"]
mod common;
mod store;
#[path = "../common/watched.rs"]
mod watched;

use std::convert::Infallible;
use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{Request, Response};
use portcullis_accounts::store::{Ledger as _, SessionEnds as _};
use portcullis_accounts::{Collection, Logout, MemoryStore, Origin, Proof, Session};
use portcullis_core::{AuthUser, TrustedProxies, client_address};
use portcullis_testkit::ManualClock;
use tower::{Layer, ServiceExt, service_fn};

use self::browser::Browser;
use self::common::{Harness, PASSWORD, code, harness_on};
use self::store::Relapsing;
use self::watched::Watched;

const ADA: &str = "ada@example.com";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Two nodes that share everything, and Ada, who is registered.
struct World {
    one: Harness<Watched>,
    other: Harness<Watched>,
    sessions: Relapsing,
}

async fn world() -> World {
    let clock = ManualClock::new();
    let store = MemoryStore::new().with_clock(clock.shared());
    let sessions = Relapsing::new(&clock);
    let node = || {
        let watched = Watched::new(store.clone());
        harness_on(watched, clock.clone(), Collection::new(), |builder| {
            builder.sessions(sessions.clone())
        })
    };
    let (one, other) = (node(), node());
    one.register(ADA).await;
    World {
        one,
        other,
        sessions,
    }
}

impl World {
    /// Ada logs in with a browser of her own.
    async fn browser(&self, address: &str) -> (Browser, Session) {
        let mut browser = Browser::at(address);
        let session = browser.login(&self.one, ADA, PASSWORD).await;
        (browser, session)
    }

    async fn is_out(&self, browser: &Browser) {
        for node in [&self.one, &self.other] {
            let refused = code(browser.caller(node).await);
            assert_eq!(refused, "401 unauthenticated");
        }
    }

    async fn is_in(&self, browser: &Browser) -> AuthUser {
        self.one_in(browser).await;
        browser.caller(&self.other).await.unwrap()
    }

    async fn one_in(&self, browser: &Browser) -> AuthUser {
        browser.caller(&self.one).await.unwrap()
    }

    async fn log_out(&self, browser: &Browser) -> portcullis_accounts::LoggedOut {
        let users = browser.users(&self.one);
        users.logout(Logout::default()).await.unwrap()
    }

    async fn listed(&self, browser: &Browser) -> Vec<String> {
        let caller = self.one_in(browser).await;
        let list = self.other.users().sessions(&caller).await.unwrap();
        list.into_iter().map(|session| session.id).collect()
    }
}

#[tokio::test]
async fn ac_s7_a_logout_is_not_taken_back_by_a_snapshot() {
    let world = world().await;
    let (browser, session) = world.browser("192.0.2.1").await;
    let (phone, other) = world.browser("192.0.2.2").await;
    let snapshot = world.sessions.take_snapshot();
    world.log_out(&browser).await;

    world.sessions.relapse(snapshot);
    world.is_out(&browser).await;
    world.is_in(&phone).await;
    let listed = world.listed(&phone).await;
    assert!(listed.contains(&other.id().to_owned()), "{listed:?}");
    assert!(!listed.contains(&session.id().to_owned()), "{listed:?}");
    let trail = world.one.trail().await;
    assert_eq!(trail.iter().filter(|entry| *entry == "logout").count(), 1);
}

#[tokio::test]
async fn a_session_that_was_ended_from_the_list_stays_ended() {
    let world = world().await;
    let (stolen, session) = world.browser("192.0.2.1").await;
    let (phone, _) = world.browser("192.0.2.2").await;
    let snapshot = world.sessions.take_snapshot();
    let caller = world.is_in(&phone).await;
    let users = world.one.users();
    users.revoke_session(&caller, session.id()).await.unwrap();

    world.sessions.relapse(snapshot);
    world.is_out(&stolen).await;
    world.is_in(&phone).await;
    // It may be ended again, and is then gone from the store as well; what never was is not found.
    users.revoke_session(&caller, session.id()).await.unwrap();
    let again = users.revoke_session(&caller, session.id()).await;
    assert_eq!(code(again), "404 not_found");
}

#[tokio::test]
async fn all_others_stay_ended_and_ones_own_goes_on() {
    let world = world().await;
    let (one, _) = world.browser("192.0.2.1").await;
    let (two, _) = world.browser("192.0.2.2").await;
    let (own, _) = world.browser("192.0.2.3").await;
    let snapshot = world.sessions.take_snapshot();
    let caller = world.is_in(&own).await;
    // The one by token of registering is among them.
    assert_eq!(
        world.one.users().logout_all(&caller, true).await.unwrap(),
        3
    );

    world.sessions.relapse(snapshot);
    world.is_out(&one).await;
    world.is_out(&two).await;
    world.is_in(&own).await;
}

/// AC-S2: an id that was replaced is dead, whatever the store says of it; the session goes on under the next one.
#[tokio::test]
async fn ac_s2_a_replaced_id_stays_dead() {
    let world = world().await;
    let (mut browser, session) = world.browser("192.0.2.1").await;
    let snapshot = world.sessions.take_snapshot();
    let thief = browser.clone();
    for _ in 0..2 {
        let caller = world.is_in(&browser).await;
        let users = browser.users(&world.one);
        let proved = users
            .reauthenticate(&caller, Proof::Password(PASSWORD))
            .await
            .unwrap();
        browser.keep(&proved.cookie.unwrap());
    }
    let of_two = world.sessions.take_snapshot();

    world.sessions.relapse(snapshot);
    world.is_out(&thief).await;
    let caller = world.is_in(&browser).await;
    assert_eq!(caller.session_id(), Some(session.id()));
    let listed = world.listed(&browser).await;
    assert!(listed.contains(&session.id().to_owned()), "{listed:?}");

    // Nor does any other come back once it has ended for good.
    world.log_out(&browser).await;
    world.sessions.relapse(of_two);
    world.is_out(&browser).await;
    world.is_out(&thief).await;
}

/// Whoever logs in anew leaves the session before behind.
#[tokio::test]
async fn a_login_ends_the_session_that_the_browser_came_with() {
    let world = world().await;
    let (mut browser, _) = world.browser("192.0.2.1").await;
    let copy = browser.clone();
    let snapshot = world.sessions.take_snapshot();
    browser.login(&world.one, ADA, PASSWORD).await;
    world.is_out(&copy).await;

    world.sessions.relapse(snapshot);
    world.is_out(&copy).await;
    world.is_in(&browser).await;
}

/// The commit decides: where the session's own store takes no change, the session has ended all the same, and nobody is told of an
/// error.
#[tokio::test]
async fn a_store_that_takes_no_change_stops_no_end() {
    let world = world().await;
    let (browser, session) = world.browser("192.0.2.1").await;
    let (phone, _) = world.browser("192.0.2.2").await;
    let (own, _) = world.browser("192.0.2.3").await;
    let caller = world.is_in(&own).await;
    let on_phone = world.is_in(&phone).await;
    world.sessions.refuse_changes();

    let out = world.log_out(&browser).await;
    let cookie = out.cookie.unwrap();
    assert!(cookie.to_str().unwrap().contains("Max-Age=0"), "{cookie:?}");
    world.is_out(&browser).await;
    let listed = world.listed(&own).await;
    assert!(!listed.contains(&session.id().to_owned()), "{listed:?}");

    let id = on_phone.session_id().unwrap();
    world.one.users().revoke_session(&caller, id).await.unwrap();
    world.is_out(&phone).await;
}

/// Of several cookies of the name each names a session, and a logout ends all of them.
#[tokio::test]
async fn several_cookies_end_several_sessions() {
    let world = world().await;
    let (one, _) = world.browser("192.0.2.1").await;
    let (two, _) = world.browser("192.0.2.2").await;
    let snapshot = world.sessions.take_snapshot();
    let cookies = [&one, &two].map(|browser| browser.request().headers[COOKIE].clone());
    let mut request = Request::builder();
    for cookie in cookies {
        request = request.header(COOKIE, cookie);
    }
    let head = request.body(()).unwrap().into_parts().0;
    let origin = Origin::of(&head, &client_address(TrustedProxies::default()));
    let users = world.one.users().from(origin);
    users.logout(Logout::default()).await.unwrap();

    world.sessions.relapse(snapshot);
    world.is_out(&one).await;
    world.is_out(&two).await;
    let trail = world.one.trail().await;
    assert_eq!(trail.iter().filter(|entry| *entry == "logout").count(), 2);
}

/// The other way round: without a commit nothing has ended, and whoever asked is told.
#[tokio::test]
async fn without_the_accounts_store_nothing_ends() {
    let world = world().await;
    let (browser, session) = world.browser("192.0.2.1").await;
    let caller = world.is_in(&browser).await;
    world.one.store.refuse_commits(true);
    let out = browser.users(&world.one).logout(Logout::default()).await;
    assert_eq!(code(out), "503 unavailable");
    let revoked = world
        .one
        .users()
        .revoke_session(&caller, session.id())
        .await;
    assert_eq!(code(revoked), "503 unavailable");
    world.is_in(&browser).await;

    world.one.store.refuse_commits(false);
    world.one.store.go_down(true);
    let refused = code(browser.caller(&world.one).await);
    assert_eq!(refused, "503 unavailable");
}

/// A request by cookie asks the accounts' store as often as before: once.
#[tokio::test]
async fn a_request_asks_one_question() {
    let world = world().await;
    let (browser, _) = world.browser("192.0.2.1").await;
    world.one_in(&browser).await;
    world.one.store.asked();
    world.one_in(&browser).await;
    assert_eq!(world.one.store.asked(), ["user_of_session"]);
}

/// An end is remembered for as long as the session could have lived, and not for ever.
#[tokio::test]
async fn an_end_is_remembered_until_the_session_would_have_ended() {
    let world = world().await;
    let (browser, session) = world.browser("192.0.2.1").await;
    let owner = world.one.audit().await[0].subject.unwrap();
    let owner = portcullis_accounts::UserRef::new("users", owner);
    let snapshot = world.sessions.take_snapshot();
    world.log_out(&browser).await;
    world.sessions.relapse(snapshot);

    world.one.wait(30 * DAY - Duration::from_millis(1));
    world.one.accounts.purge().await.unwrap();
    let remembered = world.one.store.ended_sessions(&owner).await.unwrap();
    assert_eq!(remembered, [session.id()]);
    world.one.wait(DAY);
    world.one.accounts.purge().await.unwrap();
    let remembered = world.one.store.ended_sessions(&owner).await.unwrap();
    assert!(remembered.is_empty(), "{remembered:?}");
    // By its own limits.
    world.is_out(&browser).await;
    world.one.store.ping().await.unwrap();
}

/// A visit that keeps the cookies of the answer.
async fn visit(node: &Harness<Watched>, browser: &mut Browser) -> bool {
    let service = node
        .accounts
        .authn()
        .layer(service_fn(|request: Request<()>| async move {
            let user = AuthUser::of(request.extensions()).unwrap();
            Ok::<_, Infallible>(Response::new(user.is_some().to_string()))
        }));
    let request = Request::from_parts(browser.request(), ());
    let response = service.oneshot(request).await.unwrap();
    for line in response.headers().get_all(SET_COOKIE) {
        browser.keep(line);
    }
    browser.caller(node).await.is_ok()
}

/// AC-M2: what ended with a copied cookie stays ended.
#[tokio::test]
async fn ac_m2_what_a_copied_cookie_ended_stays_ended() {
    let world = world().await;
    let (mut victim, _) = world.browser("192.0.2.1").await;
    let (phone, _) = world.browser("192.0.2.2").await;
    let thief = victim.clone();
    let snapshot = world.sessions.take_snapshot();
    world.one.wait(Duration::from_secs(11 * 60));
    assert!(visit(&world.one, &mut victim).await);
    assert_ne!(victim.cookies, thief.cookies, "the cookie was renewed");
    world.one.wait(Duration::from_secs(11));
    assert_eq!(code(thief.caller(&world.one).await), "401 unauthenticated");
    // What is left of it is done beside the request.
    let done = async {
        while !world
            .one
            .trail()
            .await
            .contains(&"session.revoked cookie_theft".to_owned())
        {
            tokio::task::yield_now().await;
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(30), done).await;
    done.expect("it is written down");

    world.sessions.relapse(snapshot);
    for browser in [&victim, &thief, &phone] {
        world.is_out(browser).await;
    }
}
