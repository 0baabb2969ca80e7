//! What an administrator does with somebody's account, and what the application does by itself.

use portcullis_accounts::{AccountsBuilder, AdminUpdate, NewUser};
use serde_json::{Value, json};

use crate::common::{PASSWORD, code, harness, harness_with};
use crate::people::{application, by_key, cookie_of, count, key, user, view, with_role};
use crate::{open, people, profile, roles, settings};

#[tokio::test]
async fn an_admin_sets_what_its_user_may_only_read() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    let target = user(&h, "target@example.com").await;
    let update = async |value: Value| {
        h.users()
            .update_user(&root.caller, &target.id, profile(value))
            .await
    };
    let after = update(json!({"plan": "pro", "name": "T"})).await.unwrap();
    assert_eq!(
        (after.profile["plan"].as_str(), after.banned),
        (Some("pro"), Some(false))
    );
    for refused in [
        json!({"crmId": "7"}),
        json!({"password": "x"}),
        json!({"email": "e@example.com"}),
        json!({"nothing": 1}),
    ] {
        assert_eq!(
            code(update(refused.clone()).await),
            "422 field_not_allowed",
            "{refused}"
        );
    }
    assert_eq!(
        code(update(json!({"plan": "gold"})).await),
        "422 invalid_field"
    );
    application(&h)
        .update_user(&target.id, profile(json!({"crmId": "7"})))
        .await
        .unwrap();
    assert_eq!(
        view(&h, &target.id).await.profile.get("crmId"),
        None,
        "hidden is hidden from admins too"
    );
    assert_eq!(view(&h, &target.id).await.profile["plan"], "pro");
    let nonsense = AdminUpdate {
        permissions: Some(roles(&["post*"])),
        ..AdminUpdate::default()
    };
    assert_eq!(
        code(
            h.users()
                .update_user(&root.caller, &target.id, nonsense)
                .await
        ),
        "422 invalid_field"
    );
    for name in ["", "a b", "a\nb", &"x".repeat(129)] {
        assert_eq!(
            code(
                h.users()
                    .set_roles(&root.caller, &target.id, roles(&[name]))
                    .await
            ),
            "422 invalid_field"
        );
    }
}

#[tokio::test]
async fn an_admin_vouches_for_an_address_and_takes_it_back() {
    let h = harness_with(
        settings().require_verified(true),
        AccountsBuilder::with_insecure_no_limits,
    );
    let root = with_role(&h, "root@example.com", "admin").await;
    let made = application(&h)
        .create_user(NewUser::new("new@example.com").password(PASSWORD))
        .await
        .unwrap();
    assert!(
        h.mail_to("new@example.com").await.is_some(),
        "a link for proving it"
    );
    let refused = h.login("new@example.com", PASSWORD).await;
    assert_eq!(code(refused), "403 email_not_verified");
    let id = made.id.to_string();
    let set = async |verified| {
        let update = AdminUpdate {
            verified: Some(verified),
            ..AdminUpdate::default()
        };
        h.users()
            .update_user(&root.caller, &id, update)
            .await
            .unwrap()
    };
    assert!(set(true).await.verified);
    let ada = people::log_in(&h, &h.users(), "new@example.com").await;
    let cookie = cookie_of(&h, "new@example.com").await;
    assert!(!set(false).await.verified);
    assert!(ada.by_token(&h).await.is_err());
    assert!(h.caller_by("cookie", &cookie).await.is_err());
    assert_eq!(count(&h, "user.verified").await, 1);
}

#[tokio::test]
async fn a_ban_ends_everything_and_keeps_out() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    let eve = user(&h, "eve@example.com").await;
    let cookie = cookie_of(&h, "eve@example.com").await;
    h.users()
        .request_password_reset("eve@example.com")
        .await
        .unwrap();
    let link = h.link_to("eve@example.com").await;
    assert_eq!(
        h.users()
            .ban_user(&root.caller, &eve.id)
            .await
            .unwrap()
            .banned,
        Some(true)
    );
    assert!(eve.by_token(&h).await.is_err());
    assert!(h.caller_by("cookie", &cookie).await.is_err());
    assert!(h.users().refresh(&eve.refresh).await.is_err());
    assert_eq!(
        code(
            h.users()
                .reset_password(&link, "another horse battery")
                .await
        ),
        "400 invalid_token"
    );
    assert_eq!(code(h.users().me(&eve.caller).await), "401 unauthenticated");
    assert_eq!(
        code(h.login("eve@example.com", PASSWORD).await),
        "403 account_banned"
    );
    h.users().ban_user(&root.caller, &eve.id).await.unwrap();
    assert_eq!(count(&h, "user.banned").await, 1, "once is enough");

    h.users().unban_user(&root.caller, &eve.id).await.unwrap();
    assert!(
        eve.by_token(&h).await.is_err(),
        "what had ended stays ended"
    );
    assert!(h.caller_by("cookie", &cookie).await.is_err());
    assert!(h.users().refresh(&eve.refresh).await.is_err());
    let again = people::log_in(&h, &h.users(), "eve@example.com").await;
    again.by_token(&h).await.unwrap();
}

