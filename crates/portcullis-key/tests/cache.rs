//! AC-K5: what a cache may remember, and for how long.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis_core::{AuthUser, AuthnLayer, Clock, SchemeName, ScopeMap};
use portcullis_key::{
    ApiKey, ApiKeys, CacheLimits, KeyFormat, KeyIndex, KeyLookup, KeyRecord, LookupError,
    MemoryKeys, async_trait,
};
use portcullis_testkit::ManualClock;
use tokio::sync::Barrier;

use self::common::*;

fn minute() -> CacheLimits {
    CacheLimits::new(CacheLimits::LONGEST_TIME_TO_LIVE)
}

struct Cached {
    store: Counting,
    scheme: ApiKeys,
    layer: AuthnLayer,
    clock: ManualClock,
}

fn cached(limits: CacheLimits) -> Cached {
    let (store, clock) = (Counting::default(), ManualClock::new());
    let scheme = ApiKeys::new(store.clone())
        .with_cache(limits)
        .clock(clock.shared());
    let layer = AuthnLayer::new().scheme(scheme.clone());
    Cached {
        store,
        scheme,
        layer,
        clock,
    }
}

impl Cached {
    fn add(&self, owner_id: &str) -> ApiKey {
        let key = new_key();
        self.store
            .keys
            .insert(KeyRecord::for_key(&key, owner(owner_id)));
        key
    }

    async fn status(&self, key: &ApiKey) -> u16 {
        ask(&self.layer, presenting(key)).await.status.as_u16()
    }
}

#[tokio::test]
async fn without_a_cache_every_request_asks_the_store() {
    let (key, keys) = one_key();
    let store = Counting::new(keys);
    let layer = AuthnLayer::new().scheme(ApiKeys::new(store.clone()));
    for _ in 0..3 {
        assert_eq!(ask(&layer, presenting(&key)).await.status, 200);
    }
    assert_eq!(store.asked(), 3);
}

#[tokio::test]
async fn a_good_key_is_remembered_for_its_time() {
    let cached = cached(CacheLimits::new(Duration::from_secs(30)));
    let key = cached.add("alice");
    assert_eq!(cached.status(&key).await, 200);
    cached.clock.advance(Duration::from_millis(29_999));
    let answer = ask(&cached.layer, presenting(&key)).await;
    assert_eq!(answer.user().credential_id(), Some(id_of(&key).as_str()));
    assert_eq!(cached.store.asked(), 1);
    cached.clock.advance(Duration::from_millis(1));
    assert_eq!(cached.status(&key).await, 200);
    assert_eq!(cached.store.asked(), 2);
}

#[tokio::test]
async fn ac_k5_sixty_seconds_are_the_most() {
    let cached = cached(CacheLimits::new(Duration::from_secs(3600)));
    let key = cached.add("alice");
    assert_eq!(cached.status(&key).await, 200);
    cached.store.keys.remove(&id_of(&key));
    cached.clock.advance(Duration::from_millis(59_999));
    assert_eq!(cached.status(&key).await, 200, "nobody told the scheme");
    cached.clock.advance(Duration::from_millis(1));
    assert_eq!(cached.status(&key).await, 401);
}

#[tokio::test]
async fn a_time_to_live_of_nothing_remembers_nothing() {
    let cached = cached(CacheLimits::new(Duration::ZERO));
    let key = cached.add("alice");
    assert_eq!(cached.status(&key).await, 200);
    assert_eq!(cached.status(&key).await, 200);
    assert_eq!(cached.store.asked(), 2);
}

#[tokio::test]
async fn ac_k5_a_revoked_key_is_dead_on_the_next_request() {
    let cached = cached(minute());
    let (key, other) = (cached.add("alice"), cached.add("bob"));
    for key in [&key, &other] {
        assert_eq!(cached.status(key).await, 200);
    }
    cached.store.keys.remove(&id_of(&key));
    cached.scheme.revoke(&id_of(&key));
    assert_eq!(cached.status(&key).await, 401);
    let asked = cached.store.asked();
    assert_eq!(cached.status(&other).await, 200);
    assert_eq!(cached.store.asked(), asked, "other keys stay remembered");
}

