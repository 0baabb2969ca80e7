//! A new password by mail: AC-Z1 to AC-Z8, AC-L8, AC-P4.

mod common;
#[path = "common/watched.rs"]
mod watched;

use std::time::{Duration, Instant};

use common::{
    Harness, PASSWORD, address, at, at_once, code, harness, harness_on, harness_with, token_in,
    tokens,
};
use http::Request;
use portcullis_accounts::store::{Change, Ledger, LinkStore, Outbox, UserStore, UserUpdate};
use portcullis_accounts::{
    Collection, CreatedKey, LinkPurpose, MemoryStore, NewKey, Origin, RecordId, UserRef,
};
use portcullis_core::{ClientAddress, Timestamp, TrustedProxies, client_address};
use portcullis_testkit::ManualClock;
use watched::Watched;

const ADA: &str = "ada@example.com";
const NEW: &str = "a password of my own";
const HOUR: Duration = Duration::from_secs(3600);
const INVALID: &str = "400 invalid_token";

async fn ban<S: portcullis_accounts::store::AccountStore>(at: &Harness<S>, user: RecordId) {
    let mut update = UserUpdate::new(UserRef::new("users", user), at.clock.shared().now());
    update.banned_at = Some(Some(at.clock.shared().now()));
    let change = Change::UpdateUser(Box::new(update));
    at.store.commit(&[change]).await.unwrap();
}

async fn ask(at: &Harness) -> String {
    at.users().request_password_reset(ADA).await.unwrap();
    at.link_to(ADA).await
}

#[tokio::test]
async fn who_has_forgotten_the_password_sets_a_new_one() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    let token = ask(&at).await;
    at.users().reset_password(&token, NEW).await.unwrap();
    assert_eq!(
        code(at.login(ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    assert!(at.login(ADA, NEW).await.is_ok());
    assert_eq!(at.mail_to(ADA).await.unwrap().kind, "password_changed");
    let trail = at.trail().await;
    assert!(trail.contains(&"password.reset_requested".to_owned()));
    assert!(trail.contains(&"password.reset".to_owned()));
}

/// AC-Z1: 256 bits, kept as a keyed digest, good for one hour to the millisecond, once.
#[tokio::test]
async fn ac_z1_a_link_is_good_once_and_for_an_hour() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    let token = ask(&at).await;
    let (id, secret) = token.split_once('.').unwrap();
    assert_eq!((id.len(), secret.len()), (36, 43));
    let kept = at.store.link(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(kept.expires_at, kept.created_at.saturating_add(HOUR));
    at.wait(HOUR);
    assert_eq!(code(at.users().reset_password(&token, NEW).await), INVALID);
    at.clock.set(Timestamp::from_unix_millis(
        kept.expires_at.unix_millis() - 1,
    ));
    at.users().reset_password(&token, NEW).await.unwrap();
    assert_eq!(code(at.users().reset_password(&token, NEW).await), INVALID);
}

/// AC-Z1: 100 at once, one link, one success, and the password of that one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_z1_of_a_hundred_at_once_one_succeeds() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    let token = ask(&at).await;
    let results = at_once(100, |number| {
        let users = at.users().from(address(u32::try_from(number).unwrap()));
        let token = token.clone();
        async move {
            users
                .reset_password(&token, &format!("{NEW} {number}"))
                .await
        }
    })
    .await;
    let winners: Vec<_> = (0..100).filter(|number| results[*number].is_ok()).collect();
    assert_eq!(winners.len(), 1);
    let refused = results.into_iter().filter(Result::is_err).map(code);
    assert!(
        refused
            .into_iter()
            .all(|code| code == INVALID || code == "503 busy")
    );
    assert!(
        at.login(ADA, &format!("{NEW} {}", winners[0]))
            .await
            .is_ok()
    );
    let reset = at.trail().await;
    assert_eq!(
        reset
            .iter()
            .filter(|kind| *kind == "password.reset")
            .count(),
        1
    );
}

/// AC-Z2: a new request voids the links before it.
#[tokio::test]
async fn ac_z2_a_new_link_voids_the_earlier_one() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    let first = ask(&at).await;
    at.wait(Duration::from_secs(61));
    let second = ask(&at).await;
    assert_ne!(first, second);
    assert_eq!(code(at.users().reset_password(&first, NEW).await), INVALID);
    at.users().reset_password(&second, NEW).await.unwrap();
}

/// AC-Z2: so does another address, also one that was set without the flow.
#[tokio::test]
async fn ac_z2_another_address_voids_the_link() {
    let at = harness(Collection::new());
    let session = at.register_proved(ADA).await;
    let caller = at.caller(tokens(&session)).await.unwrap();
    let reset = ask(&at).await;
    at.users()
        .request_email_change(&caller, "new@example.com")
        .await
        .unwrap();
    let change = at.link_to("new@example.com").await;
    at.users().confirm_email_change(&change).await.unwrap();
    assert_eq!(code(at.users().reset_password(&reset, NEW).await), INVALID);
}