#[tokio::test]
async fn an_admin_ends_logins_and_locks() {
    let h = harness(settings());
    let root = with_role(&h, "root@example.com", "admin").await;
    let eve = user(&h, "eve@example.com").await;
    let cookie = cookie_of(&h, "eve@example.com").await;
    let created = key(&h, &eve.caller, None).await;
    assert_eq!(
        h.users().logout_user(&root.caller, &eve.id).await.unwrap(),
        2
    );
    assert!(eve.by_token(&h).await.is_err());
    assert!(h.users().refresh(&eve.refresh).await.is_err());
    assert!(h.caller_by("cookie", &cookie).await.is_err());
    by_key(&h, created.expose()).await.unwrap();
    assert_eq!(
        h.users().logout_user(&root.caller, &eve.id).await.unwrap(),
        0
    );

    for _ in 0..5 {
        assert_eq!(
            code(h.login("eve@example.com", "wrong horse battery").await),
            "401 invalid_credentials"
        );
    }
    assert_eq!(
        code(h.login("eve@example.com", PASSWORD).await),
        "401 invalid_credentials",
        "locked"
    );
    h.users().unlock_user(&root.caller, &eve.id).await.unwrap();
    h.login("eve@example.com", PASSWORD).await.unwrap();
    assert_eq!(count(&h, "account.unlocked").await, 1);
}

/// The application itself, without anybody's credential.
#[tokio::test]
async fn the_application_seeds_and_mends() {
    let h = harness_with(
        settings().allow_signup(false),
        AccountsBuilder::with_insecure_no_limits,
    );
    let app = application(&h);
    let new = NewUser::new("root@example.com")
        .password(PASSWORD)
        .roles(["admin"])
        .verified()
        .field("crmId", "1");
    let root = app.create_user(new).await.unwrap();
    assert_eq!(
        (root.roles.as_slice(), root.verified),
        (["admin".to_owned()].as_slice(), true)
    );
    let again = app.create_user(NewUser::new("ROOT@example.com")).await;
    assert_eq!(code(again), "409 email_taken");
    assert_eq!(
        code(app.create_user(NewUser::new("nothing")).await),
        "422 invalid_email"
    );
    assert_eq!(
        code(
            app.create_user(NewUser::new("a@example.com").password("short"))
                .await
        ),
        "422 weak_password"
    );
    assert_eq!(
        code(
            app.create_user(NewUser::new("a@example.com").field("x", 1))
                .await
        ),
        "422 field_not_allowed"
    );
    assert_eq!(
        code(
            app.create_user(NewUser::new("a@example.com").roles(["a b"]))
                .await
        ),
        "422 invalid_field"
    );
    assert!(app.user_by_email("a@example.com").await.unwrap().is_none());

    let passwordless = app
        .create_user(NewUser::new("new@example.com"))
        .await
        .unwrap();
    assert_eq!(passwordless.roles, ["user"]);
    assert_eq!(
        code(h.login("new@example.com", "").await),
        "401 invalid_credentials"
    );
    let id = passwordless.id.to_string();
    app.set_roles(&id, roles(&["admin", "billing"]))
        .await
        .unwrap();
    app.ban_user(&id).await.unwrap();
    app.unban_user(&id).await.unwrap();
    app.unlock_user(&id).await.unwrap();
    app.logout_user(&id).await.unwrap();
    app.delete_user(&id).await.unwrap();
    assert_eq!(code(app.user(&id).await), "404 not_found");
    let by: Vec<_> = h
        .audit()
        .await
        .into_iter()
        .filter(|event| {
            event.subject == Some(passwordless.id) && event.kind.as_str() != "login.failed"
        })
        .collect();
    assert!(by.len() >= 8);
    for event in by {
        assert_eq!(
            (event.reason.as_deref(), event.actor),
            (Some("by_application"), None),
            "{}",
            event.kind.as_str()
        );
    }
}