#[tokio::test]
async fn ac_k5_a_banned_owners_keys_are_dead_on_the_next_request() {
    let cached = cached(minute());
    let keys = [cached.add("alice"), cached.add("alice"), cached.add("bob")];
    for key in &keys {
        assert_eq!(cached.status(key).await, 200);
    }
    for key in &keys {
        cached.store.keys.set_disabled(&id_of(key), true);
    }
    cached.scheme.revoke_owner("customers", "alice");
    assert_eq!(cached.status(&keys[0]).await, 200, "of another collection");
    cached.scheme.revoke_owner("users", "alice");
    assert_eq!(cached.status(&keys[0]).await, 401);
    assert_eq!(cached.status(&keys[1]).await, 401);
    assert_eq!(cached.status(&keys[2]).await, 200, "not told about bob");
    cached.scheme.clear();
    assert_eq!(cached.status(&keys[2]).await, 401);
}

#[tokio::test]
async fn ac_k5_a_remembered_key_ends_at_its_last_moment() {
    let cached = cached(minute());
    let key = new_key();
    let expires_at = cached.clock.now().saturating_add(Duration::from_secs(10));
    let record = KeyRecord::for_key(&key, owner("alice")).with_expires_at(Some(expires_at));
    cached.store.keys.insert(record);
    assert_eq!(cached.status(&key).await, 200);
    cached.clock.advance(Duration::from_millis(9_999));
    assert_eq!(cached.status(&key).await, 200);
    assert_eq!(cached.store.asked(), 1);
    cached.clock.advance(Duration::from_millis(1));
    assert_eq!(cached.status(&key).await, 401);
}

#[tokio::test]
async fn a_bad_key_is_not_remembered() {
    let cached = cached(minute());
    let key = new_key();
    assert_eq!(cached.status(&key).await, 401);
    cached
        .store
        .keys
        .insert(KeyRecord::for_key(&key, owner("alice")));
    assert_eq!(cached.status(&key).await, 200);
}

#[tokio::test]
async fn a_remembered_key_is_held_to_the_collection_that_is_named() {
    let (key, keys) = one_key();
    let scheme = ApiKeys::new(keys)
        .with_collection_header("users")
        .with_collection_header("customers")
        .with_cache(minute());
    let layer = AuthnLayer::new().scheme(scheme);
    for (collection, status) in [("users", 200), ("customers", 401), ("users", 200)] {
        let value = format!("{collection} API-Key {}", key.expose());
        let answer = ask(&layer, with_header("authorization", value)).await;
        assert_eq!(answer.status, status, "{collection}");
    }
}

#[tokio::test]
async fn what_is_good_under_one_configuration_is_not_remembered_under_another() {
    let (key, keys) = (classic_key(), MemoryKeys::new());
    let scopes = Some("write".parse().unwrap());
    keys.insert(KeyRecord::for_key(&key, owner("alice")).with_scopes(scopes));
    let generous = ScopeMap::new().scope("write", ["*"]);
    let scheme = ApiKeys::new(keys).with_cache(minute()).scope_map(generous);
    let strict = scheme.clone().scope_map(ScopeMap::new());
    let other = scheme.clone().only(KeyFormat::Checked);

    let [scheme, strict, other] = [scheme, strict, other].map(|it| AuthnLayer::new().scheme(it));
    assert!(ask(&scheme, presenting(&key)).await.user().may("read"));
    assert!(!ask(&strict, presenting(&key)).await.user().may("read"));
    assert_eq!(ask(&other, presenting(&key)).await.status, 401);
}

#[tokio::test]
async fn a_closures_answer_is_remembered_too() {
    let asked = Arc::new(AtomicBool::new(false));
    let scheme = ApiKeys::validate({
        let asked = Arc::clone(&asked);
        move |key: ApiKey| {
            let again = asked.swap(true, Ordering::SeqCst);
            async move {
                let user = AuthUser::builder(SchemeName::API_KEY, "bob").credential_id(id_of(&key));
                Ok((!again).then(|| user.build()))
            }
        }
    });
    let scheme = scheme.with_cache(minute());
    let layer = AuthnLayer::new().scheme(scheme.clone());
    let key = new_key();
    for _ in 0..3 {
        assert_eq!(ask(&layer, presenting(&key)).await.user().id(), "bob");
    }
    scheme.revoke(&id_of(&key));
    assert_eq!(ask(&layer, presenting(&key)).await.status, 401);
}

