//! The audit trail: AC-U1 … AC-U4.

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/factor_leg.rs"]
mod factor_leg;
mod people;
#[path = "common/watched.rs"]
mod watched;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Harness, PASSWORD, SECRET, at, code, harness_on, harness_with, tokens};
use people::{Person, by_key, count, key, log_in, new_key, user, with_permissions, with_role};
use portcullis_accounts::store::{AccountStore, Change, UserStore, UserUpdate};
use portcullis_accounts::{
    AccountsBuilder, AdminUpdate, AuditEvent, AuditKind, AuditQuery, AuditRequest, ChangePassword,
    Collection, EventSink, Limits, ListUsers, Login, Logout, MemoryStore, NewUser, Origin,
    ProfileData, Proof, Register, StoredPassword, UserRef,
};
use portcullis_core::{AuthUser, Client, Clock, Denial};
use portcullis_limit::Quota;
use portcullis_password::{
    Algorithm, BreachFuture, BreachOutcome, BreachedPasswords, Password, PasswordHasher,
};
use portcullis_testkit::ManualClock;
use serde_json::json;
use watched::Watched;

/// What comes with other providers, and is written by their flows.
const ELSEWHERE: [AuditKind; 4] = [
    AuditKind::OauthLinked,
    AuditKind::OauthUnlinked,
    AuditKind::OauthLogin,
    // Nothing writes it.
    AuditKind::Unknown,
];

const NEW_PASSWORD: &str = "another horse battery";
const THIRD_PASSWORD: &str = "a third horse battery";
const WRONG_PASSWORD: &str = "a wrong horse battery";

/// A source of breached passwords that never answers.
#[derive(Debug)]
struct Silent;

impl BreachedPasswords for Silent {
    fn check<'a>(&'a self, _: &'a Password) -> BreachFuture<'a> {
        Box::pin(std::future::ready(BreachOutcome::Unknown))
    }
}

/// Limits that do not get in the way; locks are as they are.
fn with_room(builder: AccountsBuilder) -> AccountsBuilder {
    let room = || Quota::per_minute(10_000).named("room");
    builder.breached_passwords(Silent).limits(Limits {
        login: room(),
        register: room(),
        manage: room(),
        mail_to: room(),
        ..Limits::default()
    })
}

fn on<S: AccountStore + Clone>(
    make: impl FnOnce(MemoryStore) -> S,
    more: impl FnOnce(AccountsBuilder) -> AccountsBuilder,
) -> Harness<S> {
    let clock = ManualClock::new();
    let store = make(MemoryStore::new().with_clock(clock.shared()));
    harness_on(store, clock, Collection::new(), more)
}

fn name(text: &str) -> ProfileData {
    ProfileData::from_iter([("name".to_owned(), json!(text))])
}