/// AC-Z3: every session, by token and by cookie, and every other link ends with the password; nobody is logged in.
#[tokio::test]
async fn ac_z3_everything_ends_with_the_old_password() {
    let at = harness(Collection::new());
    let here = at.register_proved(ADA).await;
    let there = at.login(ADA, PASSWORD).await.unwrap();
    let cookie = cookie_session(&at).await;
    let caller = at.caller(tokens(&here)).await.unwrap();
    let key = at.users().create_key(&caller, named("ci")).await.unwrap();
    at.users()
        .request_email_change(&caller, "new@example.com")
        .await
        .unwrap();
    let change = at.link_to("new@example.com").await;
    assert!(at.caller_by("cookie", &cookie).await.is_ok());

    let reset = ask(&at).await;
    at.users().reset_password(&reset, NEW).await.unwrap();
    assert!(at.caller(tokens(&here)).await.is_err());
    assert!(at.caller(tokens(&there)).await.is_err());
    assert!(at.caller_by("cookie", &cookie).await.is_err());
    assert_eq!(
        code(at.users().confirm_email_change(&change).await),
        INVALID
    );
    assert!(
        at.caller_by("x-api-key", key.expose()).await.is_ok(),
        "keys stay"
    );
}

/// AC-Z3, AC-V6: the mail was read, so the address is proved; what was set before it was proved may be another's.
#[tokio::test]
async fn ac_z3_ac_v6_an_unproved_account_is_proved_and_loses_its_keys() {
    let at = harness(Collection::new());
    let session = at.register(ADA).await;
    let caller = at.caller(tokens(&session)).await.unwrap();
    let key: CreatedKey = at.users().create_key(&caller, named("ci")).await.unwrap();
    let verify = at.link_to(ADA).await;
    let reset = ask(&at).await;
    at.users().reset_password(&reset, NEW).await.unwrap();
    assert!(at.login(ADA, NEW).await.unwrap().user.verified);
    assert!(at.caller_by("x-api-key", key.expose()).await.is_err());
    assert_eq!(code(at.users().verify_email(&verify, None).await), INVALID);
    assert!(
        at.trail()
            .await
            .contains(&"user.verified password_reset".to_owned())
    );
}

#[tokio::test]
async fn keys_go_where_the_collection_says_so() {
    let at = harness(Collection::new().revoke_keys_with_password(true));
    let session = at.register_proved(ADA).await;
    let caller = at.caller(tokens(&session)).await.unwrap();
    let key = at.users().create_key(&caller, named("ci")).await.unwrap();
    let reset = ask(&at).await;
    at.users().reset_password(&reset, NEW).await.unwrap();
    assert!(at.caller_by("x-api-key", key.expose()).await.is_err());
}

/// AC-P4: the policy judges the new password, and what it refuses loses nothing.
#[tokio::test]
async fn ac_p4_a_weak_password_leaves_the_link_good() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    let token = ask(&at).await;
    for weak in [
        "",
        "short",
        "password123",
        "ada@example.com",
        &"x".repeat(5_000),
    ] {
        assert_eq!(
            code(at.users().reset_password(&token, weak).await),
            "422 weak_password"
        );
    }
    at.users().reset_password(&token, NEW).await.unwrap();
    assert!(at.login(ADA, NEW).await.is_ok());
}

/// A bad link costs no hash and no look at the password.
#[tokio::test]
async fn a_bad_link_is_refused_before_the_password_is_looked_at() {
    let at = harness(Collection::new());
    assert_eq!(
        code(at.users().reset_password("nonsense", "").await),
        INVALID
    );
}

/// AC-Z4: the same answer and the same questions to the store for every kind of address.
#[tokio::test]
async fn ac_z4_v3_every_address_costs_the_same() {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    let no_limits =
        |builder: portcullis_accounts::AccountsBuilder| builder.with_insecure_no_limits();
    let at = harness_on(store, clock, Collection::new(), no_limits);
    at.register(ADA).await;
    let proved = at.register_proved("proved@example.com").await;
    let banned = at.register("banned@example.com").await;
    ban(&at, banned.user.id).await;
    let mut update = UserUpdate::new(
        UserRef::new("users", proved.user.id),
        at.clock.shared().now(),
    );
    update.password = Some(None);
    at.store
        .commit(&[Change::UpdateUser(Box::new(update))])
        .await
        .unwrap();

    let each = ["user_by_email", "identities", "commit 3"];
    at.store.asked();
    let addresses = [
        ADA,
        "proved@example.com",
        "banned@example.com",
        "nobody@example.com",
    ];
    for email in addresses {
        at.users().request_password_reset(email).await.unwrap();
        assert_eq!(at.store.asked(), each, "{email}");
        at.users().request_verification(email).await.unwrap();
        assert_eq!(at.store.asked(), each, "{email}");
        at.users().request_unlock(email).await.unwrap();
        assert_eq!(at.store.asked(), each, "{email}");
    }
}

