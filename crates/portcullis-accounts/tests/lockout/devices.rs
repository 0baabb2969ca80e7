//! Devices that are known are not locked out by strangers: AC-L1.

use portcullis_accounts::{AccountsBuilder, Collection};

use crate::browser::Browser;
use crate::common::{PASSWORD, address, code, harness, harness_with};
use crate::{ADA, DAY, MINUTE, guess, login};

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