#[tokio::test]
async fn the_cache_is_bounded_by_entries() {
    for (entries, keys) in [(1, 3), (10, 40), (256, 1000), (300, 1000)] {
        let cached = cached(minute().with_entries(entries));
        let keys: Vec<ApiKey> = (0..keys).map(|_| cached.add("alice")).collect();
        for key in &keys {
            assert_eq!(cached.status(key).await, 200);
        }
        let first_round = cached.store.asked();
        // Newest first: what this round puts in pushes out only what it has asked for already.
        for key in keys.iter().rev() {
            assert_eq!(cached.status(key).await, 200);
        }
        let hits = keys.len() - (cached.store.asked() - first_round);
        assert!(hits <= entries && hits > entries / 2, "{hits} of {entries}");
    }
}

#[tokio::test]
async fn an_evicted_key_is_no_longer_remembered() {
    let cached = cached(minute().with_entries(1));
    let (first, second) = (cached.add("alice"), cached.add("bob"));
    assert_eq!(cached.status(&first).await, 200);
    assert_eq!(cached.status(&second).await, 200);
    cached.store.keys.remove(&id_of(&first));
    assert_eq!(cached.status(&first).await, 401);
}

/// A store that reads the record and then holds it back, once.
#[derive(Debug)]
struct Slow {
    keys: MemoryKeys,
    is_first: AtomicBool,
    has_read: Arc<Barrier>,
    may_answer: Arc<Barrier>,
}

#[async_trait]
impl KeyLookup for Slow {
    async fn find(&self, index: &KeyIndex) -> Result<Option<KeyRecord>, LookupError> {
        let found = self.keys.find(index).await;
        if self.is_first.swap(false, Ordering::SeqCst) {
            self.has_read.wait().await;
            self.may_answer.wait().await;
        }
        found
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ac_k5_a_look_up_that_began_before_a_revocation_does_not_bring_the_key_back() {
    let (key, keys) = one_key();
    let (has_read, may_answer) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let slow = Slow {
        keys: keys.clone(),
        is_first: AtomicBool::new(true),
        has_read: Arc::clone(&has_read),
        may_answer: Arc::clone(&may_answer),
    };
    let scheme = ApiKeys::new(slow).with_cache(minute());
    let layer = AuthnLayer::new().scheme(scheme.clone());

    let under_way = tokio::spawn({
        let (layer, request) = (layer.clone(), presenting(&key));
        async move { ask(&layer, request).await }
    });
    has_read.wait().await;
    keys.remove(&id_of(&key));
    scheme.revoke(&id_of(&key));
    may_answer.wait().await;

    assert_eq!(
        under_way.await.unwrap().status,
        200,
        "it had read the key before"
    );
    let answer = ask(&layer, presenting(&key)).await;
    assert_eq!(answer.code(), (401, "invalid_api_key"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_k5_no_request_gets_through_after_a_revocation_however_many_are_under_way() {
    const TASKS: usize = 8;
    let (keys, scheme) = {
        let keys = MemoryKeys::new();
        (keys.clone(), ApiKeys::new(keys).with_cache(minute()))
    };
    let layer = AuthnLayer::new().scheme(scheme.clone());
    for _ in 0..200 {
        let key = Arc::new(new_key());
        keys.insert(KeyRecord::for_key(&key, owner("alice")));
        let start = Arc::new(Barrier::new(TASKS + 1));
        let is_revoked = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (layer, key) = (layer.clone(), Arc::clone(&key));
                let (start, is_revoked) = (Arc::clone(&start), Arc::clone(&is_revoked));
                tokio::spawn(async move {
                    start.wait().await;
                    for _ in 0..20 {
                        let was_revoked = is_revoked.load(Ordering::SeqCst);
                        let status = ask(&layer, presenting(&key)).await.status;
                        assert!(!was_revoked || status == 401, "{status} after revocation");
                    }
                })
            })
            .collect();
        start.wait().await;
        keys.remove(&id_of(&key));
        scheme.revoke(&id_of(&key));
        is_revoked.store(true, Ordering::SeqCst);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(ask(&layer, presenting(&key)).await.status, 401);
    }
}
