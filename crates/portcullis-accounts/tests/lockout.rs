//! Wrong passwords: AC-L1 to AC-L10, AC-T4 for the lock, and what the owner is told (OWASP ASVS 6.3.5).

#[path = "common/browser.rs"]
mod browser;
mod common;

use std::time::Duration;

use portcullis_accounts::{AccountsBuilder, Collection, LoggedIn, Login, Mode, Session, Users};
use portcullis_core::Denial;
use portcullis_password::BreachedList;
use proptest::prelude::*;

use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, address, at_once, code, harness, harness_with, tokens};

const ADA: &str = "ada@example.com";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn login(users: &Users, email: &str, password: &str) -> Result<Session, Denial> {
    let login = Login {
        email: email.to_owned(),
        password: password.to_owned().into(),
        mode: Some(Mode::Token),
        ..Login::default()
    };
    match users.login(login).await? {
        LoggedIn::Done(session) => Ok(session),
        other => panic!("not done: {other:?}"),
    }
}

async fn guess(harness: &Harness, from: u32, times: usize) {
    let users = harness.users().from(address(from));
    for _ in 0..times {
        assert_eq!(
            code(login(&users, ADA, "wrong").await),
            "401 invalid_credentials"
        );
    }
}

async fn count(harness: &Harness, entry: &str) -> usize {
    harness
        .trail()
        .await
        .iter()
        .filter(|name| *name == entry)
        .count()
}

#[tokio::test]
async fn ac_l1_five_lock_for_a_minute_and_then_for_two() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let here = harness.users().from(address(1));
    for minutes in [1, 2, 4, 8, 15, 15] {
        guess(&harness, 1, 5).await;
        harness.wait(MINUTE * minutes - Duration::from_secs(1));
        assert_eq!(
            code(login(&here, ADA, PASSWORD).await),
            "401 invalid_credentials",
            "{minutes}"
        );
        harness.wait(Duration::from_secs(1));
    }
    login(&here, ADA, PASSWORD).await.unwrap();
    guess(&harness, 1, 4).await;
    login(&here, ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn ac_l1_a_hundred_from_anywhere_lock_until_unlocked() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    harness.sent().await;
    for from in 0..25 {
        guess(&harness, from, 4).await;
    }
    assert_eq!(harness.mail_to(ADA).await.unwrap().kind, "unlock");
    let stranger = harness.users().from(address(99));
    harness.wait(DAY * 7);
    assert_eq!(
        code(login(&stranger, ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    assert_eq!(count(&harness, "account.locked until_unlocked").await, 1);
}

#[tokio::test]
async fn ac_l1_the_mailed_link_ends_a_hard_lock() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    harness.sent().await;
    for from in 0..25 {
        guess(&harness, from, 4).await;
    }
    let link = harness.link_to(ADA).await;
    let stranger = harness.users().from(address(99));
    assert_eq!(
        code(login(&stranger, ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    stranger.unlock(&link).await.unwrap();
    login(&stranger, ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn ac_l1_a_known_device_is_not_locked_out_by_strangers() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    harness.register("bob@example.com").await;
    let mut known = Browser::at("192.0.2.1");
    let session = known.login(&harness, ADA, PASSWORD).await;
    let line = session
        .cookies()
        .nth(1)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        line.starts_with("__Host-device=")
            && line.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=7776000"),
        "{line}"
    );
    let mut strange = Browser::at("192.0.2.2");
    strange.login(&harness, "bob@example.com", PASSWORD).await;
    for from in 0..25 {
        guess(&harness, from, 4).await;
    }
    known.cookies.remove("__Host-session");
    assert_eq!(
        code(strange.try_login(&harness, ADA, PASSWORD, true).await),
        "401 invalid_credentials",
        "Bob's device is none of Ada's"
    );
    let mut forged = Browser::at("192.0.2.3");
    let mut value = known.cookies["__Host-device"].clone();
    let last = if value.ends_with('A') { "Q" } else { "A" };
    value.replace_range(40..41, if &value[40..41] == "A" { "B" } else { last });
    forged.cookies.insert("__Host-device".to_owned(), value);
    assert_eq!(
        code(forged.try_login(&harness, ADA, PASSWORD, true).await),
        "401 invalid_credentials"
    );
    let mut elsewhere = known.clone();
    known.login(&harness, ADA, PASSWORD).await;
    assert_eq!(
        code(login(&harness.users().from(address(99)), ADA, PASSWORD).await),
        "401 invalid_credentials",
        "the lock itself stands"
    );
    // It is exempt from the hard lock alone.
    for _ in 0..5 {
        assert_eq!(
            code(elsewhere.try_login(&harness, ADA, "wrong", true).await),
            "401 invalid_credentials"
        );
    }
    assert_eq!(
        code(elsewhere.try_login(&harness, ADA, PASSWORD, true).await),
        "401 invalid_credentials"
    );
    harness.wait(MINUTE);
    elsewhere.login(&harness, ADA, PASSWORD).await;
    harness.wait(91 * DAY);
    assert_eq!(
        code(
            elsewhere
                .clone()
                .try_login(&harness, ADA, PASSWORD, true)
                .await
        ),
        "401 invalid_credentials",
        "not for ever"
    );
}

#[tokio::test]
async fn a_known_device_is_forgotten_when_all_sessions_end() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let mut known = Browser::at("192.0.2.1");
    known.login(&harness, ADA, PASSWORD).await;
    let caller = known.caller(&harness).await.unwrap();
    known
        .users(&harness)
        .logout_all(&caller, false)
        .await
        .unwrap();
    for from in 0..25 {
        guess(&harness, from, 4).await;
    }
    assert_eq!(
        code(known.try_login(&harness, ADA, PASSWORD, true).await),
        "401 invalid_credentials"
    );
}

#[tokio::test]
async fn no_device_is_known_where_none_is_to_be() {
    let harness = harness_with(Collection::new(), AccountsBuilder::without_known_devices);
    harness.register(ADA).await;
    let session = Browser::at("192.0.2.1")
        .login(&harness, ADA, PASSWORD)
        .await;
    assert_eq!(session.cookies().count(), 1);
    let by_token = harness.login(ADA, PASSWORD).await.unwrap();
    assert_eq!(by_token.cookies().count(), 0, "tokens bring no cookies");
}

/// Everything that a stranger sees of a refusal.
fn seen(denial: &Denial) -> String {
    format!(
        "{} {} {} {:?} {:?}",
        denial.status(),
        denial.code(),
        denial.detail(),
        denial.retry_after(),
        denial.headers()
    )
}

#[tokio::test]
async fn ac_l2_ac_l3_locked_unknown_and_wrong_are_alike() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let mut all = Vec::new();
    for (from, email) in [(1, ADA), (2, "nobody@example.com"), (3, "not an address")] {
        let users = harness.users().from(address(from));
        for _ in 0..8 {
            all.push(seen(&login(&users, email, "wrong").await.unwrap_err()));
        }
        let status = users.lock_status(email).await.unwrap();
        assert!(
            status.locked,
            "{email}: those that nobody has are counted too"
        );
    }
    all.dedup();
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].contains("None"), "no time to come back: {}", all[0]);
}

#[tokio::test]
async fn ac_l2_the_lock_is_told_only_if_said() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.with_insecure_revealed_locks()
    });
    harness.register(ADA).await;
    guess(&harness, 1, 5).await;
    let denial = login(&harness.users().from(address(1)), ADA, PASSWORD)
        .await
        .unwrap_err();
    assert_eq!(
        (
            denial.status().as_u16(),
            denial.code(),
            denial.retry_after_seconds()
        ),
        (429, "account_locked", Some(60))
    );
}

