//! To whom mail goes, and where its link leads: AC-Z4 to AC-Z7.

use std::time::Duration;

use http::Request;
use portcullis_accounts::store::{Change, Ledger, UserUpdate};
use portcullis_accounts::{Collection, Origin, UserRef};
use portcullis_core::{ClientAddress, TrustedProxies, client_address};

use crate::common::{harness, token_in};
use crate::{ADA, NEW, ban};

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