/// AC-Z4: the same time, measured. Samples of the four kinds take turns, so that a busy machine slows all of them.
#[tokio::test]
async fn ac_z4_every_address_takes_the_same_time() {
    let at = harness_with(Collection::new(), |builder| {
        builder.with_insecure_no_limits()
    });
    at.register_proved(ADA).await;
    at.register("unproved@example.com").await;
    let banned = at.register("banned@example.com").await;
    ban(&at, banned.user.id).await;
    let addresses = [
        ADA,
        "unproved@example.com",
        "banned@example.com",
        "nobody@example.com",
    ];
    let mut samples = [const { Vec::new() }; 4];
    for _ in 0..400 {
        for (samples, email) in samples.iter_mut().zip(addresses) {
            let start = Instant::now();
            at.users().request_password_reset(email).await.unwrap();
            samples.push(start.elapsed());
        }
    }
    let medians = samples.map(|mut samples| {
        samples.sort_unstable();
        samples[samples.len() / 2].as_secs_f64()
    });
    let (fastest, slowest) = medians
        .iter()
        .fold((f64::MAX, 0.0_f64), |(low, high), median| {
            (low.min(*median), high.max(*median))
        });
    assert!(slowest < fastest * 1.4, "medians in seconds: {medians:?}");
}

/// AC-Z4: strangers and the banned get no mail, and nobody's address is in the audit trail.
#[tokio::test]
async fn ac_z4_nobody_gets_mail_who_should_not() {
    let at = harness(Collection::new());
    let banned = at.register("banned@example.com").await;
    at.sent().await;
    ban(&at, banned.user.id).await;
    at.mail.clear();
    for email in [
        "banned@example.com",
        "nobody@example.com",
        "",
        "no address",
        "a@b@c.d",
        "x\r\nBcc: y@example.com",
    ] {
        at.users().request_password_reset(email).await.unwrap();
    }
    assert!(at.sent().await.is_empty());
    let audit = at.audit().await;
    let requests: Vec<_> = audit
        .iter()
        .filter(|event| event.kind.as_str() == "password.reset_requested")
        .collect();
    assert_eq!(requests.len(), 6);
    for event in requests {
        let detail = event.detail.as_deref().unwrap_or_default();
        assert!(!detail.contains("example"), "{detail}");
    }
}

/// AC-Z4: an account without a password is told so, and can set one.
#[tokio::test]
async fn ac_z4_an_account_without_password_can_get_one() {
    let at = harness(Collection::new());
    let session = at.register_proved(ADA).await;
    let mut update = UserUpdate::new(
        UserRef::new("users", session.user.id),
        at.clock.shared().now(),
    );
    update.password = Some(None);
    at.store
        .commit(&[Change::UpdateUser(Box::new(update))])
        .await
        .unwrap();
    at.users().request_password_reset(ADA).await.unwrap();
    let mail = at.mail_to(ADA).await.unwrap();
    assert_eq!(mail.kind, "no_password");
    at.users()
        .reset_password(&token_in(&mail).unwrap(), NEW)
        .await
        .unwrap();
    assert!(at.login(ADA, NEW).await.is_ok());
}

/// AC-Z5: look-alikes find the account, and mail goes to the address that it has, not to the one that was typed.
#[tokio::test]
async fn ac_z5_mail_goes_to_the_stored_address() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    at.mail.clear();
    at.users()
        .request_password_reset("ＡＤＡ@EXAMPLE.com")
        .await
        .unwrap();
    let sent = at.sent().await;
    assert_eq!(
        sent.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(),
        [ADA]
    );
    // Two addresses at once are none.
    at.wait(Duration::from_secs(61));
    at.mail.clear();
    at.users()
        .request_password_reset("ada@example.com,eve@example.com")
        .await
        .unwrap();
    at.users()
        .request_password_reset("ada@example.com eve@example.com")
        .await
        .unwrap();
    assert!(at.sent().await.is_empty());
}

/// AC-Z6, AC-Z7: the link leads where the settings say, with its token in the fragment, whatever the request's headers are.
#[tokio::test]
async fn ac_z6_no_header_changes_the_link() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    let addresses: ClientAddress = client_address(TrustedProxies::default());
    let request = Request::builder()
        .uri("https://evil.example/api/users/forgot-password")
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .header("origin", "https://evil.example")
        .header("referer", "https://evil.example/")
        .header("user-agent", "https://evil.example/click-here")
        .body(())
        .unwrap();
    let origin = Origin::of(&request.into_parts().0, &addresses);
    at.users()
        .from(origin)
        .request_password_reset(ADA)
        .await
        .unwrap();
    let mail = at.mail_to(ADA).await.unwrap();
    assert!(
        mail.text
            .contains("https://app.example/reset-password#token=")
    );
    assert!(!mail.text.contains("evil") && !mail.html.unwrap().contains("evil"));
}