#[tokio::test]
async fn ac_l4_the_right_password_opens_no_lock() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    guess(&harness, 1, 5).await;
    let users = harness.users().from(address(1));
    for _ in 0..3 {
        assert_eq!(
            code(login(&users, ADA, PASSWORD).await),
            "401 invalid_credentials"
        );
    }
    assert!(users.lock_status(ADA).await.unwrap().locked);
    assert_eq!(count(&harness, "login.failed locked").await, 3);
    assert_eq!(count(&harness, "login.succeeded").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_l5_of_two_hundred_guesses_at_once_five_are_judged() {
    let harness = harness_with(Collection::new(), |builder| {
        let many = portcullis_accounts::Limits {
            login: portcullis_limit::Quota::per_minute(100_000),
            ..Default::default()
        };
        builder.limits(many)
    });
    harness.register(ADA).await;
    for round in 0..5 {
        let answers = at_once(200, |number| {
            let users = harness.users().from(address(round));
            // One of them is right.
            let password = if number == 150 { PASSWORD } else { "wrong" };
            async move { login(&users, ADA, password).await }
        })
        .await;
        let right = answers.iter().filter(|answer| answer.is_ok()).count();
        let judged = count(&harness, "login.failed wrong_password").await;
        let locked = count(&harness, "login.failed locked").await;
        // The others would have been hashed only to be as slow, and found the queue full.
        let busy = |answer: &Result<Session, Denial>| {
            answer.as_ref().is_err_and(|denial| denial.code() == "busy")
        };
        let busy = answers.iter().filter(|answer| busy(answer)).count();
        // Where the right one came among the first, it has begun a new round.
        assert!(judged <= 5 + 5 * right, "{judged} {right}");
        assert_eq!(judged + locked + right + busy, 200);
        harness.wait(DAY * 2);
        harness.store_forget_trail().await;
    }
}

trait ForgetTrail {
    fn store_forget_trail(&self) -> impl Future<Output = ()>;
}

impl ForgetTrail for Harness {
    async fn store_forget_trail(&self) {
        use portcullis_accounts::store::Ledger;
        use portcullis_core::Clock;
        let now = self.clock.now();
        while self.store.purge(now, Some(now), 1_000).await.unwrap() > 0 {}
    }
}

#[tokio::test]
async fn ac_l6_a_success_clears_the_accounts_failures_and_not_the_addresss() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let users = harness.users().from(address(1));
    for stranger in 0..46 {
        let email = format!("nobody{stranger}@example.com");
        assert_eq!(
            code(login(&users, &email, "wrong").await),
            "401 invalid_credentials"
        );
        if stranger % 20 == 19 {
            harness.wait(MINUTE);
        }
    }
    harness.wait(MINUTE);
    guess(&harness, 1, 3).await;
    login(&users, ADA, PASSWORD).await.unwrap();
    assert_eq!(
        users.lock_status(ADA).await.unwrap().remaining,
        1,
        "49 of 50 from this address"
    );
    assert_eq!(
        code(login(&users, "nobody@example.com", "wrong").await),
        "401 invalid_credentials"
    );
    let denial = login(&users, ADA, PASSWORD).await.unwrap_err();
    assert_eq!(denial.code(), "rate_limited");
    assert!(
        denial.retry_after().is_some(),
        "AC-L2: an address may be told when to come back"
    );
    assert_eq!(count(&harness, "rate_limited address_locked").await, 1);
    login(&harness.users().from(address(2)), ADA, PASSWORD)
        .await
        .unwrap();
}

