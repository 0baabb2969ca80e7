//! What an entry says, and what it does not: AC-U2, AC-U4.

use std::time::Duration;

use portcullis_accounts::{AuditKind, Collection, Origin, Register, UserRef};
use portcullis_core::{Client, Clock};

use crate::common::{PASSWORD, at, harness_with};
use crate::people::{user, with_role};
use crate::{name, people};

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
