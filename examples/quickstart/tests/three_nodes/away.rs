//! Parts that are away for seconds. These worlds mostly wait, and so they do it side by side.

use std::thread;

use crate::{cut_off, postgres_fails, redis_places};

#[test]
fn parts_are_away_and_come_back() {
    thread::scope(|scope| {
        let begin = |name: &str, what: fn()| {
            let named = thread::Builder::new().name(name.to_owned());
            named.spawn_scoped(scope, what).unwrap();
        };
        begin("PostgreSQL", postgres_fails::stopped_paused_and_replaced);
        begin("one node", cut_off::one_node_hears_nothing);
        begin("Sentinel", redis_places::a_master_is_replaced);
    });
}