#[tokio::test]
async fn ac_l8_a_lock_does_not_stand_in_the_way_of_a_reset_which_ends_it() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    guess(&harness, 1, 5).await;
    harness.sent().await;
    let users = harness.users().from(address(1));
    users.request_password_reset(ADA).await.unwrap();
    let link = harness.link_to(ADA).await;
    users
        .reset_password(&link, "staple battery horse")
        .await
        .unwrap();
    login(&users, ADA, "staple battery horse").await.unwrap();
}

#[tokio::test]
async fn ac_l9_what_was_given_before_the_lock_goes_on() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let mut browser = Browser::at("10.0.0.1");
    browser.login(&harness, ADA, PASSWORD).await;
    guess(&harness, 1, 5).await;
    for from in 2..27 {
        guess(&harness, from, 4).await;
    }
    browser.caller(&harness).await.unwrap();
    harness.caller(tokens(&session)).await.unwrap();
    let next = harness
        .users()
        .from(address(1))
        .refresh(tokens(&session).refresh())
        .await
        .unwrap();
    harness.caller(tokens(&next)).await.unwrap();
}

#[tokio::test]
async fn ac_l10_a_lock_is_written_down_and_told_once() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    harness.sent().await;
    harness.mail.clear();
    guess(&harness, 1, 20).await;
    assert_eq!(count(&harness, "account.locked for_a_while").await, 1);
    let kinds = |mails: Vec<portcullis_accounts::SentMail>| {
        mails
            .into_iter()
            .map(|mail| (mail.to, mail.kind))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(harness.sent().await),
        [(ADA.to_owned(), "account_locked")]
    );
    guess(&harness, 2, 5).await;
    assert_eq!(
        count(&harness, "account.locked for_a_while").await,
        2,
        "another lock"
    );
    assert_eq!(harness.sent().await.len(), 1, "and no flood of mail");
    harness.wait(MINUTE);
    guess(&harness, 1, 5).await;
    assert_eq!(harness.sent().await.len(), 2, "another window");
    let nobody = harness.users().from(address(3));
    for _ in 0..6 {
        assert_eq!(
            code(login(&nobody, "nobody@example.com", "wrong").await),
            "401 invalid_credentials"
        );
    }
    assert_eq!(harness.sent().await.len(), 2);
    assert_eq!(count(&harness, "account.locked for_a_while").await, 4);
    let audit = harness.audit().await;
    let strangers: Vec<_> = audit
        .iter()
        .filter(|event| event.subject.is_none())
        .collect();
    assert!(!strangers.is_empty());
    for event in strangers {
        let detail = event.detail.as_deref().unwrap();
        assert!(
            detail.starts_with("identifier:") && !detail.contains("nobody"),
            "AC-U2: {detail}"
        );
    }
}

