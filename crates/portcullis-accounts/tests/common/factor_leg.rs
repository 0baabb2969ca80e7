//! What is done with second factors on the journey through everything.

use std::time::Duration;

use portcullis_accounts::store::AccountStore;
use portcullis_accounts::{LoggedIn, Mode, Proof};

use crate::app::{App, STEP, by_password, by_recovery, by_totp, challenged};
use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, code, tokens};

const IDA: &str = "ida@example.com";

/// Does everything that can be done with a second factor, and gives every secret that there was, but for six digits, which are in
/// many numbers.
pub(crate) async fn second_factors<S: AccountStore>(h: &Harness<S>) -> Vec<String> {
    let users = h.users();
    let session = h.register_proved(IDA).await;
    let caller = h.caller(tokens(&session)).await.unwrap();
    let shown = users.enroll_totp(&caller).await.unwrap();
    let mut secrets = vec![
        shown.secret.expose().to_owned(),
        shown.uri.expose().to_owned(),
    ];
    let app = App::scan(&shown, &h.clock);
    let activated = users.activate_totp(&caller, &app.code()).await.unwrap();
    let codes = activated.recovery_codes.iter();
    secrets.extend(codes.map(|code| code.expose().to_owned()));
    h.wait(STEP);

    let mut browser = Browser::at("192.0.2.99");
    let login = by_password(IDA, Mode::Cookie);
    let LoggedIn::Challenged(challenge) = browser.users(h).login(login).await.unwrap() else {
        panic!("not challenged");
    };
    let session = by_totp(&browser.users(h), &challenge.token, &app.code()).await;
    browser.keep_all(&session.unwrap());
    secrets.push(challenge.token.to_string());
    h.wait(STEP);
    let caller = browser.caller(h).await.unwrap();
    let replaced = browser
        .users(h)
        .replace_recovery_codes(&caller, &app.code())
        .await
        .unwrap();
    let new: Vec<_> = replaced
        .iter()
        .map(|code| code.expose().to_owned())
        .collect();
    secrets.extend(new.iter().cloned());

    let challenge = challenged(&users, IDA).await;
    by_recovery(&users, &challenge, &new[0]).await.unwrap();
    secrets.push(challenge);
    for _ in 0..10 {
        h.wait(Duration::from_secs(10));
        let proof = Proof::Code("000 000 0");
        let refused = browser.users(h).reauthenticate(&caller, proof).await;
        assert_eq!(code(refused), "401 invalid_code");
    }
    h.wait(Duration::from_secs(60));
    let proof = Proof::Password(PASSWORD);
    let proved = browser
        .users(h)
        .reauthenticate(&caller, proof)
        .await
        .unwrap();
    browser.keep(&proved.cookie.unwrap());
    let caller = browser.caller(h).await.unwrap();
    browser
        .users(h)
        .disable_totp(&caller, &new[1])
        .await
        .unwrap();
    secrets
}
