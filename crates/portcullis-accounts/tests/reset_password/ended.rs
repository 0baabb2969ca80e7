//! What a new password ends, and what it must be: AC-Z3, AC-L8, AC-P4.

use portcullis_accounts::{Collection, CreatedKey, NewKey};

use crate::common::{Harness, PASSWORD, code, harness, tokens};
use crate::{ADA, INVALID, NEW, ask};

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