#[tokio::test]
async fn ac_t4_an_address_in_another_dress_is_the_same_address() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let users = harness.users().from(address(1));
    let dresses = [
        " ada@example.com",
        "ADA@example.com",
        "\u{a0}\u{2003}ada@EXAMPLE.com\t",
        "ａda@example.com",
        "ada@example.com\n",
    ];
    for dress in dresses {
        assert_eq!(
            code(login(&users, dress, "wrong").await),
            "401 invalid_credentials"
        );
    }
    assert_eq!(
        code(login(&users, ADA, PASSWORD).await),
        "401 invalid_credentials",
        "five of one account"
    );
    assert!(
        users
            .lock_status("  Ada@Example.COM ")
            .await
            .unwrap()
            .locked
    );
}

proptest! {
    /// AC-T4: whatever finds the account is counted on it.
    #[test]
    fn ac_t4_what_finds_an_account_is_counted_on_it(
        before in "[ \\t\\u{a0}\\u{2003}\\u{3000}]{0,4}",
        after in "[ \\t\\n\\u{a0}\\u{2003}]{0,4}",
        upper in prop::collection::vec(any::<bool>(), 15),
        wide in prop::collection::vec(any::<bool>(), 15),
    ) {
        let dress = |(letter, (upper, wide)): (char, (bool, bool))| {
            let letter = if upper { letter.to_ascii_uppercase() } else { letter };
            match wide && letter.is_ascii_alphanumeric() {
                true => char::from_u32(u32::from(letter) + 0xfee0).unwrap(),
                false => letter,
            }
        };
        let text: String = ADA.chars().zip(upper.into_iter().zip(wide)).map(dress).collect();
        let typed = format!("{before}{text}{after}");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let harness = harness(Collection::new());
            let users = harness.users().from(address(1));
            let before = users.lock_status(ADA).await.unwrap().remaining;
            users.count_failure(&typed).await.unwrap();
            let after = users.lock_status(ADA).await.unwrap().remaining;
            if portcullis_accounts::EmailAddress::parse(&typed).is_ok_and(|address| address.key() == ADA) {
                assert_eq!(after, before - 1, "{typed:?}");
            }
        });
    }
}

#[tokio::test]
async fn collections_have_locks_of_their_own() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    harness.register(ADA).await;
    guess(&harness, 1, 5).await;
    let customers = harness
        .accounts
        .users_of("customers")
        .unwrap()
        .from(address(1));
    assert!(!customers.lock_status(ADA).await.unwrap().locked);
}

