//! Where a command goes.

use redis::cluster_routing::Slot;
use redis::{Arg, Cmd};

pub(super) enum Route {
    /// To the node that has this slot.
    To(Slot),
    /// To any node.
    Anywhere,
    /// `MGET` of keys in several slots.
    Apart(Vec<Slot>),
}

/// Our own commands: all but these begin with their one key.
pub(super) fn of(command: &Cmd) -> Route {
    let mut words = words(command);
    let key = match words.next() {
        Some(b"PING" | b"INFO" | b"CONFIG" | b"PUBLISH" | b"CLUSTER") => None,
        // The script and the number of its keys, which lie in one slot.
        Some(b"EVAL" | b"EVALSHA") => words.nth(2),
        Some(b"MGET") => return several(words),
        _ => words.next(),
    };
    key.map_or(Route::Anywhere, |key| Route::To(Slot::for_key(key)))
}

fn several<'a>(keys: impl Iterator<Item = &'a [u8]>) -> Route {
    let slots: Vec<_> = keys.map(Slot::for_key).collect();
    match slots.first() {
        None => Route::Anywhere,
        Some(first) if slots.iter().all(|slot| slot == first) => Route::To(*first),
        Some(_) => Route::Apart(slots),
    }
}

/// The name, then the arguments.
pub(super) fn words(command: &Cmd) -> impl Iterator<Item = &[u8]> {
    command.args_iter().filter_map(|word| match word {
        Arg::Simple(word) => Some(word),
        _ => None,
    })
}