/// AC-Z8: looking at a link uses nothing up and does not make it live longer.
#[tokio::test]
async fn ac_z8_looking_does_not_consume() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    let token = ask(&at).await;
    let id = token.split_once('.').unwrap().0.parse().unwrap();
    let before = at.store.link(id).await.unwrap().unwrap();
    for _ in 0..3 {
        assert_eq!(
            code(at.users().reset_password(&token, "").await),
            "422 weak_password"
        );
    }
    assert_eq!(at.store.link(id).await.unwrap().unwrap(), before);
}

/// AC-L8: a lock does not keep the mail back, and the new password ends it.
#[tokio::test]
async fn ac_l8_a_new_password_ends_the_lock() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    for _ in 0..6 {
        assert_eq!(
            code(at.login(ADA, "wrong horse battery").await),
            "401 invalid_credentials"
        );
    }
    assert_eq!(
        code(at.login(ADA, PASSWORD).await),
        "401 invalid_credentials",
        "locked"
    );
    // What is queued at the same moment goes out in any order.
    at.sent().await;
    let token = ask(&at).await;
    at.users().reset_password(&token, NEW).await.unwrap();
    assert!(at.login(ADA, NEW).await.is_ok());
}

/// Of what is kept of a link, in the store and in the outbox, nothing opens anything; the outbox does not even say to whom.
#[tokio::test]
async fn a_dump_of_the_store_holds_no_link() {
    let at = harness(Collection::new());
    at.register_proved(ADA).await;
    at.users().request_password_reset(ADA).await.unwrap();
    let now = at.clock.shared().now();
    let rows = at.store.claim_mail(now, now, 100).await.unwrap();
    assert!(!rows.is_empty());
    // Their lease is over at once.
    let token = at.link_to(ADA).await;
    let (id, secret) = token.split_once('.').unwrap();
    for row in &rows {
        let holds = |needle: &str| {
            row.sealed
                .windows(needle.len())
                .any(|bytes| bytes == needle.as_bytes())
        };
        assert!(!holds(secret) && !holds(id) && !holds(ADA) && !holds("reset"));
    }
    let link = at.store.link(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(link.purpose, LinkPurpose::ResetPassword);
    assert!(!format!("{link:?} {:?} {rows:?}", at.audit().await).contains(secret));
    let user = at.store.user(&link.owner).await.unwrap().unwrap();
    assert!(!format!("{user:?}").contains(ADA));
}

/// AC-T3: 20 requests a minute from one address, 5 for one account, whoever asks.
#[tokio::test]
async fn requests_are_limited_by_client_and_by_address() {
    let limited = harness(Collection::new());
    for number in 0..5 {
        limited
            .users()
            .from(address(number))
            .request_password_reset(ADA)
            .await
            .unwrap();
    }
    let sixth = limited
        .users()
        .from(address(9))
        .request_password_reset("ADA@example.com")
        .await;
    assert_eq!(code(sixth), "429 rate_limited");
    let here = limited.users().from(at("203.0.113.9"));
    for number in 0..20 {
        here.request_password_reset(&format!("user{number}@example.com"))
            .await
            .unwrap();
    }
    assert_eq!(
        code(here.request_password_reset("one-more@example.com").await),
        "429 rate_limited"
    );
}

/// A store that is down is 503, whatever the address.
#[tokio::test]
async fn a_store_that_is_down_is_no_answer() {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    let at = harness_on(store, clock, Collection::new(), |builder| builder);
    at.register_proved(ADA).await;
    at.store.go_down(true);
    for email in [ADA, "nobody@example.com"] {
        assert_eq!(
            code(at.users().request_password_reset(email).await),
            "503 unavailable"
        );
    }
}

async fn cookie_session(at: &Harness) -> String {
    use portcullis_accounts::{Credentials, LoggedIn, Login, Mode};
    let login = Login {
        email: ADA.to_owned(),
        password: PASSWORD.to_owned().into(),
        mode: Some(Mode::Cookie),
        ..Login::default()
    };
    let Ok(LoggedIn::Done(session)) = at.users().login(login).await else {
        panic!("not logged in");
    };
    let Credentials::Cookie(cookie) = session.credentials else {
        panic!("no cookie");
    };
    cookie
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

fn named(name: &str) -> NewKey {
    NewKey {
        name: name.to_owned(),
        ..NewKey::default()
    }
}
