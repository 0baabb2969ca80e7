//! A key that is remembered is decided at once and without memory of its own.

mod common;

use std::time::Duration;

use portcullis_core::{Attempt, AuthnLayer, Scheme};
use portcullis_key::{ApiKeys, CacheLimits};

use self::common::*;

#[tokio::test]
async fn a_remembered_key_is_decided_at_once_without_allocation() {
    let (key, keys) = one_key();
    let scheme = ApiKeys::new(keys).with_cache(CacheLimits::new(Duration::from_secs(60)));
    let layer = AuthnLayer::new().scheme(scheme.clone());
    assert_eq!(ask(&layer, presenting(&key)).await.status, 200);

    let bearer = format!("Bearer {}", key.expose());
    for request in [presenting(&key), with_header("authorization", &bearer)] {
        let head = request.into_parts().0;
        let mut is_ready = false;
        let counted = allocation_counter::measure(|| {
            let _ = scheme.presence(&head);
            is_ready = matches!(scheme.authenticate(&head), Attempt::Ready(Ok(_)));
        });
        assert!(is_ready);
        assert_eq!(counted.count_total, 0);
    }
}

#[tokio::test]
async fn a_key_that_must_be_looked_up_waits() {
    let (key, keys) = one_key();
    let head = presenting(&key).into_parts().0;
    let attempt = ApiKeys::new(keys).authenticate(&head);
    assert!(matches!(attempt, Attempt::Pending(_)));
}