#[tokio::test]
async fn the_application_counts_looks_and_forgets() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let users = harness.users().from(address(1));
    for left in (1..=5).rev() {
        let status = users.lock_status(ADA).await.unwrap();
        assert_eq!((status.locked, status.remaining), (false, left));
        users.count_failure(ADA).await.unwrap();
    }
    let status = users.lock_status(ADA).await.unwrap();
    assert_eq!((status.locked, status.remaining), (true, 0));
    users.count_failure(ADA).await.unwrap();
    assert_eq!(
        code(login(&users, ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    assert_eq!(count(&harness, "account.locked for_a_while").await, 1);
    users.forget_failures(ADA).await.unwrap();
    assert_eq!(users.lock_status(ADA).await.unwrap().remaining, 5);
    login(&users, ADA, PASSWORD).await.unwrap();

    let unlimited = harness_with(Collection::new(), |builder| {
        builder.with_insecure_no_limits()
    });
    let users = unlimited.users();
    users.count_failure(ADA).await.unwrap();
    users.forget_failures(ADA).await.unwrap();
    assert_eq!(users.lock_status(ADA).await.unwrap().remaining, u32::MAX);
}

#[tokio::test]
async fn attempts_of_the_applications_own_are_limited() {
    let harness = harness(Collection::new());
    let users = harness.users();
    for name in ["ada", "ADA ", "ada"] {
        users.limit_attempts(name, 3, MINUTE).await.unwrap();
    }
    let denial = users.limit_attempts("Ada", 3, MINUTE).await.unwrap_err();
    assert_eq!(
        (denial.status().as_u16(), denial.code()),
        (429, "rate_limited")
    );
    assert!(
        denial
            .retry_after_seconds()
            .is_some_and(|seconds| (1..=60).contains(&seconds))
    );
    users.limit_attempts("bob", 3, MINUTE).await.unwrap();
    harness.wait(MINUTE);
    users.limit_attempts("ada", 3, MINUTE).await.unwrap();
}

#[tokio::test]
async fn asvs_6_3_5_an_owner_hears_of_a_login_after_guesses() {
    for (failures, told) in [(2, false), (3, true), (4, true)] {
        let harness = harness(Collection::new());
        harness.register(ADA).await;
        guess(&harness, 1, failures).await;
        login(&harness.users().from(address(2)), ADA, PASSWORD)
            .await
            .unwrap();
        let is_told = |mail: &portcullis_accounts::SentMail| mail.kind == "login_after_failures";
        assert_eq!(harness.sent().await.iter().any(is_told), told, "{failures}");
        login(&harness.users().from(address(2)), ADA, PASSWORD)
            .await
            .unwrap();
        assert_eq!(
            harness
                .sent()
                .await
                .iter()
                .filter(|mail| is_told(mail))
                .count(),
            usize::from(told),
            "once"
        );
    }
}

#[tokio::test]
async fn ac_h9_a_password_from_a_breach_is_warned_of_and_lets_in() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.breached_passwords(BreachedList::of_passwords(["known horse battery"]))
    });
    let before = common::harness_on(
        harness.store.clone(),
        harness.clock.clone(),
        Collection::new(),
        |builder| builder,
    );
    before
        .users()
        .register(portcullis_accounts::Register::new(
            ADA,
            "known horse battery",
        ))
        .await
        .unwrap();
    let session = harness.login(ADA, "known horse battery").await.unwrap();
    let json = serde_json::to_value(&session).unwrap();
    assert_eq!(
        json["weakPassword"],
        serde_json::json!({ "reasons": ["pwned"] })
    );
    assert!(json["token"].is_string());
    let mut browser = Browser::at("192.0.2.1");
    let session = browser.login(&harness, ADA, "known horse battery").await;
    assert_eq!(
        serde_json::to_value(&session).unwrap()["weakPassword"]["reasons"][0],
        "pwned"
    );
    harness.register("bob@example.com").await;
    let session = harness.login("bob@example.com", PASSWORD).await.unwrap();
    assert!(
        serde_json::to_value(&session)
            .unwrap()
            .get("weakPassword")
            .is_none()
    );
    assert_eq!(
        code(harness.login(ADA, "wrong").await),
        "401 invalid_credentials"
    );
}

#[derive(Debug)]
struct Silent;

impl portcullis_password::BreachedPasswords for Silent {
    fn check<'a>(
        &'a self,
        _: &'a portcullis_password::Password,
    ) -> portcullis_password::BreachFuture<'a> {
        Box::pin(async { portcullis_password::BreachOutcome::Unknown })
    }
}

#[tokio::test]
async fn ac_h9_a_source_that_is_silent_is_written_down() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.breached_passwords(Silent)
    });
    harness.register(ADA).await;
    assert_eq!(
        count(&harness, "password.check_unavailable breach_source").await,
        1
    );
    let session = harness.login(ADA, PASSWORD).await.unwrap();
    assert!(session.weak_password.is_empty());
    assert_eq!(
        count(&harness, "password.check_unavailable breach_source").await,
        2
    );
    assert_eq!(
        code(harness.login(ADA, "wrong").await),
        "401 invalid_credentials"
    );
    assert_eq!(
        count(&harness, "password.check_unavailable breach_source").await,
        2,
        "only where it was right"
    );
}

#[tokio::test]
async fn only_the_right_password_hears_of_a_ban() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    use portcullis_accounts::store::{Change, Ledger, UserUpdate};
    let mut ban = UserUpdate::new(
        portcullis_accounts::UserRef::new("users", session.user.id),
        session.user.updated_at,
    );
    ban.banned_at = Some(Some(session.user.updated_at));
    harness
        .store
        .commit(&[Change::UpdateUser(Box::new(ban))])
        .await
        .unwrap();
    assert_eq!(
        code(harness.login(ADA, "wrong").await),
        "401 invalid_credentials"
    );
    assert_eq!(
        code(harness.login(ADA, PASSWORD).await),
        "403 account_banned"
    );
    assert_eq!(count(&harness, "login.failed account_banned").await, 1);
    let strict = common::harness_on(
        harness.store.clone(),
        harness.clock.clone(),
        Collection::new().require_verified(true),
        |builder| builder,
    );
    harness.register("bob@example.com").await;
    assert_eq!(
        code(strict.login("bob@example.com", "wrong").await),
        "401 invalid_credentials"
    );
    assert_eq!(
        code(strict.login("bob@example.com", PASSWORD).await),
        "403 email_not_verified"
    );
}