fn roles(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Does everything that can be done with an account, and gives every secret that there was.
async fn journey<S: AccountStore>(h: &Harness<S>) -> Vec<String> {
    let mut secrets = vec![
        PASSWORD,
        NEW_PASSWORD,
        THIRD_PASSWORD,
        WRONG_PASSWORD,
        SECRET,
    ];
    secrets.push("stranger@example.com");
    let mut secrets: Vec<String> = secrets.into_iter().map(str::to_owned).collect();
    secrets.extend(logins(h).await);
    secrets.extend(links(h).await);
    secrets.extend(keys(h).await);
    secrets.extend(factor_leg::second_factors(h).await);
    administration(h).await;
    locks(h).await;
    rehash(h).await;
    let leaving = log_in(h, &h.users(), "grace@example.com").await;
    h.users().delete_account(&leaving.caller).await.unwrap();
    secrets
}

async fn logins<S: AccountStore>(h: &Harness<S>) -> Vec<String> {
    let users = h.users();
    h.register("late@example.com").await;
    users
        .request_verification("late@example.com")
        .await
        .unwrap();
    let ada = h.register_proved("ada@example.com").await;
    let first = tokens(&ada).refresh().to_owned();
    let second = users.refresh(&first).await.unwrap();
    let second = tokens(&second).refresh().to_owned();
    users.refresh(&second).await.unwrap();
    assert_eq!(code(users.refresh(&first).await), "401 refresh_reused");
    for (email, password) in [
        ("ada@example.com", WRONG_PASSWORD),
        ("stranger@example.com", PASSWORD),
    ] {
        assert!(h.login(email, password).await.is_err());
    }
    let here = log_in(h, &users, "ada@example.com").await;
    let there = log_in(h, &users, "ada@example.com").await;
    let session = there.caller.session_id().unwrap();
    users.revoke_session(&here.caller, session).await.unwrap();
    let proof = Proof::Password(PASSWORD);
    users.reauthenticate(&here.caller, proof).await.unwrap();
    let logout = Logout {
        refresh_token: Some(&here.refresh),
        caller: None,
    };
    users.logout(logout).await.unwrap();
    let again = log_in(h, &users, "ada@example.com").await;
    users.logout_all(&again.caller, false).await.unwrap();
    vec![first, second, here.access, here.refresh, again.access]
}

async fn links<S: AccountStore>(h: &Harness<S>) -> Vec<String> {
    let users = h.users();
    let ada = log_in(h, &users, "ada@example.com").await;
    let change = ChangePassword::new(PASSWORD, NEW_PASSWORD);
    let session = users.change_password(&ada.caller, change).await.unwrap();
    let caller = h.caller(tokens(&session)).await.unwrap();
    users.update_profile(&caller, name("Ada")).await.unwrap();
    users
        .request_email_change(&caller, "grace@example.com")
        .await
        .unwrap();
    let confirm = h.link_to("grace@example.com").await;
    users.confirm_email_change(&confirm).await.unwrap();
    users
        .request_password_reset("grace@example.com")
        .await
        .unwrap();
    let reset = h.link_to("grace@example.com").await;
    users.reset_password(&reset, PASSWORD).await.unwrap();
    vec![confirm, reset, tokens(&session).refresh().to_owned()]
}

async fn keys<S: AccountStore>(h: &Harness<S>) -> Vec<String> {
    let users = h.users();
    let owner = log_in(h, &users, "grace@example.com").await.caller;
    let created = key(h, &owner, Some(&["read"])).await;
    let caller = by_key(h, created.expose()).await.unwrap();
    assert_eq!(code(users.keys(&caller).await), "403 key_not_allowed");
    h.accounts.note_key_uses().await.unwrap();
    let id = created.info().id.to_string();
    let day = Duration::from_secs(86_400);
    let rotated = users.rotate_key(&owner, &id, day).await.unwrap();
    let id = rotated.info().id.to_string();
    users.revoke_key(&owner, &id).await.unwrap();
    vec![created.expose().to_owned(), rotated.expose().to_owned()]
}

async fn administration<S: AccountStore>(h: &Harness<S>) {
    let users = h.users();
    let root = with_role(h, "root@example.com", "admin").await.caller;
    let eve = user(h, "eve@example.com").await;
    users
        .set_roles(&root, &eve.id, roles(&["user", "guest"]))
        .await
        .unwrap();
    users
        .set_roles(&root, &eve.id, roles(&["user"]))
        .await
        .unwrap();
    users.ban_user(&root, &eve.id).await.unwrap();
    users.unban_user(&root, &eve.id).await.unwrap();
}

async fn locks<S: AccountStore>(h: &Harness<S>) {
    for _ in 0..5 {
        let failed = h.login("eve@example.com", WRONG_PASSWORD).await;
        assert_eq!(code(failed), "401 invalid_credentials");
    }
    let users = h.users();
    users.request_unlock("eve@example.com").await.unwrap();
    let eve = h.users().as_application();
    let eve = eve.user_by_email("eve@example.com").await.unwrap().unwrap();
    let app = users.as_application();
    app.unlock_user(&eve.id.to_string()).await.unwrap();
    for number in 0..60 {
        let login = Login {
            email: format!("stranger{number}@example.com"),
            password: WRONG_PASSWORD.to_owned().into(),
            ..Login::default()
        };
        assert!(users.from(at("198.51.100.66")).login(login).await.is_err());
    }
}

async fn rehash<S: AccountStore>(h: &Harness<S>) {
    let older = PasswordHasher::builder()
        .with_insecure_algorithm(Algorithm::Argon2id {
            memory_kib: 32,
            passes: 1,
            lanes: 1,
        })
        .build()
        .unwrap();
    let hash = older.hash(&Password::new(PASSWORD).unwrap()).unwrap();
    let user = h.store.user_by_email("users", "root@example.com").await;
    let user = user.unwrap().unwrap();
    let mut update = UserUpdate::new(user.reference(), h.clock.now());
    update.password = Some(Some(StoredPassword::new(hash.as_str())));
    // An import, past the flows.
    let change = Change::UpdateUser(Box::new(update));
    let entry = AuditEvent {
        kind: AuditKind::UserUpdated,
        ..h.audit().await.remove(0)
    };
    let entry = AuditEvent {
        id: portcullis_accounts::RecordId::new(h.clock.now()).unwrap(),
        ..entry
    };
    let changes = [change, Change::Audit(Box::new(entry))];
    h.store.commit(&changes).await.unwrap();
    h.login("root@example.com", PASSWORD).await.unwrap();
}

async fn whole_trail<S: AccountStore>(h: &Harness<S>) -> Vec<AuditEvent> {
    let query = AuditQuery {
        collection: "users".to_owned(),
        limit: 10_000,
        ..AuditQuery::default()
    };
    h.store.events(&query).await.unwrap()
}

/// AC-U1
#[tokio::test]
async fn ac_u1_everything_that_happens_is_in_the_trail() {
    let h = on(|store| store, with_room);
    journey(&h).await;
    let trail = whole_trail(&h).await;
    let missing: Vec<_> = AuditKind::ALL
        .iter()
        .filter(|kind| !ELSEWHERE.contains(kind))
        .filter(|kind| !trail.iter().any(|event| event.kind == **kind))
        .map(|kind| kind.as_str())
        .collect();
    assert_eq!(missing, [""; 0], "nothing wrote these");
    let failed = trail
        .iter()
        .filter(|event| event.kind == AuditKind::LoginFailed);
    for event in failed {
        assert!(event.reason.is_some(), "a failure says why");
        assert_eq!(event.outcome.as_str(), "failure");
    }
}

/// AC-U2, v5.0.0-16.2.5
#[tokio::test]
async fn ac_u2_no_secret_and_no_address_is_in_the_trail() {
    let h = on(|store| store, with_room);
    let secrets = journey(&h).await;
    let trail = serde_json::to_string(&whole_trail(&h).await).unwrap();
    for secret in &secrets {
        assert!(!trail.contains(secret), "{secret} is in the trail");
    }
    assert!(!trail.contains('@'), "nobody's address is in the trail");
    let strangers: Vec<_> = whole_trail(&h)
        .await
        .into_iter()
        .filter_map(|event| event.detail)
        .filter(|detail| detail.starts_with("identifier:"))
        .collect();
    assert!(
        strangers.len() > 50,
        "those without an account are told apart"
    );
}

/// AC-U2: who, whom, from where, by what, in which request.
#[tokio::test]
async fn ac_u2_an_entry_says_who_did_what_from_where() {
    let h = harness_with(Collection::new(), |builder| builder);
    let root = with_role(&h, "root@example.com", "admin").await;
    let eve = user(&h, "eve@example.com").await;
    let origin = Origin::new(Client::Address("203.0.113.9".parse().unwrap()))
        .user_agent("curl/8")
        .request_id("r-1");
    let users = h.users().from(origin);
    // Entries of one millisecond have no order.
    h.wait(Duration::from_millis(1));
    users.ban_user(&root.caller, &eve.id).await.unwrap();
    let event = h.audit().await.remove(0);
    assert_eq!(event.kind, AuditKind::UserBanned);
    assert_eq!(event.at, h.clock.now());
    assert_eq!(event.actor, UserRef::of(&root.caller));
    assert_eq!(event.subject.map(|id| id.to_string()), Some(eve.id));
    assert_eq!(event.ip.as_deref(), Some("203.0.113.9"));
    assert_eq!(event.user_agent.as_deref(), Some("curl/8"));
    assert_eq!(event.request_id.as_deref(), Some("r-1"));
    assert_eq!(event.session_id.as_deref(), root.caller.session_id());
    assert_eq!(event.reason.as_deref(), Some("by_admin"));
}

/// AC-U2: the option that keeps networks alone.
#[tokio::test]
async fn ac_u2_addresses_are_cut_to_networks_where_asked() {
    let h = harness_with(Collection::new(), |builder| builder.audit_networks(24, 48));
    for (address, kept) in [
        ("203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
    ] {
        h.wait(Duration::from_millis(1));
        let login = people::login("nobody@example.com", portcullis_accounts::Mode::Token);
        assert!(h.users().from(at(address)).login(login).await.is_err());
        assert_eq!(h.audit().await[0].ip.as_deref(), Some(kept));
    }
    let h = harness_with(Collection::new(), |builder| builder.audit_networks(0, 0));
    let login = people::login("nobody@example.com", portcullis_accounts::Mode::Token);
    assert!(
        h.users()
            .from(at("203.0.113.9"))
            .login(login)
            .await
            .is_err()
    );
    assert_eq!(h.audit().await[0].ip.as_deref(), Some("0.0.0.0/0"));
}

/// AC-U3: whatever changes an account, a login or a key has its entry in the very same commit.
#[tokio::test]
async fn ac_u3_every_change_is_committed_with_its_entry() {
    let h = on(Watched::new, with_room);
    journey(&h).await;
    let commits = h.store.committed();
    assert!(commits.len() > 50);
    for commit in commits {
        let is_written_down = commit
            .iter()
            .any(|change| matches!(change, Change::Audit(_)));
        if commit.iter().any(is_weighty) {
            assert!(is_written_down, "no entry is committed with {commit:?}");
        }
    }
}

/// What is counted before it is judged is written down with what came of it.
fn is_weighty(change: &Change) -> bool {
    !matches!(
        change,
        Change::Audit(_)
            | Change::Queue(_)
            | Change::InsertLink(_)
            | Change::DropLinks { .. }
            | Change::CountAttempt { .. }
    )
}

/// All that is written by what a user and an administrator do with accounts and keys.
async fn writes<S: AccountStore>(
    h: &Harness<S>,
    root: &AuthUser,
    ada: &Person,
    key: &str,
) -> Vec<(&'static str, Result<(), Denial>)> {
    let (users, caller, id) = (h.users(), &ada.caller, ada.id.as_str());
    let verify = AdminUpdate {
        verified: Some(false),
        ..AdminUpdate::default()
    };
    let guest = roles(&["guest"]);
    let app = users.as_application();
    let new = NewUser::new("new@example.com");
    vec![
        (
            "profile",
            users.update_profile(caller, name("A")).await.map(drop),
        ),
        (
            "create",
            users.create_key(caller, new_key(None)).await.map(drop),
        ),
        (
            "rotate",
            users
                .rotate_key(caller, key, Duration::ZERO)
                .await
                .map(drop),
        ),
        ("revoke", users.revoke_key(caller, key).await),
        (
            "update",
            users.update_user(root, id, verify).await.map(drop),
        ),
        ("roles", users.set_roles(root, id, guest).await.map(drop)),
        ("logout", users.logout_user(root, id).await.map(drop)),
        ("unlock", users.unlock_user(root, id).await),
        ("ban", users.ban_user(root, id).await.map(drop)),
        ("delete", users.delete_user(root, id).await),
        ("leave", users.delete_account(caller).await),
        ("open", app.create_user(new).await.map(drop)),
    ]
}

/// AC-U3: what cannot be committed is not done, not written down and not told; what was good before still is.
#[tokio::test]
async fn ac_u3_without_its_entry_nothing_is_done() {
    let heard = Heard::default();
    let h = on(Watched::new, |builder| {
        with_room(builder).event_sink(heard.clone())
    });
    let root = with_role(&h, "root@example.com", "admin").await;
    let ada = user(&h, "ada@example.com").await;
    let created = key(&h, &ada.caller, None).await;
    let before = (whole_trail(&h).await, heard.count());
    let owner = UserRef::of(&ada.caller).unwrap();
    let row = h.store.inner.user(&owner).await.unwrap();

    h.store.refuse_commits(true);
    let id = created.info().id.to_string();
    for (what, refused) in writes(&h, &root.caller, &ada, &id).await {
        assert_eq!(code(refused), "503 unavailable", "{what}");
    }
    let login = h.login("ada@example.com", PASSWORD).await;
    assert_eq!(
        code(login),
        "503 unavailable",
        "nobody is logged in without an entry"
    );
    h.store.refuse_commits(false);

    assert_eq!((whole_trail(&h).await, heard.count()), before);
    assert_eq!(h.store.inner.user(&owner).await.unwrap(), row);
    ada.by_token(&h).await.unwrap();
    by_key(&h, created.expose()).await.unwrap();
    assert_eq!(h.users().keys(&ada.caller).await.unwrap().len(), 1);
}

/// AC-U3: a store that does not answer at all is 503, for those who read as well.
#[tokio::test]
async fn a_store_that_is_down_lets_nobody_through() {
    let h = on(Watched::new, with_room);
    let root = with_role(&h, "root@example.com", "admin").await;
    let ada = user(&h, "ada@example.com").await;
    let created = key(&h, &ada.caller, None).await;
    h.store.go_down(true);
    let id = created.info().id.to_string();
    for (what, refused) in writes(&h, &root.caller, &ada, &id).await {
        assert_eq!(code(refused), "503 unavailable", "{what}");
    }
    let users = h.users();
    let admin = &root.caller;
    assert_eq!(code(users.me(&ada.caller).await), "503 unavailable");
    assert_eq!(code(users.keys(&ada.caller).await), "503 unavailable");
    assert_eq!(
        code(users.list_users(admin, ListUsers::default()).await),
        "503 unavailable"
    );
    assert_eq!(code(users.user(admin, &ada.id).await), "503 unavailable");
    assert_eq!(
        code(users.audit_trail(admin, AuditRequest::default()).await),
        "503 unavailable"
    );
    assert_eq!(code(by_key(&h, created.expose()).await), "503 unavailable");
}

/// Hears, and counts.
#[derive(Debug, Clone, Default)]
struct Heard(Arc<Mutex<Vec<AuditEvent>>>);

impl Heard {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl EventSink for Heard {
    fn take(&self, event: &AuditEvent) {
        self.0.lock().unwrap().push(event.clone());
    }
}

#[derive(Debug)]
struct Panics;

impl EventSink for Panics {
    fn take(&self, _: &AuditEvent) {
        panic!("as the test wants it");
    }
}

/// AC-U3
#[tokio::test]
async fn ac_u3_a_sink_that_panics_fails_nothing() {
    let heard = Heard::default();
    let h = on(
        |store| store,
        |builder| {
            with_room(builder)
                .event_sink(Panics)
                .event_sink(heard.clone())
        },
    );
    journey(&h).await;
    let mut told = heard.0.lock().unwrap().clone();
    let mut written = whole_trail(&h).await;
    // Written past the flows by the test itself.
    written.retain(|event| told.iter().any(|one| one.id == event.id));
    told.sort_by_key(|event| event.id);
    written.sort_by_key(|event| event.id);
    assert!(told.len() > 100);
    assert_eq!(
        told, written,
        "who comes after the one that panics hears of everything"
    );
}

/// AC-U4, v5.0.0-16.4.1
#[tokio::test]
async fn ac_u4_control_characters_are_escaped() {
    const EVIL: &str = "x\r\n2026-01-01 login.succeeded root\u{1b}[31m\0\u{85}";
    let h = harness_with(Collection::new(), |builder| builder);
    let eve = user(&h, "eve@example.com").await;
    let origin = Origin::new(Client::Unresolvable)
        .user_agent(EVIL)
        .request_id(EVIL);
    let users = h.users().from(origin);
    users
        .update_profile(&eve.caller, name("Eve"))
        .await
        .unwrap();
    let register = Register::new("eve2@example.com", PASSWORD);
    users.register(register).await.unwrap();
    let login = people::login(EVIL, portcullis_accounts::Mode::Token);
    assert!(users.login(login).await.is_err());
    assert!(users.request_password_reset(EVIL).await.is_ok());
    let trail = h.audit().await;
    assert!(trail.len() > 5);
    for event in trail {
        let texts = [
            event.user_agent,
            event.request_id,
            event.reason,
            event.detail,
        ];
        for text in texts.into_iter().flatten() {
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }
}

#[tokio::test]
async fn the_trail_is_read_page_by_page() {
    let h = on(|store| store, with_room);
    journey(&h).await;
    let auditor = with_permissions(&h, "auditor@example.com", &["audit:read"]).await;
    let read = async |request: AuditRequest| h.users().audit_trail(&auditor.caller, request).await;
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let limit = Some(7);
        let page = read(AuditRequest {
            cursor,
            limit,
            ..AuditRequest::default()
        })
        .await
        .unwrap();
        assert!(page.events.len() <= 7);
        seen.extend(page.events);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(
        seen,
        whole_trail(&h).await,
        "all of it, the newest first, none twice"
    );

    let kind = |kind: &str| AuditRequest {
        kind: Some(kind.to_owned()),
        limit: Some(200),
        ..AuditRequest::default()
    };
    let failed = read(kind("login.failed")).await.unwrap().events;
    assert_eq!(failed.len(), count(&h, "login.failed").await);
    let eve = h
        .users()
        .as_application()
        .user_by_email("eve@example.com")
        .await;
    let eve = eve.unwrap().unwrap().id;
    let request = AuditRequest {
        user: Some(eve.to_string()),
        limit: Some(200),
        ..AuditRequest::default()
    };
    let of_eve = read(request).await.unwrap().events;
    assert!(of_eve.len() > 5);
    for event in &of_eve {
        let actor = event.actor.as_ref().map(|actor| actor.id);
        assert!(event.subject == Some(eve) || actor == Some(eve));
    }
    assert_eq!(code(read(kind("login")).await), "422 invalid_field");
    let request = AuditRequest {
        user: Some("eve".to_owned()),
        ..AuditRequest::default()
    };
    assert_eq!(code(read(request).await), "422 invalid_field");
    let request = AuditRequest {
        cursor: Some("1".to_owned()),
        ..AuditRequest::default()
    };
    assert_eq!(code(read(request).await), "422 invalid_field");
    let body = serde_json::to_value(read(kind("user.banned")).await.unwrap()).unwrap();
    assert_eq!(body["events"][0]["subject"], eve.to_string());
    assert_eq!(body["events"][0]["actor"]["collection"], "users");
    assert_eq!(body["nextCursor"], serde_json::Value::Null);
}

/// Another collection's trail is another one.
#[tokio::test]
async fn trails_do_not_cross_collections() {
    let h = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    let customers = h.accounts.users_of("customers").unwrap();
    people::person_of(&h, &customers, NewUser::new("eve@example.com")).await;
    let auditor = with_permissions(&h, "auditor@example.com", &["audit:read"]).await;
    let page = h
        .users()
        .audit_trail(&auditor.caller, AuditRequest::default())
        .await
        .unwrap();
    assert!(page.events.iter().all(|event| event.collection == "users"));
    assert!(
        customers
            .as_application()
            .audit_trail(AuditRequest::default())
            .await
            .unwrap()
            .events
            .len()
            > 2
    );
}
