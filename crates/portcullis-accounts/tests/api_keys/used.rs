//! When a key was used last: AC-K6.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_accounts::{Collection, KeyInfo, NewKey};
use portcullis_core::{Clock, TrustedProxies, client_address};
use portcullis_key::verify_format;

use crate::common::{Harness, code, harness_with};
use crate::people::{by_key, count, key, new_key, user};
use crate::{DAY, open, people};

async fn only_key(h: &Harness, owner: &portcullis_core::AuthUser) -> KeyInfo {
    let mut keys = h.users().keys(owner).await.unwrap();
    assert_eq!(keys.len(), 1);
    keys.remove(0)
}

/// A harness whose clients come from where the test says.
fn from_address(address: &Arc<Mutex<IpAddr>>) -> Harness {
    let address = Arc::clone(address);
    harness_with(Collection::new(), |builder| {
        let clients = client_address(TrustedProxies::default());
        let clients = clients.peer_from(move |_| Some(*address.lock().unwrap()));
        builder.client_address(clients).with_insecure_no_limits()
    })
}

/// AC-K6
#[tokio::test]
async fn ac_k6_the_last_use_is_noted_beside_the_requests() {
    let address = Arc::new(Mutex::new("203.0.113.9".parse().unwrap()));
    let h = from_address(&address);
    let ada = user(&h, "ada@example.com").await;
    let created = key(&h, &ada.caller, None).await;
    let use_it = async || by_key(&h, created.expose()).await.unwrap();
    let info = async || only_key(&h, &ada.caller).await;

    use_it().await;
    assert_eq!(info().await.last_used_at, None, "no request writes");
    let first = h.clock.now();
    h.accounts.note_key_uses().await.unwrap();
    let noted = info().await;
    assert_eq!(noted.last_used_at, Some(first));
    assert_eq!(noted.last_used_from, Some("203.0.113.9".parse().unwrap()));

    *address.lock().unwrap() = "198.51.100.7".parse().unwrap();
    for _ in 0..59 {
        h.wait(Duration::from_secs(1));
        use_it().await;
        h.accounts.note_key_uses().await.unwrap();
        assert_eq!(info().await.last_used_at, Some(first), "once in 60 seconds");
    }
    h.wait(Duration::from_secs(1));
    use_it().await;
    h.accounts.note_key_uses().await.unwrap();
    let second = h.clock.now();
    let noted = info().await;
    assert_eq!(noted.last_used_at, Some(second));
    assert_eq!(noted.last_used_from, Some("198.51.100.7".parse().unwrap()));

    h.clock.set(first);
    use_it().await;
    h.accounts.note_key_uses().await.unwrap();
    assert_eq!(info().await.last_used_at, Some(second), "never backwards");
    let firsts: Vec<_> = h
        .audit()
        .await
        .into_iter()
        .filter(|event| event.kind.as_str() == "api_key.used_first")
        .collect();
    assert_eq!(firsts.len(), 1);
    assert_eq!(firsts[0].ip.as_deref(), Some("203.0.113.9"));
    assert_eq!(
        firsts[0].detail.as_deref(),
        Some(&*created.info().id.to_string())
    );
    assert_eq!(
        firsts[0].subject.map(|id| id.to_string()),
        Some(ada.id.clone())
    );
}

/// AC-K6: a key is not used by who only knows its public half, nor after its end.
#[tokio::test]
async fn ac_k6_only_a_good_key_is_used() {
    let h = open();
    let ada = user(&h, "ada@example.com").await;
    let end = h.clock.now().saturating_add(DAY);
    let new = NewKey {
        expires_at: Some(end),
        ..new_key(None)
    };
    let created = h.users().create_key(&ada.caller, new).await.unwrap();
    let other = key(&h, &user(&h, "bob@example.com").await.caller, None).await;
    // The same public id with another secret, its checksum right: made by looking for one.
    let forged = forged(created.expose(), other.expose());
    assert!(verify_format(&forged).is_some());
    assert_eq!(code(by_key(&h, &forged).await), "401 invalid_api_key");
    h.wait(DAY);
    assert_eq!(
        code(by_key(&h, created.expose()).await),
        "401 invalid_api_key"
    );
    h.accounts.note_key_uses().await.unwrap();
    let ada = people::log_in(&h, &h.users(), "ada@example.com").await;
    assert_eq!(only_key(&h, &ada.caller).await.last_used_at, None);
    assert_eq!(count(&h, "api_key.used_first").await, 0);
}

/// The public id of one key, the secret of another, and the checksum of the two (CRC-32 in six digits of base62).
fn forged(id_of: &str, secret_of: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let body = format!("{}{}", &id_of[..15], &secret_of[15..47]);
    let crc = body.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    });
    let mut rest = !crc;
    let mut sum = [b'0'; 6];
    for digit in sum.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    format!("{body}{}", std::str::from_utf8(&sum).unwrap())
}
